//! The forward process, to be looked at.

use app::api::{Noising, ProcessForm, ProcessView};
use engine::config::ResizeMode;
use engine::forward::noised;
use engine::grid::{Picture, strip};
use engine::sampler::fit;
use engine::schedule::NoiseSchedule;

use super::Darkroom;
use crate::query::escape;
use crate::{Error, Result};

/// Timesteps at which the picture is shown.
const FRAMES: usize = 41;

/// Pixels of a side of an image that was given.
const LARGEST: u32 = 128;

/// Points of the schedule's curves.
const CURVE: usize = 201;

impl Darkroom {
    /// What the page shows for `form`; errors name its fields.
    pub fn process_view(&self, form: &ProcessForm) -> Result<ProcessView> {
        let schedule = NoiseSchedule::new(&form.params()?);
        let picture = self.process_picture(form)?;
        let query = form.pairs().map(|(name, value)| format!("{name}={}", escape(value)));
        Ok(ProcessView {
            count: self.datasets.count(&form.dataset)?,
            width: picture.width,
            height: picture.height,
            strip_url: format!("/files/process.png?{}", query.join("&")),
            frames: figures(&schedule, FRAMES),
            curve: figures(&schedule, CURVE),
        })
    }

    /// The picture at every frame's timestep, side by side.
    pub fn process_strip(&self, form: &ProcessForm) -> Result<Picture> {
        let schedule = NoiseSchedule::new(&form.params()?);
        let timesteps = spread(schedule.timesteps(), FRAMES);
        let seed = form.index()? as u64;
        Ok(strip(&noised(&self.process_picture(form)?, &schedule, &timesteps, seed)?))
    }

    fn process_picture(&self, form: &ProcessForm) -> Result<Picture> {
        let index = form.index()?;
        if !form.input.is_empty() {
            return Ok(small(self.input_picture(&form.input, "input")?));
        }
        self.datasets.thumbnail(&form.dataset, index).map_err(|error| match error {
            Error::Engine(error) => Error::field("image", error.to_string()),
            other => other.at_field("dataset"),
        })
    }
}

/// At most as large as the pictures of data sets are shown.
pub(super) fn small(picture: Picture) -> Picture {
    let (width, height) = (picture.width, picture.height);
    let longest = width.max(height).max(1);
    let side = |side: u32| (side * LARGEST / longest).max(1) as usize;
    if longest <= LARGEST {
        return picture;
    }
    let channels = usize::from(picture.channels);
    fit(picture, (side(width), side(height)), channels, ResizeMode::Resize).picture
}

fn figures(schedule: &NoiseSchedule, most: usize) -> Vec<Noising> {
    let at = |timestep: usize| Noising {
        timestep,
        beta: schedule.betas()[timestep],
        alpha_cumprod: schedule.alphas_cumprod()[timestep],
    };
    spread(schedule.timesteps(), most).into_iter().map(at).collect()
}

/// At most `most` timesteps, the first and the last among them.
fn spread(timesteps: usize, most: usize) -> Vec<usize> {
    let shown = timesteps.min(most);
    (0..shown).map(|i| i * (timesteps - 1) / (shown - 1).max(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_hold_both_ends() {
        assert_eq!(spread(5, 41), [0, 1, 2, 3, 4]);
        assert_eq!(spread(1000, 3), [0, 499, 999]);
        assert_eq!(spread(2, 41), [0, 1]);
    }
}
