//! The gallery's rows.

use app::api::{ImageId, JobId};
use rusqlite::{OptionalExtension, Row, params};

use super::{Store, now};
use crate::Result;

/// A picture that was just written to its file.
#[derive(Clone, Debug, PartialEq)]
pub struct NewImage {
    /// Relative to the data folder, as is `strip`.
    pub path: String,
    pub strip: String,
    pub strip_frames: u32,
    /// The strip of the noisy pictures; older programs kept none.
    pub noisy_strip: Option<String>,
    pub width: u32,
    pub height: u32,
    pub seed: i64,
    pub parameters: String,
    /// The name of the model that drew it.
    pub model: String,
}

impl NewImage {
    /// Every file that is the picture's.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        [Some(&self.path), Some(&self.strip), self.noisy_strip.as_ref()]
            .into_iter()
            .flatten()
            .map(String::as_str)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ImageRow {
    pub id: ImageId,
    pub image: NewImage,
    pub job: JobId,
    /// Milliseconds since 1970.
    pub created: i64,
    pub starred: bool,
    /// When it was marked as deleted, in milliseconds since 1970.
    pub deleted: Option<i64>,
}

fn image(row: &Row<'_>) -> rusqlite::Result<ImageRow> {
    let image = NewImage {
        path: row.get(1)?,
        strip: row.get(2)?,
        strip_frames: row.get(3)?,
        noisy_strip: row.get(12)?,
        width: row.get(4)?,
        height: row.get(5)?,
        seed: row.get(6)?,
        parameters: row.get(7)?,
        model: row.get(8)?,
    };
    Ok(ImageRow {
        id: row.get(0)?,
        image,
        job: row.get(9)?,
        created: row.get(10)?,
        starred: row.get(11)?,
        deleted: row.get(13)?,
    })
}

const COLUMNS: &str = "id, path, strip, strip_frames, width, height, seed, parameters, model, job, \
                       created, starred, noisy_strip, deleted";

impl Store {
    pub fn add_image(&self, job: JobId, new: &NewImage) -> Result<ImageId> {
        self.with(|db| {
            db.execute(
                "INSERT INTO images (job, path, strip, strip_frames, width, height, seed, parameters, model, created,
                                     noisy_strip)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                params![
                    job, new.path, new.strip, new.strip_frames, new.width, new.height, new.seed,
                    new.parameters, new.model, now(), new.noisy_strip
                ],
            )?;
            Ok(db.last_insert_rowid())
        })
    }

    /// A picture that may be deleted: its file is there until it is purged.
    pub fn image(&self, id: ImageId) -> Result<Option<ImageRow>> {
        self.with(|db| {
            db.query_row(&format!("SELECT {COLUMNS} FROM images WHERE id = ?1"), [id], image)
                .optional()
        })
    }

    /// The pictures of a generation in the order they were drawn.
    pub fn images(&self, job: JobId) -> Result<Vec<ImageRow>> {
        self.select_images("WHERE job = ?1 AND deleted IS NULL ORDER BY id", [job])
    }

    pub fn count_images(&self, job: JobId) -> Result<usize> {
        const COUNT: &str = "SELECT count(*) FROM images WHERE job = ?1 AND deleted IS NULL";
        self.with(|db| db.query_row(COUNT, [job], |row| row.get(0)))
    }

    /// As [`Store::count_images`], with those that are marked as deleted.
    pub fn count_all_images(&self, job: JobId) -> Result<usize> {
        const COUNT: &str = "SELECT count(*) FROM images WHERE job = ?1";
        self.with(|db| db.query_row(COUNT, [job], |row| row.get(0)))
    }

    /// The pictures of a generation with those that are marked as deleted.
    pub fn all_images(&self, job: JobId) -> Result<Vec<ImageRow>> {
        self.select_images("WHERE job = ?1 ORDER BY id", [job])
    }

    /// [`Store::images`] without the first `before`.
    pub fn images_from(&self, job: JobId, before: usize) -> Result<Vec<ImageRow>> {
        self.select_images(
            "WHERE job = ?1 AND deleted IS NULL ORDER BY id LIMIT -1 OFFSET ?2",
            params![job, before],
        )
    }

    pub fn star_image(&self, id: ImageId, starred: bool) -> Result<bool> {
        let change = "UPDATE images SET starred = ?2 WHERE id = ?1";
        Ok(self.with(|db| db.execute(change, params![id, starred]))? > 0)
    }

    pub fn forget_images(&self, ids: &[ImageId]) -> Result<()> {
        self.transact(|db| {
            let mut delete = db.prepare("DELETE FROM images WHERE id = ?1")?;
            ids.iter().try_for_each(|id| delete.execute([id]).map(drop))
        })
    }

    pub(super) fn select_images(
        &self,
        tail: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<ImageRow>> {
        self.with(|db| {
            db.prepare_cached(&format!("SELECT {COLUMNS} FROM images {tail}"))?
                .query_map(values, image)?
                .collect()
        })
    }
}
