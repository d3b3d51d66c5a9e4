//! Secret values in Python.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use tenantry::{InvitationToken, SecretValue};

use crate::answer::{Mode, ToPython};
use crate::arguments::SecretText;

/// A secret text: the value of a secret, a rendered template, or the token of an invitation.
///
/// It shows itself nowhere but in `reveal()`: not in `repr`, `str`, a format, or a traceback, and it refuses to be pickled. A
/// copy of it is the same object. The extension keeps the value, and wipes it when the object goes; what `reveal()` answers
/// is an ordinary `str`, which Python wipes never.
#[pyclass(frozen, module = "tenantry")]
pub(crate) struct Secret {
    pub(crate) value: SecretValue,
}

#[pymethods]
impl Secret {
    #[new]
    #[pyo3(signature = (value: "str | Secret", /))]
    fn new(value: SecretText) -> Self {
        Self { value: value.0 }
    }

    /// The value itself: hand it to what needs it, and to nothing that keeps or prints it.
    ///
    /// Returns:
    ///     The text.
    fn reveal(&self) -> &str {
        self.value.expose()
    }

    fn __repr__(&self) -> &'static str {
        "Secret('********')"
    }

    fn __str__(&self) -> &'static str {
        "********"
    }

    #[pyo3(signature = (format_spec, /))]
    fn __format__(&self, format_spec: &str) -> &'static str {
        // What a width or a precision would do to the value must not show either.
        let _ = format_spec;
        "********"
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (memo, /))]
    fn __deepcopy__(slf: Py<Self>, memo: &Bound<'_, PyAny>) -> Py<Self> {
        let _ = memo;
        slf
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("a Secret is not pickled: reveal() it where it is needed"))
    }

    #[classmethod]
    #[pyo3(signature = (source: "Any", handler: "Any", /) -> "Any")]
    fn __get_pydantic_core_schema__<'py>(
        cls: &Bound<'py, pyo3::types::PyType>,
        source: &Bound<'py, PyAny>,
        handler: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _ = (source, handler);
        cls.py().import("tenantry._pydantic")?.call_method1("schema_of_secret", (cls,))
    }
}

impl ToPython for SecretValue {
    fn to_python(self, py: Python<'_>, _: Mode) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, Secret { value: self })?.into_any())
    }
}

impl ToPython for InvitationToken {
    fn to_python(self, py: Python<'_>, mode: Mode) -> PyResult<Py<PyAny>> {
        SecretValue::from(self.expose()).to_python(py, mode)
    }
}
