//! Every setting of a run, once: read from YAML, changed by key, checked, written back.
//!
//! The keys are those of the reference code's YAML, which loads unchanged; keys that Darkroom adds
//! have defaults that do what the reference does. No tensor library is needed here, so this module
//! compiles for the browser too.

mod autoencoder;
mod autoencoder_fit;
mod betas;
mod diffusion;
mod down_sample_kind;
mod error;
mod field_text;
mod generate;
mod hires;
mod image_to_image;
mod loss_weighting;
mod lr_schedule;
mod plot;
mod precision;
mod presets;
mod prompt;
mod ranges;
mod sampler_options;
pub(crate) mod samplers;
mod sampling;
mod settings;
mod size;
mod training;
mod validate;

pub use autoencoder::{AutoencoderKind, AutoencoderParams};
pub use betas::{ScheduleFlaw, alphas_cumprod};
pub use diffusion::{BetaSchedule, DiffusionParams, Prediction, VarianceType};
pub use down_sample_kind::DownSampleKind;
pub use error::{ConfigError, FieldError, shown};
pub use generate::{GenerateSettings, unknown_name};
pub use hires::Upscaler;
pub use image_to_image::{MaskedContent, ResizeMode};
pub use loss_weighting::LossWeighting;
pub use lr_schedule::LrSchedule;
pub use plot::{Axis, Plot};
pub use precision::Precision;
pub use presets::{PRESETS, Preset};
pub use prompt::{Mix, Negative, Part, Prompt};
pub use sampler_options::{ClipSample, StepVariance, TimestepSpacing};
pub use sampling::{SAMPLERS, SCHEDULES, SamplerInfo, SamplerKind, Sampling, ScheduleKind};
pub use settings::{Group, Kind, SETTING_KEYS, SETTINGS, Setting, setting_at};
pub use size::check_size;
pub use training::{TimestepSampling, TrainParams};
pub use validate::{ValidConfig, name_fault, parse_colour};

use serde::{Deserialize, Serialize};

/// Where the images come from and how they are read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DatasetParams {
    pub im_path: String,
    pub background: String,
    pub flip: Flip,
    pub rotate: bool,
    pub crop: f64,
    pub colour_jitter: f64,
    pub augment_probability: f64,
    pub cutout: f64,
}

/// Along which axes images may be mirrored before they are trained on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flip {
    #[default]
    None,
    /// Left and right change places.
    Horizontal,
    /// Top and bottom change places.
    Vertical,
    Both,
}

impl Flip {
    pub const NAMES: &[&str] = &["none", "horizontal", "vertical", "both"];
}

impl Default for DatasetParams {
    fn default() -> Self {
        Self {
            im_path: "data/train/images".into(),
            background: "#000000".into(),
            flip: Flip::None,
            rotate: false,
            crop: 0.0,
            colour_jitter: 0.0,
            augment_probability: 0.0,
            cutout: 0.0,
        }
    }
}

/// The shape of the U-Net.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelParams {
    pub im_channels: usize,
    pub im_size: usize,
    pub down_channels: Vec<usize>,
    pub mid_channels: Vec<usize>,
    pub down_sample: Vec<bool>,
    pub down_sample_kind: DownSampleKind,
    pub attn_down: Vec<bool>,
    pub time_emb_dim: usize,
    pub num_down_layers: usize,
    pub num_mid_layers: usize,
    pub num_up_layers: usize,
    pub num_heads: usize,
    pub norm_groups: usize,
    pub conv_out_channels: usize,
    pub num_classes: usize,
    pub zero_init: bool,
    /// The name of the autoencoder in whose latents the network draws; empty for pixels.
    pub autoencoder: String,
    /// Whether the network tells a variance too, which [`RunConfig::network`] knows.
    #[serde(skip)]
    pub tells_variance: bool,
    /// Whether the network is told how an image was warped, which [`RunConfig::network`] knows.
    #[serde(skip)]
    pub told_of_warps: bool,
    /// The same of what was cut out of it.
    #[serde(skip)]
    pub told_of_cutouts: bool,
}

impl Default for ModelParams {
    fn default() -> Self {
        Self {
            im_channels: 1,
            im_size: 28,
            down_channels: vec![32, 64, 128, 256],
            mid_channels: vec![256, 256, 128],
            down_sample: vec![true, true, false],
            down_sample_kind: DownSampleKind::Conv,
            attn_down: Vec::new(),
            time_emb_dim: 128,
            num_down_layers: 2,
            num_mid_layers: 2,
            num_up_layers: 2,
            num_heads: 4,
            norm_groups: 8,
            conv_out_channels: 16,
            num_classes: 0,
            zero_init: false,
            autoencoder: String::new(),
            tells_variance: false,
            told_of_warps: false,
            told_of_cutouts: false,
        }
    }
}

impl ModelParams {
    /// Number of down blocks, and of up blocks.
    pub fn levels(&self) -> usize {
        self.down_channels.len().saturating_sub(1)
    }

