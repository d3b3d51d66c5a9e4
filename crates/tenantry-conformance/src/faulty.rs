//! Stores that do not keep the contract, or that fail: each of them is the store under test with something put in between.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tenantry_core::ids::{UserId, VendorId};
use tenantry_core::store::{
    Admission, BackupError, BackupReport, Commit, KeyRead, OpenError, OpenStore, Place, Probe, Receipt, Standing,
    StandingMember, Store, StoreError, VendorRead, VendorRow,
};
use tenantry_core::vault::StoreId;
use tenantry_core::{Backup, BackupFile, Caller, Error, Tenantry};

use crate::check::{World, builder};
use crate::{Failure, Opened, pass_on_reads};

pub(crate) type Meanwhile = Box<dyn FnOnce() -> Result<(), Error> + Send>;

/// What is wrong with the store.
pub(crate) enum Fault {
    /// Somebody else makes a change between a reading and its answer; `late`: the counters come from after it.
    Meanwhile { change: Meanwhile, late: bool },
    /// The outcome of this many commits does not arrive; they are applied.
    Unknown(usize),
    /// The outcome of one commit does not arrive, it is applied; and the next one fails.
    UnknownThenFull,
    /// Somebody else makes a change before this call is answered, after so many calls of it were.
    Before { call: &'static str, skip: usize, change: Meanwhile },
    /// It does not accept the next commit.
    ReadOnly,
    /// After this many commits it accepts none.
    BreaksOff(usize),
}

/// The store under test, with a fault when one is set.
pub(crate) struct Faulty {
    inner: Arc<dyn Store>,
    fault: Mutex<Option<Fault>>,
}

impl std::fmt::Debug for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Faulty").field(&self.inner).finish()
    }
}

impl Faulty {
    pub(crate) fn new(store: &dyn Opened) -> Result<Arc<Self>, Failure> {
        Ok(Arc::new(Self { inner: store.store()?, fault: Mutex::new(None) }))
    }

    pub(crate) fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }

    pub(crate) fn take(&self) -> Option<Fault> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Lets somebody else go first, when this is the call that it was said for.
    fn at(&self, name: &str) -> Result<(), StoreError> {
        match self.take() {
            Some(Fault::Before { call, skip: 0, change }) if call == name => {
                change().map_err(|error| StoreError::Unavailable(error.into()))
            }
            Some(Fault::Before { call, skip, change }) => {
                let skip = if call == name { skip - 1 } else { skip };
                self.set(Fault::Before { call, skip, change });
                Ok(())
            }
            Some(other) => {
                self.set(other);
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// The address of a store with faults; opening it asks for the root keys as every store does.
pub(crate) struct Address(pub(crate) Arc<Faulty>);

#[async_trait]
impl OpenStore for Address {
    async fn open(self: Box<Self>, admission: Admission, _: Caller) -> Result<Arc<dyn Store>, OpenError> {
        let probe = Probe { store_id: self.0.store_id(), root_keys: self.0.root_keys().await? };
        admission.admit(&probe).await?;
        Ok(self.0)
    }
}

#[async_trait]
impl Store for Faulty {
    fn store_id(&self) -> StoreId {
        self.inner.store_id()
    }

    async fn commit(&self, commit: Commit, caller: Caller) -> Result<Receipt, StoreError> {
        self.at("commit")?;
        match self.take() {
            Some(Fault::ReadOnly) => Err(StoreError::ReadOnly),
            Some(Fault::UnknownThenFull) => {
                self.inner.commit(commit, caller).await?;
                self.set(Fault::BreaksOff(0));
                Err(StoreError::OutcomeUnknown("the answer was lost".into()))
            }
            Some(Fault::BreaksOff(0)) => {
                self.set(Fault::BreaksOff(0));
                Err(StoreError::Unavailable("the disk is full".into()))
            }
            Some(Fault::BreaksOff(left)) => {
                self.set(Fault::BreaksOff(left - 1));
                self.inner.commit(commit, caller).await
            }
            Some(fault @ Fault::Before { .. }) => {
                self.set(fault);
                self.inner.commit(commit, caller).await
            }
            Some(Fault::Unknown(times)) if times > 0 => {
                self.inner.commit(commit, caller).await?;
                self.set(Fault::Unknown(times - 1));
                Err(StoreError::OutcomeUnknown("the answer was lost".into()))
            }
            _ => self.inner.commit(commit, caller).await,
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

/// With the counters of another reading.
fn with_counters(read: Standing, other: Standing) -> Standing {
    let counter = |member: StandingMember| {
        let counter = other.member.as_ref().map_or(member.counter, |other| other.counter);
        StandingMember { counter, ..member }
    };
    Standing { counter: other.counter, member: read.member.map(counter), ..read }
}

#[async_trait]
impl VendorRead for Faulty {
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
        let read = self.inner.standing(user, home, place).await?;
        match self.take() {
            Some(Fault::Meanwhile { change, late }) => {
                change().map_err(|error| StoreError::Unavailable(error.into()))?;
                let after = self.inner.standing(user, home, place).await?;
                Ok(if late { read.zip(after).map(|(read, after)| with_counters(read, after)) } else { read })
            }
            Some(other) => {
                self.set(other);
                Ok(read)
            }
            None => Ok(read),
        }
    }
}

pass_on_reads!(Faulty, before: at);

/// The world, and a handle on the same rows through the faulty store.
pub(crate) fn with_faults(store: &dyn Opened) -> Result<(World, Arc<Faulty>, Tenantry), Failure> {
    let (world, faulty) = (World::new(store)?, Faulty::new(store)?);
    let app = builder().clock(world.clock.clone()).open(Address(Arc::clone(&faulty))).wait()?;
    Ok((world, faulty, app))
}
