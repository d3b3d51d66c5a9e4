//! The standard catalogue (F1, F2, P1, `permissions.csv`).

use super::{CatalogBuilder, Feature, Permission, Role, Roles, Section};

const ALL: Roles = Roles::ALL;
const EDITORS: Roles = Roles::of(&[Role::Administrator, Role::User]);
const ADMINS: Roles = Roles::of(&[Role::Administrator]);

/// Also on an archived customer: what C5 lets the vendor's staff do there.
const ALWAYS: bool = true;
const ACTIVE: bool = false;

#[rustfmt::skip] // a table
const VENDOR: &[(&str, Roles, bool)] = &[
    ("dashboard.view",        ALL,     ALWAYS),
    ("deployments.view",      ALL,     ALWAYS),
    ("deployments.edit",      EDITORS, ACTIVE),
    ("artifacts.view",        ALL,     ALWAYS),
    ("artifacts.push",        EDITORS, ACTIVE),
    ("artifacts.pull",        ALL,     ACTIVE),
    ("tokens.create",         ALL,     ACTIVE),
    ("licenses.view",         ALL,     ALWAYS),
    ("licenses.manage",       EDITORS, ACTIVE),
    ("customers.view",        ALL,     ALWAYS),
    ("customers.manage",      EDITORS, ALWAYS),
    ("customers.delete",      ADMINS,  ALWAYS),
    ("customer_users.view",   ALL,     ALWAYS),
    ("customer_users.manage", EDITORS, ALWAYS),
    ("users.view",            ADMINS,  ALWAYS),
    ("users.manage",          ADMINS,  ALWAYS),
    ("secrets.view",          ALL,     ALWAYS),
    ("secrets.manage",        EDITORS, ACTIVE),
    ("features.manage",       EDITORS, ACTIVE),
    ("branding.manage",       EDITORS, ACTIVE),
    ("subscription.view",     ADMINS,  ALWAYS),
    ("subscription.manage",   ADMINS,  ACTIVE),
    ("settings.manage",       ADMINS,  ACTIVE),
    ("audit.view",            ADMINS,  ALWAYS),
];

#[rustfmt::skip] // a table
const CUSTOMER: &[(&str, Option<&str>, Roles)] = &[
    ("dashboard.view",         None,                    ALL),
    ("documentation.view",     None,                    ALL),
    ("tokens.create",          None,                    ALL),
    ("licenses.view",          None,                    ALL),
    ("deployments.view",       Some("deployments"),     ALL),
    ("deployments.edit",       Some("deployments"),     EDITORS),
    ("alerts.view",            Some("alerts"),          ALL),
    ("alerts.edit",            Some("alerts"),          EDITORS),
    ("artifacts.pull",         Some("artifacts"),       ALL),
    ("artifacts.push",         Some("artifacts"),       EDITORS),
    ("support_bundles.view",   Some("support_bundles"), ALL),
    ("support_bundles.create", Some("support_bundles"), EDITORS),
    ("secrets.view",           Some("deployments"),     ALL),
    ("secrets.manage",         Some("deployments"),     EDITORS),
    ("users.view",             None,                    ADMINS),
    ("users.manage",           None,                    ADMINS),
    ("settings.manage",        None,                    ADMINS),
    ("audit.view",             None,                    ADMINS),
];

#[rustfmt::skip] // a table
const SERVICE: &[(&str, &str)] = &[
    ("secrets.resolve",      "deployments"),
    ("deployments.register", "deployments"),
];

#[rustfmt::skip] // a table
const SECTIONS: &[(&str, &str, &str)] = &[
    ("home",          "Home",          "dashboard.view"),
    ("deployments",   "Deployments",   "deployments.view"),
    ("artifacts",     "Artifacts",     "artifacts.pull"),
    ("licenses",      "Licenses",      "licenses.view"),
    ("support",       "Support",       "support_bundles.view"),
    ("alerts",        "Alerts",        "alerts.view"),
    ("users",         "Users",         "users.view"),
    ("secrets",       "Secrets",       "secrets.view"),
    ("access_tokens", "Access Tokens", "tokens.create"),
];

/// A builder that holds the standard content.
pub(super) fn content() -> CatalogBuilder {
    let mut builder = CatalogBuilder::default()
        .feature(Feature::new("deployments", "Deployments").on_by_default())
        .feature(Feature::new("alerts", "Alerts").requires("deployments"))
        .feature(Feature::new("artifacts", "Artifacts").on_by_default())
        .feature(Feature::new("support_bundles", "Support Bundles"));
    for (name, roles, always) in VENDOR {
        let permission = Permission::vendor(*name, *roles);
        builder = builder.permission(if *always { permission.while_archived() } else { permission });
    }
    for (name, feature, roles) in CUSTOMER {
        let permission = Permission::customer(*name, *roles);
        builder = builder.permission(match feature {
            Some(feature) => permission.needs(*feature),
            None => permission,
        });
    }
    for (name, feature) in SERVICE {
        builder = builder.permission(Permission::service(*name).needs(*feature));
    }
    for (key, title, permission) in SECTIONS {
        builder = builder.section(Section::new(*key, *title, *permission));
    }
    builder
}
