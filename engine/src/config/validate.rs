//! From what was written to what can be built.

use std::ops::Deref;

use super::{
    BetaSchedule, ConfigError, DiffusionParams, FieldError, LrSchedule, ModelParams, Prediction,
    RunConfig, SETTINGS, ScheduleFlaw, autoencoder_fit,
};

/// A configuration whose parts fit together. The only way to one is [`RunConfig::validate`].
#[derive(Clone, Debug, PartialEq)]
pub struct ValidConfig(RunConfig);

impl Deref for ValidConfig {
    type Target = RunConfig;

    fn deref(&self) -> &RunConfig {
        &self.0
    }
}

impl ValidConfig {
    pub fn into_inner(self) -> RunConfig {
        self.0
    }
}

impl RunConfig {
    /// Checks every range and how the parts fit together; tells all that is wrong at once.
    pub fn validate(self) -> Result<ValidConfig, ConfigError> {
        let mut errors = out_of_range(&self);
        if errors.is_empty() {
            errors = misfits(&self);
        }
        if errors.is_empty() { Ok(ValidConfig(self)) } else { Err(ConfigError(errors)) }
    }
}

fn out_of_range(config: &RunConfig) -> Vec<FieldError> {
    let mut scratch = config.clone();
    SETTINGS
        .iter()
        .filter_map(|setting| {
            let shown = config.get(setting.key).unwrap_or_default();
            scratch.set(setting.key, &shown).err()
        })
        .flat_map(|error| error.0)
        .collect()
}

fn misfits(config: &RunConfig) -> Vec<FieldError> {
    let mut errors = Vec::new();
    match config.is_autoencoder() {
        true => autoencoder(config, &mut errors),
        false => network(config, &mut errors),
    }
    if let Err(message) = LrSchedule::parse(&config.train_params.lr_schedule) {
        errors.push(FieldError::new("train_params.lr_schedule", message));
    }
    names(config, &mut errors);
    errors
}

/// A run that trains an autoencoder builds no network that draws, and need not say how.
fn autoencoder(config: &RunConfig, errors: &mut Vec<FieldError>) {
    autoencoder_fit::misfits(config, errors);
    if config.model_params.draws_latents() {
        errors.push(FieldError::new(
            "model_params.autoencoder",
            "an autoencoder is trained on pixels; leave it empty, or set autoencoder_params.kind to \
             none to train a network in the latents of this one",
        ));
    }
}

fn network(config: &RunConfig, errors: &mut Vec<FieldError>) {
    diffusion(&config.diffusion_params, errors);
    lengths(&config.model_params, errors);
    if errors.is_empty() {
        widths(&config.model_params, errors);
        size(&config.model_params, errors);
    }
}

fn diffusion(diffusion: &DiffusionParams, errors: &mut Vec<FieldError>) {
    let (first, last) = (diffusion.beta_start, diffusion.beta_end);
    if first > last && diffusion.beta_schedule != BetaSchedule::Cosine {
        errors.push(FieldError::new(
            "diffusion_params.beta_start",
            format!("{first} is above beta_end {last}; betas must not fall"),
        ));
    } else {
        errors.extend(schedule_fault(diffusion));
    }
    if diffusion.rescale_zero_snr && diffusion.prediction_type == Prediction::Noise {
        errors.push(FieldError::new(
            "diffusion_params.rescale_zero_snr",
            "from pure noise, a prediction of the noise tells nothing; set prediction_type to \
             v_prediction or sample, or leave this off",
        ));
    }
}

fn schedule_fault(diffusion: &DiffusionParams) -> Option<FieldError> {
    let betas: Vec<f32> = diffusion.betas().into_iter().map(|beta| beta as f32).collect();
    let (field, message) = match ScheduleFlaw::of(&betas)? {
        ScheduleFlaw::BeginsClean => {
            let first = diffusion.beta_start;
            ("beta_start", format!("{first} adds no noise in the first step; give at least 1e-7"))
        }
        ScheduleFlaw::EndsEarly(timestep) => {
            let (last, steps) = (diffusion.beta_end, diffusion.num_timesteps);
            let message = format!(
                "{last} leaves nothing of the picture after {timestep} of {steps} timesteps; give a \
                 smaller one or fewer timesteps"
            );
            ("beta_end", message)
        }
    };
    Some(FieldError::new(format!("diffusion_params.{field}"), message))
}

