//! diffusers' configuration files, as far as they describe what runs here.

use serde::{Deserialize, Serialize};

use super::rest::Rest;
use super::scheduler::SchedulerConfig;
use crate::config::{ModelParams, RunConfig, TrainParams};
use crate::{Error, Result};

/// `unet/config.json` and `scheduler/scheduler_config.json` of a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    pub unet: UNet2DConfig,
    pub scheduler: SchedulerConfig,
}

/// The configuration of a `UNet2DModel`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UNet2DConfig {
    pub sample_size: Side,
    pub in_channels: usize,
    pub out_channels: usize,
    pub center_input_sample: bool,
    pub time_embedding_type: String,
    /// Width of the time embedding; four times the first block's if none.
    pub time_embedding_dim: Option<usize>,
    pub freq_shift: usize,
    pub flip_sin_to_cos: bool,
    pub down_block_types: Vec<String>,
    pub up_block_types: Vec<String>,
    pub block_out_channels: Vec<usize>,
    pub layers_per_block: usize,
    pub mid_block_scale_factor: f64,
    pub mid_block_type: Option<String>,
    pub downsample_padding: usize,
    pub downsample_type: String,
    pub upsample_type: String,
    /// Of training alone; kept for those who train it further in diffusers.
    pub dropout: f64,
    pub act_fn: String,
    /// Channels of one attention head; all of them if none.
    pub attention_head_dim: Option<usize>,
    pub norm_num_groups: usize,
    pub attn_norm_num_groups: Option<usize>,
    pub norm_eps: f64,
    pub resnet_time_scale_shift: String,
    pub add_attention: bool,
    pub class_embed_type: Option<String>,
    pub num_class_embeds: Option<usize>,
    /// Of a learned time embedding alone, which does not run here.
    pub num_train_timesteps: Option<usize>,
    /// What this program does not know.
    #[serde(flatten)]
    pub rest: Rest,
}

impl Default for UNet2DConfig {
    fn default() -> Self {
        let names = |names: [&str; 4]| names.map(str::to_owned).to_vec();
        Self {
            sample_size: Side::None,
            in_channels: 3,
            out_channels: 3,
            center_input_sample: false,
            time_embedding_type: "positional".into(),
            time_embedding_dim: None,
            freq_shift: 0,
            flip_sin_to_cos: true,
            down_block_types: names([DOWN, ATTENTION_DOWN, ATTENTION_DOWN, ATTENTION_DOWN]),
            up_block_types: names([ATTENTION_UP, ATTENTION_UP, ATTENTION_UP, UP]),
            block_out_channels: vec![224, 448, 672, 896],
            layers_per_block: 2,
            mid_block_scale_factor: 1.0,
            mid_block_type: Some(MID.into()),
            downsample_padding: 1,
            downsample_type: "conv".into(),
            upsample_type: "conv".into(),
            dropout: 0.0,
            act_fn: "silu".into(),
            attention_head_dim: Some(8),
            norm_num_groups: 32,
            attn_norm_num_groups: None,
            norm_eps: 1e-5,
            resnet_time_scale_shift: "default".into(),
            add_attention: true,
            class_embed_type: None,
            num_class_embeds: None,
            num_train_timesteps: None,
            rest: Rest::default(),
        }
    }
}

pub(super) const DOWN: &str = "DownBlock2D";
pub(super) const ATTENTION_DOWN: &str = "AttnDownBlock2D";
const MID: &str = "UNetMidBlock2D";
pub(super) const UP: &str = "UpBlock2D";
pub(super) const ATTENTION_UP: &str = "AttnUpBlock2D";

/// `sample_size`: one number, two, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Side {
    Square(usize),
    Sides([usize; 2]),
    None,
}

impl UNet2DConfig {
    /// An error that names the first key with a value that does not run here, and what would do.
    pub fn check(&self) -> Result<()> {
        let wanted = [
            ("time_embedding_type", self.time_embedding_type.as_str(), "positional"),
            ("downsample_type", &self.downsample_type, "conv"),
            ("upsample_type", &self.upsample_type, "conv"),
            ("mid_block_type", self.mid_block_type.as_deref().unwrap_or("null"), MID),
        ];
        for (key, value, wanted) in wanted {
            if value != wanted {
                return Err(refused(key, value, wanted));
            }
        }
        if !["silu", "swish"].contains(&self.act_fn.as_str()) {
            return Err(refused("act_fn", &self.act_fn, "silu"));
        }
        if !["default", "scale_shift"].contains(&self.resnet_time_scale_shift.as_str()) {
            let value = &self.resnet_time_scale_shift;
            return Err(refused("resnet_time_scale_shift", value, "default or scale_shift"));
        }
        if self.mid_block_scale_factor != 1.0 {
            return Err(refused("mid_block_scale_factor", self.mid_block_scale_factor, "1"));
        }
        if self.downsample_padding > 1 {
            return Err(refused("downsample_padding", self.downsample_padding, "0 or 1"));
        }
        if let Some(kind) = &self.class_embed_type {
            return Err(refused("class_embed_type", kind, "null"));
        }
        self.rest.check()?;
        self.check_blocks()?;
        self.check_sizes()
    }

