//! A decision in words.

use std::fmt;

use super::Decision;
use crate::catalog::Role;

/// Why a permission is given or not, and what would give it (R3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The permission.
    pub permission: String,
    /// What was decided.
    pub decision: Decision,
    /// The role of the member, if there is one.
    pub role: Option<Role>,
    /// The roles that have the permission from this side.
    pub roles: Vec<Role>,
    /// The features to enable, in dependency order, when [`Decision::Feature`].
    pub enable: Vec<String>,
}

impl Explanation {
    /// Whether the permission is given.
    pub fn is_allowed(&self) -> bool {
        self.decision == Decision::Allowed
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = self.role.map_or("a service", Role::as_str);
        match self.decision {
            Decision::Allowed => write!(f, "`{}` is allowed: {role} has it", self.permission),
            Decision::NotFound => write!(f, "`{}` is denied: not a member", self.permission),
            Decision::Suspended => {
                write!(f, "`{}` is denied: the member is suspended; resume the member", self.permission)
            }
            Decision::Archived => {
                write!(f, "`{}` is denied: the customer is archived; unarchive it", self.permission)
            }
            Decision::Role if self.roles.is_empty() => {
                write!(f, "`{}` is denied: nobody has it from this side", self.permission)
            }
            Decision::Role => {
                let roles: Vec<_> = self.roles.iter().map(|role| role.as_str()).collect();
                write!(f, "`{}` is denied: {role} does not have it; it takes {}", self.permission, roles.join(" or "))
            }
            Decision::Feature => {
                write!(f, "`{}` is denied: a feature is off; enable {}", self.permission, self.enable.join(", "))
            }
        }
    }
}
