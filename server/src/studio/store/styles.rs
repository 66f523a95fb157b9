//! Styles: settings that a person keeps under a name.

use app::api::Style;
use rusqlite::params;

use super::Store;
use crate::Result;

impl Store {
    /// All styles by name.
    pub fn styles(&self) -> Result<Vec<Style>> {
        let rows: Vec<(String, String)> = self.with(|db| {
            db.prepare_cached("SELECT name, content FROM styles ORDER BY name")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })?;
        let style = |(name, content): (String, String)| {
            Ok(Style { name, settings: serde_json::from_str(&content)? })
        };
        rows.into_iter().map(style).collect()
    }

    /// Keeps a style in place of one of the same name.
    pub fn save_style(&self, style: &Style) -> Result<()> {
        let content = serde_json::to_string(&style.settings)?;
        self.with(|db| {
            db.execute(
                "INSERT OR REPLACE INTO styles (name, content) VALUES (?1, ?2)",
                params![style.name, content],
            )
        })?;
        Ok(())
    }

    pub fn delete_style(&self, name: &str) -> Result<bool> {
        Ok(self.with(|db| db.execute("DELETE FROM styles WHERE name = ?1", [name]))? > 0)
    }
}
