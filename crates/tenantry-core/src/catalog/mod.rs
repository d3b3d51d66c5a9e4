//! What a product has: features and what they require, permissions and who has them, sections of the customer portal.
//!
//! A catalogue is code: built once when the host starts, checked as a whole (F6), then shared and never changed. It
//! holds no customer's data; it answers what a customer's stored features mean ([`Catalog::on`]), what a change of them
//! would be ([`Catalog::enable`], [`Catalog::disable`]) and who has which permission ([`Catalog::allows`]).
//!
//! The host adds its own content to the standard one (R5):
//!
//! ```
//! # use tenantry_core as tenantry;
//! use tenantry::catalog::{Catalog, Feature, Permission, Role, Roles, Section};
//!
//! let catalog = Catalog::builder()
//!     .feature(Feature::new("backups", "Backups").requires("deployments"))
//!     .permission(Permission::customer("backups.view", Roles::ALL).needs("backups"))
//!     .permission(Permission::vendor("backups.restore", [Role::Administrator]))
//!     .section(Section::new("backups", "Backups", "backups.view"))
//!     .build()?;
//!
//! // A customer that has nothing yet: what enabling a feature brings with it, and what would be stored.
//! let change = catalog.enable([], "backups")?;
//! assert_eq!(change.changed, ["deployments", "backups"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bits;
mod builder;
mod entry;
mod error;
mod graph;
mod names;
mod role;
mod sets;
mod standard;
mod stored;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

pub use builder::CatalogBuilder;
pub use entry::{Feature, Permission, Section};
pub use error::{CatalogError, UnknownFeature};
pub use role::{ParseRoleError, Portal, Role, Roles};
pub use sets::{FeatureSet, PermissionSet};
pub use stored::{Change, Resolved};

use bits::Bits;
use graph::Graph;
use names::Names;

/// The features, permissions and sections of one product; cheap to clone.
///
/// Feature sets and permission ids are positions in the catalogue that made them: never ask another catalogue about
/// them, never store them. What is stored is names.
#[derive(Clone)]
pub struct Catalog {
    contents: Arc<Contents>,
}

#[derive(Default)]
struct Contents {
    /// In dependency order; the position is the feature's bit.
    features: Vec<Feature>,
    by_name: Names,
    /// The positions of the features in the order of their names, in which they are stored.
    alphabetical: Vec<usize>,
    graph: Graph,
    /// The position is the permission's id.
    rows: Vec<Row>,
    vendor: Names,
    customer: Names,
    service: Names,
    sections: Vec<Section>,
}

struct Row {
    permission: Permission,
    /// The position of the permission's feature.
    feature: Option<usize>,
}

/// A permission by its place in one catalogue, so that the name is looked up once and not in every decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PermissionId(u32);

impl PermissionId {
    /// The place, from 0.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    fn at(index: usize) -> Option<Self> {
        u32::try_from(index).ok().map(Self)
    }
}

impl Catalog {
    /// The standard catalogue: four features, the permissions of the three sides, the nine sections.
    ///
    /// | feature | title | for new customers | requires |
    /// |---|---|---|---|
    /// | `deployments` | Deployments | on | |
    /// | `alerts` | Alerts | off | `deployments` |
    /// | `artifacts` | Artifacts | on | |
    /// | `support_bundles` | Support Bundles | off | |
    ///
    /// Of a customer's members everybody may `dashboard.view`, `documentation.view`, `tokens.create`, `licenses.view`,
    /// `deployments.view`, `alerts.view`, `artifacts.pull`, `support_bundles.view` and `secrets.view`; Users and Administrators
    /// also `deployments.edit`, `alerts.edit`, `artifacts.push`, `support_bundles.create` and `secrets.manage`;
    /// Administrators also `users.view`, `users.manage`, `settings.manage` and `audit.view`. What belongs to a feature is
    /// refused without it; secrets belong to Deployments. [`Catalog::permissions`] lists all of them, those of staff and
    /// services too.
    pub fn standard() -> Self {
        // It always builds, a test says so. If it ever did not, a catalogue without permissions would deny everything.
        let built = Self::builder().build();
        debug_assert!(built.is_ok(), "{built:?}");
        built.unwrap_or_else(|_| Self { contents: Arc::default() })
    }

