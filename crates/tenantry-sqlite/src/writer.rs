//! The one connection that writes: one immediate transaction for each commit.
//!
//! Callers see only [`Writer::commit`] and [`Writer::close`], so that a writer which groups the commits of many callers
//! into one transaction can take its place.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tenantry_core::store::{Commit, Receipt, StoreError, WriteOp};

use crate::connection::{Opened, Purpose};
use crate::error::{at_commit, not_applied};
use crate::search::Touched;
use crate::{apply, search};

#[derive(Debug)]
pub(crate) struct Writer {
    opened: Opened,
    state: Mutex<State>,
    /// Whether the log may still hold what was erased: its frames keep the pages as they were before.
    erasing: AtomicBool,
}

#[derive(Debug)]
enum State {
    Open(Connection),
    /// The last transaction could not be ended: the connection was given up, the next commit opens another.
    Lost,
    Closed,
}

impl Writer {
    pub(crate) fn new(opened: Opened, connection: Connection) -> Self {
        // A process that ended before it could empty the log leaves that to the next one.
        let erasing = AtomicBool::new(opened.settings.has_log());
        Self { opened, state: Mutex::new(State::Open(connection)), erasing }
    }

    /// Applies a commit, durably, whole or not at all.
    pub(crate) fn commit(&self, commit: &Commit) -> Result<Receipt, StoreError> {
        let mut state = self.lock();
        if matches!(*state, State::Lost) {
            *state = State::Open(self.opened.connect(Purpose::Write)?);
        }
        let State::Open(connection) = &*state else { return Err(StoreError::Closed) };
        // What is written to a file that lost its name is lost with it.
        self.opened.check()?;
        let answer = in_transaction(connection, commit);
        // Where the outcome is unknown it may have been applied.
        let may_be_applied = matches!(answer, Ok(_) | Err(StoreError::OutcomeUnknown(_)));
        if may_be_applied && commit.ops.iter().any(WriteOp::erases) {
            self.erasing.store(true, Ordering::Relaxed);
        }
        if !connection.is_autocommit() && connection.execute_batch("ROLLBACK").is_err() {
            *state = State::Lost;
        } else if answer.is_ok() {
            self.finish_erasing(connection);
        }
        answer
    }

    pub(crate) fn close(&self) -> Result<(), StoreError> {
        match std::mem::replace(&mut *self.lock(), State::Closed) {
            State::Open(connection) => {
                self.finish_erasing(&connection);
                connection.close().map_err(|(_, error)| not_applied(error))
            }
            State::Lost | State::Closed => Ok(()),
        }
    }

    /// Empties the log if it may hold what was erased. Whoever still reads from it is not waited for: then it is tried
    /// again after the next commit and at the end. The commit stands either way.
    fn finish_erasing(&self, connection: &Connection) {
        if !self.erasing.load(Ordering::Relaxed) {
            return;
        }
        let emptied = empty_log(connection);
        if let Err(error) = connection.busy_timeout(self.opened.settings.busy_deadline()) {
            tracing::warn!(%error, "commits do not wait for other processes any more");
        }
        match emptied {
            Ok(emptied) => self.erasing.store(!emptied, Ordering::Relaxed),
            Err(error) => tracing::warn!(%error, "the log, which may hold what was erased, could not be emptied yet"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // After a panic the transaction is still open; the next commit finds that and rolls it back.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Copies the log into the file and cuts it to nothing, without waiting; whether nobody was in the way.
fn empty_log(connection: &Connection) -> rusqlite::Result<bool> {
    connection.busy_timeout(Duration::ZERO)?;
    let mut statement = connection.prepare_cached("PRAGMA wal_checkpoint(TRUNCATE)")?;
    let is_blocked: bool = statement.query_row([], |row| row.get(0))?;
    Ok(!is_blocked)
}

fn in_transaction(connection: &Connection, commit: &Commit) -> Result<Receipt, StoreError> {
    if !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK").map_err(not_applied)?;
    }
    let run = |sql| connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
    run("BEGIN IMMEDIATE").map_err(not_applied)?;
    let mut touched = Touched::default();
    let (receipt, more) = apply::apply(connection, commit)?;
    touched.extend(more);
    search::update(connection, &touched).map_err(not_applied)?;
    run("COMMIT").map_err(at_commit)?;
    Ok(receipt)
}

#[cfg(test)]
mod tests {
    use tenantry_core::vault::StoreId;

    use super::*;
    use crate::Sqlite;
    use crate::connection::Settings;
    use crate::file_system::FileId;

    #[test]
    fn emptying_the_log_waits_for_nobody_and_commits_wait_as_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let settings = Settings::new(&Sqlite::file(&path), path.clone());
        let connection = settings.connect(Purpose::Make).unwrap();
        settings.turn_on_log(&connection).unwrap();
        connection.execute_batch("CREATE TABLE t (a)").unwrap();
        let file = FileId::of(&path).unwrap();
        let opened = Opened { settings: settings.clone(), file, store: StoreId::from_bytes([1; 16]) };
        let writer = Writer::new(opened, connection);
        assert!(writer.erasing.load(Ordering::Relaxed), "a log was there");
        let State::Open(connection) = &*writer.lock() else { panic!() };
        let other = settings.connect(Purpose::Probe).unwrap();
        other.execute_batch("BEGIN; SELECT * FROM t").unwrap();
        for is_blocked in [true, false] {
            writer.finish_erasing(connection);
            assert_eq!(writer.erasing.load(Ordering::Relaxed), is_blocked);
            assert_eq!(settings.has_log(), is_blocked);
            let deadline: i64 = connection.pragma_query_value(None, "busy_timeout", |row| row.get(0)).unwrap();
            assert_eq!(deadline, 30_000);
            let _ = other.execute_batch("ROLLBACK");
        }
    }
}
