//! Samplers and noise schedules by name, and which of them go together.

use serde::{Deserialize, Serialize};

use super::samplers::samplers;
use super::{
    ClipSample, ConfigError, FieldError, Precision, StepVariance, TimestepSpacing, unknown_name,
};

/// What is to be said of a sampler without running it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SamplerInfo {
    pub kind: SamplerKind,
    /// As A1111 shows it.
    pub name: &'static str,
    /// Other names A1111 and diffusers know it by.
    pub aliases: &'static [&'static str],
    /// What [`ScheduleKind::Automatic`] means for it.
    pub automatic: ScheduleKind,
}

macro_rules! kinds {
    ($($kind:ident: $name:literal, [$($alias:literal),*], $automatic:ident, $uniform:ident,
        $make:expr;)*) => {
        /// How noise becomes a picture.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        pub enum SamplerKind {
            $($kind),*
        }

        /// Every sampler, in the order the page shows them.
        pub const SAMPLERS: &[SamplerInfo] = &[$(SamplerInfo {
            kind: SamplerKind::$kind,
            name: $name,
            aliases: &[$($alias),*],
            automatic: ScheduleKind::$automatic,
        }),*];
    };
}

samplers!(kinds);

impl Default for SamplerKind {
    fn default() -> Self {
        SAMPLERS[0].kind
    }
}

impl SamplerKind {
    /// Its line of [`SAMPLERS`].
    pub fn info(self) -> &'static SamplerInfo {
        SAMPLERS.iter().find(|info| info.kind == self).unwrap_or(&SAMPLERS[0])
    }

    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The sampler called `name`, in any letter case.
    pub fn from_name(name: &str) -> Result<Self, ConfigError> {
        let called = |info: &&SamplerInfo| is_called(name, info.name, info.aliases);
        let found = SAMPLERS.iter().find(called).map(|info| info.kind);
        let known = SAMPLERS.iter().map(|info| info.name);
        found.ok_or_else(|| unknown_name("sampler", name, known))
    }
}

/// How the steps are spread over the levels of noise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum ScheduleKind {
    /// Each sampler's own.
    #[default]
    Automatic,
    /// Evenly over the timesteps.
    Uniform,
    /// Karras et al. 2022 (arXiv 2206.00364): most steps at little noise.
    Karras,
    /// Evenly in the logarithm of the noise.
    Exponential,
    /// Evenly over the timesteps, counted back from the last.
    SgmUniform,
    /// Many steps at much and at little noise, few between.
    Beta,
}

/// Every schedule with the name A1111 shows and the others it knows.
pub const SCHEDULES: &[(ScheduleKind, &str, &[&str])] = &[
    (ScheduleKind::Automatic, "Automatic", &[]),
    (ScheduleKind::Uniform, "Uniform", &[]),
    (ScheduleKind::Karras, "Karras", &[]),
    (ScheduleKind::Exponential, "Exponential", &[]),
    (ScheduleKind::SgmUniform, "SGM Uniform", &["sgm_uniform", "SGMUniform"]),
    (ScheduleKind::Beta, "Beta", &[]),
];

impl ScheduleKind {
    pub fn name(self) -> &'static str {
        SCHEDULES.iter().find(|(kind, ..)| *kind == self).map_or("", |(_, name, _)| name)
    }

    /// The schedule called `name`, in any letter case.
    pub fn from_name(name: &str) -> Result<Self, ConfigError> {
        let called = |(_, known, aliases): &&(Self, &str, &[&str])| is_called(name, known, aliases);
        let found = SCHEDULES.iter().find(called).map(|(kind, ..)| *kind);
        let known = SCHEDULES.iter().map(|(_, name, _)| *name);
        found.ok_or_else(|| unknown_name("schedule", name, known))
    }

    /// Whether the timesteps fall by the same amount each step.
    fn is_even(self) -> bool {
        matches!(self, Self::Automatic | Self::Uniform | Self::SgmUniform)
    }
}

fn is_called(asked: &str, name: &str, aliases: &[&str]) -> bool {
    let asked = asked.trim();
    name.eq_ignore_ascii_case(asked)
        || aliases.iter().any(|alias| alias.eq_ignore_ascii_case(asked))
}

impl From<SamplerKind> for &'static str {
    fn from(kind: SamplerKind) -> Self {
        kind.name()
    }
}

impl TryFrom<String> for SamplerKind {
    type Error = ConfigError;

    fn try_from(name: String) -> Result<Self, ConfigError> {
        Self::from_name(&name)
    }
}

