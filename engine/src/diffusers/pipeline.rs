//! A pipeline's files, in a folder or a zip of one.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use zip::ZipArchive;

use super::config::{Spec, UNet2DConfig};
use super::scheduler::SchedulerConfig;
use super::trained::{self, NetworkConfig};
use super::unet2d::UNet2D;
use crate::checkpoint::native::{read_tensors, write_tensors};
use crate::checkpoint::{Header, read_pickle};
use crate::config::RunConfig;
use crate::unet::{UNet, Weights};
use crate::{Error, Result, atomic_file};

const UNET_CONFIG: &str = "unet/config.json";
/// Where it stands in a pipeline without folders, as Google published its own.
const FLAT_UNET_CONFIG: &str = "config.json";
const SCHEDULER_CONFIG: &str = "scheduler/scheduler_config.json";
const UNET_CLASS: &str = "UNet2DModel";
const WEIGHTS: &str = "unet/diffusion_pytorch_model.safetensors";
const CODE: &str = "unet/darkroom_unet.py";
const PICKLED_WEIGHTS: &str = "unet/diffusion_pytorch_model.bin";

/// A longer configuration is not one.
const MAX_CONFIG_BYTES: u64 = 1 << 20;
/// Larger weights do not fit the machines this program is for.
const MAX_WEIGHTS_BYTES: u64 = 16 << 30;
/// How many times its zip weights may unpack to: they hardly shrink when they are packed.
const MAX_GROWTH: u64 = 4;

/// What a pipeline holds.
pub(crate) struct Pipeline {
    pub config: RunConfig,
    /// What the network is, unless it is of this program.
    pub spec: Option<Spec>,
    pub weights: Weights,
}

/// Reads a pipeline and checks that its weights fit.
pub(crate) fn read(path: &Path) -> Result<Pipeline> {
    let mut files = Files::open(path)?;
    let unet: Value = files.config(UNET_CONFIG)?.ok_or_else(|| {
        let message =
            format!("no diffusers pipeline: it holds no {UNET_CONFIG} and no {FLAT_UNET_CONFIG}");
        Error::file(path, message)
    })?;
    let mut scheduler: SchedulerConfig = files.config(SCHEDULER_CONFIG)?.unwrap_or_default();
    scheduler.rest = scheduler.rest.without_notes();
    let at_path = |error: Error| Error::file(path, error);
    let (config, spec) = match unet["_class_name"] == trained::CLASS {
        true => {
            let network: NetworkConfig = files.understood(UNET_CONFIG, unet)?;
            (network.run_config(&scheduler).map_err(at_path)?, None)
        }
        false => {
            let mut unet: UNet2DConfig = files.understood(UNET_CONFIG, unet)?;
            unet.rest = unet.rest.without_notes();
            let spec = Spec { unet, scheduler };
            (spec.run_config().map_err(at_path)?, Some(spec))
        }
    };
    let weights = files.weights()?;
    match &spec {
        Some(spec) => UNet2D::from_weights(&spec.unet, &weights).map(drop),
        None => UNet::from_weights(&config.network(), &weights).map(drop),
    }
    .map_err(at_path)?;
    Ok(Pipeline { config, spec, weights })
}

/// Writes a pipeline folder that `DDPMPipeline.from_pretrained` takes, with `trust_remote_code` where
/// the network is of this program.
pub(crate) fn write(folder: &Path, header: &Header, weights: &Weights) -> Result<()> {
    let files = match &header.diffusers {
        Some(spec) => written(["diffusers", UNET_CLASS], &spec.unet, &spec.scheduler, weights)?,
        None => {
            let (unet, weights) = (NetworkConfig::of(header)?, trained::drawing(weights));
            let scheduler = SchedulerConfig::of(&header.config.diffusion_params);
            let files = written([trained::MODULE, trained::CLASS], &unet, &scheduler, &weights)?;
            [vec![(CODE, trained::CODE.into())], files].concat()
        }
    };
    for part in ["unet", "scheduler"] {
        let part = folder.join(part);
        std::fs::create_dir_all(&part).map_err(|error| Error::file(&part, error))?;
    }
    files.into_iter().try_for_each(|(name, bytes)| atomic_file::write(&folder.join(name), &bytes))
}

/// The files of a pipeline whose network is `[library, class]`.
fn written(
    [library, class]: [&str; 2],
    unet: &impl Serialize,
    scheduler: &SchedulerConfig,
    weights: &Weights,
) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let tensors = weights.iter().map(|(name, tensor)| (name.clone(), tensor)).collect();
    let metadata = [("format", "pt".to_owned())].into();
    Ok(vec![
        (WEIGHTS, write_tensors(&tensors, &metadata)?),
        (UNET_CONFIG, text(&named(class, unet))),
        (SCHEDULER_CONFIG, text(&serde_json::to_value(scheduler).expect("plain data"))),
        // Last: a folder without it is no pipeline.
        ("model_index.json", text(&index([library, class], scheduler))),
    ])
}

fn named(class: &str, config: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(config).expect("plain data");
    value["_class_name"] = class.into();
    value
}

fn text(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}

/// What the parts of a pipeline are.
fn index(unet: [&str; 2], scheduler: &SchedulerConfig) -> Value {
    let class = if scheduler.class.starts_with("DDIM") { "DDIMPipeline" } else { "DDPMPipeline" };
    json!({
        "_class_name": class,
        "scheduler": ["diffusers", scheduler.class],
        "unet": unet,
    })
}

