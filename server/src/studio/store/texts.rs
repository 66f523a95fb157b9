//! Drafts of forms, and preferences.

use std::path::Path;

use app::api::Preferences;
use engine::config::ConfigError;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::Store;
use crate::{Error, Result};

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

    /// The preferences in the database at `path`, to which nothing can be written.
    pub fn read_preferences(path: &Path) -> Result<Preferences> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let read_only = |options: &str| {
            let uri = format!("{}?mode=ro{options}", uri(path));
            Ok(read(&Connection::open_with_flags(uri, flags)?)?)
        };
        // Where no log can be laid beside it, nobody writes: it is read as it lies there.
        read_only("").or_else(|_: Error| read_only("&immutable=1"))
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

/// The URI of a file. An absolute path is behind an authority, which is empty: else one that begins with
/// two slashes would be read as beginning with it.
fn uri(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    if text.starts_with('/') { format!("file://{text}") } else { format!("file:{text}") }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_are_read_where_the_path_has_odd_signs() {
        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join("50% #1? yes");
        std::fs::create_dir(&odd).unwrap();
        let kept = Preferences { keep_half_done: false, ..Preferences::default() };
        Store::open(&odd.join("s.sqlite")).unwrap().set_preferences(&kept).unwrap();
        let absolute = odd.join("s.sqlite").display().to_string();
        for path in [absolute.clone(), format!("/{absolute}")] {
            let read = Store::read_preferences(Path::new(&path)).unwrap();
            assert!(!read.keep_half_done, "{path}");
        }
    }
}
