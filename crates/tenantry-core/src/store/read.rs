//! The reads of a store, one trait for each entity.
//!
//! Lists are in the order of their key and hold `limit` rows at most. Where a method takes a [`Caller`], an awaiting
//! caller's work belongs on a worker thread; the others take microseconds and run where they are called.

use async_trait::async_trait;

use super::rows::{
    AuditFilter, AuditRow, ChainHead, CustomerQuery, CustomerRow, DeploymentRow, DetailRow, InvitationRow, KeyRow,
    MemberRow, Place, RootKeyRow, SecretRow, SecretVersionRow, SendsRow, Standing, UseRow, UserRow, VendorRow,
};
use super::{OutboxRow, StoreError};
use crate::call::Caller;
use crate::clock::Timestamp;
use crate::ids::{CustomerId, InvitationId, MemberId, SecretId, UserId, VendorId};

type Read<T> = Result<T, StoreError>;

/// Reads vendors, and what a decision is made from.
#[async_trait]
pub trait VendorRead {
    /// The vendor with this id.
    async fn vendor(&self, id: VendorId) -> Read<Option<VendorRow>>;
    /// The vendor with this key.
    async fn vendor_by_key(&self, key: &str) -> Read<Option<VendorRow>>;
    /// Vendors in the order of their keys, after this one.
    async fn vendors(&self, after: Option<&str>, limit: usize) -> Read<Vec<VendorRow>>;
    /// The state of `place`, with the membership of `user` in `home`, in one statement; `None` if there is no `place`.
    async fn standing(&self, user: Option<UserId>, home: Place, place: Place) -> Read<Option<Standing>>;
}

/// Reads customers.
#[async_trait]
pub trait CustomerRead {
    /// The customer with this id.
    async fn customer(&self, vendor: VendorId, id: CustomerId) -> Read<Option<CustomerRow>>;
    /// The customer with this external id.
    async fn customer_by_external_id(&self, vendor: VendorId, external_id: &str) -> Read<Option<CustomerRow>>;
    /// The customers that the query describes.
    async fn customers(&self, vendor: VendorId, query: &CustomerQuery, caller: Caller) -> Read<Vec<CustomerRow>>;
}

/// Reads users.
#[async_trait]
pub trait UserRead {
    /// The user with this id.
    async fn user(&self, vendor: VendorId, id: UserId) -> Read<Option<UserRow>>;
    /// The user with this identity key.
    async fn user_by_email(&self, vendor: VendorId, email_key: &str) -> Read<Option<UserRow>>;
    /// The memberships of a user, in the order of their places' UUIDs.
    async fn memberships(&self, vendor: VendorId, user: UserId) -> Read<Vec<MemberRow>>;
    /// Vendor's users in the order of their ids, after this one; for `verify`.
    async fn users(&self, vendor: VendorId, after: Option<UserId>, limit: usize, caller: Caller) -> Read<Vec<UserRow>>;
}

