//! Vendors, and who a signed-in person is.

use super::Invitation;
use crate::ids::{UserId, VendorId};
use crate::store::{Place, VendorRow};

/// A vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Vendor {
    /// Its id.
    pub id: VendorId,
    /// Its key, unique in the store.
    pub key: String,
    /// Its name.
    pub name: String,
}

impl From<VendorRow> for Vendor {
    fn from(row: VendorRow) -> Self {
        Self { id: row.id, key: row.key, name: row.name }
    }
}

/// A person within one vendor, as found by their verified e-mail (V3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Identity {
    /// The person's id: make a scope from it.
    pub user: UserId,
    /// Where the person is an active member.
    pub places: Vec<Place>,
    /// The invitations that the person can still accept.
    pub invitations: Vec<Invitation>,
}
