//! Records of Rust as the dataclasses and enums that Python has for them.

use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use tenantry::chrono::{DateTime, Utc};
use tenantry::{
    Accepted, AuditEntry, Backup, ChainHead, Customer, CustomerFeature, CustomerId, CustomerStatus, Decision,
    Delivered, Delivery, DeliveryId, DeliveryState, Deployment, DeploymentUse, Explanation, FeatureChange, Features,
    Identity, ImportOutcome, ImportSummary, ImportedRow, Invitation, InvitationId, InvitationMail, InvitationStatus,
    Invited, Member, MemberId, MemberState, OpenInvitation, Page, Place, Portal, PortalSection, Rendered, Resolved,
    Role, RootKeyInfo, RootKeyState, Rotation, Secret as SecretInfo, SecretChange, SecretId, SecretUse, SecretVersion,
    TemplateError, TemplateProblem, UserId, Vendor, VendorId, Violation,
};

use crate::answer::{Mode, ToPython};

/// A class of the Python half of the package, looked up once.
macro_rules! class {
    ($py:expr, $name:expr) => {{
        static CLASS: pyo3::sync::PyOnceLock<Py<pyo3::types::PyType>> = pyo3::sync::PyOnceLock::new();
        CLASS.import($py, "tenantry", $name)
    }};
}
pub(crate) use class;

/// Values that PyO3 converts by itself.
macro_rules! plain {
    ($($type:ty),+) => {
        $(impl ToPython for $type {
            fn to_python(self, py: Python<'_>, _: Mode) -> PyResult<Py<PyAny>> {
                Ok(self.into_pyobject(py)?.to_owned().into_any().unbind())
            }
        })+
    };
}
plain!(bool, u32, u64, i64, String, &str, DateTime<Utc>);

impl ToPython for () {
    fn to_python(self, py: Python<'_>, _: Mode) -> PyResult<Py<PyAny>> {
        Ok(py.None())
    }
}

/// Values that are written as text.
macro_rules! text {
    ($($type:ty),+) => {
        $(impl ToPython for $type {
            fn to_python(self, py: Python<'_>, _: Mode) -> PyResult<Py<PyAny>> {
                Ok(PyString::new(py, &self.to_string()).into_any().unbind())
            }
        })+
    };
}
text!(VendorId, CustomerId, UserId, MemberId, InvitationId, DeliveryId, SecretId);

/// Enums that are words, as `StrEnum`s.
macro_rules! word {
    ($($type:ident by $word:expr;)+) => {
        $(impl ToPython for $type {
            fn to_python(self, py: Python<'_>, _: Mode) -> PyResult<Py<PyAny>> {
                let word: fn($type) -> &'static str = $word;
                Ok(class!(py, stringify!($type))?.call1((word(self),))?.unbind())
            }
        })+
    };
}
word! {
    Role by Role::as_str;
    Portal by Portal::as_str;
    CustomerStatus by CustomerStatus::as_str;
    MemberState by MemberState::as_str;
    RootKeyState by RootKeyState::as_str;
    Decision by Decision::as_str;
    InvitationStatus by |status| match status {
        InvitationStatus::Pending => "pending",
        InvitationStatus::Expired => "expired",
        InvitationStatus::Accepted => "accepted",
        InvitationStatus::Declined => "declined",
        InvitationStatus::Revoked => "revoked",
        InvitationStatus::Replaced => "replaced",
    };
    DeliveryState by |state| match state {
        DeliveryState::Pending => "pending",
        DeliveryState::Sending => "sending",
        DeliveryState::Sent => "sent",
        DeliveryState::Failed => "failed",
        DeliveryState::Unknown => "unknown",
    };
}

impl<T: ToPython> ToPython for Option<T> {
    fn to_python(self, py: Python<'_>, mode: Mode) -> PyResult<Py<PyAny>> {
        self.map_or_else(|| Ok(py.None()), |value| value.to_python(py, mode))
    }
}

/// Lists are tuples, so that records can be hashed.
impl<T: ToPython> ToPython for Vec<T> {
    fn to_python(self, py: Python<'_>, mode: Mode) -> PyResult<Py<PyAny>> {
        let items: PyResult<Vec<_>> = self.into_iter().map(|item| item.to_python(py, mode)).collect();
        Ok(PyTuple::new(py, items?)?.into_any().unbind())
    }
}

impl<A: ToPython, B: ToPython> ToPython for (A, B) {
    fn to_python(self, py: Python<'_>, mode: Mode) -> PyResult<Py<PyAny>> {
        let pair = (self.0.to_python(py, mode)?, self.1.to_python(py, mode)?);
        Ok(pair.into_pyobject(py)?.into_any().unbind())
    }
}

