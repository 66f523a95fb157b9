//! The grids of samples that runs draw as they learn.

use app::api::JobId;
use rusqlite::{OptionalExtension, Row, params};

use super::Store;
use crate::Result;

/// The grids of one step; paths are relative to the data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleRow {
    pub step: u64,
    pub path: String,
    /// By the weights as trained, where `path` is by their average.
    pub raw: Option<String>,
}

impl SampleRow {
    fn read(row: &Row) -> rusqlite::Result<Self> {
        Ok(Self { step: row.get(0)?, path: row.get(1)?, raw: row.get(2)? })
    }
}

impl Store {
    pub fn add_sample(&self, job: JobId, sample: &SampleRow) -> Result<()> {
        let SampleRow { step, path, raw } = sample;
        self.with(|db| {
            db.execute(
                "INSERT OR REPLACE INTO samples (job, step, path, raw) VALUES (?1, ?2, ?3, ?4)",
                params![job, step, path, raw],
            )
        })?;
        Ok(())
    }

    /// First to last.
    pub fn samples(&self, job: JobId) -> Result<Vec<SampleRow>> {
        self.with(|db| {
            db.prepare_cached("SELECT step, path, raw FROM samples WHERE job = ?1 ORDER BY step")?
                .query_map([job], SampleRow::read)?
                .collect()
        })
    }

    pub fn sample(&self, job: JobId, step: u64) -> Result<Option<SampleRow>> {
        self.with(|db| {
            db.query_row(
                "SELECT step, path, raw FROM samples WHERE job = ?1 AND step = ?2",
                params![job, step],
                SampleRow::read,
            )
            .optional()
        })
    }
}
