//! Drafts of forms, and preferences.

use app::api::Preferences;
use engine::config::ConfigError;
use rusqlite::{Connection, OptionalExtension, params};

use super::Store;
use crate::Result;

impl Store {
    pub fn draft(&self, form: &str) -> Result<Option<String>> {
        self.with(|db| {
            db.query_row("SELECT content FROM drafts WHERE form = ?1", [form], |row| row.get(0))
                .optional()
        })
    }

    pub fn save_draft(&self, form: &str, content: &str) -> Result<()> {
        self.with(|db| {
            db.execute(
                "INSERT OR REPLACE INTO drafts (form, content) VALUES (?1, ?2)",
                params![form, content],
            )
        })?;
        Ok(())
    }

    pub fn preferences(&self) -> Result<Preferences> {
        self.with(read)
    }

    pub fn set_preferences(&self, preferences: &Preferences) -> Result<()> {
        self.with(|db| write(db, preferences))
    }

    /// Changes preferences as they stand, so that two who change different ones both find theirs
    /// changed. What `change` refuses is not written.
    pub fn change_preferences(
        &self,
        change: impl FnOnce(&mut Preferences) -> Result<(), ConfigError>,
    ) -> Result<()> {
        let changed = self.transact(|db| {
            let mut preferences = read(db)?;
            let changed = change(&mut preferences);
            if changed.is_ok() {
                write(db, &preferences)?;
            }
            Ok(changed)
        })?;
        Ok(changed?)
    }
}

/// Preferences of an older version that no longer read are not worth an error.
fn read(db: &Connection) -> rusqlite::Result<Preferences> {
    let text: Option<String> =
        db.query_row("SELECT content FROM preferences", [], |row| row.get(0)).optional()?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

fn write(db: &Connection, preferences: &Preferences) -> rusqlite::Result<()> {
    let text = serde_json::to_string(preferences)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    db.execute("INSERT OR REPLACE INTO preferences (id, content) VALUES (1, ?1)", [text])?;
    Ok(())
}
