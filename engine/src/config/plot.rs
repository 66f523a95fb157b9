//! A plot: the same generation with one, two or three of its settings running through values.

use serde::{Deserialize, Serialize};

use super::image_to_image::named;
use super::{ConfigError, unknown_name};

/// What can change along an axis of a plot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Axis {
    #[default]
    Nothing,
    Seed,
    VariationSeed,
    VariationStrength,
    Steps,
    CfgScale,
    Prompt,
    /// The first value stands in the prompt and is replaced by each.
    PromptSearchReplace,
    Sampler,
    Schedule,
    Eta,
    DenoisingStrength,
    Model,
}

named!(Axis, "axis",
    Nothing => "Nothing", Seed => "Seed", VariationSeed => "Var. seed",
    VariationStrength => "Var. strength", Steps => "Steps", CfgScale => "CFG Scale",
    Prompt => "Prompt", PromptSearchReplace => "Prompt S/R", Sampler => "Sampler",
    Schedule => "Schedule type", Eta => "Eta", DenoisingStrength => "Denoising",
    Model => "Checkpoint name");
