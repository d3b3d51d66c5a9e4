//! What a product has: a catalogue, and the builder that makes one from the dataclasses of Python.

use pyo3::prelude::*;
use tenantry::catalog::{Change, UnknownFeature};
use tenantry::{Feature, Permission, Portal, Section};

use crate::answer::{Mode, ToPython};
use crate::arguments::{PortalName, RoleName, RoleSet};
use crate::errors::{self, UnknownNameError};
use crate::records::class;

/// The features, permissions and sections of one product.
///
/// A catalogue is code: built once when the host starts, checked as a whole, then shared and never changed.
#[pyclass(frozen, module = "tenantry")]
pub(crate) struct Catalog {
    pub(crate) inner: tenantry::Catalog,
}

#[pymethods]
impl Catalog {
    /// The standard catalogue: four features, the permissions of the three sides, the nine sections.
    ///
    /// Returns:
    ///     The catalogue.
    #[staticmethod]
    #[pyo3(signature = () -> "Catalog")]
    fn standard() -> Self {
        Self { inner: tenantry::Catalog::standard() }
    }

    /// A builder that begins with the standard content, for a host that adds to it.
    ///
    /// Returns:
    ///     The builder.
    #[staticmethod]
    #[pyo3(signature = () -> "CatalogBuilder")]
    fn builder() -> CatalogBuilder {
        CatalogBuilder { inner: tenantry::Catalog::builder() }
    }

    /// A builder that begins with nothing, for a host with features and permissions all its own.
    ///
    /// Returns:
    ///     The builder.
    #[staticmethod]
    #[pyo3(signature = () -> "CatalogBuilder")]
    fn empty() -> CatalogBuilder {
        CatalogBuilder { inner: tenantry::Catalog::empty() }
    }

    /// Every feature, in dependency order.
    #[getter]
    fn features(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.inner.features().cloned().collect::<Vec<_>>().to_python(py, Mode::Blocking)
    }

    /// Every permission of every side, as they were added.
    #[getter]
    fn permissions(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.inner.permissions().cloned().collect::<Vec<_>>().to_python(py, Mode::Blocking)
    }

    /// The sections of the customer portal, in the order in which they are shown.
    #[getter]
    fn sections(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.inner.sections().to_vec().to_python(py, Mode::Blocking)
    }

    /// The features of a new customer with all that they require, in dependency order.
    #[getter]
    fn default_features(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.inner.default_features().to_python(py, Mode::Blocking)
    }

    /// The feature with this name; `None` when the catalogue has none.
    ///
    /// Args:
    ///     name: Its name.
    ///
    /// Returns:
    ///     The feature, or `None`.
    #[pyo3(signature = (name) -> "Feature | None")]
    fn feature(&self, py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
        self.inner.feature(name).cloned().to_python(py, Mode::Blocking)
    }

    /// Whether any side has a permission of this name.
    ///
    /// Args:
    ///     name: The name of a permission.
    ///
    /// Returns:
    ///     Whether there is one.
    fn knows_permission(&self, name: &str) -> bool {
        self.inner.knows_permission(name)
    }

    /// Whether the role has the permission on this side, whatever the features; `False` for a name that the side has not.
    ///
    /// Args:
    ///     portal: The side.
    ///     name: The name of a permission.
    ///     role: The role.
    ///
    /// Returns:
    ///     Whether the role has it.
    #[pyo3(signature = (portal: "Portal", name, role: "Role") -> "bool")]
    fn allows(&self, portal: PortalName, name: &str, role: RoleName) -> bool {
        self.inner.permission(portal.0, name).is_some_and(|id| self.inner.allows(id, role.0))
    }

    /// What the names stored for a customer mean to this catalogue.
    ///
    /// Args:
    ///     stored: The names that are stored.
    ///
    /// Returns:
    ///     What is on, waits for a requirement, and is unknown.
    #[pyo3(signature = (stored: "Sequence[str]") -> "StoredFeatures")]
    fn resolve(&self, py: Python<'_>, stored: Vec<String>) -> PyResult<Py<PyAny>> {
        let resolved = self.inner.resolve(stored.iter().map(String::as_str));
        let on = self.inner.names(&resolved.on).to_python(py, Mode::Blocking)?;
        let (waiting, unknown) = (resolved.waiting, resolved.unknown);
        let fields = (on, waiting.to_python(py, Mode::Blocking)?, unknown.to_python(py, Mode::Blocking)?);
        Ok(class!(py, "StoredFeatures")?.call1(fields)?.unbind())
    }

    /// What enabling a feature would change, and what would be stored from then on.
    ///
    /// Args:
    ///     stored: The names that are stored.
    ///     feature: The feature.
    ///
    /// Returns:
    ///     What would be stored, and what changes.
    ///
    /// Raises:
    ///     UnknownNameError: The catalogue does not know the feature.
    #[pyo3(signature = (stored: "Sequence[str]", feature) -> "StoredChange")]
    fn enable(&self, py: Python<'_>, stored: Vec<String>, feature: &str) -> PyResult<Py<PyAny>> {
        let change = self.inner.enable(stored.iter().map(String::as_str), feature);
        change.map_err(unknown)?.to_python(py, Mode::Blocking)
    }

