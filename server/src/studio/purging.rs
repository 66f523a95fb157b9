//! What goes for good: pictures with their files, and generations that nobody wanted to keep.

use app::api::JobId;

use super::Darkroom;
use super::browse::UNDO_TIME;
use super::files::remove_file;
use super::store::ImageRow;
use crate::Result;

impl Darkroom {
    /// Removes for good what was deleted more than a day ago.
    pub(super) fn purge_deleted(&self) -> Result<()> {
        self.remove_images(&self.store.long_deleted(UNDO_TIME)?)
    }

    /// Removes a generation that is over, with its pictures. Those with a star stay, and the
    /// generation for as long as it has one.
    pub fn forget_generation(&self, job: JobId) -> Result<()> {
        let Some(row) = self.store.job(job)?.filter(|row| row.state.is_over()) else {
            return Ok(());
        };
        let images = self.store.all_images(job)?;
        let (starred, others): (Vec<_>, Vec<_>) = images.into_iter().partition(|row| row.starred);
        self.remove_images(&others)?;
        if starred.is_empty() {
            let sheets = row.grid.into_iter().chain(self.store.sheets(job)?);
            sheets.for_each(|file| remove_file(&self.folders.absolute(&file)));
            self.store.delete_job(job)?;
        }
        self.publish_status()
    }

    fn remove_images(&self, rows: &[ImageRow]) -> Result<()> {
        for row in rows {
            row.image.files().for_each(|file| remove_file(&self.folders.absolute(file)));
        }
        self.store.forget_images(&rows.iter().map(|row| row.id).collect::<Vec<_>>())
    }
}
