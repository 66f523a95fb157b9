//! Options of the API by name; a name without a row has its default.

use rusqlite::params;
use serde_json::{Map, Value};

use super::Store;
use crate::Result;

impl Store {
    /// The options that were ever set.
    pub fn options(&self) -> Result<Map<String, Value>> {
        let rows: Vec<(String, String)> = self.with(|db| {
            db.prepare_cached("SELECT name, value FROM options")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })?;
        rows.into_iter().map(|(name, value)| Ok((name, serde_json::from_str(&value)?))).collect()
    }

    /// Sets all of `options`, or none of them.
    pub fn set_options(&self, options: &Map<String, Value>) -> Result<()> {
        self.transact(|db| {
            let mut set =
                db.prepare("INSERT OR REPLACE INTO options (name, value) VALUES (?1, ?2)")?;
            for (name, value) in options {
                set.execute(params![name, value.to_string()])?;
            }
            Ok(())
        })
    }
}
