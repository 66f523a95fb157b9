//! How a model wants to be drawn.

use super::level::Level;
use super::{Clipping, Levels, Path, Spacing};
use crate::config::SamplerKind;
use crate::schedule::NoiseSchedule;

/// What the maker of a model said of drawing with it. What is none is left to the sampler; a model
/// that was trained here says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Manner {
    pub clipping: Option<Clipping>,
    /// What [`crate::config::ScheduleKind::Automatic`] and `Uniform` mean.
    pub spacing: Option<Spacing>,
    /// Timesteps by which [`Spacing::Leading`] lies higher.
    pub offset: usize,
    /// Whether DDIM and PLMS end at the first timestep, with its noise, rather than without any.
    pub ends_at_first: bool,
}

impl Manner {
    /// The path of `steps` steps for `sampler`.
    pub(super) fn path(
        &self,
        sampler: SamplerKind,
        schedule: &NoiseSchedule,
        spacing: Spacing,
        steps: usize,
    ) -> Path {
        let levels = Levels::new(schedule);
        let from = self.levels(sampler, &levels, spacing, steps);
        let end = self.end(sampler, &levels);
        Path::through(levels, &from, end)
    }

    fn levels(
        &self,
        sampler: SamplerKind,
        levels: &Levels,
        spacing: Spacing,
        steps: usize,
    ) -> Vec<Level> {
        let found = spacing.levels(levels, steps);
        let last = (levels.timesteps() - 1) as f32;
        let shift = self.offset as f32;
        let fits = found.first().is_some_and(|first| first.timestep + shift <= last);
        let moved = |to: &dyn Fn(f32) -> f32| -> Vec<Level> {
            found.iter().map(|level| levels.at(f64::from(to(level.timestep)))).collect()
        };
        match spacing {
            Spacing::Leading if self.offset > 0 && fits => moved(&|timestep| timestep + shift),
            Spacing::Linspace if is_whole(sampler) => moved(&f32::round_ties_even),
            _ => found,
        }
    }

    fn end(&self, sampler: SamplerKind, levels: &Levels) -> Level {
        let may = matches!(sampler, SamplerKind::Ddim | SamplerKind::Plms);
        if self.ends_at_first && may { levels.at(0.0) } else { Level::CLEAN }
    }
}

/// Whether a sampler goes through whole timesteps, as those that are not of k-diffusion do.
fn is_whole(sampler: SamplerKind) -> bool {
    matches!(sampler, SamplerKind::Ddpm | SamplerKind::Ddim | SamplerKind::Plms)
}
