//! How jobs ended, told also while the database cannot be written to.

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

use app::api::{JobId, JobState};
use rusqlite::params;

use super::jobs::{STATES, word};
use super::{JobRow, Store, now};
use crate::Result;

/// How a job ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ending {
    pub state: JobState,
    pub message: Option<String>,
}

/// Those that could not be written yet, say because the disk is full.
pub type Endings = BTreeMap<JobId, Ending>;

impl Store {
    /// Writes down how a job ended. After an error the job is over all the same, for this program,
    /// and [`Store::write_endings`] writes it.
    pub fn end(&self, id: JobId, ending: &Ending) -> Result<()> {
        let written = self.write_ending(id, ending);
        let mut unwritten = self.unwritten();
        match written {
            Ok(()) => unwritten.remove(&id),
            Err(_) => unwritten.insert(id, ending.clone()),
        };
        written
    }

    /// Ends a job whose program is gone; false if somebody else has ended it or taken it on since.
    pub fn end_orphan(&self, orphan: &JobRow, ending: &Ending) -> Result<bool> {
        let changed = self.with(|db| {
            db.execute(
                "UPDATE jobs SET state = ?2, message = ?3, ended = ?4, stop_asked = 0
                 WHERE id = ?1 AND state = 'running' AND worker IS ?5",
                params![
                    orphan.id,
                    word(STATES, ending.state),
                    ending.message,
                    now(),
                    orphan.worker
                ],
            )
        })?;
        Ok(changed > 0)
    }

    /// Writes the endings that could not be written before.
    pub fn write_endings(&self) -> Result<()> {
        let mut unwritten = self.unwritten();
        while let Some((id, ending)) = unwritten.first_key_value() {
            self.write_ending(*id, ending)?;
            unwritten.pop_first();
        }
        Ok(())
    }

    fn write_ending(&self, id: JobId, ending: &Ending) -> Result<()> {
        self.with(|db| {
            db.execute(
                "UPDATE jobs SET state = ?2, message = ?3, ended = ?4, stop_asked = 0,
                     progress = CASE WHEN ?2 = 'done' THEN 1 ELSE progress END
                 WHERE id = ?1",
                params![id, word(STATES, ending.state), ending.message, now()],
            )
        })?;
        Ok(())
    }

    /// `row` with an ending that is not written yet.
    pub(super) fn as_it_ended(&self, row: JobRow) -> JobRow {
        match self.unwritten().get(&row.id).cloned() {
            Some(Ending { state, message }) => JobRow { state, message, ..row },
            None => row,
        }
    }

    fn unwritten(&self) -> MutexGuard<'_, Endings> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
