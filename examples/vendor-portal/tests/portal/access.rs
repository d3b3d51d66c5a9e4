//! Every page as every role, against the table of permissions; and what is not one's own.

use std::collections::HashMap;

use axum::http::StatusCode;
use tenantry::Role;

use crate::browser::World;

const TABLE: &str = include_str!("../../../../crates/tenantry-core/testdata/permissions.csv");

/// Whether a role has a permission from a side, by the table.
fn has(portal: &str, permission: &str, role: Role) -> bool {
    let mut rows = TABLE.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = rows.next().unwrap();
    let column = header.iter().position(|name| *name == role.as_str()).unwrap();
    let row = rows.find(|row| row[0] == portal && row[1] == permission);
    row.unwrap_or_else(|| panic!("{portal} has no {permission}"))[column] == "yes"
}

const STAFF: [(&str, Role); 3] =
    [("ada@acme.test", Role::Administrator), ("ben@acme.test", Role::User), ("vera@acme.test", Role::Viewer)];
const MEMBERS: [(&str, Role); 3] =
    [("hank@globex.test", Role::Administrator), ("uma@globex.test", Role::User), ("viktor@globex.test", Role::Viewer)];

#[tokio::test]
async fn r1_every_page_of_the_vendor_portal_opens_for_the_roles_that_the_table_says() {
    let world = World::new().await;
    let globex = world.customer("Globex GmbH").await;
    let on = format!("/customers/{globex}");
    let pages = [
        ("/customers".to_owned(), "customers.view"),
        ("/customers/new".to_owned(), "customers.manage"),
        ("/users".to_owned(), "users.view"),
        ("/secrets".to_owned(), "secrets.view"),
        ("/secrets/LICENSE_SIGNING_KEY".to_owned(), "secrets.view"),
        ("/audit".to_owned(), "audit.view"),
        (on.clone(), "customers.view"),
        (format!("{on}/users"), "customer_users.view"),
        (format!("{on}/secrets"), "secrets.view"),
        (format!("{on}/secrets/SMTP_PASSWORD"), "secrets.view"),
        (format!("{on}/features"), "customers.view"),
        (format!("{on}/audit"), "audit.view"),
    ];
    for (email, role) in STAFF {
        let mut browser = world.sign_in(email).await;
        for (path, permission) in &pages {
            let answer = browser.get(path).await;
            let expected = if has("vendor", permission, role) { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(answer.status, expected, "{email} {path}: {}", answer.text());
            if expected == StatusCode::FORBIDDEN {
                assert!(answer.text().contains("Your role here is"), "{email} {path}");
            }
        }
        // The menu has what can be opened, and nothing else.
        let page = browser.get("/customers").await;
        for (href, permission) in [("/users", "users.view"), ("/secrets", "secrets.view"), ("/audit", "audit.view")] {
            let listed = page.body.contains(&format!("<a href=\"{href}\""));
            assert_eq!(listed, has("vendor", permission, role), "{email} {href}");
        }
    }
    for (email, _) in MEMBERS {
        let mut browser = world.sign_in(email).await;
        for (path, _) in &pages {
            assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{email} {path}");
        }
    }
}

#[tokio::test]
async fn r1_every_change_is_made_for_the_roles_that_the_table_says() {
    let field = |name: &'static str, value: &'static str| (name, value);
    let vendor = [
        ("/customers", vec![field("name", "New")], "customers.manage"),
        ("/users", vec![field("name", "N"), field("email", "n@acme.test"), field("role", "user")], "users.manage"),
        ("/secrets", vec![field("key", "NEW"), field("value", "v")], "secrets.manage"),
        ("/audit/verify", vec![], "audit.view"),
        (
            "ON/users",
            vec![field("name", "N"), field("email", "n@x.test"), field("role", "user")],
            "customer_users.manage",
        ),
        ("ON/secrets", vec![field("key", "NEW"), field("value", "v")], "secrets.manage"),
        ("ON/features", vec![field("feature", "alerts")], "features.manage"),
        ("ON", vec![field("name", "Renamed"), field("revision", "1")], "customers.manage"),
        ("ON/audit/verify", vec![], "audit.view"),
        ("ON/archive", vec![], "customers.manage"),
        ("ON/unarchive", vec![], "customers.manage"),
        ("ON/delete", vec![field("name", "Renamed")], "customers.delete"),
    ];
    for (email, role) in STAFF {
        let world = World::new().await;
        let on = format!("/customers/{}", world.customer("Globex GmbH").await);
        let mut browser = world.sign_in(email).await;
        for (path, fields, permission) in &vendor {
            let before = world.entries().await;
            let path = path.replace("ON", &on);
            let answer = browser.post(&path, fields).await;
            let allowed = has("vendor", permission, role);
            let expected = if allowed { StatusCode::SEE_OTHER } else { StatusCode::FORBIDDEN };
            assert_eq!(answer.status, expected, "{email} {path}: {}", answer.text());
            if !allowed {
                assert_eq!(world.entries().await, before, "{email} {path}");
            }
        }
    }
    let customer = [
        ("ON/users", vec![field("name", "N"), field("email", "n@x.test"), field("role", "user")], "users.manage"),
        ("ON/secrets", vec![field("key", "NEW"), field("value", "v")], "secrets.manage"),
        ("ON/secrets/API_TOKEN", vec![field("value", "v"), field("version", "1")], "secrets.manage"),
    ];
    for (email, role) in MEMBERS {
        let world = World::new().await;
        let on = format!("/portal/{}", world.customer("Globex GmbH").await);
        let mut browser = world.sign_in(email).await;
        for (path, fields, permission) in &customer {
            let path = path.replace("ON", &on);
            let answer = browser.post(&path, fields).await;
            let allowed = has("customer", permission, role);
            let expected = if allowed { StatusCode::SEE_OTHER } else { StatusCode::FORBIDDEN };
            assert_eq!(answer.status, expected, "{email} {path}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn p1_a_member_sees_the_sections_that_can_be_opened_and_is_refused_the_others_by_address() {
    let world = World::new().await;
    let globex = world.customer("Globex GmbH").await;
    let features: HashMap<_, _> = TABLE
        .lines()
        .map(|line| line.split(',').collect::<Vec<_>>())
        .filter(|row| row[0] == "customer")
        .map(|row| (row[1].to_owned(), row[2].to_owned()))
        .collect();
    let catalog = world.portal.app.catalog();
    let scope = world.ada().await.customer(globex);
    for on in [vec![], vec!["deployments"], vec!["alerts"], vec!["artifacts", "support_bundles"]] {
        for feature in ["deployments", "artifacts", "support_bundles"] {
            scope.features().disable(feature).await.unwrap();
        }
        for feature in on {
            scope.features().enable(feature).await.unwrap();
        }
        let enabled = scope.get().await.unwrap().features;
        for (email, role) in MEMBERS {
            let mut browser = world.sign_in(email).await;
            let home = browser.get(&format!("/portal/{globex}/home")).await;
            for section in catalog.sections() {
                let feature = &features[section.permission()];
                let by_role = has("customer", section.permission(), role);
                let by_feature = feature.is_empty() || enabled.contains(feature);
                let path = format!("/portal/{globex}/{}", section.key());
                let listed = home.body.contains(&format!("<a href=\"{path}\""));
                assert_eq!(listed, by_role && by_feature, "{email} {path} with {enabled:?}");
                let answer = browser.get(&path).await;
                let expected = if by_role && by_feature { StatusCode::OK } else { StatusCode::FORBIDDEN };
                assert_eq!(answer.status, expected, "{email} {path} with {enabled:?}");
                let text = answer.text();
                if !by_role {
                    assert!(text.contains("Your role here is"), "{text}");
                } else if !by_feature {
                    assert!(text.contains("switched off for you"), "{text}");
                }
            }
        }
    }
}

#[tokio::test]
async fn f9_a_switch_counts_at_the_next_click_in_an_open_portal() {
    let world = World::new().await;
    let globex = world.customer("Globex GmbH").await;
    let (mut ada, mut viktor) = (world.sign_in("ada@acme.test").await, world.sign_in("viktor@globex.test").await);
    let alerts = format!("/portal/{globex}/alerts");
    assert_eq!(viktor.get(&alerts).await.status, StatusCode::FORBIDDEN);
    let had = [("had", "deployments"), ("had", "artifacts")];
    let on = [had.as_slice(), &[("feature", "deployments"), ("feature", "artifacts"), ("feature", "alerts")]].concat();
    ada.submit(&format!("/customers/{globex}/features"), &on).await;
    assert_eq!(viktor.get(&alerts).await.status, StatusCode::OK);
    let off = [had.as_slice(), &[("had", "alerts"), ("feature", "artifacts"), ("feature", "alerts")]].concat();
    ada.submit(&format!("/customers/{globex}/features"), &off).await;
    for section in ["alerts", "deployments", "secrets"] {
        let answer = viktor.get(&format!("/portal/{globex}/{section}")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{section}");
    }
}

#[tokio::test]
async fn r4_what_belongs_to_another_customer_answers_like_what_does_not_exist() {
    let world = World::new().await;
    let other = world.customer("Initrode").await;
    let ada = world.ada().await;
    let theirs = ada.customer(other).members().invite("Other", "other@initrode.test", Role::User).await.unwrap();
    ada.customer(other).secrets().set("THEIRS", "value").await.unwrap();
    let globex = world.customer("Globex GmbH").await;
    let nowhere = "cus_00000000000000000000000000000007";
    let nobody = "mem_00000000000000000000000000000007";
    let no_invitation = "inv_00000000000000000000000000000007";
    let mut hank = world.sign_in("hank@globex.test").await;
    let before = world.entries().await;
    for page in ["home", "users", "secrets", "secrets/THEIRS", "deployments", "nonsense"] {
        let mut answers = Vec::new();
        for customer in [other.to_string(), nowhere.to_owned(), "nonsense".to_owned()] {
            let answer = hank.get(&format!("/portal/{customer}/{page}")).await;
            answers.push((answer.status, answer.text()));
        }
        assert_eq!(answers[0].0, StatusCode::NOT_FOUND, "{page}");
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{page}");
    }
    // Their rows, from one's own place.
    let on = format!("/portal/{globex}");
    for (theirs, unknown) in [
        (format!("{on}/users/{}/remove", theirs.member.id), format!("{on}/users/{nobody}/remove")),
        (format!("{on}/users/{}/role", theirs.member.id), format!("{on}/users/{nobody}/role")),
        (
            format!("{on}/invitations/{}/revoke", theirs.invitation.id),
            format!("{on}/invitations/{no_invitation}/revoke"),
        ),
        (format!("{on}/secrets/THEIRS/delete"), format!("{on}/secrets/UNKNOWN/delete")),
    ] {
        let (theirs_answer, unknown_answer) =
            (hank.post(&theirs, &[("role", "user")]).await, hank.post(&unknown, &[("role", "user")]).await);
        assert_eq!(theirs_answer.status, StatusCode::NOT_FOUND, "{theirs}");
        assert_eq!(theirs_answer.text(), unknown_answer.text(), "{theirs}");
    }
    assert_eq!(world.entries().await, before);
}

#[tokio::test]
async fn c5_the_members_of_an_archived_customer_are_refused_with_the_reason() {
    let world = World::new().await;
    let globex = world.customer("Globex GmbH").await;
    let mut hank = world.sign_in("hank@globex.test").await;
    let mut ada = world.sign_in("ada@acme.test").await;
    ada.submit(&format!("/customers/{globex}/archive"), &[]).await;
    let answer = hank.get(&format!("/portal/{globex}/home")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text().contains("archived"), "{}", answer.text());
    let list = ada.get("/customers").await;
    assert!(!list.body.contains(&globex.to_string()));
    assert!(ada.get("/customers?status=archived").await.body.contains(&globex.to_string()));
    ada.submit(&format!("/customers/{globex}/unarchive"), &[]).await;
    assert_eq!(hank.get(&format!("/portal/{globex}/home")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn u10_a_suspended_or_removed_member_is_out_at_the_next_click() {
    let world = World::new().await;
    let globex = world.customer("Globex GmbH").await;
    let mut uma = world.sign_in("uma@globex.test").await;
    let mut hank = world.sign_in("hank@globex.test").await;
    let members = world.ada().await.customer(globex).members();
    let found = members.list(tenantry::PageRequest::first()).await.unwrap().items;
    let id = found.iter().find(|member| member.email == "uma@globex.test").unwrap().id;
    let on = format!("/portal/{globex}");
    assert_eq!(uma.get(&format!("{on}/home")).await.status, StatusCode::OK);
    hank.submit(&format!("{on}/users/{id}/suspend"), &[]).await;
    let answer = uma.get(&format!("{on}/home")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text().contains("suspended"), "{}", answer.text());
    hank.submit(&format!("{on}/users/{id}/resume"), &[]).await;
    assert_eq!(uma.get(&format!("{on}/home")).await.status, StatusCode::OK);
    hank.submit(&format!("{on}/users/{id}/remove"), &[]).await;
    assert_eq!(uma.get(&format!("{on}/home")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn who_is_signed_out_sees_no_data() {
    let world = World::new().await;
    let globex = world.customer("Globex GmbH").await;
    let mut nobody = world.browser();
    nobody.get("/sign-in").await;
    for path in ["/customers", "/users", "/audit", "/places", &format!("/portal/{globex}/home")] {
        let answer = nobody.get(path).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(!answer.body.contains("Globex"), "{path}");
    }
    let mut ada = world.sign_in("ada@acme.test").await;
    assert_eq!(ada.get("/customers").await.status, StatusCode::OK);
    ada.submit("/sign-out", &[]).await;
    assert_eq!(ada.get("/customers").await.status, StatusCode::UNAUTHORIZED);
}
