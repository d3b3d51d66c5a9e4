//! Templates, and what takes secret values out of logs.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMapping, PyTuple};
use tenantry::{Error, SecretValue};

use crate::answer::{Mode, ToPython};
use crate::arguments::{FormatName, SecretText};
use crate::errors;

/// A template that has been read: a closed subset of Go's `text/template`.
#[pyclass(frozen, module = "tenantry")]
pub(crate) struct Template {
    inner: tenantry::Template,
}

#[pymethods]
impl Template {
    #[new]
    #[pyo3(signature = (text, /))]
    fn new(text: &str) -> PyResult<Self> {
        tenantry::Template::parse(text).map(|inner| Self { inner }).map_err(raise)
    }

    /// Everything that is wrong with a template, in the order of its text.
    ///
    /// Args:
    ///     text: The template.
    ///     known: The keys of the secrets that there are.
    ///
    /// Returns:
    ///     The problems; none when all is well.
    #[staticmethod]
    #[pyo3(signature = (text, known: "Sequence[str]" = Vec::new()) -> "tuple[TemplateProblem, ...]")]
    fn check(py: Python<'_>, text: &str, known: Vec<String>) -> PyResult<Py<PyAny>> {
        let known = |key: &str| known.iter().any(|known| known == key);
        tenantry::Template::check(text, known).to_python(py, Mode::Blocking)
    }

    /// The keys of the secrets that the template refers to, sorted, each once.
    #[getter]
    fn references<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inner.references())
    }

    /// Renders the template with these secrets.
    ///
    /// Args:
    ///     secrets: Values by key.
    ///     format: How a value is written.
    ///
    /// Returns:
    ///     The text.
    ///
    /// Raises:
    ///     TemplateError: The output needs a secret that is missing, or a value cannot be written in its place.
    #[pyo3(signature = (secrets: "Mapping[str, str | Secret]", format: "Format") -> "Secret")]
    fn render(&self, py: Python<'_>, secrets: &Bound<'_, PyMapping>, format: FormatName) -> PyResult<Py<PyAny>> {
        let secrets: BTreeMap<String, SecretValue> = pairs(secrets.items()?.as_any())?.into_iter().collect();
        self.inner.render(|key| secrets.get(key), format.0).map_err(raise)?.to_python(py, Mode::Blocking)
    }
}

fn raise(error: tenantry::TemplateError) -> PyErr {
    errors::raise(Error::from(Box::new(error)))
}

fn pairs(pairs: &Bound<'_, PyAny>) -> PyResult<Vec<(String, SecretValue)>> {
    let pair = |pair: PyResult<Bound<'_, PyAny>>| {
        let (key, value): (String, SecretText) = pair?.extract()?;
        Ok((key, value.0))
    };
    pairs.try_iter()?.map(pair).collect()
}

/// Takes the values of secrets out of texts: in every form that a value takes in a log. It holds copies of the values.
#[pyclass(frozen, module = "tenantry")]
pub(crate) struct Redactor {
    inner: tenantry::Redactor,
}

#[pymethods]
impl Redactor {
    #[new]
    #[pyo3(signature = (values: "Iterable[tuple[str, str | Secret]]", /))]
    fn new(values: &Bound<'_, PyAny>) -> PyResult<Self> {
        let made = tenantry::Redactor::new(pairs(values)?);
        made.map(|inner| Self { inner }).map_err(|error| errors::raise(error.into()))
    }

    /// The keys with a value that is not redacted because it has fewer than six characters.
    #[getter]
    fn left_out<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inner.left_out())
    }

    /// The text without the values.
    ///
    /// Args:
    ///     text: What may hold values.
    ///
    /// Returns:
    ///     The text with `********` in their place.
    #[pyo3(signature = (text, /))]
    fn redact(&self, py: Python<'_>, text: &str) -> String {
        py.detach(|| self.inner.redact(text))
    }

    /// Redacts a text that comes in pieces.
    ///
    /// Returns:
    ///     The stream, which takes the pieces.
    #[pyo3(signature = () -> "RedactionStream")]
    fn stream(&self) -> RedactionStream {
        RedactionStream { inner: Mutex::new(Some(self.inner.stream())) }
    }
}

impl ToPython for tenantry::Redactor {
    fn to_python(self, py: Python<'_>, _: Mode) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, Redactor { inner: self })?.into_any())
    }
}

/// Redacts a text that comes in pieces, cut anywhere, also inside a character.
///
/// A piece comes out at once, but for an end that may be the beginning of a value. Finish it, or this end is lost.
#[pyclass(frozen, module = "tenantry")]
pub(crate) struct RedactionStream {
    inner: Mutex<Option<tenantry::RedactionStream>>,
}

#[pymethods]
impl RedactionStream {
    /// Takes the next piece.
    ///
    /// Args:
    ///     piece: The next bytes.
    ///
    /// Returns:
    ///     What is decided.
    ///
    /// Raises:
    ///     ValueError: The stream is finished.
    #[pyo3(signature = (piece: "bytes", /) -> "bytes")]
    fn push<'py>(&self, py: Python<'py>, piece: &Bound<'py, PyBytes>) -> PyResult<Bound<'py, PyBytes>> {
        let mut stream = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let decided = stream.as_mut().ok_or_else(finished)?.push(piece.as_bytes());
        Ok(PyBytes::new(py, &decided))
    }

    /// Ends the text.
    ///
    /// Returns:
    ///     What was held back.
    ///
    /// Raises:
    ///     ValueError: The stream is finished.
    #[pyo3(signature = () -> "bytes")]
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let stream = self.inner.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(PyBytes::new(py, &stream.ok_or_else(finished)?.finish()))
    }
}

fn finished() -> PyErr {
    PyValueError::new_err("the stream is finished")
}
