//! The pictures a run draws of itself.

use super::Trainer;
use crate::config::{Prompt, RunConfig, SamplerKind, Sampling};
use crate::grid::Picture;
use crate::model::Model;
use crate::sampler::{Guidance, SampleRequest, sample};
use crate::{CancelToken, Result};

/// Guidance of the pictures drawn during a run.
const SAMPLE_SCALE: f64 = 2.0;

/// Pictures that show how far a run has come.
#[derive(Debug)]
pub(super) struct Samples {
    /// Drawn by the averaged weights where there are any.
    pub pictures: Vec<Picture>,
    /// The same ones by the weights as trained, where `pictures` are by their average.
    pub raw: Option<Vec<Picture>>,
    /// How many are in a row.
    pub columns: usize,
}

/// The run's pictures: always the same seeds, so that one can watch them sharpen.
pub(super) fn drawn(trainer: &Trainer, cancel: &CancelToken) -> Result<Samples> {
    let pictures = drawn_by(&trainer.model()?, cancel)?;
    let params = trainer.params();
    let raw = match params.sample_raw {
        true => trainer.raw_model()?,
        false => None,
    };
    let raw = raw.map(|model| drawn_by(&model, cancel)).transpose()?;
    Ok(Samples { pictures, raw, columns: params.num_grid_rows })
}

fn drawn_by(model: &Model, cancel: &CancelToken) -> Result<Vec<Picture>> {
    let config = model.config();
    let params = &config.train_params;
    let timesteps = config.diffusion_params.num_timesteps;
    let steps = match params.sample_steps {
        0 => timesteps,
        steps => steps.min(timesteps),
    };
    let (seeds, side) = (0..params.num_samples as u64, config.model_params.im_size);
    let mut pictures = Vec::new();
    // As many at once as the run learns from: more would take memory that is not foreseen.
    for seeds in seeds.collect::<Vec<_>>().chunks(params.batch_size) {
        let sampling = Sampling::new(SamplerKind::Ddpm, steps);
        let request = SampleRequest {
            guidance: guidance(config, seeds),
            ..SampleRequest::new(sampling, seeds.to_vec(), (side, side))
        };
        pictures.extend(sample(model, &request, cancel, &mut |_| Ok(()))?);
    }
    Ok(pictures)
}

/// Each class in turn, a little steered, where the network knows classes.
fn guidance(config: &RunConfig, seeds: &[u64]) -> Guidance {
    let classes = config.model_params.num_classes;
    let prompt = |seed: &u64| Prompt::of_class(*seed as usize % classes);
    match classes {
        0 => Guidance::default(),
        _ => Guidance {
            prompts: seeds.iter().map(prompt).collect(),
            scale: SAMPLE_SCALE,
            ..Guidance::default()
        },
    }
}
