//! A person acting on the vendor, and on one customer.

use pyo3::prelude::*;

use crate::answer::{Mode, ToPython, handle};
use crate::arguments::{Customer, ExternalId, User};

/// What every scope has: its decisions, who acts, and on what.
macro_rules! decisions {
    ($scope:ident, $name:literal, $user:literal) => {
        #[pymethods]
        impl $scope {
            /// Passes if the actor has the permission here: the call by which a host guards its own operations.
            ///
            /// Args:
            ///     permission: Its name in the catalogue, for example `deployments.edit`.
            ///
            /// Raises:
            ///     NotFoundError: There is no such place, or the actor is no member of it.
            ///     PermissionDeniedError: The member is suspended, or the role lacks the permission.
            ///     CustomerArchivedError: The customer is archived.
            ///     FeatureDisabledError: The feature that the permission belongs to is off.
            ///     UnknownNameError: The catalogue does not know the permission.
            #[pyo3(signature = (permission) -> "Call[None]")]
            fn require(&self, py: Python<'_>, permission: &str) -> PyResult<Py<PyAny>> {
                self.mode.with(py)?.answer(self.inner.require(permission))
            }

            /// Whether the actor has the permission here.
            ///
            /// Args:
            ///     permission: Its name in the catalogue, for example `deployments.edit`.
            ///
            /// Returns:
            ///     Whether the actor has it.
            ///
            /// Raises:
            ///     UnknownNameError: The catalogue does not know the permission. Never raised for a "no".
            #[pyo3(signature = (permission) -> "Call[bool]")]
            fn can(&self, py: Python<'_>, permission: &str) -> PyResult<Py<PyAny>> {
                self.mode.with(py)?.answer(self.inner.can(permission))
            }

            /// Why the actor has the permission here or not, and what would give it.
            ///
            /// Args:
            ///     permission: Its name in the catalogue, for example `deployments.edit`.
            ///
            /// Returns:
            ///     What was decided and by which condition, who has the permission, and what would give it.
            ///
            /// Raises:
            ///     UnknownNameError: The catalogue does not know the permission.
            ///     NotFoundError: There is no such place, or the actor is no member of it.
            #[pyo3(signature = (permission) -> "Call[Explanation]")]
            fn explain(&self, py: Python<'_>, permission: &str) -> PyResult<Py<PyAny>> {
                self.mode.with(py)?.answer(self.inner.explain(permission))
            }

            /// What the actor may do here at this moment: for many questions in one request.
            ///
            /// Returns:
            ///     The snapshot, which decides in memory.
            ///
            /// Raises:
            ///     NotFoundError: There is no such place, or the actor is no member of it.
            ///     PermissionDeniedError: The member is suspended.
            ///     CustomerArchivedError: The customer is archived, and the actor is not the vendor's staff.
            #[pyo3(signature = () -> "Call[Snapshot]")]
            fn snapshot(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
                self.mode.with(py)?.answer(self.inner.snapshot())
            }

            /// Who acts, as the audit log writes actors.
            #[getter]
            fn actor(&self) -> String {
                self.inner.actor().to_string()
            }

            #[doc = $user]
            #[getter]
            fn user_id(&self) -> Option<String> {
                self.inner.user_id().map(|user| user.to_string())
            }

            /// What is acted on.
            #[getter]
            fn place(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
                $crate::answer::ToPython::to_python(self.inner.place(), py, self.mode)
            }

            fn __repr__(&self) -> String {
                format!(concat!("<tenantry.", $name, " of {} on {}>"), self.inner.actor(), self.inner.place())
            }
        }
    };
}
pub(crate) use decisions;

/// The ways from a scope to its areas.
macro_rules! areas {
    ($scope:ident: $($area:ident = $doc:literal,)+) => {
        #[pymethods]
        impl $scope {
            $(
                #[doc = $doc]
                #[getter]
                fn $area(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
                    self.inner.$area().to_python(py, self.mode)
                }
            )+
        }
    };
}

handle! {
    /// A member of the vendor's staff, acting on the vendor.
    VendorScope of tenantry::VendorScope: "VendorScope" as BlockingVendorScope,
    "AsyncVendorScope" as AsyncVendorScope, "_VendorScope"
}
decisions!(VendorScope, "VendorScope", "The person who acts.");
areas! {
    VendorScope:
    customers = "The customers: create, find, import.",
    members = "The vendor's own members.",
    invitations = "The invitations to the vendor itself.",
    secrets = "The vendor's own secrets; they serve the vendor's own deployments only.",
    deployments = "The deployments of the vendor itself that services registered.",
    audit = "The audit log of the vendor.",
}

handle! {
    /// A person acting on one customer: one of its members, or the vendor's staff.
    CustomerScope of tenantry::CustomerScope: "CustomerScope" as BlockingCustomerScope,
    "AsyncCustomerScope" as AsyncCustomerScope, "_CustomerScope"
}
decisions!(CustomerScope, "CustomerScope", "The person who acts.");
areas! {
    CustomerScope:
    members = "The customer's members.",
    invitations = "The invitations into the customer.",
    secrets = "The customer's secrets; they serve this customer's deployments only.",
    features = "The customer's features.",
    deployments = "The deployments of the customer that services registered.",
    audit = "The audit log of the customer.",
}

#[pymethods]
impl VendorScope {
    /// The vendor's id.
    #[getter]
    fn vendor_id(&self) -> String {
        self.inner.vendor_id().to_string()
    }

