//! Many decisions from one read.

use crate::catalog::{Catalog, PermissionId, PermissionSet, Portal, Role};
use crate::error::{Error, UnknownName};
use crate::model::PortalSection;

/// What an actor may do at one moment: decides in memory, as often as one request needs.
///
/// It does not follow later changes; take a new one for each request.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(crate) catalog: Catalog,
    pub(crate) portal: Portal,
    pub(crate) role: Option<Role>,
    pub(crate) allowed: PermissionSet,
    pub(crate) state: u64,
}

impl Snapshot {
    /// Whether the actor may do this.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] for a permission that the catalogue does not know.
    pub fn can(&self, permission: &str) -> Result<bool, Error> {
        match self.catalog.permission(self.portal, permission) {
            Some(id) => Ok(self.allowed.contains(id)),
            None if self.catalog.knows_permission(permission) => Ok(false),
            None => Err(UnknownName { kind: "permission", name: permission.to_owned() }.into()),
        }
    }

    /// Whether the actor may do this; for a permission looked up once in the [`Catalog`].
    pub fn allows(&self, permission: PermissionId) -> bool {
        self.allowed.contains(permission)
    }

    /// The role of the member; `None` for a service.
    pub fn role(&self) -> Option<Role> {
        self.role
    }

    /// Which state of the place it was taken from: a number that moves with members, roles, features and status.
    pub fn state(&self) -> u64 {
        self.state
    }

    /// The sections of the customer portal that the actor may open, in the catalogue's order (P1, F9).
    pub fn sections(&self) -> Vec<PortalSection> {
        let sections = self.catalog.sections().iter();
        let open = sections.filter(|section| {
            let permission = self.catalog.permission(Portal::Customer, section.permission());
            self.portal == Portal::Customer && permission.is_some_and(|id| self.allowed.contains(id))
        });
        open.map(|section| PortalSection { key: section.key().to_owned(), title: section.title().to_owned() }).collect()
    }
}
