//! Whether the parts of an autoencoder fit together, and whether a network can draw in its latents.

use super::validate::neighbours;
use super::{AutoencoderParams, ConfigError, FieldError, ModelParams, RunConfig};

/// What is wrong with the autoencoder of a run.
pub(super) fn misfits(config: &RunConfig, errors: &mut Vec<FieldError>) {
    let (params, model) = (&config.autoencoder_params, &config.model_params);
    let before = errors.len();
    lengths(params, errors);
    if errors.len() > before {
        return;
    }
    norms(params, errors);
    heads(params, errors);
    sides(params, model.im_size, errors);
    thumbnail(params, model.im_channels, errors);
}

fn fault(field: &str, message: String) -> FieldError {
    FieldError::new(format!("autoencoder_params.{field}"), message)
}

fn lengths(params: &AutoencoderParams, errors: &mut Vec<FieldError>) {
    let down = params.down_channels.len();
    if down < 2 {
        let message = format!("has {down} entries; give at least two, as in 32, 64");
        errors.push(fault("down_channels", message));
        return;
    }
    let flags = params.down_sample.len();
    if flags != down - 1 {
        let message = format!("has {flags} entries; {down} down_channels need {}", down - 1);
        errors.push(fault("down_sample", message));
    }
    let flags = params.attn_down.len();
    if flags != 0 && flags != down - 1 {
        let message = format!(
            "has {flags} entries; {down} down_channels need {}, or none for no attention",
            down - 1
        );
        errors.push(fault("attn_down", message));
    }
    let (mids, bottom) = (&params.mid_channels, params.down_channels[down - 1]);
    let ends = [mids.first(), mids.last()];
    if mids.len() < 2 || ends.iter().any(|end| *end != Some(&bottom)) {
        let message = format!(
            "needs at least two entries and must begin and end with the last down channel, as in \
             {bottom}, {bottom}"
        );
        errors.push(fault("mid_channels", message));
    }
    if params.disc_weight > 0.0 && params.disc_channels.is_empty() {
        errors.push(fault("disc_channels", "is empty; give some, as in 32, 64".into()));
    }
}

/// Each colour of a thumbnail takes a latent.
fn thumbnail(params: &AutoencoderParams, colours: usize, errors: &mut Vec<FieldError>) {
    if params.thumbnail && params.z_channels < colours {
        let message = format!(
            "{} is too few for autoencoder_params.thumbnail with {colours} colour channels; give \
             {colours} or more, or turn the thumbnail off",
            params.z_channels
        );
        errors.push(fault("z_channels", message));
    }
}

/// Every width that is normalised must be divisible by the groups.
fn norms(params: &AutoencoderParams, errors: &mut Vec<FieldError>) {
    let groups = params.norm_channels;
    let judges = if params.disc_weight > 0.0 { &params.disc_channels[1..] } else { &[] };
    let normed = [
        ("down_channels", params.down_channels.as_slice()),
        ("mid_channels", &params.mid_channels),
        ("disc_channels", judges),
    ];
    for (field, channels) in normed {
        if let Some(odd) = channels.iter().find(|&&channels| channels % groups != 0) {
            let would_do = neighbours(*odd, groups);
            let message = format!("{odd} is not divisible by norm_channels {groups}; {would_do}");
            errors.push(fault(field, message));
        }
    }
}

/// Every width that is attended must be divisible by the heads.
fn heads(params: &AutoencoderParams, errors: &mut Vec<FieldError>) {
    let levels = (0..params.levels()).filter(|&level| params.attention_at(level));
    let sides = levels.flat_map(|level| &params.down_channels[level..level + 2]);
    let downs = sides.map(|channels| ("down_channels", channels));
    let mids = params.mid_channels.iter().map(|channels| ("mid_channels", channels));
    let heads = params.num_heads;
    let odd = downs.chain(mids).find(|(_, channels)| !channels.is_multiple_of(heads));
    if let Some((field, channels)) = odd {
        let would_do = neighbours(*channels, heads);
        let message = format!("{channels} is not divisible by num_heads {heads}; {would_do}");
        errors.push(fault(field, message));
    }
}

fn sides(params: &AutoencoderParams, side: usize, errors: &mut Vec<FieldError>) {
    let factor = params.factor();
    if factor == 1 {
        let message = "halves nothing; let at least one level halve, as in true, true".into();
        errors.push(fault("down_sample", message));
    }
    if !side.is_multiple_of(factor) {
        let message = format!(
            "{side} is not divisible by {factor}, which the halvings in \
             autoencoder_params.down_sample need; {}",
            neighbours(side, factor)
        );
        errors.push(FieldError::new("model_params.im_size", message));
    }
    let layers = params.disc_channels.len();
    let judged = 1usize.checked_shl(layers as u32 + 1).unwrap_or(usize::MAX);
    if params.disc_weight > 0.0 && (side < judged || !side.is_multiple_of(judged / 2)) {
        let most = (1..layers).rev().find(|&fewer| side.is_multiple_of(2 << fewer)).unwrap_or(1);
        let message = format!(
            "{layers} halvings of {side} pixels leave nothing to judge; give at most {most} \
             channels for this size"
        );
        errors.push(fault("disc_channels", message));
    }
}

