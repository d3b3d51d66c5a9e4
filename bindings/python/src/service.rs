//! A service of the host.

use pyo3::prelude::*;
use tenantry::NewDeployment;

use crate::answer::{Mode, handle};
use crate::arguments::{FormatName, Versions};
use crate::scopes::decisions;

handle! {
    /// A service of the host application, acting on one place: the only one who gets values of secrets.
    ///
    /// It may do what the catalogue's service rows say, and nothing else. Whatever it reads of values stands in the audit log
    /// before it gets them.
    ServiceScope of tenantry::ServiceScope: "ServiceScope" as BlockingServiceScope,
    "AsyncServiceScope" as AsyncServiceScope, "_ServiceScope"
}
decisions!(ServiceScope, "ServiceScope", "`None`: a service is no person.");

#[pymethods]
impl ServiceScope {
    /// The values of these secrets of the place, in the order of the keys given.
    ///
    /// Writes one audit entry that names place and keys. Needs `secrets.resolve`; of a customer, the feature that it belongs
    /// to.
    ///
    /// Args:
    ///     keys: The keys of the secrets.
    ///
    /// Returns:
    ///     Key, version and value of each.
    ///
    /// Raises:
    ///     NotFoundError: There is no such place, or no such key.
    ///     CustomerArchivedError: The customer is archived.
    ///     FeatureDisabledError: The feature that secrets belong to is off.
    ///     SecretKeyError: The key that sealed a value is not at hand, or the value was altered.
    ///     InvalidInputError: The name of the service or the reason does not follow its rules.
    #[pyo3(signature = (keys: "Sequence[str]") -> "Call[tuple[Resolved, ...]]")]
    fn resolve(&self, py: Python<'_>, keys: Vec<String>) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.resolve(keys))
    }

    /// The values of all secrets of the place, in the order of their keys; otherwise like `resolve`.
    ///
    /// Needs `secrets.resolve`; of a customer, the feature that it belongs to.
    ///
    /// Returns:
    ///     Key, version and value of each.
    ///
    /// Raises:
    ///     SecretKeyError: The key that sealed a value is not at hand, or the value was altered.
    #[pyo3(signature = () -> "Call[tuple[Resolved, ...]]")]
    fn resolve_all(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.resolve_all())
    }

    /// Fills a template with the secrets that it refers to, in the form that the file wants.
    ///
    /// Writes one audit entry that names place and keys. Needs `secrets.resolve`; of a customer, the feature that it belongs
    /// to.
    ///
    /// Args:
    ///     template: A text with `{{ .Secrets.KEY }}` in it.
    ///     format: How a value is written.
    ///
    /// Returns:
    ///     The text, and which versions were filled in.
    ///
    /// Raises:
    ///     TemplateError: A mistake, or a secret that it needs and that there is not, with line and column.
    #[pyo3(signature = (template, format: "Format") -> "Call[Rendered]")]
    fn render(&self, py: Python<'_>, template: &str, format: FormatName) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.render(template, format.0))
    }

    /// What takes the values of the place's secrets out of logs, all versions that are kept included.
    ///
    /// It holds copies of the values: make it when it is needed, and drop it soon. Writes one audit entry. Needs
    /// `secrets.resolve`; of a customer, the feature that it belongs to.
    ///
    /// Returns:
    ///     The redactor.
    ///
    /// Raises:
    ///     RedactorTooLargeError: The values are too many or too large to be looked for at once.
    #[pyo3(signature = () -> "Call[Redactor]")]
    fn redactor(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.redactor())
    }

    /// Registers a deployment of the place with its templates, or registers it anew. Needs `deployments.register`.
    ///
    /// Args:
    ///     id: Your own id of it, unique in the place.
    ///     name: Its name.
    ///     templates: The templates that are rendered for it. Only the keys that they refer to are kept.
    ///
    /// Returns:
    ///     The deployment.
    ///
    /// Raises:
    ///     InvalidInputError: A field does not follow its rules.
    ///     TemplateError: The first mistake of a template.
    #[pyo3(signature = (id, name, templates: "Sequence[str]" = Vec::new()) -> "Call[Deployment]")]
    fn register_deployment(
        &self,
        py: Python<'_>,
        id: String,
        name: String,
        templates: Vec<String>,
    ) -> PyResult<Py<PyAny>> {
        let deployment = templates.into_iter().fold(NewDeployment::new(id, name), NewDeployment::template);
        self.mode.with(py)?.answer(self.inner.register_deployment(deployment))
    }

    /// Notes which versions of its secrets a deployment runs with, as `resolve` and `render` answered them.
    ///
    /// Needs `deployments.register`.
    ///
    /// Args:
    ///     deployment: Your own id of it.
    ///     versions: The version of each key.
    ///
    /// Returns:
    ///     The deployment as it is now.
    ///
    /// Raises:
    ///     NotFoundError: There is no such deployment, or it does not use such a secret.
    #[pyo3(signature = (deployment, versions: "Mapping[str, int] | Iterable[tuple[str, int]]") -> "Call[Deployment]")]
    fn report_running(&self, py: Python<'_>, deployment: &str, versions: Versions) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.report_running(deployment, versions.0))
    }

    /// Forgets a deployment: it uses no secret any more. Needs `deployments.register`.
    ///
    /// Args:
    ///     deployment: Your own id of it.
    ///
    /// Raises:
    ///     NotFoundError: There is no such deployment.
    #[pyo3(signature = (deployment) -> "Call[None]")]
    fn remove_deployment(&self, py: Python<'_>, deployment: &str) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.remove_deployment(deployment))
    }
}
