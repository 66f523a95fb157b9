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
    pub width: u32,
    pub height: u32,
    pub seed: i64,
    pub parameters: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ImageRow {
    pub id: ImageId,
    pub image: NewImage,
}

fn image(row: &Row<'_>) -> rusqlite::Result<ImageRow> {
    let image = NewImage {
        path: row.get(1)?,
        strip: row.get(2)?,
        strip_frames: row.get(3)?,
        width: row.get(4)?,
        height: row.get(5)?,
        seed: row.get(6)?,
        parameters: row.get(7)?,
    };
    Ok(ImageRow { id: row.get(0)?, image })
}

const COLUMNS: &str = "id, path, strip, strip_frames, width, height, seed, parameters";

impl Store {
    pub fn add_image(&self, job: JobId, new: &NewImage) -> Result<ImageId> {
        self.with(|db| {
            db.execute(
                "INSERT INTO images (job, path, strip, strip_frames, width, height, seed, parameters, created)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    job, new.path, new.strip, new.strip_frames, new.width, new.height, new.seed,
                    new.parameters, now()
                ],
            )?;
            Ok(db.last_insert_rowid())
        })
    }

    pub fn image(&self, id: ImageId) -> Result<Option<ImageRow>> {
        self.with(|db| {
            db.query_row(&format!("SELECT {COLUMNS} FROM images WHERE id = ?1"), [id], image)
                .optional()
        })
    }

    /// The pictures of a generation in the order they were drawn.
    pub fn images(&self, job: JobId) -> Result<Vec<ImageRow>> {
        self.with(|db| {
            db.prepare_cached(&format!("SELECT {COLUMNS} FROM images WHERE job = ?1 ORDER BY id"))?
                .query_map([job], image)?
                .collect()
        })
    }
}
