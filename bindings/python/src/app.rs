//! What a host opens.

use std::path::PathBuf;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyType;
use tenantry::{Builder, Call, Error, InvitationToken, Sqlite, VerifiedEmail};

use crate::answer::{Mode, ToPython, handle};
use crate::arguments::{Customer, DurabilityName, PlaceOf, SecretText, User, Vendor};
use crate::catalog::Catalog;
use crate::keys::Provider;
use crate::outbox::Written;
use crate::testing::{CountingIds, FixedClock};
use crate::{errors, logging, pages};

handle! {
    /// An open store with its catalogue and keys.
    ///
    /// It has the host's own operations and the ways to a scope. Everything else is done through a scope, which knows who
    /// acts. Use it in a `with` block, or close it.
    Tenantry of tenantry::Tenantry: "Tenantry" as BlockingTenantry, "AsyncTenantry" as AsyncTenantry, "_Tenantry"
}

/// How a store is opened, but for where.
struct Opening<'py> {
    root_key: Option<Provider>,
    catalog: Option<Bound<'py, Catalog>>,
    kept_versions: u64,
    outbox: bool,
    clock: Option<Bound<'py, FixedClock>>,
    ids: Option<Bound<'py, CountingIds>>,
}

impl Opening<'_> {
    fn builder(self) -> Builder {
        let catalog = self.catalog.map_or_else(tenantry::Catalog::standard, |catalog| catalog.get().inner.clone());
        let mut builder = tenantry::Tenantry::builder(catalog).kept_versions(self.kept_versions);
        if let Some(provider) = self.root_key {
            builder = builder.root_key(provider);
        }
        if self.outbox {
            builder = builder.outbox();
        }
        if let Some(clock) = self.clock {
            builder = builder.clock(clock.get().inner.clone());
        }
        if let Some(ids) = self.ids {
            builder = builder.id_source(ids.get().source());
        }
        builder
    }
}

/// Opens for the class that was asked.
fn open(class: &Bound<'_, PyType>, call: Call<tenantry::Tenantry>) -> PyResult<Py<PyAny>> {
    let py = class.py();
    logging::listen(py)?;
    let asyncio = class.is_subclass_of::<AsyncTenantry>()?;
    if asyncio { Mode::Asyncio } else { Mode::Blocking }.with(py)?.answer(call)
}

