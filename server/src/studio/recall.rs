//! From the settings in a picture back to the form that they were typed into.

use engine::config::{GenerateSettings, SamplerKind, ScheduleKind, Upscaler};

use super::fused;
use super::infotext::{CLIP, SPACING, VARIANCE};
use super::library::Models;
use super::parameters::Parameters;
use super::plotting::MATRIX;
use super::start::{MASK_MODE, NOT_MASKED, RESIZE_MODE};

/// What of `parameters` the Generate form takes, by its keys. What this program does not have, such as
/// another program's model, is left out; `inputs` tells which pictures to begin from are here.
pub fn form_fields(
    parameters: &Parameters,
    models: &Models,
    inputs: impl Fn(&str) -> bool,
) -> Vec<(String, String)> {
    let model = parameters.setting("Model").filter(|name| models.find(name).is_ok());
    let mut found = Vec::new();
    let mut add = |key: &str, value: Option<&str>| {
        found.extend(value.map(|value| (key.to_owned(), value.to_owned())));
    };
    add("model", model);
    add("prompt", Some(parameters.prompt.as_str()).filter(|text| !text.is_empty()));
    add("negative_prompt", Some(parameters.negative_prompt.as_str()).filter(|t| !t.is_empty()));
    let sampling = parameters.setting("Sampler").and_then(sampler);
    let fused = sampling.and_then(|(_, schedule)| schedule);
    let schedule = parameters.setting("Schedule type").and_then(schedule).or(fused);
    add("sampler", sampling.map(|(sampler, _)| sampler.name()));
    add("schedule", schedule.map(ScheduleKind::name));
    for (key, name) in KEYS {
        add(key, parameters.setting(name));
    }
    let only_masked = parameters.setting("Inpaint area") == Some("Only masked");
    add("inpaint_full_res", only_masked.then_some("true"));
    let not_masked = parameters.setting(MASK_MODE) == Some(NOT_MASKED);
    add("inpainting_mask_invert", not_masked.then_some("true"));
    let matrix = parameters.setting("Script") == Some(MATRIX);
    add("prompt_matrix", matrix.then_some("true"));
    // One name for the two passes that begin from a picture.
    let second = parameters.setting("Hires upscale").is_some();
    let strength = if second { "hires_denoising" } else { "denoising_strength" };
    add(strength, parameters.setting("Denoising strength"));
    let upscaler = parameters.setting("Hires upscaler").filter(|_| second);
    add("hires_upscaler", upscaler.map(|name| upscaler_like(name).name()));
    for (key, name) in [("init_image", "Init image hash"), ("mask", "Mask hash")] {
        add(key, parameters.setting(name).filter(|input| inputs(input)));
    }
    // Another program's sizes are for other models.
    let size = parameters.setting("Size").and_then(|size| size.split_once('x'));
    if let Some((width, height)) = size.filter(|_| model.is_some()) {
        add("width", Some(width));
        add("height", Some(height));
    }
    let seed_size = parameters.setting("Seed resize from").and_then(|size| size.split_once('x'));
    if let Some((width, height)) = seed_size {
        add("seed_resize_from_w", Some(width));
        add("seed_resize_from_h", Some(height));
    }
    found.retain(|(key, value)| fits(key, value));
    found
}

/// Keys of the form whose value stands as it is under a name of A1111's.
const KEYS: [(&str, &str); 22] = [
    ("steps", "Steps"),
    ("cfg_scale", "CFG scale"),
    ("seed", "Seed"),
    ("eta", "Eta"),
    ("clip_sample", CLIP),
    ("variance_type", VARIANCE),
    ("timestep_spacing", SPACING),
    ("subseed", "Variation seed"),
    ("subseed_strength", "Variation seed strength"),
    ("hires_scale", "Hires upscale"),
    ("hires_steps", "Hires steps"),
    ("tiling", "Tiling"),
    ("resize_mode", RESIZE_MODE),
    ("mask_blur", "Mask blur"),
    ("inpainting_fill", "Masked content"),
    ("inpaint_full_res_padding", "Masked area padding"),
    ("x_axis", "X Type"),
    ("x_values", "X Values"),
    ("y_axis", "Y Type"),
    ("y_values", "Y Values"),
    ("z_axis", "Z Type"),
    ("z_values", "Z Values"),
];

/// A value the form would refuse helps nobody.
fn fits(key: &str, value: &str) -> bool {
    let from_picture = !key.starts_with("hires");
    let init_image = if from_picture { "any".into() } else { String::new() };
    let mut settings = GenerateSettings { init_image, ..Default::default() };
    // One side of a size alone would be refused.
    if key.starts_with("seed_resize") {
        (settings.seed_resize_from_w, settings.seed_resize_from_h) = (1, 1);
    }
    settings.set(key, value).is_ok() && settings.validate().is_ok()
}

/// The nearest to another program's upscaler, which may be a network.
fn upscaler_like(name: &str) -> Upscaler {
    Upscaler::from_name(name).unwrap_or_default()
}

