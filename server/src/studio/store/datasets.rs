//! The data sets that were uploaded or named by path.

use rusqlite::{OptionalExtension, Row, params};

use super::{Store, now};
use crate::Result;

#[derive(Clone, Debug, PartialEq)]
pub struct DatasetRow {
    pub name: String,
    /// Where the images stand; of an uploaded one, a folder of ours.
    pub path: String,
    pub uploaded: bool,
    pub background: String,
    /// Files that could not be unpacked, as JSON.
    pub skipped: String,
    /// What was found in it, as JSON; nothing while it is being read.
    pub survey: Option<String>,
    /// Why it cannot be read.
    pub fault: Option<String>,
}

fn dataset(row: &Row<'_>) -> rusqlite::Result<DatasetRow> {
    Ok(DatasetRow {
        name: row.get(0)?,
        path: row.get(1)?,
        uploaded: row.get(2)?,
        background: row.get(3)?,
        skipped: row.get(4)?,
        survey: row.get(5)?,
        fault: row.get(6)?,
    })
}

const COLUMNS: &str = "name, path, uploaded, background, skipped, survey, fault";

impl Store {
    /// False if the name is taken.
    pub fn add_dataset(&self, new: &DatasetRow) -> Result<bool> {
        let added = self.with(|db| {
            db.execute(
                "INSERT OR IGNORE INTO datasets (name, path, uploaded, background, skipped, created)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![new.name, new.path, new.uploaded, new.background, new.skipped, now()],
            )
        })?;
        Ok(added > 0)
    }

    pub fn set_survey(&self, name: &str, survey: Option<&str>, fault: Option<&str>) -> Result<()> {
        self.with(|db| {
            db.execute(
                "UPDATE datasets SET survey = ?2, fault = ?3 WHERE name = ?1",
                params![name, survey, fault],
            )
        })?;
        Ok(())
    }

    pub fn dataset(&self, name: &str) -> Result<Option<DatasetRow>> {
        self.with(|db| {
            db.query_row(
                &format!("SELECT {COLUMNS} FROM datasets WHERE name = ?1"),
                [name],
                dataset,
            )
            .optional()
        })
    }

    pub fn datasets(&self) -> Result<Vec<DatasetRow>> {
        self.with(|db| {
            db.prepare_cached(&format!("SELECT {COLUMNS} FROM datasets ORDER BY name"))?
                .query_map([], dataset)?
                .collect()
        })
    }

    pub fn delete_dataset(&self, name: &str) -> Result<()> {
        self.with(|db| db.execute("DELETE FROM datasets WHERE name = ?1", [name]))?;
        Ok(())
    }
}
