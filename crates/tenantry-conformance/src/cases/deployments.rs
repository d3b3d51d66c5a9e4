//! S6: deployments, as users of secrets.

use std::sync::Barrier;
use std::thread;

use tenantry_core::{
    AuditQuery, Call, Cursor, CustomerScope, Deployment, Error, NewDeployment, PageRequest, SecretUse, ServiceScope,
};

use super::cases;
use crate::check::{Tried, World, builder, ensure, ensure_eq, refused};
use crate::{Failure, Opened};

cases![
    s6_a_deployment_uses_the_secrets_that_its_templates_refer_to,
    s6_setting_and_rolling_back_answer_the_deployments_that_use_the_secret,
    s6_registering_anew_keeps_what_was_reported_of_the_keys_that_stay,
    s6_used_by_is_paged_and_shows_the_version_that_each_runs,
    s6_a_used_secret_is_deleted_only_although_it_is_used,
    s6_a_report_names_deployments_and_secrets_that_there_are,
    s6_what_a_deployment_is_registered_from_follows_its_rules,
    s6_a_mistake_in_a_template_registers_nothing,
    s6_deployments_of_a_place_are_its_own_and_go_with_the_customer,
    s6_a_service_registers_where_the_feature_is_on_and_every_change_is_on_the_record,
    s6_no_secret_that_is_used_is_deleted_silently_however_they_race,
];

fn service(world: &World, scope: &CustomerScope) -> ServiceScope {
    world.app.service(scope.place(), "deployer", "test")
}

/// A deployment whose templates refer to these keys.
fn using(id: &str, keys: &[&str]) -> NewDeployment {
    let deployment = NewDeployment::new(id, format!("Deployment {id}"));
    keys.iter().fold(deployment, |deployment, key| deployment.template(format!("{key}={{{{ .Secrets.{key} }}}}\n")))
}

/// The keys that a deployment uses, each with the version that it runs.
fn uses(deployment: &Deployment) -> Vec<(&str, Option<u64>)> {
    deployment.secrets.iter().map(|secret| (secret.key.as_str(), secret.running)).collect()
}

/// The deployments that use a key, on pages of this size.
fn used_by(scope: &CustomerScope, key: &str, size: usize) -> Result<Vec<SecretUse>, Failure> {
    let (mut uses, mut next): (Vec<SecretUse>, Option<Cursor>) = (Vec::new(), None);
    loop {
        let page = next.take().map_or_else(PageRequest::first, PageRequest::after).size(size);
        let page = scope.secrets().used_by(key, page).wait()?;
        ensure_page(page.items.len(), size)?;
        uses.extend(page.items);
        next = page.next;
        if next.is_none() {
            return Ok(uses);
        }
    }
}

fn ensure_page(length: usize, size: usize) -> Tried {
    ensure!(length <= size);
    Ok(())
}

fn s6_a_deployment_uses_the_secrets_that_its_templates_refer_to(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let made = service(&world, &globex).register_deployment(using("web", &["B", "A", "B"])).wait()?;
    ensure_eq!((made.id.as_str(), made.name.as_str()), ("web", "Deployment web"));
    // In order, each once; there need be no such secret yet.
    ensure_eq!(uses(&made), [("A", None), ("B", None)]);
    let none = service(&world, &globex).register_deployment(using("idle", &[])).wait()?;
    ensure_eq!(uses(&none), []);
    ensure_eq!(globex.deployments().list(PageRequest::first()).wait()?.items, [none, made]);
    service(&world, &globex).remove_deployment("web").wait()?;
    refused(service(&world, &globex).remove_deployment("web"), "not_found")?;
    ensure_eq!(used_by(&globex, "A", 10)?, []);
    Ok(())
}

