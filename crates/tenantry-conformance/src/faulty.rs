//! Stores that do not keep the contract, or that fail: each of them is the store under test with something put in between.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tenantry_core::ids::{CustomerId, InvitationId, MemberId, SecretId, UserId, VendorId};
use tenantry_core::store::{
    Admission, AuditFilter, AuditRead, AuditRow, Commit, CustomerQuery, CustomerRead, CustomerRow, DeploymentRead,
    DeploymentRow, DetailRow, InvitationRead, InvitationRow, KeyRead, KeyRow, MemberRead, MemberRow, OpenError,
    OpenStore, Place, Probe, Receipt, RootKeyRow, SecretRead, SecretRow, SecretVersionRow, SendsRow, Standing,
    StandingMember, Store, StoreError, UseRow, UserRead, UserRow, VendorRead, VendorRow,
};
use tenantry_core::vault::StoreId;
use tenantry_core::{Caller, ChainHead, Error, Tenantry};
use uuid::Uuid;

use crate::check::{World, builder};
use crate::{Failure, Opened};

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

/// Reads that are passed on as they are.
macro_rules! pass_on {
    ($reads:ident { $(fn $name:ident($($arg:ident: $kind:ty),* $(,)?) -> $answer:ty;)+ }) => {
        #[async_trait]
        impl $reads for Faulty {
            $(async fn $name(&self, $($arg: $kind),*) -> Result<$answer, StoreError> {
                self.at(stringify!($name))?;
                self.inner.$name($($arg),*).await
            })+
        }
    };
}

pass_on!(CustomerRead {
    fn customer(vendor: VendorId, id: CustomerId) -> Option<CustomerRow>;
    fn customer_by_external_id(vendor: VendorId, external_id: &str) -> Option<CustomerRow>;
    fn customers(vendor: VendorId, query: &CustomerQuery, caller: Caller) -> Vec<CustomerRow>;
});
pass_on!(UserRead {
    fn user(vendor: VendorId, id: UserId) -> Option<UserRow>;
    fn user_by_email(vendor: VendorId, email_key: &str) -> Option<UserRow>;
    fn memberships(vendor: VendorId, user: UserId) -> Vec<MemberRow>;
    fn users(vendor: VendorId, after: Option<UserId>, limit: usize, caller: Caller) -> Vec<UserRow>;
});
pass_on!(MemberRead {
    fn member(place: Place, id: MemberId) -> Option<MemberRow>;
    fn member_of_user(place: Place, user: UserId) -> Option<MemberRow>;
    fn members(place: Place, after: Option<MemberId>, limit: usize, caller: Caller) -> Vec<(MemberRow, UserRow)>;
    fn active_administrators(place: Place) -> u64;
});
pass_on!(InvitationRead {
    fn invitation(place: Place, id: InvitationId) -> Option<InvitationRow>;
    fn invitation_by_token(token_hash: &[u8; 32]) -> Option<InvitationRow>;
    fn latest_invitation(place: Place, member: MemberId) -> Option<InvitationRow>;
    fn pending_administrators(place: Place) -> Vec<InvitationRow>;
    fn invitations(place: Place, after: Option<InvitationId>, limit: usize, caller: Caller) -> Vec<InvitationRow>;
    fn sends(place: Place, recipient: &[u8; 32]) -> Option<SendsRow>;
});
pass_on!(SecretRead {
    fn secret(place: Place, key: &str) -> Option<SecretRow>;
    fn secrets(place: Place, after: Option<&str>, limit: usize, caller: Caller) -> Vec<SecretRow>;
    fn secret_by_id(place: Place, id: SecretId) -> Option<SecretRow>;
    fn secret_version(place: Place, secret: SecretId, version: u64) -> Option<SecretVersionRow>;
    fn secret_versions(
        place: Place,
        secret: SecretId,
        before: Option<u64>,
        limit: usize,
        caller: Caller,
    ) -> Vec<SecretVersionRow>;
    fn sealed_by(place: Place, key: [u8; 16], limit: usize, caller: Caller) -> Vec<SecretVersionRow>;
    fn count_sealed_by(place: Place, key: [u8; 16], caller: Caller) -> u64;
});
pass_on!(KeyRead {
    fn place_keys(place: Place) -> Vec<KeyRow>;
    fn root_keys() -> Vec<RootKeyRow>;
    fn wrapped_by(vendor: VendorId, root: [u8; 16], limit: usize, caller: Caller) -> Vec<KeyRow>;
    fn count_wrapped_by(root: [u8; 16], caller: Caller) -> u64;
});
pass_on!(DeploymentRead {
    fn deployment(place: Place, id: &str) -> Option<DeploymentRow>;
    fn deployments(place: Place, after: Option<&str>, limit: usize, caller: Caller) -> Vec<DeploymentRow>;
    fn uses(place: Place, key: &str, after: Option<&str>, limit: usize, caller: Caller) -> Vec<UseRow>;
});
pass_on!(AuditRead {
    fn chain(place: Place, after: u64, limit: usize, caller: Caller) -> Vec<(AuditRow, Option<DetailRow>)>;
    fn log(
        vendor: VendorId,
        after: u64,
        filter: &AuditFilter,
        limit: usize,
        caller: Caller,
    ) -> Vec<(AuditRow, Option<DetailRow>)>;
    fn head(place: Place) -> Option<ChainHead>;
    fn heads(vendor: VendorId, after: Option<Uuid>, limit: usize, caller: Caller) -> Vec<ChainHead>;
    fn detail_targets(vendor: VendorId, subject: &str) -> Vec<(Place, String)>;
});

/// The world, and a handle on the same rows through the faulty store.
pub(crate) fn with_faults(store: &dyn Opened) -> Result<(World, Arc<Faulty>, Tenantry), Failure> {
    let (world, faulty) = (World::new(store)?, Faulty::new(store)?);
    let app = builder().clock(world.clock.clone()).open(Address(Arc::clone(&faulty))).wait()?;
    Ok((world, faulty, app))
}
