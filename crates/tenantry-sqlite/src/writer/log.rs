//! What is done about the log after a group: what was erased leaves it, and it does not grow without end.
//!
//! SQLite copies the log back when it has a certain length, and begins it anew at the next commit, if no reader is in the
//! way. Readers that overlap are always in the way, short as each of them is. So a log that became too long is emptied
//! while commits wait: readers that come then read what is copied back already, and the others are soon gone.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Connection;

use crate::connection::{JOURNAL_BYTES, Settings};
use crate::file_system;

/// From which length on commits wait for readers.
const LONGEST: u64 = 4 * JOURNAL_BYTES;
/// How long they do.
const READERS: Duration = Duration::from_millis(25);

/// The log as the writer keeps it.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    /// Whether it may hold what was erased.
    holds_erased: AtomicBool,
    /// How long it may become.
    longest: u64,
    /// How long it may become now: more than it was when a reader stayed, so that commits do not wait for that one again and
    /// again.
    bound: AtomicU64,
}

impl Log {
    pub(super) fn new(settings: &Settings) -> Self {
        Self::with_longest(settings, LONGEST)
    }

    fn with_longest(settings: &Settings, longest: u64) -> Self {
        // A process that ended before it could empty the log leaves that to the next one.
        let (path, holds_erased) = (settings.beside("-wal"), AtomicBool::new(settings.has_log()));
        Self { path, holds_erased, longest, bound: AtomicU64::new(longest) }
    }

    /// Something is erased; the log holds it until it is emptied.
    pub(super) fn erases(&self) {
        self.holds_erased.store(true, Ordering::Relaxed);
    }

    /// Empties the log if it may hold what was erased, or became too long. The commits stand either way. Where a reader is
    /// in the way of what was erased it is not waited for: then it is tried again after the next group and at the end.
    pub(super) fn keep(&self, connection: &Connection, busy_deadline: Duration) {
        let length = file_system::length(&self.path);
        let is_too_long = length > self.bound.load(Ordering::Relaxed);
        if !is_too_long && !self.holds_erased.load(Ordering::Relaxed) {
            return;
        }
        let emptied = empty(connection, if is_too_long { READERS } else { Duration::ZERO });
        if let Err(error) = connection.busy_timeout(busy_deadline) {
            tracing::warn!(%error, "commits do not wait for other processes any more");
        }
        match emptied {
            Ok(true) => {
                self.holds_erased.store(false, Ordering::Relaxed);
                self.bound.store(self.longest, Ordering::Relaxed);
            }
            Ok(false) if is_too_long => self.bound.store(length + self.longest / 2, Ordering::Relaxed),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the log, which may hold what was erased, could not be emptied yet"),
        }
    }
}

/// Copies the log into the file and cuts it to nothing; whether nobody was in the way for so long.
fn empty(connection: &Connection, wait: Duration) -> rusqlite::Result<bool> {
    connection.busy_timeout(wait)?;
    let mut statement = connection.prepare_cached("PRAGMA wal_checkpoint(TRUNCATE)")?;
    let is_blocked: bool = statement.query_row([], |row| row.get(0))?;
    Ok(!is_blocked)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use tempfile::TempDir;

    use super::*;
    use crate::connection::Purpose;
    use crate::{Durability, Sqlite};

    fn stage() -> (TempDir, Settings, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let settings = Settings::new(&Sqlite::file(&path).durability(Durability::ProcessCrash), path);
        let connection = settings.connect(Purpose::Make).unwrap();
        settings.make_writer(&connection).unwrap();
        connection.execute_batch("CREATE TABLE t (a)").unwrap();
        (folder, settings, connection)
    }

    #[test]
    fn emptying_the_log_waits_for_nobody_and_commits_wait_as_before() {
        let (_folder, settings, connection) = stage();
        let other = settings.connect(Purpose::Probe).unwrap();
        other.execute_batch("BEGIN; SELECT * FROM t").unwrap();
        let log = Log::new(&settings);
        assert!(log.holds_erased.load(Ordering::Relaxed), "a log was there");
        for is_blocked in [true, false] {
            log.keep(&connection, settings.busy_deadline());
            assert_eq!(log.holds_erased.load(Ordering::Relaxed), is_blocked);
            assert_eq!(settings.has_log(), is_blocked);
            let deadline: i64 = connection.pragma_query_value(None, "busy_timeout", |row| row.get(0)).unwrap();
            assert_eq!(deadline, 30_000);
            let _ = other.execute_batch("ROLLBACK");
        }
    }

    /// Readers that never leave a gap, so that SQLite by itself would never begin the log anew.
    #[test]
    fn readers_that_overlap_for_ever_do_not_let_the_log_grow() {
        const LONGEST: u64 = 256 << 10;
        let (_folder, settings, connection) = stage();
        let log = Log::with_longest(&settings, LONGEST);
        let (ends, mut longest) = (AtomicBool::new(false), 0);
        thread::scope(|threads| {
            let read = || {
                let readers = [settings.connect(Purpose::Read).unwrap(), settings.connect(Purpose::Read).unwrap()];
                readers[0].execute_batch("BEGIN; SELECT a FROM t LIMIT 1").unwrap();
                for turn in 1.. {
                    readers[turn % 2].execute_batch("BEGIN; SELECT a FROM t LIMIT 1").unwrap();
                    readers[(turn + 1) % 2].execute_batch("ROLLBACK").unwrap();
                    if ends.load(Ordering::Relaxed) {
                        break;
                    }
                }
            };
            threads.spawn(read);
            for _ in 0..4_000 {
                connection.execute("INSERT INTO t VALUES (zeroblob(3000))", []).unwrap();
                log.keep(&connection, settings.busy_deadline());
                longest = longest.max(file_system::length(&log.path));
            }
            ends.store(true, Ordering::Relaxed);
        });
        // Some 25 MiB went through it. It may have grown a few times, where the reader had to wait for a processor.
        assert!(longest <= LONGEST * 8, "{longest}");
    }

    #[test]
    fn a_reader_that_stays_is_not_waited_for_at_each_commit() {
        const LONGEST: u64 = 512 << 10;
        let (_folder, settings, connection) = stage();
        let log = Log::with_longest(&settings, LONGEST);
        log.keep(&connection, settings.busy_deadline());
        let other = settings.connect(Purpose::Read).unwrap();
        other.execute_batch("BEGIN; SELECT * FROM t").unwrap();
        let mut bounds = vec![log.bound.load(Ordering::Relaxed)];
        for _ in 0..100 {
            connection.execute("INSERT INTO t VALUES (zeroblob(3000))", []).unwrap();
            log.keep(&connection, settings.busy_deadline());
            bounds.push(log.bound.load(Ordering::Relaxed));
        }
        bounds.dedup();
        assert!(bounds.len() > 2 && bounds.is_sorted_by(|one, next| one + LONGEST / 2 <= *next), "{bounds:?}");
        other.execute_batch("ROLLBACK").unwrap();
        log.erases();
        log.keep(&connection, settings.busy_deadline());
        assert_eq!((settings.has_log(), log.bound.load(Ordering::Relaxed)), (false, LONGEST));
    }
}
