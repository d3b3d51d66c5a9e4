//! Stores that do not keep the contract, or that fail: each of them is this one with something put in between.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tenantry_core::ids::{CustomerId, InvitationId, MemberId, SecretId, UserId, VendorId};
use tenantry_core::store::{
    Admission, AuditFilter, AuditRead, AuditRow, Commit, CustomerQuery, CustomerRead, CustomerRow, DeploymentRead,
    DeploymentRow, DetailRow, InvitationRead, InvitationRow, KeyRead, KeyRow, MemberRead, MemberRow, OpenError,
    OpenStore, Place, Receipt, RootKeyRow, SecretRead, SecretRow, SecretVersionRow, SendsRow, Standing, StandingMember,
    Store, StoreError, UseRow, UserRead, UserRow, VendorRead, VendorRow,
};
use tenantry_core::vault::StoreId;
use tenantry_core::{AuditQuery, Caller, ChainHead, CustomerFilter, Error, NewCustomer, PageRequest, Role, Tenantry};
use uuid::Uuid;

use super::cases;
use crate::check::{Tried, World, builder, ensure_eq, refused};
use crate::{Failure, Opened};

cases![
    a_store_that_reads_counters_late_lets_a_stale_decision_through,
    a_commit_of_unknown_outcome_is_sent_again_and_applied_once,
    s3_nothing_is_resolved_that_cannot_be_put_on_record,
];

type Meanwhile = Box<dyn FnOnce() -> Result<(), Error> + Send>;

/// What is wrong with the store.
enum Fault {
    /// Somebody else makes a change between a reading and its answer; `late`: the counters come from after it.
    Meanwhile { change: Meanwhile, late: bool },
    /// The outcome of this many commits does not arrive; they are applied.
    Unknown(usize),
    /// It accepts no commit.
    ReadOnly,
}

/// The store under test, with a fault when one is set.
struct Faulty {
    inner: Arc<dyn Store>,
    fault: Mutex<Option<Fault>>,
}

impl std::fmt::Debug for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Faulty").field(&self.inner).finish()
    }
}

impl Faulty {
    fn new(store: &dyn Opened) -> Result<Arc<Self>, Failure> {
        Ok(Arc::new(Self { inner: store.store()?, fault: Mutex::new(None) }))
    }

    fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }

    fn take(&self) -> Option<Fault> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

struct Address(Arc<Faulty>);

#[async_trait]
impl OpenStore for Address {
    async fn open(self: Box<Self>, _: Admission, _: Caller) -> Result<Arc<dyn Store>, OpenError> {
        Ok(self.0)
    }
}

#[async_trait]
impl Store for Faulty {
    fn store_id(&self) -> StoreId {
        self.inner.store_id()
    }

    async fn commit(&self, commit: Commit, caller: Caller) -> Result<Receipt, StoreError> {
        match self.take() {
            Some(Fault::ReadOnly) => Err(StoreError::ReadOnly),
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
fn with_faults(store: &dyn Opened) -> Result<(World, Arc<Faulty>, Tenantry), Failure> {
    let (world, faulty) = (World::new(store)?, Faulty::new(store)?);
    let app = builder().clock(world.clock.clone()).open(Address(Arc::clone(&faulty))).wait()?;
    Ok((world, faulty, app))
}

/// Why a reading answers data and counters of one moment: with counters from later, the guards hold although the actor
/// has lost the permission since. So this case also shows that the other cases would find such a store out.
fn a_store_that_reads_counters_late_lets_a_stale_decision_through(store: &dyn Opened) -> Tried {
    let (world, faulty, app) = with_faults(store)?;
    let (customer, [_, user, _]) = (&world.acme.customer, &world.acme.members);
    let members = customer.members().list(PageRequest::first()).wait()?.items;
    let member = members.iter().find(|member| member.role == Role::User).ok_or("no member")?;
    let id = customer.place().customer().ok_or("no customer")?;
    let through = app.customer(world.boss().vendor_id(), id, member.user.ok_or("no user")?);
    ensure_eq!(through.actor(), user.actor());
    for late in [false, true] {
        customer.members().change_role(member.id, Role::User, None).wait()?;
        let demoted = customer.members().change_role(member.id, Role::Viewer, None);
        faulty.set(Fault::Meanwhile { change: Box::new(|| demoted.wait().map(drop)), late });
        let written = through.secrets().set("KEY", "value").wait();
        let code = written.err().map(|error| error.code());
        ensure_eq!((late, code), (late, if late { None } else { Some("permission_denied") }));
        ensure_eq!(customer.secrets().list(PageRequest::first()).wait()?.items.len(), usize::from(late));
    }
    Ok(())
}

fn a_commit_of_unknown_outcome_is_sent_again_and_applied_once(store: &dyn Opened) -> Tried {
    let (world, faulty, app) = with_faults(store)?;
    let tenantry_core::Actor::User(user) = *world.boss().actor() else { return Err("no user".into()) };
    let customers = app.vendor(world.boss().vendor_id(), user).customers();
    for lost in [1, 2] {
        faulty.set(Fault::Unknown(lost));
        customers.create(NewCustomer::new("Globex").external_id(lost.to_string())).wait()?;
        faulty.take();
    }
    ensure_eq!(world.names(CustomerFilter::new().text("globex"))?, ["Globex", "Globex"]);
    // Who is never answered is told so, and finds out by reading.
    faulty.set(Fault::Unknown(usize::MAX));
    refused(customers.create(NewCustomer::new("Initech").external_id("3")), "outcome_unknown")?;
    faulty.take();
    ensure_eq!(customers.find("3").wait()?.name, "Initech");
    Ok(())
}

fn s3_nothing_is_resolved_that_cannot_be_put_on_record(store: &dyn Opened) -> Tried {
    let (world, faulty, app) = with_faults(store)?;
    let customer = &world.acme.customer;
    customer.secrets().set("KEY", "value").wait()?;
    let service = app.service(customer.place(), "deployer", "test");
    faulty.set(Fault::ReadOnly);
    refused(service.resolve(["KEY"]), "storage_read_only")?;
    faulty.set(Fault::ReadOnly);
    refused(service.resolve_all(), "storage_read_only")?;
    let recorded = || customer.audit().list(AuditQuery::new().action("secrets.resolved")).wait();
    ensure_eq!(recorded()?.items.len(), 0);
    service.resolve(["KEY"]).wait()?;
    ensure_eq!(recorded()?.items.len(), 1);
    Ok(())
}
