//! A network on a device, ready to draw.

use candle_core::{DType, Device, Tensor};

use crate::autoencoder::Latents;
use crate::checkpoint::{Checkpoint, Header};
use crate::config::{ConfigError, Prediction, RunConfig, VarianceType, check_size};
use crate::diffusers::UNet2D;
use crate::kernels::{self, fold_parts};
use crate::sampler::Manner;
use crate::schedule::NoiseSchedule;
use crate::unet::{Border, UNet, Weights};
use crate::{Error, Result};

/// Images that are enough for a thread of its own: with fewer, making weights ready for each thread takes
/// longer than waiting for the other threads.
const FEWEST_IMAGES: usize = 8;

/// A trained network with the schedule it was trained on. It keeps no gradients.
#[derive(Clone, Debug)]
pub struct Model {
    config: RunConfig,
    schedule: NoiseSchedule,
    network: Network,
    /// Where it draws, if not in pixels.
    latents: Option<Latents>,
    device: Device,
    classes: Vec<String>,
    size_divisor: usize,
    manner: Manner,
    border: Border,
}

/// The networks that are trained or read here.
#[derive(Clone, Debug)]
pub(crate) enum Network {
    Reference(Box<UNet>),
    Diffusers(Box<UNet2D>),
}

impl Network {
    /// The network that `header` describes, on weights that are checked to fit it.
    pub fn new(header: &Header, weights: &Weights) -> Result<Self> {
        Ok(match &header.diffusers {
            None => Self::Reference(Box::new(UNet::from_weights(&header.network(), weights)?)),
            Some(spec) => Self::Diffusers(Box::new(UNet2D::from_weights(&spec.unet, weights)?)),
        })
    }
}

impl Model {
    /// Brings a checkpoint to `device`; it draws with the moving average of the weights where there is one.
    pub fn new(checkpoint: &Checkpoint, device: &Device) -> Result<Self> {
        let header = &checkpoint.header;
        if header.is_autoencoder() {
            return Err(Error::Checkpoint(
                "an autoencoder draws nothing by itself; train latent diffusion on it".into(),
            ));
        }
        let (schedule, manner) = match &header.diffusers {
            None => (NoiseSchedule::new(&header.config.diffusion_params), Manner::default()),
            Some(spec) => (spec.scheduler.schedule()?, spec.scheduler.manner()?),
        };
        let weights = placed(checkpoint.drawing_weights(), device)?;
        Ok(Self {
            network: Network::new(header, &weights)?,
            latents: checkpoint.latents(device)?,
            schedule,
            device: device.clone(),
            classes: header.classes(),
            size_divisor: header.size_divisor(),
            manner,
            border: Border::Zeros,
            config: header.config.clone(),
        })
    }

    /// Weights of the reference's network that fit `config`, cut off from any gradients; for one that
    /// draws in pixels.
    pub fn from_weights(config: RunConfig, weights: &Weights, device: &Device) -> Result<Self> {
        Self::in_space(config, weights, None, device)
    }

    /// As [`Self::from_weights`], for a network that draws in `latents` if there are any.
    pub(crate) fn in_space(
        config: RunConfig,
        weights: &Weights,
        latents: Option<&Latents>,
        device: &Device,
    ) -> Result<Self> {
        let network = config.network();
        let network = latents.map_or_else(|| network.clone(), |latents| latents.network(&network));
        let unet = UNet::from_weights(&network, &placed(weights, device)?)?;
        Ok(Self {
            network: Network::Reference(Box::new(unet)),
            schedule: NoiseSchedule::new(&config.diffusion_params),
            device: device.clone(),
            classes: numbered(config.model_params.num_classes),
            size_divisor: latents.map_or(1, Latents::factor) * config.model_params.size_divisor(),
            latents: latents.cloned(),
            manner: Manner::default(),
            border: Border::Zeros,
            config,
        })
    }

    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    pub fn schedule(&self) -> &NoiseSchedule {
        &self.schedule
    }

    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The same network, which shares its weights, with another border around its images.
    pub fn with_border(&self, border: Border) -> Self {
        Self { border, ..self.clone() }
    }

    /// Width and height of a picture must be multiples of this.
    pub fn size_divisor(&self) -> usize {
        self.size_divisor
    }

    /// Whether the network can draw pictures of this size, in pixels; errors name `width` and
    /// `height` and the nearest sizes that would do.
    pub fn check_size(&self, width: usize, height: usize) -> std::result::Result<(), ConfigError> {
        check_size(self.size_divisor, width, height)
    }

    /// Whether it draws in the latents of an autoencoder rather than in pixels.
    pub fn draws_latents(&self) -> bool {
        self.latents.is_some()
    }

    /// What it draws for pictures of `size` (width, height) in pixels: (channels, height, width) of
    /// the pictures, or of their latents.
    pub fn shape(&self, size: (usize, usize)) -> (usize, usize, usize) {
        match &self.latents {
            Some(latents) => latents.shape(size),
            None => (self.config.model_params.im_channels, size.1, size.0),
        }
    }