    fn check_blocks(&self) -> Result<()> {
        let levels = self.block_out_channels.len();
        for (key, types, known) in [
            ("down_block_types", &self.down_block_types, [DOWN, ATTENTION_DOWN]),
            ("up_block_types", &self.up_block_types, [UP, ATTENTION_UP]),
        ] {
            if types.len() != levels || levels == 0 {
                let wanted = format!("one for each of the {levels} block_out_channels");
                return Err(refused(key, format!("{} names", types.len()), &wanted));
            }
            if let Some(other) = types.iter().find(|name| !known.contains(&name.as_str())) {
                return Err(refused(key, other, &known.join(" or ")));
            }
        }
        Ok(())
    }

    fn check_sizes(&self) -> Result<()> {
        let groups = self.norm_num_groups;
        let (fewest, most) = (1, 1 << 16);
        let sizes = [
            ("in_channels", self.in_channels),
            ("out_channels", self.out_channels),
            ("layers_per_block", self.layers_per_block),
            ("norm_num_groups", groups),
            ("attention_head_dim", self.attention_head_dim.unwrap_or(1)),
            ("attn_norm_num_groups", self.attn_norm_num_groups.unwrap_or(1)),
            ("num_class_embeds", self.num_class_embeds.unwrap_or(1)),
            ("time_embedding_dim", self.time_embedding_dim.unwrap_or(1)),
        ];
        for (key, value) in sizes {
            if !(fewest..=most).contains(&value) {
                return Err(refused(key, value, &format!("{fewest} to {most}")));
            }
        }
        for &channels in &self.block_out_channels {
            let whole = |by: usize| channels % by == 0;
            let heads = self.attention_head_dim.is_none_or(whole);
            let norms = whole(groups) && self.attn_norm_num_groups.is_none_or(whole);
            if channels == 0 || channels > most || channels % 2 == 1 || !heads || !norms {
                let wanted = "even multiples of norm_num_groups and attention_head_dim";
                return Err(refused("block_out_channels", channels, wanted));
            }
        }
        if self.block_out_channels[0] / 2 <= self.freq_shift {
            return Err(refused("freq_shift", self.freq_shift, "0 or 1"));
        }
        let side = self.side()?;
        let shrink = self.size_divisor();
        if side == 0 || side % shrink != 0 || side > 4096 {
            return Err(refused("sample_size", side, &format!("a multiple of {shrink}")));
        }
        Ok(())
    }

    /// Width and height of its images.
    pub fn side(&self) -> Result<usize> {
        match self.sample_size {
            Side::Square(side) => Ok(side),
            Side::Sides([height, width]) if height == width => Ok(width),
            Side::Sides(sides) => Err(refused("sample_size", format!("{sides:?}"), "a square")),
            Side::None => Err(refused("sample_size", "null", "a number")),
        }
    }

    /// Width and height of an image must be multiples of this: all blocks but the last halve them.
    pub fn size_divisor(&self) -> usize {
        1 << self.block_out_channels.len().saturating_sub(1).min(16)
    }

    /// Width of the vector that every residual block sees.
    pub(super) fn time_width(&self) -> usize {
        self.time_embedding_dim.unwrap_or(4 * self.block_out_channels[0])
    }
}

