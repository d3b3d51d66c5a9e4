//! What SQLite's errors mean for a caller (storage rule 13).

use rusqlite::{Error, ErrorCode};
use tenantry_core::store::StoreError;

/// An error before COMMIT: nothing was applied.
pub(crate) fn not_applied(error: Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Contended,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Corrupt(error.to_string()),
        Some(ErrorCode::ReadOnly) => StoreError::ReadOnly,
        None if is_malformed_row(&error) => StoreError::Corrupt(error.to_string()),
        _ => StoreError::Unavailable(error.into()),
    }
}

/// An error of COMMIT itself. The last frame that COMMIT writes is the one that makes the transaction count, and what fails
/// for want of room is the writing of a frame: that one is not whole, so nothing was applied. Of every other error the
/// frames may be in the log or not.
pub(crate) fn at_commit(error: Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Contended,
        Some(ErrorCode::DiskFull) => StoreError::Unavailable(error.into()),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Corrupt(error.to_string()),
        _ => StoreError::OutcomeUnknown(error.into()),
    }
}

/// Whether a unique key was taken; which one, the checks of the commit say.
pub(crate) fn is_unique_violation(error: &Error) -> bool {
    let codes = [rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE, rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY];
    error.sqlite_error().is_some_and(|error| codes.contains(&error.extended_code))
}

/// A value that none of our writes puts there.
fn is_malformed_row(error: &Error) -> bool {
    matches!(
        error,
        Error::FromSqlConversionFailure(..) | Error::IntegralValueOutOfRange(..) | Error::InvalidColumnType(..)
    )
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn what_an_error_of_commit_means() {
        let meaning = |code| at_commit(Error::SqliteFailure(ffi::Error::new(code), None));
        assert!(matches!(meaning(ffi::SQLITE_BUSY), StoreError::Contended));
        assert!(matches!(meaning(ffi::SQLITE_FULL), StoreError::Unavailable(_)));
        assert!(matches!(meaning(ffi::SQLITE_CORRUPT), StoreError::Corrupt(_)));
        assert!(matches!(meaning(ffi::SQLITE_NOTADB), StoreError::Corrupt(_)));
        for code in [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_IOERR_SHMSIZE, ffi::SQLITE_NOMEM] {
            assert!(matches!(meaning(code), StoreError::OutcomeUnknown(_)), "{code}");
        }
    }
}
