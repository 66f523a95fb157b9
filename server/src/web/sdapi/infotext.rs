//! The field `infotext`: the settings of a picture, for what a call does not say itself.

use engine::config::{ConfigError, GenerateSettings, MaskedContent, ResizeMode};
use serde_json::{Value, json};

use super::body::{Object, text};
use super::pictures::number_of_mode;
use super::request::Call;
use crate::studio::infotext::{CLIP, ETA, FORMER_ETA, PRECISION, SPACING, VARIANCE};
use crate::studio::parameters::Parameters;
use crate::studio::start::{MASK_MODE, NOT_MASKED, RESIZE_MODE};

/// Fields whose value stands as it is under a name of A1111's.
const FIELDS: [(&str, &str); 16] = [
    ("steps", "Steps"),
    ("sampler_name", "Sampler"),
    ("scheduler", "Schedule type"),
    ("cfg_scale", "CFG scale"),
    ("seed", "Seed"),
    ("subseed", "Variation seed"),
    ("subseed_strength", "Variation seed strength"),
    ("eta", ETA),
    ("eta", FORMER_ETA),
    ("denoising_strength", "Denoising strength"),
    ("tiling", "Tiling"),
    ("mask_blur", "Mask blur"),
    ("inpaint_full_res_padding", "Masked area padding"),
    ("hr_scale", "Hires upscale"),
    ("hr_upscaler", "Hires upscaler"),
    ("hr_second_pass_steps", "Hires steps"),
];

/// Sizes, as two fields each.
const SIZES: [(&str, &str, &str); 3] = [
    ("width", "height", "Size"),
    ("seed_resize_from_w", "seed_resize_from_h", "Seed resize from"),
    ("hr_resize_x", "hr_resize_y", "Hires resize"),
];

/// What A1111 has no fields for, by the keys of [`GenerateSettings`].
const OWN: [(&str, &str); 4] = [
    ("clip_sample", CLIP),
    ("variance_type", VARIANCE),
    ("timestep_spacing", SPACING),
    ("precision", PRECISION),
];

/// `given` with what its `infotext` says of fields that it leaves out.
pub fn filled_in(call: Call, given: &Object) -> Object {
    let read = Parameters::read(&text(given, "infotext"));
    let mut fields = given.clone();
    for (field, value) in said(&read) {
        // What begins from a picture has one pass.
        let is_meant = call == Call::TextToImage || field != "enable_hr";
        if is_meant && fields.get(field).is_none_or(Value::is_null) {
            fields.insert(field.into(), value);
        }
    }
    let name = ["Model", "Model hash"].into_iter().find_map(|name| read.setting(name));
    name_model(&mut fields, name);
    fields
}

/// The values by their fields, the more exact one of a field first.
fn said(read: &Parameters) -> Vec<(&'static str, Value)> {
    let prompts = [("prompt", &read.prompt), ("negative_prompt", &read.negative_prompt)];
    let mut said: Vec<(&str, Value)> = prompts
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(field, text)| (field, text.as_str().into()))
        .collect();
    for (field, name) in FIELDS {
        said.extend(read.setting(name).map(|value| (field, value.into())));
    }
    for (wide, high, name) in SIZES {
        if let Some((width, height)) = read.setting(name).and_then(|size| size.split_once('x')) {
            said.extend([(wide, width.into()), (high, height.into())]);
        }
    }
    let is = |name: &str, value: &str| read.setting(name) == Some(value);
    let second = ["Hires upscale", "Hires resize"].iter().any(|name| read.setting(name).is_some());
    for (field, is_so, value) in [
        ("enable_hr", second, json!(true)),
        ("inpainting_mask_invert", is(MASK_MODE, NOT_MASKED), json!(1)),
        ("inpaint_full_res", is("Inpaint area", "Only masked"), json!(true)),
        // A text that tells of a mask and of no area means the whole picture.
        ("inpaint_full_res", read.setting("Mask blur").is_some(), json!(false)),
    ] {
        said.extend(is_so.then_some((field, value)));
    }
    let fill = read.setting("Masked content").and_then(|name| MaskedContent::from_name(name).ok());
    said.extend(fill.and_then(number_of).map(|fill| ("inpainting_fill", fill.into())));
    let mode = resize_mode(read).and_then(number_of_mode);
    said.extend(mode.map(|mode| ("resize_mode", mode.into())));
    said
}

