//! The rows of the storage contract. Exhaustive, so that a store faces every field.

use std::fmt;

use crate::catalog::Role;
use crate::clock::Timestamp;
use crate::ids::{CommitId, CustomerId, InvitationId, MemberId, SecretId, UserId, VendorId};
use uuid::Uuid;

/// The vendor itself, or one of its customers: what has members, secrets and an audit chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Place {
    /// The vendor itself.
    Vendor(VendorId),
    /// One customer of the vendor.
    Customer(VendorId, CustomerId),
}

impl Place {
    /// The vendor that the place is, or belongs to.
    pub fn vendor(self) -> VendorId {
        match self {
            Self::Vendor(vendor) | Self::Customer(vendor, _) => vendor,
        }
    }

    /// The customer, unless the place is the vendor itself.
    pub fn customer(self) -> Option<CustomerId> {
        match self {
            Self::Vendor(_) => None,
            Self::Customer(_, customer) => Some(customer),
        }
    }

    /// The UUID by which a store keeps the place: the customer's, or the vendor's own.
    pub fn uuid(self) -> Uuid {
        match self {
            Self::Vendor(vendor) => *vendor.as_uuid(),
            Self::Customer(_, customer) => *customer.as_uuid(),
        }
    }

    /// The place of a vendor that a store keeps by this UUID.
    pub fn from_uuid(vendor: VendorId, place: Uuid) -> Self {
        if place == *vendor.as_uuid() {
            Self::Vendor(vendor)
        } else {
            Self::Customer(vendor, CustomerId::from_uuid(place))
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vendor(vendor) => vendor.fmt(f),
            Self::Customer(_, customer) => customer.fmt(f),
        }
    }
}

/// An enum that stores keep as a word.
macro_rules! word {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// The word that stores keep.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The value that this word means, if any.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(super) use word;

word!(
    /// Whether a customer is in use.
    CustomerStatus {
        /// In use.
        Active = "active",
        /// Hidden from lists; its members and services are refused (C5).
        Archived = "archived",
    }
);
word!(
    /// Where a member stands.
    MemberState {
        /// Has not accepted yet.
        Invited = "invited",
        /// May act.
        Active = "active",
        /// May not act until resumed (U10).
        Suspended = "suspended",
    }
);
word!(
    /// What became of an invitation. An invitation that is pending may have expired.
    InvitationState {
        /// Can be accepted until it expires.
        Pending = "pending",
        /// Was accepted.
        Accepted = "accepted",
        /// Was declined by the person invited.
        Declined = "declined",
        /// Was revoked, or its member removed.
        Revoked = "revoked",
        /// Had expired and was replaced by a new one.
        Replaced = "replaced",
    }
);

word!(
    /// Where a root key stands in its life. At most one is promoted.
    RootKeyState {
        /// Known, and wraps nothing yet: the time to hand it to every process.
        Staged = "staged",
        /// Wraps every key of a place from now on.
        Promoted = "promoted",
        /// Wraps what was not wrapped anew since; still needed.
        Superseded = "superseded",
        /// Wraps nothing any more; no longer needed.
        Retired = "retired",
    }
);

impl RootKeyState {
    /// Whether the key may wrap something: a store is not opened without it.
    pub fn is_needed(self) -> bool {
        matches!(self, Self::Promoted | Self::Superseded)
    }
}

/// The names of a customer's features as stored: sorted, each between spaces (` alerts deployments `).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoredFeatures(Box<str>);

impl StoredFeatures {
    /// The set of these names, which hold no white space.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let names: std::collections::BTreeSet<&str> = names.into_iter().collect();
        let mut text = String::from(" ");
        for name in names {
            text.push_str(name);
            text.push(' ');
        }
        Self(text.into())
    }

    /// The text as a store wrote it.
    pub fn from_stored(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text to store.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split_ascii_whitespace()
    }

    /// Whether the name is among them.
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|own| own == name)
    }
}