fn lengths(model: &ModelParams, errors: &mut Vec<FieldError>) {
    let mut fault = |field: &str, message: String| {
        errors.push(FieldError::new(format!("model_params.{field}"), message));
    };
    let down = model.down_channels.len();
    if down < 2 {
        fault("down_channels", format!("has {down} entries; give at least two, as in 32, 64"));
        return;
    }
    if model.down_sample.len() != down - 1 {
        fault(
            "down_sample",
            format!(
                "has {} entries; {down} down_channels need {}",
                model.down_sample.len(),
                down - 1
            ),
        );
    }
    if !model.attn_down.is_empty() && model.attn_down.len() != down - 1 {
        fault(
            "attn_down",
            format!(
                "has {} entries; {down} down_channels need {}, or none for attention everywhere",
                model.attn_down.len(),
                down - 1
            ),
        );
    }
    if model.mid_channels.len() < 2 {
        fault("mid_channels", "needs at least two entries, as in 64, 64, 32".into());
        return;
    }
    let (first, last) = (model.mid_channels[0], model.mid_channels[model.mid_channels.len() - 1]);
    let (bottom, above) = (model.down_channels[down - 1], model.down_channels[down - 2]);
    if first != bottom {
        fault(
            "mid_channels",
            format!("begins with {first}; it must begin with the last down channel, {bottom}"),
        );
    }
    if last != above {
        fault(
            "mid_channels",
            format!("ends with {last}; it must end with the last but one down channel, {above}"),
        );
    }
}

/// Every width that is normalised must be divisible by the groups, every one attended by the heads.
fn widths(model: &ModelParams, errors: &mut Vec<FieldError>) {
    let groups = model.norm_groups;
    let normed = [
        ("down_channels", model.down_channels.as_slice()),
        ("mid_channels", &model.mid_channels),
        ("conv_out_channels", &[model.conv_out_channels]),
    ];
    for (field, channels) in normed {
        if let Some(odd) = channels.iter().find(|&&channels| channels % groups != 0) {
            errors.push(FieldError::new(
                format!("model_params.{field}"),
                format!(
                    "{odd} is not divisible by norm_groups {groups}; {}",
                    neighbours(*odd, groups)
                ),
            ));
        }
    }
    for (field, channels) in attended(model) {
        if channels % model.num_heads != 0 {
            errors.push(FieldError::new(
                format!("model_params.{field}"),
                format!(
                    "{channels} is not divisible by num_heads {}; {}",
                    model.num_heads,
                    neighbours(channels, model.num_heads)
                ),
            ));
            return;
        }
    }
    if !model.time_emb_dim.is_multiple_of(2) {
        errors.push(FieldError::new(
            "model_params.time_emb_dim",
            format!(
                "{} is odd; half of it holds sines, half cosines: give an even number",
                model.time_emb_dim
            ),
        ));
    }
}

/// The channel counts that pass through an attention layer, with the field each comes from.
fn attended(model: &ModelParams) -> Vec<(&'static str, usize)> {
    let mut found = Vec::new();
    for level in (0..model.levels()).filter(|&level| model.attention_at(level)) {
        found.push(("down_channels", model.down_channels[level + 1]));
        found.push(match level {
            0 => ("conv_out_channels", model.conv_out_channels),
            _ => ("down_channels", model.down_channels[level - 1]),
        });
    }
    found.extend(model.mid_channels[1..].iter().map(|&channels| ("mid_channels", channels)));
    found
}

/// The multiples of `divisor` on either side of `value`, 0 left out, in words.
pub(super) fn neighbours(value: usize, divisor: usize) -> String {
    let below = value / divisor * divisor;
    match below {
        0 => format!("{divisor} would do"),
        _ => format!("{below} or {} would do", below + divisor),
    }
}

