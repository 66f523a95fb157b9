//! Drafts of forms, and preferences.

use app::api::Preferences;
use rusqlite::{OptionalExtension, params};

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
        let text: Option<String> = self.with(|db| {
            db.query_row("SELECT content FROM preferences", [], |row| row.get(0)).optional()
        })?;
        // Preferences of an older version that no longer read are not worth an error.
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    pub fn set_preferences(&self, preferences: &Preferences) -> Result<()> {
        let text = serde_json::to_string(preferences)?;
        self.with(|db| {
            db.execute("INSERT OR REPLACE INTO preferences (id, content) VALUES (1, ?1)", [text])
        })?;
        Ok(())
    }
}
