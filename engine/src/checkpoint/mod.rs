//! Weights with all that is needed to draw with them, in one file.

pub(crate) mod checksum;
mod legacy;
pub mod merge;
pub(crate) mod native;
mod pickle_bounds;
mod reference;

pub(crate) use reference::read as read_pickle;

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::autoencoder::{Autoencoder, LatentSpec, Latents, Network, Spec};
use crate::config::{ModelParams, RunConfig};
use crate::data::ImageSet;
use crate::diffusers::{self, Pipeline, UNet2D};
use crate::model::{self, numbered, placed};
use crate::unet::{UNet, Weights};
use crate::{Result, atomic_file};

/// What a model was trained on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetFacts {
    pub name: String,
    pub count: u64,
    pub classes: Vec<String>,
}

impl DatasetFacts {
    /// Of the images that the run of `config` has.
    pub(crate) fn of(config: &RunConfig, data: &ImageSet) -> Self {
        Self {
            name: config.dataset_params.im_path.clone(),
            count: data.len() as u64,
            classes: data.classes.clone(),
        }
    }
}

/// What a checkpoint tells about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    pub config: RunConfig,
    pub step: u64,
    pub dataset: DatasetFacts,
    /// Trained numbers in the network.
    pub weights: u64,
    /// What the network is if it came from diffusers; else it is the reference's, by `config`.
    pub diffusers: Option<diffusers::Spec>,
    /// The models it was put together from and how, if it was.
    pub merge: Option<String>,
    /// The autoencoder in whose latents it draws, if it does.
    pub latents: Option<LatentSpec>,
}

impl Header {
    /// Of a network of the reference's that draws pixels, not trained yet; what differs is set besides.
    pub(crate) fn new(config: RunConfig, dataset: DatasetFacts, weights: u64) -> Self {
        Self { config, step: 0, dataset, weights, diffusers: None, merge: None, latents: None }
    }

    /// The names of the classes that the network draws; none if it knows no classes.
    pub fn classes(&self) -> Vec<String> {
        let count = self.config.model_params.num_classes;
        match self.dataset.classes.len() == count {
            true => self.dataset.classes.clone(),
            false => numbered(count),
        }
    }

    /// Width and height of a picture must be multiples of this.
    pub fn size_divisor(&self) -> usize {
        match (&self.diffusers, &self.latents) {
            (Some(spec), _) => spec.unet.size_divisor(),
            (None, Some(latents)) => {
                latents.params.factor() * self.config.model_params.size_divisor()
            }
            (None, None) => self.config.model_params.size_divisor(),
        }
    }

    /// Whether it is an autoencoder, which draws nothing by itself.
    pub fn is_autoencoder(&self) -> bool {
        self.config.is_autoencoder()
    }

    /// The shape of the reference's network, as it is built: that of a model which draws in latents
    /// has their channels.
    pub fn network(&self) -> ModelParams {
        let network = self.config.network();
        match &self.latents {
            Some(latents) => network.in_latents(&latents.params),
            None => network,
        }
    }

    /// The autoencoder that it is, or in whose latents it draws.
    pub fn autoencoder(&self) -> Option<Spec> {
        let params = match &self.latents {
            Some(latents) => &latents.params,
            None if self.is_autoencoder() => &self.config.autoencoder_params,
            None => return None,
        };
        Some(Spec { params: params.clone(), channels: self.config.model_params.im_channels })
    }

    /// The configuration as that of the autoencoder that it is, or in whose latents it draws.
    pub fn of_autoencoder(&self) -> RunConfig {
        let mut config = self.config.clone();
        if let Some(latents) = &self.latents {
            config.autoencoder_params = latents.params.clone();
            config.model_params.autoencoder.clear();
        }
        config
    }

    /// Reads only the head of the file, however large it is.
    pub fn read(path: &Path) -> Result<Self> {
        native::read_header(path)
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        native::header_of(bytes)
    }
}

/// A header and the weights: as trained, and their moving average where there is one.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    pub header: Header,
    pub weights: Weights,
    pub ema: Option<Weights>,
    /// The weights of the autoencoder in whose latents it draws, if it does.
    pub autoencoder: Option<Weights>,
}