/// A vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VendorRow {
    /// Its id.
    pub id: VendorId,
    /// Unique in the store.
    pub key: String,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The guard's counter of its place; the store keeps it.
    pub counter: u64,
}

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerRow {
    /// The vendor it belongs to.
    pub vendor: VendorId,
    /// Its id.
    pub id: CustomerId,
    /// Its name, in NFC.
    pub name: String,
    /// The folded name: what the filter searches and lists are ordered by.
    pub name_folded: String,
    /// The vendor's own id of it, unique within the vendor.
    pub external_id: Option<String>,
    /// The folded external id, for the filter.
    pub external_id_folded: Option<String>,
    /// Whether it is in use.
    pub status: CustomerStatus,
    /// Its features.
    pub features: StoredFeatures,
    /// Whether an Administrator has become active in it since it last had no member (U9).
    pub claimed: bool,
    /// How many members it has; the store keeps it.
    pub members: u64,
    /// How many secrets it has; the store keeps it.
    pub secrets: u64,
    /// Moves with the record's own fields (C4).
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its own fields last moved.
    pub updated_at: Timestamp,
    /// The guard's counter of its place; the store keeps it.
    pub counter: u64,
}

/// A person within one vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// The vendor.
    pub vendor: VendorId,
    /// The id.
    pub id: UserId,
    /// The e-mail as given; mail goes only there.
    pub email: String,
    /// The identity key, unique within the vendor.
    pub email_key: String,
    /// The folded e-mail, for the filter.
    pub email_folded: String,
    /// When the person became known.
    pub created_at: Timestamp,
    /// The guard's counter; the store keeps it.
    pub counter: u64,
}

/// A member: a person in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// Where.
    pub place: Place,
    /// Who; unique in the place.
    pub user: UserId,
    /// The id of this membership, unique in the vendor.
    pub id: MemberId,
    /// The name of the person in this place.
    pub name: String,
    /// The e-mail as the inviter gave it, until the person accepts: another spelling, or a newer address, would tell that
    /// they are known elsewhere (U5).
    pub invited_email: Option<String>,
    /// The role.
    pub role: Role,
    /// The state.
    pub state: MemberState,
    /// Moves with the name, the role and the state.
    pub revision: u64,
    /// When the person was invited, or the vendor was made.
    pub created_at: Timestamp,
    /// When the record last moved.
    pub updated_at: Timestamp,
    /// The guard's counter; the store keeps it.
    pub counter: u64,
}

/// An invitation. It holds no personal data, so that it may stay when the person is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationRow {
    /// Where to.
    pub place: Place,
    /// Its id.
    pub id: InvitationId,
    /// The membership it is for.
    pub member: MemberId,
    /// Who is invited.
    pub user: UserId,
    /// The role that was asked for.
    pub asked: Role,
    /// The role it gives.
    pub role: Role,
    /// What became of it.
    pub state: InvitationState,
    /// The hash of its token, unique in the store.
    pub token_hash: [u8; 32],
    /// Who invited, as the audit log writes actors.
    pub invited_by: String,
    /// When the token was last made.
    pub sent_at: Timestamp,
    /// When the token stops working.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

impl InvitationRow {
    /// Whether it can still be accepted at this time.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == InvitationState::Pending && now < self.expires_at
    }
}

/// How often one e-mail was lately sent an invitation into one place (U4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendsRow {
    /// Where to.
    pub place: Place,
    /// A hash of place and identity key.
    pub recipient: [u8; 32],
    /// When the last token was made.
    pub latest: Timestamp,
    /// When tokens after the first were made, oldest first.
    pub repeats: Vec<Timestamp>,
}

/// A secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRow {
    /// Where.
    pub place: Place,
    /// Its id.
    pub id: SecretId,
    /// Its key, unique in the place.
    pub key: String,
    /// The current version.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it, as the audit log writes actors.
    pub created_by: String,
    /// When it was last set.
    pub updated_at: Timestamp,
    /// Who set it last.
    pub updated_by: String,
}

/// One version of a secret's value, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretVersionRow {
    /// Where.
    pub place: Place,
    /// Of which secret.
    pub secret: SecretId,
    /// 1, 2, 3 …
    pub version: u64,
    /// The envelope; `None` when this version was destroyed.
    pub sealed: Option<Vec<u8>>,
    /// When it was set.
    pub created_at: Timestamp,
    /// Who set it.
    pub created_by: String,
}

