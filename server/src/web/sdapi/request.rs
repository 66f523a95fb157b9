//! The body of `POST /sdapi/v1/txt2img` and `img2img`, and what of it this program can do.

use app::api::ModelInfo;
use axum::http::StatusCode;
use engine::config::{
    ConfigError, FieldError, GenerateSettings, SAMPLERS, SCHEDULES, SamplerKind, ScheduleKind,
};
use serde_json::Value;

use super::body::{Object, filled, flag, number, text};
use super::error::{Answer, ApiFault};
use super::infotext;
use super::options;
use super::pictures::Pictures;
use super::second_pass;
use crate::studio::{drawn_size, fused};

/// Every field with A1111's default, those that a picture to begin from adds, and a value of the right
/// type for each that is null unless given.
const DEFAULTS: &str = include_str!("txt2img.json");
const OF_PICTURES: &str = include_str!("img2img.json");
const UNSET: &str = include_str!("unset.json");

/// Which of the two calls it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    TextToImage,
    ImageToImage,
}

impl Call {
    fn defaults(self) -> Object {
        let mut fields = table(DEFAULTS);
        if self == Self::ImageToImage {
            fields.extend(table(OF_PICTURES));
        }
        fields
    }

    /// A1111's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::TextToImage => "txt2img",
            Self::ImageToImage => "img2img",
        }
    }
}

fn table(json: &str) -> Object {
    serde_json::from_str(json).expect("the tables of fields are ours and JSON")
}

/// Width and height that A1111 draws when none are asked for.
const UNASKED_SIZE: (i64, i64) = (512, 512);

/// Fields that ask for what is not there: unless they are off, they are refused, because a picture
/// that leaves a wish out without a word is a wrong picture.
const CANNOT: &[(&str, &str)] = &[
    ("restore_faces", "there is no face restoration; leave this off"),
    ("firstpass_image", "no image can be given; leave this out"),
    ("script_name", "there are no scripts; leave this out"),
    ("refiner_checkpoint", "one model draws from the first step to the last; leave this out"),
    ("s_churn", "no noise is added between the steps; give 0, or a sampler such as Euler a"),
    ("s_min_uncond", "every step is guided; give 0"),
    ("s_noise", "the noise has the strength that the sampler needs; give 1"),
    ("initial_noise_multiplier", "a picture gets the noise that its step needs; give 1"),
    ("latent_mask", "a mask is an image; give it as mask"),
];

/// Those of them that are factors: 1 is off.
const FACTORS: &[&str] = &["s_noise", "initial_noise_multiplier"];

/// A call to draw, its types checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// All fields, with A1111's defaults.
    pub fields: Object,
    sampler: SamplerKind,
    schedule: ScheduleKind,
    /// Nothing if the client left it to the options.
    pub eta: Option<f64>,
    /// The same, of what is asked of the edges.
    pub tiling: Option<bool>,
    /// Options that hold for this call alone.
    pub overrides: Object,
    /// Width and height; 0 where the client left it to us.
    size: (i64, i64),
    /// Nothing if the client left them to us.
    steps: Option<i64>,
    /// As the client calls it.
    pub model: Option<String>,
    /// Where it begins, of an img2img call.
    pub pictures: Option<Pictures>,
}

impl Request {
    /// 422 for a field of the wrong type or one that asks for what is not there, 400 for an unknown
    /// sampler, 404 for an img2img call without a picture.
    pub fn read(call: Call, given: &Object) -> Answer<Self> {
        let own = given;
        let given = &infotext::filled_in(call, own);
        let mut fields = filled(call.defaults(), &table(UNSET), given)?;
        let (sampler, fused) = sampler(&fields)?;
        let schedule = schedule(&fields, fused)?;
        let eta = eta(&fields)?;
        let (tiling, overrides) = (fields["tiling"].as_bool(), options::overrides(&fields)?);
        refuse(&fields)?;
        let steps = given.get("steps").filter(|steps| !steps.is_null());
        let steps = steps.map(|_| number(&fields, "steps"));
        let size = size(&fields, own, given);
        let model = model(&fields)?;
        let pictures = match call {
            Call::TextToImage => None,
            Call::ImageToImage => Some(Pictures::take(&mut fields)?),
        };
        Ok(Self { fields, sampler, schedule, eta, tiling, overrides, size, steps, model, pictures })
    }

    pub fn flag(&self, key: &str) -> bool {
        flag(&self.fields, key)
    }

    pub fn text(&self, key: &str) -> String {
        text(&self.fields, key)
    }

    /// Names of styles; anything else among them means nothing here.
    pub fn styles(&self) -> Vec<String> {
        let given = self.fields["styles"].as_array().into_iter().flatten();
        given.filter_map(|name| Some(name.as_str()?.to_owned())).collect()
    }

