//! The rows of the outbox: what is to be sent, and what became of it.

use std::fmt;

use super::rows::{Place, word};
use crate::clock::Timestamp;
use crate::ids::{DeliveryId, InvitationId};

word!(
    /// Where a delivery stands.
    OutboxState {
        /// Not sent yet.
        Waiting = "waiting",
        /// Somebody sends it, or did when they broke off.
        Sending = "sending",
        /// Sent.
        Sent = "sent",
        /// Not sent, and not tried any more.
        Failed = "failed",
    }
);

/// The delivery of an invitation's token: it lives as long as the invitation is pending, and a new token replaces it.
///
/// It names nobody: name and address are read when it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Where to.
    pub place: Place,
    /// The invitation; it has one delivery at most.
    pub invitation: InvitationId,
    /// The id of this delivery: the same in all of its attempts.
    pub id: DeliveryId,
    /// Where it stands.
    pub state: OutboxState,
    /// What is still to be sent; `None` when it was sent or given up.
    pub due: Option<Due>,
    /// How many attempts were begun.
    pub attempts: u32,
    /// How many of them came to an end that nobody knows.
    pub unknown: u32,
    /// Why the last attempt failed, fit to be shown.
    pub reason: Option<String>,
    /// When the token was made.
    pub created_at: Timestamp,
    /// When the row last moved.
    pub updated_at: Timestamp,
}

/// A token that is still to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Not before this time; while somebody sends it, when others may take it for broken off.
    pub at: Timestamp,
    /// The envelope that holds the token.
    pub sealed: Vec<u8>,
}
