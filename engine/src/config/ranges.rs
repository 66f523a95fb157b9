//! What the settings of a generation may be that are numbers.

use super::{ConfigError, FieldError, GenerateSettings};

const SIDE: f64 = GenerateSettings::MAX_SIDE as f64;
const STEPS: f64 = GenerateSettings::MAX_STEPS as f64;
const SEED: f64 = GenerateSettings::MAX_SEED as f64;

/// The least and the most by key.
const RANGES: [(&str, f64, f64); 19] = [
    ("steps", 1.0, STEPS),
    ("width", 0.0, SIDE),
    ("height", 0.0, SIDE),
    ("batch_count", 1.0, GenerateSettings::MAX_BATCH_COUNT as f64),
    ("batch_size", 1.0, GenerateSettings::MAX_BATCH_SIZE as f64),
    ("seed", -1.0, SEED),
    ("subseed", -1.0, SEED),
    ("subseed_strength", 0.0, 1.0),
    ("seed_resize_from_w", 0.0, SIDE),
    ("seed_resize_from_h", 0.0, SIDE),
    ("walk_frames", 0.0, GenerateSettings::MAX_WALK_FRAMES as f64),
    ("mask_blur", 0.0, GenerateSettings::MAX_MASK_BLUR as f64),
    ("inpaint_full_res_padding", 0.0, GenerateSettings::MAX_PADDING as f64),
    ("cfg_scale", 0.0, GenerateSettings::MAX_CFG_SCALE),
    ("eta", 0.0, 1.0),
    ("denoising_strength", 0.0, 1.0),
    ("hires_scale", 1.0, GenerateSettings::MAX_HIRES_SCALE),
    ("hires_steps", 0.0, STEPS),
    ("hires_denoising", 0.0, 1.0),
];

/// Ends what is said of steps: a model may have fewer than any model can have, and which one it is, is
/// not known here.
const TIMESTEPS: &str = "the model's timesteps";

impl ConfigError {
    /// The same of a model with so many `timesteps`.
    pub fn with_timesteps(mut self, timesteps: usize) -> Self {
        for fault in &mut self.0 {
            if let Some(before) = fault.message.strip_suffix(TIMESTEPS) {
                fault.message = format!("{before}{timesteps}");
            }
        }
        self
    }
}

/// The numbers that would do, in words.
fn told(key: &str, least: f64, most: f64) -> String {
    match key {
        "steps" | "hires_steps" => format!("{least} to {TIMESTEPS}"),
        _ => format!("{least} to {most}"),
    }
}

/// What is wrong with `value` as the setting called `key`, if it is out of its range.
pub(super) fn out_of_range(key: &str, value: f64) -> Option<FieldError> {
    let message = range_fault(key, value, &value.to_string())?;
    Some(FieldError::new(key, message))
}

/// What is wrong with `text` that the setting called `key` could not be read from, where that is not
/// the way it is written.
pub(super) fn unread(key: &str, text: &str) -> Option<String> {
    let (_, least, most) = RANGES.iter().find(|(known, ..)| *known == key)?;
    let text = text.trim();
    if text.is_empty() {
        return Some(format!("give a number from {}", told(key, *least, *most)));
    }
    range_fault(key, text.parse().ok().filter(|value: &f64| !value.is_nan())?, text)
}

fn range_fault(key: &str, value: f64, shown: &str) -> Option<String> {
    let (_, least, most) = RANGES.iter().find(|(known, ..)| *known == key)?;
    // Written so that NaN is out of range too.
    let is_in = (*least..=*most).contains(&value);
    (!is_in).then(|| format!("{shown} is out of range; give {}", told(key, *least, *most)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of `text` as the setting called `key`, before or when ranges are checked.
    fn said(key: &str, text: &str) -> Option<String> {
        let mut settings = GenerateSettings::default();
        let checked = settings.set(key, text).and_then(|()| settings.validate());
        checked.err().and_then(|error| error.for_field(key).map(str::to_owned))
    }

    #[test]
    fn a_number_that_will_not_do_is_told_with_those_that_would() {
        for (key, text, wanted) in [
            ("steps", "-5", "-5 is out of range; give 1 to the model's timesteps"),
            ("steps", "0", "0 is out of range; give 1 to the model's timesteps"),
            ("steps", " ", "give a number from 1 to the model's timesteps"),
            ("batch_size", "", "give a number from 1 to 256"),
            ("batch_size", "1e99", "1e99 is out of range; give 1 to 256"),
            ("seed", "", "give a number from -1 to 4294967295"),
            ("seed", "99999999999999999999", "99999999999999999999 is out of range; give -1 to"),
            ("seed", "1e10", "10000000000 is out of range; give -1 to 4294967295"),
            ("seed", "1.5", "`1.5` is not a whole number"),
            ("seed", "NaN", "`NaN` is not a whole number"),
            ("eta", "", "give a number from 0 to 1"),
            ("eta", "much", "`much` is not a number"),
            ("hires_scale", "5", "5 is out of range; give 1 to 4"),
        ] {
            let found = said(key, text).unwrap_or_default();
            assert!(found.starts_with(wanted), "{key} {text:?}: {found}");
        }
    }

    #[test]
    fn of_a_model_that_is_known_its_timesteps_are_told() {
        let settings = GenerateSettings { steps: 0, batch_size: 0, ..Default::default() };
        let told = settings.validate().unwrap_err().with_timesteps(250);
        assert_eq!(told.for_field("steps"), Some("0 is out of range; give 1 to 250"));
        assert_eq!(told.for_field("batch_size"), Some("0 is out of range; give 1 to 256"));
    }

    #[test]
    fn a_whole_number_reads_as_a_number_box_takes_it() {
        let mut settings = GenerateSettings::default();
        for (text, seed) in [("1e9", 1_000_000_000), ("12.0", 12), (" +7 ", 7), ("-1", -1)] {
            settings.set("seed", text).unwrap();
            assert_eq!(settings.seed, seed, "{text}");
        }
        settings.set("steps", "1e2").unwrap();
        assert_eq!(settings.steps, 100);
    }

    #[test]
    fn every_number_has_a_range() {
        let settings = GenerateSettings::default();
        for key in GenerateSettings::KEYS {
            let is_number = settings.get(key).unwrap().parse::<f64>().is_ok();
            assert_eq!(unread(key, "").is_some(), is_number, "{key}");
        }
    }
}
