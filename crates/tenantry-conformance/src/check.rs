//! What the cases are written with.

use std::fmt::Debug;

use tenantry_core::testing::{Cast, FixedClock, cast};
use tenantry_core::{
    Builder, Call, Catalog, CustomerFilter, CustomerScope, Error, Invited, Role, RootKey, Tenantry, VendorScope,
    VerifiedEmail,
};

use crate::{Failure, Opened};

pub(crate) type Tried = Result<(), Failure>;

/// Fails the case unless this holds.
macro_rules! ensure {
    ($condition:expr) => {
        if !$condition {
            return Err(format!("line {}: {}", line!(), stringify!($condition)).into());
        }
    };
}
pub(crate) use ensure;

/// Fails the case unless both are equal.
macro_rules! ensure_eq {
    ($left:expr, $right:expr) => {
        $crate::check::equal(&$left, &$right, line!())?
    };
}
pub(crate) use ensure_eq;

pub(crate) fn equal<L: Debug + PartialEq<R>, R: Debug>(left: &L, right: &R, line: u32) -> Tried {
    if left == right { Ok(()) } else { Err(format!("line {line}: {left:?} is not {right:?}").into()) }
}

/// Fails the case unless the call is refused with this code; answers the error.
pub(crate) fn refused<T: Debug + Send + 'static>(call: Call<T>, code: &str) -> Result<Error, Failure> {
    match call.wait() {
        Ok(answer) => Err(format!("{answer:?} instead of `{code}`").into()),
        Err(error) if error.code() == code => Ok(error),
        Err(error) => Err(format!("`{}` ({error}) instead of `{code}`", error.code()).into()),
    }
}

/// Opens one more handle, and says with which code that was refused.
pub(crate) fn opened(store: &dyn Opened, builder: Builder) -> Result<Tenantry, &'static str> {
    store.open(builder).map_err(|error| error.code())
}

/// The standard catalogue and a root key; every handle of a case is opened with the same.
pub(crate) fn builder() -> Builder {
    Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([1; 32]))
}

/// An open store with a clock in the hands of the case.
pub(crate) struct World {
    pub(crate) app: Tenantry,
    pub(crate) clock: FixedClock,
    /// The vendor `acme`: staff and members, one for each role.
    pub(crate) acme: Cast,
}

impl World {
    pub(crate) fn new(store: &dyn Opened) -> Result<Self, Failure> {
        Self::opened_with(store, builder())
    }

    /// With an outbox, so that invitations are delivered.
    pub(crate) fn with_outbox(store: &dyn Opened) -> Result<Self, Failure> {
        Self::opened_with(store, builder().outbox())
    }

    fn opened_with(store: &dyn Opened, builder: Builder) -> Result<Self, Failure> {
        let clock = FixedClock::new();
        let app = store.open(builder.clock(clock.clone()))?;
        let acme = cast(&app, "acme")?;
        Ok(Self { app, clock, acme })
    }

    /// The vendor's Administrator.
    pub(crate) fn boss(&self) -> &VendorScope {
        let [boss, ..] = &self.acme.staff;
        boss
    }

    /// A new customer of the vendor, its Administrator acting on it.
    pub(crate) fn customer(&self, name: &str) -> Result<CustomerScope, Failure> {
        let new = tenantry_core::NewCustomer::new(name);
        Ok(self.boss().customer(self.boss().customers().create(new).wait()?.id))
    }

    /// Accepts an invitation into a customer with the e-mail that was invited.
    pub(crate) fn accept(&self, invited: &Invited) -> Result<CustomerScope, Failure> {
        let email = VerifiedEmail::new(invited.member.email.as_str());
        let accepted = self.app.accept_invitation(&invited.token, email).wait()?;
        Ok(accepted.customer().ok_or("an invitation into the vendor")?)
    }

    /// Invites a person into a customer, who accepts. Who joins later has a later id.
    pub(crate) fn join(&self, scope: &CustomerScope, email: &str, role: Role) -> Result<CustomerScope, Failure> {
        self.clock.advance(std::time::Duration::from_millis(1));
        self.accept(&scope.members().invite("Somebody", email, role).wait()?)
    }

    /// The names on all pages of a filter.
    pub(crate) fn names(&self, filter: CustomerFilter) -> Result<Vec<String>, Failure> {
        let mut names = Vec::new();
        let mut next = None;
        loop {
            let filter = next.take().map_or_else(|| filter.clone(), |cursor| filter.clone().after(cursor));
            let page = self.boss().customers().list(filter).wait()?;
            names.extend(page.items.into_iter().map(|customer| customer.name));
            next = page.next;
            if next.is_none() {
                return Ok(names);
            }
        }
    }
}