/// The files of a pipeline by their names in it.
struct Files {
    place: Place,
    /// Whether its parts stand beside each other rather than in a folder each.
    flat: bool,
}

/// Where the files are.
enum Place {
    Folder(PathBuf),
    /// With what stands before every name, such as the folder that was zipped.
    Zip {
        path: PathBuf,
        archive: ZipArchive<File>,
        prefix: String,
    },
}

impl Files {
    fn open(path: &Path) -> Result<Self> {
        if path.is_dir() {
            let flat = !path.join(UNET_CONFIG).exists() && path.join(FLAT_UNET_CONFIG).exists();
            return Ok(Self { place: Place::Folder(path.to_owned()), flat });
        }
        let file = File::open(path).map_err(|error| Error::file(path, error))?;
        let archive = ZipArchive::new(file).map_err(|error| {
            Error::file(path, format!("neither a folder nor a zip of a pipeline: {error}"))
        })?;
        let before = |config: &str| {
            let names = archive.file_names().flatten();
            let mut found = names.filter_map(|name| Some(name.strip_suffix(config)?.to_owned()));
            found.find(|prefix| prefix.is_empty() || prefix.ends_with('/'))
        };
        let (prefix, flat) = match (before(UNET_CONFIG), before(FLAT_UNET_CONFIG)) {
            (Some(prefix), _) => (prefix, false),
            (None, Some(prefix)) => (prefix, true),
            (None, None) => (String::new(), false),
        };
        Ok(Self { place: Place::Zip { path: path.to_owned(), archive, prefix }, flat })
    }

    /// The name that a file has here.
    fn name<'a>(&self, name: &'a str) -> &'a str {
        match name.rsplit_once('/') {
            Some((_, file)) if self.flat => file,
            _ => name,
        }
    }

    /// The bytes of a file, or none if it is not there.
    fn bytes(&mut self, name: &str, most: u64) -> Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        let path = self.path(name);
        let Some(file) = self.file(name)? else { return Ok(None) };
        file.take(most + 1).read_to_end(&mut bytes).map_err(|error| Error::file(&path, error))?;
        if bytes.len() as u64 > most {
            return Err(Error::file(&path, format!("larger than {most} bytes")));
        }
        Ok(Some(bytes))
    }

    /// A file to read, or none if it is not there.
    fn file(&mut self, name: &str) -> Result<Option<Box<dyn Read + '_>>> {
        let (path, name) = (self.path(name), self.name(name));
        match &mut self.place {
            Place::Folder(folder) => match File::open(folder.join(name)) {
                Ok(file) => Ok(Some(Box::new(file))),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(Error::file(path, error)),
            },
            Place::Zip { archive, prefix, .. } => {
                match archive.by_name(&format!("{prefix}{name}")) {
                    Ok(file) => Ok(Some(Box::new(file))),
                    Err(zip::result::ZipError::FileNotFound) => Ok(None),
                    Err(error) => Err(Error::file(path, error)),
                }
            }
        }
    }

    /// Where a file is, for people.
    fn path(&self, name: &str) -> PathBuf {
        let name = self.name(name);
        match &self.place {
            Place::Folder(folder) => folder.join(name),
            Place::Zip { path, prefix, .. } => path.join(format!("{prefix}{name}")),
        }
    }

    fn config<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>> {
        let Some(bytes) = self.bytes(name, MAX_CONFIG_BYTES)? else { return Ok(None) };
        let config = serde_json::from_slice(&bytes);
        config.map(Some).map_err(|error| Error::file(self.path(name), error))
    }

    /// The value of the file `name`, as what it is to be.
    fn understood<T: DeserializeOwned>(&self, name: &str, value: Value) -> Result<T> {
        serde_json::from_value(value).map_err(|error| Error::file(self.path(name), error))
    }

    /// Bytes that the weights may have.
    fn most_weights(&self) -> u64 {
        let Place::Zip { path, .. } = &self.place else { return MAX_WEIGHTS_BYTES };
        let packed = path.metadata().map_or(0, |file| file.len());
        packed.saturating_mul(MAX_GROWTH).min(MAX_WEIGHTS_BYTES)
    }

    fn weights(&mut self) -> Result<Weights> {
        let most = self.most_weights();
        if let Some(bytes) = self.bytes(WEIGHTS, most)? {
            return read_tensors(&bytes).map_err(|error| Error::file(self.path(WEIGHTS), error));
        }
        self.pickled_weights(most)?
            .ok_or_else(|| Error::file(self.path(WEIGHTS), "the weights are missing"))
    }

    /// The weights as PyTorch pickles them, if they are there.
    fn pickled_weights(&mut self, most: u64) -> Result<Option<Weights>> {
        let path = self.path(PICKLED_WEIGHTS);
        if let Place::Folder(_) = self.place {
            return path.is_file().then(|| read_pickle(&path)).transpose();
        }
        let at_path = |error: std::io::Error| Error::file(&path, error);
        let Some(file) = self.file(PICKLED_WEIGHTS)? else { return Ok(None) };
        // Their reader goes to and fro, which it cannot within a zip.
        let mut unpacked = tempfile::NamedTempFile::new().map_err(at_path)?;
        let length = std::io::copy(&mut file.take(most + 1), &mut unpacked).map_err(at_path)?;
        if length > most {
            return Err(Error::file(&path, format!("larger than {most} bytes")));
        }
        read_pickle(unpacked.path()).map(Some)
    }
}
