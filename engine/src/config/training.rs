//! The recipe of a run.

use serde::{Deserialize, Serialize};

use super::{LossWeighting, Precision};

/// How the timesteps of a batch are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimestepSampling {
    /// Each by itself, all equally likely.
    #[default]
    Uniform,
    /// One from each of as many equal parts as the batch has images, which makes the loss less noisy.
    Stratified,
    /// The more often the more they cost, so that the loss is less noisy: Nichol & Dhariwal 2021
    /// (arXiv 2102.09672), section 3.3.
    Importance,
}

impl TimestepSampling {
    pub const NAMES: &[&str] = &["uniform", "stratified", "importance"];
}

/// The training recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainParams {
    pub task_name: String,
    pub begin_from: String,
    pub precision: Precision,
    pub batch_size: usize,
    pub accumulation_steps: usize,
    pub num_epochs: usize,
    pub num_steps: usize,
    pub lr: f64,
    pub warmup_steps: usize,
    pub lr_schedule: String,
    pub adam_beta1: f64,
    pub adam_beta2: f64,
    pub weight_decay: f64,
    pub decay_norms: bool,
    pub grad_clip: f64,
    pub loss_weighting: LossWeighting,
    pub snr_gamma: f64,
    pub offset_noise: f64,
    pub timestep_sampling: TimestepSampling,
    pub class_dropout: f64,
    pub dropout: f64,
    pub ema_decay: f64,
    pub ema_half_life: usize,
    pub ema_warmup: bool,
    pub seed: u64,
    pub validation_share: f64,
    pub validate_every: usize,
    pub checkpoint_every: usize,
    pub keep_checkpoints: usize,
    pub sample_every: usize,
    pub num_samples: usize,
    pub num_grid_rows: usize,
    pub sample_steps: usize,
    pub sample_raw: bool,
    pub ckpt_name: String,
}

impl Default for TrainParams {
    fn default() -> Self {
        Self {
            task_name: "default".into(),
            begin_from: String::new(),
            precision: Precision::F32,
            batch_size: 64,
            accumulation_steps: 1,
            num_epochs: 40,
            num_steps: 0,
            lr: 1e-4,
            warmup_steps: 0,
            lr_schedule: "constant".into(),
            adam_beta1: 0.9,
            adam_beta2: 0.999,
            weight_decay: 0.0,
            decay_norms: false,
            grad_clip: 0.0,
            loss_weighting: LossWeighting::None,
            snr_gamma: 5.0,
            offset_noise: 0.0,
            timestep_sampling: TimestepSampling::Uniform,
            class_dropout: 0.1,
            dropout: 0.0,
            ema_decay: 0.0,
            ema_half_life: 0,
            ema_warmup: true,
            seed: 0,
            validation_share: 0.0,
            validate_every: 0,
            checkpoint_every: 0,
            keep_checkpoints: 0,
            sample_every: 0,
            num_samples: 100,
            num_grid_rows: 10,
            sample_steps: 0,
            sample_raw: true,
            ckpt_name: "ddpm_ckpt.pth".into(),
        }
    }
}

impl TrainParams {
    /// Steps of the whole run on a data set of `images` images.
    pub fn total_steps(&self, images: usize) -> usize {
        match self.num_steps {
            0 => self.num_epochs * self.steps_per_epoch(images),
            steps => steps,
        }
    }

    /// Steps of one epoch on a data set of `images` images; the last one may be a partial batch.
    pub fn steps_per_epoch(&self, images: usize) -> usize {
        let trained = images - self.held_out(images);
        trained.div_ceil(self.images_per_step()).max(1)
    }

    /// Steps from one checkpoint to the next.
    pub fn steps_between_checkpoints(&self, images: usize) -> u64 {
        match self.checkpoint_every {
            0 => self.steps_per_epoch(images) as u64,
            steps => steps as u64,
        }
    }

    /// How many of `images` images are never trained on: at least one if a share of them is asked
    /// for, and never all.
    pub fn held_out(&self, images: usize) -> usize {
        if self.validation_share <= 0.0 {
            return 0;
        }
        let share = (images as f64 * self.validation_share).round() as usize;
        share.max(1).min(images.saturating_sub(1))
    }

    /// The decay of the moving average at each step; none where there is no average.
    pub fn average_decay(&self) -> Option<f64> {
        match self.ema_half_life {
            0 => (self.ema_decay > 0.0).then_some(self.ema_decay),
            images => Some(0.5f64.powf(self.images_per_step() as f64 / images as f64)),
        }
    }

    /// Images whose gradients make up one step of the optimizer.
    pub fn images_per_step(&self) -> usize {
        self.batch_size * self.accumulation_steps
    }
}
