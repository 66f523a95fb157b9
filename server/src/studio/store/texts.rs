//! Drafts of forms, and preferences.

use std::path::Path;

use app::api::Preferences;
use engine::config::ConfigError;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::Store;
use crate::{Error, Result};

/// Browsers whose drafts are kept: one that never comes back makes room for others in the end.
const MOST_BROWSERS: usize = 100;

/// The draft of this browser, or else that of nobody.
const DRAFT: &str = "SELECT content FROM drafts WHERE form = ?2 AND browser IN (?1, '')
    ORDER BY browser DESC LIMIT 1";

const KEEP_DRAFT: &str = "INSERT OR REPLACE INTO drafts (browser, form, saved, content)
    VALUES (?1, ?2, (SELECT ifnull(max(saved), 0) + 1 FROM drafts), ?3)";

const FORGET_BROWSERS: &str = "DELETE FROM drafts WHERE browser NOT IN (SELECT browser FROM drafts
    GROUP BY browser ORDER BY max(saved) DESC LIMIT ?1)";

impl Store {
    /// What the browser with this key kept of `form`. One that kept none yet finds what was kept without
    /// a key: by a browser that takes no cookies, or before drafts were told apart.
    pub fn draft(&self, browser: &str, form: &str) -> Result<Option<String>> {
        self.with(|db| db.query_row(DRAFT, [browser, form], |row| row.get(0)).optional())
    }

    /// The first browser with a key that keeps a form has taken over what was kept without one.
    pub fn save_draft(&self, browser: &str, form: &str, content: &str) -> Result<()> {
        self.transact(|db| {
            db.execute(KEEP_DRAFT, [browser, form, content])?;
            if !browser.is_empty() {
                db.execute("DELETE FROM drafts WHERE browser = '' AND form = ?1", [form])?;
            }
            db.execute(FORGET_BROWSERS, [MOST_BROWSERS])?;
            Ok(())
        })
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

    #[test]
    fn every_browser_keeps_its_own_drafts_and_the_first_takes_over_an_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.sqlite")).unwrap();
        let found = |browser: &str| store.draft(browser, "train").unwrap();
        store.save_draft("", "train", "old").unwrap();
        assert_eq!((found("a").as_deref(), found("b").as_deref()), (Some("old"), Some("old")));
        store.save_draft("b", "generate", "other").unwrap();
        store.save_draft("a", "train", "mine").unwrap();
        assert_eq!((found("a").as_deref(), found("b"), found("")), (Some("mine"), None, None));
        store.save_draft("b", "train", "yours").unwrap();
        assert_eq!((found("a").as_deref(), found("b").as_deref()), (Some("mine"), Some("yours")));
    }

    #[test]
    fn browsers_that_never_come_back_make_room() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.sqlite")).unwrap();
        for form in ["generate", "train"] {
            for browser in 0..MOST_BROWSERS {
                store.save_draft(&format!("b{browser}"), form, "x").unwrap();
            }
        }
        store.save_draft("b0", "generate", "again").unwrap();
        store.save_draft("new", "train", "x").unwrap();
        let kept = |browser: &str, form| store.draft(browser, form).unwrap().is_some();
        assert!(kept("new", "train") && kept("b0", "train") && kept("b2", "generate"));
        assert!(!kept("b1", "train") && !kept("b1", "generate"));
    }
}
