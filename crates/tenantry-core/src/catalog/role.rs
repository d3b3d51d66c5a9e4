//! The three roles, sets of them, and the three sides from which permissions are asked.

use std::fmt;

/// What a member of a place may do; the three are fixed, the permissions of each are the catalogue's (R1, R5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Role {
    /// Everything.
    Administrator,
    /// Views and changes most things; no members, no settings.
    User,
    /// Views.
    Viewer,
}

impl Role {
    /// The three, the most powerful first.
    pub const ALL: [Self; 3] = [Self::Administrator, Self::User, Self::Viewer];

    /// The name that is stored and shown: `administrator`, `user` or `viewer`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::User => "user",
            Self::Viewer => "viewer",
        }
    }

    /// The role with this name, which is compared exactly; `None` for any other text.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Administrator => 1,
            Self::User => 2,
            Self::Viewer => 4,
        }
    }
}

/// A text that is no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a role: it is `administrator`, `user` or `viewer`")]
pub struct ParseRoleError;

impl std::str::FromStr for Role {
    type Err = ParseRoleError;

    fn from_str(text: &str) -> Result<Self, ParseRoleError> {
        Self::from_name(text).ok_or(ParseRoleError)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The side from which something is asked; each has permissions of its own (R6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Portal {
    /// What the vendor's staff see.
    Vendor,
    /// What a customer's members see.
    Customer,
    /// What a named service of the host may do (S3).
    Service,
}

impl Portal {
    /// The name that is shown: `vendor`, `customer` or `service`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vendor => "vendor",
            Self::Customer => "customer",
            Self::Service => "service",
        }
    }
}

impl fmt::Display for Portal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A set of roles.
///
/// Made from a role or an array of roles, or from the constants:
///
/// ```
/// # use tenantry_core as tenantry;
/// use tenantry::catalog::{Role, Roles};
///
/// let editors = Roles::from([Role::Administrator, Role::User]);
/// assert!(editors.contains(Role::User));
/// assert!(!editors.contains(Role::Viewer));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Roles(u8);

impl Roles {
    /// No role.
    pub const NONE: Self = Self(0);
    /// Every role.
    pub const ALL: Self = Self::of(&Role::ALL);

    /// The set of these roles; in constants, where [`From`] cannot be used.
    pub const fn of(roles: &[Role]) -> Self {
        let mut bits = 0;
        let mut rest = roles;
        while let [first, others @ ..] = rest {
            bits |= first.bit();
            rest = others;
        }
        Self(bits)
    }

    /// Whether the role is in the set.
    pub const fn contains(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// The roles in the set, the most powerful first.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.contains(*role))
    }
}

impl From<Role> for Roles {
    fn from(role: Role) -> Self {
        Self(role.bit())
    }
}

impl<const N: usize> From<[Role; N]> for Roles {
    fn from(roles: [Role; N]) -> Self {
        Self::of(&roles)
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r1_a_role_is_read_back_from_its_name_only() {
        for role in Role::ALL {
            assert_eq!(Role::from_name(role.as_str()), Some(role));
            assert_eq!(role.to_string(), role.as_str());
        }
        assert_eq!(Role::from_name("Administrator"), None);
        assert_eq!(Role::from_name(""), None);
    }

    #[test]
    fn a_set_of_roles_has_exactly_what_was_put_in() {
        let some = Roles::from([Role::Viewer, Role::Administrator, Role::Viewer]);
        assert_eq!(some.iter().collect::<Vec<_>>(), [Role::Administrator, Role::Viewer]);
        assert_eq!(format!("{some:?}"), "{Administrator, Viewer}");
        assert_eq!(Roles::NONE.iter().count(), 0);
        assert!(Role::ALL.into_iter().all(|role| Roles::ALL.contains(role)));
        assert_eq!(Roles::from(Role::User), Roles::of(&[Role::User]));
    }
}
