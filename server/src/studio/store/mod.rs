//! What the program remembers: one SQLite file, one connection, one writer at a time.

mod datasets;
mod deletions;
mod endings;
mod gallery;
mod images;
mod inputs;
mod jobs;
mod losses;
mod options;
mod samples;
mod schema;
mod sheets;
mod styles;
mod texts;

pub use datasets::DatasetRow;
pub use deletions::{ago, seconds_since};
pub use endings::Ending;
pub use gallery::ImageFilter;
pub use images::{ImageRow, NewImage};
pub use jobs::JobRow;
pub use samples::SampleRow;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::{Error, Result};
use endings::Endings;

/// How long a call waits for other programs.
const PATIENCE: Duration = Duration::from_secs(10);

/// The database. Every call is short; callers on an async thread go through `spawn_blocking`.
pub struct Store {
    connection: Mutex<Connection>,
    unwritten: Mutex<Endings>,
}

impl Store {
    /// Errors name `path`.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_file(path).map_err(|error| match error {
            Error::Store(error) => Error::Other(format!(
                "the database `{}` cannot be opened: {error}; Darkroom must be able to write there",
                path.display()
            )),
            other => other,
        })
    }

    fn open_file(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        // Another Darkroom (a training from the command line) may write at the same time.
        connection.busy_timeout(PATIENCE)?;
        log_ahead(&connection)?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        schema::migrate(&connection)?;
        Ok(Self { connection: Mutex::new(connection), unwritten: Mutex::default() })
    }

    fn with<T>(&self, call: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(call(&connection)?)
    }

    /// Runs `call` as one transaction.
    fn transact<T>(&self, call: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        // A transaction that reads first could find another program's write in its way, and would not wait.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = call(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }
}

/// Writes go to a log first, beside which others can read. SQLite does not wait for this change while
/// another program that begins makes it too.
fn log_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let since = Instant::now();
    loop {
        let changed = connection.pragma_update(None, "journal_mode", "WAL");
        match changed.as_ref().err().and_then(rusqlite::Error::sqlite_error_code) {
            Some(ErrorCode::DatabaseBusy) if since.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(5));
            }
            _ => return changed,
        }
    }
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
