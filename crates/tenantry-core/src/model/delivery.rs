//! What became of the mail of invitations.

use chrono::{DateTime, Utc};

use crate::clock::Timestamp;
use crate::store::{OutboxRow, OutboxState};

/// Where the delivery of an invitation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum DeliveryState {
    /// Not sent yet.
    Pending,
    /// Somebody sends it at this moment.
    Sending,
    /// Sent: the courier took it.
    Sent,
    /// Not sent, and not tried any more. The invitation can be resent.
    Failed,
    /// Nobody knows: an attempt broke off, so it may have been sent. It is sent again, as the same message.
    Unknown,
}

/// What became of the mail of an invitation (D6).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Delivery {
    /// Where it stands.
    pub state: DeliveryState,
    /// How many attempts were begun.
    pub attempts: u32,
    /// Why the last attempt failed, as the courier says; without control characters, and never with the token.
    pub reason: Option<String>,
    /// When it is tried next; `None` when it is not.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When it last moved.
    pub updated_at: DateTime<Utc>,
}

impl Delivery {
    pub(crate) fn new(row: OutboxRow, now: Timestamp) -> Self {
        let is_due = row.due.as_ref().is_some_and(|due| due.at <= now);
        let state = match row.state {
            OutboxState::Sent => DeliveryState::Sent,
            // Whoever sent it said no more until others may take it for broken off.
            OutboxState::Sending if is_due => DeliveryState::Unknown,
            OutboxState::Sending => DeliveryState::Sending,
            OutboxState::Waiting | OutboxState::Failed if row.unknown > 0 => DeliveryState::Unknown,
            OutboxState::Waiting => DeliveryState::Pending,
            OutboxState::Failed => DeliveryState::Failed,
        };
        Self {
            state,
            attempts: row.attempts,
            reason: row.reason,
            next_attempt_at: row.due.map(|due| due.at.to_datetime()),
            updated_at: row.updated_at.to_datetime(),
        }
    }
}

/// What a run through the outbox did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Delivered {
    /// How many mails were sent.
    pub sent: u64,
    /// How many were not sent, or nobody knows, and are tried again.
    pub postponed: u64,
    /// How many are not tried any more.
    pub failed: u64,
    /// When the next one is due; `None` when none waits.
    pub next_attempt_at: Option<DateTime<Utc>>,
}
