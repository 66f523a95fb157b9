//! The grids of samples that runs draw as they learn.

use app::api::JobId;
use rusqlite::{OptionalExtension, params};

use super::Store;
use crate::Result;

impl Store {
    /// `path` is relative to the data folder.
    pub fn add_sample(&self, job: JobId, step: u64, path: &str) -> Result<()> {
        self.with(|db| {
            db.execute(
                "INSERT OR REPLACE INTO samples (job, step, path) VALUES (?1, ?2, ?3)",
                params![job, step, path],
            )
        })?;
        Ok(())
    }

    /// The steps that have a grid, first to last.
    pub fn sample_steps(&self, job: JobId) -> Result<Vec<u64>> {
        self.with(|db| {
            db.prepare_cached("SELECT step FROM samples WHERE job = ?1 ORDER BY step")?
                .query_map([job], |row| row.get(0))?
                .collect()
        })
    }

    pub fn sample(&self, job: JobId, step: u64) -> Result<Option<String>> {
        self.with(|db| {
            db.query_row(
                "SELECT path FROM samples WHERE job = ?1 AND step = ?2",
                params![job, step],
                |row| row.get(0),
            )
            .optional()
        })
    }
}
