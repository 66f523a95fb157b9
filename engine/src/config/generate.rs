//! What to draw: the settings of one generation.

use serde::{Deserialize, Serialize};

use super::field_text::FieldText;
use super::ranges::{out_of_range, unread};
use super::{
    Axis, ClipSample, ConfigError, FieldError, MaskedContent, Precision, ResizeMode, SamplerKind,
    Sampling, ScheduleKind, StepVariance, TimestepSpacing, Upscaler, edit_distance, shown,
};

/// The settings of one generation. Image `i` of the whole job has seed `seed + i`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenerateSettings {
    pub model: String,
    /// The classes to draw, as [`super::Prompt`] reads them; for a model that knows classes.
    pub prompt: String,
    /// The classes to steer away from, as [`super::Negative`] reads them.
    pub negative_prompt: String,
    /// How far to go beyond what the model tells of the prompt; 1 is not at all.
    pub cfg_scale: f64,
    pub sampler: SamplerKind,
    pub schedule: ScheduleKind,
    /// The noise that DDIM adds at each step, as a share of DDPM's: 0 to 1.
    pub eta: f64,
    pub clip_sample: ClipSample,
    pub variance_type: StepVariance,
    pub timestep_spacing: TimestepSpacing,
    /// What the network multiplies on a processor.
    pub precision: Precision,
    /// Denoising steps; at most the model's timesteps.
    pub steps: usize,
    /// Pixels; 0 is the model's own size.
    pub width: usize,
    pub height: usize,
    /// Whether opposite edges of a picture meet, so that copies of it can be laid side by side.
    pub tiling: bool,
    pub batch_count: usize,
    pub batch_size: usize,
    /// -1 draws a seed.
    pub seed: i64,
    /// The seed of the noise to go toward; -1 draws one.
    pub subseed: i64,
    /// How far to go toward it: 0 not at all, 1 all the way.
    pub subseed_strength: f64,
    /// Pixels of the noise that is laid into the middle of a picture of another size, so that it
    /// resembles that of its seed at this size; 0 for none.
    pub seed_resize_from_w: usize,
    pub seed_resize_from_h: usize,
    /// Pictures on the way from the seed's noise to the second seed's, which become an animation; 0
    /// for none. They take the place of the batches' pictures.
    pub walk_frames: usize,
    /// How many times wider and higher a second pass makes the pictures; 1 for no second pass.
    pub hires_scale: f64,
    /// How they are enlarged before it.
    pub hires_upscaler: Upscaler,
    /// The second pass's denoising steps; 0 for as many as the first has.
    pub hires_steps: usize,
    /// How much of the way to noise the enlarged pictures go before they come back: 0 to 1.
    pub hires_denoising: f64,
    /// The picture to begin from instead of noise, by its name among the inputs; empty for noise.
    /// Several, with commas between them, take turns: picture `i` begins from number `i` of them, and
    /// after the last one it is the first one's turn again.
    pub init_image: String,
    /// How the picture is brought to the size that is drawn.
    pub resize_mode: ResizeMode,
    /// How much of the way to noise the picture goes before it comes back: 0 to 1.
    pub denoising_strength: f64,
    /// What of the picture to draw anew, by its name among the inputs: white is drawn, black stays.
    /// Empty for all of it.
    pub mask: String,
    /// Pixels over which the mask's edge is softened.
    pub mask_blur: usize,
    /// What stands under the mask before it is drawn anew.
    pub inpainting_fill: MaskedContent,
    /// Whether black is drawn and white stays.
    pub inpainting_mask_invert: bool,
    /// Whether the part around the mask alone is drawn at the size, and put back into the picture,
    /// which keeps its own.
    pub inpaint_full_res: bool,
    /// Pixels of the picture around the mask that are drawn with it.
    pub inpaint_full_res_padding: usize,
    /// Whether the parts of the prompt, with `|` between them, are drawn in all combinations: a plot
    /// whose columns and rows they are.
    pub prompt_matrix: bool,
    /// What changes from column to column of a plot, and its values, as [`super::Plot`] reads them.
    pub x_axis: Axis,
    pub x_values: String,
    /// From row to row.
    pub y_axis: Axis,
    pub y_values: String,
    /// From sheet to sheet.
    pub z_axis: Axis,
    pub z_values: String,
}

