//! Secrets, without their values.

use chrono::{DateTime, Utc};

use crate::ids::SecretId;
use crate::store::SecretRow;

/// A secret of a place: everything but its value, which no portal ever answers (S3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Secret {
    /// Its id.
    pub id: SecretId,
    /// Its key, unique in the place.
    pub key: String,
    /// The version of its current value: 1, 2, 3 …
    pub version: u64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Who made it, as the audit log writes actors.
    pub created_by: String,
    /// When its value was last set.
    pub updated_at: DateTime<Utc>,
    /// Who set it last.
    pub updated_by: String,
}

impl From<SecretRow> for Secret {
    fn from(row: SecretRow) -> Self {
        Self {
            id: row.id,
            key: row.key,
            version: row.version,
            created_at: row.created_at.to_datetime(),
            created_by: row.created_by,
            updated_at: row.updated_at.to_datetime(),
            updated_by: row.updated_by,
        }
    }
}
