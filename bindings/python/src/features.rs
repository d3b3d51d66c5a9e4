//! The features of a customer, and what an actor may do at one moment.

use pyo3::prelude::*;

use crate::answer::{Mode, ToPython, handle};
use crate::errors;

handle! {
    /// Switches the features of a customer on and off. What is off is hidden from its members, and refused.
    FeatureSwitches of tenantry::FeatureSwitches: "FeatureSwitches" as BlockingFeatureSwitches,
    "AsyncFeatureSwitches" as AsyncFeatureSwitches, "_FeatureSwitches"
}

#[pymethods]
impl FeatureSwitches {
    /// The features of the customer, in dependency order. Its own members see the enabled ones only.
    ///
    /// Needs `customers.view` of staff, `dashboard.view` of the customer's members.
    ///
    /// Returns:
    ///     The features, and what is stored without being on.
    ///
    /// Raises:
    ///     PermissionDeniedError: The actor may not.
    #[pyo3(signature = () -> "Call[Features]")]
    fn list(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.list())
    }

    /// Enables a feature and all that it requires. Needs `features.manage`.
    ///
    /// Args:
    ///     feature: Its name in the catalogue, for example `alerts`.
    ///
    /// Returns:
    ///     What changed, in dependency order.
    ///
    /// Raises:
    ///     UnknownNameError: The catalogue does not know the feature.
    #[pyo3(signature = (feature) -> "Call[FeatureChange]")]
    fn enable(&self, py: Python<'_>, feature: &str) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.enable(feature))
    }

    /// Disables a feature and all that require it, at any depth. Needs `features.manage`.
    ///
    /// Args:
    ///     feature: Its name in the catalogue, for example `alerts`.
    ///
    /// Returns:
    ///     What changed, in dependency order.
    ///
    /// Raises:
    ///     UnknownNameError: The catalogue does not know the feature.
    #[pyo3(signature = (feature) -> "Call[FeatureChange]")]
    fn disable(&self, py: Python<'_>, feature: &str) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.disable(feature))
    }

    /// What `enable` would answer; nothing changes. Needs `features.manage`.
    ///
    /// Args:
    ///     feature: Its name in the catalogue, for example `alerts`.
    ///
    /// Returns:
    ///     What would change, in dependency order.
    ///
    /// Raises:
    ///     UnknownNameError: The catalogue does not know the feature.
    #[pyo3(signature = (feature) -> "Call[FeatureChange]")]
    fn preview_enable(&self, py: Python<'_>, feature: &str) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.preview_enable(feature))
    }

    /// What `disable` would answer; nothing changes. Needs `features.manage`.
    ///
    /// Args:
    ///     feature: Its name in the catalogue, for example `alerts`.
    ///
    /// Returns:
    ///     What would change, in dependency order.
    ///
    /// Raises:
    ///     UnknownNameError: The catalogue does not know the feature.
    #[pyo3(signature = (feature) -> "Call[FeatureChange]")]
    fn preview_disable(&self, py: Python<'_>, feature: &str) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.preview_disable(feature))
    }
}

/// What an actor may do at one moment: decides in memory, as often as one request needs.
///
/// It does not follow later changes; take a new one for each request.
#[pyclass(frozen, module = "tenantry")]
pub(crate) struct Snapshot {
    inner: tenantry::Snapshot,
}

#[pymethods]
impl Snapshot {
    /// Whether the actor may do this.
    ///
    /// Args:
    ///     permission: Its name in the catalogue, for example `deployments.edit`.
    ///
    /// Returns:
    ///     Whether the actor has it.
    ///
    /// Raises:
    ///     UnknownNameError: The catalogue does not know the permission.
    #[pyo3(signature = (permission, /))]
    fn can(&self, permission: &str) -> PyResult<bool> {
        self.inner.can(permission).map_err(errors::raise)
    }

    /// The role of the member; `None` for a service.
    #[getter]
    fn role(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.inner.role().to_python(py, Mode::Blocking)
    }

    /// Which state of the place it was taken from: a number that moves with members, roles, features and status.
    #[getter]
    fn state(&self) -> u64 {
        self.inner.state()
    }

    /// The sections of the customer portal that the actor may open, in the catalogue's order.
    ///
    /// Returns:
    ///     The sections; none for a service.
    #[pyo3(signature = () -> "tuple[PortalSection, ...]")]
    fn sections(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.inner.sections().to_python(py, Mode::Blocking)
    }
}

impl ToPython for tenantry::Snapshot {
    fn to_python(self, py: Python<'_>, _: Mode) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, Snapshot { inner: self })?.into_any())
    }
}
