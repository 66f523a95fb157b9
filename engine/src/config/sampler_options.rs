//! What diffusers' schedulers let one choose besides the sampler; each is left to model and sampler
//! unless it is said.

use serde::{Deserialize, Serialize};

use super::image_to_image::named;
use super::{ConfigError, unknown_name};

/// Whether estimates of the picture are clipped to what pixels can be, [-1, 1].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum ClipSample {
    /// As the model's maker did; models that were trained here are clipped, but for latents.
    #[default]
    Automatic,
    On,
    Off,
}

/// The variance of the noise that a step of DDPM adds, for a model that does not tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum StepVariance {
    /// The one that the model was trained with.
    #[default]
    Automatic,
    /// The posterior's: Ho et al. 2020 (arXiv 2006.11239), section 3.2.
    Small,
    /// Beta's.
    Large,
}

/// Which timesteps [`super::ScheduleKind::Uniform`] visits; after Lin et al. 2023 (arXiv 2305.08891),
/// table 2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum TimestepSpacing {
    /// As the model's maker did, else the sampler's own.
    #[default]
    Automatic,
    /// Counted from the first.
    Leading,
    /// Counted back from the last.
    Trailing,
    /// From the last to the first, both included.
    Linspace,
}

named!(ClipSample, "clip_sample", Automatic => "Automatic", On => "On", Off => "Off");
named!(StepVariance, "variance_type",
    Automatic => "Automatic", Small => "Small", Large => "Large");
named!(TimestepSpacing, "timestep_spacing",
    Automatic => "Automatic", Leading => "Leading", Trailing => "Trailing",
    Linspace => "Linspace");
