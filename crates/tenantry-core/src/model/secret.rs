//! Secrets, without their values.

use chrono::{DateTime, Utc};

use super::Page;
use crate::ids::SecretId;
use crate::store::{SecretRow, SecretVersionRow, UseRow};
use crate::vault::SecretValue;

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

/// What setting a secret, or rolling it back, answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SecretChange {
    /// The secret, at its new version.
    pub secret: Secret,
    /// The deployments that use it, the first page of [`Secrets::used_by`](crate::Secrets::used_by) (S6).
    pub affected: Page<SecretUse>,
}

/// One version of a secret, without its value (S5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SecretVersion {
    /// 1, 2, 3 …
    pub version: u64,
    /// Whether it is the one that is resolved.
    pub current: bool,
    /// Whether its value was destroyed.
    pub destroyed: bool,
    /// When it was set.
    pub created_at: DateTime<Utc>,
    /// Who set it, as the audit log writes actors.
    pub created_by: String,
}

impl SecretVersion {
    pub(crate) fn new(row: SecretVersionRow, current: u64) -> Self {
        Self {
            version: row.version,
            current: row.version == current,
            destroyed: row.sealed.is_none(),
            created_at: row.created_at.to_datetime(),
            created_by: row.created_by,
        }
    }
}

/// A deployment that uses a secret (S6).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SecretUse {
    /// The host's own id of the deployment.
    pub deployment: String,
    /// Its name.
    pub name: String,
    /// The version of the secret that it said it runs with; `None` before it said so.
    pub running: Option<u64>,
}

impl From<UseRow> for SecretUse {
    fn from(row: UseRow) -> Self {
        Self { deployment: row.deployment, name: row.name, running: row.running }
    }
}

/// The value of a secret, as a service resolves it (S3).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Resolved {
    /// The secret's key.
    pub key: String,
    /// The version of the value: report it as running once the deployment has it.
    pub version: u64,
    /// The value.
    pub value: SecretValue,
}

/// A template with its secrets filled in (S6).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rendered {
    /// The text. It holds secrets, so it is treated like one.
    pub text: SecretValue,
    /// The secrets that the template refers to and the versions that were filled in, by key; those that there are not
    /// are left out.
    pub versions: Vec<(String, u64)>,
}
