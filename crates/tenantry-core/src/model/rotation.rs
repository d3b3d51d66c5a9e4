//! The life of keys, as the host sees it.

use chrono::{DateTime, Utc};

use crate::store::{RootKeyRow, RootKeyState};

/// A root key that the store was used with; not the key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct RootKeyInfo {
    /// Its id, in hexadecimal, derived from the key.
    pub id: String,
    /// Where it stands in its life.
    pub state: RootKeyState,
    /// How many keys of places it wraps.
    pub wraps: u64,
    /// When the store first saw it.
    pub created_at: DateTime<Utc>,
}

impl RootKeyInfo {
    pub(crate) fn new(row: &RootKeyRow, wraps: u64) -> Self {
        let id = crate::audit::hex(&row.id);
        Self { id, state: row.state, wraps, created_at: row.created_at.to_datetime() }
    }
}

/// How far a rotation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Rotation {
    /// How many rows hang on the new key because of this call.
    pub moved: u64,
    /// How many rows still hang on an old key.
    pub left: u64,
}