/// Records whose class has the same fields in the same order.
macro_rules! record {
    ($($type:ident { $($field:ident),+ })+) => {
        $(impl ToPython for $type {
            fn to_python(self, py: Python<'_>, mode: Mode) -> PyResult<Py<PyAny>> {
                let fields = ($(self.$field.to_python(py, mode)?,)+);
                Ok(class!(py, stringify!($type))?.call1(fields)?.unbind())
            }
        })+
    };
}
record! {
    Vendor { id, key, name }
    Identity { user, places, invitations }
    OpenInvitation { place, vendor, customer, name, email, role, raised, invited_by, expires_at }
    Customer { id, name, external_id, status, features, members, secrets, revision, created_at, updated_at }
    CustomerFeature { name, title, enabled, requires }
    Features { features, waiting, unknown }
    FeatureChange { enabled, changed }
    PortalSection { key, title }
    Member { id, user, name, email, role, state, revision, invited_by, invitation, expires_at, created_at, updated_at }
    Invitation { id, place, member, email, asked, role, status, invited_by, sent_at, expires_at, created_at, delivery }
    Invited { member, invitation, token, raised }
    Delivery { state, attempts, reason, next_attempt_at, updated_at }
    Delivered { sent, postponed, failed, next_attempt_at }
    InvitationMail {
        delivery, attempt, invitation, place, vendor_name, customer_name, name, email, role, token, created_at, expires_at
    }
    SecretInfo { id, key, version, created_at, created_by, updated_at, updated_by }
    SecretVersion { version, current, destroyed, created_at, created_by }
    SecretUse { deployment, name, running }
    SecretChange { secret, affected }
    Resolved { key, version, value }
    Rendered { text, versions }
    Deployment { id, name, secrets, created_at, updated_at }
    DeploymentUse { key, running }
    AuditEntry { number, time, actor, action, place, target, detail }
    RootKeyInfo { id, state, wraps, created_at }
    Rotation { moved, left }
    Backup { copied, left }
    ImportSummary { rows, created, skipped, refused }
}

impl<T: ToPython> ToPython for Page<T> {
    fn to_python(self, py: Python<'_>, mode: Mode) -> PyResult<Py<PyAny>> {
        let next = self.next.map(|cursor| cursor.to_string());
        Ok(class!(py, "Page")?.call1((self.items.to_python(py, mode)?, next))?.unbind())
    }
}

impl ToPython for Place {
    fn to_python(self, py: Python<'_>, mode: Mode) -> PyResult<Py<PyAny>> {
        let fields = (self.vendor().to_python(py, mode)?, self.customer().to_python(py, mode)?);
        Ok(class!(py, "Place")?.call1(fields)?.unbind())
    }
}

impl ToPython for ChainHead {
    fn to_python(self, py: Python<'_>, mode: Mode) -> PyResult<Py<PyAny>> {
        let hash: String = self.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(class!(py, "ChainHead")?.call1((self.place.to_python(py, mode)?, self.number, hash))?.unbind())
    }
}

impl ToPython for Violation {
    fn to_python(self, py: Python<'_>, mode: Mode) -> PyResult<Py<PyAny>> {
        let message = self.to_string();
        let fields = (self.place.to_python(py, mode)?, self.entry, self.what, message);
        Ok(class!(py, "Violation")?.call1(fields)?.unbind())
    }
}

impl ToPython for Explanation {
    fn to_python(self, py: Python<'_>, mode: Mode) -> PyResult<Py<PyAny>> {
        let (is_allowed, message) = (self.is_allowed(), self.to_string());
        let fields = (
            self.permission,
            self.decision.to_python(py, mode)?,
            self.role.to_python(py, mode)?,
            self.roles.to_python(py, mode)?,
            self.enable.to_python(py, mode)?,
            is_allowed,
            message,
        );
        Ok(class!(py, "Explanation")?.call1(fields)?.unbind())
    }
}

impl ToPython for TemplateError {
    fn to_python(self, py: Python<'_>, _: Mode) -> PyResult<Py<PyAny>> {
        let key = missing_key(&self);
        let fields = (self.code(), self.line(), self.column(), key, self.to_string());
        Ok(class!(py, "TemplateProblem")?.call1(fields)?.unbind())
    }
}

/// The key of the secret that a template lacks.
pub(crate) fn missing_key(error: &TemplateError) -> Option<String> {
    match error.kind() {
        TemplateProblem::MissingSecret { key } => Some(key.clone()),
        _ => None,
    }
}

impl ToPython for ImportedRow {
    fn to_python(self, py: Python<'_>, mode: Mode) -> PyResult<Py<PyAny>> {
        let (outcome, customer, code, reason) = match self.outcome {
            ImportOutcome::Created(customer) => ("created", Some(customer), None, None),
            ImportOutcome::Skipped => ("skipped", None, None, None),
            ImportOutcome::Refused(error) => ("refused", None, Some(error.code()), Some(error.to_string())),
            // An outcome that this release of the package does not know has no word: the class refuses it.
            other => return Err(crate::errors::unexpected(&format!("{other:?}"))),
        };
        let outcome = class!(py, "ImportOutcome")?.call1((outcome,))?;
        let fields = (self.row, outcome, customer.to_python(py, mode)?, code, reason);
        Ok(class!(py, "ImportedRow")?.call1(fields)?.unbind())
    }
}

impl ToPython for Accepted {
    fn to_python(self, py: Python<'_>, mode: Mode) -> PyResult<Py<PyAny>> {
        match self {
            Self::Vendor(scope) => scope.to_python(py, mode),
            Self::Customer(scope) => scope.to_python(py, mode),
        }
    }
}