    /// The same person, acting on one customer of the vendor. Whether it exists is decided with every operation.
    ///
    /// Args:
    ///     customer: The customer.
    ///
    /// Returns:
    ///     The person's scope on the customer.
    ///
    /// Raises:
    ///     InvalidInputError: The id does not read.
    #[pyo3(signature = (customer: "CustomerId") -> "CustomerScope")]
    fn customer(&self, py: Python<'_>, customer: Customer) -> PyResult<Py<PyAny>> {
        self.inner.customer(customer.0).to_python(py, self.mode)
    }

    /// Erases a person in every place of the vendor: name, e-mail, memberships, invitations, and what the log says of them.
    ///
    /// Their id stays as a pseudonym, and the log still verifies. Needs `users.manage` on the vendor.
    ///
    /// Args:
    ///     user: The person.
    ///
    /// Raises:
    ///     NotFoundError: There is no such person.
    ///     OwnMembershipError: Nobody erases themselves.
    ///     SoleAdministratorError: With the places that would be left without an active Administrator.
    #[pyo3(signature = (user: "UserId") -> "Call[None]")]
    fn erase_user(&self, py: Python<'_>, user: User) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.erase_user(user.0))
    }
}

#[pymethods]
impl CustomerScope {
    /// The customer's id.
    #[getter]
    fn customer_id(&self) -> String {
        self.inner.customer_id().to_string()
    }

    /// The customer. Needs `customers.view` of staff, `dashboard.view` of the customer's members.
    ///
    /// Returns:
    ///     The customer.
    ///
    /// Raises:
    ///     NotFoundError: There is no such customer, or the actor is no member of it.
    #[pyo3(signature = () -> "Call[Customer]")]
    fn get(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.get())
    }

    /// Changes what is named, and nothing else. Needs `customers.manage`.
    ///
    /// Args:
    ///     name: The new name.
    ///     external_id: The new external id; `None` takes it away. An archived customer keeps its own.
    ///     at_revision: Only if the record is still at this revision.
    ///
    /// Returns:
    ///     The customer as it is now.
    ///
    /// Raises:
    ///     InvalidInputError: A field does not follow its rules.
    ///     StaleRevisionError: The record moved.
    ///     AlreadyExistsError: The external id is taken.
    #[pyo3(signature = (
        *, name: "str | None" = None, external_id: "str | EllipsisType | None" = ExternalId::Keep,
        at_revision: "int | None" = None,
    ) -> "Call[Customer]")]
    fn update(
        &self,
        py: Python<'_>,
        name: Option<String>,
        external_id: ExternalId,
        at_revision: Option<u64>,
    ) -> PyResult<Py<PyAny>> {
        let mut patch = tenantry::CustomerPatch::new();
        (patch.name, patch.revision) = (name, at_revision);
        patch.external_id = match external_id {
            ExternalId::Keep => None,
            ExternalId::Take => Some(None),
            ExternalId::Set(external_id) => Some(Some(external_id)),
        };
        self.mode.with(py)?.answer(self.inner.update(patch))
    }

    /// Archives the customer: it is hidden from lists, and its members and services are refused. Needs `customers.manage`.
    ///
    /// Returns:
    ///     The customer as it is now.
    ///
    /// Raises:
    ///     CustomerArchivedError: It is archived already.
    #[pyo3(signature = () -> "Call[Customer]")]
    fn archive(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.archive())
    }

    /// Takes the customer back into use; nothing but the status changes. Needs `customers.manage`.
    ///
    /// Returns:
    ///     The customer as it is now.
    ///
    /// Raises:
    ///     PermissionDeniedError: The actor may not.
    #[pyo3(signature = () -> "Call[Customer]")]
    fn unarchive(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.unarchive())
    }

    /// Deletes the customer with its members, invitations, secrets and keys. Needs `customers.delete`.
    ///
    /// Its audit log stays, without details. A person who is left without any membership is erased in the same commit.
    ///
    /// Args:
    ///     name: Repeats the customer's name, as a safeguard.
    ///
    /// Raises:
    ///     InvalidInputError: The name is not the customer's.
    #[pyo3(signature = (name) -> "Call[None]")]
    fn delete(&self, py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.delete(name))
    }

    /// The sections of the customer portal that the actor may open, in order.
    ///
    /// The vendor's staff see what an Administrator of the customer would see: nothing while it is archived. Needs
    /// `customers.view` of staff; of the customer's members, to be active.
    ///
    /// Returns:
    ///     The sections.
    ///
    /// Raises:
    ///     PermissionDeniedError: The actor may not.
    #[pyo3(signature = () -> "Call[tuple[PortalSection, ...]]")]
    fn portal(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.portal())
    }

    /// Why one of the customer's members has a permission or not, and what would give it: for the vendor's support.
    ///
    /// Needs `customer_users.view` on the vendor's side.
    ///
    /// Args:
    ///     user: The member, as a person.
    ///     permission: Its name in the catalogue, for example `deployments.edit`.
    ///
    /// Returns:
    ///     What was decided and by which condition, who has the permission, and what would give it.
    ///
    /// Raises:
    ///     UnknownNameError: The catalogue does not know the permission.
    #[pyo3(signature = (user: "UserId", permission) -> "Call[Explanation]")]
    fn explain_for(&self, py: Python<'_>, user: User, permission: &str) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.explain_for(user.0, permission))
    }
}