impl From<ScheduleKind> for &'static str {
    fn from(kind: ScheduleKind) -> Self {
        kind.name()
    }
}

impl TryFrom<String> for ScheduleKind {
    type Error = ConfigError;

    fn try_from(name: String) -> Result<Self, ConfigError> {
        Self::from_name(&name)
    }
}

/// Everything that decides how noise becomes a picture, but the model and the noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    pub sampler: SamplerKind,
    pub schedule: ScheduleKind,
    /// Denoising steps, 1 to the model's timesteps.
    pub steps: usize,
    /// The share of DDPM's noise that DDIM adds at each step, 0 to 1. Other samplers have no use
    /// for it.
    pub eta: f64,
    pub clip_sample: ClipSample,
    pub variance_type: StepVariance,
    pub timestep_spacing: TimestepSpacing,
    pub precision: Precision,
}

impl Sampling {
    /// `steps` steps of a sampler as it is used most.
    pub const fn new(sampler: SamplerKind, steps: usize) -> Self {
        Self {
            sampler,
            schedule: ScheduleKind::Automatic,
            steps,
            eta: 0.0,
            clip_sample: ClipSample::Automatic,
            variance_type: StepVariance::Automatic,
            timestep_spacing: TimestepSpacing::Automatic,
            precision: Precision::F32,
        }
    }

    /// Whether the parts are in range and go together; whether `steps` fits the model is known
    /// only with the model.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let errors: Vec<FieldError> = [
            self.eta_fault().map(|message| FieldError::new("eta", message)),
            self.schedule_fault().map(|message| FieldError::new("schedule", message)),
            self.steps_fault().map(|message| FieldError::new("steps", message)),
        ]
        .into_iter()
        .flatten()
        .collect();
        if errors.is_empty() { Ok(()) } else { Err(ConfigError(errors)) }
    }

    fn eta_fault(&self) -> Option<String> {
        let fits = (0.0..=1.0).contains(&self.eta);
        (!fits).then(|| format!("{} is out of range; give 0 to 1", self.eta))
    }

    fn schedule_fault(&self) -> Option<String> {
        let fits = self.sampler != SamplerKind::Plms || self.schedule.is_even();
        (!fits).then(|| {
            let (sampler, schedule) = (self.sampler.name(), self.schedule.name());
            format!(
                "{sampler} needs even steps and cannot go by {schedule}; \
                 give Automatic, Uniform or SGM Uniform"
            )
        })
    }

    /// The first step of PLMS looks ahead to the second.
    fn steps_fault(&self) -> Option<String> {
        let fits = self.sampler != SamplerKind::Plms || self.steps >= 2;
        (!fits).then(|| format!("{} needs at least 2 steps", self.sampler.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_in_any_letter_case() {
        for info in SAMPLERS {
            for name in [info.name].iter().chain(info.aliases) {
                assert_eq!(SamplerKind::from_name(&name.to_uppercase()).unwrap(), info.kind);
                assert_eq!(SamplerKind::from_name(&name.to_lowercase()).unwrap(), info.kind);
            }
            assert_eq!(info.kind.name(), info.name);
        }
        for (kind, name, aliases) in SCHEDULES {
            for name in [name].into_iter().chain(*aliases) {
                assert_eq!(ScheduleKind::from_name(&name.to_uppercase()).unwrap(), *kind);
            }
            assert_eq!(kind.name(), *name);
        }
    }

    #[test]
    fn unknown_names_bring_the_nearest() {
        let error = SamplerKind::from_name("Oiler a").unwrap_err();
        assert!(error.for_field("sampler").unwrap().contains("nearest are Euler a"), "{error}");
        let error = ScheduleKind::from_name("Caras").unwrap_err();
        assert!(error.for_field("schedule").unwrap().contains("nearest are Karras"), "{error}");
    }

    #[test]
    fn what_does_not_go_together_is_told_by_field() {
        let plms = Sampling::new(SamplerKind::Plms, 1);
        let plms = Sampling { schedule: ScheduleKind::Karras, eta: f64::NAN, ..plms };
        let error = plms.validate().unwrap_err();
        assert!(error.for_field("schedule").unwrap().contains("cannot go by Karras"));
        assert_eq!(error.for_field("steps"), Some("PLMS needs at least 2 steps"));
        assert!(error.for_field("eta").unwrap().contains("give 0 to 1"));
        for info in SAMPLERS {
            assert_eq!(Sampling::new(info.kind, 2).validate(), Ok(()));
        }
    }
}