    /// Whether down block `level`, and the up block facing it, use attention.
    pub fn attention_at(&self, level: usize) -> bool {
        self.attn_down.get(level).copied().unwrap_or(true)
    }

    /// Width and height must be divisible by this.
    pub fn size_divisor(&self) -> usize {
        1 << self.down_sample.iter().filter(|&&halves| halves).count()
    }

    /// Whether the network draws in the latents of an autoencoder.
    pub fn draws_latents(&self) -> bool {
        !self.autoencoder.is_empty()
    }

    /// Channels of what the network tells: those of the images, and as many again for a variance.
    pub fn out_channels(&self) -> usize {
        if self.tells_variance { 2 * self.im_channels } else { self.im_channels }
    }

    /// The same network as it is built to draw in the latents of `autoencoder`.
    pub fn in_latents(&self, autoencoder: &AutoencoderParams) -> Self {
        Self {
            im_channels: autoencoder.z_channels,
            im_size: self.im_size / autoencoder.factor(),
            ..self.clone()
        }
    }
}

/// The configuration of a run, as it stands in its YAML file. The default is the reference's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunConfig {
    pub dataset_params: DatasetParams,
    pub diffusion_params: DiffusionParams,
    pub model_params: ModelParams,
    pub autoencoder_params: AutoencoderParams,
    pub train_params: TrainParams,
}

impl RunConfig {
    /// The shape of the network that draws pixels, as it is built.
    pub fn network(&self) -> ModelParams {
        ModelParams {
            tells_variance: self.diffusion_params.variance_type.is_learned(),
            told_of_warps: self.dataset_params.augment_probability > 0.0,
            told_of_cutouts: self.dataset_params.cutout > 0.0,
            ..self.model_params.clone()
        }
    }

    /// Whether the run trains an autoencoder rather than a network that draws.
    pub fn is_autoencoder(&self) -> bool {
        self.autoencoder_params.kind != AutoencoderKind::None
    }

    /// Reads the reference's YAML, or one of ours. Unknown keys are errors that name the nearest known one.
    pub fn from_yaml(text: &str) -> Result<Self, ConfigError> {
        let tree: serde_json::Value = serde_saphyr::from_str(text)
            .map_err(|error| ConfigError::one("config", format!("not valid YAML: {error}")))?;
        Self::from_tree(tree)
    }

    /// Reads the JSON that [`RunConfig::to_json`] writes.
    pub fn from_json(text: &str) -> Result<Self, ConfigError> {
        let tree = serde_json::from_str(text)
            .map_err(|error| ConfigError::one("config", format!("not valid JSON: {error}")))?;
        Self::from_tree(tree)
    }

    fn from_tree(tree: serde_json::Value) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        let errors: Vec<FieldError> = leaves(tree)?
            .into_iter()
            .map(of_today)
            .filter_map(|(key, value)| config.set(&key, &plain_text(&value)).err())
            .flat_map(|error| error.0)
            .collect();
        if errors.is_empty() { Ok(config) } else { Err(ConfigError(errors)) }
    }

    /// This configuration as YAML, in the reference's layout.
    pub fn to_yaml(&self) -> String {
        serde_saphyr::to_string(self).expect("a configuration is plain data")
    }

    /// This configuration as JSON, as it stands in a checkpoint's metadata.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a configuration is plain data")
    }

    /// The value at `key` as text, the way [`RunConfig::set`] reads it.
    pub fn get(&self, key: &str) -> Option<String> {
        let (section, field) = key.split_once('.')?;
        let tree = serde_json::to_value(self).ok()?;
        Some(plain_text(tree.get(section)?.get(field)?))
    }

    /// Sets the value at `key` from text: a number, true/false, or a list with commas.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), ConfigError> {
        let setting = setting_at(key).ok_or_else(|| unknown_key(key))?;
        let value = parse(setting.kind, text.trim()).ok_or_else(|| {
            ConfigError::one(
                key,
                format!("`{}` will not do; {}", shown(text), setting.kind.expectation()),
            )
        })?;
        let mut tree = serde_json::to_value(&*self).expect("a configuration is plain data");
        let (section, field) = key.split_once('.').expect("every setting stands in a section");
        tree[section][field] = value;
        *self = serde_json::from_value(tree)
            .map_err(|error| ConfigError::one(key, error.to_string()))?;
        Ok(())
    }
}

/// The settings of a YAML tree by their dotted keys.
fn leaves(tree: serde_json::Value) -> Result<Vec<(String, serde_json::Value)>, ConfigError> {
    let serde_json::Value::Object(sections) = tree else {
        return Err(ConfigError::one(
            "config",
            "expected sections such as `model_params:` with settings below them",
        ));
    };
    let mut found = Vec::new();
    for (section, fields) in sections {
        match fields {
            serde_json::Value::Object(fields) => {
                found.extend(fields.into_iter().map(|(name, v)| (format!("{section}.{name}"), v)));
            }
            serde_json::Value::Null => {}
            _ => return Err(unknown_key(&section)),
        }
    }
    Ok(found)
}

