//! The one function that opens connections, and the pool of those that read.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Result};

use crate::{Durability, Sqlite};

/// How many reading connections wait for the next reader; more are opened when needed, and closed again.
const IDLE_READERS: usize = 8;
/// Room for every statement of the store.
const STATEMENTS: usize = 128;
/// In pages of 4 KiB: the log is copied back every 16 MiB, and cut to as much after a long reader.
const CHECKPOINT_PAGES: i64 = 4_000;
const JOURNAL_BYTES: i64 = CHECKPOINT_PAGES * 4_096;

/// What every connection of a store is opened with.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    path: PathBuf,
    durability: Durability,
    busy_deadline: Duration,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To look at a file before anything is written.
    Probe,
    Write,
    Read,
}

impl Settings {
    pub(crate) fn of(sqlite: &Sqlite) -> Self {
        Self { path: sqlite.path.clone(), durability: sqlite.durability, busy_deadline: sqlite.busy_deadline }
    }

    pub(crate) fn busy_deadline(&self) -> Duration {
        self.busy_deadline
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a connection, sets it up, and reads back what it was set to.
    pub(crate) fn connect(&self, purpose: Purpose) -> Result<Connection> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if purpose == Purpose::Write {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(self.busy_deadline)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        // Without it a cached statement is planned again with every value that is bound.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "mmap_size", 0)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        match purpose {
            // What is probed may be somebody else's: its settings stay as they are.
            Purpose::Probe => connection.pragma_update(None, "query_only", true)?,
            Purpose::Read => {
                connection.pragma_update(None, "query_only", true)?;
                expect(&connection, "journal_mode", "wal")?;
            }
            Purpose::Write => {
                let synchronous = match self.durability {
                    Durability::PowerLoss => 2,
                    Durability::ProcessCrash => 1,
                };
                connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
                connection.pragma_update(None, "synchronous", synchronous)?;
                connection.pragma_update(None, "secure_delete", true)?;
                connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
                connection.pragma_update(None, "journal_size_limit", JOURNAL_BYTES)?;
                expect(&connection, "journal_mode", "wal")?;
                expect(&connection, "synchronous", synchronous)?;
                expect(&connection, "secure_delete", 1)?;
                expect(&connection, "foreign_keys", 1)?;
            }
        }
        Ok(connection)
    }
}

/// A pragma that does not take is silent; reading it back is not.
fn expect(connection: &Connection, pragma: &str, wanted: impl ToString) -> Result<()> {
    let found = connection.pragma_query_value(None, pragma, |row| {
        row.get_ref(0).map(|value| match value {
            rusqlite::types::ValueRef::Integer(number) => number.to_string(),
            other => other.as_str().unwrap_or_default().to_owned(),
        })
    })?;
    let wanted = wanted.to_string();
    if found == wanted {
        return Ok(());
    }
    let message = format!("pragma {pragma} is `{found}` although it was set to `{wanted}`");
    Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_MISUSE), Some(message)))
}

/// The connections that read. Each serves one reader at a time.
#[derive(Debug)]
pub(crate) struct Readers {
    settings: Settings,
    /// `None` once the store is closed.
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Readers {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, idle: Mutex::new(Some(Vec::new())) }
    }

    /// Reads with a connection of the pool; `None` when the store is closed.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Option<Result<T>> {
        let idle = self.lock().as_mut()?.pop();
        let connection = match idle.map_or_else(|| self.settings.connect(Purpose::Read), Ok) {
            Ok(connection) => connection,
            Err(error) => return Some(Err(error)),
        };
        let answer = read(&connection);
        if let Some(idle) = self.lock().as_mut()
            && idle.len() < IDLE_READERS
        {
            idle.push(connection);
        }
        Some(answer)
    }

    pub(crate) fn close(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Vec<Connection>>> {
        // A panic while the lock is held leaves the list whole.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