fn s6_setting_and_rolling_back_answer_the_deployments_that_use_the_secret(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    for (id, keys) in [("web", ["A", "B"]), ("worker", ["A", "C"])] {
        service(&world, &globex).register_deployment(using(id, &keys)).wait()?;
    }
    let affected = |change: Call<tenantry_core::SecretChange>| -> Result<Vec<(String, Option<u64>)>, Failure> {
        let page = change.wait()?.affected;
        Ok(page.items.into_iter().map(|user| (user.deployment, user.running)).collect())
    };
    let (web, worker) = ("web".to_owned(), "worker".to_owned());
    ensure_eq!(affected(globex.secrets().set("A", "1"))?, [(web.clone(), None), (worker.clone(), None)]);
    ensure_eq!(affected(globex.secrets().set("B", "1"))?, [(web.clone(), None)]);
    ensure_eq!(affected(globex.secrets().set("D", "1"))?, []);
    service(&world, &globex).report_running("web", [("A", 1)]).wait()?;
    ensure_eq!(affected(globex.secrets().set_at("A", "2", 1))?, [(web.clone(), Some(1)), (worker.clone(), None)]);
    ensure_eq!(affected(globex.secrets().roll_back("A", 1))?, [(web, Some(1)), (worker, None)]);
    Ok(())
}

fn s6_registering_anew_keeps_what_was_reported_of_the_keys_that_stay(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let first = service(&world, &globex).register_deployment(using("web", &["A", "B"])).wait()?;
    service(&world, &globex).report_running("web", [("A", 3), ("B", 4)]).wait()?;
    world.clock.advance(std::time::Duration::from_secs(1));
    let again = service(&world, &globex).register_deployment(using("web", &["B", "C"])).wait()?;
    ensure_eq!(uses(&again), [("B", Some(4)), ("C", None)]);
    ensure_eq!(again.created_at, first.created_at);
    ensure!(again.updated_at > first.updated_at);
    // What was dropped is not remembered.
    let back = service(&world, &globex).register_deployment(using("web", &["A", "B"])).wait()?;
    ensure_eq!(uses(&back), [("A", None), ("B", Some(4))]);
    ensure_eq!(used_by(&globex, "C", 10)?, []);
    Ok(())
}

fn s6_used_by_is_paged_and_shows_the_version_that_each_runs(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    for id in ["Z", "b", "a", "b-1", "B"] {
        service(&world, &globex).register_deployment(using(id, &["A", "B"])).wait()?;
    }
    service(&world, &globex).report_running("b", [("A", 7)]).wait()?;
    let all = used_by(&globex, "A", 100)?;
    let shown: Vec<_> = all.iter().map(|user| (user.deployment.as_str(), user.running)).collect();
    ensure_eq!(shown, [("B", None), ("Z", None), ("a", None), ("b", Some(7)), ("b-1", None)]);
    for size in [1, 2, 5] {
        ensure_eq!(used_by(&globex, "A", size)?, all);
    }
    let first = globex.secrets().used_by("A", PageRequest::first().size(2)).wait()?;
    let cursor = first.next.ok_or("no cursor")?;
    refused(globex.secrets().used_by("B", PageRequest::after(cursor.clone())), "invalid_input")?;
    let initech = world.customer("Initech")?;
    refused(initech.secrets().used_by("A", PageRequest::after(cursor)), "invalid_input")?;
    let first = globex.deployments().list(PageRequest::first().size(2)).wait()?;
    let rest = PageRequest::after(first.next.ok_or("no cursor")?);
    refused(initech.deployments().list(rest.clone()), "invalid_input")?;
    let ids: Vec<_> = first.items.into_iter().chain(globex.deployments().list(rest).wait()?.items).collect();
    ensure_eq!(ids.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["B", "Z", "a", "b", "b-1"]);
    Ok(())
}

fn s6_a_used_secret_is_deleted_only_although_it_is_used(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    globex.secrets().set("A", "1").wait()?;
    for id in ["web", "worker"] {
        service(&world, &globex).register_deployment(using(id, &["A"])).wait()?;
    }
    let Error::SecretInUse(used) = refused(globex.secrets().delete("A"), "secret_in_use")? else {
        return Err("another error of this code".into());
    };
    ensure_eq!(used.key(), "A");
    ensure_eq!(used.deployments(), ["Deployment web", "Deployment worker"]);
    ensure!(!used.has_more());
    globex.secrets().delete_although_used("A").wait()?;
    refused(globex.secrets().delete_although_used("A"), "not_found")?;
    // The deployments still want it, and are told when it comes back.
    ensure_eq!(globex.secrets().set("A", "2").wait()?.affected.items.len(), 2);
    for id in ["web", "worker"] {
        refused(globex.secrets().delete("A"), "secret_in_use")?;
        service(&world, &globex).remove_deployment(id).wait()?;
    }
    globex.secrets().delete("A").wait()?;
    // A refusal names a hundred, and says that there are more.
    globex.secrets().set("A", "3").wait()?;
    for number in 0..101 {
        service(&world, &globex).register_deployment(using(&format!("d{number}"), &["A"])).wait()?;
    }
    let Error::SecretInUse(used) = refused(globex.secrets().delete("A"), "secret_in_use")? else {
        return Err("another error of this code".into());
    };
    ensure_eq!((used.deployments().len(), used.has_more()), (100, true));
    Ok(())
}

