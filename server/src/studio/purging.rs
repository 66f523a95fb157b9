//! What goes for good: pictures with their files, and generations that nobody wanted to keep.

use std::collections::BTreeSet;

use app::api::JobId;

use super::Darkroom;
use super::deletions::UNDO_TIME;
use super::files::remove_file;
use super::store::{self, ImageRow, JobRow};
use crate::Result;

impl Darkroom {
    /// Removes for good what was deleted more than a day ago.
    pub(super) fn purge_deleted(&self) -> Result<()> {
        self.purge_deletions(store::ago(UNDO_TIME) - 1)
    }

    /// Removes for good what was deleted up to the moment `until`, in milliseconds since 1970. The last
    /// picture of a generation takes grid and sheets along.
    pub fn purge_deletions(&self, until: i64) -> Result<()> {
        let rows = self.store.deleted_until(until)?;
        self.remove_images(&rows)?;
        let jobs: BTreeSet<JobId> = rows.iter().map(|row| row.job).collect();
        for row in jobs.into_iter().filter_map(|job| self.store.job(job).transpose()) {
            let row = row?;
            if row.state.is_over() && self.store.all_images(row.id)?.is_empty() {
                self.remove_sheets(&row)?;
            }
        }
        Ok(())
    }

    /// Removes the generations that are over and that nobody asked to save, but those of which
    /// `stays` is true.
    pub fn forget_unsaved(&self, stays: impl Fn(JobId) -> bool) -> Result<()> {
        let jobs = self.store.unsaved_jobs()?.into_iter().map(|row| row.id);
        jobs.filter(|job| !stays(*job)).try_for_each(|job| self.forget_generation(job))
    }

    /// Removes a generation that is over, with its pictures. Those with a star stay, and the
    /// generation for as long as it has one.
    fn forget_generation(&self, job: JobId) -> Result<()> {
        let Some(row) = self.store.job(job)?.filter(|row| row.state.is_over()) else {
            return Ok(());
        };
        let images = self.store.all_images(job)?;
        let (starred, others): (Vec<_>, Vec<_>) = images.into_iter().partition(|row| row.starred);
        self.remove_images(&others)?;
        if starred.is_empty() {
            self.remove_sheets(&row)?;
            self.store.delete_job(job)?;
        }
        self.publish_status()
    }

    /// Removes the grid and the sheets of a generation.
    fn remove_sheets(&self, row: &JobRow) -> Result<()> {
        let sheets = self.store.sheets(row.id)?;
        let files = row.grid.iter().chain(&sheets);
        files.for_each(|file| remove_file(&self.folders.absolute(file)));
        self.store.forget_sheets(row.id)
    }

    fn remove_images(&self, rows: &[ImageRow]) -> Result<()> {
        for row in rows {
            row.image.files().for_each(|file| remove_file(&self.folders.absolute(file)));
        }
        self.store.forget_images(&rows.iter().map(|row| row.id).collect::<Vec<_>>())
    }
}
