//! The decision function.

use crate::catalog::{Catalog, PermissionId, Portal};
use crate::store::{CustomerStatus, MemberState, Standing};

/// What was decided, and by which of the conditions of R2: the first that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may go on.
    Allowed,
    /// The place is unknown, or the actor is no member of it.
    NotFound,
    /// The member is suspended.
    Suspended,
    /// The customer is archived.
    Archived,
    /// The role lacks the permission, or nobody has it from this side.
    Role,
    /// The feature that the permission belongs to is off.
    Feature,
}

impl Decision {
    /// A stable word, for logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::NotFound => "not_found",
            Self::Suspended => "suspended",
            Self::Archived => "archived",
            Self::Role => "role",
            Self::Feature => "feature",
        }
    }
}

/// Decides (R2): denies unless something allows, in this order.
///
/// Without a permission it decides whether the actor may be here at all. `archived_too` lets the vendor's staff through
/// to an archived customer (C5).
pub(crate) fn decide(
    catalog: &Catalog,
    portal: Portal,
    permission: Option<PermissionId>,
    archived_too: bool,
    standing: Option<&Standing>,
) -> Decision {
    let Some(standing) = standing else { return Decision::NotFound };
    let role = match (portal, &standing.member) {
        (Portal::Service, _) => None,
        (_, None) => return Decision::NotFound,
        (_, Some(member)) => match member.state {
            // Who has not accepted is not a member yet.
            MemberState::Invited => return Decision::NotFound,
            MemberState::Suspended => return Decision::Suspended,
            MemberState::Active => Some(member.role),
        },
    };
    if standing.status == CustomerStatus::Archived && !(archived_too && portal == Portal::Vendor) {
        return Decision::Archived;
    }
    let Some(permission) = permission else { return Decision::Allowed };
    if role.is_some_and(|role| !catalog.allows(permission, role)) {
        return Decision::Role;
    }
    // R6: staff may prepare what is still off; and the vendor itself has no features.
    if portal != Portal::Vendor
        && let Some(stored) = &standing.features
        && !catalog.feature_is_on(permission, &catalog.on(stored.iter()))
    {
        return Decision::Feature;
    }
    Decision::Allowed
}
