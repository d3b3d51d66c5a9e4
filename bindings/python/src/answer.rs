//! From a call to its answer: waited for, or awaited by asyncio. Every method of every handle goes through here.

use pyo3::prelude::*;
use tenantry::{Call, Error};

use crate::{asyncio, errors, logging};

/// Whether a handle answers, or answers an awaitable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Blocking,
    Asyncio,
}

/// What Python gets for a value of Rust. A handle is of the same mode as the one that answers it.
pub(crate) trait ToPython {
    fn to_python(self, py: Python<'_>, mode: Mode) -> PyResult<Py<PyAny>>;
}

impl Mode {
    /// Goes first in every method: making a call logs already, so Python's levels are looked at before.
    pub(crate) fn with(self, py: Python<'_>) -> PyResult<Answering<'_>> {
        logging::look(py)?;
        Ok(Answering { mode: self, py })
    }
}

/// What turns a call into an answer.
pub(crate) struct Answering<'py> {
    mode: Mode,
    py: Python<'py>,
}

impl Answering<'_> {
    /// Does the operation without the GIL, or begins it and answers an awaitable.
    pub(crate) fn answer<T: ToPython + Send + 'static>(self, call: Call<T>) -> PyResult<Py<PyAny>> {
        self.answer_after(call, |result| result.map_err(errors::raise))
    }

    /// The same; `judge` has the last word on the result.
    pub(crate) fn answer_after<T: ToPython + Send + 'static>(
        self,
        call: Call<T>,
        judge: impl FnOnce(Result<T, Error>) -> PyResult<T> + Send + 'static,
    ) -> PyResult<Py<PyAny>> {
        match self.mode {
            Mode::Blocking => judge(self.py.detach(|| call.wait()))?.to_python(self.py, self.mode),
            Mode::Asyncio => asyncio::begin(self.py, call, judge),
        }
    }
}

/// Makes the two classes of a handle. The shared one has the methods and is not public; the two are empty.
macro_rules! handle {
    ($(#[$doc:meta])* $shared:ident of $inner:ty: $name:literal as $blocking:ident, $async_name:literal as $async:ident, $shared_name:literal) => {
        $(#[$doc])*
        #[pyclass(frozen, subclass, module = "tenantry", name = $shared_name)]
        pub(crate) struct $shared {
            pub(crate) inner: $inner,
            pub(crate) mode: Mode,
        }

        $(#[$doc])*
        #[pyclass(frozen, extends = $shared, module = "tenantry", name = $name)]
        pub(crate) struct $blocking;

        $(#[$doc])*
        #[pyclass(frozen, extends = $shared, module = "tenantry.aio", name = $async_name)]
        pub(crate) struct $async;

        #[pymethods]
        impl $shared {
            #[pyo3(signature = () -> "NoReturn")]
            fn __reduce__(&self) -> PyResult<()> {
                const WHY: &str = concat!("a ", $name, " is not pickled: each process opens the store for itself");
                Err(pyo3::exceptions::PyTypeError::new_err(WHY))
            }
        }

        impl $crate::answer::ToPython for $inner {
            fn to_python(self, py: Python<'_>, mode: Mode) -> PyResult<Py<PyAny>> {
                let shared = PyClassInitializer::from($shared { inner: self, mode });
                Ok(match mode {
                    Mode::Blocking => Py::new(py, shared.add_subclass($blocking))?.into_any(),
                    Mode::Asyncio => Py::new(py, shared.add_subclass($async))?.into_any(),
                })
            }
        }
    };
}
pub(crate) use handle;
