//! Models: those inside the program, and every run that has a checkpoint.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use app::api::ModelInfo;
use candle_core::Device;
use engine::checkpoint::{Checkpoint, Header};
use engine::config::{AutoencoderKind, unknown_name};
use engine::model::Model;
use engine::train::{best_checkpoint, checkpoints, latest_checkpoint};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use super::digests::Digests;
use super::model_name::{ModelName, Which};
use crate::studio::files::remove_folder;
use crate::studio::folders::Folders;
use crate::{Error, Result};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/models"]
struct BuiltIn;

const EXTENSION: &str = ".safetensors";

/// Where a model's weights come from.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelFile {
    /// Inside the program, under this name.
    BuiltIn(String),
    /// A checkpoint of Darkroom's own; `raw` passes over the moving average of its weights.
    Checkpoint { path: PathBuf, raw: bool },
    /// A checkpoint of the reference code and the configuration it was trained with.
    Reference { pth: PathBuf, yaml: PathBuf },
}

impl ModelFile {
    /// The weights at `path` if its ending says that it is a file of weights; errors name `config`.
    pub fn at(path: &Path, yaml: Option<&Path>) -> Result<Option<Self>> {
        match (path.extension().and_then(|extension| extension.to_str()), yaml) {
            (Some("safetensors"), _) => {
                Ok(Some(Self::Checkpoint { path: path.into(), raw: false }))
            }
            (Some("pth"), Some(yaml)) => {
                Ok(Some(Self::Reference { pth: path.into(), yaml: yaml.into() }))
            }
            (Some("pth"), None) => Err(Error::field(
                "config",
                "a .pth file does not say what network it is; give the YAML it was trained with, \
                 in a terminal with --config",
            )),
            _ => Ok(None),
        }
    }

    /// The first ten hexadecimal digits of the file's SHA-256, and what it holds.
    fn open(&self) -> Result<(String, Checkpoint)> {
        Ok(match self {
            ModelFile::BuiltIn(name) => {
                let bytes = built_in_bytes(name)?;
                (short_hash(&bytes), Checkpoint::from_bytes(&bytes)?)
            }
            ModelFile::Checkpoint { path, raw } => {
                let mut checkpoint = Checkpoint::load(path)?;
                if *raw {
                    checkpoint.ema = None;
                }
                (short_hash(&read(path)?), checkpoint)
            }
            ModelFile::Reference { pth, yaml } => {
                (short_hash(&read(pth)?), Checkpoint::load_reference(pth, yaml)?)
            }
        })
    }

    /// Configuration and weights.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        Ok(self.open()?.1)
    }

    pub(super) fn bytes(&self) -> Result<Cow<'static, [u8]>> {
        match self {
            ModelFile::BuiltIn(name) => built_in_bytes(name),
            ModelFile::Checkpoint { path, .. } | ModelFile::Reference { pth: path, .. } => {
                Ok(read(path)?.into())
            }
        }
    }

    /// A run that was deleted and made again has files of the same names.
    pub(super) fn modified(&self) -> Option<SystemTime> {
        match self {
            ModelFile::BuiltIn(_) => None,
            ModelFile::Checkpoint { path, .. } | ModelFile::Reference { pth: path, .. } => {
                path.metadata().and_then(|metadata| metadata.modified()).ok()
            }
        }
    }
}

/// The models that there are by name.
pub struct Models {
    pub(super) folders: Folders,
    digests: Digests,
}

impl Models {
    pub fn new(folders: Folders) -> Self {
        Self { folders, digests: Digests::default() }
    }

    /// Built-in models first, then runs by name. A file that is no checkpoint is left out.
    pub fn list(&self) -> Vec<ModelInfo> {
        let mut found: Vec<ModelInfo> = built_in_names()
            .into_iter()
            .chain(self.run_names())
            .filter_map(|name| match self.info(&name) {
                Ok(info) => Some(info),
                Err(error) => {
                    tracing::warn!("the model {name} is left out: {error}");
                    None
                }
            })
            .collect();
        found.sort_by_key(|info| !info.built_in);
        found
    }

    /// The model that a page opens with where none is named.
    pub fn first(&self) -> Option<ModelInfo> {
        built_in_names().into_iter().chain(self.run_names()).find_map(|name| self.info(&name).ok())
    }

    /// What the model called `name` tells of itself.
    pub fn header(&self, name: &str) -> Result<Header> {
        match self.find(name)? {
            ModelFile::BuiltIn(name) => Ok(Header::from_bytes(&built_in_bytes(&name)?)?),
            ModelFile::Checkpoint { path, .. } => Ok(Header::read(&path)?),
            ModelFile::Reference { .. } => Err(Error::NotFound(name.into())),
        }
    }

    pub fn info(&self, name: &str) -> Result<ModelInfo> {
        Ok(Self::info_of(name, self.header(name)?))
    }

    /// What `header` says of the model called `name`.
    pub fn info_of(name: &str, header: Header) -> ModelInfo {
        let built_in = Self::is_built_in(name);
        let model = &header.config.model_params;
        ModelInfo {
            name: name.into(),
            built_in,
            step: header.step,
            weights: header.weights,
            width: model.im_size as u32,
            height: model.im_size as u32,
            channels: model.im_channels as u32,
            size_divisor: header.size_divisor(),
            timesteps: header.config.diffusion_params.num_timesteps,
            classes: header.classes(),
            needs_class: model.num_classes > 0 && header.config.train_params.class_dropout == 0.0,
            is_autoencoder: header.is_autoencoder(),
            latents: latents_of(&header),
            dataset: header.dataset.name,
        }
    }