fn size(model: &ModelParams, errors: &mut Vec<FieldError>) {
    let divisor = model.size_divisor();
    if !model.im_size.is_multiple_of(divisor) {
        errors.push(FieldError::new(
            "model_params.im_size",
            format!(
                "{} is not divisible by {divisor}, which {} halvings in down_sample need; {}",
                model.im_size,
                divisor.trailing_zeros(),
                neighbours(model.im_size, divisor)
            ),
        ));
    }
}

fn names(config: &RunConfig, errors: &mut Vec<FieldError>) {
    if let Some(fault) = name_fault(&config.train_params.task_name) {
        errors.push(FieldError::new("train_params.task_name", fault));
    }
    if parse_colour(&config.dataset_params.background).is_none() {
        errors.push(FieldError::new(
            "dataset_params.background",
            format!("`{}` is not a colour; give one as #rrggbb", config.dataset_params.background),
        ));
    }
}

/// What is wrong with `name` as the name of a run, a model or a data set; nothing if it will do.
pub fn name_fault(name: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let will_do =
        (1..=64).contains(&name.len()) && name.chars().all(fits) && !name.starts_with('.');
    (!will_do).then(|| {
        format!("`{name}` will not do; use 1 to 64 letters, digits, dots, dashes or underscores, no dot first")
    })
}

/// Reads `#rrggbb`.
pub fn parse_colour(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.is_ascii())?;
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some([byte(0)?, byte(2)?, byte(4)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(key: &str, value: &str) -> ConfigError {
        let mut config = RunConfig::default();
        config.set(key, value).unwrap();
        config.validate().unwrap_err()
    }

    #[test]
    fn presets_are_valid() {
        for preset in crate::config::PRESETS {
            RunConfig::preset(preset.name).unwrap().validate().unwrap();
        }
    }

    #[test]
    fn each_misfit_names_its_field_and_what_would_do() {
        let cases = [
            ("diffusion_params.beta_start", "1e-8", "diffusion_params.beta_start", "at least 1e-7"),
            ("diffusion_params.beta_end", "0.5", "diffusion_params.beta_end", "give a smaller one"),
            ("model_params.im_size", "30", "model_params.im_size", "28 or 32 would do"),
            ("model_params.conv_out_channels", "12", "model_params.conv_out_channels", "8 or 16"),
            (
                "model_params.mid_channels",
                "128, 128",
                "model_params.mid_channels",
                "begin with the last",
            ),
            (
                "model_params.mid_channels",
                "256, 64",
                "model_params.mid_channels",
                "end with the last but one",
            ),
            (
                "model_params.num_heads",
                "3",
                "model_params.down_channels",
                "not divisible by num_heads 3",
            ),
            ("model_params.down_sample", "true", "model_params.down_sample", "need 3"),
            ("model_params.attn_down", "true", "model_params.attn_down", "or none"),
            ("model_params.time_emb_dim", "7", "model_params.time_emb_dim", "even number"),
            ("model_params.down_channels", "64", "model_params.down_channels", "at least two"),
            ("diffusion_params.beta_start", "0.5", "diffusion_params.beta_start", "must not fall"),
            (
                "diffusion_params.rescale_zero_snr",
                "true",
                "diffusion_params.rescale_zero_snr",
                "v_prediction",
            ),
            ("train_params.lr_schedule", "slow", "train_params.lr_schedule", "constant, linear"),
            ("train_params.task_name", "../x", "train_params.task_name", "will not do"),
            ("dataset_params.background", "red", "dataset_params.background", "#rrggbb"),
        ];
        for (key, value, field, words) in cases {
            let error = fault(key, value);
            let message =
                error.for_field(field).unwrap_or_else(|| panic!("{key}={value}: {error}"));
            assert!(message.contains(words), "{key}={value}: {message}");
        }
    }

    #[test]
    fn colours_and_names() {
        assert_eq!(parse_colour("#ff8000"), Some([255, 128, 0]));
        assert_eq!(parse_colour("ff8000"), None);
        assert!(name_fault("run-1.b_2").is_none());
        for bad in ["", "a/b", "..", "é", "a b", &"x".repeat(65)] {
            assert!(name_fault(bad).is_some(), "{bad}");
        }
    }
}
