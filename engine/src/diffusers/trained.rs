//! A network that was trained here, as a pipeline. diffusers has no such blocks, so that the folder
//! holds their code too, which `from_pretrained` runs where it is told `trust_remote_code`.

use serde::{Deserialize, Serialize};

use super::scheduler::SchedulerConfig;
use crate::checkpoint::Header;
use crate::config::{DownSampleKind, ModelParams, RunConfig};
use crate::unet::{Weights, is_told_in_training};
use crate::{Error, Result};

/// The name of the class in [`CODE`].
pub(super) const CLASS: &str = "DarkroomUNet";
/// The name of the file of [`CODE`], without its ending.
pub(super) const MODULE: &str = "darkroom_unet";
pub(super) const CODE: &str = include_str!("darkroom_unet.py");

/// What the class takes, by the names it has there.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct NetworkConfig {
    sample_size: usize,
    in_channels: usize,
    out_channels: usize,
    down_channels: Vec<usize>,
    mid_channels: Vec<usize>,
    down_sample: Vec<bool>,
    /// Pipelines of an earlier version do without.
    #[serde(default)]
    down_sample_kind: DownSampleKind,
    attn_down: Vec<bool>,
    time_emb_dim: usize,
    num_down_layers: usize,
    num_mid_layers: usize,
    num_up_layers: usize,
    num_heads: usize,
    norm_groups: usize,
    conv_out_channels: usize,
    num_classes: usize,
}

impl NetworkConfig {
    /// An error for what is not a network that draws pixels.
    pub fn of(header: &Header) -> Result<Self> {
        if header.is_autoencoder() || header.latents.is_some() {
            return Err(Error::Checkpoint(
                "a pipeline of diffusers holds a network that draws pixels, and this model has an \
                 autoencoder; export it as safetensors"
                    .into(),
            ));
        }
        let model = header.network();
        Ok(Self {
            sample_size: model.im_size,
            in_channels: model.im_channels,
            out_channels: model.out_channels(),
            attn_down: (0..model.levels()).map(|level| model.attention_at(level)).collect(),
            down_channels: model.down_channels,
            mid_channels: model.mid_channels,
            down_sample: model.down_sample,
            down_sample_kind: model.down_sample_kind,
            time_emb_dim: model.time_emb_dim,
            num_down_layers: model.num_down_layers,
            num_mid_layers: model.num_mid_layers,
            num_up_layers: model.num_up_layers,
            num_heads: model.num_heads,
            norm_groups: model.norm_groups,
            conv_out_channels: model.conv_out_channels,
            num_classes: model.num_classes,
        })
    }

    /// The configuration of the model that such a pipeline holds.
    pub fn run_config(self, scheduler: &SchedulerConfig) -> Result<RunConfig> {
        scheduler.schedule()?;
        let config = RunConfig {
            diffusion_params: scheduler.params()?,
            model_params: ModelParams {
                im_channels: self.in_channels,
                im_size: self.sample_size,
                down_channels: self.down_channels,
                mid_channels: self.mid_channels,
                down_sample: self.down_sample,
                down_sample_kind: self.down_sample_kind,
                attn_down: self.attn_down,
                time_emb_dim: self.time_emb_dim,
                num_down_layers: self.num_down_layers,
                num_mid_layers: self.num_mid_layers,
                num_up_layers: self.num_up_layers,
                num_heads: self.num_heads,
                norm_groups: self.norm_groups,
                conv_out_channels: self.conv_out_channels,
                num_classes: self.num_classes,
                ..ModelParams::default()
            },
            ..RunConfig::default()
        };
        Ok(config.validate()?.into_inner())
    }
}

/// The weights that draw: how training images were changed is nothing to be told there.
pub(super) fn drawing(weights: &Weights) -> Weights {
    weights
        .iter()
        .filter(|(name, _)| !is_told_in_training(name))
        .map(|(name, tensor)| (name.clone(), tensor.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::checkpoint::{Checkpoint, DatasetFacts};
    use crate::config::{BetaSchedule, Prediction, VarianceType};
    use crate::unet::UNet;

    /// A network that was trained with all that leaves a mark on the pipeline.
    fn trained() -> Checkpoint {
        let mut config = RunConfig::default();
        config.model_params = ModelParams {
            im_channels: 3,
            im_size: 16,
            down_channels: vec![8, 16, 24],
            mid_channels: vec![24, 16],
            down_sample: vec![true, false],
            down_sample_kind: DownSampleKind::Pool,
            attn_down: vec![false],
            num_classes: 3,
            time_emb_dim: 16,
            ..config.model_params
        };
        config.dataset_params.augment_probability = 0.1;
        config.dataset_params.cutout = 0.1;
        config.diffusion_params.prediction_type = Prediction::Velocity;
        config.diffusion_params.beta_schedule = BetaSchedule::Cosine;
        config.diffusion_params.variance_type = VarianceType::LearnedRange;
        let (_, vars) = UNet::fresh(&config.network(), 1, &Device::Cpu).unwrap();
        let weights = vars.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone()));
        let weights: Weights = weights.collect();
        let header = Header::new(config, DatasetFacts::default(), 0);
        Checkpoint { header, weights, ema: None, autoencoder: None }
    }

    #[test]
    fn a_pipeline_keeps_the_network_and_its_schedule() {
        let (checkpoint, folder) = (trained(), tempfile::tempdir().unwrap());
        checkpoint.save_diffusers(folder.path()).unwrap();
        let again = Checkpoint::load_diffusers(folder.path()).unwrap();
        let (before, after) = (&checkpoint.header.config, &again.header.config);
        assert_eq!(after.diffusion_params, before.diffusion_params);
        let filled = ModelParams { attn_down: vec![false, true], ..before.model_params.clone() };
        assert_eq!(after.model_params, filled);
        let mut wanted: Vec<&String> = checkpoint.weights.keys().collect();
        wanted.retain(|name| !is_told_in_training(name));
        assert_eq!(wanted.len(), checkpoint.weights.len() - 2);
        assert_eq!(again.weights.keys().collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn what_has_an_autoencoder_is_refused() {
        let mut checkpoint = trained();
        checkpoint.header.config.autoencoder_params.kind = crate::config::AutoencoderKind::Kl;
        let folder = tempfile::tempdir().unwrap();
        let error = checkpoint.save_diffusers(folder.path()).unwrap_err().to_string();
        assert!(error.contains("safetensors"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