    /// The weights of the model called `name`, as [`ModelName`] has it; errors name `model`.
    pub fn find(&self, name: &str) -> Result<ModelFile> {
        if Self::is_built_in(name) {
            return Ok(ModelFile::BuiltIn(name.into()));
        }
        // A name that is among the folders holds no path that leads out of them.
        let parsed = ModelName::parse(name);
        if let Some(named) = parsed.filter(|named| self.run_names().iter().any(|n| n == named.run))
        {
            return self.checkpoint(named);
        }
        if let Some((built_in, _)) = name.split_once('@').filter(|(run, _)| Self::is_built_in(run))
        {
            let message = format!(
                "{built_in} is built in and has no checkpoints; choose a model that was trained here"
            );
            return Err(Error::field("model", message));
        }
        let known: Vec<String> = self.list_names();
        Err(Error::Config(unknown_name("model", name, known.iter().map(String::as_str))))
    }

    fn checkpoint(&self, ModelName { run, which, raw }: ModelName) -> Result<ModelFile> {
        let folder = self.folders.run(run);
        let found = checkpoints(&folder)?;
        let newest = found.last().map_or(0, |(step, _)| *step);
        let step = match which {
            Which::Newest => newest,
            Which::Best => best_checkpoint(&folder)?.map(|best| best.step).ok_or_else(|| {
                let message = format!("{run} held no images out, so no checkpoint is the best");
                Error::field("model", message)
            })?,
            Which::Step(step) => step,
        };
        match found.iter().find(|(known, _)| *known == step) {
            Some((_, path)) => Ok(ModelFile::Checkpoint { path: path.clone(), raw }),
            None => Err(no_checkpoint(run, step, &found)),
        }
    }

    /// The SHA-256 of the newest weights of the model called `name`, in hexadecimal digits.
    pub fn sha256(&self, name: &str) -> Result<String> {
        self.digests.of(name, &self.find(name)?)
    }

    pub fn is_built_in(name: &str) -> bool {
        built_in_names().iter().any(|known| known == name)
    }

    /// Removes the run's folder with all checkpoints and samples.
    pub fn delete_run(&self, name: &str) -> Result<()> {
        if !self.run_names().iter().any(|known| known == name) {
            return Err(Error::NotFound(format!("there is no model called {name}")));
        }
        remove_folder(&self.folders.run(name))
    }

    /// The folder of the run called `name`.
    pub fn run(&self, name: &str) -> Result<PathBuf> {
        match self.run_names().iter().any(|known| known == name) {
            true => Ok(self.run_folder(name)),
            false => Err(Error::NotFound(format!("there is no run called {name}"))),
        }
    }

    pub(super) fn run_folder(&self, name: &str) -> PathBuf {
        self.folders.run(name)
    }

    fn list_names(&self) -> Vec<String> {
        let runs = self.run_names().into_iter().filter(|name| {
            latest_checkpoint(&self.folders.run(name)).is_ok_and(|found| found.is_some())
        });
        built_in_names().into_iter().chain(runs).collect()
    }

    fn run_names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.folders.runs()) else { return Vec::new() };
        let mut names: Vec<String> = entries
            .flatten()
            .filter(|entry| latest_checkpoint(&entry.path()).is_ok_and(|found| found.is_some()))
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }
}

/// What the latents are in which a model draws: width, height and channels.
fn latents_of(header: &Header) -> String {
    let Some(latents) = &header.latents else { return String::new() };
    let side = header.config.model_params.im_size / latents.params.factor();
    let kind = match latents.params.kind {
        AutoencoderKind::Vq => "VQ",
        _ => "KL",
    };
    format!("{kind}, {side}x{side}x{}", latents.params.z_channels)
}

/// Names the steps nearest to the one that was asked for.
fn no_checkpoint(run: &str, step: u64, found: &[(u64, PathBuf)]) -> Error {
    let mut steps: Vec<u64> = found.iter().map(|(known, _)| *known).collect();
    steps.sort_by_key(|known| known.abs_diff(step));
    steps.truncate(3);
    let nearest: Vec<String> = steps.iter().map(u64::to_string).collect();
    let nearest = nearest.join(", ");
    Error::field("model", format!("{run} has no checkpoint of step {step}; nearest are {nearest}"))
}

fn built_in_names() -> Vec<String> {
    let mut names: Vec<String> =
        BuiltIn::iter().filter_map(|file| Some(file.strip_suffix(EXTENSION)?.to_owned())).collect();
    names.sort();
    names
}

fn built_in_bytes(name: &str) -> Result<Cow<'static, [u8]>> {
    BuiltIn::get(&format!("{name}{EXTENSION}"))
        .map(|file| file.data)
        .ok_or_else(|| Error::NotFound(format!("there is no built-in model called {name}")))
}

/// A model on its device, under the name it was asked for by.
#[derive(Clone)]
pub struct LoadedModel {
    pub name: String,
    /// First ten hexadecimal digits of the SHA-256 of its file.
    pub hash: String,
    pub model: Arc<Model>,
    file: ModelFile,
    modified: Option<SystemTime>,
}

impl LoadedModel {
    pub fn load(name: &str, file: ModelFile, device: &Device) -> Result<Self> {
        let modified = file.modified();
        let (hash, checkpoint) = file.open()?;
        let model = Arc::new(Model::new(&checkpoint, device)?);
        Ok(Self { name: name.into(), hash, model, file, modified })
    }

    /// The same weights under another name: `leaves` and `leaves@1200` may be one file.
    pub fn named(self, name: &str) -> Self {
        Self { name: name.into(), ..self }
    }

    /// Whether this is what `file` holds now.
    pub fn is_from(&self, file: &ModelFile) -> bool {
        self.file == *file && self.modified == file.modified()
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(Error::file("read", path))
}

fn short_hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)[..5].iter().map(|byte| format!("{byte:02x}")).collect()
}
