//! Taking pictures out of the gallery, and bringing them back.

use std::time::Duration;

use app::api::{DeletedImage, DeletedPage, Deletion, ImageId};

use super::Darkroom;
use super::browse::check_number;
use super::store::{ImageRow, ago, seconds_since};
use super::views::image_info;
use crate::{Error, Result};

/// How long a deleted picture can be brought back.
pub(super) const UNDO_TIME: Duration = Duration::from_secs(24 * 3600);

/// Deleted pictures of one answer at most.
const SHOWN: usize = 500;

impl Darkroom {
    /// Takes pictures out of sight. Their files stay for a day.
    pub fn delete_images(&self, ids: &[ImageId]) -> Result<()> {
        check_number(ids)?;
        self.store.mark_deleted(ids, true)?;
        self.purge_deleted()?;
        self.purge_inputs()
    }

    pub fn restore_images(&self, ids: &[ImageId]) -> Result<()> {
        check_number(ids)?;
        self.store.mark_deleted(ids, false)?;
        match self.store.images_by_id(ids)?.is_empty() {
            true => Err(Error::NotFound("what is to come back is gone for good".into())),
            false => Ok(()),
        }
    }

    /// Brings back what was deleted between two moments, in milliseconds since 1970, both within.
    pub fn restore_deletions(&self, from: i64, until: i64) -> Result<()> {
        match self.store.restore_between(from, until)? {
            0 => Err(Error::NotFound(
                "nothing of it can come back: it is back already, or gone for good".into(),
            )),
            _ => Ok(()),
        }
    }

    /// What can be brought back, the last deleted first.
    pub fn deleted_images(&self) -> Result<DeletedPage> {
        let (total, rows) = self.store.deleted_from(ago(UNDO_TIME), SHOWN)?;
        Ok(DeletedPage { total, images: rows.into_iter().map(deleted_image).collect() })
    }

    /// What was deleted last, if it can be brought back.
    pub(super) fn last_deletion(&self) -> Result<Option<Deletion>> {
        let found = self.store.last_deletion(ago(UNDO_TIME))?;
        Ok(found.map(|(moment, images)| Deletion { moment, images, ago: seconds_since(moment) }))
    }
}

fn deleted_image(row: ImageRow) -> DeletedImage {
    let moment = row.deleted.unwrap_or_default();
    let image = image_info(row);
    DeletedImage {
        id: image.id,
        url: image.url,
        width: image.width,
        height: image.height,
        seed: image.seed,
        moment,
        ago: seconds_since(moment),
    }
}
