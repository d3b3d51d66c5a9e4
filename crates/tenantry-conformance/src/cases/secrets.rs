//! S: secrets.

use tenantry_core::{AuditQuery, PageRequest, Place};

use super::cases;
use crate::Opened;
use crate::check::{Tried, World, ensure, ensure_eq, refused};

cases![
    s1_nothing_is_inherited_between_places,
    s2_keys_and_values_follow_their_rules,
    s3_a_resolving_service_is_on_the_record_and_portals_answer_no_value,
    s3_a_service_may_do_its_own_rows_and_nothing_else,
    s3_secrets_are_listed_in_pages_with_who_and_when,
];

fn s1_nothing_is_inherited_between_places(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (globex, initech) = (world.customer("Globex")?, world.customer("Initech")?);
    world.boss().secrets().set("KEY", "vendor").wait()?;
    globex.secrets().set("KEY", "globex").wait()?;
    let resolve = |place: Place| world.app.service(place, "deployer", "test").resolve(["KEY"]);
    let value = |place: Place| -> Result<String, crate::Failure> {
        let values = resolve(place).wait()?;
        Ok(values.first().ok_or("no value")?.value.expose().to_owned())
    };
    ensure_eq!(value(world.boss().place())?, "vendor");
    ensure_eq!(value(globex.place())?, "globex");
    refused(resolve(initech.place()), "not_found")?;
    Ok(())
}

fn s2_keys_and_values_follow_their_rules(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let set = |key: &str, value: &str| globex.secrets().set(key, value);
    for key in ["", "1A", "_A", "A-B", "A B", "Ä", &"k".repeat(129)] {
        refused(set(key, "value"), "invalid_input")?;
    }
    refused(set("A", ""), "invalid_input")?;
    refused(set("A", &"v".repeat(64 * 1024 + 1)), "invalid_input")?;
    let longest = "v".repeat(64 * 1024);
    ensure_eq!(set("A", &longest).wait()?.secret.version, 1);
    refused(set("A", ""), "invalid_input")?;
    ensure_eq!(set("a", "case matters").wait()?.secret.version, 1);
    ensure_eq!(set("A", "\u{0}\n\u{1F600}").wait()?.secret.version, 2);
    let values = world.app.service(globex.place(), "deployer", "test").resolve_all().wait()?;
    let values: Vec<_> = values.iter().map(|got| (got.key.as_str(), got.value.expose())).collect();
    ensure_eq!(values, [("A", "\u{0}\n\u{1F600}"), ("a", "case matters")]);
    globex.secrets().delete("A").wait()?;
    refused(globex.secrets().delete("A"), "not_found")?;
    ensure_eq!(set("A", "again").wait()?.secret.version, 1);
    Ok(())
}

fn s3_a_resolving_service_is_on_the_record_and_portals_answer_no_value(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    globex.secrets().set("KEY", "planted").wait()?;
    let service = world.app.service(globex.place(), "deployer", "rollout 7");
    service.resolve(["KEY"]).wait()?;
    refused(service.resolve(["KEY", "NONE"]), "not_found")?;
    let entries = globex.audit().list(AuditQuery::new().action("secrets.resolved")).wait()?.items;
    let [entry] = entries.as_slice() else { return Err(format!("{} entries", entries.len()).into()) };
    ensure_eq!(entry.actor, "svc:deployer");
    ensure_eq!(entry.detail.as_deref(), Some(r#"{"after":{"keys":["KEY"],"reason":"rollout 7"},"before":null}"#));
    let log = globex.audit().list(AuditQuery::new()).wait()?;
    ensure!(!format!("{log:?}").contains("planted"));
    for (name, reason) in [("", "test"), ("a b", "test"), ("deployer", ""), ("deployer", "a\nb")] {
        refused(world.app.service(globex.place(), name, reason).resolve(["KEY"]), "invalid_input")?;
    }
    Ok(())
}

fn s3_a_service_may_do_its_own_rows_and_nothing_else(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let service = world.app.service(world.acme.customer.place(), "deployer", "test");
    service.require("deployments.register").wait()?;
    ensure!(service.can("secrets.resolve").wait()?);
    for permission in world.app.catalog().permissions() {
        let own = ["secrets.resolve", "deployments.register"].contains(&permission.name());
        ensure_eq!(service.can(permission.name()).wait()?, own);
    }
    refused(service.can("teleport"), "unknown_name")?;
    world.acme.customer.features().disable("deployments").wait()?;
    refused(service.require("deployments.register"), "feature_disabled")?;
    world.app.service(world.boss().place(), "deployer", "test").require("secrets.resolve").wait()?;
    Ok(())
}

fn s3_secrets_are_listed_in_pages_with_who_and_when(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let [_, user, viewer] = &world.acme.members;
    let mut expected = Vec::new();
    for key in ["A", "B", "Z", "a", "b"] {
        expected.push(user.secrets().set(key, "value").wait()?.secret);
    }
    let mut secrets = Vec::new();
    let mut page = viewer.secrets().list(PageRequest::first().size(2)).wait()?;
    loop {
        secrets.extend(page.items);
        let Some(next) = page.next else { break };
        page = viewer.secrets().list(PageRequest::after(next).size(2)).wait()?;
    }
    ensure_eq!(secrets, expected);
    let staff = world.boss().actor().to_string();
    let updated = world.acme.customer.secrets().set("A", "2").wait()?.secret;
    ensure_eq!((updated.created_by, updated.updated_by), (user.actor().to_string(), staff));
    refused(viewer.secrets().set("A", "3"), "permission_denied")?;
    Ok(())
}
