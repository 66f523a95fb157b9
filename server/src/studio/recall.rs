//! From the settings in a picture back to the form that they were typed into.

use engine::config::{GenerateSettings, SamplerKind, ScheduleKind, Upscaler, check_size};

use super::fused;
use super::infotext::{CLIP, ETA, FORMER_ETA, INTERRUPTED, PRECISION, SPACING, VARIANCE};
use super::library::Models;
use super::parameters::Parameters;
use super::plotting::{MATRIX, PLOT};
use super::start::{MASK_MODE, NOT_MASKED, RESIZE_MODE};

/// What becomes of the settings of a picture.
#[derive(Debug, Default)]
pub struct Recalled {
    /// Keys of the form, and their values.
    pub form: Vec<(String, String)>,
    /// What the form does not take, under the name it has in the picture, and why.
    pub left_out: Vec<String>,
    /// The names in the picture that something was made of, or told of.
    heard: Vec<String>,
}

impl Recalled {
    /// Takes `value`, which the picture has under `name`, if there is one and the form allows it.
    fn take(&mut self, key: &str, name: &str, value: Option<&str>) {
        let Some(value) = value else { return };
        self.heard.push(name.into());
        match fault(key, value) {
            None => self.form.push((key.into(), value.into())),
            Some(message) => self.leave_out(name, &message),
        }
    }

    /// Takes what `found` makes of the setting called `name`; nothing if it is not known here.
    fn take_known<T>(
        &mut self,
        parameters: &Parameters,
        name: &str,
        found: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let written = parameters.setting(name)?;
        self.heard.push(name.into());
        let found = found(written);
        if found.is_none() {
            self.leave_out(name, &format!("there is no {written} here"));
        }
        found
    }

    fn leave_out(&mut self, name: &str, why: &str) {
        self.heard.push(name.into());
        self.left_out.push(format!("{name}: {why}"));
    }

    /// Tells of what the picture has and the form knows nothing of.
    fn leave_out_the_rest(&mut self, parameters: &Parameters) {
        for (name, _) in &parameters.settings {
            if !self.heard.contains(name) && !NO_CHOICE.contains(&name.as_str()) {
                self.leave_out(name, "there is no such setting here");
            }
        }
    }
}

/// What of `parameters` the Generate form takes. What this program does not have, such as another
/// program's model, is left out; `inputs` tells which pictures to begin from are here.
pub fn recalled(
    parameters: &Parameters,
    models: &Models,
    inputs: impl Fn(&str) -> bool,
) -> Recalled {
    let mut found = Recalled::default();
    let model = found.take_known(parameters, "Model", |name| own_name(models, name));
    found.take("model", "Model", model.as_deref());
    let prompts = [
        ("prompt", "Prompt", &parameters.prompt),
        ("negative_prompt", "Negative prompt", &parameters.negative_prompt),
    ];
    for (key, name, text) in prompts {
        found.take(key, name, Some(text.as_str()).filter(|text| !text.is_empty()));
    }
    let sampling = found.take_known(parameters, SAMPLER, sampler);
    let fused = sampling.and_then(|(_, schedule)| schedule);
    let schedule = found.take_known(parameters, SCHEDULE, schedule).or(fused);
    found.take("sampler", SAMPLER, sampling.map(|(sampler, _)| sampler.name()));
    found.take("schedule", SCHEDULE, schedule.map(ScheduleKind::name));
    for (key, name) in KEYS {
        found.take(key, name, parameters.setting(name));
    }
    let eta = [ETA, FORMER_ETA].into_iter().find(|name| parameters.setting(name).is_some());
    if let Some(name) = eta {
        found.take("eta", name, parameters.setting(name));
    }
    if eta == Some(ETA) && parameters.setting(FORMER_ETA).is_some() {
        found.leave_out(FORMER_ETA, "only DDIM has one here");
    }
    for (key, name, on, off) in SWITCHES {
        let known = |value: &str| [on, off].contains(&value).then(|| value == on);
        let is_on = found.take_known(parameters, name, known) == Some(true);
        found.take(key, name, is_on.then_some("true"));
    }
    // One name for the two passes that begin from a picture.
    let second = parameters.setting("Hires upscale").is_some();
    let strength = if second { "hires_denoising" } else { "denoising_strength" };
    found.take(strength, "Denoising strength", parameters.setting("Denoising strength"));
    take_upscaler(&mut found, parameters);
    for (key, name) in [("init_image", "Init image hash"), ("mask", "Mask hash")] {
        match parameters.setting(name) {
            Some(input) if !inputs(input) => found.leave_out(name, "this picture is not here"),
            input => found.take(key, name, input),
        }
    }
    take_size(&mut found, parameters, models, model.as_deref());
    found.leave_out_the_rest(parameters);
    found
}

/// Another program's upscaler may be a network; the usual one takes its place, which is told.
fn take_upscaler(found: &mut Recalled, parameters: &Parameters) {
    const UPSCALER: &str = "Hires upscaler";
    let Some(name) = parameters.setting(UPSCALER) else { return };
    let known = Upscaler::from_name(name).ok();
    let upscaler = known.unwrap_or_default().name();
    found.take("hires_upscaler", UPSCALER, Some(upscaler));
    if known.is_none() {
        found.leave_out(UPSCALER, &format!("there is no {name} here; {upscaler} takes its place"));
    }
}

