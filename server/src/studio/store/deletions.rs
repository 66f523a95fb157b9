//! Pictures that are marked as deleted. Those that were deleted at once have one moment in common.

use std::time::Duration;

use app::api::ImageId;
use rusqlite::{OptionalExtension, params};

use super::{ImageRow, Store, now};
use crate::Result;

impl Store {
    /// Marks pictures as deleted, or takes the mark off; those that are not there are passed over, and
    /// a mark that is there already stays as it is.
    pub fn mark_deleted(&self, ids: &[ImageId], deleted: bool) -> Result<()> {
        let mark = deleted.then(now);
        self.transact(|db| {
            let mut change = db.prepare(
                "UPDATE images SET deleted = ?2 WHERE id = ?1 AND (deleted IS NULL) = (?2 IS NOT NULL)",
            )?;
            ids.iter().try_for_each(|id| change.execute(params![id, mark]).map(drop))
        })
    }

    /// Takes the mark off what was deleted between two moments, in milliseconds since 1970, both
    /// within; how many pictures that were.
    pub fn restore_between(&self, from: i64, until: i64) -> Result<usize> {
        let change = "UPDATE images SET deleted = NULL WHERE deleted BETWEEN ?1 AND ?2";
        self.with(|db| db.execute(change, [from, until]))
    }

    /// What was deleted at the moment `from` or later: how many pictures, and the `limit` of them that
    /// were deleted last.
    pub fn deleted_from(&self, from: i64, limit: usize) -> Result<(u64, Vec<ImageRow>)> {
        let total = self.with(|db| {
            let count = "SELECT count(*) FROM images WHERE deleted >= ?1";
            db.query_row(count, [from], |row| row.get(0))
        })?;
        let tail = "WHERE deleted >= ?1 ORDER BY deleted DESC, id DESC LIMIT ?2";
        Ok((total, self.select_images(tail, params![from, limit as i64])?))
    }

    /// The last moment at which something was deleted, if it is `from` or later, and how many pictures
    /// that were.
    pub fn last_deletion(&self, from: i64) -> Result<Option<(i64, u64)>> {
        self.with(|db| {
            db.prepare_cached(
                "SELECT deleted, count(*) FROM images WHERE deleted >= ?1
                 GROUP BY deleted ORDER BY deleted DESC LIMIT 1",
            )?
            .query_row([from], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
        })
    }

    /// Pictures that were deleted up to the moment `until`.
    pub fn deleted_until(&self, until: i64) -> Result<Vec<ImageRow>> {
        self.select_images("WHERE deleted <= ?1", [until])
    }
}

/// The moment that was `age` ago, in milliseconds since 1970.
pub fn ago(age: Duration) -> i64 {
    now() - i64::try_from(age.as_millis()).unwrap_or(i64::MAX)
}

/// Whole seconds since `moment`, in milliseconds since 1970.
pub fn seconds_since(moment: i64) -> u64 {
    u64::try_from((now() - moment) / 1000).unwrap_or(0)
}
