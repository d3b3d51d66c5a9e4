//! The native half of the Python package `tenantry`: its classes over the handles of Rust. No rule lives here.

mod answer;
mod app;
mod areas;
mod arguments;
mod asyncio;
mod catalog;
mod customers;
mod errors;
mod features;
mod keys;
mod logging;
mod maintenance;
mod outbox;
mod pages;
mod records;
mod redaction;
mod scopes;
mod secret;
mod service;
mod testing;
mod wiping;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use tenantry::access::{Need, OPERATIONS};

/// The native half of tenantry. Import `tenantry`, which has all of it.
#[pymodule]
mod _tenantry {
    #[pymodule_export]
    use crate::app::{AsyncTenantry, BlockingTenantry};
    #[pymodule_export]
    use crate::areas::{
        AsyncAudit, AsyncDeployments, AsyncInvitations, AsyncMembers, AsyncSecrets, BlockingAudit, BlockingDeployments,
        BlockingInvitations, BlockingMembers, BlockingSecrets,
    };
    #[pymodule_export]
    use crate::catalog::{Catalog, CatalogBuilder};
    #[pymodule_export]
    use crate::customers::{AsyncCustomers, BlockingCustomers};
    #[pymodule_export]
    use crate::features::{AsyncFeatureSwitches, BlockingFeatureSwitches, Snapshot};
    #[pymodule_export]
    use crate::keys::{KeyRing, Passphrase, RootKey};
    #[pymodule_export]
    use crate::maintenance::{AsyncMaintenance, BlockingMaintenance};
    #[pymodule_export]
    use crate::outbox::{AsyncOutbox, BlockingOutbox};
    #[pymodule_export]
    use crate::redaction::{RedactionStream, Redactor, Template};
    #[pymodule_export]
    use crate::scopes::{AsyncCustomerScope, AsyncVendorScope, BlockingCustomerScope, BlockingVendorScope};
    #[pymodule_export]
    use crate::secret::Secret;
    #[pymodule_export]
    use crate::service::{AsyncServiceScope, BlockingServiceScope};
    #[pymodule_export]
    use crate::testing::{CountingIds, FixedClock};
    #[pymodule_export]
    use crate::{error_codes, nothing, operations};

    // What the two classes of a handle share: the stub is made from its methods, programs do not see it.
    #[cfg(feature = "stubs")]
    #[pymodule_export]
    use crate::{
        app::Tenantry, areas::Audit, areas::Deployments, areas::Invitations, areas::Members, areas::Secrets,
        customers::Customers, features::FeatureSwitches, maintenance::Maintenance, outbox::Outbox,
        scopes::CustomerScope, scopes::VendorScope, service::ServiceScope,
    };
}

/// The names of all operations of the Rust API with the permissions that they need, from whatever side; the tests hold the
/// package against them.
#[pyfunction]
#[pyo3(signature = () -> "dict[str, tuple[str, ...]]")]
fn operations(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let table = PyDict::new(py);
    for operation in OPERATIONS {
        let needs = [operation.vendor, operation.staff, operation.customer, operation.service];
        let permissions = needs.into_iter().filter_map(|need| match need {
            Need::Permission(permission) => Some(permission),
            Need::Nobody | Need::Membership => None,
        });
        table.set_item(operation.name, PyTuple::new(py, permissions.collect::<Vec<_>>())?)?;
    }
    Ok(table)
}

/// The codes of all errors of the Rust API; the tests hold the exceptions against them.
#[pyfunction]
#[pyo3(signature = () -> "tuple[str, ...]")]
fn error_codes(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
    PyTuple::new(py, tenantry::Error::codes().collect::<Vec<_>>())
}

/// Does nothing: what a call into the extension costs at least, for the figures.
#[pyfunction]
#[pyo3(signature = (argument, /))]
fn nothing(argument: &str) -> bool {
    argument.is_empty()
}
