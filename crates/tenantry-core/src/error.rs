//! What can go wrong, as one enum of structs: details may grow without breaking anyone.
//!
//! Messages are one line, lower case, without a full stop; user input stands in backticks. No error holds a secret or
//! a token.

mod code;

use chrono::{DateTime, Utc};

use crate::access::Actor;
use crate::catalog::Role;
use crate::ids::{CustomerId, InvitationId, MemberId};
use crate::store::{BackupError, MemberState, OpenError, Place, StoreError};
use crate::vault::{InvalidToken, KeyError, ProviderError, RedactorTooLarge, TemplateError, VaultError};

/// Why an operation did not happen. Nothing was changed, unless [`Error::code`] is `outcome_unknown`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was given does not follow the rules of its field.
    #[error(transparent)]
    InvalidInput(#[from] InvalidInput),
    /// It does not exist, or belongs to another vendor or customer: the answer is the same (R4).
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// The actor may not do this (R2).
    #[error(transparent)]
    PermissionDenied(#[from] Box<PermissionDenied>),
    /// The customer is archived (C5).
    #[error(transparent)]
    CustomerArchived(#[from] CustomerArchived),
    /// The customer does not have the feature that this belongs to (F9).
    #[error(transparent)]
    FeatureDisabled(#[from] Box<FeatureDisabled>),
    /// A value that must be unique is taken.
    #[error(transparent)]
    AlreadyExists(#[from] AlreadyExists),
    /// The record moved since it was read (C4).
    #[error(transparent)]
    StaleRevision(#[from] StaleRevision),
    /// The person is a member of the place already (U6).
    #[error(transparent)]
    AlreadyMember(#[from] AlreadyMember),
    /// The person has an invitation into the place that is still open; it can be resent (U6).
    #[error(transparent)]
    AlreadyInvited(#[from] AlreadyInvited),
    /// The token cannot be used by this person, for whatever reason (U3).
    #[error("the invitation is not valid")]
    InvitationInvalid,
    /// Too many invitations were sent to this e-mail lately (U4).
    #[error(transparent)]
    TooManyInvitations(#[from] TooManyInvitations),
    /// The place would be left without an active Administrator (U9).
    #[error(transparent)]
    LastAdministrator(#[from] LastAdministrator),
    /// The person is the last active Administrator of some places, and is not erased before others are (U9, U12).
    #[error(transparent)]
    SoleAdministrator(#[from] SoleAdministrator),
    /// Nobody changes their own role, or suspends, removes or erases themselves (U8).
    #[error("nobody changes their own role, or suspends, removes or erases themselves")]
    OwnMembership,
    /// Deployments use the secret (S6).
    #[error(transparent)]
    SecretInUse(#[from] Box<SecretInUse>),
    /// A template has a mistake, or names a secret that there is not (S6).
    #[error(transparent)]
    Template(#[from] Box<TemplateError>),
    /// A permission or feature that the catalogue does not know (R3).
    #[error(transparent)]
    UnknownName(#[from] UnknownName),
    /// Others changed the same place again and again; try later.
    #[error("others kept changing the same place")]
    Contended,
    /// More changes wait to be written than the store has room for; nothing was changed, try later.
    #[error("too many changes wait to be written")]
    Overloaded,
    /// The key that sealed this is not at hand, or the store was opened without a root key.
    #[error("the key that is needed is not available")]
    KeyNotAvailable,
    /// The sealed value has a format that this release does not know.
    #[error("the format of the sealed value is not supported")]
    UnsupportedFormat,
    /// The sealed value was altered or moved: it does not open.
    #[error("the sealed value does not open")]
    DecryptionFailed,
    /// The root key is not the one that the store was written with.
    #[error("the root key is not the one that this store was written with")]
    WrongRootKey,
    /// The secrets of the place are too many or too large to be looked for at once (S7).
    #[error(transparent)]
    RedactorTooLarge(#[from] RedactorTooLarge),
    /// The provider of the root key did not give one.
    #[error(transparent)]
    KeyProvider(#[from] ProviderError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] Storage),
    /// The store could not be opened; its files are as they were.
    #[error(transparent)]
    CannotOpen(#[from] CannotOpen),
    /// The store cannot be copied, or not into this file.
    #[error(transparent)]
    CannotBackUp(#[from] CannotBackUp),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The store is in the memory of the process that opened it, and this is a fork of that process: open one here, or keep
    /// the store in a file.
    #[error("the store is in the memory of the process that opened it, and this is a fork of that process")]
    Forked,
}

impl Error {
    /// Whether the same call may succeed later although nothing is corrected.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Contended | Self::Overloaded | Self::TooManyInvitations(_) | Self::KeyProvider(_) => true,
            Self::Storage(storage) => storage.kind == StorageKind::Unavailable,
            _ => false,
        }
    }

    pub(crate) fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Self::InvalidInput(InvalidInput { field, reason: reason.into() })
    }

    pub(crate) fn not_found(kind: &'static str) -> Self {
        Self::NotFound(NotFound { kind })
    }
}

/// What was given does not follow the rules of its field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct InvalidInput {
    field: &'static str,
    reason: String,
}

impl InvalidInput {
    /// The field that is wrong, for example `name`.
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// What is wrong with it.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// It does not exist, or is not the caller's to know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such {kind}")]
pub struct NotFound {
    kind: &'static str,
}

impl NotFound {
    /// What was looked for, for example `customer`.
    pub fn kind(&self) -> &'static str {
        self.kind
    }
}

/// Why a permission was denied to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The member is suspended.
    Suspended,
    /// The member's role does not have the permission.
    Role(Role),
    /// No role has it from this side, or the actor is a service and it is not for services.
    Portal,
}

/// The actor may not do this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionDenied {
    pub(crate) actor: Actor,
    pub(crate) permission: String,
    pub(crate) denial: Denial,
}

impl std::error::Error for PermissionDenied {}

impl std::fmt::Display for PermissionDenied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { actor, permission, denial } = self;
        match denial {
            Denial::Suspended => write!(f, "`{actor}` is suspended and may not `{permission}`"),
            Denial::Role(role) => write!(f, "`{actor}` is {role} and may not `{permission}`"),
            Denial::Portal => write!(f, "`{actor}` may not `{permission}` from here"),
        }
    }
}

impl PermissionDenied {
    /// Who was refused.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The permission that is missing.
    pub fn permission(&self) -> &str {
        &self.permission
    }

    /// Why it is missing.
    pub fn denial(&self) -> Denial {
        self.denial
    }
}

/// The customer is archived: its members and services are refused, staff may do little.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the customer `{customer}` is archived")]
pub struct CustomerArchived {
    pub(crate) customer: CustomerId,
}

impl CustomerArchived {
    /// Which customer.
    pub fn customer(&self) -> CustomerId {
        self.customer
    }
}

/// The customer does not have the feature that a permission belongs to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{permission}` belongs to the feature `{feature}`, which is off; to enable: {}", list(enable))]
pub struct FeatureDisabled {
    pub(crate) permission: String,
    pub(crate) feature: String,
    pub(crate) enable: Vec<String>,
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl FeatureDisabled {
    /// The permission that was asked for.
    pub fn permission(&self) -> &str {
        &self.permission
    }

    /// The feature that it belongs to.
    pub fn feature(&self) -> &str {
        &self.feature
    }

    /// The features that are off and must be enabled, in dependency order.
    pub fn enable(&self) -> &[String] {
        &self.enable
    }
}

/// A value that must be unique is taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {field} `{value}` is taken")]
pub struct AlreadyExists {
    pub(crate) field: &'static str,
    pub(crate) value: String,
}

impl AlreadyExists {
    /// Which field, for example `external id`.
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// The value that was given.
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// The record moved since it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record is at revision {found}, the change was made from revision {expected}")]
pub struct StaleRevision {
    pub(crate) expected: u64,
    pub(crate) found: u64,
}

impl StaleRevision {
    /// The revision that the change was made from.
    pub fn expected(&self) -> u64 {
        self.expected
    }

    /// The revision of the record now.
    pub fn found(&self) -> u64 {
        self.found
    }
}

/// The person is a member of the place already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the person is a member already: `{member}`")]
pub struct AlreadyMember {
    pub(crate) member: MemberId,
}

impl AlreadyMember {
    /// Which member.
    pub fn member(&self) -> MemberId {
        self.member
    }
}

/// The person has an open invitation into the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the person is invited already: `{invitation}`")]
pub struct AlreadyInvited {
    pub(crate) invitation: InvitationId,
}

impl AlreadyInvited {
    /// The invitation, which can be resent.
    pub fn invitation(&self) -> InvitationId {
        self.invitation
    }
}

/// Too many invitations were sent to one e-mail for one place lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many invitations to this e-mail; the next is possible at {retry_at}")]
pub struct TooManyInvitations {
    pub(crate) retry_at: DateTime<Utc>,
}

impl TooManyInvitations {
    /// When the next one is possible.
    pub fn retry_at(&self) -> DateTime<Utc> {
        self.retry_at
    }
}

/// A member that would remain in a place without an active Administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemainingMember {
    /// The member's id.
    pub id: MemberId,
    /// The role.
    pub role: Role,
    /// The state; invited members remain too.
    pub state: MemberState,
}

/// The place would be left without an active Administrator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the place would be left without an active administrator; members that remain: {}", self.names())]
pub struct LastAdministrator {
    pub(crate) remaining: Vec<RemainingMember>,
}

impl LastAdministrator {
    /// The members of the place that are not the one acted on, at most the first 100.
    pub fn remaining(&self) -> &[RemainingMember] {
        &self.remaining
    }

    fn names(&self) -> String {
        if self.remaining.is_empty() {
            return "none".to_owned();
        }
        let name = |member: &RemainingMember| format!("`{}` ({}, {})", member.id, member.state, member.role);
        self.remaining.iter().map(name).collect::<Vec<_>>().join(", ")
    }
}

/// The person is the last active Administrator of some places that others are members of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the person is the last active administrator of {}", self.names())]
pub struct SoleAdministrator {
    pub(crate) places: Vec<Place>,
}

impl SoleAdministrator {
    /// The places: give each another Administrator first.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    fn names(&self) -> String {
        list(&self.places.iter().map(ToString::to_string).collect::<Vec<_>>())
    }
}

/// Deployments use the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret `{key}` is used by {}{}", list(deployments), if *more { " and more" } else { "" })]
pub struct SecretInUse {
    pub(crate) key: String,
    pub(crate) deployments: Vec<String>,
    pub(crate) more: bool,
}

impl SecretInUse {
    /// The secret's key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The names of the deployments that use it, at most the first 100.
    pub fn deployments(&self) -> &[String] {
        &self.deployments
    }

    /// Whether there are more of them.
    pub fn has_more(&self) -> bool {
        self.more
    }
}

/// A name that the catalogue does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the catalogue knows no {kind} `{name}`")]
pub struct UnknownName {
    pub(crate) kind: &'static str,
    pub(crate) name: String,
}

impl UnknownName {
    /// `permission` or `feature`.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The name that was given.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// How the store failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorageKind {
    /// It could not answer now, for example because the disk is full. Nothing was changed.
    Unavailable,
    /// The change may or may not have been made; read before you repeat it.
    OutcomeUnknown,
    /// It accepts no writes.
    ReadOnly,
    /// What is stored cannot be what was written.
    Corrupt,
    /// The store does not keep the storage contract; a bug to report.
    Contract,
}

/// The store failed; the source says how.
#[derive(Debug, thiserror::Error)]
#[error("the store failed ({})", kind.code())]
pub struct Storage {
    kind: StorageKind,
    source: Box<StoreError>,
}

impl Storage {
    /// How it failed.
    pub fn kind(&self) -> StorageKind {
        self.kind
    }
}

/// The store could not be opened; its files are as they were.
#[derive(Debug, thiserror::Error)]
#[error("the store cannot be opened: {reason}")]
pub struct CannotOpen {
    // Not given as a source: the message says it already, and whoever prints the chain would read it twice.
    reason: Box<OpenError>,
}

impl CannotOpen {
    /// Why, as the store said it.
    pub fn reason(&self) -> &OpenError {
        &self.reason
    }
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::WrongRootKey => Self::WrongRootKey,
            OpenError::KeyProvider(error) => error.into(),
            OpenError::Store(error) => error.into(),
            other => Self::CannotOpen(CannotOpen { reason: Box::new(other) }),
        }
    }
}

/// The store cannot be copied, or not into this file; what stands there is as it was.
#[derive(Debug, thiserror::Error)]
#[error("there is no backup: {reason}")]
pub struct CannotBackUp {
    // Not given as a source, for the same reason.
    reason: Box<BackupError>,
}

impl CannotBackUp {
    /// Why, as the store said it.
    pub fn reason(&self) -> &BackupError {
        &self.reason
    }
}

impl From<BackupError> for Error {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Exists(value) => AlreadyExists { field: "backup file", value }.into(),
            BackupError::Store(error) => error.into(),
            other => Self::CannotBackUp(CannotBackUp { reason: Box::new(other) }),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            // A conflict that reaches this line was retried as often as the unit of work allows.
            StoreError::Conflict | StoreError::Contended => return Self::Contended,
            StoreError::Overloaded => return Self::Overloaded,
            StoreError::Closed => return Self::Closed,
            StoreError::Forked => return Self::Forked,
            StoreError::Unavailable(_) => StorageKind::Unavailable,
            StoreError::OutcomeUnknown(_) => StorageKind::OutcomeUnknown,
            StoreError::ReadOnly => StorageKind::ReadOnly,
            StoreError::Corrupt(_) => StorageKind::Corrupt,
            StoreError::CheckFailed(_) | StoreError::Malformed(_) => StorageKind::Contract,
        };
        Self::Storage(Storage { kind, source: Box::new(error) })
    }
}

impl From<VaultError> for Error {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::UnsupportedFormat => Self::UnsupportedFormat,
            VaultError::KeyNotAvailable => Self::KeyNotAvailable,
            VaultError::DecryptionFailed => Self::DecryptionFailed,
            VaultError::Random(source) => source.into(),
            VaultError::Provider(error) => error.into(),
        }
    }
}

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Vault(error) => error.into(),
            KeyError::Store(error) => error.into(),
        }
    }
}

/// A text that is no token answers like a token that does not work (U3).
impl From<InvalidToken> for Error {
    fn from(_: InvalidToken) -> Self {
        Self::InvitationInvalid
    }
}

/// The operating system gave no random numbers.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        StoreError::Unavailable(error.into()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_small_enough_to_return_everywhere() {
        assert!(size_of::<Error>() <= 64, "{}", size_of::<Error>());
    }
}