/// How the picture was brought to its size. Darkroom's texts leave out its own default, which is not
/// that of the calls.
fn resize_mode(read: &Parameters) -> Option<ResizeMode> {
    if let Some(name) = read.setting(RESIZE_MODE) {
        return ResizeMode::from_name(name).ok();
    }
    let is_ours = read.setting("Version").is_some_and(|version| version.starts_with("Darkroom"));
    (is_ours && read.setting("Init image hash").is_some()).then(ResizeMode::default)
}

/// A1111 counts these in the order in which it shows them, which is ours.
fn number_of(fill: MaskedContent) -> Option<usize> {
    MaskedContent::ALL.iter().position(|known| *known == fill)
}

/// Has the call draw with the model called `name`, unless it names one.
fn name_model(fields: &mut Object, name: Option<&str>) {
    const OVERRIDES: &str = "override_settings";
    const MODEL: &str = "sd_model_checkpoint";
    let Some(name) = name else { return };
    if fields.get(OVERRIDES).is_none_or(Value::is_null) {
        fields.insert(OVERRIDES.into(), json!({}));
    }
    if let Some(Value::Object(overrides)) = fields.get_mut(OVERRIDES)
        && overrides.get(MODEL).is_none_or(Value::is_null)
    {
        overrides.insert(MODEL.into(), name.into());
    }
}

/// Writes what the text says in words of this program alone; errors name `infotext`.
pub fn apply_own(infotext: &str, settings: &mut GenerateSettings) -> Result<(), ConfigError> {
    let read = Parameters::read(infotext);
    for (key, name) in OWN {
        if let Some(value) = read.setting(name) {
            let set = settings.set(key, value);
            set.map_err(|error| ConfigError::one("infotext", format!("{name}: {error}")))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(given: Value) -> Value {
        let Value::Object(given) = given else { unreachable!() };
        let mut fields = filled_in(Call::TextToImage, &given);
        fields.remove("infotext");
        Value::Object(fields)
    }

    #[test]
    fn what_the_call_says_itself_comes_first() {
        let text = "7\nSteps: 9, Sampler: DDIM, Seed: 3, Size: 28x32, Eta: 0.1, Eta DDIM: 0.5";
        let given = json!({ "infotext": text, "steps": 4, "seed": null });
        let read = json!({
            "prompt": "7", "steps": 4, "sampler_name": "DDIM", "seed": "3", "width": "28",
            "height": "32", "eta": "0.5",
        });
        assert_eq!(filled(given), read);
    }

    #[test]
    fn the_model_is_that_of_the_text_unless_the_call_names_one() {
        let text = "Steps: 9, Seed: 3, Model hash: 0123456789, Model: digits";
        let model =
            |given: Value| filled(given)["override_settings"]["sd_model_checkpoint"].clone();
        assert_eq!(model(json!({ "infotext": text })), "digits");
        let hash = text.split(", Model:").next().unwrap();
        assert_eq!(model(json!({ "infotext": hash })), "0123456789");
        let own = json!({ "sd_model_checkpoint": "textures" });
        assert_eq!(model(json!({ "infotext": text, "override_settings": own })), "textures");
        assert_eq!(model(json!({ "infotext": "Steps: 9, Seed: 3, Size: 1x1" })), Value::Null);
    }

    #[test]
    fn a_second_pass_and_a_mask_are_read() {
        let second = "Steps: 9, Seed: 3, Denoising strength: 0.4, Hires upscale: 2, Hires steps: 5";
        let read = filled(json!({ "infotext": second }));
        assert_eq!((&read["enable_hr"], &read["hr_scale"]), (&json!(true), &json!("2")));
        assert_eq!(read["denoising_strength"], "0.4");
        let masked = "Steps: 9, Mask blur: 2, Masked content: noise, Resize mode: Resize and fill, \
                      Mask mode: Inpaint not masked";
        let read = filled(json!({ "infotext": masked }));
        assert_eq!((&read["inpainting_fill"], &read["resize_mode"]), (&json!(2), &json!(2)));
        assert_eq!(read["inpaint_full_res"], false);
        assert_eq!(read["inpainting_mask_invert"], 1);
        let part = format!("{masked}, Inpaint area: Only masked");
        assert_eq!(filled(json!({ "infotext": part }))["inpaint_full_res"], true);
    }
}
