//! The second pass: each picture is enlarged and drawn over at the larger size.

use app::api::ModelInfo;
use engine::CancelToken;
use engine::config::{GenerateSettings, MaskedContent, Sampling, Upscaler};
use engine::grid::Picture;
use engine::model::Model;
use engine::sampler::{Init, SampleRequest, SampleStep, Sampled, sample_until_stopped};
use engine::upscale::upscale;

use super::{check_steps, drawn_size};
use crate::{Error, Result};

/// What the second pass does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SecondPass {
    /// Width and height in pixels.
    pub size: (usize, usize),
    scale: f64,
    upscaler: Upscaler,
    sampling: Sampling,
    strength: f64,
}

impl SecondPass {
    /// What `settings` ask for after a first pass of `size`; nothing if they ask for none.
    pub fn of(settings: &GenerateSettings, size: (usize, usize), divisor: usize) -> Option<Self> {
        let sampling = settings.sampling();
        let steps = if settings.hires_steps == 0 { sampling.steps } else { settings.hires_steps };
        settings.has_second_pass().then(|| Self {
            size: settings.hires_size(size, divisor),
            scale: settings.hires_scale,
            upscaler: settings.hires_upscaler,
            sampling: Sampling { steps, ..sampling },
            strength: settings.hires_denoising,
        })
    }

    /// Steps that one picture takes.
    pub fn steps(&self) -> usize {
        self.init(Picture::filled(1, 1, 1, 0)).steps_taken(self.sampling.steps)
    }

    /// Draws over `picture`, the only one that `first` asked for; stopped on the way, as far as it came.
    pub fn draw(
        &self,
        model: &Model,
        first: SampleRequest,
        picture: Picture,
        cancel: &CancelToken,
        report: &mut dyn FnMut(&SampleStep) -> engine::Result<()>,
    ) -> engine::Result<Sampled> {
        let size = (self.size.0 as u32, self.size.1 as u32);
        let enlarged = upscale(picture, size, self.upscaler);
        let request = SampleRequest {
            sampling: self.sampling,
            size: self.size,
            inits: vec![self.init(enlarged)],
            ..first
        };
        sample_until_stopped(model, &request, cancel, report)
    }

    fn init(&self, picture: Picture) -> Init {
        let fill = MaskedContent::Original;
        Init { picture, strength: self.strength, mask: None, fill }
    }

    /// What the text of a picture says of it, by A1111's names.
    pub fn details(&self) -> Vec<(&'static str, String)> {
        vec![
            ("Denoising strength", self.strength.to_string()),
            ("Hires upscale", self.scale.to_string()),
            ("Hires steps", self.sampling.steps.to_string()),
            ("Hires upscaler", self.upscaler.name().into()),
        ]
    }
}

/// Whether the model can draw at the second pass's size and in its steps.
pub fn check_second_pass(settings: &GenerateSettings, model: &ModelInfo) -> Result<()> {
    let size = drawn_size(settings, model.width as usize);
    let most = GenerateSettings::MAX_SIDE;
    let (width, height) = settings.hires_size(size, model.size_divisor);
    if settings.has_second_pass() && width.max(height) > most {
        let message = format!("it would make {width}x{height} pixels; a side has at most {most}");
        return Err(Error::field("hires_scale", message));
    }
    let checked = check_steps(settings.hires_steps, model.timesteps);
    checked.map_err(|error| Error::from(error).renamed("steps", "hires_steps"))
}