impl RunConfig {
    /// Whether the network of this run can learn and draw in the latents of the autoencoder that
    /// `autoencoder` trained; errors name the fields of this run.
    pub fn check_autoencoder(&self, autoencoder: &RunConfig) -> Result<(), ConfigError> {
        let (model, params) = (&self.model_params, &autoencoder.autoencoder_params);
        let name = &model.autoencoder;
        if !autoencoder.is_autoencoder() {
            let message = format!(
                "`{name}` is no autoencoder; give the name of a run whose autoencoder_params.kind \
                 is kl or vq"
            );
            return Err(ConfigError::one("model_params.autoencoder", message));
        }
        let channels = autoencoder.model_params.im_channels;
        if model.im_channels != channels {
            let message = format!(
                "{} does not fit the autoencoder `{name}`, which knows pictures with {channels}; \
                 give {channels}",
                model.im_channels
            );
            return Err(ConfigError::one("model_params.im_channels", message));
        }
        check_latent_size(model, params)
    }
}

/// The side must be divisible by what the autoencoder and the network divide it by, one after the
/// other.
fn check_latent_size(model: &ModelParams, params: &AutoencoderParams) -> Result<(), ConfigError> {
    let (factor, divisor) = (params.factor(), model.size_divisor());
    let side = model.im_size;
    if side.is_multiple_of(factor * divisor) {
        return Ok(());
    }
    let message = format!(
        "{side} is not divisible by {}: the autoencoder `{}` makes a latent of {factor}x{factor} \
         pixels, and down_sample halves latents {} times; {}",
        factor * divisor,
        model.autoencoder,
        divisor.trailing_zeros(),
        neighbours(side, factor * divisor)
    );
    Err(ConfigError::one("model_params.im_size", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn autoencoder(changes: &[(&str, &str)]) -> RunConfig {
        let mut config = RunConfig::preset("autoencoder").unwrap();
        for (key, value) in changes {
            config.set(key, value).unwrap();
        }
        config
    }

    #[test]
    fn each_misfit_names_its_field_and_what_would_do() {
        let cases = [
            ("down_channels", "32", "down_channels", "at least two"),
            ("down_sample", "true", "down_sample", "need 3"),
            ("attn_down", "true", "attn_down", "or none"),
            ("mid_channels", "32", "mid_channels", "begin and end with the last down channel"),
            ("norm_channels", "5", "down_channels", "not divisible by norm_channels 5"),
            ("z_channels", "2", "z_channels", "give 3 or more"),
            ("num_heads", "5", "mid_channels", "not divisible by num_heads 5"),
            ("down_sample", "no, no, no", "down_sample", "halves nothing"),
            ("disc_channels", "8, 8, 8, 8, 8, 8, 8", "disc_channels", "give at most 5"),
            ("disc_channels", "", "disc_channels", "give some"),
        ];
        for (field, value, at, words) in cases {
            let base = [
                ("autoencoder_params.down_channels", "16, 32, 32, 32"),
                ("autoencoder_params.mid_channels", "32, 32"),
                ("autoencoder_params.down_sample", "yes, yes, no"),
                ("autoencoder_params.disc_weight", "0.5"),
            ];
            let key = format!("autoencoder_params.{field}");
            let config = autoencoder(&[&base[..], &[(&key, value)]].concat());
            let error = config.validate().unwrap_err();
            let message = error.for_field(&format!("autoencoder_params.{at}"));
            let message = message.unwrap_or_else(|| panic!("{field}={value}: {error}"));
            assert!(message.contains(words), "{field}={value}: {message}");
        }
    }

    #[test]
    fn what_a_run_does_not_build_is_not_checked() {
        // Too odd for a network that draws, but none is built.
        let odd = [("model_params.im_size", "68"), ("model_params.num_heads", "3")];
        autoencoder(&odd).validate().unwrap();
        let error = autoencoder(&[("model_params.im_size", "66")]).validate().unwrap_err();
        let message = error.for_field("model_params.im_size").unwrap();
        assert!(message.contains("64 or 68 would do"), "{message}");
        let mut drawing = RunConfig::default();
        drawing.autoencoder_params.mid_channels = vec![3];
        drawing.validate().unwrap();
    }

    #[test]
    fn an_autoencoder_sees_pixels() {
        let error = autoencoder(&[("model_params.autoencoder", "other")]).validate().unwrap_err();
        let message = error.for_field("model_params.autoencoder").unwrap();
        assert!(message.contains("leave it empty"), "{message}");
    }

    #[test]
    fn a_network_must_fit_the_autoencoder_whose_latents_it_draws() {
        let small = autoencoder(&[]);
        let latent = RunConfig::preset("latent").unwrap();
        assert_eq!(latent.check_autoencoder(&small), Ok(()));
        let message = |key: &str, value: &str, autoencoder: &RunConfig| {
            let mut changed = latent.clone();
            changed.set(key, value).unwrap();
            changed.check_autoencoder(autoencoder).unwrap_err().to_string()
        };
        let size = message("model_params.im_size", "40", &small);
        assert!(size.contains("model_params.im_size: 40 is not divisible by 16"), "{size}");
        assert!(size.contains("32 or 48 would do"), "{size}");
        let channels = message("model_params.im_channels", "1", &small);
        assert!(channels.contains("give 3"), "{channels}");
        let drawing = message("model_params.im_channels", "1", &RunConfig::default());
        assert!(drawing.starts_with("model_params.autoencoder: `autoencoder` is no autoencoder"));
    }
}
