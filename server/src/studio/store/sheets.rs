//! Grids and the sheets of plots.

use app::api::JobId;
use rusqlite::params;

use super::Store;
use crate::Result;

impl Store {
    /// `path` is relative to the data folder.
    pub fn set_grid(&self, id: JobId, path: &str) -> Result<()> {
        self.with(|db| db.execute("UPDATE jobs SET grid = ?2 WHERE id = ?1", params![id, path]))?;
        Ok(())
    }

    /// `path` is relative to the data folder; sheets are numbered from 0.
    pub fn add_sheet(&self, job: JobId, number: u32, path: &str) -> Result<()> {
        self.with(|db| {
            db.execute(
                "INSERT OR REPLACE INTO sheets (job, number, path) VALUES (?1, ?2, ?3)",
                params![job, number, path],
            )
        })?;
        Ok(())
    }

    /// The paths of a job's sheets in their order.
    pub fn sheets(&self, job: JobId) -> Result<Vec<String>> {
        self.with(|db| {
            db.prepare_cached("SELECT path FROM sheets WHERE job = ?1 ORDER BY number")?
                .query_map([job], |row| row.get(0))?
                .collect()
        })
    }

    /// Takes grid and sheets from a job.
    pub fn forget_sheets(&self, job: JobId) -> Result<()> {
        self.transact(|db| {
            db.execute("UPDATE jobs SET grid = NULL WHERE id = ?1", [job])?;
            db.execute("DELETE FROM sheets WHERE job = ?1", [job])
        })?;
        Ok(())
    }
}
