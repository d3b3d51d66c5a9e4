//! The record of an audit entry, as readers see it.

use chrono::{DateTime, Utc};

use crate::store::{AuditRow, DetailRow, Place};

/// One entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct AuditEntry {
    /// 1, 2, 3 … in the chain of its place.
    pub number: u64,
    /// When.
    pub time: DateTime<Utc>,
    /// Who: a user's id, `svc:` and the name of a service, or `host`.
    pub actor: String,
    /// What, for example `member.removed`.
    pub action: String,
    /// Where.
    pub place: Place,
    /// The id of what it was done to.
    pub target: String,
    /// A JSON object with `before` and `after`; `None` when there is nothing to say, or when it was erased (A3).
    pub detail: Option<String>,
}

pub(crate) fn entry((row, detail): (AuditRow, Option<DetailRow>)) -> AuditEntry {
    AuditEntry {
        number: row.number,
        time: row.time.to_datetime(),
        actor: row.actor,
        action: row.action,
        place: row.place,
        target: row.target,
        detail: detail.map(|detail| detail.body),
    }
}
