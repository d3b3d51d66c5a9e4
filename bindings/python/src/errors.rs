//! Errors of Rust as the exceptions that Python has for them. The arguments of each are message, code, whether the call may
//! be repeated, and then its own fields: so an exception can be pickled.

use pyo3::exceptions::PyRuntimeError;
use pyo3::import_exception;
use pyo3::prelude::*;
use tenantry::catalog::CatalogError as RustCatalogError;
use tenantry::error::{Denial, StorageKind};
use tenantry::{Error, ProviderError, RootKeyError as RustRootKeyError};

use crate::answer::{Mode, ToPython};
use crate::records::{class, missing_key};

macro_rules! exceptions {
    ($($name:ident)+) => { $(import_exception!(tenantry._errors, $name);)+ };
}
exceptions! {
    InvalidInputError UnknownNameError NotFoundError PermissionDeniedError CustomerArchivedError FeatureDisabledError
    AlreadyExistsError StaleRevisionError AlreadyMemberError AlreadyInvitedError LastAdministratorError
    SoleAdministratorError OwnMembershipError SecretInUseError InvitationInvalidError TooManyInvitationsError
    ContendedError TemplateError SecretKeyError RedactorTooLargeError KeyProviderError StorageError StorageUnavailableError
    OutcomeUnknownError CannotOpenError CannotBackUpError ClosedError CatalogError RootKeyError
}

/// The exception for an error. It needs the GIL only to make what it holds.
pub(crate) fn raise(error: Error) -> PyErr {
    Python::attach(|py| exception(py, error).unwrap_or_else(|failed| failed))
}

fn exception(py: Python<'_>, error: Error) -> PyResult<PyErr> {
    let head = (error.to_string(), error.code(), error.is_retryable());
    /// An exception of this class: with the three arguments that all have, and its own.
    macro_rules! new {
        ($class:ident $(, $field:expr)*) => { $class::new_err((head.0, head.1, head.2 $(, $field)*)) };
    }
    let blocking = Mode::Blocking;
    Ok(match error {
        Error::InvalidInput(error) => new!(InvalidInputError, error.field(), error.reason().to_owned()),
        Error::UnknownName(error) => new!(UnknownNameError, error.kind(), error.name().to_owned()),
        Error::NotFound(error) => new!(NotFoundError, error.kind()),
        Error::PermissionDenied(error) => {
            let (denial, role) = match error.denial() {
                Denial::Suspended => ("suspended", None),
                Denial::Role(role) => ("role", Some(role)),
                Denial::Portal => ("portal", None),
            };
            let denial = class!(py, "Denial")?.call1((denial,))?.unbind();
            let (actor, permission) = (error.actor().to_string(), error.permission().to_owned());
            new!(PermissionDeniedError, actor, permission, denial, role.to_python(py, blocking)?)
        }
        Error::CustomerArchived(error) => new!(CustomerArchivedError, error.customer().to_string()),
        Error::FeatureDisabled(error) => {
            let enable = error.enable().to_vec().to_python(py, blocking)?;
            new!(FeatureDisabledError, error.permission().to_owned(), error.feature().to_owned(), enable)
        }
        Error::AlreadyExists(error) => new!(AlreadyExistsError, error.field(), error.value().to_owned()),
        Error::StaleRevision(error) => new!(StaleRevisionError, error.expected(), error.found()),
        Error::AlreadyMember(error) => new!(AlreadyMemberError, error.member().to_string()),
        Error::AlreadyInvited(error) => new!(AlreadyInvitedError, error.invitation().to_string()),
        Error::InvitationInvalid => new!(InvitationInvalidError),
        Error::TooManyInvitations(error) => {
            new!(TooManyInvitationsError, error.retry_at().to_python(py, blocking)?)
        }
        Error::LastAdministrator(error) => {
            let remaining: PyResult<Vec<_>> = error
                .remaining()
                .iter()
                .map(|member| {
                    let fields = (
                        member.id.to_python(py, blocking)?,
                        member.role.to_python(py, blocking)?,
                        member.state.to_python(py, blocking)?,
                    );
                    Ok(class!(py, "RemainingMember")?.call1(fields)?.unbind())
                })
                .collect();
            let remaining = pyo3::types::PyTuple::new(py, remaining?)?.unbind();
            new!(LastAdministratorError, remaining)
        }
        Error::SoleAdministrator(error) => {
            new!(SoleAdministratorError, error.places().to_vec().to_python(py, blocking)?)
        }
        Error::OwnMembership => new!(OwnMembershipError),
        Error::SecretInUse(error) => {
            let deployments = error.deployments().to_vec().to_python(py, blocking)?;
            new!(SecretInUseError, error.key().to_owned(), deployments, error.has_more())
        }
        Error::Template(error) => new!(TemplateError, error.line(), error.column(), missing_key(&error)),
        Error::Contended | Error::Overloaded => new!(ContendedError),
        Error::KeyNotAvailable | Error::UnsupportedFormat | Error::DecryptionFailed | Error::WrongRootKey => {
            new!(SecretKeyError)
        }
        Error::RedactorTooLarge(_) => new!(RedactorTooLargeError),
        Error::KeyProvider(error) => {
            let exception = new!(KeyProviderError);
            if let ProviderError::Failed(source) = error {
                exception.set_cause(py, cause(py, source));
            }
            exception
        }
        Error::Storage(storage) => {
            let kind = storage.kind();
            let exception = match kind {
                StorageKind::Unavailable => new!(StorageUnavailableError),
                StorageKind::OutcomeUnknown => new!(OutcomeUnknownError),
                _ => new!(StorageError),
            };
            exception.set_cause(py, reasons(&storage).map(PyRuntimeError::new_err));
            exception
        }
        Error::CannotOpen(_) => new!(CannotOpenError),
        Error::CannotBackUp(_) => new!(CannotBackUpError),
        Error::Closed | Error::Forked => new!(ClosedError),
        // The enum may grow. A test walks all codes, so that none ends here.
        _ => new!(StorageError),
    })
}

