//! A network on a device, ready to draw.

use candle_core::{Device, Tensor};

use crate::Result;
use crate::checkpoint::Checkpoint;
use crate::config::RunConfig;
use crate::schedule::NoiseSchedule;
use crate::unet::{UNet, Weights};

/// A trained U-Net with the schedule it was trained on. It keeps no gradients.
#[derive(Clone, Debug)]
pub struct Model {
    config: RunConfig,
    schedule: NoiseSchedule,
    unet: UNet,
    device: Device,
}

impl Model {
    /// Brings a checkpoint to `device`; it draws with the moving average of the weights where there is one.
    pub fn new(checkpoint: &Checkpoint, device: &Device) -> Result<Self> {
        Self::from_weights(checkpoint.header.config.clone(), checkpoint.drawing_weights(), device)
    }

    /// Weights that fit `config`, cut off from any gradients.
    pub fn from_weights(config: RunConfig, weights: &Weights, device: &Device) -> Result<Self> {
        let placed = weights
            .iter()
            .map(|(name, tensor)| {
                let tensor =
                    tensor.detach().to_dtype(candle_core::DType::F32)?.to_device(device)?;
                Ok((name.clone(), tensor))
            })
            .collect::<Result<Weights>>()?;
        Ok(Self {
            unet: UNet::from_weights(&config.model_params, &placed)?,
            schedule: NoiseSchedule::new(&config.diffusion_params),
            device: device.clone(),
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

    /// The noise in `x` (batch, channels, height, width), all images at timestep `t`,
    /// 0 to T - 1, which need not be whole.
    pub fn predict_noise(&self, x: &Tensor, t: f32) -> Result<Tensor> {
        self.unet.forward(x, &vec![t; x.dim(0)?])
    }
}
