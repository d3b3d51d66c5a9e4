//! Lists: a `Query` of Python that asks here for its pages.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use tenantry::{Call, Page, PageRequest};

use crate::answer::{Mode, ToPython};
use crate::arguments;

type Fetch = dyn Fn(Python<'_>, PageRequest) -> PyResult<Py<PyAny>> + Send + Sync;

/// Gives the pages of one list.
#[pyclass(frozen, module = "tenantry", name = "_Pages")]
pub(crate) struct Pages {
    fetch: Box<Fetch>,
}

#[pymethods]
impl Pages {
    fn __call__(&self, py: Python<'_>, limit: i64, after: Option<String>) -> PyResult<Py<PyAny>> {
        // What is below 0 is refused like 0.
        let limit = usize::try_from(limit).unwrap_or(0);
        (self.fetch)(py, arguments::page(limit, after))
    }
}

/// The `Query`, or `AsyncQuery`, of a list.
pub(crate) fn query<T: ToPython + Send + 'static>(
    py: Python<'_>,
    mode: Mode,
    list: impl Fn(PageRequest) -> Call<Page<T>> + Send + Sync + 'static,
) -> PyResult<Py<PyAny>> {
    static BLOCKING: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static ASYNCIO: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = match mode {
        Mode::Blocking => BLOCKING.import(py, "tenantry._query", "Query"),
        Mode::Asyncio => ASYNCIO.import(py, "tenantry._query", "AsyncQuery"),
    };
    let fetch: Box<Fetch> = Box::new(move |py, request| mode.with(py)?.answer(list(request)));
    Ok(class?.call1((Pages { fetch },))?.unbind())
}
