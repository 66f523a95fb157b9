//! A sampler with the path it takes, ready to run.

use candle_core::Tensor;

use super::{
    Clipping, Ddim, Ddpm, Denoiser, DpmPp2m, DpmPp2mSde, DpmPpSde, Euler, EulerAncestral, Heun,
    Lms, Manner, Path, Plms, Sampler, Spacing, UniPc,
};
use crate::Result;
use crate::config::samplers::samplers;
use crate::config::{
    ClipSample, ConfigError, Prediction, SamplerKind, Sampling, ScheduleKind, StepVariance,
    TimestepSpacing, VarianceType,
};
use crate::schedule::NoiseSchedule;

/// One generation from its first step to its last.
pub struct Course {
    pub sampler: Box<dyn Sampler>,
    pub path: Path,
    pub prediction: Prediction,
    /// Of the noise that a step of DDPM adds.
    pub variance: VarianceType,
    /// What takes its place in [`Self::with_variance`].
    pub chosen_variance: StepVariance,
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
        let uniform = even(sampling.timestep_spacing).or(manner.spacing).unwrap_or(uniform);
        let spacing = spacing(sampling, uniform);
        // An estimate outside the range of pictures would overshoot. The reference does not clip,
        // which a network that was trained for long bears through all timesteps, but no other.
        let usual = manner.clipping.unwrap_or(Clipping::PIXELS);
        Ok(Self {
            sampler,
            path: manner.path(sampling.sampler, schedule, spacing, steps),
            prediction,
            variance: VarianceType::default(),
            chosen_variance: sampling.variance_type,
            clipping: match (sampling.clip_sample, usual) {
                (ClipSample::Automatic, usual) => usual,
                (ClipSample::On, Clipping::Off) => Clipping::PIXELS,
                (ClipSample::On, usual) => usual,
                (ClipSample::Off, _) => Clipping::Off,
            },
            bounded: true,
        })
    }

    /// The same for a network whose variance is of this type. What it tells itself stays.
    pub fn with_variance(self, variance: VarianceType) -> Self {
        let variance = match self.chosen_variance {
            _ if variance.is_learned() => variance,
            StepVariance::Automatic => variance,
            StepVariance::Small => VarianceType::FixedSmall,
            StepVariance::Large => VarianceType::FixedLarge,
        };
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

macro_rules! parts {
    ($($kind:ident: $name:literal, $aliases:tt, $automatic:ident, $uniform:ident, $make:expr;)*) => {
        /// The sampler that is asked for, with what it takes "Uniform" to mean.
        fn parts(sampling: &Sampling) -> (Box<dyn Sampler>, Spacing) {
            match sampling.sampler {
                $(SamplerKind::$kind => {
                    let make: fn(&Sampling) -> $kind = $make;
                    (Box::new(make(sampling)), Spacing::$uniform)
                })*
            }
        }
    };
}

samplers!(parts);

/// The spacing that was chosen, if one was.
fn even(chosen: TimestepSpacing) -> Option<Spacing> {
    match chosen {
        TimestepSpacing::Automatic => None,
        TimestepSpacing::Leading => Some(Spacing::Leading),
        TimestepSpacing::Trailing => Some(Spacing::Trailing),
        TimestepSpacing::Linspace => Some(Spacing::Linspace),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DiffusionParams;

    fn course(sampling: Sampling, manner: &Manner) -> Course {
        let schedule = NoiseSchedule::new(&DiffusionParams::default());
        Course::new(&sampling, &schedule, Prediction::Noise, manner).unwrap()
    }

    const DDPM: Sampling = Sampling::new(SamplerKind::Ddpm, 10);

    #[test]
    fn predictions_are_clipped_unless_somebody_says_otherwise() {
        let usual = Manner::default();
        let free = Manner { clipping: Some(Clipping::Off), ..usual };
        let wide = Manner { clipping: Some(Clipping::Range(3.0)), ..usual };
        let clipping =
            |clip_sample, manner| course(Sampling { clip_sample, ..DDPM }, manner).clipping;
        for (choice, manner, wanted) in [
            (ClipSample::Automatic, &usual, Clipping::PIXELS),
            (ClipSample::Automatic, &free, Clipping::Off),
            (ClipSample::On, &free, Clipping::PIXELS),
            (ClipSample::On, &wide, Clipping::Range(3.0)),
            (ClipSample::Off, &wide, Clipping::Off),
        ] {
            assert_eq!(clipping(choice, manner), wanted, "{choice:?}, {manner:?}");
        }
        let whole = Sampling { steps: 1000, ..DDPM };
        assert_eq!(course(whole, &usual).clipping, Clipping::PIXELS);
    }

    #[test]
    fn a_variance_that_was_chosen_counts_unless_the_network_tells_it() {
        let variance = |variance_type, trained| {
            let sampling = Sampling { variance_type, ..DDPM };
            course(sampling, &Manner::default()).with_variance(trained).variance
        };
        use VarianceType::{FixedLarge, FixedSmall, LearnedRange};
        assert_eq!(variance(StepVariance::Automatic, FixedLarge), FixedLarge);
        assert_eq!(variance(StepVariance::Small, FixedLarge), FixedSmall);
        assert_eq!(variance(StepVariance::Large, FixedSmall), FixedLarge);
        assert_eq!(variance(StepVariance::Large, LearnedRange), LearnedRange);
    }

    #[test]
    fn a_spacing_that_was_chosen_is_that_of_the_even_schedules() {
        let first = |timestep_spacing, schedule| {
            let sampling = Sampling { timestep_spacing, schedule, ..DDPM };
            course(sampling, &Manner::default()).path.legs()[0].from.timestep
        };
        let even = ScheduleKind::Uniform;
        assert_eq!(first(TimestepSpacing::Automatic, even), 900.0);
        assert_eq!(first(TimestepSpacing::Leading, even), 900.0);
        assert_eq!(first(TimestepSpacing::Trailing, even), 999.0);
        assert_eq!(first(TimestepSpacing::Linspace, even), 999.0);
        let karras = first(TimestepSpacing::Leading, ScheduleKind::Karras);
        assert_eq!(karras, first(TimestepSpacing::Automatic, ScheduleKind::Karras));
    }
}
