//! The one write: guards, ops, checks and audit entries, applied whole or not at all.

use std::collections::BTreeSet;

use super::rows::{
    CustomerRow, DeploymentRow, InvitationRow, KeyRow, MemberRow, Place, RootKeyRow, RootKeyState, SecretRow,
    SecretVersionRow, SendsRow, UserRow, VendorRow,
};
use super::{OutboxRow, StoreError};
use crate::clock::Timestamp;
use crate::ids::{CommitId, CustomerId, InvitationId, MemberId, SecretId, UserId, VendorId};

/// A write. A store does, in one transaction and in this order:
///
/// 1. an `id` seen before: answer the earlier receipt, apply nothing;
/// 2. the guards, sorted by key: a missing row or another counter is [`StoreError::Conflict`]; `Bump` raises the counter;
/// 3. the ops, in order;
/// 4. the checks: the first that fails is [`StoreError::CheckFailed`];
/// 5. the audit entries: each gets the next number of its chain and the next position of its vendor's log.
///
/// Before all of it the store calls [`Commit::validate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// A new decision has a new id; only an unknown outcome sends the same one again.
    pub id: CommitId,
    /// What the decision was made from, sorted by key, each key once.
    pub guards: Vec<Guard>,
    /// What to write.
    pub ops: Vec<WriteOp>,
    /// What must be true afterwards.
    pub checks: Vec<Check>,
    /// What the log says of it; at least one entry, because an entry is what keeps the commit's id.
    pub audit: Vec<AuditEntry>,
}

/// A row that a decision was made from, and the counter that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Guard {
    /// The row.
    pub key: GuardKey,
    /// The counter that was read.
    pub counter: u64,
    /// Whether to raise it.
    pub mode: GuardMode,
}

/// Which row a guard names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GuardKey {
    /// The vendor's or customer's row.
    Place(Place),
    /// The row of this membership: a person who left and came back has another one.
    Member(Place, MemberId),
    /// The user's row.
    User(VendorId, UserId),
}

/// What a guard asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GuardMode {
    /// The counter is unchanged.
    Hold,
    /// The counter is unchanged, and is raised by one.
    Bump,
}

/// One write. `Insert` finds no row of that key; `Update` finds one and leaves its counters and counts as they are.
///
/// Inserted rows begin with a counter and counts of 0, whatever the row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteOp {
    /// A new vendor.
    InsertVendor(VendorRow),
    /// A new customer; needs a guard that holds in its vendor.
    InsertCustomer(CustomerRow),
    /// Replaces a customer's fields, counter and counts excepted.
    UpdateCustomer(CustomerRow),
    /// Deletes a customer with its members, invitations, deliveries, sends, secrets, keys and deployments, and all details
    /// of its chain.
    DeleteCustomer(VendorId, CustomerId),
    /// A new user.
    InsertUser(UserRow),
    /// Replaces a user's fields, the counter excepted.
    UpdateUser(UserRow),
    /// Deletes a user, and all details in the vendor's log that speak of them.
    DeleteUser(VendorId, UserId),
    /// Deletes what the place's chain says of a user in the entries about this membership; there may be nothing.
    DeleteDetails(Place, UserId, MemberId),
    /// A new member; the customer's count rises.
    InsertMember(MemberRow),
    /// Replaces a member's fields, the counter excepted.
    UpdateMember(MemberRow),
    /// Deletes a member; the customer's count falls.
    DeleteMember(Place, UserId),
    /// A new invitation.
    InsertInvitation(InvitationRow),
    /// Replaces an invitation's fields.
    UpdateInvitation(InvitationRow),
    /// Inserts or replaces the delivery of an invitation, which is there.
    PutOutbox(OutboxRow),
    /// Deletes the delivery of an invitation; there may be none.
    DeleteOutbox(Place, InvitationId),
    /// Inserts or replaces the row, and deletes the vendor's rows whose latest send is before the time.
    PutSends(SendsRow, Timestamp),
    /// Deletes the vendor's rows whose latest send is before the time; there may be none.
    DeleteSends(VendorId, Timestamp),
    /// A new secret; the customer's count rises.
    InsertSecret(SecretRow),
    /// Replaces a secret's fields.
    UpdateSecret(SecretRow),
    /// Deletes a secret with its versions; the customer's count falls.
    DeleteSecret(Place, SecretId),
    /// A new version of a secret.
    InsertSecretVersion(SecretVersionRow),
    /// Replaces the envelope of a version.
    UpdateSecretVersion(SecretVersionRow),
    /// Deletes the versions of a secret up to this one; there may be none.
    DeleteSecretVersions(Place, SecretId, u64),
    /// A new key generation of a place.
    InsertKey(KeyRow),
    /// Replaces the envelope of a key generation.
    UpdateKey(KeyRow),
    /// Deletes a key generation of a place.
    DeleteKey(Place, u32),
    /// Inserts or replaces a root key.
    PutRootKey(RootKeyRow),
    /// Inserts or replaces a deployment with the secrets that it uses.
    PutDeployment(DeploymentRow),
    /// Deletes a deployment.
    DeleteDeployment(Place, String),
}

