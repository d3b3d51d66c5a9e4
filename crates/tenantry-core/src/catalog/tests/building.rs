//! What a catalogue accepts and refuses (F6, R5, R6).

use super::super::*;

fn refused(builder: CatalogBuilder) -> (CatalogError, String) {
    let error = builder.build().unwrap_err();
    let message = error.to_string();
    assert!(
        !message.contains('\n') && !message.ends_with('.') && !message.starts_with(char::is_uppercase),
        "{message}"
    );
    (error, message)
}

fn message(builder: CatalogBuilder) -> String {
    refused(builder).1
}

#[test]
fn r5_what_the_host_adds_stands_after_the_standard_content() {
    let catalog = Catalog::builder()
        .permission(Permission::customer("reports.view", Role::Viewer).needs("reports"))
        .section(Section::new("reports", "Reports", "reports.view"))
        .feature(Feature::new("reports", "Reports").requires("backups").requires("alerts"))
        .feature(Feature::new("backups", "Backups").requires("deployments"))
        .build()
        .unwrap();
    let features: Vec<_> = catalog.features().map(Feature::name).collect();
    assert_eq!(features, ["deployments", "alerts", "artifacts", "support_bundles", "backups", "reports"]);
    assert_eq!(catalog.sections().last().map(Section::key), Some("reports"));
    assert_eq!(catalog.missing(&catalog.on(["deployments"]), "reports"), ["alerts", "backups", "reports"]);
}

#[test]
fn f2_a_default_feature_brings_what_it_requires() {
    let catalog = Catalog::empty()
        .feature(Feature::new("a", "A").requires("b").on_by_default())
        .feature(Feature::new("b", "B").requires("c"))
        .feature(Feature::new("c", "C"))
        .feature(Feature::new("d", "D"))
        .build()
        .unwrap();
    assert_eq!(catalog.default_features(), ["c", "b", "a"]);
}

#[test]
fn f6_the_shortest_cycle_is_named() {
    let (error, message) = refused(
        Catalog::empty()
            .feature(Feature::new("far", "Far").requires("a"))
            .feature(Feature::new("a", "A").requires("b").requires("c"))
            .feature(Feature::new("b", "B").requires("c"))
            .feature(Feature::new("c", "C").requires("a")),
    );
    assert_eq!(error, CatalogError::Cycle { names: vec!["a".to_owned(), "c".to_owned()] });
    assert_eq!(message, "features require each other: `a` → `c` → `a`");
    let own = Catalog::empty().feature(Feature::new("a", "A").requires("a"));
    assert_eq!(self::message(own), "features require each other: `a` → `a`");
}

#[test]
fn f6_an_unknown_name_is_named_with_what_needs_it() {
    let (error, text) = refused(Catalog::builder().feature(Feature::new("reports", "Reports").requires("backups\n")));
    assert_eq!(text, "the catalogue has no feature `backups\\n`, which `reports` needs");
    assert!(matches!(error, CatalogError::UnknownName { kind: "feature", name, .. } if name == "backups\n"));
    assert_eq!(
        message(Catalog::builder().permission(Permission::service("x.run").needs("backups"))),
        "the catalogue has no feature `backups`, which `x.run` needs"
    );
    // The vendor has it, the customer does not: a section is for customers.
    assert_eq!(
        message(Catalog::builder().section(Section::new("staff", "Staff", "customers.view"))),
        "the catalogue has no customer permission `customers.view`, which `staff` needs"
    );
}

#[test]
fn f6_a_duplicate_is_named() {
    for (builder, expected) in [
        (Catalog::builder().feature(Feature::new("alerts", "Again")), "the catalogue has the feature `alerts` twice"),
        (
            Catalog::builder().permission(Permission::vendor("audit.view", Roles::NONE)),
            "the catalogue has the vendor permission `audit.view` twice",
        ),
        (
            Catalog::builder().section(Section::new("home", "Again", "users.view")),
            "the catalogue has the section `home` twice",
        ),
        (
            Catalog::builder().feature(Feature::new("x", "X").requires("alerts").requires("alerts")),
            "the feature `x` has the requirement `alerts` twice",
        ),
    ] {
        assert_eq!(message(builder), expected);
    }
    // A name may stand once for each side.
    assert!(Catalog::builder().permission(Permission::service("audit.view")).build().is_ok());
}

#[test]
fn f6_names_keys_and_titles_follow_their_rules() {
    let long = "a".repeat(65);
    for name in ["", "Alerts", "1a", "_a", "a-b", "a.b", "ä", "a b", &long] {
        for builder in [
            Catalog::empty().feature(Feature::new(name, "Title")),
            Catalog::builder().section(Section::new(name, "Title", "users.view")),
        ] {
            assert!(matches!(refused(builder).0, CatalogError::InvalidName { .. }), "{name}");
        }
    }
    assert!(Catalog::empty().feature(Feature::new("a".repeat(64), "t".repeat(100))).build().is_ok());
    for name in ["", "view", "a.", ".a", "a..b", "A.b", "a.1", &format!("a.{}", "b".repeat(127))] {
        let (error, _) = refused(Catalog::empty().permission(Permission::vendor(name, Roles::ALL)));
        assert!(matches!(error, CatalogError::InvalidName { kind: "permission name", .. }), "{name}");
    }
    assert!(Catalog::empty().permission(Permission::vendor("a.b_1.c", Roles::ALL)).build().is_ok());
    for title in ["", "two\nlines", &"t".repeat(101)] {
        let (error, _) = refused(Catalog::empty().feature(Feature::new("a", title)));
        assert!(matches!(error, CatalogError::InvalidName { kind: "feature title", .. }), "{title}");
    }
    assert_eq!(
        message(Catalog::empty().feature(Feature::new("a", ""))),
        "the feature title `` must have 1 to 100 characters"
    );
}

#[test]
fn r6_a_permission_has_nothing_that_its_side_cannot_have() {
    let (error, text) =
        refused(Catalog::builder().permission(Permission::vendor("x.view", Roles::ALL).needs("alerts")));
    assert!(matches!(error, CatalogError::InvalidPermission { portal: Portal::Vendor, .. }));
    assert!(text.starts_with("the vendor permission `x.view` cannot need a feature"), "{text}");
    for permission in [Permission::customer("x.view", Roles::ALL), Permission::service("x.view")] {
        let (error, _) = refused(Catalog::builder().permission(permission.while_archived()));
        assert!(matches!(error, CatalogError::InvalidPermission { .. }));
    }
}

#[test]
fn a_catalogue_is_shared_between_threads_and_printed_in_a_line() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<Catalog>();
    shared::<FeatureSet>();
    shared::<PermissionSet>();
    let printed = format!("{:?}", Catalog::standard());
    let features = r#"["deployments", "alerts", "artifacts", "support_bundles"]"#;
    assert_eq!(printed, format!("Catalog {{ features: {features}, permissions: 44, sections: 9 }}"));
}
