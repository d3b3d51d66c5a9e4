//! What a catalogue is made of: features, permissions and sections, as values for the builder.

use super::{Portal, Roles};

/// A part of the product that a customer has or has not.
///
/// ```
/// # use tenantry_core as tenantry;
/// use tenantry::catalog::Feature;
///
/// let reports = Feature::new("reports", "Reports").requires("alerts").requires("deployments");
/// assert_eq!(reports.requirements(), ["alerts", "deployments"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    name: String,
    title: String,
    requirements: Vec<String>,
    on_by_default: bool,
}

impl Feature {
    /// A feature that requires nothing and is off for new customers.
    ///
    /// The name is what is stored: a lower-case letter, then lower-case letters, digits and underscores, at most 64. The
    /// title is shown to people: 1 to 100 characters. [`CatalogBuilder::build`](super::CatalogBuilder::build) checks both.
    pub fn new(name: impl Into<String>, title: impl Into<String>) -> Self {
        Self { name: name.into(), title: title.into(), requirements: Vec::new(), on_by_default: false }
    }

    /// Adds a feature without which this one cannot be on (F3); call it once for each.
    #[must_use]
    pub fn requires(mut self, feature: impl Into<String>) -> Self {
        self.requirements.push(feature.into());
        self
    }

    /// Gives it to new customers, with all that it requires (F2). Customers that exist already are not changed (F7).
    #[must_use]
    pub fn on_by_default(mut self) -> Self {
        self.on_by_default = true;
        self
    }

    /// The name that is stored.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The title that people read.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The names of the features that it requires directly, as they were given.
    pub fn requirements(&self) -> &[String] {
        &self.requirements
    }

    /// Whether new customers have it.
    pub fn is_on_by_default(&self) -> bool {
        self.on_by_default
    }
}

/// What a member or a service may be allowed to do, from one side.
///
/// The same name may stand once for each side, with other roles (R6). Names are words joined by dots, such as
/// `backups.view`, each word written like the name of a feature, at most 128 characters together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    portal: Portal,
    name: String,
    feature: Option<String>,
    roles: Roles,
    while_archived: bool,
}

impl Permission {
    /// A permission of the vendor's staff with these roles; it never depends on a feature (R6).
    pub fn vendor(name: impl Into<String>, roles: impl Into<Roles>) -> Self {
        Self::new(Portal::Vendor, name.into(), roles.into())
    }

    /// A permission of a customer's members with these roles.
    pub fn customer(name: impl Into<String>, roles: impl Into<Roles>) -> Self {
        Self::new(Portal::Customer, name.into(), roles.into())
    }

    /// A permission of the host's services, which have no roles (S3).
    pub fn service(name: impl Into<String>) -> Self {
        Self::new(Portal::Service, name.into(), Roles::NONE)
    }

    fn new(portal: Portal, name: String, roles: Roles) -> Self {
        Self { portal, name, feature: None, roles, while_archived: false }
    }

    /// Refuses it where this feature is off (F9); for permissions of customers and services. The last call counts.
    #[must_use]
    pub fn needs(mut self, feature: impl Into<String>) -> Self {
        self.feature = Some(feature.into());
        self
    }

    /// Allows it on an archived customer too (C5); for permissions of the vendor's staff, the only ones let in there.
    #[must_use]
    pub fn while_archived(mut self) -> Self {
        self.while_archived = true;
        self
    }

    /// The side from which it is asked.
    pub fn portal(&self) -> Portal {
        self.portal
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The feature that it belongs to.
    pub fn feature(&self) -> Option<&str> {
        self.feature.as_deref()
    }

    /// The roles that have it; none for a service.
    pub fn roles(&self) -> Roles {
        self.roles
    }

    /// Whether the vendor's staff may do it on an archived customer (C5).
    pub fn is_allowed_while_archived(&self) -> bool {
        self.while_archived
    }
}

/// A section of the customer portal, shown to members who could open it (P1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    key: String,
    title: String,
    permission: String,
}

impl Section {
    /// A section with a key for programs (written like the name of a feature), a title for people (1 to 100 characters)
    /// and the customer permission that opens it.
    pub fn new(key: impl Into<String>, title: impl Into<String>, permission: impl Into<String>) -> Self {
        Self { key: key.into(), title: title.into(), permission: permission.into() }
    }

    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The customer permission that opens it.
    pub fn permission(&self) -> &str {
        &self.permission
    }
}
