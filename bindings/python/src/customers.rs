//! The customers of a vendor, and how they are imported from what Python iterates.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use tenantry::{CustomerFilter, CustomerStatus, Error, ImportedRow, NewCustomer};

use crate::answer::{Mode, ToPython, handle};
use crate::arguments::{New, StatusFilter, new_customer};
use crate::{errors, pages};

handle! {
    /// The customers of a vendor, as its staff see them.
    Customers of tenantry::Customers: "Customers" as BlockingCustomers, "AsyncCustomers" as AsyncCustomers, "_Customers"
}

#[pymethods]
impl Customers {
    /// Creates a customer with the features that are on by default. Needs `customers.manage`.
    ///
    /// Args:
    ///     name: 1 to 200 characters; names may repeat.
    ///     external_id: Your own id of it: 1 to 200 characters, unique within the vendor.
    ///
    /// Returns:
    ///     The customer.
    ///
    /// Raises:
    ///     InvalidInputError: A field does not follow its rules.
    ///     AlreadyExistsError: The external id is taken.
    #[pyo3(signature = (name, *, external_id: "str | None" = None) -> "Call[Customer]")]
    fn create(&self, py: Python<'_>, name: String, external_id: Option<String>) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.create(new_customer(name, external_id)))
    }

    /// Creates customers from rows, hundreds in one commit, and reports each row as soon as it is decided.
    ///
    /// A row is created, skipped because its external id exists, or refused; a row without an external id is refused, so that
    /// a repeated run creates nothing new. A row that its reader could not make out stands as a `ValueError` with the reason.
    /// A bad row never stops the others. What the iterable or `report` raises ends the import and is raised from here; the
    /// rows reported until then are done. Needs `customers.manage`.
    ///
    /// Args:
    ///     rows: What to create.
    ///     report: Called with what became of each row; with asyncio, on another thread.
    ///
    /// Returns:
    ///     What became of the rows, by number.
    ///
    /// Raises:
    ///     PermissionDeniedError: The actor may not; also when there is no row.
    #[pyo3(signature = (
        rows: "Iterable[NewCustomer | ValueError]", report: "Callable[[ImportedRow], object] | None" = None,
    ) -> "Call[ImportSummary]")]
    fn import_rows(&self, py: Python<'_>, rows: &Bound<'_, PyAny>, report: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        let answering = self.mode.with(py)?;
        let raised = Raised::default();
        let rows = Rows { iterator: rows.try_iter()?.into_any().unbind(), raised: raised.clone() };
        let heard = raised.clone();
        let call = self.inner.import(rows, move |row: ImportedRow| heard.call(report.as_ref(), row));
        answering.answer_after(call, raised.instead())
    }

    /// The customers that pass the filter, in the order of their folded names. Needs `customers.view`.
    ///
    /// Args:
    ///     text: What the name, the external id or a member's e-mail contains, whatever its case.
    ///     features: Features that the customer has.
    ///     status: Active ones unless told otherwise; `None` for any.
    ///
    /// Returns:
    ///     A query: iterate it, or ask for a page.
    ///
    /// Raises:
    ///     UnknownNameError: The catalogue does not know a feature; raised when a page is read.
    ///     PermissionDeniedError: The actor may not; raised when a page is read.
    #[pyo3(signature = (
        *, text: "str" = String::new(), features: "Sequence[str]" = Vec::new(),
        status: "CustomerStatus | None" = StatusFilter::One(CustomerStatus::Active),
    ) -> "Query[Customer]")]
    fn list(&self, py: Python<'_>, text: String, features: Vec<String>, status: StatusFilter) -> PyResult<Py<PyAny>> {
        let customers = self.inner.clone();
        let mut filter = CustomerFilter::new().text(text);
        filter.features = features;
        filter.status = match status {
            StatusFilter::Any => None,
            StatusFilter::One(status) => Some(status),
        };
        pages::query(py, self.mode, move |page| {
            let mut filter = filter.clone();
            filter.page = page;
            customers.list(filter)
        })
    }

    /// The customer with this external id, active or archived. Needs `customers.view`.
    ///
    /// Args:
    ///     external_id: Your own id of it, compared exactly.
    ///
    /// Returns:
    ///     The customer.
    ///
    /// Raises:
    ///     NotFoundError: There is none.
    #[pyo3(signature = (external_id) -> "Call[Customer]")]
    fn find(&self, py: Python<'_>, external_id: &str) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.find(external_id))
    }
}

/// The first thing that Python raised while Rust called it.
#[derive(Clone, Default)]
pub(crate) struct Raised(Arc<Mutex<Option<PyErr>>>);

impl Raised {
    fn is_set(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn set(&self, error: PyErr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    /// Puts what was raised in the place of a result.
    pub(crate) fn instead<T>(self) -> impl FnOnce(Result<T, Error>) -> PyResult<T> {
        move |result| match self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => Err(error),
            None => result.map_err(errors::raise),
        }
    }

    /// Tells a callback of Python, unless something was raised before.
    pub(crate) fn call(&self, callback: Option<&Py<PyAny>>, record: impl ToPython) {
        let Some(callback) = callback.filter(|_| !self.is_set()) else { return };
        let called = Python::attach(|py| callback.call1(py, (record.to_python(py, Mode::Blocking)?,)).map(drop));
        if let Err(error) = called {
            self.set(error);
        }
    }
}

/// Rows that Python iterates.
struct Rows {
    iterator: Py<PyAny>,
    raised: Raised,
}

impl Iterator for Rows {
    type Item = Result<NewCustomer, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.raised.is_set() {
            return None;
        }
        let row = Python::attach(|py| {
            // So that an interrupt ends a long import.
            py.check_signals()?;
            let Some(row) = self.iterator.bind(py).cast::<pyo3::types::PyIterator>()?.clone().next() else {
                return Ok(None);
            };
            let row = row?;
            if row.is_instance_of::<PyValueError>() {
                return Ok(Some(Err(row.str()?.to_string())));
            }
            Ok(Some(Ok(row.extract::<New>()?.0)))
        });
        row.unwrap_or_else(|error: PyErr| {
            self.raised.set(error);
            None
        })
    }
}
