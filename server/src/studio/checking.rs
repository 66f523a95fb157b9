//! Whether a generation can be drawn, told before it is in the queue.

use std::collections::HashMap;

use app::api::ModelInfo;
use engine::config::{ConfigError, GenerateSettings, Plot, Prompt, check_size};

use super::library::Models;
use super::memory::Room;
use super::second_pass::check_second_pass;
use super::{Darkroom, drawn_size};
use crate::{Error, Result};

impl Darkroom {
    /// Title and request of the job.
    pub(super) fn checked_generation(
        &self,
        settings: GenerateSettings,
    ) -> Result<(String, String)> {
        let model = settings.model.clone();
        self.check_generation(settings).map_err(|error| match (error, self.models.info(&model)) {
            (Error::Config(fault), Ok(model)) => fault.with_timesteps(model.timesteps).into(),
            (error, _) => error,
        })
    }

    fn check_generation(&self, mut settings: GenerateSettings) -> Result<(String, String)> {
        settings.validate()?;
        match settings.prompt_matrix {
            // Its prompt is none by itself; those of its cells are checked below.
            true => self.check_knows_classes(&settings.model)?,
            false => {
                let model = self.drawable(&settings.model)?;
                self.check_drawing(&mut settings, &model)?;
                settings.spread_prompts(&model.info.classes)?;
            }
        }
        // The same for all cells of a plot.
        self.check_inputs(&settings)?;
        let plot = Plot::read(&settings)?;
        if let Some(plot) = &plot {
            self.check_plot(plot)?;
        }
        settings.draw_seeds(|| drawn_seed(-1));
        let images = settings.images() * plot.as_ref().map_or(1, Plot::len);
        let plural = if images == 1 { "" } else { "s" };
        let title = format!("{}, {images} image{plural}", settings.model);
        Ok((title, serde_json::to_string(&settings)?))
    }

    fn check_knows_classes(&self, model: &str) -> Result<()> {
        match self.models.info(model)?.classes.is_empty() {
            true => Err(Error::field(
                "prompt_matrix",
                "this model draws without classes, so there is nothing to combine; leave it off",
            )),
            false => Ok(()),
        }
    }

    /// Whether every cell can be drawn. What goes wrong inside is told as it is.
    fn check_plot(&self, plot: &Plot) -> Result<()> {
        let (mut fault, mut models) = (None, HashMap::new());
        // Cells may be many, and most are of one model.
        let mut check = |cell: &mut GenerateSettings| {
            if !models.contains_key(&cell.model) {
                models.insert(cell.model.clone(), self.drawable(&cell.model)?);
            }
            let model = &models[&cell.model];
            self.check_drawing(cell, model)?;
            self.check_cell(cell, &model.info)
        };
        let checked = plot.check(|mut cell| match check(&mut cell) {
            Err(Error::Config(error)) => Err(error),
            Err(other) => {
                fault = Some(other);
                Ok(())
            }
            Ok(()) => Ok(()),
        });
        fault.map_or(Ok(checked?), Err)
    }

    fn drawable(&self, name: &str) -> Result<Drawable> {
        let header = self.models.header(name)?;
        let room = self.room_for(&header);
        Ok(Drawable { info: Models::info_of(name, header), room })
    }

    /// Whether `model` can draw what `settings` ask for.
    fn check_drawing(&self, settings: &mut GenerateSettings, model: &Drawable) -> Result<()> {
        let Drawable { info: model, room } = model;
        check_draws(model)?;
        check_steps(settings.steps, model.timesteps)?;
        check_prompt(settings, model)?;
        let (width, height) = drawn_size(settings, model.width as usize);
        check_size(model.size_divisor, width, height)?;
        check_second_pass(settings, model)?;
        self.check_walk(settings, model)?;
        room.as_ref().map_or(Ok(()), |room| room.check(settings, model))
    }
}

/// A model, and the room that there is for its pictures.
struct Drawable {
    info: ModelInfo,
    room: Option<Room>,
}

/// An autoencoder draws nothing by itself.
pub fn check_draws(model: &ModelInfo) -> Result<(), ConfigError> {
    match model.is_autoencoder {
        true => Err(ConfigError::one(
            "model",
            format!(
                "{} is an autoencoder; train a model in its latents, and draw with that",
                model.name
            ),
        )),
        false => Ok(()),
    }
}

/// A prompt for a model without classes is dropped, as its text box is off; for one with classes it
/// must name what the model knows.
fn check_prompt(settings: &mut GenerateSettings, model: &ModelInfo) -> Result<(), ConfigError> {
    if model.classes.is_empty() {
        settings.prompt.clear();
        settings.negative_prompt.clear();
        return Ok(());
    }
    Prompt::parse(&settings.prompt, &model.classes)?;
    match model.needs_class && settings.prompt.trim().is_empty() {
        false => Ok(()),
        true => Err(ConfigError::one(
            "prompt",
            format!("this model needs a class for every picture, such as {}", model.classes[0]),
        )),
    }
}

pub fn check_steps(steps: usize, timesteps: usize) -> Result<(), ConfigError> {
    match steps <= timesteps {
        true => Ok(()),
        false => Err(ConfigError::one(
            "steps",
            format!(
                "{steps} is more than the model's {timesteps} timesteps; give 1 to {timesteps}"
            ),
        )),
    }
}

/// The seed itself, or a fresh one for -1.
pub fn drawn_seed(seed: i64) -> i64 {
    match seed {
        -1 => i64::from(rand::random::<u32>()),
        seed => seed,
    }
}
