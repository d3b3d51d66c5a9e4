//! For the tests of hosts: a clock that stands still, and ids that are the same in every run.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use tenantry::Clock;
use tenantry::IdSource;

use crate::answer::{Mode, ToPython};

/// A clock that stands still until it is told to go on; it begins at 2030-01-01T00:00:00Z.
#[pyclass(frozen, module = "tenantry.testing")]
pub(crate) struct FixedClock {
    pub(crate) inner: tenantry::testing::FixedClock,
}

#[pymethods]
impl FixedClock {
    #[new]
    fn new() -> Self {
        Self { inner: tenantry::testing::FixedClock::new() }
    }

    /// Goes on by this much.
    #[pyo3(signature = (by: "timedelta", /))]
    fn advance(&self, by: Duration) {
        self.inner.advance(by);
    }

    /// The time that it shows.
    #[pyo3(signature = () -> "datetime")]
    fn now(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.inner.now().to_python(py, Mode::Blocking)
    }
}

/// Ids that are the same in every run: they count.
#[pyclass(frozen, module = "tenantry.testing")]
pub(crate) struct CountingIds {
    inner: Arc<tenantry::testing::CountingIds>,
}

#[pymethods]
impl CountingIds {
    #[new]
    fn new() -> Self {
        Self { inner: Arc::default() }
    }
}

impl CountingIds {
    pub(crate) fn source(&self) -> impl IdSource {
        Shared(Arc::clone(&self.inner))
    }
}

/// One source for several stores.
#[derive(Debug)]
struct Shared(Arc<tenantry::testing::CountingIds>);

impl IdSource for Shared {
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()> {
        self.0.fill(bytes)
    }
}