fn s6_a_report_names_deployments_and_secrets_that_there_are(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let service = service(&world, &globex);
    service.register_deployment(using("web", &["A", "B"])).wait()?;
    refused(service.report_running("other", [("A", 1)]), "not_found")?;
    refused(service.report_running("web", [("A", 1), ("C", 1)]), "not_found")?;
    ensure_eq!(used_by(&globex, "A", 10)?.first().ok_or("no use")?.running, None);
    ensure_eq!(uses(&service.report_running("web", [("B", 2)]).wait()?), [("A", None), ("B", Some(2))]);
    ensure_eq!(uses(&service.report_running("web", [("A", 1), ("B", 1)]).wait()?), [("A", Some(1)), ("B", Some(1))]);
    // What was known already is no change, and leaves no entry.
    let entries = || globex.audit().list(AuditQuery::new().action("deployment.reported")).wait();
    let before = entries()?.items.len();
    service.report_running("web", [("A", 1)]).wait()?;
    service.report_running("web", Vec::<(String, u64)>::new()).wait()?;
    ensure_eq!((before, entries()?.items.len()), (2, 2));
    Ok(())
}

fn s6_what_a_deployment_is_registered_from_follows_its_rules(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let register = |id: &str, name: &str| service(&world, &globex).register_deployment(NewDeployment::new(id, name));
    let long = "n".repeat(201);
    for (id, name) in [("", "Web"), (" ", "Web"), ("a\nb", "Web"), (&*long, "Web"), ("web", ""), ("web", &*long)] {
        refused(register(id, name), "invalid_input")?;
    }
    // Trimmed, so that the same id finds it again.
    ensure_eq!(register(" web\u{a0}", " Web ").wait()?.id, "web");
    ensure_eq!(register("web", "Renamed").wait()?.name, "Renamed");
    ensure_eq!(globex.deployments().list(PageRequest::first()).wait()?.items.len(), 1);
    service(&world, &globex).remove_deployment(" web ").wait()?;
    for name in ["", "a b"] {
        let service = world.app.service(globex.place(), name, "test");
        refused(service.register_deployment(using("web", &[])), "invalid_input")?;
        refused(service.report_running("web", [("A", 1)]), "invalid_input")?;
        refused(service.remove_deployment("web"), "invalid_input")?;
    }
    Ok(())
}

fn s6_a_mistake_in_a_template_registers_nothing(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let register = |text: &str| {
        let deployment = using("web", &["A"]).template(text);
        service(&world, &globex).register_deployment(deployment).wait()
    };
    for mistake in ["{{ .Secrets.", "{{ if }}", "{{ range .Secrets.A }}{{ end }}"] {
        let Err(Error::Template(_)) = register(mistake) else { return Err(format!("`{mistake}` is none").into()) };
    }
    ensure_eq!(globex.deployments().list(PageRequest::first()).wait()?.items, []);
    // What stood there stays.
    register("fine").map_err(Failure::from)?;
    ensure!(register("{{").is_err());
    ensure_eq!(used_by(&globex, "A", 10)?.len(), 1);
    Ok(())
}

