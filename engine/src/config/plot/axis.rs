//! What can change along an axis of a plot.

use serde::{Deserialize, Serialize};

use crate::config::image_to_image::named;
use crate::config::{ConfigError, unknown_name};

/// A setting whose values make up columns, rows or sheets.
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
    /// Of a run: the checkpoint of a step, `best` or `last`.
    CheckpointStep,
    /// Whether weights are the moving average of those trained: `on` or `off`.
    Ema,
}

named!(Axis, "axis",
    Nothing => "Nothing", Seed => "Seed", VariationSeed => "Var. seed",
    VariationStrength => "Var. strength", Steps => "Steps", CfgScale => "CFG Scale",
    Prompt => "Prompt", PromptSearchReplace => "Prompt S/R", Sampler => "Sampler",
    Schedule => "Schedule type", Eta => "Eta", DenoisingStrength => "Denoising",
    Model => "Checkpoint name", CheckpointStep => "Checkpoint step", Ema => "EMA");

/// What values of an axis look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AxisKind {
    /// Whole numbers and ranges of them; what else there is, is for the setting to read.
    Whole,
    /// Numbers and ranges of them.
    Number,
    /// Anything, with commas between.
    Text,
    /// The same, and also nothing: what is replaced by it goes.
    Replacement,
}

impl Axis {
    /// The key of the setting that changes; none if none does.
    pub(super) fn key(self) -> Option<&'static str> {
        Some(match self {
            Self::Nothing => return None,
            Self::Seed => "seed",
            Self::VariationSeed => "subseed",
            Self::VariationStrength => "subseed_strength",
            Self::Steps => "steps",
            Self::CfgScale => "cfg_scale",
            Self::Prompt | Self::PromptSearchReplace => "prompt",
            Self::Sampler => "sampler",
            Self::Schedule => "schedule",
            Self::Eta => "eta",
            Self::DenoisingStrength => "denoising_strength",
            Self::Model | Self::CheckpointStep | Self::Ema => "model",
        })
    }

    /// When a cell takes its value: a model must stand before its checkpoint is chosen, and that
    /// before its weights are; a prompt before something in it is replaced.
    pub(super) fn turn(self) -> u8 {
        match self {
            Self::CheckpointStep | Self::PromptSearchReplace => 1,
            Self::Ema => 2,
            _ => 0,
        }
    }

    pub(super) fn kind(self) -> AxisKind {
        match self {
            // A checkpoint may be a word, too.
            Self::Seed | Self::VariationSeed | Self::Steps | Self::CheckpointStep => {
                AxisKind::Whole
            }
            Self::VariationStrength | Self::CfgScale | Self::Eta | Self::DenoisingStrength => {
                AxisKind::Number
            }
            Self::PromptSearchReplace => AxisKind::Replacement,
            _ => AxisKind::Text,
        }
    }

    /// What stands beside a column or row with this value.
    pub(super) fn label(self, value: &str) -> String {
        match self {
            // These values say what they are.
            Self::Nothing | Self::Prompt | Self::PromptSearchReplace | Self::Model => value.into(),
            _ => format!("{}: {value}", self.name()),
        }
    }
}