/// One generation of a place's key, wrapped by the root key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Of which place.
    pub place: Place,
    /// 1, 2, 3 …
    pub generation: u32,
    /// The random id that envelopes name.
    pub id: [u8; 16],
    /// The envelope that holds the key.
    pub wrapped: Vec<u8>,
    /// Tells whether an unwrapped key is the right one.
    pub check: [u8; 32],
    /// When it was made.
    pub created_at: Timestamp,
}

/// A root key that the store was used with; not the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootKeyRow {
    /// The id, derived from the key.
    pub id: [u8; 16],
    /// Tells whether a key is the right one.
    pub check: [u8; 32],
    /// Where it stands in its life.
    pub state: RootKeyState,
    /// What its provider asked to keep so that it finds the key again; nothing secret.
    pub kept: Vec<u8>,
    /// When the store first saw it.
    pub created_at: Timestamp,
}

/// A host's deployment that uses secrets of its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentRow {
    /// Where.
    pub place: Place,
    /// The host's own id of it, unique in the place.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The secrets that it uses, each key once, in the order of the keys.
    pub secrets: Vec<DeploymentSecret>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last registered anew or reported.
    pub updated_at: Timestamp,
}

/// A secret that a deployment uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentSecret {
    /// The secret's key; there may be no such secret yet.
    pub key: String,
    /// The version that the deployment said it runs with.
    pub running: Option<u64>,
}

/// A deployment as a user of one secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UseRow {
    /// The host's own id of the deployment.
    pub deployment: String,
    /// Its name.
    pub name: String,
    /// The version of the secret that it said it runs with.
    pub running: Option<u64>,
}

/// What a decision is made from, read in one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The counter of the place acted on.
    pub counter: u64,
    /// The customer's status; `Active` for the vendor itself.
    pub status: CustomerStatus,
    /// The customer's features; `None` for the vendor itself.
    pub features: Option<StoredFeatures>,
    /// The actor's membership in the home place, if there is one.
    pub member: Option<StandingMember>,
}

/// The actor's membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingMember {
    /// Its id.
    pub id: MemberId,
    /// The role.
    pub role: Role,
    /// The state.
    pub state: MemberState,
    /// The counter of the member row.
    pub counter: u64,
}

/// Which customers, in the order of (folded name, id).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerQuery {
    /// Folded text that name, external id or a member's e-mail must contain; empty for all.
    pub needle: String,
    /// Feature names that must all be stored.
    pub features: Vec<String>,
    /// The status, if it matters.
    pub status: Option<CustomerStatus>,
    /// Begin after this folded name and id.
    pub after: Option<(String, CustomerId)>,
    /// How many rows at most.
    pub limit: usize,
}

/// An entry of the audit log as stored: a header, without personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Whose chain.
    pub place: Place,
    /// 1, 2, 3 … in the chain.
    pub number: u64,
    /// 1, 2, 3 … in the vendor's whole log.
    pub position: u64,
    /// The commit that wrote it.
    pub commit: CommitId,
    /// Which of the commit's entries it is.
    pub ordinal: u32,
    /// When.
    pub time: Timestamp,
    /// Who, as text: a user's id, `svc:` and a name, or `host`.
    pub actor: String,
    /// What, for example `member.removed`.
    pub action: String,
    /// The id of what it was done to.
    pub target: String,
    /// `SHA-256` over salt, subject and detail; `None` when it was written without a detail.
    pub detail_digest: Option<[u8; 32]>,
    /// Links this entry to the one before.
    pub hash: [u8; 32],
}

/// The detail of an audit entry; it may be deleted, and the chain still holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetailRow {
    /// Whose chain.
    pub place: Place,
    /// Of which entry.
    pub number: u64,
    /// 32 random bytes.
    pub salt: [u8; 32],
    /// The id of the person or customer that it speaks of; empty for nobody.
    pub subject: String,
    /// Before and after, in JSON.
    pub body: String,
}

/// The last entry of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ChainHead {
    /// Whose chain.
    pub place: Place,
    /// The number of its last entry.
    pub number: u64,
    /// The hash of its last entry.
    pub hash: [u8; 32],
}

/// Which entries of the audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only this place's chain.
    pub place: Option<Place>,
    /// Only this actor, as written in the log.
    pub actor: Option<String>,
    /// Only this action.
    pub action: Option<String>,
    /// The newest first: entries before a position instead of after it.
    pub newest_first: bool,
}
