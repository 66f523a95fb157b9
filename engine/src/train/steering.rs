//! What was changed while a run went on, each change with the first step it holds for.
//!
//! The journal lies in the run's folder and is written before the step that it changes. A run that
//! is resumed reads it and makes the same steps again, so that its bytes follow from configuration,
//! data and journal, however often it was stopped or killed.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::control::{Wishes, check_factor};
use super::folder::RunFolder;
use super::json_file;
use crate::Result;

/// How a run differs by now from what its configuration says.
#[derive(Clone, Debug, PartialEq)]
pub struct Steered {
    /// What the schedule's rate is to be multiplied by; half of it if the run was taken back.
    pub rate_factor: f64,
    /// Steps between samples, if they were changed.
    pub sample_every: Option<u64>,
    /// Why the run was taken back, if it was.
    pub rolled_back: Option<String>,
}

/// What was changed in the run whose folder this is, up to its newest change.
pub fn steered(folder: &Path) -> Result<Steered> {
    let steering = Steering::resume(RunFolder::at(folder).steering())?;
    Ok(Steered {
        rate_factor: steering.wanted_factor(u64::MAX),
        sample_every: steering.sample_every(u64::MAX),
        rolled_back: steering.last(u64::MAX, |what| match what {
            What::Halved(reason) => Some(reason.clone()),
            _ => None,
        }),
    })
}

/// The journal of a run.
#[derive(Debug)]
pub(super) struct Steering {
    path: PathBuf,
    changes: Vec<Change>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Change {
    from_step: u64,
    #[serde(flatten)]
    what: What,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    /// The rate is that of the schedule times this.
    RateFactor(f64),
    SampleEvery(u64),
    /// The rate is half of what it would be, because the run was taken back for this reason.
    Halved(String),
}

impl What {
    fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl Steering {
    /// The journal that a run left, empty if it left none.
    pub fn resume(path: PathBuf) -> Result<Self> {
        let changes: Vec<Change> = json_file::read(&path)?;
        for change in &changes {
            if let What::RateFactor(factor) = change.what {
                check_factor(factor).map_err(|error| json_file::broken(&path, error))?;
            }
        }
        Ok(Self { path, changes })
    }

    /// Notes the changes among `wishes`, which hold from `step` on.
    pub fn heed(&mut self, wishes: &Wishes, step: u64) -> Result<()> {
        let factor = wishes.rate_factor.map(What::RateFactor);
        let every = wishes.sample_every.map(What::SampleEvery);
        factor.into_iter().chain(every).try_for_each(|what| self.note(what, step))
    }

    /// Halves the rate from `step` on.
    pub fn halve(&mut self, reason: &str, step: u64) -> Result<()> {
        self.note(What::Halved(reason.into()), step)
    }

    pub fn was_halved(&self) -> bool {
        self.changes.iter().any(|change| matches!(change.what, What::Halved(_)))
    }

    /// What the schedule's rate is multiplied by at `step`.
    pub fn rate_factor(&self, step: u64) -> f64 {
        let halved = self.last(step, |what| matches!(what, What::Halved(_)).then_some(0.5));
        self.wanted_factor(step) * halved.unwrap_or(1.0)
    }

    /// The factor that someone wanted at `step`, whatever befell the run.
    fn wanted_factor(&self, step: u64) -> f64 {
        let factor = self.last(step, |what| match what {
            What::RateFactor(factor) => Some(*factor),
            _ => None,
        });
        factor.unwrap_or(1.0)
    }

    /// The steps between samples at `step`, if someone changed them.
    pub fn sample_every(&self, step: u64) -> Option<u64> {
        self.last(step, |what| match what {
            What::SampleEvery(steps) => Some(*steps),
            _ => None,
        })
    }

    fn last<T>(&self, step: u64, of: impl Fn(&What) -> Option<T>) -> Option<T> {
        let holding = self.changes.iter().rev().filter(|change| change.from_step <= step);
        holding.filter_map(|change| of(&change.what)).next()
    }

    /// Changes of the same kind for later steps, from before a run was taken back, hold no longer.
    fn note(&mut self, what: What, from_step: u64) -> Result<()> {
        self.changes.retain(|change| change.from_step < from_step || !change.what.is_like(&what));
        self.changes.push(Change { from_step, what });
        json_file::write(&self.path, &self.changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factor(rate_factor: f64) -> Wishes {
        Wishes { rate_factor: Some(rate_factor), ..Default::default() }
    }

    #[test]
    fn each_change_holds_from_its_step_on_and_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("steering.json");
        let mut steering = Steering::resume(path.clone()).unwrap();
        steering.heed(&factor(0.5), 4).unwrap();
        steering.heed(&Wishes { sample_every: Some(7), ..factor(2.0) }, 9).unwrap();
        steering.halve("it ran away", 12).unwrap();
        for steering in [steering, Steering::resume(path).unwrap()] {
            let factors = [3, 4, 8, 9, 11, 12].map(|step| steering.rate_factor(step));
            assert_eq!(factors, [1.0, 0.5, 0.5, 2.0, 2.0, 1.0]);
            assert_eq!([8, 9].map(|step| steering.sample_every(step)), [None, Some(7)]);
            assert!(steering.was_halved());
        }
        let wanted = Steered {
            rate_factor: 2.0,
            sample_every: Some(7),
            rolled_back: Some("it ran away".into()),
        };
        assert_eq!(steered(folder.path()).unwrap(), wanted);
    }

    #[test]
    fn a_change_after_a_step_back_replaces_those_of_the_steps_that_were_lost() {
        let folder = tempfile::tempdir().unwrap();
        let mut steering = Steering::resume(folder.path().join("steering.json")).unwrap();
        steering.heed(&factor(100.0), 6).unwrap();
        steering.heed(&factor(1.0), 5).unwrap();
        assert_eq!(steering.rate_factor(8), 1.0);
    }

    #[test]
    fn a_broken_journal_names_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("steering.json");
        for text in ["{", r#"[{"from_step":1,"rate_factor":-3}]"#, r#"[{"from_step":1}]"#] {
            std::fs::write(&path, text).unwrap();
            let message = Steering::resume(path.clone()).unwrap_err().to_string();
            assert!(message.contains("steering.json: the run cannot be resumed"), "{message}");
        }
    }
}
