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

/// An error of COMMIT itself: unless SQLite says that it did not begin, the frames may be in the log or not.
pub(crate) fn at_commit(error: Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Contended,
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
