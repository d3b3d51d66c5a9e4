//! The standard content against the specification.

use super::super::*;

const PERMISSIONS: &str = include_str!("../../../testdata/permissions.csv");

fn names_where(catalog: &Catalog, include: impl Fn(&Permission) -> bool) -> Vec<&str> {
    catalog.permissions().filter(|permission| include(permission)).map(Permission::name).collect()
}

#[test]
fn r1_every_row_of_the_table_is_the_standard_catalogue_and_nothing_else_is() {
    let catalog = Catalog::standard();
    let mut rows = PERMISSIONS.lines();
    assert_eq!(rows.next(), Some("portal,permission,feature,administrator,user,viewer,service"));
    let mut permissions = catalog.permissions();
    for line in rows {
        let cells: Vec<&str> = line.split(',').collect();
        let permission = permissions.next().unwrap_or_else(|| panic!("missing: {line}"));
        assert_eq!(permission.portal().as_str(), cells[0], "{line}");
        assert_eq!(permission.name(), cells[1], "{line}");
        assert_eq!(permission.feature().unwrap_or(""), cells[2], "{line}");

        let id = catalog.permission(permission.portal(), permission.name()).unwrap();
        assert_eq!(catalog.permission_by_id(id), Some(permission), "{line}");
        for (role, cell) in Role::ALL.into_iter().zip(&cells[3..6]) {
            assert_eq!(catalog.allows(id, role), *cell == "yes", "{line}: {role}");
            let mask = catalog.permission_set(permission.portal(), Some(role), None, false);
            assert_eq!(mask.contains(id), *cell == "yes", "{line}: {role}");
        }
        assert_eq!(permission.portal() == Portal::Service, cells[6] == "yes", "{line}");
        let services = catalog.permission_set(Portal::Service, None, None, false);
        assert_eq!(services.contains(id), cells[6] == "yes", "{line}");
    }
    assert_eq!(permissions.next(), None);
}

#[test]
fn r2_what_nothing_allows_is_denied() {
    let catalog = Catalog::standard();
    let ids: Vec<_> = (0..catalog.permissions().count()).filter_map(PermissionId::at).collect();
    for mask in [
        catalog.permission_set(Portal::Vendor, None, None, false),
        catalog.permission_set(Portal::Customer, None, None, false),
        catalog.permission_set(Portal::Service, Some(Role::Administrator), None, false),
    ] {
        assert!(ids.iter().all(|id| !mask.contains(*id)));
    }
    let beyond = PermissionId(999);
    assert!(!catalog.allows(beyond, Role::Administrator) && !catalog.feature_is_on(beyond, &catalog.on([])));
    assert!(!catalog.permission_set(Portal::Vendor, Some(Role::Administrator), None, false).contains(beyond));
}

#[test]
fn r3_a_permission_is_known_when_any_side_has_it() {
    let catalog = Catalog::standard();
    assert!(catalog.knows_permission("customers.view") && catalog.knows_permission("secrets.resolve"));
    assert!(catalog.permission(Portal::Customer, "customers.view").is_none());
    assert!(!catalog.knows_permission("customers") && !catalog.knows_permission(""));
}

#[test]
fn r6_the_same_name_has_the_roles_of_its_side() {
    let catalog = Catalog::standard();
    let vendor = catalog.permission(Portal::Vendor, "deployments.view").unwrap();
    let customer = catalog.permission(Portal::Customer, "deployments.view").unwrap();
    let nothing_on = catalog.on([]);
    assert!(catalog.feature_is_on(vendor, &nothing_on));
    assert!(!catalog.feature_is_on(customer, &nothing_on));
    assert!(catalog.feature_is_on(customer, &catalog.on(["deployments"])));
}

#[test]
fn f9_the_mask_is_the_role_and_the_feature_for_every_side_role_and_feature_set() {
    let catalog = Catalog::standard();
    for stored in [vec![], vec!["alerts"], vec!["deployments"], vec!["deployments", "alerts"], vec!["support_bundles"]]
    {
        let on = catalog.on(stored.iter().copied());
        for portal in [Portal::Vendor, Portal::Customer, Portal::Service] {
            for role in Role::ALL {
                let mask = catalog.permission_set(portal, Some(role), Some(&on), false);
                for permission in catalog.permissions() {
                    let id = catalog.permission(permission.portal(), permission.name()).unwrap();
                    let feature_on = permission.feature().is_none_or(|feature| catalog.has(&on, feature));
                    let expected = permission.portal() == portal && permission.roles().contains(role) && feature_on;
                    assert_eq!(mask.contains(id), expected, "{portal} {role} {stored:?} {}", permission.name());
                }
            }
        }
    }
    let resolve = catalog.permission(Portal::Service, "secrets.resolve").unwrap();
    assert!(!catalog.permission_set(Portal::Service, None, Some(&catalog.on([])), false).contains(resolve));
}

#[test]
fn c5_staff_may_read_manage_and_delete_an_archived_customer_and_nothing_else() {
    let catalog = Catalog::standard();
    let changing = names_where(&catalog, |p| p.is_allowed_while_archived() && !p.name().ends_with(".view"));
    assert_eq!(changing, ["customers.manage", "customers.delete", "customer_users.manage", "users.manage"]);
    assert!(names_where(&catalog, |p| p.is_allowed_while_archived() && p.portal() != Portal::Vendor).is_empty());
    let unreadable = |p: &Permission| p.portal() == Portal::Vendor && p.name().ends_with(".view");
    assert!(names_where(&catalog, |p| unreadable(p) && !p.is_allowed_while_archived()).is_empty());
}

#[test]
fn f1_f2_the_four_features_and_what_new_customers_have() {
    let catalog = Catalog::standard();
    let features: Vec<_> = catalog.features().map(|f| (f.name(), f.title(), f.requirements().join(" "))).collect();
    let row = |name, title, requires: &str| (name, title, requires.to_owned());
    assert_eq!(
        features,
        [
            row("deployments", "Deployments", ""),
            row("alerts", "Alerts", "deployments"),
            row("artifacts", "Artifacts", ""),
            row("support_bundles", "Support Bundles", ""),
        ]
    );
    assert_eq!(catalog.default_features(), ["deployments", "artifacts"]);
    assert_eq!(catalog.feature("alerts").map(Feature::title), Some("Alerts"));
    assert_eq!(catalog.feature("Alerts"), None);
}

#[test]
fn p1_the_sections_in_order() {
    let catalog = Catalog::standard();
    let sections: Vec<_> = catalog.sections().iter().map(|s| (s.key(), s.title(), s.permission())).collect();
    assert_eq!(
        sections,
        [
            ("home", "Home", "dashboard.view"),
            ("deployments", "Deployments", "deployments.view"),
            ("artifacts", "Artifacts", "artifacts.pull"),
            ("licenses", "Licenses", "licenses.view"),
            ("support", "Support", "support_bundles.view"),
            ("alerts", "Alerts", "alerts.view"),
            ("users", "Users", "users.view"),
            ("secrets", "Secrets", "secrets.view"),
            ("access_tokens", "Access Tokens", "tokens.create"),
        ]
    );
}