impl WriteOp {
    /// Whether it takes away what must not be readable in the store's files afterwards: a person, a customer, a secret or a
    /// value that was destroyed, a key, a token that was sent (U12, C6, D1). After such a commit a store leaves no trace of it, in its log neither. Old
    /// versions that are merely no longer kept go with the log's next turn.
    pub fn erases(&self) -> bool {
        match self {
            Self::DeleteCustomer(..)
            | Self::DeleteUser(..)
            | Self::DeleteDetails(..)
            | Self::DeleteMember(..)
            | Self::DeleteSecret(..)
            | Self::DeleteKey(..)
            | Self::DeleteDeployment(..) => true,
            Self::UpdateSecretVersion(row) => row.sealed.is_none(),
            Self::PutOutbox(row) => row.due.is_none(),
            // With it goes what it wrapped.
            Self::PutRootKey(row) => row.state == RootKeyState::Retired,
            _ => false,
        }
    }
}

/// A post-condition that guards cannot express.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// Nobody but this vendor has the key.
    VendorKeyUnique {
        /// The key.
        key: String,
        /// Who may have it.
        vendor: VendorId,
    },
    /// Nobody but this customer has the external id within the vendor.
    ExternalIdUnique {
        /// The vendor.
        vendor: VendorId,
        /// The external id.
        external_id: String,
        /// Who may have it.
        customer: CustomerId,
    },
    /// Nobody but this user has the identity key within the vendor.
    EmailUnique {
        /// The vendor.
        vendor: VendorId,
        /// The identity key.
        email_key: String,
        /// Who may have it.
        user: UserId,
    },
    /// The place has an active Administrator.
    ActiveAdministrator(Place),
    /// The chain of the place still ends with this entry.
    ChainHead(super::ChainHead),
    /// The root keys that are not retired are these, in the order of their ids.
    RootKeys(Vec<([u8; 16], RootKeyState)>),
    /// No key of a place is wrapped by this root key.
    WrapsNothing([u8; 16]),
}

impl Check {
    /// Whether it is about a unique key. When an op finds its key taken, the first of these that fails is the answer.
    pub fn is_of_uniqueness(&self) -> bool {
        match self {
            Self::VendorKeyUnique { .. } | Self::ExternalIdUnique { .. } | Self::EmailUnique { .. } => true,
            Self::ActiveAdministrator(_) | Self::ChainHead(_) | Self::RootKeys(_) | Self::WrapsNothing(_) => false,
        }
    }
}

/// An audit entry before the store gives it its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Whose chain.
    pub place: Place,
    /// When.
    pub time: Timestamp,
    /// Who, as the log writes actors.
    pub actor: String,
    /// What.
    pub action: &'static str,
    /// The id of what it was done to.
    pub target: String,
    /// The hash over the header; the store links it with [`crate::audit::link`].
    pub digest: [u8; 32],
    /// Before and after.
    pub detail: Option<AuditDetail>,
}

/// The detail of an audit entry before the store gives it its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditDetail {
    /// 32 random bytes.
    pub salt: [u8; 32],
    /// The id of the person or customer that it speaks of; empty for nobody.
    pub subject: String,
    /// Before and after, in JSON.
    pub body: String,
    /// The hash over salt, subject and body.
    pub digest: [u8; 32],
}

/// What a commit did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Where its audit entries stand, in their order.
    pub entries: Vec<EntryPosition>,
}

/// Where an audit entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryPosition {
    /// Whose chain.
    pub place: Place,
    /// Its number in the chain.
    pub number: u64,
    /// Its position in the vendor's log.
    pub position: u64,
}