/// Reads members.
#[async_trait]
pub trait MemberRead {
    /// The member with this id in this place.
    async fn member(&self, place: Place, id: MemberId) -> Read<Option<MemberRow>>;
    /// The membership of this user in this place.
    async fn member_of_user(&self, place: Place, user: UserId) -> Read<Option<MemberRow>>;
    /// Members of the place with their users, in the order of the members' ids, after this one.
    async fn members(
        &self,
        place: Place,
        after: Option<MemberId>,
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<(MemberRow, UserRow)>>;
    /// How many Administrators are active in the place.
    async fn active_administrators(&self, place: Place) -> Read<u64>;
}

/// Reads invitations.
#[async_trait]
pub trait InvitationRead {
    /// The invitation with this id in this place.
    async fn invitation(&self, place: Place, id: InvitationId) -> Read<Option<InvitationRow>>;
    /// The invitation whose token has this hash.
    async fn invitation_by_token(&self, token_hash: &[u8; 32]) -> Read<Option<InvitationRow>>;
    /// The invitation for this membership that is pending, or else the latest, whatever became of it.
    async fn latest_invitation(&self, place: Place, member: MemberId) -> Read<Option<InvitationRow>>;
    /// Pending invitations of the place that give the role Administrator, expired or not.
    async fn pending_administrators(&self, place: Place) -> Read<Vec<InvitationRow>>;
    /// Invitations of the place in the order of their ids, after this one.
    async fn invitations(
        &self,
        place: Place,
        after: Option<InvitationId>,
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<InvitationRow>>;
    /// What was lately sent to this recipient.
    async fn sends(&self, place: Place, recipient: &[u8; 32]) -> Read<Option<SendsRow>>;
}

/// Reads the outbox.
#[async_trait]
pub trait OutboxRead {
    /// The delivery of this invitation.
    async fn outbox_row(&self, place: Place, invitation: InvitationId) -> Read<Option<OutboxRow>>;
    /// Deliveries of the place in the order of their invitations' ids, after this one.
    async fn outbox(
        &self,
        place: Place,
        after: Option<InvitationId>,
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<OutboxRow>>;
    /// Deliveries of all vendors that are due until this time, in the order of (time due, invitation's id), after this one.
    async fn outbox_due(
        &self,
        until: Timestamp,
        after: Option<(Timestamp, InvitationId)>,
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<OutboxRow>>;
    /// Deliveries of the place whose envelope names this key, in any order.
    async fn outbox_sealed_by(&self, place: Place, key: [u8; 16], limit: usize, caller: Caller)
    -> Read<Vec<OutboxRow>>;
}

/// Reads secrets and keys.
#[async_trait]
pub trait SecretRead {
    /// The secret with this key.
    async fn secret(&self, place: Place, key: &str) -> Read<Option<SecretRow>>;
    /// Secrets of the place in the order of their keys, after this one.
    async fn secrets(&self, place: Place, after: Option<&str>, limit: usize, caller: Caller) -> Read<Vec<SecretRow>>;
    /// The secret with this id.
    async fn secret_by_id(&self, place: Place, id: SecretId) -> Read<Option<SecretRow>>;
    /// One version of a secret.
    async fn secret_version(&self, place: Place, secret: SecretId, version: u64) -> Read<Option<SecretVersionRow>>;
    /// Versions of a secret, newest first, before this one.
    async fn secret_versions(
        &self,
        place: Place,
        secret: SecretId,
        before: Option<u64>,
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<SecretVersionRow>>;
    /// Versions of the place's secrets whose envelope names this key, in any order.
    async fn sealed_by(&self, place: Place, key: [u8; 16], limit: usize, caller: Caller)
    -> Read<Vec<SecretVersionRow>>;
    /// How many versions of the place's secrets, and deliveries of its outbox, have an envelope that names this key.
    async fn count_sealed_by(&self, place: Place, key: [u8; 16], caller: Caller) -> Read<u64>;
}

/// Reads keys.
#[async_trait]
pub trait KeyRead {
    /// The key generations of the place, oldest first.
    async fn place_keys(&self, place: Place) -> Read<Vec<KeyRow>>;
    /// The root keys that the store has seen, in the order of their ids.
    async fn root_keys(&self) -> Read<Vec<RootKeyRow>>;
    /// Keys of the vendor's places whose envelope names this root key, in any order.
    async fn wrapped_by(&self, vendor: VendorId, root: [u8; 16], limit: usize, caller: Caller) -> Read<Vec<KeyRow>>;
    /// How many keys of places have an envelope that names this root key.
    async fn count_wrapped_by(&self, root: [u8; 16], caller: Caller) -> Read<u64>;
}

/// Reads deployments.
#[async_trait]
pub trait DeploymentRead {
    /// The deployment with this id.
    async fn deployment(&self, place: Place, id: &str) -> Read<Option<DeploymentRow>>;
    /// Deployments of the place in the order of their ids, after this one.
    async fn deployments(
        &self,
        place: Place,
        after: Option<&str>,
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<DeploymentRow>>;
    /// The deployments that use a secret, in the order of their ids, after this one; by index, however many others
    /// there are.
    async fn uses(
        &self,
        place: Place,
        key: &str,
        after: Option<&str>,
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<UseRow>>;
}

/// Reads the audit log.
#[async_trait]
pub trait AuditRead {
    /// Entries of one chain with their details, in the order of their numbers, after this one.
    async fn chain(
        &self,
        place: Place,
        after: u64,
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<(AuditRow, Option<DetailRow>)>>;
    /// Entries of the vendor's log that pass the filter, in the order of their positions, after this one; with the newest
    /// first, in the opposite order, before this one.
    async fn log(
        &self,
        vendor: VendorId,
        after: u64,
        filter: &AuditFilter,
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<(AuditRow, Option<DetailRow>)>>;
    /// The head of a chain.
    async fn head(&self, place: Place) -> Read<Option<ChainHead>>;
    /// The heads of the vendor's chains in the order of their places' UUIDs, after this one.
    async fn heads(
        &self,
        vendor: VendorId,
        after: Option<uuid::Uuid>,
        limit: usize,
        caller: Caller,
    ) -> Read<Vec<ChainHead>>;
    /// The places and targets of the entries whose details speak of this subject, each pair once.
    async fn detail_targets(&self, vendor: VendorId, subject: &str) -> Read<Vec<(Place, String)>>;
}
