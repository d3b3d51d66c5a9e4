//! For the tests of hosts and stores: a fixed clock, repeatable ids, and a vendor with one actor for each role.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::Tenantry;
use crate::audit::Header;
use crate::catalog::Role;
use crate::clock::{Clock, Timestamp};
use crate::error::Error;
use crate::host::InvitationMail;
use crate::ids::{CommitId, CustomerId, DeliveryId, IdSource, InvitationId, RandomIds, VendorId, new_uuid};
use crate::model::NewCustomer;
use crate::scope::{CustomerScope, VendorScope};
use crate::store::{AuditEntry, Place};
use crate::vault::{InvitationToken, VerifiedEmail};

/// A clock that stands still until it is told to go on. Clones show the same time.
#[derive(Clone, Debug)]
pub struct FixedClock {
    micros: Arc<AtomicI64>,
}

impl FixedClock {
    /// Stands at 2030-01-01T00:00:00Z.
    pub fn new() -> Self {
        Self { micros: Arc::new(AtomicI64::new(1_893_456_000_000_000)) }
    }

    /// Goes on by this much.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Default for FixedClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        Timestamp::from_micros(self.micros.load(Ordering::Relaxed)).to_datetime()
    }
}

/// Ids that are the same in every run: they count.
#[derive(Debug, Default)]
pub struct CountingIds {
    next: AtomicU64,
}

impl CountingIds {
    /// Begins at 0.
    pub fn new() -> Self {
        Self::default()
    }
}

impl IdSource for CountingIds {
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()> {
        bytes.fill(0);
        let number = self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        for (byte, digit) in bytes.iter_mut().rev().zip(number.iter().rev()) {
            *byte = *digit;
        }
        Ok(())
    }
}

/// A vendor with a customer, and a person in each role of both.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Cast {
    /// The vendor's staff, one for each role: Administrator, User, Viewer.
    pub staff: [VendorScope; 3],
    /// The customer's members, one for each role: Administrator, User, Viewer.
    pub members: [CustomerScope; 3],
    /// The vendor's Administrator, acting on the customer.
    pub customer: CustomerScope,
}

/// The roles in the order of a [`Cast`].
pub const ROLES: [Role; 3] = [Role::Administrator, Role::User, Role::Viewer];

/// Makes a vendor of this key with a customer of the same name, and a person in each role of both.
///
/// # Errors
///
/// Those of the operations.
pub fn cast(app: &Tenantry, key: &str) -> Result<Cast, Error> {
    let boss = app.bootstrap(key, key, "Administrator", &format!("administrator@{key}.test")).wait()?;
    let join = |role: Role| -> Result<VendorScope, Error> {
        let email = format!("{role}@{key}.test");
        let invited = boss.members().invite(role.as_str(), &email, role).wait()?;
        let accepted = app.accept_invitation(&invited.token, VerifiedEmail::new(email)).wait()?;
        accepted.vendor().ok_or_else(|| Error::not_found("vendor"))
    };
    let staff = [boss.clone(), join(Role::User)?, join(Role::Viewer)?];
    let id = boss.customers().create(NewCustomer::new(key)).wait()?.id;
    let customer = boss.customer(id);
    let join = |role: Role| -> Result<CustomerScope, Error> {
        let email = format!("{role}@customer-of-{key}.test");
        let invited = customer.members().invite(role.as_str(), &email, role).wait()?;
        let accepted = app.accept_invitation(&invited.token, VerifiedEmail::new(email)).wait()?;
        accepted.customer().ok_or_else(|| Error::not_found("customer"))
    };
    let members = [join(Role::Administrator)?, join(Role::User)?, join(Role::Viewer)?];
    Ok(Cast { staff, members, customer })
}

/// A mail as a courier is handed it, at the time where a [`FixedClock`] begins: for the tests of couriers. The names and the
/// address are taken as they are.
///
/// # Errors
///
/// When the operating system gives no random numbers.
pub fn invitation_mail(
    name: &str,
    email: &str,
    vendor_name: &str,
    customer_name: Option<&str>,
) -> Result<InvitationMail, Error> {
    let now = Timestamp::of(FixedClock::new().now());
    let id = || new_uuid(&RandomIds, now);
    let vendor = VendorId::from_uuid(id()?);
    let customer = customer_name.map(|_| id()).transpose()?.map(CustomerId::from_uuid);
    Ok(InvitationMail {
        delivery: DeliveryId::from_uuid(id()?),
        attempt: 1,
        invitation: InvitationId::from_uuid(id()?),
        place: customer.map_or(Place::Vendor(vendor), |customer| Place::Customer(vendor, customer)),
        vendor_name: vendor_name.to_owned(),
        customer_name: customer_name.map(str::to_owned),
        name: name.to_owned(),
        email: email.to_owned(),
        role: Role::User,
        token: InvitationToken::generate()?,
        created_at: now.to_datetime(),
        expires_at: now.to_datetime(),
    })
}

/// The answer of a future of a store, on the current thread.
pub fn ready<F: Future>(future: F) -> F::Output {
    crate::call::block_on(future)
}

/// An audit entry without a detail, as the core would make it: for commits that a test makes itself.
pub fn audit_entry(commit: CommitId, ordinal: u32, place: Place, action: &'static str) -> AuditEntry {
    let (time, actor, target) = (Timestamp::from_micros(1), "host".to_owned(), place.to_string());
    let header = Header { commit, ordinal, time, actor: &actor, action, place, target: &target, detail_digest: None };
    let digest = header.digest();
    AuditEntry { place, time, actor, action, target, digest, detail: None }
}
