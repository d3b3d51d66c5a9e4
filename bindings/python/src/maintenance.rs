//! The host's maintenance of a store.

use pyo3::prelude::*;
use tenantry::Rotation;

use crate::answer::{Mode, handle};
use crate::arguments::{Head, PlaceOf, Vendor};
use crate::customers::Raised;
use crate::errors;

handle! {
    /// The host's maintenance of a store: it sees the whole of it, and no permission guards it.
    Maintenance of tenantry::Maintenance: "Maintenance" as BlockingMaintenance,
    "AsyncMaintenance" as AsyncMaintenance, "_Maintenance"
}

#[pymethods]
impl Maintenance {
    /// Checks the whole store: the database itself, every rule that spans rows, every audit chain, every secret.
    ///
    /// Args:
    ///     kept_heads: What `heads` answered earlier: only so entries that were cut off at the end are found.
    ///
    /// Returns:
    ///     What is wrong; nothing when all is well.
    ///
    /// Raises:
    ///     StorageError: The store cannot be read.
    #[pyo3(signature = (kept_heads: "Sequence[ChainHead]" = Vec::new()) -> "Call[tuple[Violation, ...]]")]
    fn verify(&self, py: Python<'_>, kept_heads: Vec<Head>) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.verify(kept_heads.into_iter().map(|head| head.0).collect()))
    }

    /// The last entry of every chain of a vendor: keep it elsewhere, and hand it to `verify`.
    ///
    /// Raises:
    ///     StorageError: The store cannot be read.
    #[pyo3(signature = (vendor: "VendorId") -> "Call[tuple[ChainHead, ...]]")]
    fn heads(&self, py: Python<'_>, vendor: Vendor) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.heads(vendor.0))
    }

    /// The version of the store's schema.
    ///
    /// Raises:
    ///     StorageError: The store cannot be read.
    #[pyo3(signature = () -> "Call[int]")]
    fn schema_version(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.schema_version())
    }

    /// The root keys that the store was used with, in the order of their ids, and how many keys of places each still wraps.
    ///
    /// Raises:
    ///     StorageError: The store cannot be read.
    #[pyo3(signature = () -> "Call[tuple[RootKeyInfo, ...]]")]
    fn root_keys(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.root_keys())
    }

    /// Notes the root key that the next rotation goes to: the time to hand it to every process.
    ///
    /// Returns:
    ///     Whether there is one to go to.
    ///
    /// Raises:
    ///     SecretKeyError: The store was opened without a root key.
    ///     KeyProviderError: The provider gave none.
    #[pyo3(signature = () -> "Call[bool]")]
    fn stage_root_key(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.stage_root_key())
    }

    /// Lets go of a root key that was staged and is not to be gone to, for example because it was lost.
    ///
    /// Returns:
    ///     Whether there was one.
    ///
    /// Raises:
    ///     StorageError: The store cannot be written.
    #[pyo3(signature = () -> "Call[bool]")]
    fn unstage_root_key(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.unstage_root_key())
    }

    /// Goes over to another root key while the store is used. A rotation that was broken off is taken up where it was.
    ///
    /// Args:
    ///     report: Hears after each commit how far it is; what it raises is raised when the rotation is over.
    ///
    /// Raises:
    ///     SecretKeyError: The old or the new key is not at hand. What was moved until then stays.
    ///     KeyProviderError: The provider gave none.
    #[pyo3(signature = (report: "Callable[[Rotation], object] | None" = None) -> "Call[Rotation]")]
    fn rotate_root_key(&self, py: Python<'_>, report: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        let answering = self.mode.with(py)?;
        let raised = Raised::default();
        let heard = raised.clone();
        let call = self.inner.rotate_root_key(move |rotation: Rotation| heard.call(report.as_ref(), rotation));
        answering.answer_after(call, move |result| match raised.take() {
            Some(error) => Err(error),
            None => result.map_err(errors::raise),
        })
    }

    /// Gives a place a new key while its secrets are used, and destroys the old one. A rotation that was broken off is taken
    /// up where it was.
    ///
    /// Args:
    ///     place: The vendor itself, or one customer.
    ///     report: Hears after each commit how far it is; what it raises is raised when the rotation is over.
    ///
    /// Raises:
    ///     NotFoundError: There is no such place.
    ///     SecretKeyError: A key is not at hand, or a value was altered. What was moved until then stays.
    ///     KeyProviderError: The provider gave none.
    #[pyo3(signature = (place: "Place", report: "Callable[[Rotation], object] | None" = None) -> "Call[Rotation]")]
    fn rotate_place_key(&self, py: Python<'_>, place: PlaceOf, report: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        let answering = self.mode.with(py)?;
        let raised = Raised::default();
        let heard = raised.clone();
        let call =
            self.inner.rotate_place_key(place.0, move |rotation: Rotation| heard.call(report.as_ref(), rotation));
        answering.answer_after(call, move |result| match raised.take() {
            Some(error) => Err(error),
            None => result.map_err(errors::raise),
        })
    }

    /// Closes the store; every later call of any handle raises `ClosedError`.
    ///
    /// Raises:
    ///     StorageError: What is open cannot be closed in order.
    #[pyo3(signature = () -> "Call[None]")]
    fn close(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.close())
    }
}
