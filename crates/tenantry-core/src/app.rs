//! What a host opens: the store with everything that operations on it need.

use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use crate::access::{Access, Actor, operations};
use crate::call::{Call, Caller};
use crate::catalog::{Catalog, Portal};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::error::Error;
use crate::host::{Courier, Maintenance, Outbox};
use crate::ids::{CustomerId, IdSource, RandomIds, UserId, VendorId, new_uuid};
use crate::model::{Identity, OpenInvitation, Page, PageRequest, Vendor};
use crate::scope::{Accepted, CustomerScope, ServiceScope, VendorScope};
use crate::store::{Admission, MemoryStore, OpenError, OpenStore, Place, Store};
use crate::vault::{InvitationToken, Keys, RootKeyProvider, VerifiedEmail};

/// How many versions of a secret are kept unless told otherwise.
const KEPT_VERSIONS: u64 = 10;

/// What every scope shares.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) catalog: Catalog,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Arc<Keys>,
    /// How many versions of a secret are kept (S5).
    pub(crate) kept_versions: u64,
    /// Whether invitations are written to the outbox (D1).
    pub(crate) outbox: bool,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

pub(crate) type App = Arc<Inner>;

impl Inner {
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::of(self.clock.now())
    }

    pub(crate) fn new_uuid(&self, now: Timestamp) -> Result<Uuid, Error> {
        Ok(new_uuid(&*self.ids, now)?)
    }
}

/// An open store with its catalogue and keys; cheap to clone.
///
/// It has the host's own operations (V3) and the ways to a scope. Everything else is done through a scope, which knows
/// who acts.
///
/// ```
/// # fn main() -> Result<(), tenantry_core::Error> {
/// # use tenantry_core as tenantry;
/// use tenantry::{Catalog, NewCustomer, Tenantry};
///
/// let app = Tenantry::builder(Catalog::standard()).open_in_memory().wait()?;
/// let vendor = app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test").wait()?;
/// let globex = vendor.customers().create(NewCustomer::new("Globex")).wait()?;
/// assert_eq!(vendor.customer(globex.id).get().wait()?.features, ["deployments", "artifacts"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Tenantry {
    pub(crate) app: App,
}

impl Tenantry {
    /// Begins to open a store with this catalogue.
    pub fn builder(catalog: Catalog) -> Builder {
        Builder {
            catalog,
            provider: None,
            kept_versions: KEPT_VERSIONS,
            outbox: false,
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
            migrate: true,
        }
    }

    /// The catalogue of this process.
    pub fn catalog(&self) -> &Catalog {
        &self.app.catalog
    }

    /// Makes a vendor with its first member, an active Administrator, and answers that person's scope (V2).
    ///
    /// The key is a lower-case letter followed by lower-case letters, digits and hyphens, 64 at most, unique in the store:
    /// by it the vendor is found again, see [`find_vendor`](Tenantry::find_vendor). The host states that it has verified the
    /// e-mail.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`] when the key is taken; [`Error::InvalidInput`].
    pub fn bootstrap(&self, key: &str, name: &str, first_member: &str, email: &str) -> Call<VendorScope> {
        crate::host::bootstrap(&self.app, key, name, first_member, email)
    }