/// The size goes with the model, called `model` here.
fn take_size(found: &mut Recalled, parameters: &Parameters, models: &Models, model: Option<&str>) {
    let sides = |size: &str| size.split_once('x').map(|(w, h)| (w.to_owned(), h.to_owned()));
    let is_elsewhere = model.is_none() && parameters.setting("Model").is_some();
    match found.take_known(parameters, "Size", sides) {
        Some(_) if is_elsewhere => found.leave_out("Size", "it is for another model"),
        Some((width, height)) => match size_fault(models, model, &width, &height) {
            Some(message) => found.leave_out("Size", &message),
            None => {
                found.take("width", "Size", Some(&width));
                found.take("height", "Size", Some(&height));
            }
        },
        None => {}
    }
    if let Some((width, height)) = found.take_known(parameters, SEED_SIZE, sides) {
        found.take("seed_resize_from_w", SEED_SIZE, Some(&width));
        found.take("seed_resize_from_h", SEED_SIZE, Some(&height));
    }
}

/// Why `model` does not draw pictures of this size; without one, the model that the page opens with.
fn size_fault(models: &Models, model: Option<&str>, width: &str, height: &str) -> Option<String> {
    let unread = fault("width", width).or_else(|| fault("height", height));
    unread.or_else(|| {
        let model = match model {
            Some(name) => models.info(name).ok()?,
            None => models.first()?,
        };
        let (width, height) = (width.parse().ok()?, height.parse().ok()?);
        let error = check_size(model.size_divisor, width, height).err()?;
        Some(format!("{} draws no {width}x{height}: {}", model.name, error.0.first()?.message))
    })
}

/// What the model is called here that a text calls `name`: ComfyUI and SwarmUI name its file, with its
/// folder.
fn own_name(models: &Models, name: &str) -> Option<String> {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = ENDINGS.iter().find_map(|ending| file.strip_suffix(ending)).unwrap_or(file);
    let known = [name, stem].into_iter().find(|name| models.find(name).is_ok());
    known.map(str::to_owned)
}

/// What the names of files with weights end in.
const ENDINGS: [&str; 5] = [".safetensors", ".ckpt", ".pth", ".pt", ".gguf"];

const SAMPLER: &str = "Sampler";
const SCHEDULE: &str = "Schedule type";
const SEED_SIZE: &str = "Seed resize from";

/// What a picture tells and nobody chose.
const NO_CHOICE: [&str; 4] = ["Model hash", "RNG", "Version", INTERRUPTED];

/// Keys of the form that are on or off, and the words for both under a name of A1111's.
const SWITCHES: [(&str, &str, &str, &str); 3] = [
    ("inpaint_full_res", "Inpaint area", "Only masked", "Whole picture"),
    ("inpainting_mask_invert", MASK_MODE, NOT_MASKED, "Inpaint masked"),
    ("prompt_matrix", "Script", MATRIX, PLOT),
];

