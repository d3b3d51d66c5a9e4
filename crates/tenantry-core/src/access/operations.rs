//! The table of operations: what each one needs, from each side.

/// What an operation needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nobody may do it from this side.
    Nobody,
    /// To be an active member, in whatever role.
    Membership,
    /// This permission.
    Permission(&'static str),
}

/// A public operation and what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its name, as its span has it.
    pub name: &'static str,
    /// What it needs of the vendor's staff, on the vendor itself.
    pub vendor: Need,
    /// What it needs of the vendor's staff, on a customer.
    pub staff: Need,
    /// What it needs of a customer's members, on their own customer.
    pub customer: Need,
    /// What it needs of a service of the host.
    pub service: Need,
    /// Whether the vendor's staff may do it on an archived customer (C5).
    pub while_archived: bool,
}

impl Operation {
    /// Whether it is the host's own: it has no actor, and no permission guards it (V3).
    pub fn is_for_host(&self) -> bool {
        [self.vendor, self.staff, self.customer, self.service].iter().all(|need| *need == Need::Nobody)
    }
}

macro_rules! need {
    (-) => {
        Need::Nobody
    };
    (member) => {
        Need::Membership
    };
    ($permission:literal) => {
        Need::Permission($permission)
    };
}

macro_rules! archived {
    (archived) => {
        true
    };
    () => {
        false
    };
}

macro_rules! operations {
    ($($constant:ident $name:literal [$vendor:tt, $staff:tt, $customer:tt, $service:tt] $($archived:ident)?;)+) => {
        $(pub(crate) const $constant: Operation = Operation {
            name: $name,
            vendor: need!($vendor),
            staff: need!($staff),
            customer: need!($customer),
            service: need!($service),
            while_archived: archived!($($archived)?),
        };)+

        /// Every public operation.
        pub const OPERATIONS: &[Operation] = &[$($constant),+];
    };
}