    /// What disabling a feature would change, and what would be stored from then on.
    ///
    /// Args:
    ///     stored: The names that are stored.
    ///     feature: The feature.
    ///
    /// Returns:
    ///     What would be stored, and what changes.
    ///
    /// Raises:
    ///     UnknownNameError: The catalogue does not know the feature.
    #[pyo3(signature = (stored: "Sequence[str]", feature) -> "StoredChange")]
    fn disable(&self, py: Python<'_>, stored: Vec<String>, feature: &str) -> PyResult<Py<PyAny>> {
        let change = self.inner.disable(stored.iter().map(String::as_str), feature);
        change.map_err(unknown)?.to_python(py, Mode::Blocking)
    }
}

fn unknown(error: UnknownFeature) -> PyErr {
    let name = error.name().to_owned();
    UnknownNameError::new_err((error.to_string(), "unknown_name", false, "feature", name))
}

/// Collects features, permissions and sections, in the order in which they are to be shown. Each method answers a new builder.
#[pyclass(frozen, module = "tenantry")]
pub(crate) struct CatalogBuilder {
    inner: tenantry::catalog::CatalogBuilder,
}

#[pymethods]
impl CatalogBuilder {
    /// Adds a feature; it may require features that are added later.
    ///
    /// Args:
    ///     feature: The feature.
    ///
    /// Returns:
    ///     A builder that has it.
    #[pyo3(signature = (feature: "Feature") -> "CatalogBuilder")]
    fn feature(&self, feature: &Bound<'_, PyAny>) -> PyResult<Self> {
        let new = Feature::new(text(feature, "name")?, text(feature, "title")?);
        let requires: Vec<String> = feature.getattr("requires")?.extract()?;
        let mut new = requires.into_iter().fold(new, Feature::requires);
        if feature.getattr("on_by_default")?.extract()? {
            new = new.on_by_default();
        }
        Ok(Self { inner: self.inner.clone().feature(new) })
    }

    /// Adds a permission; its feature may be added later.
    ///
    /// Args:
    ///     permission: The permission.
    ///
    /// Returns:
    ///     A builder that has it.
    #[pyo3(signature = (permission: "Permission") -> "CatalogBuilder")]
    fn permission(&self, permission: &Bound<'_, PyAny>) -> PyResult<Self> {
        let name = text(permission, "name")?;
        let PortalName(portal) = permission.getattr("portal")?.extract()?;
        let RoleSet(roles) = permission.getattr("roles")?.extract()?;
        let mut new = match portal {
            Portal::Vendor => Permission::vendor(name, roles),
            Portal::Customer => Permission::customer(name, roles),
            Portal::Service => Permission::service(name),
        };
        if let Some(feature) = permission.getattr("needs")?.extract::<Option<String>>()? {
            new = new.needs(feature);
        }
        if permission.getattr("while_archived")?.extract()? {
            new = new.while_archived();
        }
        Ok(Self { inner: self.inner.clone().permission(new) })
    }

    /// Adds a section after those that are there; its permission may be added later.
    ///
    /// Args:
    ///     section: The section.
    ///
    /// Returns:
    ///     A builder that has it.
    #[pyo3(signature = (section: "Section") -> "CatalogBuilder")]
    fn section(&self, section: &Bound<'_, PyAny>) -> PyResult<Self> {
        let new = Section::new(text(section, "key")?, text(section, "title")?, text(section, "permission")?);
        Ok(Self { inner: self.inner.clone().section(new) })
    }

    /// Checks everything and makes the catalogue.
    ///
    /// Returns:
    ///     The catalogue.
    ///
    /// Raises:
    ///     CatalogError: The first thing that is wrong.
    #[pyo3(signature = () -> "Catalog")]
    fn build(&self) -> PyResult<Catalog> {
        self.inner.clone().build().map(|inner| Catalog { inner }).map_err(errors::catalog)
    }
}

fn text(record: &Bound<'_, PyAny>, field: &str) -> PyResult<String> {
    record.getattr(field)?.extract()
}

impl ToPython for Feature {
    fn to_python(self, py: Python<'_>, mode: Mode) -> PyResult<Py<PyAny>> {
        let requires = self.requirements().to_vec().to_python(py, mode)?;
        let fields = (self.name(), self.title(), requires, self.is_on_by_default());
        Ok(class!(py, "Feature")?.call1(fields)?.unbind())
    }
}

impl ToPython for Permission {
    fn to_python(self, py: Python<'_>, mode: Mode) -> PyResult<Py<PyAny>> {
        let roles = self.roles().iter().collect::<Vec<_>>().to_python(py, mode)?;
        let portal = self.portal().to_python(py, mode)?;
        let fields = (portal, self.name(), roles, self.feature(), self.is_allowed_while_archived());
        Ok(class!(py, "Permission")?.call1(fields)?.unbind())
    }
}

impl ToPython for Section {
    fn to_python(self, py: Python<'_>, _: Mode) -> PyResult<Py<PyAny>> {
        Ok(class!(py, "Section")?.call1((self.key(), self.title(), self.permission()))?.unbind())
    }
}

impl ToPython for Change {
    fn to_python(self, py: Python<'_>, mode: Mode) -> PyResult<Py<PyAny>> {
        let fields = (self.stored.to_python(py, mode)?, self.changed.to_python(py, mode)?);
        Ok(class!(py, "StoredChange")?.call1(fields)?.unbind())
    }
}
