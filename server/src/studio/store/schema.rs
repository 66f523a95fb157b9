//! The tables, one step of change at a time.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{Error, Result};

/// Each entry brings the database from its index to the next version. Never change one that was released.
pub(super) const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        title TEXT NOT NULL,
        state TEXT NOT NULL,
        request TEXT NOT NULL,
        progress REAL NOT NULL DEFAULT 0,
        message TEXT,
        figures TEXT,
        grid TEXT,
        place INTEGER NOT NULL,
        worker TEXT,
        stop_asked INTEGER NOT NULL DEFAULT 0,
        created INTEGER NOT NULL,
        started INTEGER,
        ended INTEGER
    ) STRICT;
    CREATE INDEX jobs_by_state ON jobs (state, place);

    CREATE TABLE images (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        path TEXT NOT NULL,
        strip TEXT NOT NULL,
        strip_frames INTEGER NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        seed INTEGER NOT NULL,
        parameters TEXT NOT NULL,
        created INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX images_by_job ON images (job, id);

    CREATE TABLE losses (
        job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        step INTEGER NOT NULL,
        loss REAL NOT NULL,
        quarter0 REAL,
        quarter1 REAL,
        quarter2 REAL,
        quarter3 REAL,
        PRIMARY KEY (job, step)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE samples (
        job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        step INTEGER NOT NULL,
        path TEXT NOT NULL,
        PRIMARY KEY (job, step)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE datasets (
        name TEXT PRIMARY KEY,
        path TEXT NOT NULL,
        uploaded INTEGER NOT NULL,
        background TEXT NOT NULL,
        skipped TEXT NOT NULL,
        survey TEXT,
        fault TEXT,
        created INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE drafts (form TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT;
    CREATE TABLE preferences (id INTEGER PRIMARY KEY CHECK (id = 1), content TEXT NOT NULL) STRICT;
",
    "
    CREATE TABLE options (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
",
    "
    ALTER TABLE images ADD COLUMN model TEXT NOT NULL DEFAULT '';
    ALTER TABLE images ADD COLUMN starred INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE images ADD COLUMN deleted INTEGER;
    UPDATE images SET model = ifnull(
        (SELECT json_extract(request, '$.model') FROM jobs WHERE jobs.id = images.job), '');
    CREATE INDEX images_by_model ON images (model, id);
    CREATE INDEX images_deleted ON images (deleted) WHERE deleted IS NOT NULL;
",
    "
    CREATE TABLE sheets (
        job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        path TEXT NOT NULL,
        PRIMARY KEY (job, number)
    ) STRICT, WITHOUT ROWID;
    ALTER TABLE losses ADD COLUMN learning_rate REAL;
    ALTER TABLE losses ADD COLUMN grad_norm REAL;
    CREATE TABLE validations (
        job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        step INTEGER NOT NULL,
        loss REAL NOT NULL,
        ema_loss REAL,
        PRIMARY KEY (job, step)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE styles (name TEXT PRIMARY KEY COLLATE NOCASE, content TEXT NOT NULL) STRICT;
",
    "
    ALTER TABLE images ADD COLUMN noisy_strip TEXT;
",
    "
    ALTER TABLE jobs ADD COLUMN unsaved INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX jobs_unsaved ON jobs (id) WHERE unsaved;
",
    "
    ALTER TABLE samples ADD COLUMN raw TEXT;
",
    "
    CREATE TABLE kept_drafts (
        browser TEXT NOT NULL,
        form TEXT NOT NULL,
        saved INTEGER NOT NULL,
        content TEXT NOT NULL,
        PRIMARY KEY (browser, form)
    ) STRICT;
    INSERT INTO kept_drafts (browser, form, saved, content)
        SELECT '', form, 0, content FROM drafts;
    DROP TABLE drafts;
    ALTER TABLE kept_drafts RENAME TO drafts;
",
];

/// Brings the database to the newest version; one from a newer program is refused. Of several
/// programs that begin at once, one does and the others wait.
pub fn migrate(connection: &Connection) -> Result<()> {
    let change = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let version: usize = change.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version > MIGRATIONS.len() {
        return Err(Error::Other(format!(
            "the database was written by a newer Darkroom (version {version}, this one knows {})",
            MIGRATIONS.len()
        )));
    }
    for migration in &MIGRATIONS[version..] {
        change.execute_batch(migration)?;
    }
    change.pragma_update(None, "user_version", MIGRATIONS.len())?;
    Ok(change.commit()?)
}