    /// How many pixels along a side are one of the numbers that it draws.
    pub fn factor(&self) -> usize {
        self.latents.as_ref().map_or(1, Latents::factor)
    }

    /// Pictures (batch, channels, height, width) in [-1, 1] as what the network draws.
    pub fn encode(&self, pictures: &Tensor) -> Result<Tensor> {
        match &self.latents {
            Some(latents) => latents.encode(pictures, self.border),
            None => Ok(pictures.clone()),
        }
    }

    /// What the network drew as pictures, which may lie outside [-1, 1].
    pub fn decode(&self, drawn: &Tensor) -> Result<Tensor> {
        match &self.latents {
            Some(latents) => latents.decode(drawn, self.border),
            None => Ok(drawn.clone()),
        }
    }

    /// What the network was trained to tell.
    pub fn prediction(&self) -> Prediction {
        self.config.diffusion_params.prediction_type
    }

    /// The variance of the noise that a step of DDPM adds.
    pub fn variance(&self) -> VarianceType {
        self.config.diffusion_params.variance_type
    }

    /// How its maker had it drawn.
    pub fn manner(&self) -> &Manner {
        &self.manner
    }

    /// The names of the classes it draws; none if it knows no classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Whether it also learned to draw without being told a class, which guidance needs.
    pub fn draws_without_class(&self) -> bool {
        self.classes.is_empty() || self.config.train_params.class_dropout > 0.0
    }

    /// What the network tells of `x` (batch, channels, height, width), all images at timestep `t`,
    /// 0 to T - 1, which need not be whole; with as many channels again where it tells a variance.
    /// `classes` (batch, classes) weighs the classes each image is to show.
    pub fn predict(&self, x: &Tensor, t: f32, classes: Option<&Tensor>) -> Result<Tensor> {
        let batch = x.dim(0)?;
        let size = self.images_at_once(batch);
        if size >= batch {
            return self.predict_part(x, t, classes);
        }
        let part = |start: usize| {
            let count = size.min(batch - start);
            let cut = |tensor: &Tensor| tensor.narrow(0, start, count)?.contiguous();
            Ok((cut(x)?, classes.map(cut).transpose()?))
        };
        let parts = (0..batch).step_by(size).map(part).collect::<Result<Vec<_>>>()?;
        let mut answers = Vec::with_capacity(parts.len());
        let predict =
            |(x, classes): (Tensor, Option<_>)| self.predict_part(&x, t, classes.as_ref());
        fold_parts(parts, predict, |answer| {
            answers.push(answer?);
            Ok::<_, Error>(())
        })?;
        Ok(Tensor::cat(&answers, 0)?)
    }

    /// Images of `batch` that go through the network together: on a processor each thread has some of
    /// its own, or, if there are not enough for that, each of some teams of as many threads.
    fn images_at_once(&self, batch: usize) -> usize {
        let threads = kernels::threads();
        let most = if self.device.is_cpu() { batch / FEWEST_IMAGES } else { 1 };
        let teams = (1..=threads.min(most)).rev().find(|teams| threads.is_multiple_of(*teams));
        batch.div_ceil(teams.unwrap_or(1))
    }

    /// [`Self::predict`] of images that go through the network together.
    fn predict_part(&self, x: &Tensor, t: f32, classes: Option<&Tensor>) -> Result<Tensor> {
        let timesteps = vec![t; x.dim(0)?];
        match &self.network {
            Network::Reference(unet) => unet.bordered(x, &timesteps, classes, self.border),
            Network::Diffusers(unet) => unet.bordered(x, &timesteps, classes, self.border),
        }
    }
}

impl Model {
    /// What the network makes of the pictures `x` (batch, channels, height, width) in [-1, 1]: the
    /// bottom of its U without any noise, (batch, features). Only the reference's network tells it.
    pub fn features(&self, x: &Tensor) -> Result<Tensor> {
        match &self.network {
            Network::Reference(unet) => unet.summary(&self.encode(x)?, &vec![0.0; x.dim(0)?]),
            Network::Diffusers(_) => Err(Error::Checkpoint(
                "a network from diffusers gives no features; take a model that was trained here"
                    .into(),
            )),
        }
    }
}

/// Classes that have no names have numbers.
pub(crate) fn numbered(classes: usize) -> Vec<String> {
    (0..classes).map(|class| class.to_string()).collect()
}

/// Copies in f32 on `device` that no gradient reaches.
pub(crate) fn placed(weights: &Weights, device: &Device) -> Result<Weights> {
    let place = |(name, tensor): (&String, &Tensor)| {
        let tensor = tensor.detach().to_dtype(DType::F32)?.to_device(device)?;
        Ok((name.clone(), tensor))
    };
    weights.iter().map(place).collect()
}