fn s6_deployments_of_a_place_are_its_own_and_go_with_the_customer(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (globex, initech) = (world.customer("Globex")?, world.customer("Initech")?);
    for scope in [&globex, &initech] {
        scope.secrets().set("A", "1").wait()?;
        service(&world, scope).register_deployment(using("web", &["A"])).wait()?;
    }
    service(&world, &initech).remove_deployment("web").wait()?;
    ensure_eq!((used_by(&globex, "A", 10)?.len(), used_by(&initech, "A", 10)?.len()), (1, 0));
    // The vendor's own deployments use the vendor's own secrets.
    world.boss().secrets().set("A", "vendor").wait()?;
    let home = world.app.service(world.boss().place(), "deployer", "test");
    home.register_deployment(using("web", &["A"])).wait()?;
    ensure_eq!(world.boss().deployments().list(PageRequest::first()).wait()?.items.len(), 1);
    refused(world.boss().secrets().delete("A"), "secret_in_use")?;
    let place = globex.place();
    globex.delete("Globex").wait()?;
    ensure_eq!(
        tenantry_core::testing::ready(store.store()?.deployments(place, None, 9, tenantry_core::Caller::Blocking))?,
        []
    );
    refused(world.app.service(place, "deployer", "test").register_deployment(using("web", &["A"])), "not_found")?;
    ensure_eq!(used_by(&initech, "A", 10)?.len(), 0);
    Ok(())
}

fn s6_a_service_registers_where_the_feature_is_on_and_every_change_is_on_the_record(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let deployer = service(&world, &globex);
    deployer.register_deployment(using("web", &["A"])).wait()?;
    deployer.report_running("web", [("A", 1)]).wait()?;
    deployer.remove_deployment("web").wait()?;
    let log = globex.audit().list(AuditQuery::new().actor("svc:deployer")).wait()?.items;
    let actions: Vec<_> = log.iter().map(|entry| entry.action.as_str()).collect();
    ensure_eq!(actions, ["deployment.registered", "deployment.reported", "deployment.removed"]);
    // The id is the host's own words: it stands in the details, which go with the customer (A1, A3).
    ensure!(log.iter().all(|entry| entry.target == globex.place().to_string()));
    ensure!(log.iter().all(|entry| entry.detail.as_ref().is_some_and(|detail| detail.contains("web"))));
    globex.features().disable("deployments").wait()?;
    refused(deployer.register_deployment(using("web", &[])), "feature_disabled")?;
    refused(deployer.report_running("web", [("A", 1)]), "feature_disabled")?;
    refused(deployer.remove_deployment("web"), "feature_disabled")?;
    globex.features().enable("deployments").wait()?;
    globex.archive().wait()?;
    refused(deployer.register_deployment(using("web", &[])), "customer_archived")?;
    Ok(())
}

fn s6_no_secret_that_is_used_is_deleted_silently_however_they_race(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let (one, other) = (store.open(builder())?, store.open(builder())?);
    let tenantry_core::Actor::User(boss) = *world.boss().actor() else { return Err("no user".into()) };
    let id = globex.place().customer().ok_or("no customer")?;
    let mut outcomes = [0; 2];
    for round in 0..40 {
        let key = format!("KEY_{round}");
        globex.secrets().set(&key, "value").wait()?;
        let barrier = Barrier::new(2);
        let (registered, deleted) = thread::scope(|scope| {
            let registering = scope.spawn(|| {
                let service = one.service(globex.place(), "deployer", "test");
                barrier.wait();
                service.register_deployment(using(&key, &[&key])).wait()
            });
            let secrets = other.vendor(world.boss().vendor_id(), boss).customer(id).secrets();
            barrier.wait();
            let deleted = secrets.delete(&key).wait();
            (registering.join(), deleted)
        });
        registered.map_err(|_| "a thread panicked")??;
        // Whoever deleted was first: then the deployment was registered with a secret that was gone already.
        let exists =
            globex.secrets().list(PageRequest::first().size(1_000)).wait()?.items.iter().any(|it| it.key == key);
        match deleted {
            Ok(()) => ensure!(!exists),
            Err(error) => ensure_eq!((error.code(), exists), ("secret_in_use", true)),
        }
        let entries = globex.audit().list(AuditQuery::new().page_size(1_000)).wait()?.items;
        let place_of = |action: &str| entries.iter().rposition(|entry| entry.action == action);
        if !exists {
            ensure!(place_of("secret.deleted") < place_of("deployment.registered"));
        }
        outcomes.get_mut(usize::from(exists)).into_iter().for_each(|count| *count += 1);
    }
    ensure_eq!(outcomes.iter().sum::<i32>(), 40);
    Ok(())
}