    /// The fields as they were drawn: with what was taken where the client left it to us, and with the
    /// size of the pictures, in pixels.
    pub fn echoed(&self, settings: &GenerateSettings, (width, height): (usize, usize)) -> Object {
        let mut fields = self.fields.clone();
        for (field, value) in [
            ("cfg_scale", Value::from(settings.cfg_scale)),
            ("steps", settings.steps.into()),
            ("width", width.into()),
            ("height", height.into()),
        ] {
            fields.insert(field.into(), value);
        }
        fields
    }

    /// The name that the client gave the call.
    pub fn task(&self) -> Option<String> {
        Some(self.text("force_task_id")).filter(|name| !name.is_empty())
    }

    /// The settings for `model`; which sizes and steps it can do is known only with it.
    pub fn settings(&self, model: &ModelInfo) -> Result<GenerateSettings, ConfigError> {
        let defaults = GenerateSettings::default();
        let most_steps = GenerateSettings::MAX_STEPS.min(model.timesteps) as i64;
        let unasked = (defaults.steps as i64).min(most_steps);
        let steps = self.steps.unwrap_or(unasked);
        let (size, count) = (number(&self.fields, "batch_size"), number(&self.fields, "n_iter"));
        let (seed, subseed) = (number(&self.fields, "seed"), number(&self.fields, "subseed"));
        let seed_size = self.seed_size();
        let ranges = [
            ("seed_resize_from_w", seed_size.0, 0, GenerateSettings::MAX_SIDE as i64),
            ("seed_resize_from_h", seed_size.1, 0, GenerateSettings::MAX_SIDE as i64),
            ("steps", steps, 1, most_steps),
            ("batch_size", size, 1, GenerateSettings::MAX_BATCH_SIZE as i64),
            ("n_iter", count, 1, GenerateSettings::MAX_BATCH_COUNT as i64),
            ("seed", seed, -1, GenerateSettings::MAX_SEED),
            ("subseed", subseed, -1, GenerateSettings::MAX_SEED),
            ("width", self.size.0, 0, GenerateSettings::MAX_SIDE as i64),
            ("height", self.size.1, 0, GenerateSettings::MAX_SIDE as i64),
        ];
        let faults: Vec<FieldError> = ranges.into_iter().filter_map(out_of_range).collect();
        if !faults.is_empty() {
            return Err(ConfigError(faults));
        }
        let mut settings = GenerateSettings {
            model: model.name.clone(),
            prompt: self.text("prompt"),
            negative_prompt: self.text("negative_prompt"),
            cfg_scale: self.fields["cfg_scale"].as_f64().unwrap_or(defaults.cfg_scale),
            sampler: self.sampler,
            schedule: self.schedule,
            eta: self.eta.unwrap_or(defaults.eta),
            steps: steps as usize,
            batch_count: count as usize,
            batch_size: size as usize,
            seed,
            subseed,
            subseed_strength: self.fields["subseed_strength"].as_f64().unwrap_or(0.0),
            seed_resize_from_w: seed_size.0 as usize,
            seed_resize_from_h: seed_size.1 as usize,
            width: self.size.0 as usize,
            height: self.size.1 as usize,
            tiling: self.tiling.unwrap_or(defaults.tiling),
            ..defaults
        };
        infotext::apply_own(&self.text("infotext"), &mut settings)?;
        if let Some(pictures) = &self.pictures {
            pictures.apply(&mut settings);
        }
        // A1111's img2img has no such field, and takes no notice of it.
        if self.flag("enable_hr") && self.pictures.is_none() {
            let size = drawn_size(&settings, model.width as usize);
            second_pass::apply(&self.fields, size, &mut settings)?;
        }
        settings.validate().map_err(second_pass::renamed)?;
        Ok(settings)
    }

    /// Width and height that the seeds are resized from; both 0, as in A1111, if one is not above it.
    fn seed_size(&self) -> (i64, i64) {
        let side = |key| number(&self.fields, key);
        let size = (side("seed_resize_from_w"), side("seed_resize_from_h"));
        if size.0 > 0 && size.1 > 0 { size } else { (0, 0) }
    }
}

/// Clients write A1111's own size where they ask for none in particular; the text of a picture, which
/// is in `given` and not in their `own` fields, means the size that it says.
fn size(fields: &Object, own: &Object, given: &Object) -> (i64, i64) {
    let (width, height) = (number(fields, "width"), number(fields, "height"));
    let is_in = |given: &Object, field: &str| given.get(field).is_some_and(|side| !side.is_null());
    let asked = |field: &str, side| if is_in(given, field) { side } else { 0 };
    let is_told =
        ["width", "height"].into_iter().any(|field| is_in(given, field) && !is_in(own, field));
    match (width, height) {
        UNASKED_SIZE if !is_told => (0, 0),
        (width, height) => (asked("width", width), asked("height", height)),
    }
}