impl Spec {
    /// What the rest of the program wants to know: image size, channels and timesteps.
    pub fn run_config(&self) -> Result<RunConfig> {
        self.unet.check()?;
        let learned = self.scheduler.variance()?.is_learned();
        let (told, wanted) = match learned {
            true => (2 * self.unet.in_channels, "twice the in_channels, for learned_range"),
            false => (self.unet.in_channels, "as many as in_channels"),
        };
        if told != self.unet.out_channels {
            return Err(refused("out_channels", self.unet.out_channels, wanted));
        }
        if ![1, 3].contains(&self.unet.in_channels) {
            return Err(refused("in_channels", self.unet.in_channels, "1 or 3"));
        }
        self.scheduler.check()?;
        let defaults = ModelParams::default();
        let config = RunConfig {
            model_params: ModelParams {
                im_channels: self.unet.in_channels,
                im_size: self.unet.side()?,
                // Of a network that is not built; nothing of it may forbid the size.
                down_sample: vec![false; defaults.levels()],
                num_classes: self.unet.num_class_embeds.unwrap_or(0),
                ..defaults
            },
            diffusion_params: self.scheduler.params()?,
            // diffusers trains its classes without leaving any out.
            train_params: TrainParams { class_dropout: 0.0, ..TrainParams::default() },
            ..RunConfig::default()
        };
        Ok(config.validate()?.into_inner())
    }
}

pub(super) fn refused(key: &str, value: impl std::fmt::Display, wanted: &str) -> Error {
    Error::Checkpoint(format!("`{key}` is {value}, which does not run here; {wanted} would do"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::VarianceType;
    use serde_json::json;

    /// What is said of a configuration that would run but for `keys`.
    fn fault(keys: &serde_json::Value) -> Option<String> {
        let good = UNet2DConfig { sample_size: Side::Square(32), ..Default::default() };
        let mut written = serde_json::to_value(good).unwrap();
        for (key, value) in keys.as_object().unwrap() {
            written[key] = value.clone();
        }
        let read: UNet2DConfig = serde_json::from_value(written).unwrap();
        read.check().err().map(|error| error.to_string())
    }

    #[test]
    fn what_does_not_run_is_named() {
        let cases = [
            ("act_fn", json!("gelu")),
            ("up_block_types", json!([])),
            (
                "down_block_types",
                json!(["SkipDownBlock2D", "DownBlock2D", "DownBlock2D", "DownBlock2D"]),
            ),
            ("norm_num_groups", json!(0)),
            ("attn_norm_num_groups", json!(0)),
            ("sample_size", json!(null)),
            ("sample_size", json!(30)),
            ("sample_size", json!([32, 64])),
            ("time_embedding_type", json!("fourier")),
            ("freq_shift", json!(112)),
            ("downsample_padding", json!(2)),
            ("downsample_type", json!("resnet")),
            ("upsample_type", json!("resnet")),
            ("mid_block_scale_factor", json!(2.0)),
            ("mid_block_type", json!(null)),
            ("resnet_time_scale_shift", json!("ada_group")),
            ("class_embed_type", json!("timestep")),
            ("a_new_key", json!("wavelet")),
        ];
        for (key, value) in cases {
            let error = fault(&json!({key: value.clone()})).unwrap_or_default();
            assert!(error.contains(&format!("`{key}`")), "{key} {value}: {error}");
        }
        assert!(fault(&json!({"norm_num_groups": 33})).unwrap().contains("`block_out_channels`"));
    }

    #[test]
    fn what_changes_no_drawing_is_kept() {
        let keys = json!({"dropout": 0.3, "num_train_timesteps": 1000, "a_new_key": null});
        assert_eq!(fault(&keys), None);
        let read: UNet2DConfig = serde_json::from_value(keys.clone()).unwrap();
        let written = serde_json::to_value(read).unwrap();
        for (key, value) in keys.as_object().unwrap() {
            assert_eq!(&written[key], value);
        }
    }

    #[test]
    fn a_learned_variance_needs_twice_the_channels() {
        let spec = |variance: &str, out_channels| Spec {
            unet: UNet2DConfig {
                sample_size: Side::Square(32),
                out_channels,
                ..Default::default()
            },
            scheduler: SchedulerConfig {
                variance_type: Some(variance.into()),
                ..Default::default()
            },
        };
        let read = |variance: &str, out_channels| {
            let config = spec(variance, out_channels).run_config();
            config.map(|config| config.diffusion_params.variance_type).map_err(|e| e.to_string())
        };
        assert_eq!(read("learned_range", 6), Ok(VarianceType::LearnedRange));
        assert_eq!(read("fixed_large_log", 3), Ok(VarianceType::FixedLarge));
        assert!(read("learned_range", 3).unwrap_err().contains("twice"));
        assert!(read("fixed_small", 6).unwrap_err().contains("out_channels"));
        assert!(read("learned", 6).unwrap_err().contains("variance_type"));
        let none: SchedulerConfig = serde_json::from_str(r#"{"variance_type": null}"#).unwrap();
        assert_eq!(none.variance().unwrap(), VarianceType::FixedSmall);
    }
}
