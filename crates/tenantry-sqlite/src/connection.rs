//! The one function that opens connections, and the pool of those that read.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Result, ffi};
use tenantry_core::store::StoreError;
use tenantry_core::vault::StoreId;

use crate::error::not_applied;
use crate::file_system::{self, FileId};
use crate::{Durability, Sqlite, row};

/// How many connections read at once; who comes later waits for one of them. They stay open: to open one costs more than ten
/// reads, and of 64 threads a few dozen are interrupted while they read.
const READERS: usize = 64;
/// What each of them remembers of the file, in KiB. All together no more than the store may take.
const READER_CACHE: i64 = 1_024;
/// Room for every statement of the store.
const STATEMENTS: usize = 128;
/// In pages of 4 KiB: the log is copied back every 8 MiB, and cut to as much after a long reader. A commit does it while
/// others wait, which takes some 10 ms; more seldom, and they wait longer.
const CHECKPOINT_PAGES: u32 = 2_000;
pub(crate) const JOURNAL_BYTES: u64 = CHECKPOINT_PAGES as u64 * 4_096;

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
    /// To write; a file that is missing is made. [`Settings::make_writer`] comes later.
    Make,
    /// To write; the same.
    Write,
    Read,
    /// To be filled with a copy of a store: on the disk when that is whole, and of no use before, so without a journal
    /// beside it.
    Fill,
}

impl Settings {
    /// With the path that [`resolve`](crate::file_system::resolve) gave.
    pub(crate) fn new(sqlite: &Sqlite, path: PathBuf) -> Self {
        Self { path, durability: sqlite.durability, busy_deadline: sqlite.busy_deadline }
    }

    /// The same for another file.
    pub(crate) fn of(&self, path: PathBuf) -> Self {
        Self { path, ..self.clone() }
    }