impl Default for GenerateSettings {
    fn default() -> Self {
        Self {
            model: String::new(),
            prompt: String::new(),
            negative_prompt: String::new(),
            cfg_scale: 3.0,
            sampler: SamplerKind::Ddpm,
            schedule: ScheduleKind::Automatic,
            eta: 0.0,
            clip_sample: ClipSample::Automatic,
            variance_type: StepVariance::Automatic,
            timestep_spacing: TimestepSpacing::Automatic,
            precision: Precision::F32,
            steps: 50,
            width: 0,
            height: 0,
            tiling: false,
            batch_count: 1,
            batch_size: 16,
            seed: -1,
            subseed: -1,
            subseed_strength: 0.0,
            seed_resize_from_w: 0,
            seed_resize_from_h: 0,
            walk_frames: 0,
            hires_scale: 1.0,
            hires_upscaler: Upscaler::Lanczos,
            hires_steps: 0,
            hires_denoising: 0.5,
            init_image: String::new(),
            resize_mode: ResizeMode::Crop,
            denoising_strength: 0.75,
            mask: String::new(),
            mask_blur: 0,
            inpainting_fill: MaskedContent::Original,
            inpainting_mask_invert: false,
            inpaint_full_res: false,
            inpaint_full_res_padding: 32,
            prompt_matrix: false,
            x_axis: Axis::Nothing,
            x_values: String::new(),
            y_axis: Axis::Nothing,
            y_values: String::new(),
            z_axis: Axis::Nothing,
            z_values: String::new(),
        }
    }
}

/// Every setting by its name, as a form, an address and an axis of a plot know it.
macro_rules! keyed {
    ($($key:ident),* $(,)?) => {
        impl GenerateSettings {
            /// The names of all settings, in the order of the form.
            pub const KEYS: &'static [&'static str] = &[$(stringify!($key)),*];

            /// The setting called `key` as text.
            pub fn get(&self, key: &str) -> Option<String> {
                match key {
                    $(stringify!($key) => Some(self.$key.show()),)*
                    _ => None,
                }
            }

            /// Reads the setting called `key` from `text`; its range is for [`Self::validate`].
            pub fn set(&mut self, key: &str, text: &str) -> Result<(), ConfigError> {
                let fault = |message| ConfigError::one(key, unread(key, text).unwrap_or(message));
                match key {
                    $(stringify!($key) => self.$key = FieldText::read(text).map_err(fault)?,)*
                    _ => return Err(unknown_name(key, key, Self::KEYS.iter().copied())),
                }
                Ok(())
            }
        }
    };
}

keyed! {
    model, prompt, negative_prompt, cfg_scale, sampler, schedule, eta, clip_sample, variance_type,
    timestep_spacing, precision, steps, width, height, tiling, batch_count, batch_size, seed, subseed, subseed_strength, seed_resize_from_w,
    seed_resize_from_h, walk_frames, hires_scale,
    hires_upscaler, hires_steps, hires_denoising, init_image, resize_mode, denoising_strength, mask,
    mask_blur, inpainting_fill, inpainting_mask_invert, inpaint_full_res, inpaint_full_res_padding,
    prompt_matrix, x_axis, x_values, y_axis, y_values, z_axis, z_values,
}

impl GenerateSettings {
    pub const MAX_STEPS: usize = 10_000;
    pub const MAX_BATCH_COUNT: usize = 100;
    pub const MAX_BATCH_SIZE: usize = 256;
    pub const MAX_CFG_SCALE: f64 = 30.0;
    pub const MAX_SEED: i64 = u32::MAX as i64;
    /// Pixels of a side.
    pub const MAX_SIDE: usize = 1024;
    pub const MAX_MASK_BLUR: usize = 64;
    pub const MAX_PADDING: usize = 256;
    pub const MAX_WALK_FRAMES: usize = 240;
    /// As many as a batch has.
    pub const MAX_INIT_IMAGES: usize = Self::MAX_BATCH_SIZE;

    /// Images of the whole job, or of a cell of its plot.
    pub fn images(&self) -> usize {
        match self.walk_frames {
            0 => self.batch_count * self.batch_size,
            frames => frames,
        }
    }

    /// How noise becomes a picture.
    pub fn sampling(&self) -> Sampling {
        let Self { sampler, schedule, steps, eta, .. } = *self;
        let Self { clip_sample, variance_type, timestep_spacing, precision, .. } = *self;
        Sampling {
            sampler,
            schedule,
            steps,
            eta,
            clip_sample,
            variance_type,
            timestep_spacing,
            precision,
        }
    }

    /// Whether it begins from a picture.
    pub fn is_image_to_image(&self) -> bool {
        self.init_images().next().is_some()
    }

