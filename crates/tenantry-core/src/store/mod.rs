//! The storage contract: many small reads, one guarded write.
//!
//! A store knows no rules. It keeps rows, applies a [`Commit`] whole or not at all, and answers reads.

mod commit;
mod error;
pub(crate) mod memory;
mod open;
mod outbox;
mod read;
mod rows;

use std::fmt::Debug;

use async_trait::async_trait;

pub use commit::{AuditDetail, AuditEntry, Check, Commit, EntryPosition, Guard, GuardKey, GuardMode, Receipt, WriteOp};
pub use error::{BackupError, OpenError, StoreError};
pub use memory::MemoryStore;
pub use open::{Admission, OpenStore, Probe};
pub use outbox::{Due, OutboxRow, OutboxState};
pub use read::{
    AuditRead, CustomerRead, DeploymentRead, InvitationRead, KeyRead, MemberRead, OutboxRead, SecretRead, UserRead,
    VendorRead,
};
pub use rows::{
    AuditFilter, AuditRow, ChainHead, CustomerQuery, CustomerRow, CustomerStatus, DeploymentRow, DeploymentSecret,
    DetailRow, InvitationRow, InvitationState, KeyRow, MemberRow, MemberState, Place, RootKeyRow, RootKeyState,
    SecretRow, SecretVersionRow, SendsRow, Standing, StandingMember, StoredFeatures, UseRow, UserRow, VendorRow,
};

use crate::call::Caller;
use crate::model::{Backup, BackupFile};
use crate::vault::StoreId;

/// Hears how far a backup is.
pub type BackupReport = Box<dyn FnMut(Backup) + Send>;

/// A place where tenantry keeps its rows.
#[async_trait]
pub trait Store:
    VendorRead
    + CustomerRead
    + UserRead
    + MemberRead
    + InvitationRead
    + OutboxRead
    + SecretRead
    + KeyRead
    + DeploymentRead
    + AuditRead
    + Debug
    + Send
    + Sync
    + 'static
{
    /// The id that this store was made with; it is bound into every sealed value.
    fn store_id(&self) -> StoreId;

    /// Applies a commit whole or not at all; the only write. The order of its steps is that of [`Commit`].
    ///
    /// # Errors
    ///
    /// See [`StoreError`]; after [`StoreError::OutcomeUnknown`] the same commit may be sent again.
    async fn commit(&self, commit: Commit, caller: Caller) -> Result<Receipt, StoreError>;

    /// Says what is physically wrong: counters that differ from counts, the database's own checks. Empty when sound.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn check_integrity(&self, caller: Caller) -> Result<Vec<String>, StoreError>;

    /// The version of the store's schema; an open store has the one of this release.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn schema_version(&self) -> Result<i64, StoreError>;

    /// Copies the store, as it is at one moment of the call, into a file that opens as the same store, while others read and
    /// write. Whoever drops the call ends it, and so does a `report` that panics. Nothing of it stands under the file's
    /// name before all of it does.
    ///
    /// # Errors
    ///
    /// See [`BackupError`].
    async fn backup(&self, file: BackupFile, report: BackupReport, caller: Caller) -> Result<Backup, BackupError>;

    /// Closes the store; every later call answers [`StoreError::Closed`].
    ///
    /// # Errors
    ///
    /// When what is open cannot be closed in order.
    async fn close(&self) -> Result<(), StoreError>;
}