fn out_of_range((field, value, min, max): (&str, i64, i64, i64)) -> Option<FieldError> {
    let fault = || FieldError::new(field, format!("{value} is out of range; give {min} to {max}"));
    (!(min..=max).contains(&value)).then(fault)
}

/// `sampler_name`, else `sampler_index`; neither means the program's own default. Before A1111 had
/// schedules of their own, a sampler's name could end in one: `DPM++ 2M Karras`.
fn sampler(fields: &Object) -> Answer<(SamplerKind, Option<ScheduleKind>)> {
    let asked = text(fields, "sampler_name");
    let asked = if asked.is_empty() { text(fields, "sampler_index") } else { asked };
    if asked.is_empty() {
        return Ok((GenerateSettings::default().sampler, None));
    }
    if let Ok(sampler) = SamplerKind::from_name(&asked) {
        return Ok((sampler, None));
    }
    let fused = fused::read(&asked, |name| SamplerKind::from_name(name).ok());
    fused.map(|(sampler, schedule)| (sampler, Some(schedule))).ok_or_else(|| {
        let known: Vec<&str> = SAMPLERS.iter().map(|info| info.name).collect();
        let words = format!("there is no sampler `{asked}`; give one of {}", known.join(", "));
        ApiFault::new(StatusCode::BAD_REQUEST, "Sampler not found").explained(words)
    })
}

/// `scheduler`, else what the sampler's name said, else the sampler's own.
fn schedule(fields: &Object, fused: Option<ScheduleKind>) -> Answer<ScheduleKind> {
    let asked = text(fields, "scheduler");
    match (asked.is_empty(), fused) {
        (true, fused) => Ok(fused.unwrap_or_default()),
        (false, _) => ScheduleKind::from_name(&asked).map_err(|_| {
            let known: Vec<&str> = SCHEDULES.iter().map(|(_, name, _)| *name).collect();
            let words = format!("there is no schedule `{asked}`; give one of {}", known.join(", "));
            ApiFault::field("scheduler", words)
        }),
    }
}

fn refuse(fields: &Object) -> Answer<()> {
    // A call for text has no fields of pictures.
    let is_asked = |field: &str| fields.get(field).is_some_and(|value| !is_off(field, value));
    let asked = CANNOT.iter().filter(|(field, _)| is_asked(field));
    let faults: Vec<FieldError> =
        asked.map(|(field, words)| FieldError::new(*field, *words)).collect();
    if faults.is_empty() { Ok(()) } else { Err(ApiFault::fields(&faults)) }
}

fn is_off(field: &str, value: &Value) -> bool {
    let off = if FACTORS.contains(&field) { 1.0 } else { 0.0 };
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(off),
        // Clients write their drop-down's first line.
        Value::String(text) => text.is_empty() || text == "None",
        _ => false,
    }
}

/// That of the call, or of its options.
fn eta(fields: &Object) -> Answer<Option<f64>> {
    const OPTION: &str = "override_settings.eta_ddim";
    let option = fields["override_settings"].get("eta_ddim").filter(|eta| !eta.is_null());
    let overridden = option.map(|eta| eta.as_f64().filter(|eta| (0.0..=1.0).contains(eta)));
    match (fields["eta"].as_f64(), overridden) {
        (None, Some(None)) => Err(ApiFault::field(OPTION, "give a number from 0 to 1")),
        (eta, overridden) => Ok(eta.or(overridden.flatten())),
    }
}

fn model(fields: &Object) -> Answer<Option<String>> {
    match fields["override_settings"].get("sd_model_checkpoint") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(model)) if model.is_empty() => Ok(None),
        Some(Value::String(model)) => Ok(Some(model.clone())),
        Some(_) => Err(ApiFault::field(
            "override_settings.sd_model_checkpoint",
            "give the name of a model",
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_has_a_type() {
        let unset = table(UNSET);
        for (field, value) in Call::ImageToImage.defaults() {
            // Whatever comes there is refused.
            let is_typed = !value.is_null() || unset.contains_key(&field);
            assert!(is_typed || field == "firstpass_image", "{field}");
        }
    }

    #[test]
    fn only_the_size_of_a1111_or_none_is_the_models_own() {
        let size = |given: Value| {
            let request = Request::read(Call::TextToImage, given.as_object().unwrap());
            request.ok().unwrap().size
        };
        assert_eq!(size(json!({})), (0, 0));
        assert_eq!(size(json!({ "width": 512, "height": 512 })), (0, 0));
        assert_eq!(size(json!({ "width": 512, "height": 64 })), (512, 64));
        assert_eq!(size(json!({ "width": 64, "height": 512 })), (64, 512));
        assert_eq!(size(json!({ "width": 64, "height": null })), (64, 0));
        let infotext = "Steps: 9, Seed: 3, Size: 512x512";
        assert_eq!(size(json!({ "infotext": infotext })), (512, 512));
        assert_eq!(size(json!({ "infotext": infotext, "width": 64 })), (64, 512));
    }
}
