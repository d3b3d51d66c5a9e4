//! What Python hands in, read as the types of Rust. What does not read is an `InvalidInputError`, like what a rule refuses.

use std::str::FromStr;

use pyo3::prelude::*;
use pyo3::types::{PyEllipsis, PyMapping, PyString};
use tenantry::catalog::Roles;
use tenantry::{
    ChainHead, Cursor, CustomerId, CustomerStatus, Durability, Format, InvitationId, MemberId, NewCustomer,
    PageRequest, Place, Portal, Role, SecretValue, UserId, VendorId,
};

use crate::errors;
use crate::secret::Secret;

/// A text that reads as a `T`.
macro_rules! text {
    ($name:ident of $inner:ty, $field:literal, $read:expr) => {
        pub(crate) struct $name(pub(crate) $inner);

        impl<'py> FromPyObject<'_, 'py> for $name {
            type Error = PyErr;

            fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
                let text: &Bound<'py, PyString> = &*object.cast::<PyString>()?;
                let read: fn(&str) -> Result<$inner, String> = $read;
                read(&text.to_string_lossy()).map(Self).map_err(|reason| errors::invalid_input($field, &reason))
            }
        }
    };
}

fn parse<T: FromStr<Err: ToString>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

/// For enums that are words: the value, or the words that there are.
fn word<T>(value: Option<T>, words: &str) -> Result<T, String> {
    value.ok_or_else(|| format!("is none of {words}"))
}

text!(Vendor of VendorId, "vendor id", parse);
text!(Customer of CustomerId, "customer id", parse);
text!(User of UserId, "user id", parse);
text!(Member of MemberId, "member id", parse);
text!(Invitation of InvitationId, "invitation id", parse);
text!(RoleName of Role, "role", parse);
text!(Status of CustomerStatus, "status", |text| word(CustomerStatus::from_name(text), "`active` and `archived`"));
text!(PortalName of Portal, "portal", |text| {
    let portals = [Portal::Vendor, Portal::Customer, Portal::Service];
    word(portals.into_iter().find(|portal| portal.as_str() == text), "`vendor`, `customer` and `service`")
});
text!(FormatName of Format, "format", |text| match text {
    "plain" => Ok(Format::Plain),
    "env" => Ok(Format::Env),
    "yaml" => Ok(Format::Yaml),
    _ => word(None, "`plain`, `env` and `yaml`"),
});
text!(DurabilityName of Durability, "durability", |text| match text {
    "power_loss" => Ok(Durability::PowerLoss),
    "process_crash" => Ok(Durability::ProcessCrash),
    _ => word(None, "`power_loss` and `process_crash`"),
});

text!(Hash of [u8; 32], "hash", |text| {
    let digits = text.as_bytes().as_chunks::<2>().0.iter();
    let bytes: Option<Vec<u8>> =
        digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).collect();
    let hash = bytes.filter(|_| text.len() == 64).and_then(|bytes| bytes.try_into().ok());
    hash.ok_or_else(|| "is not 32 bytes in hexadecimal".to_owned())
});

/// A secret: a `Secret`, or the plain text.
pub(crate) struct SecretText(pub(crate) SecretValue);

impl<'py> FromPyObject<'_, 'py> for SecretText {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(secret) = object.cast::<Secret>() {
            return Ok(Self(secret.get().value.clone()));
        }
        let text = object.cast::<PyString>()?;
        // A lone surrogate is no text; the message must not show the value.
        let text = text.to_cow().map_err(|_| errors::invalid_input("value", "is not text that UTF-8 can hold"))?;
        Ok(Self(SecretValue::from(&*text)))
    }
}

/// What a change does to an external id.
pub(crate) enum ExternalId {
    Keep,
    Take,
    Set(String),
}

impl<'py> FromPyObject<'_, 'py> for ExternalId {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if object.is_none() {
            return Ok(Self::Take);
        }
        if object.cast::<PyEllipsis>().is_ok() {
            return Ok(Self::Keep);
        }
        Ok(Self::Set(object.extract()?))
    }
}

/// Which customers a list shows, by status.
pub(crate) enum StatusFilter {
    Any,
    One(CustomerStatus),
}

impl<'py> FromPyObject<'_, 'py> for StatusFilter {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if object.is_none() { Ok(Self::Any) } else { Ok(Self::One(object.extract::<Status>()?.0)) }
    }
}

/// A `Place` of Python.
pub(crate) struct PlaceOf(pub(crate) Place);

impl<'py> FromPyObject<'_, 'py> for PlaceOf {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let Vendor(vendor) = object.getattr("vendor")?.extract()?;
        let customer: Option<Customer> = object.getattr("customer")?.extract()?;
        Ok(Self(customer.map_or(Place::Vendor(vendor), |customer| Place::Customer(vendor, customer.0))))
    }
}

/// A `ChainHead` of Python.
pub(crate) struct Head(pub(crate) ChainHead);

impl<'py> FromPyObject<'_, 'py> for Head {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let PlaceOf(place) = object.getattr("place")?.extract()?;
        let Hash(hash) = object.getattr("hash")?.extract()?;
        Ok(Self(ChainHead { place, number: object.getattr("number")?.extract()?, hash }))
    }
}

/// A `NewCustomer` of Python.
pub(crate) struct New(pub(crate) NewCustomer);

impl<'py> FromPyObject<'_, 'py> for New {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let name: String = object.getattr("name")?.extract()?;
        let external_id = object.getattr("external_id")?.extract()?;
        Ok(Self(new_customer(name, external_id)))
    }
}

pub(crate) fn new_customer(name: String, external_id: Option<String>) -> NewCustomer {
    let new = NewCustomer::new(name);
    match external_id {
        Some(external_id) => new.external_id(external_id),
        None => new,
    }
}

/// A role or several.
pub(crate) struct RoleSet(pub(crate) Roles);

impl<'py> FromPyObject<'_, 'py> for RoleSet {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let roles: PyResult<Vec<Role>> = object.try_iter()?.map(|role| Ok(role?.extract::<RoleName>()?.0)).collect();
        Ok(Self(Roles::of(&roles?)))
    }
}

/// Versions by key: a mapping, or pairs.
pub(crate) struct Versions(pub(crate) Vec<(String, u64)>);

impl<'py> FromPyObject<'_, 'py> for Versions {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let pairs = match object.cast::<PyMapping>() {
            Ok(mapping) => mapping.items()?.into_any(),
            Err(_) => object.to_owned(),
        };
        let pairs: PyResult<Vec<_>> = pairs.try_iter()?.map(|pair| pair?.extract()).collect();
        Ok(Self(pairs?))
    }
}

/// The page that a list is asked for.
pub(crate) fn page(limit: usize, after: Option<String>) -> PageRequest {
    let request = match after.map(|text| text.parse::<Cursor>()) {
        Some(Ok(cursor)) => PageRequest::after(cursor),
        Some(Err(never)) => match never {},
        None => PageRequest::first(),
    };
    request.size(limit)
}