    pub(crate) fn busy_deadline(&self) -> Duration {
        self.busy_deadline
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The path as errors name it.
    pub(crate) fn file(&self) -> String {
        self.path.display().to_string()
    }

    /// The file beside the store whose name ends like this.
    pub(crate) fn beside(&self, end: &str) -> PathBuf {
        let mut path = self.path.as_os_str().to_owned();
        path.push(end);
        path.into()
    }

    /// Whether there is a log with something in it.
    pub(crate) fn has_log(&self) -> bool {
        file_system::length(&self.beside("-wal")) > 0
    }

    /// Opens a connection, sets it up, and reads back what it was set to. It writes nothing.
    pub(crate) fn connect(&self, purpose: Purpose) -> Result<Connection> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if purpose == Purpose::Make {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(self.busy_deadline)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        configure(&connection, DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        configure(&connection, DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        // Without it a cached statement is planned again with every value that is bound.
        configure(&connection, DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        set(&connection, "cell_size_check", 1)?;
        set(&connection, "foreign_keys", 1)?;
        // It is silent where SQLite was compiled without it.
        connection.pragma_update(None, "mmap_size", 0)?;
        match purpose {
            // What is probed may be somebody else's: its settings stay as they are.
            Purpose::Probe => set(&connection, "query_only", 1)?,
            Purpose::Read => {
                set(&connection, "query_only", 1)?;
                set(&connection, "cache_size", -READER_CACHE)?;
                expect(&connection, "journal_mode", "wal")?;
            }
            Purpose::Fill => {
                set(&connection, "synchronous", 2)?;
                set_journal_mode(&connection, "memory")?;
            }
            Purpose::Make | Purpose::Write => {
                let synchronous = match self.durability {
                    Durability::PowerLoss => 2,
                    Durability::ProcessCrash => 1,
                };
                set(&connection, "synchronous", synchronous)?;
                set(&connection, "secure_delete", 1)?;
                set(&connection, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
                set(&connection, "journal_size_limit", i64::try_from(JOURNAL_BYTES).unwrap_or(i64::MAX))?;
            }
        }
        Ok(connection)
    }

    /// Makes a connection the one that writes. It turns on the log: the first write to a file, so only once the file is
    /// known to be ours and migrated.
    pub(crate) fn make_writer(&self, connection: &Connection) -> Result<()> {
        set_journal_mode(connection, "wal")?;
        // What a savepoint takes back is kept in memory. SQLite would write it to a temporary file, page by page, as soon as
        // it is more than 64 KiB: a third of the work of a group. Only now, because a migration may sort a million rows.
        set(connection, "temp_store", 2)
    }
}

/// The file that a store was opened on. A connection that is made later must not be to another one that took its name:
/// then what is read would not be what was written.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) settings: Settings,
    pub(crate) file: FileId,
    /// Its log, once nobody takes it away any more.
    pub(crate) log: Option<FileId>,
    pub(crate) store: StoreId,
}

impl Opened {
    /// Opens one more connection to the same store.
    pub(crate) fn connect(&self, purpose: Purpose) -> Result<Connection, StoreError> {
        let connection = self.settings.connect(purpose);
        // After opening, so that the answer holds for what was opened.
        self.check()?;
        let connection = connection.map_err(not_applied)?;
        if row::store_id(&connection).map_err(not_applied)? != self.store {
            return Err(Self::replaced(self.settings.path(), "holds another store"));
        }
        if purpose == Purpose::Write {
            self.settings.make_writer(&connection).map_err(not_applied)?;
        }
        Ok(connection)
    }

    /// Whether the file, and its log, still have their names.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        Self::check_name(self.settings.path(), self.file)?;
        self.log.map_or(Ok(()), |log| Self::check_name(&self.settings.beside("-wal"), log))
    }

    fn check_name(path: &Path, file: FileId) -> Result<(), StoreError> {
        match FileId::of(path) {
            Ok(found) if found == file => Ok(()),
            Ok(_) => Err(Self::replaced(path, "was replaced by another file")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Self::replaced(path, "was taken away")),
            // Whoever may not ask any more need not be cut off from what is open.
            Err(_) => Ok(()),
        }
    }

    fn replaced(path: &Path, what: &str) -> StoreError {
        StoreError::Corrupt(format!("`{}` {what} while it was open", path.display()))
    }
}

/// Sets a pragma and reads it back.
fn set(connection: &Connection, pragma: &str, value: impl Into<i64>) -> Result<()> {
    let value = value.into();
    connection.pragma_update(None, pragma, value)?;
    expect(connection, pragma, value)
}

/// Sets the journal mode and reads it back; a log is there then.
///
/// SQLite answers the new mode before the file says so: what writes it there may fail at the end of the statement, and the
/// connection goes on naming the new mode until it reads the file.
fn set_journal_mode(connection: &Connection, mode: &str) -> Result<()> {
    let mut statement = connection.prepare(&format!("PRAGMA journal_mode = {mode}"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    connection.pragma_query_value(None, "user_version", |_| Ok(()))?;
    expect(connection, "journal_mode", mode)
}

fn configure(connection: &Connection, config: DbConfig, wanted: bool) -> Result<()> {
    connection.set_db_config(config, wanted)?;
    let found = connection.db_config(config)?;
    if found == wanted { Ok(()) } else { Err(not_taken(&format!("{config:?}"), found, wanted)) }
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
    if found == wanted { Ok(()) } else { Err(not_taken(pragma, found, wanted)) }
}

fn not_taken(what: &str, found: impl Display, wanted: impl Display) -> rusqlite::Error {
    let message = format!("{what} is `{found}` although it was set to `{wanted}`");
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_MISUSE), Some(message))
}

/// The connections that read. Each serves one reader at a time.
#[derive(Debug)]
pub(crate) struct Readers {
    opened: Opened,
    pool: Mutex<Pool>,
    /// Somebody waits for it: a connection is free, or the store is closed.
    free: Condvar,
}

#[derive(Debug, Default)]
struct Pool {
    idle: Vec<Connection>,
    /// How many read, and how many wait until fewer do.
    away: usize,
    waiting: usize,
    is_closed: bool,
}

impl Readers {
    pub(crate) fn new(opened: Opened) -> Self {
        Self { opened, pool: Mutex::default(), free: Condvar::new() }
    }

    /// Reads with a connection of the pool.
    pub(crate) fn with<T>(&self, read: impl Fn(&Connection) -> Result<T>) -> Result<T, StoreError> {
        match self.once(&read) {
            // What was read need not be what stands in the file: the disk may have cut a read short, or something in this
            // process closed the file, and with SQLite's lock gone the log began anew beneath the read.
            Err(StoreError::Corrupt(_)) => self.once(&read),
            answer => answer,
        }
    }

    fn once<T>(&self, read: impl Fn(&Connection) -> Result<T>) -> Result<T, StoreError> {
        let mut turn = self.turn()?;
        let connection = match turn.connection.take() {
            Some(connection) => connection,
            None => self.opened.connect(Purpose::Read)?,
        };
        let answer = read(&connection);
        // What a failed read left in the cache, half a page for example, must not answer the next one.
        if answer.is_ok() {
            turn.connection = Some(connection);
        }
        answer.map_err(not_applied)
    }

    /// Waits until fewer than [`READERS`] read.
    fn turn(&self) -> Result<Turn<'_>, StoreError> {
        let mut pool = self.lock();
        while !pool.is_closed && pool.away == READERS {
            pool.waiting += 1;
            pool = self.free.wait(pool).unwrap_or_else(PoisonError::into_inner);
            pool.waiting -= 1;
        }
        if pool.is_closed {
            return Err(StoreError::Closed);
        }
        pool.away += 1;
        Ok(Turn { readers: self, connection: pool.idle.pop() })
    }

    /// A connection of one's own, for a reading that takes long. Nobody who reads waits for it.
    pub(crate) fn one_more(&self) -> Result<Connection, StoreError> {
        self.goes_on()?;
        self.opened.connect(Purpose::Read)
    }

    /// Whether the store is open, still.
    pub(crate) fn goes_on(&self) -> Result<(), StoreError> {
        if self.lock().is_closed { Err(StoreError::Closed) } else { Ok(()) }
    }

    pub(crate) fn opened(&self) -> &Opened {
        &self.opened
    }

    pub(crate) fn close(&self) {
        let mut pool = self.lock();
        pool.is_closed = true;
        let idle = std::mem::take(&mut pool.idle);
        drop(pool);
        self.free.notify_all();
        drop(idle);
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        // A panic while the lock is held leaves the list whole.
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A turn at reading, and the connection that waited for it, or goes back. It ends however the reading does.
struct Turn<'a> {
    readers: &'a Readers,
    connection: Option<Connection>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut pool = self.readers.lock();
        pool.away -= 1;
        let somebody_waits = pool.waiting > 0;
        let left = if pool.is_closed { self.connection.take() } else { None };
        pool.idle.extend(self.connection.take());
        drop(pool);
        if somebody_waits {
            self.readers.free.notify_one();
        }
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread::{self, JoinHandle};

    use super::*;

    /// The readers of a store that has nothing in it.
    fn readers() -> (Arc<Readers>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let settings = Settings::new(&Sqlite::file(&path), path.clone());
        let mut connection = settings.connect(Purpose::Make).unwrap();
        settings.make_writer(&connection).unwrap();
        let store = StoreId::generate().unwrap();
        let transaction = connection.transaction().unwrap();
        crate::migration::run(&transaction, 0, store).unwrap();
        transaction.commit().unwrap();
        let file = FileId::of(&path).unwrap();
        (Arc::new(Readers::new(Opened { settings, file, log: None, store })), folder)
    }

    fn read(readers: &Arc<Readers>) -> JoinHandle<Result<i64, StoreError>> {
        let readers = Arc::clone(readers);
        let one = |connection: &Connection| connection.query_row("SELECT count(*) FROM store", [], |row| row.get(0));
        thread::spawn(move || readers.with(one))
    }

    fn wait_for(readers: &Readers, waiting: usize) {
        while readers.lock().waiting < waiting {
            thread::yield_now();
        }
    }

    #[test]
    fn who_comes_while_all_read_waits_for_one_of_them_and_all_get_their_turn() {
        let (readers, _folder) = readers();
        let turns: Vec<_> = (0..READERS).map(|_| readers.turn().unwrap()).collect();
        let reads: Vec<_> = (0..3).map(|_| read(&readers)).collect();
        wait_for(&readers, 3);
        // All at once: nobody is forgotten.
        drop(turns);
        for read in reads {
            assert_eq!(read.join().unwrap().unwrap(), 1);
        }
        let pool = readers.lock();
        assert_eq!((pool.away, pool.waiting), (0, 0));
        assert!((1..=3).contains(&pool.idle.len()));
    }

    #[test]
    fn who_waits_for_a_turn_is_told_that_the_store_is_closed() {
        let (readers, _folder) = readers();
        let turns: Vec<_> = (0..READERS).map(|_| readers.turn().unwrap()).collect();
        let waiting = read(&readers);
        wait_for(&readers, 1);
        readers.close();
        assert!(matches!(waiting.join().unwrap(), Err(StoreError::Closed)));
        drop(turns);
        assert!(readers.lock().idle.is_empty(), "what comes back after the end is closed");
    }

    /// Who turns it on locks it, and takes its absence for the deed of somebody else.
    #[test]
    fn the_log_is_there_once_it_is_turned_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let settings = Settings::new(&Sqlite::file(&path), path);
        let connection = settings.connect(Purpose::Make).unwrap();
        connection.execute_batch("CREATE TABLE t (a)").unwrap();
        settings.make_writer(&connection).unwrap();
        assert!(settings.beside("-wal").exists() && settings.beside("-shm").exists());
    }

    #[test]
    fn what_does_not_take_is_said() {
        let memory = Connection::open_in_memory().unwrap();
        let error = expect(&memory, "journal_mode", "wal").unwrap_err().to_string();
        assert!(error.contains("journal_mode is `memory` although it was set to `wal`"), "{error}");
        let error = set(&memory, "no_such_pragma", 1).unwrap_err();
        assert!(matches!(error, rusqlite::Error::QueryReturnedNoRows), "{error:?}");
        // Inside a transaction it is ignored.
        memory.execute_batch("PRAGMA foreign_keys = 0; BEGIN").unwrap();
        let error = set(&memory, "foreign_keys", 1).unwrap_err().to_string();
        assert!(error.contains("foreign_keys is `0` although it was set to `1`"), "{error}");
    }
}