/// What a provider raised, when it is written in Python; otherwise what it says.
fn cause(py: Python<'_>, source: Box<dyn std::error::Error + Send + Sync>) -> Option<PyErr> {
    match source.downcast::<PyErr>() {
        Ok(raised) => Some(raised.clone_ref(py)),
        Err(source) => Some(PyRuntimeError::new_err(source.to_string())),
    }
}

/// What the store said: the sources of an error, one after another.
fn reasons(error: &dyn std::error::Error) -> Option<String> {
    let mut said = Vec::new();
    let mut next = error.source();
    while let Some(source) = next {
        said.push(source.to_string());
        next = source.source();
    }
    (!said.is_empty()).then(|| said.join(": "))
}

/// What was handed in does not read; said like what a rule refuses.
pub(crate) fn invalid_input(field: &'static str, reason: &str) -> PyErr {
    InvalidInputError::new_err((format!("{field}: {reason}"), "invalid_input", false, field, reason.to_owned()))
}

/// Something that the package should know and does not.
pub(crate) fn unexpected(what: &str) -> PyErr {
    PyRuntimeError::new_err(format!("this release of the package does not know {what}"))
}

/// Why a catalogue could not be built.
pub(crate) fn catalog(error: RustCatalogError) -> PyErr {
    let (kind, names) = match &error {
        RustCatalogError::Cycle { names, .. } => ("cycle", names.clone()),
        RustCatalogError::UnknownName { name, used_by, .. } => ("unknown_name", vec![name.clone(), used_by.clone()]),
        RustCatalogError::Duplicate { name, .. } => ("duplicate", vec![name.clone()]),
        RustCatalogError::InvalidName { name, .. } => ("invalid_name", vec![name.clone()]),
        RustCatalogError::InvalidPermission { name, .. } => ("invalid_permission", vec![name.clone()]),
        _ => ("invalid", Vec::new()),
    };
    Python::attach(|py| match names.to_python(py, Mode::Blocking) {
        Ok(names) => CatalogError::new_err((error.to_string(), format!("catalog_{kind}"), false, names)),
        Err(failed) => failed,
    })
}

/// Why there is no root key.
pub(crate) fn root_key(error: RustRootKeyError) -> PyErr {
    let code = match &error {
        RustRootKeyError::Unset(_) => "root_key_unset",
        RustRootKeyError::Malformed(_) => "root_key_malformed",
        RustRootKeyError::File { .. } => "root_key_file",
        RustRootKeyError::Random(_) => "root_key_random",
        _ => "root_key",
    };
    let message = match reasons(&error) {
        Some(reasons) => format!("{error}: {reasons}"),
        None => error.to_string(),
    };
    RootKeyError::new_err((message, code, false))
}

/// What a provider that is written in Python raised.
pub(crate) fn provider(py: Python<'_>, raised: PyErr) -> ProviderError {
    if raised.is_instance_of::<pyo3::exceptions::PyTimeoutError>(py) {
        ProviderError::TimedOut
    } else {
        ProviderError::failed(raised)
    }
}
