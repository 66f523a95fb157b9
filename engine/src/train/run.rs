//! A run between its steps: what is due, what is saved, what was changed on the way.

use super::control::Wishes;
use super::folder::RunFolder;
use super::learner::{Learner, learner};
use super::marks::Marks;
use super::resuming::check_unchanged;
use super::samples::Samples;
use super::steering::Steering;
use super::validation::ValidationLoss;
use super::{StepReport, TrainEvent, TrainRequest};
use crate::precision::within;
use crate::{CancelToken, Error, Result, atomic_file};

/// Network, folder and journal of a run under way.
#[derive(Debug)]
pub(super) struct Run<'a> {
    request: &'a TrainRequest<'a>,
    folder: RunFolder,
    learner: Box<dyn Learner + 'a>,
    steering: Steering,
    marks: Marks,
    /// The step of the state in the folder; 0 where there is none.
    saved: u64,
    /// The newest step with a loss on the held-out images, and that loss.
    validated: Option<(u64, f32)>,
}

type Report<'a> = dyn FnMut(TrainEvent) -> Result<()> + 'a;

impl<'a> Run<'a> {
    pub fn open(request: &'a TrainRequest<'a>) -> Result<Self> {
        let folder = RunFolder::create(request.folder)?;
        if !request.resume {
            folder.forget_earlier_run()?;
        }
        let goes_on = folder.state().exists();
        if goes_on {
            check_unchanged(request, &folder)?;
        }
        let mut learner = learner(request)?;
        if goes_on {
            learner.restore(&folder.state())?;
        }
        learner.recall(&folder)?;
        // Now that it fits what the folder holds.
        atomic_file::write(&folder.config(), request.config.to_yaml().as_bytes())?;
        let steering = Steering::resume(folder.steering())?;
        let marks = Marks::resume(folder.marks())?;
        let saved = learner.standing().step;
        Ok(Self { request, folder, learner, steering, marks, saved, validated: None })
    }

