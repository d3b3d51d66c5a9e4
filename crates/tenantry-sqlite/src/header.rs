//! Whose a file says it is, read without taking part in it.
//!
//! Whoever opens a file in SQLite's ordinary way also repairs it: a journal that a crash left behind is rolled back. That
//! is not for us to do with the file of somebody else.

use std::path::Path;

#[cfg(unix)]
use rusqlite::Connection;
use rusqlite::Result;
use tenantry_core::vault::StoreId;

#[cfg(unix)]
use crate::row;

/// The two numbers in the first page that tell databases apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) application: i64,
    pub(crate) version: i64,
}

/// Reads the first page of the file itself: no journal, no log, no lock.
///
/// Through SQLite, because POSIX takes all locks of a process on a file away when any of its descriptors is closed; SQLite
/// knows which of them other connections of this process still need.
#[cfg(unix)]
pub(crate) fn read(path: &Path) -> Result<Header> {
    use rusqlite::config::DbConfig;

    let connection = unchanging(path)?;
    // A file that a crash left shorter than its header says is as readable as any other. Nothing can be written here.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, true)?;
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get(0));
    Ok(Header { application: pragma("application_id")?, version: pragma("user_version")? })
}

/// Opens a file of which SQLite is told that nobody changes it.
#[cfg(unix)]
fn unchanging(path: &Path) -> Result<Connection> {
    use rusqlite::OpenFlags;

    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(immutable(path), flags)
}

/// Reads the id of the store in a file that nobody has open; `None` where that would make other files beside it.
pub(crate) fn store_id(path: &Path) -> Result<Option<StoreId>> {
    #[cfg(unix)]
    return row::store_id(&unchanging(path)?).map(Some);
    #[cfg(not(unix))]
    return Ok(None);
}

/// The URI of a file of which SQLite is told that nobody changes it.
#[cfg(unix)]
fn immutable(path: &Path) -> String {
    use std::fmt::Write;
    use std::os::unix::ffi::OsStrExt;

    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(*byte)),
            _ if byte.is_ascii_alphanumeric() => uri.push(char::from(*byte)),
            // Writing to a string cannot fail.
            _ => _ = write!(uri, "%{byte:02X}"),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

/// Reads the first bytes of the file itself. Elsewhere locks belong to a descriptor, and closing another takes none away.
#[cfg(not(unix))]
pub(crate) fn read(path: &Path) -> Result<Header> {
    use std::io::Read;

    use rusqlite::{Error, ffi};

    let failure = |code, error: std::io::Error| Error::SqliteFailure(ffi::Error::new(code), Some(error.to_string()));
    let mut file = std::fs::File::open(path).map_err(|error| failure(ffi::SQLITE_CANTOPEN, error))?;
    let (mut magic, mut skipped, mut version, mut application) = ([0; 16], [0; 44], [0; 4], [0; 4]);
    for part in [&mut magic[..], &mut skipped, &mut version, &mut [0; 4], &mut application] {
        file.read_exact(part).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => failure(ffi::SQLITE_NOTADB, error),
            _ => failure(ffi::SQLITE_IOERR, error),
        })?;
    }
    if &magic != b"SQLite format 3\0" {
        return Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_NOTADB), None));
    }
    Ok(Header { application: i32::from_be_bytes(application).into(), version: i32::from_be_bytes(version).into() })
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_first_page_is_read_whatever_the_path_and_the_journal_mode() {
        let folder = tempfile::tempdir().unwrap();
        for (name, mode) in [("a b.db", "delete"), ("100% ?sure#1.db", "wal"), ("gr\u{fc}n.db", "delete")] {
            let path = folder.path().join(name);
            let raw = Connection::open(&path).unwrap();
            let made = format!("PRAGMA journal_mode = {mode}; PRAGMA application_id = -7; PRAGMA user_version = 99");
            raw.execute_batch(&made).unwrap();
            drop(raw);
            let before = fs::read(&path).unwrap();
            assert_eq!(read(&path).unwrap(), Header { application: -7, version: 99 });
            assert_eq!(fs::read(&path).unwrap(), before);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing was made beside them");
    }

    #[test]
    fn a_file_that_was_cut_off_still_says_whose_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.db");
        Connection::open(&path).unwrap().execute_batch("PRAGMA application_id = 7; CREATE TABLE t (a)").unwrap();
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(4_096).unwrap();
        assert_eq!(read(&path).unwrap().application, 7);
        file.set_len(10).unwrap();
        assert_eq!(read(&path).unwrap_err().sqlite_error_code(), Some(rusqlite::ErrorCode::NotADatabase));
    }
}
