//! The loss of every step of every run.

use app::api::{JobId, LossPoint, ValidationPoint};
use rusqlite::{OptionalExtension, Row, params};

use super::Store;
use crate::Result;

/// Steps that are averaged for a point at least, where there are so many.
const AVERAGED: u64 = 64;

fn point(row: &Row<'_>) -> rusqlite::Result<LossPoint> {
    let quarter = |at| row.get::<_, Option<f32>>(at);
    Ok(LossPoint {
        step: row.get(0)?,
        loss: row.get(1)?,
        buckets: [quarter(2)?, quarter(3)?, quarter(4)?, quarter(5)?],
        learning_rate: row.get(6)?,
        grad_norm: row.get(7)?,
    })
}

impl Store {
    /// Adds the points in one transaction; a step that is there already is replaced.
    pub fn add_losses(&self, job: JobId, points: &[LossPoint]) -> Result<()> {
        self.transact(|db| {
            let mut insert = db.prepare_cached(
                "INSERT OR REPLACE INTO losses (job, step, loss, quarter0, quarter1, quarter2, quarter3,
                     learning_rate, grad_norm)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?;
            // SQLite has no NaN; a diverged step has no place on the curve anyway.
            for point in points.iter().filter(|point| point.loss.is_finite()) {
                let [a, b, c, d] = point.buckets;
                let LossPoint { step, loss, learning_rate, grad_norm, .. } = point;
                insert.execute(params![job, step, loss, a, b, c, d, learning_rate, grad_norm])?;
            }
            Ok(())
        })
    }

    /// Forgets what came at `step` and after: a resumed run draws that part again.
    pub fn forget_from(&self, job: JobId, step: u64) -> Result<()> {
        self.transact(|db| {
            db.execute("DELETE FROM losses WHERE job = ?1 AND step >= ?2", params![job, step])?;
            db.execute("DELETE FROM samples WHERE job = ?1 AND step >= ?2", params![job, step])?;
            db.execute(
                "DELETE FROM validations WHERE job = ?1 AND step >= ?2",
                params![job, step],
            )?;
            Ok(())
        })
    }

    /// The curve with at most `points` points, each the mean of the steps behind it; of very many steps
    /// the mean of some that are spread over them.
    pub fn curve(&self, job: JobId, points: u64) -> Result<Vec<LossPoint>> {
        self.with(|db| {
            let (first, last): (u64, u64) = db.query_row(
                "SELECT ifnull(min(step), 0), ifnull(max(step), 0) FROM losses WHERE job = ?1",
                [job],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            let width = (last - first + 1).div_ceil(points.max(1)).max(1);
            let stride = (width / AVERAGED).max(1);
            // One stretch after the other: grouping a million steps would sort them first.
            let mut stretch = db.prepare_cached(
                "SELECT max(step), avg(loss), avg(quarter0), avg(quarter1), avg(quarter2), avg(quarter3),
                     learning_rate, avg(grad_norm)
                 FROM losses WHERE job = ?1 AND step BETWEEN ?2 AND ?3
                     AND ((step - ?2) % ?4 = 0 OR step = ?3)
                 HAVING count(*) > 0",
            )?;
            let mut curve = Vec::new();
            for start in (first..=last).step_by(width as usize) {
                let end = last.min(start + width - 1);
                curve.extend(stretch.query_row(params![job, start, end, stride], point).optional()?);
            }
            Ok(curve)
        })
    }

    pub fn add_validation(&self, job: JobId, point: &ValidationPoint) -> Result<()> {
        let ValidationPoint { step, loss, ema_loss } = point;
        self.with(|db| {
            db.execute(
                "INSERT OR REPLACE INTO validations (job, step, loss, ema_loss) VALUES (?1, ?2, ?3, ?4)",
                params![job, step, loss, ema_loss],
            )
        })?;
        Ok(())
    }

    /// The losses on held-out images, first step to last.
    pub fn validations(&self, job: JobId) -> Result<Vec<ValidationPoint>> {
        self.with(|db| {
            db.prepare_cached(
                "SELECT step, loss, ema_loss FROM validations WHERE job = ?1 ORDER BY step",
            )?
            .query_map([job], |row| {
                Ok(ValidationPoint { step: row.get(0)?, loss: row.get(1)?, ema_loss: row.get(2)? })
            })?
            .collect()
        })
    }
}