    /// The vendor with this key; `None` when there is none.
    ///
    /// ```
    /// # fn main() -> Result<(), tenantry_core::Error> {
    /// # use tenantry_core as tenantry;
    /// use tenantry::{Catalog, Tenantry, VendorScope, VerifiedEmail};
    ///
    /// /// What a program does at every start: it makes its vendor once, and finds it again.
    /// fn sign_in(app: &Tenantry, email: &str) -> Result<Option<VendorScope>, tenantry::Error> {
    ///     let Some(vendor) = app.find_vendor("acme").wait()? else {
    ///         return app.bootstrap("acme", "Acme Software", "Ada", email).wait().map(Some);
    ///     };
    ///     let identity = app.identify(vendor.id, VerifiedEmail::new(email)).wait()?;
    ///     Ok(identity.map(|identity| app.vendor(vendor.id, identity.user)))
    /// }
    ///
    /// let app = Tenantry::builder(Catalog::standard()).open_in_memory().wait()?;
    /// let made = sign_in(&app, "ada@acme.test")?.unwrap();
    /// let found = sign_in(&app, "ada@acme.test")?.unwrap();
    /// assert_eq!(made.actor(), found.actor());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn find_vendor(&self, key: &str) -> Call<Option<Vendor>> {
        crate::host::find_vendor(&self.app, key)
    }

    /// The vendors of the store, in the order of their keys.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for a foreign cursor.
    pub fn vendors(&self, page: PageRequest) -> Call<Page<Vendor>> {
        crate::host::vendors(&self.app, page)
    }

    /// Who a signed-in person is: their id, where they are an active member, and what they can still accept (V3).
    ///
    /// `None` when the vendor does not know the e-mail.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] when it is no e-mail address.
    pub fn identify(&self, vendor: VendorId, email: VerifiedEmail) -> Call<Option<Identity>> {
        crate::host::identify(&self.app, vendor, email)
    }

    /// Changes the e-mail of a person, who has proved to the host that they read it (U5).
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`] when another person of the vendor has it; [`Error::NotFound`];
    /// [`Error::InvalidInput`].
    pub fn change_email(&self, vendor: VendorId, user: UserId, email: VerifiedEmail) -> Call<()> {
        crate::host::change_email(&self.app, vendor, user, email)
    }

    /// What an invitation is for, for the page behind its link: nothing changes, so a scanner that follows the link does no
    /// harm (U3).
    ///
    /// It tells the invited e-mail and the names of the place to whoever has the token, so that the host can ask the person
    /// to sign in, or to sign up, with that e-mail. Whether they read it is the host's to verify before they accept.
    ///
    /// # Errors
    ///
    /// [`Error::InvitationInvalid`] for every token that nobody can use, whatever the reason.
    pub fn find_invitation(&self, token: &InvitationToken) -> Call<OpenInvitation> {
        crate::host::find_invitation(&self.app, token)
    }

    /// Accepts an invitation for the person who is signed in, and answers their scope (U3).
    ///
    /// # Errors
    ///
    /// [`Error::InvitationInvalid`] for every token that this person cannot use, whatever the reason.
    pub fn accept_invitation(&self, token: &InvitationToken, email: VerifiedEmail) -> Call<Accepted> {
        crate::host::accept(&self.app, token, email)
    }

    /// Declines an invitation for the person who is signed in; its member goes (U3).
    ///
    /// # Errors
    ///
    /// [`Error::InvitationInvalid`] for every token that this person cannot use, whatever the reason.
    pub fn decline_invitation(&self, token: &InvitationToken, email: VerifiedEmail) -> Call<()> {
        crate::host::decline(&self.app, token, email)
    }

    /// A person acting as the vendor's staff. Whether they may is decided with every operation.
    pub fn vendor(&self, vendor: VendorId, user: UserId) -> VendorScope {
        let place = Place::Vendor(vendor);
        VendorScope::new(self.access(Actor::User(user), Portal::Vendor, place))
    }

    /// A person acting as a member of one customer. Whether they may is decided with every operation.
    pub fn customer(&self, vendor: VendorId, customer: CustomerId, user: UserId) -> CustomerScope {
        let place = Place::Customer(vendor, customer);
        CustomerScope::new(self.access(Actor::User(user), Portal::Customer, place))
    }

    /// A service of the host acting on one place: it may do what the catalogue's service rows say (S3).
    ///
    /// The name is 1 to 64 letters, digits, `.`, `_` and `-`; the reason, 1 to 200 characters, goes into the audit log.
    pub fn service(&self, place: Place, name: &str, reason: &str) -> ServiceScope {
        ServiceScope::new(self.access(Actor::Service(name.to_owned()), Portal::Service, place), reason)
    }

    /// The host's maintenance of the store; the reason, 1 to 200 characters, goes into the span of each operation.
    pub fn maintenance(&self, reason: &str) -> Maintenance {
        Maintenance::new(&self.app, reason)
    }

    /// The outbox, delivered by this courier. Which invitations are in it, [`Builder::outbox`] says.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use tenantry_core as tenantry;
    /// use async_trait::async_trait;
    /// use tenantry::{Catalog, Courier, DeliveryError, DeliveryState, InvitationMail, Role, RootKey, Tenantry};
    ///
    /// /// Where the crate `tenantry-mail` talks SMTP, this one writes to the terminal.
    /// #[derive(Debug)]
    /// struct Terminal;
    ///
    /// #[async_trait]
    /// impl Courier for Terminal {
    ///     async fn deliver(&self, mail: &InvitationMail) -> Result<(), DeliveryError> {
    ///         println!("to {}: https://portal.test/join#{}", mail.email, mail.token.expose());
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let app = Tenantry::builder(Catalog::standard()).root_key(RootKey::generate()?).outbox().open_in_memory().wait()?;
    /// let vendor = app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test").wait()?;
    /// let invited = vendor.members().invite("Bea", "bea@acme.test", Role::User).wait()?;
    /// assert_eq!(app.outbox(Terminal).deliver().wait()?.sent, 1);
    /// let invitation = vendor.invitations().get(invited.invitation.id).wait()?;
    /// assert_eq!(invitation.delivery.map(|delivery| delivery.state), Some(DeliveryState::Sent));
    /// # Ok(())
    /// # }
    /// ```
    pub fn outbox(&self, courier: impl Courier) -> Outbox {
        Outbox::new(&self.app, Arc::new(courier))
    }

    fn access(&self, actor: Actor, portal: Portal, place: Place) -> Access {
        Access { app: Arc::clone(&self.app), actor, portal, home: place, place }
    }
}