    /// The names of the pictures to begin from, in the order of their turns.
    pub fn init_images(&self) -> impl Iterator<Item = &str> {
        self.init_image.split(',').map(str::trim).filter(|name| !name.is_empty())
    }

    /// Checks all ranges; whether steps and size fit the model is known only with the model.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let numbers = [
            ("steps", self.steps as f64),
            ("width", self.width as f64),
            ("height", self.height as f64),
            ("batch_count", self.batch_count as f64),
            ("batch_size", self.batch_size as f64),
            ("seed", self.seed as f64),
            ("subseed", self.subseed as f64),
            ("seed_resize_from_w", self.seed_resize_from_w as f64),
            ("seed_resize_from_h", self.seed_resize_from_h as f64),
            ("mask_blur", self.mask_blur as f64),
            ("inpaint_full_res_padding", self.inpaint_full_res_padding as f64),
            ("cfg_scale", self.cfg_scale),
            ("subseed_strength", self.subseed_strength),
            ("denoising_strength", self.denoising_strength),
        ];
        let mut errors: Vec<FieldError> =
            numbers.into_iter().filter_map(|(key, value)| out_of_range(key, value)).collect();
        errors.extend(self.mask_fault());
        errors.extend(self.init_images_fault());
        errors.extend(self.seed_size_fault());
        errors.extend(self.walk_fault());
        errors.extend(self.hires_faults());
        errors.extend(self.sampling().validate().err().into_iter().flat_map(|faults| faults.0));
        if errors.is_empty() { Ok(()) } else { Err(ConfigError(errors)) }
    }

    fn walk_fault(&self) -> Option<FieldError> {
        let most = Self::MAX_WALK_FRAMES;
        let fault = |message: String| Some(FieldError::new("walk_frames", message));
        let is_plot =
            self.prompt_matrix || [self.x_axis, self.y_axis, self.z_axis] != [Axis::Nothing; 3];
        match self.walk_frames {
            0 => None,
            frames if !(2..=most).contains(&frames) => {
                fault(format!("{frames} is out of range; give 2 to {most}, or 0 for no walk"))
            }
            _ if is_plot => fault("a plot cannot walk between seeds; give 0".into()),
            _ => None,
        }
    }

    /// Width and height in pixels that the seeds are resized from, if they are.
    pub fn seed_size(&self) -> Option<(usize, usize)> {
        let size = (self.seed_resize_from_w, self.seed_resize_from_h);
        (size.0 > 0 && size.1 > 0).then_some(size)
    }

    fn seed_size_fault(&self) -> Option<FieldError> {
        let missing = match (self.seed_resize_from_w, self.seed_resize_from_h) {
            (0, 1..) => "seed_resize_from_w",
            (1.., 0) => "seed_resize_from_h",
            _ => return None,
        };
        let message = "a seed is resized from a width and a height; give both, or 0 for neither";
        Some(FieldError::new(missing, message.to_owned()))
    }

    fn init_images_fault(&self) -> Option<FieldError> {
        let (given, most) = (self.init_images().count(), Self::MAX_INIT_IMAGES);
        let message = match given > 1 {
            _ if given > most => format!("{given} pictures are too many; give at most {most}"),
            true if self.walk_frames > 0 => "a walk begins from one picture; give one".into(),
            _ => return None,
        };
        Some(FieldError::new("init_image", message))
    }

    fn mask_fault(&self) -> Option<FieldError> {
        let alone = !self.is_image_to_image() && !self.mask.is_empty();
        alone.then(|| FieldError::new("mask", "a mask needs the picture it lies on; give one"))
    }
}