#[pymethods]
impl Tenantry {
    /// Opens the store in this file, which is made if it does not exist; its folder must.
    ///
    /// Args:
    ///     path: The file. SQLite keeps two more files beside it while it is open.
    ///     root_key: Protects the secrets; without one only secrets do not work.
    ///     catalog: What the product has; the standard catalogue unless told otherwise.
    ///     durability: What an acknowledged commit survives.
    ///     busy_deadline: How long a commit waits for other processes.
    ///     allow_network_file_system: Data may be lost there, so it is refused unless this is true.
    ///     migrate: Whether a file of an older release may be changed; otherwise it is refused.
    ///     kept_versions: How many versions of each secret are kept.
    ///     outbox: Whether invitations are written to an outbox, in the same commit, from which `outbox(…).deliver()` sends
    ///         them. It needs a root key.
    ///     clock: A clock for tests.
    ///     ids: A source of ids for tests.
    ///
    /// Returns:
    ///     The open store.
    ///
    /// Raises:
    ///     CannotOpenError: It says why the file does not do; it is as it was.
    ///     SecretKeyError: With `code` `wrong_root_key`: the store was written with another root key.
    ///     KeyProviderError: The provider of the root key gave none.
    #[classmethod]
    #[pyo3(signature = (
        path: "str | PathLike[str]", *, root_key: "RootKey | KeyRing | Passphrase | RootKeyProvider | None" = None,
        catalog: "Catalog | None" = None, durability: "Durability" = DurabilityName(tenantry::Durability::PowerLoss),
        busy_deadline: "timedelta" = Duration::from_secs(30), allow_network_file_system = false, migrate = true,
        kept_versions: "int" = 10, outbox = false, clock: "FixedClock | None" = None, ids: "CountingIds | None" = None,
    ) -> "Call[Tenantry]")]
    #[expect(clippy::too_many_arguments, reason = "keywords, most of which are left out")]
    fn open(
        cls: &Bound<'_, PyType>,
        path: PathBuf,
        root_key: Option<Provider>,
        catalog: Option<Bound<'_, Catalog>>,
        durability: DurabilityName,
        busy_deadline: Duration,
        allow_network_file_system: bool,
        migrate: bool,
        kept_versions: u64,
        outbox: bool,
        clock: Option<Bound<'_, FixedClock>>,
        ids: Option<Bound<'_, CountingIds>>,
    ) -> PyResult<Py<PyAny>> {
        let mut sqlite = Sqlite::file(path).durability(durability.0).busy_deadline(busy_deadline);
        if allow_network_file_system {
            sqlite = sqlite.allow_network_file_system();
        }
        let mut builder = Opening { root_key, catalog, kept_versions, outbox, clock, ids }.builder();
        if !migrate {
            builder = builder.without_migration();
        }
        open(cls, builder.open(sqlite))
    }

    /// Opens a new store in memory: for tests and first steps. It is gone with the last handle.
    ///
    /// Args:
    ///     root_key: Protects the secrets; without one only secrets do not work.
    ///     catalog: What the product has; the standard catalogue unless told otherwise.
    ///     kept_versions: How many versions of each secret are kept.
    ///     outbox: Whether invitations are written to an outbox, in the same commit, from which `outbox(…).deliver()` sends
    ///         them. It needs a root key.
    ///     clock: A clock for tests.
    ///     ids: A source of ids for tests.
    ///
    /// Returns:
    ///     The open store.
    ///
    /// Raises:
    ///     StorageUnavailableError: The operating system gives no random numbers.
    #[classmethod]
    #[pyo3(signature = (
        *, root_key: "RootKey | KeyRing | Passphrase | RootKeyProvider | None" = None, catalog: "Catalog | None" = None,
        kept_versions: "int" = 10, outbox = false, clock: "FixedClock | None" = None, ids: "CountingIds | None" = None,
    ) -> "Call[Tenantry]")]
    fn open_in_memory(
        cls: &Bound<'_, PyType>,
        root_key: Option<Provider>,
        catalog: Option<Bound<'_, Catalog>>,
        kept_versions: u64,
        outbox: bool,
        clock: Option<Bound<'_, FixedClock>>,
        ids: Option<Bound<'_, CountingIds>>,
    ) -> PyResult<Py<PyAny>> {
        open(cls, Opening { root_key, catalog, kept_versions, outbox, clock, ids }.builder().open_in_memory())
    }

    /// The catalogue of this process.
    #[getter]
    fn catalog(&self) -> Catalog {
        Catalog { inner: self.inner.catalog().clone() }
    }

    /// Makes a vendor with its first member, an active Administrator. The host states that it has verified the e-mail.
    ///
    /// Args:
    ///     key: By it the vendor is found again: a lower-case letter, then such letters, digits and hyphens, 64 at most.
    ///     name: The name of the vendor.
    ///     first_member: The name of the person.
    ///     email: The e-mail of the person.
    ///
    /// Returns:
    ///     The person's scope on the vendor.
    ///
    /// Raises:
    ///     AlreadyExistsError: The key is taken.
    ///     InvalidInputError: A key, name or e-mail does not follow the rules.
    #[pyo3(signature = (key, name, first_member, email) -> "Call[VendorScope]")]
    fn bootstrap(&self, py: Python<'_>, key: &str, name: &str, first_member: &str, email: &str) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.bootstrap(key, name, first_member, email))
    }

    /// The vendor with this key.
    ///
    /// Args:
    ///     key: The key that it was made with.
    ///
    /// Returns:
    ///     The vendor; `None` when there is none.
    ///
    /// Raises:
    ///     StorageError: The store cannot be read.
    #[pyo3(signature = (key) -> "Call[Vendor | None]")]
    fn find_vendor(&self, py: Python<'_>, key: &str) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.find_vendor(key))
    }

    /// The vendors of the store, in the order of their keys.
    ///
    /// Returns:
    ///     A query: iterate it, or ask for a page.
    ///
    /// Raises:
    ///     StorageError: The store cannot be read; raised when a page is read.
    #[pyo3(signature = () -> "Query[Vendor]")]
    fn vendors(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let app = self.inner.clone();
        pages::query(py, self.mode, move |page| app.vendors(page))
    }

    /// Who a signed-in person is: their id, where they are an active member, and what they can still accept.
    ///
    /// Args:
    ///     vendor: The vendor.
    ///     email: The e-mail, which the host has verified.
    ///
    /// Returns:
    ///     The identity; `None` when the vendor does not know the e-mail.
    ///
    /// Raises:
    ///     InvalidInputError: It is no e-mail address.
    #[pyo3(signature = (vendor: "VendorId", email: "VerifiedEmail") -> "Call[Identity | None]")]
    fn identify(&self, py: Python<'_>, vendor: Vendor, email: String) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.identify(vendor.0, VerifiedEmail::new(email)))
    }

    /// Changes the e-mail of a person, who has proved to the host that they read it.
    ///
    /// Args:
    ///     vendor: The vendor.
    ///     user: The person.
    ///     email: The new e-mail, which the host has verified.
    ///
    /// Raises:
    ///     AlreadyExistsError: Another person of the vendor has it.
    ///     NotFoundError: There is no such person.
    ///     InvalidInputError: It is no e-mail address.
    #[pyo3(signature = (vendor: "VendorId", user: "UserId", email: "VerifiedEmail") -> "Call[None]")]
    fn change_email(&self, py: Python<'_>, vendor: Vendor, user: User, email: String) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.change_email(vendor.0, user.0, VerifiedEmail::new(email)))
    }

    /// What an invitation is for, for the page behind its link: nothing changes.
    ///
    /// It tells the invited e-mail and the names of the place to whoever has the token, so that the person can be asked to sign
    /// in, or to sign up, with that e-mail. Whether they read it is yours to verify before they accept.
    ///
    /// Args:
    ///     token: The token, as it came in the link.
    ///
    /// Returns:
    ///     The invitation, as the person invited may see it.
    ///
    /// Raises:
    ///     InvitationInvalidError: For every token that nobody can use, whatever the reason.
    #[pyo3(signature = (token: "Secret | str") -> "Call[OpenInvitation]")]
    fn find_invitation(&self, py: Python<'_>, token: SecretText) -> PyResult<Py<PyAny>> {
        let token = read_token(&token)?;
        self.mode.with(py)?.answer(self.inner.find_invitation(&token))
    }

    /// Accepts an invitation for the person who is signed in.
    ///
    /// Args:
    ///     token: The token, as it came in the link.
    ///     email: The e-mail of the person, which the host has verified.
    ///
    /// Returns:
    ///     The person's scope, on the vendor or on a customer.
    ///
    /// Raises:
    ///     InvitationInvalidError: For every token that this person cannot use, whatever the reason.
    #[pyo3(signature = (token: "Secret | str", email: "VerifiedEmail") -> "Call[VendorScope | CustomerScope]")]
    fn accept_invitation(&self, py: Python<'_>, token: SecretText, email: String) -> PyResult<Py<PyAny>> {
        let token = read_token(&token)?;
        self.mode.with(py)?.answer(self.inner.accept_invitation(&token, VerifiedEmail::new(email)))
    }

    /// Declines an invitation for the person who is signed in; its member goes.
    ///
    /// Args:
    ///     token: The token, as it came in the link.
    ///     email: The e-mail of the person, which the host has verified.
    ///
    /// Raises:
    ///     InvitationInvalidError: For every token that this person cannot use, whatever the reason.
    #[pyo3(signature = (token: "Secret | str", email: "VerifiedEmail") -> "Call[None]")]
    fn decline_invitation(&self, py: Python<'_>, token: SecretText, email: String) -> PyResult<Py<PyAny>> {
        let token = read_token(&token)?;
        self.mode.with(py)?.answer(self.inner.decline_invitation(&token, VerifiedEmail::new(email)))
    }

    /// A person acting as the vendor's staff. Whether they may is decided with every operation.
    ///
    /// Args:
    ///     vendor: The vendor.
    ///     user: The person.
    ///
    /// Returns:
    ///     The person's scope on the vendor.
    ///
    /// Raises:
    ///     InvalidInputError: An id does not read.
    #[pyo3(signature = (vendor: "VendorId", user: "UserId") -> "VendorScope")]
    fn vendor(&self, py: Python<'_>, vendor: Vendor, user: User) -> PyResult<Py<PyAny>> {
        self.inner.vendor(vendor.0, user.0).to_python(py, self.mode)
    }

    /// A person acting as a member of one customer. Whether they may is decided with every operation.
    ///
    /// Args:
    ///     vendor: The vendor.
    ///     customer: The customer.
    ///     user: The person.
    ///
    /// Returns:
    ///     The person's scope on the customer.
    ///
    /// Raises:
    ///     InvalidInputError: An id does not read.
    #[pyo3(signature = (vendor: "VendorId", customer: "CustomerId", user: "UserId") -> "CustomerScope")]
    fn customer(&self, py: Python<'_>, vendor: Vendor, customer: Customer, user: User) -> PyResult<Py<PyAny>> {
        self.inner.customer(vendor.0, customer.0, user.0).to_python(py, self.mode)
    }

    /// A service of the host acting on one place: it may do what the catalogue's service rows say.
    ///
    /// Args:
    ///     place: The vendor itself, or one customer.
    ///     name: 1 to 64 letters, digits, `.`, `_` and `-`.
    ///     reason: 1 to 200 characters, for the audit log.
    ///
    /// Returns:
    ///     The service's scope. Whether name and reason follow their rules is said by its operations.
    ///
    /// Raises:
    ///     InvalidInputError: An id of the place does not read.
    #[pyo3(signature = (place: "Place", name, reason) -> "ServiceScope")]
    fn service(&self, py: Python<'_>, place: PlaceOf, name: &str, reason: &str) -> PyResult<Py<PyAny>> {
        self.inner.service(place.0, name, reason).to_python(py, self.mode)
    }

    /// The host's maintenance of the store.
    ///
    /// Args:
    ///     reason: 1 to 200 characters, for the log of each operation.
    ///
    /// Returns:
    ///     The maintenance of the store.
    #[pyo3(signature = (reason) -> "Maintenance")]
    fn maintenance(&self, py: Python<'_>, reason: &str) -> PyResult<Py<PyAny>> {
        self.inner.maintenance(reason).to_python(py, self.mode)
    }

    /// The outbox, delivered by this courier. Which invitations are in it, `outbox=` says when the store is opened.
    ///
    /// Args:
    ///     courier: A function that brings one mail, or raises `DeliveryError`. It is called on threads of a pool.
    ///
    /// Returns:
    ///     The outbox.
    #[pyo3(signature = (courier: "Courier") -> "Outbox")]
    fn outbox(&self, py: Python<'_>, courier: Py<PyAny>) -> PyResult<Py<PyAny>> {
        if !courier.bind(py).is_callable() {
            return Err(pyo3::exceptions::PyTypeError::new_err("a courier is called with a mail"));
        }
        self.inner.outbox(Written::new(courier)).to_python(py, self.mode)
    }

    /// Closes the store; every later call of any handle raises `ClosedError`.
    ///
    /// Raises:
    ///     StorageError: What is open cannot be closed in order.
    #[pyo3(signature = () -> "Call[None]")]
    fn close(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.maintenance("closed by the host").close())
    }

    fn __repr__(&self) -> &'static str {
        match self.mode {
            Mode::Blocking => "<tenantry.Tenantry>",
            Mode::Asyncio => "<tenantry.aio.Tenantry>",
        }
    }
}