// Columns: staff on the vendor itself, staff on a customer, a customer's members, services; then whether staff may do it
// on an archived customer.
operations! {
    BOOTSTRAP "vendors.bootstrap" [-, -, -, -];
    VENDORS "vendors.list" [-, -, -, -];
    FIND_VENDOR "vendors.find" [-, -, -, -];
    IDENTIFY "users.identify" [-, -, -, -];
    CHANGE_EMAIL "users.change_email" [-, -, -, -];
    FIND_INVITATION "invitations.find" [-, -, -, -];
    ACCEPT "invitations.accept" [-, -, -, -];
    DECLINE "invitations.decline" [-, -, -, -];
    MAINTENANCE "maintenance" [-, -, -, -];
    DELIVER "outbox.deliver" [-, -, -, -];

    REQUIRE "access.require" [member, member, member, member];
    CAN "access.can" [member, member, member, member];
    EXPLAIN "access.explain" [member, member, member, member];
    SNAPSHOT "access.snapshot" [member, member, member, member] archived;
    EXPLAIN_FOR "access.explain_for" [-, "customer_users.view", -, -] archived;

    USERS_ERASE "users.erase" ["users.manage", -, -, -];

    CUSTOMERS_CREATE "customers.create" ["customers.manage", -, -, -];
    CUSTOMERS_IMPORT "customers.import" ["customers.manage", -, -, -];
    CUSTOMERS_LIST "customers.list" ["customers.view", -, -, -];
    CUSTOMERS_FIND "customers.find" ["customers.view", -, -, -];
    CUSTOMERS_GET "customers.get" [-, "customers.view", "dashboard.view", -] archived;
    CUSTOMERS_UPDATE "customers.update" [-, "customers.manage", -, -] archived;
    CUSTOMERS_ARCHIVE "customers.archive" [-, "customers.manage", -, -];
    CUSTOMERS_UNARCHIVE "customers.unarchive" [-, "customers.manage", -, -] archived;
    CUSTOMERS_DELETE "customers.delete" [-, "customers.delete", -, -] archived;

    MEMBERS_LIST "members.list" ["users.view", "customer_users.view", "users.view", -] archived;
    MEMBERS_GET "members.get" ["users.view", "customer_users.view", "users.view", -] archived;
    MEMBERS_FIND "members.find" ["users.view", "customer_users.view", "users.view", -] archived;
    MEMBERS_INVITE "members.invite" ["users.manage", "customer_users.manage", "users.manage", -];
    MEMBERS_RENAME "members.rename" ["users.manage", "customer_users.manage", "users.manage", -];
    MEMBERS_CHANGE_ROLE "members.change_role" ["users.manage", "customer_users.manage", "users.manage", -] archived;
    MEMBERS_SUSPEND "members.suspend" ["users.manage", "customer_users.manage", "users.manage", -];
    MEMBERS_RESUME "members.resume" ["users.manage", "customer_users.manage", "users.manage", -];
    MEMBERS_REMOVE "members.remove" ["users.manage", "customer_users.manage", "users.manage", -] archived;

    INVITATIONS_LIST "invitations.list" ["users.view", "customer_users.view", "users.view", -] archived;
    INVITATIONS_GET "invitations.get" ["users.view", "customer_users.view", "users.view", -] archived;
    INVITATIONS_RESEND "invitations.resend" ["users.manage", "customer_users.manage", "users.manage", -];
    INVITATIONS_REVOKE "invitations.revoke" ["users.manage", "customer_users.manage", "users.manage", -];

    SECRETS_LIST "secrets.list" ["secrets.view", "secrets.view", "secrets.view", -] archived;
    SECRETS_SET "secrets.set" ["secrets.manage", "secrets.manage", "secrets.manage", -];
    SECRETS_DELETE "secrets.delete" ["secrets.manage", "secrets.manage", "secrets.manage", -];
    SECRETS_VERSIONS "secrets.versions" ["secrets.view", "secrets.view", "secrets.view", -] archived;
    SECRETS_ROLL_BACK "secrets.roll_back" ["secrets.manage", "secrets.manage", "secrets.manage", -];
    SECRETS_DESTROY "secrets.destroy" ["secrets.manage", "secrets.manage", "secrets.manage", -];
    SECRETS_USED_BY "secrets.used_by" ["secrets.view", "secrets.view", "secrets.view", -] archived;
    SECRETS_CHECK "secrets.check" ["secrets.view", "secrets.view", "secrets.view", -] archived;
    SECRETS_RESOLVE "secrets.resolve" [-, -, -, "secrets.resolve"];
    SECRETS_RENDER "secrets.render" [-, -, -, "secrets.resolve"];
    SECRETS_REDACTOR "secrets.redactor" [-, -, -, "secrets.resolve"];

    DEPLOYMENTS_LIST "deployments.list" ["deployments.view", "deployments.view", "deployments.view", -] archived;
    DEPLOYMENTS_REGISTER "deployments.register" [-, -, -, "deployments.register"];
    DEPLOYMENTS_REPORT "deployments.report" [-, -, -, "deployments.register"];
    DEPLOYMENTS_REMOVE "deployments.remove" [-, -, -, "deployments.register"];

    FEATURES_LIST "features.list" [-, "customers.view", "dashboard.view", -] archived;
    FEATURES_ENABLE "features.enable" [-, "features.manage", -, -];
    FEATURES_DISABLE "features.disable" [-, "features.manage", -, -];
    FEATURES_PREVIEW "features.preview" [-, "features.manage", -, -];

    PORTAL_SECTIONS "portal.sections" [-, "customers.view", member, -] archived;

    AUDIT_LIST "audit.list" ["audit.view", "audit.view", "audit.view", -] archived;
    AUDIT_FOLLOW "audit.follow" ["audit.view", -, -, -];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, Portal};

    #[test]
    fn every_permission_that_an_operation_needs_is_in_the_standard_catalogue() {
        let catalog = Catalog::standard();
        for operation in OPERATIONS {
            let needs = [
                (Portal::Vendor, operation.vendor),
                (Portal::Vendor, operation.staff),
                (Portal::Customer, operation.customer),
                (Portal::Service, operation.service),
            ];
            for (portal, need) in needs {
                if let Need::Permission(name) = need {
                    assert!(catalog.permission(portal, name).is_some(), "{} needs {name}", operation.name);
                }
            }
        }
    }
}