    /// A builder that begins with the standard content, for a host that adds to it (R5).
    pub fn builder() -> CatalogBuilder {
        standard::content()
    }

    /// A builder that begins with nothing, for a host with features and permissions all its own.
    ///
    /// tenantry's own operations ask for permissions by the names of the standard catalogue; where one is missing, the
    /// operation is refused.
    pub fn empty() -> CatalogBuilder {
        CatalogBuilder::default()
    }

    /// Every feature, in dependency order: after what it requires, otherwise as they were added.
    pub fn features(&self) -> impl Iterator<Item = &Feature> {
        self.contents.features.iter()
    }

    /// The feature with this name; `None` when the catalogue has none.
    pub fn feature(&self, name: &str) -> Option<&Feature> {
        self.contents.features.get(self.contents.by_name.get(name)?)
    }

    /// The sections of the customer portal, in the order in which they are shown (P1).
    pub fn sections(&self) -> &[Section] {
        &self.contents.sections
    }

    /// Every permission of every side, as they were added.
    pub fn permissions(&self) -> impl Iterator<Item = &Permission> {
        self.contents.rows.iter().map(|row| &row.permission)
    }

    /// The id of the permission with this name on this side; `None` when that side has none of the name.
    pub fn permission(&self, portal: Portal, name: &str) -> Option<PermissionId> {
        let names = match portal {
            Portal::Vendor => &self.contents.vendor,
            Portal::Customer => &self.contents.customer,
            Portal::Service => &self.contents.service,
        };
        names.get(name).and_then(PermissionId::at)
    }

    /// Whether any side has a permission of this name: one that none has is an error, never "no" (R3).
    pub fn knows_permission(&self, name: &str) -> bool {
        let Contents { vendor, customer, service, .. } = &*self.contents;
        [vendor, customer, service].into_iter().any(|names| names.get(name).is_some())
    }

    /// The permission with this id; `None` when the id comes from a larger catalogue.
    pub fn permission_by_id(&self, id: PermissionId) -> Option<&Permission> {
        Some(&self.contents.rows.get(id.index())?.permission)
    }

    /// Whether the role has the permission, whatever the features (R1). No role has a service's permission.
    pub fn allows(&self, id: PermissionId, role: Role) -> bool {
        self.permission_by_id(id).is_some_and(|permission| permission.roles().contains(role))
    }

    /// Whether the features let the permission be used: it needs none, or the one that it needs is on (F9).
    pub fn feature_is_on(&self, id: PermissionId, on: &FeatureSet) -> bool {
        self.contents.rows.get(id.index()).is_some_and(|row| row.features_allow(on))
    }

    /// The permissions of one side that a role has while these features are on, as a set that decides by one bit test.
    ///
    /// Without a role it answers for a service: every permission of [`Portal::Service`], none of the others. Without
    /// features it leaves them out of the decision. Of an archived customer only the vendor's staff have something left (C5).
    pub fn permission_set(
        &self,
        portal: Portal,
        role: Option<Role>,
        on: Option<&FeatureSet>,
        archived: bool,
    ) -> PermissionSet {
        let mut bits = Bits::empty(self.contents.rows.len());
        for (index, row) in self.contents.rows.iter().enumerate() {
            let permission = &row.permission;
            let has = role.map_or(portal == Portal::Service, |role| permission.roles().contains(role));
            let lasts = !archived || (portal == Portal::Vendor && permission.is_allowed_while_archived());
            if has && lasts && permission.portal() == portal && on.is_none_or(|on| row.features_allow(on)) {
                bits.insert(index);
            }
        }
        PermissionSet(bits)
    }
}

impl Row {
    fn features_allow(&self, on: &FeatureSet) -> bool {
        self.feature.is_none_or(|feature| on.0.contains(feature))
    }
}

impl fmt::Debug for Catalog {
    /// The features by name and how much else there is; the whole would fill pages in every record that holds one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let features: Vec<_> = self.features().map(Feature::name).collect();
        f.debug_struct("Catalog")
            .field("features", &features)
            .field("permissions", &self.contents.rows.len())
            .field("sections", &self.contents.sections.len())
            .finish()
    }
}