    pub fn started(&self) -> TrainEvent<'static> {
        TrainEvent::Started {
            first_step: self.steps_done() + 1,
            total_steps: self.learner.standing().total_steps,
            weights: self.learner.weights(),
        }
    }

    pub fn steps_done(&self) -> u64 {
        self.learner.standing().step
    }

    pub fn is_done(&self) -> bool {
        self.steps_done() >= self.learner.standing().total_steps
    }

    /// Does what was asked for since the last step, and notes what is to be different from now on.
    pub fn heed(
        &mut self,
        wishes: &Wishes,
        cancel: &CancelToken,
        report: &mut Report,
    ) -> Result<()> {
        self.steering.heed(wishes, self.steps_done() + 1)?;
        if wishes.save && self.is_sound(report)? {
            self.marks.keep(self.steps_done())?;
            self.save(report)?;
        }
        if wishes.sample {
            self.draw_samples(cancel, report)?;
        }
        Ok(())
    }

    /// Makes no step for as long as the run is paused, but does what is asked for meanwhile.
    pub fn hold(&mut self, cancel: &CancelToken, report: &mut Report) -> Result<()> {
        let control = self.request.control;
        while control.is_paused() && !cancel.is_cancelled() {
            report(TrainEvent::Paused { step: self.steps_done() })?;
            control.sleep();
            self.heed(&control.take(), cancel, report)?;
        }
        report(TrainEvent::Continued { step: self.steps_done() })
    }

    /// Makes the next step; none if it ran away and the run was taken back instead.
    pub fn step(&mut self, report: &mut Report) -> Result<Option<StepReport>> {
        let step = self.steps_done() + 1;
        self.learner.standing_mut().rate.factor = self.steering.rate_factor(step);
        let precision = self.request.config.train_params.precision;
        match within(precision, || self.learner.step()) {
            Ok(figures) => Ok(Some(figures)),
            Err(Error::Diverged(reason)) => self.take_back(step, &reason, report).map(|()| None),
            Err(error) => Err(error),
        }
    }

    /// Whether the run can go on from what stands now; if not, it is taken back instead. Only what
    /// is sound may be saved or measured: the step that ruins the weights shows it in the next loss.
    pub fn is_sound(&mut self, report: &mut Report) -> Result<bool> {
        let learner = &mut self.learner;
        let precision = self.request.config.train_params.precision;
        let looked = learner.standing().check_weights();
        match looked.and_then(|()| within(precision, || learner.look_ahead())) {
            Ok(()) => Ok(true),
            Err(Error::Diverged(reason)) => {
                self.take_back(self.steps_done(), &reason, report).map(|()| false)
            }
            Err(error) => Err(error),
        }
    }

    /// Goes back to where the run was last saved, with half the rate, because `step` ran away. The
    /// second time that is an error.
    fn take_back(&mut self, step: u64, reason: &str, report: &mut Report) -> Result<()> {
        if self.steering.was_halved() {
            return Err(self.ran_away_twice(step, reason));
        }
        match self.folder.state().exists() {
            true => self.learner.restore(&self.folder.state())?,
            false => self.learner = learner(self.request)?,
        }
        let to_step = self.steps_done();
        self.steering.halve(reason, to_step + 1)?;
        self.learner.standing_mut().rate.factor = self.steering.rate_factor(to_step + 1);
        let learning_rate = self.learner.standing().rate.at(to_step + 1);
        report(TrainEvent::RolledBack { step, to_step, learning_rate, reason })
    }

    fn ran_away_twice(&self, step: u64, reason: &str) -> Error {
        let kept = match self.saved {
            0 => "no checkpoint was made before".into(),
            step => format!("the checkpoint of step {step} is kept"),
        };
        Error::Diverged(format!(
            "training ran away again at half the rate: at step {step} {reason}; try a \
             train_params.lr below {}, or a train_params.grad_clip of 1; {kept}",
            self.request.config.train_params.lr
        ))
    }

    pub fn checkpoint_is_due(&self) -> bool {
        self.is_done() || self.steps_done().is_multiple_of(self.checkpoint_every())
    }

    pub fn validation_is_due(&self) -> bool {
        let every = self.request.config.train_params.validate_every as u64;
        self.checkpoint_is_due() || (every > 0 && self.steps_done().is_multiple_of(every))
    }

    pub fn samples_are_due(&self) -> bool {
        self.is_done() || self.steps_done().is_multiple_of(self.sample_every())
    }

    /// Whether the samples of the step that the run goes on from were due and never came.
    pub fn samples_are_missing(&self) -> bool {
        self.request.samples_missing && self.steps_done() > 0 && self.samples_are_due()
    }

    fn checkpoint_every(&self) -> u64 {
        self.request.config.train_params.steps_between_checkpoints(self.request.data.len())
    }

    fn sample_every(&self) -> u64 {
        let configured = self.request.config.train_params.sample_every as u64;
        match self.steering.sample_every(self.steps_done()).unwrap_or(configured) {
            0 => self.checkpoint_every(),
            steps => steps,
        }
    }

    /// Measures the loss on the images that are held out, if there are any.
    pub fn validate(&mut self, report: &mut Report) -> Result<()> {
        let Some(ValidationLoss { loss, ema_loss }) = self.learner.validate()? else {
            return Ok(());
        };
        self.validated = Some((self.steps_done(), ema_loss.unwrap_or(loss)));
        report(TrainEvent::Validation { step: self.steps_done(), loss, ema_loss })
    }

    /// Saves what stands now if it is sound, unless it was saved before.
    pub fn save_what_is_new(&mut self, report: &mut Report) -> Result<()> {
        match self.steps_done() > self.saved && self.is_sound(report)? {
            true => self.save(report),
            false => Ok(()),
        }
    }

    /// Saves what stands now and is sound, as a checkpoint and as the state to go on from.
    pub fn save(&mut self, report: &mut Report) -> Result<()> {
        let step = self.steps_done();
        report(TrainEvent::Saving { step })?;
        let path = self.folder.checkpoint(step);
        self.learner.checkpoint().save(&path)?;
        // Before the state: a run that is killed after that does not come to this step again.
        self.mark_if_best()?;
        self.learner.save_state(&self.folder.state())?;
        self.learner.keep(&self.folder)?;
        self.saved = step;
        self.prune()?;
        report(TrainEvent::Checkpoint { step, path: &path })
    }

    /// Marks the newest checkpoint if none was better on the images that are held out.
    fn mark_if_best(&mut self) -> Result<()> {
        let step = self.steps_done();
        match self.validated.filter(|(validated, _)| *validated == step) {
            Some((_, loss)) => self.marks.compare(step, loss),
            None => Ok(()),
        }
    }

    /// Deletes the checkpoints that are not to be kept.
    fn prune(&self) -> Result<()> {
        let step = self.steps_done();
        match self.request.config.train_params.keep_checkpoints {
            0 => Ok(()),
            newest => self.marks.prune(self.request.folder, step, newest, self.checkpoint_every()),
        }
    }

    pub fn draw_samples(&self, cancel: &CancelToken, report: &mut Report) -> Result<()> {
        match self.learner.samples(cancel) {
            Ok(Samples { pictures, raw, columns }) => {
                let step = self.steps_done();
                let (pictures, raw) = (&pictures, raw.as_deref());
                report(TrainEvent::Samples { step, pictures, raw, columns })
            }
            // Whoever stops the run while it draws wants it stopped, not an error.
            Err(Error::Cancelled) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