/// A setting of an earlier version under the name and value it has now.
fn of_today((key, value): (String, serde_json::Value)) -> (String, serde_json::Value) {
    match key.as_str() {
        "train_params.lr_decay" => {
            let schedule = if value.as_bool() == Some(true) { "cosine" } else { "constant" };
            ("train_params.lr_schedule".into(), schedule.into())
        }
        _ => (key, value),
    }
}

fn plain_text(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) => {
            items.iter().map(plain_text).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn parse(kind: Kind, text: &str) -> Option<serde_json::Value> {
    let whole = |text: &str, min: u64, max: u64| {
        text.parse::<u64>().ok().filter(|n| (min..=max).contains(n)).map(serde_json::Value::from)
    };
    let list = |item: &dyn Fn(&str) -> Option<serde_json::Value>| {
        let inner = text.trim_start_matches('[').trim_end_matches(']').trim();
        if inner.is_empty() {
            return Some(serde_json::Value::Array(Vec::new()));
        }
        inner.split(',').map(|part| item(part.trim())).collect::<Option<Vec<_>>>().map(Into::into)
    };
    match kind {
        Kind::Int { min, max } => whole(text, min, max),
        Kind::Float { min, max } => {
            text.parse::<f64>().ok().filter(|x| (min..=max).contains(x)).map(Into::into)
        }
        Kind::Bool => boolean(text).map(Into::into),
        Kind::Choice(names) => {
            names.iter().find(|name| name.eq_ignore_ascii_case(text)).map(|&name| name.into())
        }
        Kind::Text => (!text.contains(['\n', '\r'])).then(|| text.into()),
        Kind::IntList { min, max } => list(&|part| whole(part, min, max)),
        Kind::BoolList => list(&|part| boolean(part).map(Into::into)),
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn unknown_key(key: &str) -> ConfigError {
    let nearest = SETTINGS
        .iter()
        .min_by_key(|setting| {
            let field = setting.key.split_once('.').map_or(setting.key, |(_, field)| field);
            let asked = key.split_once('.').map_or(key, |(_, field)| field);
            edit_distance(field, asked)
        })
        .map_or("", |setting| setting.key);
    ConfigError::one(key, format!("no such setting; the nearest is `{nearest}`"))
}

/// Levenshtein distance: how many letters must change to make one word the other.
pub(crate) fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCE_YAML: &str = "
dataset_params:
  im_path: 'data/train/images'
diffusion_params:
  num_timesteps : 1000
  beta_start : 0.0001
  beta_end : 0.02
model_params:
  im_channels : 1
  im_size : 28
  down_channels : [32, 64, 128, 256]
  mid_channels : [256, 256, 128]
  down_sample : [True, True, False]
  time_emb_dim : 128
  num_down_layers : 2
  num_mid_layers : 2
  num_up_layers : 2
  num_heads : 4
train_params:
  task_name: 'default'
  batch_size: 64
  num_epochs: 40
  num_samples : 100
  num_grid_rows : 10
  lr: 0.0001
  ckpt_name: 'ddpm_ckpt.pth'
";

    #[test]
    fn the_references_yaml_loads_unchanged_and_is_the_default() {
        assert_eq!(RunConfig::from_yaml(REFERENCE_YAML).unwrap(), RunConfig::default());
    }

    #[test]
    fn yaml_and_json_round_trip() {
        for preset in PRESETS {
            let config = RunConfig::preset(preset.name).unwrap();
            assert_eq!(RunConfig::from_yaml(&config.to_yaml()).unwrap(), config);
            assert_eq!(RunConfig::from_json(&config.to_json()).unwrap(), config);
        }
    }

    #[test]
    fn every_setting_reads_back_what_it_shows() {
        let mut config = RunConfig::preset("small").unwrap();
        let before = config.clone();
        for setting in SETTINGS {
            let shown = config.get(setting.key).unwrap_or_else(|| panic!("{}", setting.key));
            config.set(setting.key, &shown).unwrap();
        }
        assert_eq!(config, before);
    }

    #[test]
    fn a_setting_of_an_earlier_version_is_understood() {
        let read = |yaml: &str| RunConfig::from_yaml(yaml).unwrap().train_params.lr_schedule;
        assert_eq!(read("train_params:\n  lr_decay: true"), "cosine");
        assert_eq!(read("train_params:\n  lr_decay: false"), "constant");
    }

    #[test]
    fn messages_name_the_field_and_what_would_do() {
        let error = |yaml: &str| RunConfig::from_yaml(yaml).unwrap_err().to_string();
        assert_eq!(
            error("train_params:\n  lr: fast"),
            "train_params.lr: `fast` will not do; give a number from 0.00000001 to 1"
        );
        assert_eq!(
            error("train_params:\n  bach_size: 3"),
            "train_params.bach_size: no such setting; the nearest is `train_params.batch_size`"
        );
        assert_eq!(
            error("diffusion_params:\n  prediction_type: noise"),
            "diffusion_params.prediction_type: `noise` will not do; give epsilon, v_prediction or sample"
        );
        assert!(error("- 1\n- 2").contains("sections"));
        assert!(error("a: [").contains("not valid YAML"));
    }
}