/// Keys of the form whose value stands as it is under a name of A1111's.
const KEYS: [(&str, &str); 22] = [
    ("steps", "Steps"),
    ("cfg_scale", "CFG scale"),
    ("seed", "Seed"),
    ("clip_sample", CLIP),
    ("variance_type", VARIANCE),
    ("timestep_spacing", SPACING),
    ("precision", PRECISION),
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

/// Why the form would refuse `value`, which helps nobody there.
fn fault(key: &str, value: &str) -> Option<String> {
    let from_picture = !key.starts_with("hires");
    let init_image = if from_picture { "any".into() } else { String::new() };
    let mut settings = GenerateSettings { init_image, ..Default::default() };
    // One side of a size alone would be refused.
    if key.starts_with("seed_resize") {
        (settings.seed_resize_from_w, settings.seed_resize_from_h) = (1, 1);
    }
    let read = settings.set(key, value).and_then(|()| settings.validate());
    read.err().and_then(|error| Some(error.0.first()?.message.clone()))
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

    fn read(text: &str) -> Recalled {
        let folder = tempfile::tempdir().unwrap();
        let models = Models::new(Folders::open(folder.path()).unwrap());
        recalled(&Parameters::read(text), &models, |name| name == "here")
    }

    fn value<'a>(fields: &'a [(String, String)], key: &str) -> Option<&'a str> {
        fields.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_picture_of_ours_fills_the_form() {
        let Recalled { form: found, left_out, .. } = read(
            "7\nSteps: 20, Sampler: DDIM, Schedule type: Karras, CFG scale: 2.5, Seed: 3, \
             Size: 32x28, Model: digits, Denoising strength: 0.4, Init image hash: here, \
             Mask hash: gone, Masked content: noise, Tiling: True, Eta: 0.5, \
             Resize mode: Resize and fill, Mask mode: Inpaint not masked, \
             Seed resize from: 28x24, Clip sample: Off, Variance type: Large, \
             Timestep spacing: Trailing, Precision: bf16, \
             Version: Darkroom 0.1.0",
        );
        assert_eq!(value(&found, "mask"), None);
        assert_eq!(left_out, ["Mask hash: this picture is not here"]);
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
            ("precision", "bf16"),
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
        let Recalled { form: found, left_out, .. } = read(
            "a cat\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 70, Seed: 156680208700286, \
             Size: 512x512, Model: sdxl",
        );
        assert_eq!(
            left_out,
            [
                "Model: there is no sdxl here",
                "CFG scale: 70 is out of range; give 0 to 30",
                "Seed: 156680208700286 is out of range; give -1 to 4294967295",
                "Size: it is for another model",
            ]
        );
        let unknown = read("Steps: 20, Sampler: restart, Schedule type: kl_optimal").left_out;
        assert_eq!(
            unknown,
            ["Sampler: there is no restart here", "Schedule type: there is no kl_optimal here"]
        );
        let told = read(
            "Steps: 20, Sampler: DDIM, Seed: 3, Model hash: 0123456789, RNG: CPU, Clip skip: 2, \
             Hires resize: 64x64, Hires upscaler: Latent, Script: Outpainting, Refiner: sdxl, \
             Lora hashes: \"detail: 01ab\", Version: v1.10.1",
        );
        let nothing = |name: &str| format!("{name}: there is no such setting here");
        let mut wanted = vec!["Script: there is no Outpainting here".to_owned()];
        wanted.push("Hires upscaler: there is no Latent here; Lanczos takes its place".into());
        wanted.extend(["Clip skip", "Hires resize", "Refiner", "Lora hashes"].map(nothing));
        assert_eq!(told.left_out, wanted);
        let all = read("Steps: 20, Sampler: DDIM, Seed: 3");
        assert!(all.left_out.is_empty(), "{all:?}");
        assert_eq!(value(&found, "sampler"), Some("DPM++ 2M"));
        assert_eq!(value(&found, "schedule"), Some("Karras"));
        for key in ["model", "width", "cfg_scale", "seed"] {
            assert_eq!(value(&found, key), None, "{key}");
        }
    }

    #[test]
    fn a_model_is_known_by_the_name_of_its_file() {
        for name in ["digits.safetensors", "sub/digits.ckpt", "a\\b\\digits.pt", "sub/digits"] {
            let found = read(&format!("Steps: 20, Seed: 3, Size: 32x28, Model: {name}"));
            assert_eq!(value(&found.form, "model"), Some("digits"), "{name}");
            assert_eq!(value(&found.form, "width"), Some("32"), "{name}");
        }
        let found = read("Steps: 20, Seed: 3, Model: sub/other.safetensors");
        assert_eq!(found.left_out, ["Model: there is no sub/other.safetensors here"]);
    }

    #[test]
    fn a_size_without_a_model_is_taken_where_the_model_of_the_page_takes_it() {
        let of = |size: &str| read(&format!("7\nSteps: 20, Seed: 3, Size: {size}"));
        let taken = of("64x32");
        assert_eq!(
            (value(&taken.form, "width"), value(&taken.form, "height")),
            (Some("64"), Some("32"))
        );
        assert!(taken.left_out.is_empty(), "{:?}", taken.left_out);
        for (size, why) in [
            ("30x32", "digits draws no 30x32: 30 is not a multiple of 4; 28 or 32 would do"),
            ("64x2048", "2048 is out of range; give 0 to 1024"),
        ] {
            let found = of(size);
            assert_eq!(found.left_out, [format!("Size: {why}")]);
            assert_eq!(value(&found.form, "width"), None);
        }
    }

    #[test]
    fn an_upscaler_that_is_not_here_is_told_with_what_takes_its_place() {
        let found = read("Steps: 20, Seed: 3, Hires upscale: 2, Hires upscaler: 4x-UltraSharp");
        assert_eq!(value(&found.form, "hires_upscaler"), Some("Lanczos"));
        let told = "Hires upscaler: there is no 4x-UltraSharp here; Lanczos takes its place";
        assert_eq!(found.left_out, [told]);
        let known = read("Steps: 20, Seed: 3, Hires upscale: 2, Hires upscaler: Nearest");
        assert_eq!(value(&known.form, "hires_upscaler"), Some("Nearest"));
        assert!(known.left_out.is_empty(), "{:?}", known.left_out);
    }

    #[test]
    fn eta_is_read_by_both_of_its_names() {
        for (text, eta) in [("Eta DDIM: 0.5", "0.5"), ("Eta: 0.25", "0.25")] {
            let found = read(&format!("Steps: 20, Sampler: DDIM, {text}"));
            assert_eq!(value(&found.form, "eta"), Some(eta));
        }
        let found = read("Steps: 20, Sampler: DDIM, Eta: 0.9, Eta DDIM: 0.1");
        assert_eq!(value(&found.form, "eta"), Some("0.1"));
        assert_eq!(found.left_out, ["Eta: only DDIM has one here"]);
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
            let found = recalled(&parameters, &models, |_| false).form;
            assert_eq!(value(&found, "sampler"), Some(sampler), "{name}");
            assert_eq!(value(&found, "schedule"), Some(schedule), "{name}");
        }
    }
}
