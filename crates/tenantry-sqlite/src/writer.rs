//! The one connection that writes: one immediate transaction for each commit.
//!
//! Callers see only [`Writer::commit`] and [`Writer::close`], so that a writer which groups the commits of many callers
//! into one transaction can take its place.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use tenantry_core::store::{Commit, Receipt, StoreError};

use crate::apply;
use crate::connection::{Opened, Purpose};
use crate::error::{at_commit, not_applied};

#[derive(Debug)]
pub(crate) struct Writer {
    opened: Opened,
    state: Mutex<State>,
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
        Self { opened, state: Mutex::new(State::Open(connection)) }
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
        if !connection.is_autocommit() && connection.execute_batch("ROLLBACK").is_err() {
            *state = State::Lost;
        }
        answer
    }

    pub(crate) fn close(&self) -> Result<(), StoreError> {
        match std::mem::replace(&mut *self.lock(), State::Closed) {
            State::Open(connection) => connection.close().map_err(|(_, error)| not_applied(error)),
            State::Lost | State::Closed => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // After a panic the transaction is still open; the next commit finds that and rolls it back.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn in_transaction(connection: &Connection, commit: &Commit) -> Result<Receipt, StoreError> {
    if !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK").map_err(not_applied)?;
    }
    let run = |sql| connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
    run("BEGIN IMMEDIATE").map_err(not_applied)?;
    let receipt = apply::apply(connection, commit)?;
    run("COMMIT").map_err(at_commit)?;
    Ok(receipt)
}