/// A sampler by the name A1111 or ComfyUI gives it, with the schedule that older names end in.
fn sampler(name: &str) -> Option<(SamplerKind, Option<ScheduleKind>)> {
    let known = |name: &str| {
        let comfy = || SamplerKind::from_name(&format!("k_{name}"));
        SamplerKind::from_name(name).or_else(|_| comfy()).ok()
    };
    let fused = || fused::read(name, known).map(|(sampler, schedule)| (sampler, Some(schedule)));
    known(name).map(|sampler| (sampler, None)).or_else(fused)
}

/// ComfyUI calls an even schedule `normal`.
fn schedule(name: &str) -> Option<ScheduleKind> {
    match name {
        "normal" | "simple" => Some(ScheduleKind::Uniform),
        name => ScheduleKind::from_name(name).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studio::{Folders, foreign};

    fn fields(text: &str) -> Vec<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        let models = Models::new(Folders::open(folder.path()).unwrap());
        form_fields(&Parameters::read(text), &models, |name| name == "here")
    }

    fn value<'a>(fields: &'a [(String, String)], key: &str) -> Option<&'a str> {
        fields.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_picture_of_ours_fills_the_form() {
        let found = fields(
            "7\nSteps: 20, Sampler: DDIM, Schedule type: Karras, CFG scale: 2.5, Seed: 3, \
             Size: 32x28, Model: digits, Denoising strength: 0.4, Init image hash: here, \
             Mask hash: gone, Masked content: noise, Tiling: True, Eta: 0.5, \
             Resize mode: Resize and fill, Mask mode: Inpaint not masked, \
             Seed resize from: 28x24, Clip sample: Off, Variance type: Large, \
             Timestep spacing: Trailing, \
             Version: Darkroom 0.1.0",
        );
        assert_eq!(value(&found, "mask"), None);
        for (key, wanted) in [
            ("model", "digits"),
            ("prompt", "7"),
            ("sampler", "DDIM"),
            ("schedule", "Karras"),
            ("steps", "20"),
            ("cfg_scale", "2.5"),
            ("seed", "3"),
            ("eta", "0.5"),
            ("clip_sample", "Off"),
            ("variance_type", "Large"),
            ("timestep_spacing", "Trailing"),
            ("seed_resize_from_w", "28"),
            ("seed_resize_from_h", "24"),
            ("denoising_strength", "0.4"),
            ("init_image", "here"),
            ("inpainting_fill", "noise"),
            ("resize_mode", "Resize and fill"),
            ("inpainting_mask_invert", "true"),
            ("tiling", "True"),
            ("width", "32"),
            ("height", "28"),
        ] {
            assert_eq!(value(&found, key), Some(wanted), "{key}");
        }
    }

    #[test]
    fn what_is_not_here_is_left_out() {
        let found = fields(
            "a cat\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 70, Seed: 156680208700286, \
             Size: 512x512, Model: sdxl",
        );
        assert_eq!(value(&found, "sampler"), Some("DPM++ 2M"));
        assert_eq!(value(&found, "schedule"), Some("Karras"));
        for key in ["model", "width", "cfg_scale", "seed"] {
            assert_eq!(value(&found, key), None, "{key}");
        }
    }

    #[test]
    fn comfyui_names_are_known() {
        for (name, wanted) in [
            ("euler_ancestral", SamplerKind::EulerAncestral),
            ("dpmpp_2m", SamplerKind::DpmPp2m),
            ("uni_pc", SamplerKind::UniPc),
            ("ddim", SamplerKind::Ddim),
        ] {
            assert_eq!(sampler(name).map(|found| found.0), Some(wanted), "{name}");
        }
        assert_eq!(sampler("restart"), None);
        assert_eq!(schedule("normal"), Some(ScheduleKind::Uniform));
    }
    #[test]
    fn names_of_invokeai_bring_their_schedule() {
        let folder = tempfile::tempdir().unwrap();
        let models = Models::new(Folders::open(folder.path()).unwrap());
        for (name, sampler, schedule) in [
            ("euler", "Euler", "Uniform"),
            ("euler_k", "Euler", "Karras"),
            ("euler_a", "Euler a", "Uniform"),
            ("heun_k", "Heun", "Karras"),
            ("lms_k", "LMS", "Karras"),
            ("dpmpp_2m", "DPM++ 2M", "Uniform"),
            ("dpmpp_2m_k", "DPM++ 2M", "Karras"),
            ("dpmpp_2m_sde_k", "DPM++ 2M SDE", "Karras"),
            ("dpmpp_sde_k", "DPM++ SDE", "Karras"),
            ("unipc_k", "UniPC", "Karras"),
            ("pndm", "PLMS", "Uniform"),
            ("ddim", "DDIM", "Uniform"),
        ] {
            let written = format!("{{\"scheduler\": \"{name}\"}}");
            let texts = [("invokeai_metadata".to_owned(), written)];
            let (_, parameters) = foreign::read(&texts).unwrap();
            let found = form_fields(&parameters, &models, |_| false);
            assert_eq!(value(&found, "sampler"), Some(sampler), "{name}");
            assert_eq!(value(&found, "schedule"), Some(schedule), "{name}");
        }
    }
}
