//! Whether a run that goes on is still the one that was begun.

use std::collections::HashSet;
use std::path::Path;

use super::beginning::check_kin;
use super::folder::{RunFolder, checkpoints};
use super::marks::Marks;
use super::steering::Steering;
use super::validation::{held_out, split};
use super::{TrainRequest, state};
use crate::checkpoint::{DatasetFacts, Header};
use crate::config::{ConfigError, RunConfig};
use crate::{Error, Result};

/// An error if the state in `folder` belongs to other classes, to another network or to another
/// choice of held-out images than those of `request`. The checkpoint of its step tells; where that
/// was deleted, nobody does.
pub(super) fn check_unchanged(request: &TrainRequest, folder: &RunFolder) -> Result<()> {
    let checkpoint = folder.checkpoint(state::step_of(&folder.state())?);
    if !checkpoint.exists() {
        return Ok(());
    }
    let began = Header::read(&checkpoint)?;
    check_kin(request.config, &began.config, "the run began with")?;
    let now = DatasetFacts::of(request.config, request.data);
    check_classes(request.config, &began.dataset, &now)?;
    check_held_out(request.config, &began, &now)
}

/// Whether the run in `folder`, which came from elsewhere, can be read: its configuration, which is
/// told, its state, journals and checkpoints.
pub fn check_whole(folder: &Path) -> Result<RunConfig> {
    let run = RunFolder::at(folder);
    let path = run.config();
    let text = std::fs::read_to_string(&path).map_err(|error| Error::file(&path, error))?;
    let config = RunConfig::from_yaml(&text)?.validate()?;
    state::load(&run.state())?;
    Steering::resume(run.steering())?;
    Marks::resume(run.marks())?;
    for (_, path) in checkpoints(folder)? {
        Header::read(&path)?;
    }
    Ok(config.into_inner())
}

/// The network tells classes apart by their places in the list.
fn check_classes(config: &RunConfig, began: &DatasetFacts, now: &DatasetFacts) -> Result<()> {
    if config.model_params.num_classes == 0 || began.classes == now.classes {
        return Ok(());
    }
    Err(Error::Data(format!(
        "the classes of the data set are {} now, and the run learned {}; give them their old names, \
         or begin a new run from this one's weights (train_params.begin_from)",
        now.classes.join(", "),
        began.classes.join(", ")
    )))
}

/// Which images are held out follows from how many there are, the share and the seed.
fn check_held_out(config: &RunConfig, began: &Header, now: &DatasetFacts) -> Result<()> {
    let (share, images) = (config.train_params.validation_share, now.count as usize);
    let unseen: HashSet<usize> = held_out(began, images).into_iter().collect();
    let (_, wanted) = split(config, images);
    if wanted.iter().all(|image| unseen.contains(image)) {
        return Ok(());
    }
    let before = &began.config.train_params;
    let message = if began.dataset.count == now.count {
        format!(
            "{share} with the seed {} would hold out images that the run has trained on; give {} \
             with the seed {}, or 0",
            config.train_params.seed, before.validation_share, before.seed
        )
    } else {
        format!(
            "{share} would hold out images that the run has trained on: the data set had {} images \
             and has {} now; give 0, or begin a new run from this one's weights \
             (train_params.begin_from)",
            began.dataset.count, now.count
        )
    };
    Err(ConfigError::one("train_params.validation_share", message).into())
}