impl Commit {
    /// Whether every op and check has the guard it needs; each store asks before it applies anything.
    ///
    /// # Errors
    ///
    /// [`StoreError::Malformed`].
    pub fn validate(&self) -> Result<(), StoreError> {
        let malformed = |why| Err(StoreError::Malformed(why));
        if !self.guards.windows(2).all(|pair| matches!(pair, [a, b] if a.key < b.key)) {
            return malformed("guards are not sorted, each key once");
        }
        if self.audit.is_empty() {
            return malformed("no audit entry");
        }
        let bumped: BTreeSet<GuardKey> =
            self.guards.iter().filter(|guard| guard.mode == GuardMode::Bump).map(|guard| guard.key).collect();
        // What this commit makes itself needs no guard: nobody else can know it.
        let made: BTreeSet<GuardKey> = self
            .ops
            .iter()
            .filter_map(|op| match op {
                WriteOp::InsertVendor(row) => Some(GuardKey::Place(Place::Vendor(row.id))),
                WriteOp::InsertCustomer(row) => Some(GuardKey::Place(Place::Customer(row.vendor, row.id))),
                WriteOp::InsertUser(row) => Some(GuardKey::User(row.vendor, row.id)),
                _ => None,
            })
            .collect();
        let guarded = |key| bumped.contains(&key) || made.contains(&key);
        let held = |key| guarded(key) || self.guards.iter().any(|guard| guard.key == key);
        let place = |place| guarded(GuardKey::Place(place));
        let vendor_held = |vendor: VendorId| {
            place(Place::Vendor(vendor))
                || self.guards.iter().any(|guard| match guard.key {
                    GuardKey::Place(place) | GuardKey::Member(place, _) => place.vendor() == vendor,
                    GuardKey::User(own, _) => own == vendor,
                })
        };
        for op in &self.ops {
            let holds = match op {
                WriteOp::InsertVendor(_) | WriteOp::PutRootKey(_) => true,
                WriteOp::InsertCustomer(row) => vendor_held(row.vendor),
                WriteOp::UpdateCustomer(row) => place(Place::Customer(row.vendor, row.id)),
                WriteOp::DeleteCustomer(vendor, id) => place(Place::Customer(*vendor, *id)),
                WriteOp::InsertUser(row) => vendor_held(row.vendor),
                WriteOp::DeleteSends(vendor, _) => vendor_held(*vendor),
                WriteOp::UpdateUser(row) => guarded(GuardKey::User(row.vendor, row.id)),
                WriteOp::DeleteUser(vendor, id) => guarded(GuardKey::User(*vendor, *id)),
                WriteOp::DeleteDetails(at, ..) => place(*at),
                WriteOp::InsertMember(row) => place(row.place) && guarded(GuardKey::User(row.place.vendor(), row.user)),
                WriteOp::UpdateMember(row) => place(row.place) && bumped.contains(&GuardKey::Member(row.place, row.id)),
                WriteOp::DeleteMember(at, user) => place(*at) && guarded(GuardKey::User(at.vendor(), *user)),
                WriteOp::InsertInvitation(row) | WriteOp::UpdateInvitation(row) => place(row.place),
                WriteOp::PutOutbox(row) => place(row.place),
                WriteOp::DeleteOutbox(at, _) => place(*at),
                WriteOp::PutSends(row, _) => place(row.place),
                WriteOp::InsertSecret(row) | WriteOp::UpdateSecret(row) => place(row.place),
                WriteOp::DeleteSecret(at, _) => place(*at),
                WriteOp::InsertSecretVersion(row) | WriteOp::UpdateSecretVersion(row) => place(row.place),
                WriteOp::DeleteSecretVersions(at, ..) | WriteOp::DeleteKey(at, _) => place(*at),
                WriteOp::InsertKey(row) => place(row.place),
                // The key inside stays the same: whoever reads either envelope decides alike.
                WriteOp::UpdateKey(row) => held(GuardKey::Place(row.place)),
                WriteOp::PutDeployment(row) => place(row.place),
                WriteOp::DeleteDeployment(at, _) => place(*at),
            };
            if !holds {
                return malformed("an op without its guard");
            }
        }
        // A customer that is deleted has ended its chain: nothing may be added to it any more.
        for entry in self.audit.iter().filter(|entry| entry.place.customer().is_some()) {
            if !held(GuardKey::Place(entry.place)) {
                return malformed("an audit entry of a customer without a guard on it");
            }
        }
        for check in &self.checks {
            if let Check::ActiveAdministrator(at) = check
                && !place(*at)
            {
                return malformed("a check on a place without its bump");
            }
        }
        Ok(())
    }
}
