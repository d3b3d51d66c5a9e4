//! The memory store: for tests, first steps, and as the plainest reading of the contract.
//!
//! A commit is applied to a copy of the tables, which shares everything unchanged with the original, and the copy takes
//! the original's place when all of it held.

mod apply;
mod read;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rpds::RedBlackTreeMapSync;
use uuid::Uuid;

use super::{
    Admission, AuditRow, BackupError, BackupReport, ChainHead, Commit, CustomerRow, DeploymentRow, DetailRow,
    EntryPosition, InvitationRow, KeyRow, MemberRow, OpenError, OpenStore, OutboxRow, Place, Receipt, RootKeyRow,
    SecretRow, SecretVersionRow, SendsRow, Store, StoreError, UserRow, VendorRow,
};
use crate::call::Caller;
use crate::clock::Timestamp;
use crate::ids::{CommitId, CustomerId, InvitationId, MemberId, SecretId, UserId, VendorId};
use crate::model::{Backup, BackupFile};
use crate::process;
use crate::vault::StoreId;

type Map<K, V> = RedBlackTreeMapSync<K, V>;

/// A place as a key: the vendor, then the place's own UUID.
type At = (VendorId, Uuid);

fn at(place: Place) -> At {
    (place.vendor(), place.uuid())
}

#[derive(Clone)]
struct Tables {
    vendors: Map<VendorId, VendorRow>,
    vendor_keys: Map<String, VendorId>,
    customers: Map<(VendorId, CustomerId), CustomerRow>,
    customer_names: Map<(VendorId, String, CustomerId), ()>,
    external_ids: Map<(VendorId, String), CustomerId>,
    users: Map<(VendorId, UserId), UserRow>,
    emails: Map<(VendorId, String), UserId>,
    members: Map<(At, UserId), MemberRow>,
    member_ids: Map<(At, MemberId), UserId>,
    memberships: Map<(VendorId, UserId, Uuid), ()>,
    invitations: Map<(At, InvitationId), InvitationRow>,
    tokens: Map<[u8; 32], (At, InvitationId)>,
    outbox: Map<(At, InvitationId), OutboxRow>,
    /// The deliveries by the time when they are due.
    due: Map<(Timestamp, InvitationId), At>,
    sends: Map<(At, [u8; 32]), SendsRow>,
    secrets: Map<(At, String), SecretRow>,
    secret_versions: Map<(At, SecretId, u64), SecretVersionRow>,
    keys: Map<(At, u32), KeyRow>,
    root_keys: Map<[u8; 16], RootKeyRow>,
    deployments: Map<(At, String), DeploymentRow>,
    /// For each secret the deployments that use it.
    uses: Map<(At, String, String), ()>,
    log: Map<(VendorId, u64), AuditRow>,
    chain: Map<(At, u64), u64>,
    details: Map<(At, u64), DetailRow>,
    heads: Map<At, ChainHead>,
    commits: Map<CommitId, Vec<EntryPosition>>,
}

impl Tables {
    fn new() -> Self {
        Self {
            vendors: Map::new_sync(),
            vendor_keys: Map::new_sync(),
            customers: Map::new_sync(),
            customer_names: Map::new_sync(),
            external_ids: Map::new_sync(),
            users: Map::new_sync(),
            emails: Map::new_sync(),
            members: Map::new_sync(),
            member_ids: Map::new_sync(),
            memberships: Map::new_sync(),
            invitations: Map::new_sync(),
            tokens: Map::new_sync(),
            outbox: Map::new_sync(),
            due: Map::new_sync(),
            sends: Map::new_sync(),
            secrets: Map::new_sync(),
            secret_versions: Map::new_sync(),
            keys: Map::new_sync(),
            root_keys: Map::new_sync(),
            deployments: Map::new_sync(),
            uses: Map::new_sync(),
            log: Map::new_sync(),
            chain: Map::new_sync(),
            details: Map::new_sync(),
            heads: Map::new_sync(),
            commits: Map::new_sync(),
        }
    }
}

/// A store in memory. Clones share the same rows; they are gone when the last one is dropped.
#[derive(Clone)]
pub struct MemoryStore {
    id: StoreId,
    /// The process that made it. In a fork of it there is a copy of the rows that nobody else sees.
    process: u64,
    /// `None` once the store is closed.
    tables: Arc<Mutex<Option<Tables>>>,
}

/// Its id, and nothing of its rows.
impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("id", &self.id).finish_non_exhaustive()
    }
}

impl MemoryStore {
    /// A new, empty store.
    ///
    /// # Errors
    ///
    /// When the operating system gives no random numbers for its id.
    pub fn new() -> Result<Self, StoreError> {
        let id = StoreId::generate().map_err(|error| StoreError::Unavailable(error.into()))?;
        Ok(Self { id, process: process::current(), tables: Arc::new(Mutex::new(Some(Tables::new()))) })
    }

    fn lock(&self) -> Result<MutexGuard<'_, Option<Tables>>, StoreError> {
        // Before the lock: another thread may have held it when the process was forked.
        if self.process != process::current() {
            return Err(StoreError::Forked);
        }
        // The tables are replaced whole, so a panic elsewhere cannot have left them half done.
        Ok(self.tables.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The tables as they are now; later commits do not show in them.
    fn tables(&self) -> Result<Tables, StoreError> {
        self.lock()?.clone().ok_or(StoreError::Closed)
    }
}

#[async_trait]
impl OpenStore for MemoryStore {
    async fn open(self: Box<Self>, admission: Admission, _: Caller) -> Result<Arc<dyn Store>, OpenError> {
        let root_keys = self.tables()?.root_keys.values().cloned().collect();
        admission.admit(&super::Probe { store_id: self.id, root_keys }).await?;
        Ok(Arc::new(*self))
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn store_id(&self) -> StoreId {
        self.id
    }

    async fn commit(&self, commit: Commit, _: Caller) -> Result<Receipt, StoreError> {
        let mut current = self.lock()?;
        let tables = current.as_ref().ok_or(StoreError::Closed)?;
        if let Some(entries) = tables.commits.get(&commit.id) {
            return Ok(Receipt { entries: entries.clone() });
        }
        commit.validate()?;
        let mut next = tables.clone();
        let receipt = next.apply(commit)?;
        *current = Some(next);
        Ok(receipt)
    }

    async fn check_integrity(&self, _: Caller) -> Result<Vec<String>, StoreError> {
        let tables = self.tables()?;
        let mut wrong = Vec::new();
        for ((vendor, id), row) in &tables.customers {
            let place = at(Place::Customer(*vendor, *id));
            let members = tables.members_of(place).count() as u64;
            let secrets = tables.secrets_of(place).count() as u64;
            if row.members != members || row.secrets != secrets {
                wrong.push(format!("counts of customer `{id}`"));
            }
        }
        Ok(wrong)
    }

    async fn schema_version(&self) -> Result<i64, StoreError> {
        // Its rows are those of the process that made it: there is nothing to migrate.
        self.tables().map(|_| 1)
    }

    async fn backup(&self, _: BackupFile, _: BackupReport, _: Caller) -> Result<Backup, BackupError> {
        // What it would write could be opened by no store: another memory store begins empty.
        self.tables()?;
        Err(BackupError::NoFile)
    }

    async fn close(&self) -> Result<(), StoreError> {
        *self.lock()? = None;
        Ok(())
    }
}
