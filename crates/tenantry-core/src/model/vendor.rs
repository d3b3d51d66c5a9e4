//! Vendors, and who a signed-in person is.

use chrono::{DateTime, Utc};

use super::Invitation;
use crate::catalog::Role;
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

/// What an invitation that works is for: what the page behind its link shows before the person accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct OpenInvitation {
    /// Where to.
    pub place: Place,
    /// The vendor's name.
    pub vendor: String,
    /// The customer's name, if it is into one.
    pub customer: Option<String>,
    /// The name of the person, as whoever invited gave it.
    pub name: String,
    /// The e-mail that was invited: who accepts must have verified it.
    pub email: String,
    /// The role that it gives.
    pub role: Role,
    /// Whether the role was raised to Administrator because the place had none (U2).
    pub raised: bool,
    /// The name of who invited, in that place or among the vendor's staff; `None` when they are gone.
    pub invited_by: Option<String>,
    /// When it stops working.
    pub expires_at: DateTime<Utc>,
}