#[pymethods]
impl BlockingTenantry {
    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (exc_type: "object", exc_value: "object", traceback: "object", /) -> "None")]
    fn __exit__(
        slf: &Bound<'_, Self>,
        exc_type: &Bound<'_, PyAny>,
        exc_value: &Bound<'_, PyAny>,
        traceback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let _ = (exc_type, exc_value, traceback);
        slf.as_super().get().close(slf.py()).map(drop)
    }
}

#[pymethods]
impl AsyncTenantry {
    #[pyo3(signature = () -> "Awaitable[AsyncTenantry]")]
    fn __aenter__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let future = py.import("asyncio")?.call_method0("get_running_loop")?.call_method0("create_future")?;
        future.call_method1("set_result", (slf,))?;
        Ok(future.unbind())
    }

    #[pyo3(signature = (exc_type: "object", exc_value: "object", traceback: "object", /) -> "Awaitable[None]")]
    fn __aexit__(
        slf: &Bound<'_, Self>,
        exc_type: &Bound<'_, PyAny>,
        exc_value: &Bound<'_, PyAny>,
        traceback: &Bound<'_, PyAny>,
    ) -> PyResult<Py<PyAny>> {
        let _ = (exc_type, exc_value, traceback);
        slf.as_super().get().close(slf.py())
    }
}

/// A text that is no token answers like a token that does not work.
fn read_token(token: &SecretText) -> PyResult<InvitationToken> {
    InvitationToken::parse(token.0.expose()).map_err(|error| errors::raise(Error::from(error)))
}