/// The error for a name that is not among `known`, with the nearest ones.
pub fn unknown_name<'a>(
    field: &str,
    asked: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> ConfigError {
    let mut names: Vec<&str> = known.into_iter().collect();
    names
        .sort_by_key(|name| edit_distance(&name.to_ascii_lowercase(), &asked.to_ascii_lowercase()));
    names.truncate(3);
    let hint = match names.as_slice() {
        [] => "there are none yet".into(),
        names => format!("nearest are {}", names.join(", ")),
    };
    ConfigError::one(field, format!("there is no `{}`; {hint}", shown(asked)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_told_by_field() {
        let settings =
            GenerateSettings { steps: 0, seed: -2, cfg_scale: f64::NAN, ..Default::default() };
        let error = settings.validate().unwrap_err();
        assert!(error.for_field("steps").unwrap().contains("give 1 to the model's timesteps"));
        assert!(error.for_field("seed").is_some());
        assert!(error.for_field("cfg_scale").unwrap().contains("give 0 to 30"));
        assert!(error.for_field("batch_size").is_none());
    }

    #[test]
    fn settings_from_before_there_were_schedules_still_load() {
        let old = r#"{"model":"digits","sampler":"DDIM","steps":7,"seed":3}"#;
        let settings: GenerateSettings = serde_json::from_str(old).unwrap();
        assert_eq!(settings.sampling(), Sampling::new(SamplerKind::Ddim, 7));
        let text = serde_json::to_string(&settings).unwrap();
        assert!(text.contains(r#""sampler":"DDIM","schedule":"Automatic","eta":0.0"#), "{text}");
        assert_eq!(serde_json::from_str::<GenerateSettings>(&text).unwrap(), settings);
    }

    #[test]
    fn every_setting_reads_back_what_it_shows() {
        let settings = GenerateSettings {
            prompt: "(cat:1.3) AND dog".into(),
            sampler: SamplerKind::EulerAncestral,
            tiling: true,
            subseed_strength: 0.25,
            resize_mode: ResizeMode::Fill,
            inpainting_fill: MaskedContent::Noise,
            x_axis: Axis::Steps,
            x_values: "1-5".into(),
            ..Default::default()
        };
        let mut read = GenerateSettings::default();
        for key in GenerateSettings::KEYS {
            read.set(key, &settings.get(key).unwrap()).unwrap();
        }
        assert_eq!(read, settings);
        let known = serde_json::to_value(&settings).unwrap();
        assert_eq!(known.as_object().unwrap().len(), GenerateSettings::KEYS.len());
    }

    #[test]
    fn text_that_cannot_be_read_is_told_by_field() {
        let mut settings = GenerateSettings::default();
        let mut told = |key: &str, text: &str| settings.set(key, text).unwrap_err().to_string();
        assert_eq!(told("steps", "many"), "steps: `many` is not a whole number");
        assert_eq!(told("eta", ""), "eta: give a number from 0 to 1");
        assert!(told("sampler", "Oiler a").contains("nearest are Euler a"));
        assert!(told("x_axis", "Step").contains("nearest are Steps"));
        assert!(told("tiling", "perhaps").contains("true or false"));
    }

    #[test]
    fn a_walk_has_two_ends_and_no_axes() {
        let walk = |walk_frames| GenerateSettings { walk_frames, ..Default::default() };
        assert_eq!((walk(24).validate(), walk(24).images(), walk(0).images()), (Ok(()), 24, 16));
        assert!(walk(1).validate().unwrap_err().for_field("walk_frames").is_some());
        let plot = GenerateSettings { y_axis: Axis::Steps, ..walk(24) };
        assert!(plot.validate().unwrap_err().for_field("walk_frames").unwrap().contains("plot"));
    }

    #[test]
    fn a_mask_needs_a_picture() {
        let alone = GenerateSettings { mask: "m".into(), ..Default::default() };
        assert!(alone.validate().unwrap_err().for_field("mask").is_some());
        let laid = GenerateSettings { init_image: "p".into(), ..alone };
        assert_eq!(laid.validate(), Ok(()));
    }

    #[test]
    fn a_seed_is_resized_from_both_sides_or_not_at_all() {
        let from = |seed_resize_from_w, seed_resize_from_h| GenerateSettings {
            seed_resize_from_w,
            seed_resize_from_h,
            ..Default::default()
        };
        assert_eq!((from(0, 0).seed_size(), from(0, 0).validate()), (None, Ok(())));
        assert_eq!((from(28, 32).seed_size(), from(28, 32).validate()), (Some((28, 32)), Ok(())));
        let fault = |settings: GenerateSettings, field: &str| {
            settings.validate().unwrap_err().for_field(field).map(str::to_owned)
        };
        assert!(fault(from(28, 0), "seed_resize_from_h").unwrap().contains("give both"));
        assert!(fault(from(0, 28), "seed_resize_from_w").unwrap().contains("give both"));
        assert!(fault(from(9999, 28), "seed_resize_from_w").unwrap().contains("give 0 to 1024"));
    }

    #[test]
    fn an_unknown_name_brings_the_nearest() {
        let error = unknown_name("model", "digit", ["textures", "digits"]);
        assert!(error.to_string().starts_with("model: there is no `digit`; nearest are digits"));
    }
}
