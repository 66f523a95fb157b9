//! The pictures a run draws of itself.

use super::{TrainEvent, Trainer};
use crate::config::{Prompt, RunConfig, SamplerKind, Sampling};
use crate::sampler::{Guidance, SampleRequest, sample};
use crate::{CancelToken, Error, Result};

/// Guidance of the pictures drawn during a run.
const SAMPLE_SCALE: f64 = 2.0;

/// Draws the run's pictures: always the same seeds, so that one can watch them sharpen.
pub(super) fn draw(
    trainer: &Trainer,
    config: &RunConfig,
    cancel: &CancelToken,
    report: &mut dyn FnMut(TrainEvent) -> Result<()>,
) -> Result<()> {
    let params = &config.train_params;
    let timesteps = config.diffusion_params.num_timesteps;
    let steps = match params.sample_steps {
        0 => timesteps,
        steps => steps.min(timesteps),
    };
    let (seeds, side) = ((0..params.num_samples as u64).collect(), config.model_params.im_size);
    let request = SampleRequest {
        guidance: guidance(config),
        ..SampleRequest::new(Sampling::new(SamplerKind::Ddpm, steps), seeds, (side, side))
    };
    match sample(&trainer.model()?, &request, cancel, &mut |_| Ok(())) {
        Ok(pictures) => report(TrainEvent::Samples {
            step: trainer.steps_done(),
            pictures: &pictures,
            columns: params.num_grid_rows,
        }),
        // Whoever stops the run while it draws wants it stopped, not an error.
        Err(Error::Cancelled) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Each class in turn, a little steered, where the network knows classes.
fn guidance(config: &RunConfig) -> Guidance {
    let classes = config.model_params.num_classes;
    let prompt = |picture: usize| Prompt::of_class(picture % classes);
    match classes {
        0 => Guidance::default(),
        _ => Guidance {
            prompts: (0..config.train_params.num_samples).map(prompt).collect(),
            scale: SAMPLE_SCALE,
            ..Guidance::default()
        },
    }
}
