//! A sampler with the path it takes, ready to run.

use candle_core::Tensor;

use super::{
    Clipping, Ddim, Ddpm, Denoiser, DpmPp2m, DpmPp2mSde, DpmPpSde, Euler, EulerAncestral, Heun,
    Lms, Manner, Path, Plms, Sampler, Spacing, UniPc,
};
use crate::Result;
use crate::config::{ConfigError, Prediction, SamplerKind, Sampling, ScheduleKind, VarianceType};
use crate::schedule::NoiseSchedule;

/// One generation from its first step to its last.
pub struct Course {
    pub sampler: Box<dyn Sampler>,
    pub path: Path,
    pub prediction: Prediction,
    /// Of the noise that a step of DDPM adds.
    pub variance: VarianceType,
    /// What is done to the network's estimates of the picture.
    pub clipping: Clipping,
    /// Whether what is drawn lies within [-1, 1] at all, as pixels do.
    pub bounded: bool,
}

impl Course {
    /// The course that `sampling` asks for, for a network trained on `schedule` to tell `prediction`
    /// and drawn in `manner`.
    pub fn new(
        sampling: &Sampling,
        schedule: &NoiseSchedule,
        prediction: Prediction,
        manner: &Manner,
    ) -> Result<Self> {
        sampling.validate()?;
        let (steps, most) = (sampling.steps, schedule.timesteps());
        if !(1..=most).contains(&steps) {
            let message = format!(
                "{steps} steps are not possible; this model has {most} timesteps: give 1 to {most}"
            );
            return Err(ConfigError::one("steps", message).into());
        }
        let (sampler, uniform) = parts(sampling);
        let spacing = spacing(sampling, manner.spacing.unwrap_or(uniform));
        // Through all timesteps, DDPM is the reference, which does not clip. Where steps are
        // longer, an estimate outside the range of pictures would overshoot.
        let is_reference =
            sampling.sampler == SamplerKind::Ddpm && spacing == Spacing::Leading && steps == most;
        let usual = if is_reference { Clipping::Off } else { Clipping::PIXELS };
        Ok(Self {
            sampler,
            path: manner.path(sampling.sampler, schedule, spacing, steps),
            prediction,
            variance: VarianceType::default(),
            clipping: manner.clipping.unwrap_or(usual),
            bounded: true,
        })
    }

    /// The same for a network whose variance is of this type.
    pub fn with_variance(self, variance: VarianceType) -> Self {
        Self { variance, ..self }
    }

    /// The same for latents, which know no bounds.
    pub fn unbounded(self) -> Self {
        Self { clipping: Clipping::Off, bounded: false, ..self }
    }

    /// What the first step begins at, from unit Gaussian noise.
    pub fn start(&self, noise: &Tensor) -> Result<Tensor> {
        let scale = self.path.legs().first().map_or(1.0, |leg| self.sampler.start_scale(leg.from));
        Ok((noise * scale)?)
    }

    /// Takes step `index`, counted from 0: the next x, and the picture estimated on the way, within
    /// [-1, 1] unless it is latents. `network` answers to x and a timestep, `noise` draws unit Gaussian noise.
    pub fn step(
        &mut self,
        index: usize,
        x: &Tensor,
        network: &mut dyn FnMut(&Tensor, f32) -> Result<Tensor>,
        noise: &mut dyn FnMut() -> Result<Tensor>,
    ) -> Result<(Tensor, Tensor)> {
        let Self { prediction, variance, clipping, .. } = *self;
        let mut denoiser = Denoiser { network, prediction, variance, clipping, noise };
        let (next, x0) = self.sampler.step(&self.path, index, x, &mut denoiser)?;
        Ok((next, if self.bounded { x0.clamp(-1f32, 1f32)? } else { x0 }))
    }
}

/// Every sampler, with what it takes "Uniform" to mean: the older ones go through whole timesteps
/// and end at 0, those of k-diffusion begin at the last and end at 0.
fn parts(sampling: &Sampling) -> (Box<dyn Sampler>, Spacing) {
    use Spacing::{Leading, Linspace};
    match sampling.sampler {
        SamplerKind::Ddpm => (Box::new(Ddpm), Leading),
        SamplerKind::Ddim => {
            (Box::new(Ddim { eta: sampling.eta, use_clipped_model_output: true }), Leading)
        }
        SamplerKind::Euler => (Box::new(Euler), Linspace),
        SamplerKind::EulerAncestral => (Box::new(EulerAncestral), Linspace),
        SamplerKind::Heun => (Box::new(Heun), Linspace),
        SamplerKind::DpmPp2m => (Box::new(DpmPp2m::default()), Linspace),
        SamplerKind::DpmPp2mSde => (Box::new(DpmPp2mSde::default()), Linspace),
        SamplerKind::DpmPpSde => (Box::new(DpmPpSde), Linspace),
        SamplerKind::Lms => (Box::new(Lms::default()), Linspace),
        SamplerKind::Plms => (Box::new(Plms::default()), Leading),
        SamplerKind::UniPc => (Box::new(UniPc::default()), Linspace),
    }
}

fn spacing(sampling: &Sampling, uniform: Spacing) -> Spacing {
    let schedule = match sampling.schedule {
        ScheduleKind::Automatic => sampling.sampler.info().automatic,
        chosen => chosen,
    };
    match schedule {
        ScheduleKind::Automatic | ScheduleKind::Uniform => uniform,
        ScheduleKind::Karras => Spacing::Karras,
        ScheduleKind::Exponential => Spacing::Exponential,
        ScheduleKind::SgmUniform => Spacing::Trailing,
        ScheduleKind::Beta => Spacing::Beta,
    }
}
