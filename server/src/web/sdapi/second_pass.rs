//! The fields of `txt2img` that ask for a second pass (A1111's "hires fix").

use engine::config::{ConfigError, FieldError, GenerateSettings, Upscaler};

use super::body::{Object, number, text};

/// A1111's strength where none is given.
const UNASKED_STRENGTH: f64 = 0.75;

/// What must be left out, because one model and one prompt serve both passes.
const CANNOT: [(&str, &str); 5] = [
    ("hr_checkpoint_name", "the second pass has the first one's model; leave this out"),
    ("hr_sampler_name", "the second pass has the first one's sampler; leave this out"),
    ("hr_scheduler", "the second pass has the first one's schedule; leave this out"),
    ("hr_prompt", "the second pass has the first one's prompt; leave this out"),
    ("hr_negative_prompt", "the second pass has the first one's prompt; leave this out"),
];

/// How far two scales may be apart and still mean one.
const SAME_SCALE: f64 = 0.01;

/// Writes the second pass that `fields` ask for into `settings`, whose pictures have `size`.
pub fn apply(
    fields: &Object,
    size: (usize, usize),
    settings: &mut GenerateSettings,
) -> Result<(), ConfigError> {
    let mut faults: Vec<FieldError> = CANNOT
        .iter()
        .filter(|(field, _)| !is_same(&text(fields, field)))
        .map(|(field, words)| FieldError::new(*field, *words))
        .collect();
    settings.hires_scale = resized(fields, size).unwrap_or_else(|fault| {
        faults.push(fault);
        1.0
    });
    let upscaler = text(fields, "hr_upscaler");
    settings.hires_upscaler = upscaler_called(&upscaler).unwrap_or_else(|| {
        let known: Vec<&str> = Upscaler::ALL.iter().map(|upscaler| upscaler.name()).collect();
        let words = format!("there is no upscaler `{upscaler}`; give {}", known.join(" or "));
        faults.push(FieldError::new("hr_upscaler", words));
        Upscaler::default()
    });
    settings.hires_steps = usize::try_from(number(fields, "hr_second_pass_steps")).unwrap_or(0);
    settings.hires_denoising = fields["denoising_strength"].as_f64().unwrap_or(UNASKED_STRENGTH);
    if faults.is_empty() { Ok(()) } else { Err(ConfigError(faults)) }
}

/// What the sides grow by: a side that is given as such, in pixels, comes before the scale.
fn resized(fields: &Object, size: (usize, usize)) -> Result<f64, FieldError> {
    let scale = |field: &str, side: usize| {
        let wanted = number(fields, field);
        (wanted != 0).then(|| wanted as f64 / side as f64)
    };
    match (scale("hr_resize_x", size.0), scale("hr_resize_y", size.1)) {
        (None, None) => Ok(fields["hr_scale"].as_f64().unwrap_or(1.0)),
        (Some(wide), Some(high)) if (wide - high).abs() > SAME_SCALE * wide => {
            let height = (wide * size.1 as f64).round();
            let words = format!("both sides grow alike; give {height}, or 0 for whatever fits");
            Err(FieldError::new("hr_resize_y", words))
        }
        (Some(scale), _) | (None, Some(scale)) => Ok(scale),
    }
}

/// Clients write a drop-down's first line for what they leave as it is.
fn is_same(value: &str) -> bool {
    value.is_empty() || value.starts_with("Use same")
}

/// Latents enlarged are pictures here; nothing asked for is the usual one.
fn upscaler_called(name: &str) -> Option<Upscaler> {
    match name {
        "" | "None" => Some(Upscaler::default()),
        latent if latent.starts_with("Latent") => Some(Upscaler::default()),
        name => Upscaler::from_name(name).ok(),
    }
}

/// Faults under the names that the client knows.
pub fn renamed(error: ConfigError) -> ConfigError {
    let name = |field: String| match field.as_str() {
        "hires_scale" => "hr_scale".into(),
        "hires_steps" => "hr_second_pass_steps".into(),
        "hires_denoising" => "denoising_strength".into(),
        _ => field,
    };
    let faults = error.0.into_iter();
    ConfigError(faults.map(|fault| FieldError { field: name(fault.field), ..fault }).collect())
}
