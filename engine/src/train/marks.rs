//! Which checkpoints of a run stay when older ones are deleted.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::folder::{RunFolder, checkpoints, forget};
use super::json_file;
use crate::Result;

/// Of the checkpoints that come at regular steps, every tenth stays.
const LASTING: u64 = 10;

/// The checkpoint that has the lowest loss on the held-out images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    pub step: u64,
    /// Of the weights that draw: the moving average where there is one.
    pub loss: f32,
}

/// What sets checkpoints of a run apart, as it stands in `marks.json` in the run's folder.
#[derive(Debug)]
pub(super) struct Marks {
    path: PathBuf,
    marked: Marked,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Marked {
    best: Option<Best>,
    /// Steps that someone asked to save.
    by_hand: BTreeSet<u64>,
}

impl Marks {
    /// The marks that a run left.
    pub fn resume(path: PathBuf) -> Result<Self> {
        Ok(Self { marked: json_file::read(&path)?, path })
    }

    /// The checkpoint of `step` stays until someone deletes it.
    pub fn keep(&mut self, step: u64) -> Result<()> {
        self.marked.by_hand.insert(step);
        json_file::write(&self.path, &self.marked)
    }

    /// Marks the checkpoint of `step` if none has had so low a loss.
    pub fn compare(&mut self, step: u64, loss: f32) -> Result<()> {
        if !self.marked.best.is_none_or(|best| loss < best.loss) || !loss.is_finite() {
            return Ok(());
        }
        self.marked.best = Some(Best { step, loss });
        json_file::write(&self.path, &self.marked)
    }

    /// Deletes the checkpoints of the run in `folder` but the `newest` last ones, the best one, those saved by hand
    /// and every tenth that came after `every` steps. Later ones than `now` are another run's.
    pub fn prune(&self, folder: &Path, now: u64, newest: usize, every: u64) -> Result<()> {
        let mut old = checkpoints(folder)?;
        old.retain(|(step, _)| *step <= now);
        old.truncate(old.len().saturating_sub(newest));
        old.retain(|(step, _)| !self.is_lasting(*step, every));
        old.iter().try_for_each(|(_, path)| forget(path))
    }

    fn is_lasting(&self, step: u64, every: u64) -> bool {
        let is_best = self.marked.best.is_some_and(|best| best.step == step);
        is_best || self.marked.by_hand.contains(&step) || step.is_multiple_of(LASTING * every)
    }
}

/// The checkpoint of a run that has the lowest loss on the held-out images, if that was measured and
/// the checkpoint is still there.
pub fn best_checkpoint(folder: &Path) -> Result<Option<Best>> {
    let marked: Marked = json_file::read(&RunFolder::at(folder).marks())?;
    let there = checkpoints(folder)?;
    Ok(marked.best.filter(|best| there.iter().any(|(step, _)| *step == best.step)))
}
