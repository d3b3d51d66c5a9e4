//! The host's maintenance of a store.

use std::path::PathBuf;

use pyo3::prelude::*;
use tenantry::{Backup, BackupFile, Rotation};

use crate::answer::{Mode, handle};
use crate::arguments::{Head, PlaceOf, Vendor};
use crate::customers::Raised;

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
    /// Args:
    ///     vendor: The vendor.
    ///
    /// Returns:
    ///     The heads.
    ///
    /// Raises:
    ///     StorageError: The store cannot be read.
    #[pyo3(signature = (vendor: "VendorId") -> "Call[tuple[ChainHead, ...]]")]
    fn heads(&self, py: Python<'_>, vendor: Vendor) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.heads(vendor.0))
    }

    /// Copies the whole store into another file while it is used: the store of one moment, with every change that was
    /// answered before the call.
    ///
    /// Under the name of the file stands nothing before the copy is whole and on the disk. To restore, close the store in
    /// every process, delete the files beside it that end with `-wal` and `-shm`, put the backup in the place of its file,
    /// and open it: with the root key that it had then, beside today's in a `KeyRing` if that is another one. Without it
    /// the secrets in a backup open for nobody. Persons who were erased since must be erased again.
    ///
    /// Args:
    ///     path: The file, in a folder that exists.
    ///     replace: Takes the place of a file that exists, at the moment when the copy is whole.
    ///     report: Hears how far it is, in bytes; what it raises is raised when the backup is over.
    ///
    /// Returns:
    ///     How many bytes the copy has.
    ///
    /// Raises:
    ///     AlreadyExistsError: There is a file of this name, and it is not to be replaced.
    ///     CannotBackUpError: The path is that of the store or of another one that is open, its folder does not do, or the
    ///         store is in memory.
    ///     StorageUnavailableError: The disk is full, for example.
    #[pyo3(signature = (
        path: "str | PathLike[str]", *, replace = false, report: "Callable[[Backup], object] | None" = None,
    ) -> "Call[Backup]")]
    fn backup(&self, py: Python<'_>, path: PathBuf, replace: bool, report: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        let answering = self.mode.with(py)?;
        let file = if replace { BackupFile::new(path).replace_existing() } else { BackupFile::new(path) };
        let raised = Raised::default();
        let heard = raised.clone();
        let call = self.inner.backup(file, move |backup: Backup| heard.call(report.as_ref(), backup));
        answering.answer_after(call, raised.instead())
    }

    /// The version of the store's schema.
    ///
    /// Returns:
    ///     The version.
    ///
    /// Raises:
    ///     StorageError: The store cannot be read.
    #[pyo3(signature = () -> "Call[int]")]
    fn schema_version(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.schema_version())
    }

    /// The root keys that the store was used with, in the order of their ids, and how many keys of places each still wraps.
    ///
    /// Returns:
    ///     The root keys; never the keys themselves.
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
    /// Returns:
    ///     How many keys of places were moved, and how many are left.
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
        answering.answer_after(call, raised.instead())
    }

    /// Gives a place a new key while its secrets are used, and destroys the old one. A rotation that was broken off is taken
    /// up where it was.
    ///
    /// Args:
    ///     place: The vendor itself, or one customer.
    ///     report: Hears after each commit how far it is; what it raises is raised when the rotation is over.
    ///
    /// Returns:
    ///     How many secrets were moved, and how many are left.
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
        answering.answer_after(call, raised.instead())
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
