//! The queue and what became of each job.

use app::api::{JobId, JobKind, JobState};
use rusqlite::{OptionalExtension, Row, params};

use super::{Store, now};
use crate::Result;

/// One job as the database holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRow {
    pub id: JobId,
    pub kind: JobKind,
    pub title: String,
    pub state: JobState,
    /// What was asked, as JSON.
    pub request: String,
    pub progress: f32,
    pub message: Option<String>,
    /// Newest figures of a training, or what an evaluation found, as JSON.
    pub figures: Option<String>,
    /// The grid of a generation, relative to the data folder.
    pub grid: Option<String>,
    pub worker: Option<String>,
}

const COLUMNS: &str = "id, kind, title, state, request, progress, message, figures, grid, worker";

const KINDS: &[(JobKind, &str)] =
    &[(JobKind::Generate, "generate"), (JobKind::Train, "train"), (JobKind::Evaluate, "evaluate")];

pub(super) const STATES: &[(JobState, &str)] = &[
    (JobState::Queued, "queued"),
    (JobState::Running, "running"),
    (JobState::Done, "done"),
    (JobState::Stopped, "stopped"),
    (JobState::Failed, "failed"),
    (JobState::Interrupted, "interrupted"),
];

pub(super) fn word<T: PartialEq + Copy>(table: &[(T, &'static str)], value: T) -> &'static str {
    table.iter().find(|(known, _)| *known == value).map_or("", |(_, word)| word)
}

fn meaning<T: Copy>(table: &[(T, &'static str)], word: &str, default: T) -> T {
    table.iter().find(|(_, known)| *known == word).map_or(default, |(value, _)| *value)
}

fn job(row: &Row<'_>) -> rusqlite::Result<JobRow> {
    Ok(JobRow {
        id: row.get(0)?,
        kind: meaning(KINDS, &row.get::<_, String>(1)?, JobKind::Generate),
        title: row.get(2)?,
        state: meaning(STATES, &row.get::<_, String>(3)?, JobState::Failed),
        request: row.get(4)?,
        progress: row.get(5)?,
        message: row.get(6)?,
        figures: row.get(7)?,
        grid: row.get(8)?,
        worker: row.get(9)?,
    })
}

impl Store {
    /// Puts a job at the end of the queue; with a `worker` it runs there at once instead.
    pub fn enqueue(
        &self,
        kind: JobKind,
        title: &str,
        request: &str,
        worker: Option<&str>,
    ) -> Result<JobId> {
        self.insert_job(kind, title, request, worker, false)
    }

    /// Puts a drawing at the end of the queue whose pictures nobody asked to save.
    pub fn enqueue_unsaved(&self, title: &str, request: &str) -> Result<JobId> {
        self.insert_job(JobKind::Generate, title, request, None, true)
    }

    fn insert_job(
        &self,
        kind: JobKind,
        title: &str,
        request: &str,
        worker: Option<&str>,
        unsaved: bool,
    ) -> Result<JobId> {
        // By itself, the row comes back before it is stored, and what goes wrong then is not told.
        self.transact(|db| {
            db.query_row(
                "INSERT INTO jobs (kind, title, state, request, place, worker, created, started,
                                   unsaved)
                 VALUES (?1, ?2, iif(?4 IS NULL, 'queued', 'running'), ?3,
                         (SELECT ifnull(max(place), 0) + 1 FROM jobs), ?4, ?5, iif(?4 IS NULL, NULL, ?5),
                         ?6)
                 RETURNING id",
                params![word(KINDS, kind), title, request, worker, now(), unsaved],
                |row| row.get(0),
            )
        })
    }

    /// Puts a job that is over back as [`Store::enqueue`] would, with a new request.
    pub fn requeue(&self, id: JobId, request: &str, worker: Option<&str>) -> Result<()> {
        self.write_endings()?;
        self.with(|db| {
            db.execute(
                "UPDATE jobs SET state = iif(?3 IS NULL, 'queued', 'running'), request = ?2,
                     message = NULL, worker = ?3, stop_asked = 0, ended = NULL,
                     place = (SELECT max(place) + 1 FROM jobs)
                 WHERE id = ?1",
                params![id, request, worker],
            )
        })?;
        Ok(())
    }

    /// Writes what is asked of a job, whatever its state.
    pub fn set_request(&self, id: JobId, request: &str) -> Result<()> {
        let change = "UPDATE jobs SET request = ?2 WHERE id = ?1";
        self.with(|db| db.execute(change, params![id, request]))?;
        Ok(())
    }

    /// Takes the first queued job of one of `kinds` for `worker`, in one step: nobody else gets it.
    pub fn claim(&self, kinds: &[JobKind], worker: &str) -> Result<Option<JobRow>> {
        let wanted = |kind| kinds.contains(&kind).then(|| word(KINDS, kind));
        let [generate, train, evaluate] =
            [JobKind::Generate, JobKind::Train, JobKind::Evaluate].map(wanted);
        self.transact(|db| {
            db.query_row(
                &format!(
                    "UPDATE jobs SET state = 'running', worker = ?1, started = ?2
                     WHERE id = (SELECT id FROM jobs WHERE state = 'queued' AND kind IN (?3, ?4, ?5)
                                 ORDER BY place LIMIT 1)
                     RETURNING {COLUMNS}"
                ),
                params![worker, now(), generate, train, evaluate],
                job,
            )
            .optional()
        })
    }

    /// Takes a queued job out of the queue; false if it was not waiting.
    pub fn withdraw(&self, id: JobId, message: &str) -> Result<bool> {
        let changed = self.with(|db| {
            db.execute(
                "UPDATE jobs SET state = 'stopped', message = ?2, ended = ?3
                 WHERE id = ?1 AND state = 'queued'",
                params![id, message, now()],
            )
        })?;
        Ok(changed > 0)
    }

    /// Asks whoever runs the job, in this program or another, to stop.
    pub fn ask_to_stop(&self, id: JobId) -> Result<()> {
        self.with(|db| db.execute("UPDATE jobs SET stop_asked = 1 WHERE id = ?1", [id]))?;
        Ok(())
    }

    pub fn stop_asked(&self, id: JobId) -> Result<bool> {
        self.with(|db| {
            db.query_row("SELECT stop_asked FROM jobs WHERE id = ?1", [id], |row| row.get(0))
                .optional()
                .map(|asked| asked.unwrap_or(false))
        })
    }

    pub fn set_progress(&self, id: JobId, progress: f32, figures: Option<&str>) -> Result<()> {
        self.with(|db| {
            db.execute(
                "UPDATE jobs SET progress = ?2, figures = ifnull(?3, figures) WHERE id = ?1",
                params![id, progress, figures],
            )
        })?;
        Ok(())
    }

    pub fn job(&self, id: JobId) -> Result<Option<JobRow>> {
        self.one_job("WHERE id = ?1", [id])
    }

    /// The job of this kind that was asked for last.
    pub fn newest_job(&self, kind: JobKind) -> Result<Option<JobRow>> {
        self.one_job("WHERE kind = ?1 ORDER BY place DESC LIMIT 1", [word(KINDS, kind)])
    }

    /// The newest training that writes into the run folder `name`.
    pub fn training_named(&self, name: &str) -> Result<Option<JobRow>> {
        self.one_job("WHERE kind = 'train' AND title = ?1 ORDER BY id DESC LIMIT 1", [name])
    }

    /// The training that was made last, whenever it was resumed.
    pub fn newest_training(&self) -> Result<Option<JobId>> {
        let newest = "SELECT max(id) FROM jobs WHERE kind = 'train'";
        self.with(|db| db.prepare_cached(newest)?.query_row([], |row| row.get(0)))
    }

    /// All trainings, newest first.
    pub fn trainings(&self) -> Result<Vec<JobRow>> {
        self.jobs("WHERE kind = 'train' ORDER BY id DESC")
    }

    /// All evaluations, newest first.
    pub fn evaluations(&self) -> Result<Vec<JobRow>> {
        self.jobs("WHERE kind = 'evaluate' ORDER BY id DESC")
    }

    /// Running jobs, then queued ones in their order.
    pub fn open_jobs(&self) -> Result<Vec<JobRow>> {
        let open = "WHERE state IN ('running', 'queued') ORDER BY state = 'queued', place";
        let rows = self.jobs(open)?.into_iter();
        Ok(rows.filter(|row| !row.state.is_over()).collect())
    }

    /// The last few jobs that are over, newest first.
    pub fn last_jobs(&self, count: usize) -> Result<Vec<JobRow>> {
        let mut rows = self.jobs("WHERE state = 'running' ORDER BY id DESC")?;
        // Those whose ending is not written yet.
        rows.retain(|row| row.state.is_over());
        rows.extend(self.jobs(&format!(
            "WHERE state NOT IN ('running', 'queued') ORDER BY ended DESC, id DESC LIMIT {count}"
        ))?);
        rows.truncate(count);
        Ok(rows)
    }

    /// The drawings that are over and that nobody asked to save.
    pub fn unsaved_jobs(&self) -> Result<Vec<JobRow>> {
        let rows = self.jobs("WHERE unsaved ORDER BY id")?.into_iter();
        Ok(rows.filter(|row| row.state.is_over()).collect())
    }

    pub fn delete_job(&self, id: JobId) -> Result<()> {
        self.with(|db| db.execute("DELETE FROM jobs WHERE id = ?1", [id]))?;
        Ok(())
    }

    fn one_job(&self, tail: &str, values: impl rusqlite::Params) -> Result<Option<JobRow>> {
        let row = self.with(|db| {
            db.query_row(&format!("SELECT {COLUMNS} FROM jobs {tail}"), values, job).optional()
        })?;
        Ok(row.map(|row| self.as_it_ended(row)))
    }

    fn jobs(&self, tail: &str) -> Result<Vec<JobRow>> {
        let rows: Vec<JobRow> = self.with(|db| {
            db.prepare(&format!("SELECT {COLUMNS} FROM jobs {tail}"))?.query_map([], job)?.collect()
        })?;
        Ok(rows.into_iter().map(|row| self.as_it_ended(row)).collect())
    }
}
