//! What a commit erased leaves the log too: its frames keep the pages as they were before.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::Connection;

/// Whether the log may still hold what was erased.
#[derive(Debug)]
pub(super) struct Erasing(AtomicBool);

impl Erasing {
    pub(super) fn new(may_hold: bool) -> Self {
        Self(AtomicBool::new(may_hold))
    }

    /// Something is erased; the log holds it until it is emptied.
    pub(super) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Empties the log if it may hold what was erased. Whoever still reads from it is not waited for: then it is tried
    /// again after the next group and at the end. The commits stand either way.
    pub(super) fn finish(&self, connection: &Connection, busy_deadline: Duration) {
        if !self.0.load(Ordering::Relaxed) {
            return;
        }
        let emptied = empty_log(connection);
        if let Err(error) = connection.busy_timeout(busy_deadline) {
            tracing::warn!(%error, "commits do not wait for other processes any more");
        }
        match emptied {
            Ok(emptied) => self.0.store(!emptied, Ordering::Relaxed),
            Err(error) => tracing::warn!(%error, "the log, which may hold what was erased, could not be emptied yet"),
        }
    }
}

/// Copies the log into the file and cuts it to nothing, without waiting; whether nobody was in the way.
fn empty_log(connection: &Connection) -> rusqlite::Result<bool> {
    connection.busy_timeout(Duration::ZERO)?;
    let mut statement = connection.prepare_cached("PRAGMA wal_checkpoint(TRUNCATE)")?;
    let is_blocked: bool = statement.query_row([], |row| row.get(0))?;
    Ok(!is_blocked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sqlite;
    use crate::connection::{Purpose, Settings};

    #[test]
    fn emptying_the_log_waits_for_nobody_and_commits_wait_as_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let settings = Settings::new(&Sqlite::file(&path), path);
        let connection = settings.connect(Purpose::Make).unwrap();
        settings.make_writer(&connection).unwrap();
        connection.execute_batch("CREATE TABLE t (a)").unwrap();
        let other = settings.connect(Purpose::Probe).unwrap();
        other.execute_batch("BEGIN; SELECT * FROM t").unwrap();
        let erasing = Erasing::new(settings.has_log());
        assert!(erasing.0.load(Ordering::Relaxed), "a log was there");
        for is_blocked in [true, false] {
            erasing.finish(&connection, settings.busy_deadline());
            assert_eq!(erasing.0.load(Ordering::Relaxed), is_blocked);
            assert_eq!(settings.has_log(), is_blocked);
            let deadline: i64 = connection.pragma_query_value(None, "busy_timeout", |row| row.get(0)).unwrap();
            assert_eq!(deadline, 30_000);
            let _ = other.execute_batch("ROLLBACK");
        }
    }
}