impl Checkpoint {
    /// Reads a checkpoint of this program (safetensors) and checks that it fits its configuration.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|error| crate::Error::file(path, error))?;
        Self::from_bytes(&bytes).map_err(|error| match error {
            crate::Error::Checkpoint(message) => crate::Error::file(path, message),
            other => other,
        })
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        native::from_bytes(bytes)
    }

    /// Reads the reference code's `.pth` with the YAML it was trained by. The pickle is parsed, never run.
    pub fn load_reference(pth: &Path, yaml: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(yaml).map_err(|error| crate::Error::file(yaml, error))?;
        let config = RunConfig::from_yaml(&text)?.validate()?.into_inner();
        let weights = reference::read(pth)?;
        UNet::from_weights(&config.network(), &weights)
            .map_err(|error| crate::Error::file(pth, error))?;
        let name = config.dataset_params.im_path.clone();
        let dataset = DatasetFacts { name, ..Default::default() };
        let count = crate::train::weights_of(&config.network());
        let header = Header::new(config, dataset, count);
        Ok(Self { header, weights, ema: None, autoencoder: None })
    }

    /// Reads a diffusers pipeline: a folder as `save_pretrained` writes it, or a zip of one.
    pub fn load_diffusers(path: &Path) -> Result<Self> {
        let Pipeline { config, spec, weights } = diffusers::read(path)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let dataset = DatasetFacts { name, ..Default::default() };
        let count = match &spec {
            Some(spec) => UNet2D::count(&spec.unet)?,
            None => crate::train::weights_of(&config.network()),
        };
        let header = Header { diffusers: spec, ..Header::new(config, dataset, count) };
        Ok(Self { header, weights, ema: None, autoencoder: None })
    }

    /// Writes a diffusers pipeline folder. A network that was not imported from there brings its code.
    pub fn save_diffusers(&self, folder: &Path) -> Result<()> {
        diffusers::write(folder, &self.header, self.drawing_weights())
    }

    /// Writes the file beside its name and renames it. The same checkpoint gives the same bytes.
    pub fn save(&self, path: &Path) -> Result<()> {
        atomic_file::write(path, &native::to_bytes(self)?)
    }

    /// The weights of the autoencoder that it is or that it has in it.
    pub fn autoencoder_weights(&self) -> Option<&Weights> {
        match self.header.is_autoencoder() {
            true => Some(self.drawing_weights()),
            false => self.autoencoder.as_ref(),
        }
    }

    /// Whether all weights are there in the shapes that the header says.
    pub(crate) fn check(&self) -> Result<()> {
        let header = &self.header;
        for weights in [Some(&self.weights), self.ema.as_ref()].into_iter().flatten() {
            match header.autoencoder().filter(|_| header.is_autoencoder()) {
                Some(spec) => drop(Autoencoder::from_weights(&spec, weights)?),
                None => drop(model::Network::new(header, weights)?),
            }
        }
        self.latents(&Device::Cpu)?;
        Ok(())
    }

    /// The latents that it draws, if it does, on the autoencoder in it.
    pub(crate) fn latents(&self, device: &Device) -> Result<Option<Latents>> {
        let (Some(latents), Some(spec)) = (&self.header.latents, self.header.autoencoder()) else {
            return Ok(None);
        };
        let weights = self.autoencoder.as_ref().ok_or_else(|| {
            crate::Error::Checkpoint("the autoencoder in whose latents it draws is missing".into())
        })?;
        Latents::new(&spec, &latents.standard, &placed(weights, device)?).map(Some)
    }

    /// The weights to draw with: the moving average where there is one.
    pub fn drawing_weights(&self) -> &Weights {
        self.ema.as_ref().unwrap_or(&self.weights)
    }

    /// Only what drawing needs, in half precision: a quarter of the size or less.
    pub fn compact(&self) -> Result<Self> {
        let halved = |weights: &Weights| -> Result<Weights> {
            let half = |(name, tensor): (&String, &Tensor)| {
                Ok((name.clone(), tensor.to_dtype(DType::F16)?))
            };
            weights.iter().map(half).collect()
        };
        Ok(Self {
            header: self.header.clone(),
            weights: halved(self.drawing_weights())?,
            ema: None,
            autoencoder: self.autoencoder.as_ref().map(halved).transpose()?,
        })
    }
}
