//! A store without its guards, to show that the race finds one: every commit is applied as if nothing had moved since it was
//! decided.

use std::sync::Arc;

use async_trait::async_trait;
use tenantry::ids::{UserId, VendorId};
use tenantry::store::{
    Admission, BackupError, BackupReport, Commit, GuardKey, OpenError, OpenStore, Place, Receipt, Standing, Store,
    StoreError, VendorRead, VendorRow,
};
use tenantry::vault::StoreId;
use tenantry::{Backup, BackupFile, Caller};

/// Opens a store, and takes its guards away.
#[derive(Debug)]
pub struct WithoutGuards<A>(pub A);

#[async_trait]
impl<A: OpenStore> OpenStore for WithoutGuards<A> {
    async fn open(self: Box<Self>, admission: Admission, caller: Caller) -> Result<Arc<dyn Store>, OpenError> {
        let inner = Box::new(self.0).open(admission, caller).await?;
        Ok(Arc::new(Guardless { inner }))
    }
}

#[derive(Debug)]
struct Guardless {
    inner: Arc<dyn Store>,
}

impl Guardless {
    /// The counter as it is now, in place of the one that the decision was made from.
    async fn counter(&self, key: &GuardKey) -> Result<Option<u64>, StoreError> {
        Ok(match key {
            GuardKey::Place(place) => self.inner.standing(None, *place, *place).await?.map(|row| row.counter),
            GuardKey::Member(place, id) => self.inner.member(*place, *id).await?.map(|row| row.counter),
            GuardKey::User(vendor, id) => self.inner.user(*vendor, *id).await?.map(|row| row.counter),
        })
    }
}

#[async_trait]
impl Store for Guardless {
    fn store_id(&self) -> StoreId {
        self.inner.store_id()
    }

    async fn commit(&self, mut commit: Commit, caller: Caller) -> Result<Receipt, StoreError> {
        loop {
            for guard in &mut commit.guards {
                if let Some(counter) = self.counter(&guard.key).await? {
                    guard.counter = counter;
                }
            }
            match self.inner.commit(commit.clone(), caller).await {
                // Somebody moved it between that reading and the commit. A row that is gone stays a conflict.
                Err(StoreError::Conflict) => {
                    for guard in &commit.guards {
                        if self.counter(&guard.key).await?.is_none() {
                            return Err(StoreError::Conflict);
                        }
                    }
                }
                answer => return answer,
            }
        }
    }

    async fn schema_version(&self) -> Result<i64, StoreError> {
        self.inner.schema_version().await
    }

    async fn check_integrity(&self, caller: Caller) -> Result<Vec<String>, StoreError> {
        self.inner.check_integrity(caller).await
    }

    async fn backup(&self, file: BackupFile, report: BackupReport, caller: Caller) -> Result<Backup, BackupError> {
        self.inner.backup(file, report, caller).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }
}

#[async_trait]
impl VendorRead for Guardless {
    async fn vendor(&self, id: VendorId) -> Result<Option<VendorRow>, StoreError> {
        self.inner.vendor(id).await
    }

    async fn vendor_by_key(&self, key: &str) -> Result<Option<VendorRow>, StoreError> {
        self.inner.vendor_by_key(key).await
    }

    async fn vendors(&self, after: Option<&str>, limit: usize) -> Result<Vec<VendorRow>, StoreError> {
        self.inner.vendors(after, limit).await
    }

    async fn standing(&self, user: Option<UserId>, home: Place, place: Place) -> Result<Option<Standing>, StoreError> {
        self.inner.standing(user, home, place).await
    }
}

tenantry_conformance::pass_on_reads!(Guardless);