/// Says how a store is opened.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until a store is opened"]
pub struct Builder {
    catalog: Catalog,
    provider: Option<Arc<dyn RootKeyProvider>>,
    kept_versions: u64,
    outbox: bool,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    migrate: bool,
}

impl Builder {
    /// With this root key: a [`RootKey`](crate::RootKey), a [`KeyRing`](crate::KeyRing) of several, a
    /// [`Passphrase`](crate::Passphrase), or a provider of the host's own, for a KMS. Without one only secrets do not work.
    pub fn root_key(mut self, provider: impl RootKeyProvider) -> Self {
        self.provider = Some(Arc::new(provider));
        self
    }

    /// Keeps this many versions of each secret, the current one included: 10 unless told otherwise, 1 at least. Older ones
    /// are deleted when a secret is set (S5).
    pub fn kept_versions(mut self, versions: u64) -> Self {
        self.kept_versions = versions.max(1);
        self
    }

    /// Writes every invitation that is made or resent to an outbox, in the same commit, its token sealed with the key of the
    /// place. [`Outbox::deliver`] sends it from there (D1). It needs a root key: without one, inviting answers
    /// [`Error::KeyNotAvailable`].
    pub fn outbox(mut self) -> Self {
        self.outbox = true;
        self
    }

    /// With this clock instead of the operating system's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// With this source of ids instead of the operating system's random numbers.
    pub fn id_source(mut self, ids: impl IdSource) -> Self {
        self.ids = Arc::new(ids);
        self
    }

    /// Checks only: a store that needs a migration is refused and not changed.
    pub fn without_migration(mut self) -> Self {
        self.migrate = false;
        self
    }

    /// Opens a store.
    ///
    /// # Errors
    ///
    /// [`Error::CannotOpen`] says why the store does not do; [`Error::WrongRootKey`]; [`Error::KeyProvider`]. The store is
    /// as it was.
    pub fn open(self, address: impl OpenStore) -> Call<Tenantry> {
        Call::new(move |caller| async move {
            let Self { catalog, provider, kept_versions, outbox, clock, ids, migrate } = self;
            let keys = Arc::new(Keys::new(provider));
            let admission = Admission { keys: Arc::clone(&keys), migrate };
            let store = Box::new(address).open(admission, caller).await?;
            tracing::debug!(operation = operations::MAINTENANCE.name, "store opened");
            Ok(Tenantry { app: Arc::new(Inner { catalog, store, keys, kept_versions, outbox, clock, ids }) })
        })
    }

    /// Opens a new store in memory: for tests and first steps. It is gone with the last handle.
    ///
    /// # Errors
    ///
    /// When the operating system gives no random numbers.
    pub fn open_in_memory(self) -> Call<Tenantry> {
        self.open(InMemory)
    }
}

/// The address of a new memory store.
struct InMemory;

#[async_trait]
impl OpenStore for InMemory {
    async fn open(self: Box<Self>, admission: Admission, caller: Caller) -> Result<Arc<dyn Store>, OpenError> {
        Box::new(MemoryStore::new()?).open(admission, caller).await
    }
}
