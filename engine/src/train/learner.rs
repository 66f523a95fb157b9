//! What a run needs of the network that it trains, whatever that is.

use std::fmt::Debug;
use std::path::Path;

use candle_core::Device;

use super::autoencoding::AutoencoderTrainer;
use super::beginning::check_kin;
use super::folder::{RunFolder, has_state};
use super::samples::Samples;
use super::standing::Standing;
use super::validation::ValidationLoss;
use super::{StepReport, TrainRequest, Trainer, state};
use crate::checkpoint::Checkpoint;
use crate::config::ValidConfig;
use crate::data::ImageSet;
use crate::{CancelToken, Result};

/// A network that learns, with its data and the step it stands at.
pub(super) trait Learner: Debug {
    fn standing(&self) -> &Standing;
    fn standing_mut(&mut self) -> &mut Standing;
    /// How many numbers its network has.
    fn weights(&self) -> u64;
    /// Trains on the images of the next step. Where loss or gradients run away the weights stay as
    /// they are, and the error says why.
    fn step(&mut self) -> Result<StepReport>;
    /// Whether the next step can be made from what stands now: an error says why if its loss or its
    /// gradients run away. They are kept for that step, so that it costs no more.
    fn look_ahead(&mut self) -> Result<()>;
    /// Begins with the weights of `checkpoint` instead of fresh ones.
    fn begin_from(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.standing().begin_from(checkpoint)
    }
    /// The loss on the images that are held out; none where there are none.
    fn validate(&self) -> Result<Option<ValidationLoss>>;
    /// What stands now, as a checkpoint.
    fn checkpoint(&self) -> Checkpoint;
    /// Saves all that [`Learner::restore`] needs.
    fn save_state(&self, path: &Path) -> Result<()>;
    /// Goes back to a saved state; the steps that follow are those the saved run would have made.
    fn restore(&mut self, path: &Path) -> Result<()>;
    /// Takes up what the folder keeps so that it need not be computed again.
    fn recall(&mut self, _folder: &RunFolder) -> Result<()> {
        Ok(())
    }
    /// Puts into the folder what need not be computed again.
    fn keep(&mut self, _folder: &RunFolder) -> Result<()> {
        Ok(())
    }
    /// Pictures that show how far it has come.
    fn samples(&self, cancel: &CancelToken) -> Result<Samples>;
}

/// What the run that `request` describes trains, standing before step 1.
///
/// A run that is resumed goes on with the autoencoder in its own checkpoint and with its own weights,
/// whatever has become of those it began with.
pub(super) fn learner<'a>(request: &'a TrainRequest) -> Result<Box<dyn Learner + 'a>> {
    let own = match request.config.model_params.draws_latents() {
        true => own_autoencoder(request.folder)?,
        false => None,
    };
    let autoencoder = own.as_ref().or(request.autoencoder);
    let mut learner = learner_on(request.config, request.data, autoencoder, request.device)?;
    if let Some(checkpoint) = request.begin_from.filter(|_| !has_state(request.folder)) {
        check_kin(request.config, &checkpoint.header.config, "the model to begin with has")?;
        learner.begin_from(checkpoint)?;
    }
    Ok(learner)
}

/// What `config` trains on `data`.
pub(super) fn learner_on<'a>(
    config: &ValidConfig,
    data: &'a ImageSet,
    autoencoder: Option<&Checkpoint>,
    device: &Device,
) -> Result<Box<dyn Learner + 'a>> {
    Ok(match config.is_autoencoder() {
        true => Box::new(AutoencoderTrainer::new(config, data, device)?),
        false => Box::new(Trainer::with_autoencoder(config, data, autoencoder, device)?),
    })
}

/// The checkpoint of the step that the state in `folder` is of.
fn own_autoencoder(folder: &Path) -> Result<Option<Checkpoint>> {
    let folder = RunFolder::at(folder);
    if !folder.state().exists() {
        return Ok(None);
    }
    let path = folder.checkpoint(state::step_of(&folder.state())?);
    path.exists().then(|| Checkpoint::load(&path)).transpose()
}
