//! S5: the versions of a secret.

use std::sync::Barrier;
use std::thread;

use tenantry_core::{AuditQuery, CustomerScope, Error, Page, PageRequest, SecretVersion};

use super::cases;
use crate::check::{Tried, World, builder, ensure, ensure_eq, refused};
use crate::faulty::{Fault, with_faults};
use crate::{Failure, Opened};

cases![
    s5_every_set_makes_a_version_and_the_newest_is_resolved,
    s5_set_at_names_the_version_that_was_seen_and_the_one_that_is,
    s5_of_two_who_set_at_the_same_version_one_wins,
    s5_versions_are_listed_newest_first_in_pages_and_without_values,
    s5_rolling_back_makes_a_new_version_of_the_old_value,
    s5_a_destroyed_version_stays_listed_and_never_comes_back,
    s5_as_many_versions_are_kept_as_the_host_says,
    s5_changes_of_versions_are_on_the_record_without_values,
    s5_a_refused_change_makes_no_version,
    s4_without_a_root_key_only_what_needs_values_fails,
];

/// The value that a service gets.
fn value(world: &World, scope: &CustomerScope, key: &str) -> Result<String, Failure> {
    let values = world.app.service(scope.place(), "deployer", "test").resolve([key]).wait()?;
    Ok(values.first().ok_or("no value")?.value.expose().to_owned())
}

/// The versions that are listed, newest first, those destroyed with a minus.
fn listed(scope: &CustomerScope, key: &str) -> Result<Vec<i64>, Failure> {
    let page = scope.secrets().versions(key, PageRequest::first()).wait()?;
    let number = |version: &SecretVersion| -> Result<i64, Failure> {
        let number = i64::try_from(version.version)?;
        Ok(if version.destroyed { -number } else { number })
    };
    page.items.iter().map(number).collect()
}

fn s5_every_set_makes_a_version_and_the_newest_is_resolved(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    for version in 1..=4_u64 {
        let set = globex.secrets().set("KEY", format!("value {version}").as_str()).wait()?.secret;
        ensure_eq!((set.version, value(&world, &globex, "KEY")?), (version, format!("value {version}")));
    }
    // The same value again is a version, too: whoever sets it may mean to.
    ensure_eq!(globex.secrets().set("KEY", "value 4").wait()?.secret.version, 5);
    ensure_eq!(listed(&globex, "KEY")?, [5, 4, 3, 2, 1]);
    globex.secrets().delete("KEY").wait()?;
    refused(globex.secrets().versions("KEY", PageRequest::first()), "not_found")?;
    ensure_eq!(globex.secrets().set("KEY", "again").wait()?.secret.version, 1);
    ensure_eq!(listed(&globex, "KEY")?, [1]);
    Ok(())
}

fn s5_set_at_names_the_version_that_was_seen_and_the_one_that_is(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let secrets = world.customer("Globex")?.secrets();
    let stale = |version: u64| -> Result<(u64, u64), Failure> {
        let Error::StaleRevision(stale) = refused(secrets.set_at("KEY", "stale", version), "stale_revision")? else {
            return Err("another error of this code".into());
        };
        Ok((stale.expected(), stale.found()))
    };
    ensure_eq!(stale(1)?, (1, 0));
    ensure_eq!(secrets.set_at("KEY", "1", 0).wait()?.secret.version, 1);
    ensure_eq!(stale(0)?, (0, 1));
    ensure_eq!(secrets.set_at("KEY", "2", 1).wait()?.secret.version, 2);
    for version in [0, 1, 3, u64::MAX] {
        ensure_eq!(stale(version)?, (version, 2));
    }
    refused(secrets.set_at("KEY", "", 2), "invalid_input")?;
    refused(secrets.set_at("KEY", &*"v".repeat(64 * 1024 + 1), 2), "invalid_input")?;
    secrets.delete("KEY").wait()?;
    ensure_eq!(stale(2)?, (2, 0));
    Ok(())
}

fn s5_of_two_who_set_at_the_same_version_one_wins(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let (vendor, customer) = (globex.place().vendor(), globex.place().customer().ok_or("no customer")?);
    let tenantry_core::Actor::User(boss) = *world.boss().actor() else { return Err("no user".into()) };
    let apps = [store.open(builder())?, store.open(builder())?];
    for version in 0..20 {
        let barrier = Barrier::new(apps.len());
        let won = thread::scope(|scope| {
            let hand = |(name, app): (usize, &tenantry_core::Tenantry)| {
                let (secrets, barrier) = (app.vendor(vendor, boss).customer(customer).secrets(), &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    secrets.set_at("KEY", format!("{version} by {name}").as_str(), version).wait()
                })
            };
            let hands: Vec<_> = apps.iter().enumerate().map(hand).collect();
            let answers = hands.into_iter().map(|hand| hand.join().map_err(|_| Failure::from("a thread panicked")));
            answers.collect::<Result<Vec<_>, _>>()
        })?;
        let winner = won.iter().position(Result::is_ok).ok_or("nobody won")?;
        ensure_eq!(value(&world, &globex, "KEY")?, format!("{version} by {winner}"));
        for (hand, answer) in won.into_iter().enumerate() {
            match answer {
                Ok(set) => ensure_eq!((hand, set.secret.version), (winner, version + 1)),
                Err(error) => ensure_eq!(error.code(), "stale_revision"),
            }
        }
    }
    Ok(())
}

fn s5_versions_are_listed_newest_first_in_pages_and_without_values(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let [_, user, viewer] = &world.acme.members;
    for number in 1..=5 {
        world.clock.advance(std::time::Duration::from_secs(1));
        user.secrets().set("KEY", format!("planted {number}").as_str()).wait()?;
    }
    user.secrets().set("OTHER", "other").wait()?;
    let secrets = viewer.secrets();
    let all = secrets.versions("KEY", PageRequest::first()).wait()?.items;
    ensure_eq!(all.iter().map(|version| version.version).collect::<Vec<_>>(), [5, 4, 3, 2, 1]);
    ensure_eq!(all.iter().map(|version| version.current).collect::<Vec<_>>(), [true, false, false, false, false]);
    ensure!(all.iter().all(|version| version.created_by == user.actor().to_string() && !version.destroyed));
    ensure!(all.iter().zip(all.iter().skip(1)).all(|(newer, older)| newer.created_at > older.created_at));
    ensure!(!format!("{all:?}").contains("planted"));
    for size in [1, 2, 5, 6] {
        let mut pages = Vec::new();
        let mut page: Page<SecretVersion> = secrets.versions("KEY", PageRequest::first().size(size)).wait()?;
        loop {
            ensure!(page.items.len() <= size);
            pages.extend(page.items);
            let Some(next) = page.next else { break };
            // The cursor is bound to its secret.
            refused(secrets.versions("OTHER", PageRequest::after(next.clone())), "invalid_input")?;
            page = secrets.versions("KEY", PageRequest::after(next).size(size)).wait()?;
        }
        ensure_eq!(pages, all);
    }
    refused(secrets.versions("KEY", PageRequest::first().size(0)), "invalid_input")?;
    refused(secrets.versions("NONE", PageRequest::first()), "not_found")?;
    Ok(())
}

fn s5_rolling_back_makes_a_new_version_of_the_old_value(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let secrets = globex.secrets();
    for number in 1..=3 {
        secrets.set("KEY", format!("value {number}").as_str()).wait()?;
    }
    ensure_eq!(secrets.roll_back("KEY", 1).wait()?.secret.version, 4);
    ensure_eq!((value(&world, &globex, "KEY")?, listed(&globex, "KEY")?), ("value 1".to_owned(), vec![4, 3, 2, 1]));
    ensure_eq!(secrets.roll_back("KEY", 3).wait()?.secret.version, 5);
    ensure_eq!(value(&world, &globex, "KEY")?, "value 3");
    refused(secrets.roll_back("KEY", 5), "invalid_input")?;
    for version in [0, 6, u64::MAX] {
        refused(secrets.roll_back("KEY", version), "not_found")?;
    }
    refused(secrets.roll_back("NONE", 1), "not_found")?;
    refused(world.acme.members[2].secrets().roll_back("KEY", 1), "permission_denied")?;
    Ok(())
}

fn s5_a_destroyed_version_stays_listed_and_never_comes_back(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let secrets = globex.secrets();
    for number in 1..=3 {
        secrets.set("KEY", format!("value {number}").as_str()).wait()?;
    }
    refused(secrets.destroy("KEY", 3), "invalid_input")?;
    refused(secrets.destroy("KEY", 4), "not_found")?;
    refused(secrets.destroy("NONE", 1), "not_found")?;
    secrets.destroy("KEY", 2).wait()?;
    // Once more changes nothing, and leaves no second entry.
    secrets.destroy("KEY", 2).wait()?;
    ensure_eq!((value(&world, &globex, "KEY")?, listed(&globex, "KEY")?), ("value 3".to_owned(), vec![3, -2, 1]));
    refused(secrets.roll_back("KEY", 2), "invalid_input")?;
    secrets.roll_back("KEY", 1).wait()?;
    secrets.destroy("KEY", 1).wait()?;
    ensure_eq!((value(&world, &globex, "KEY")?, listed(&globex, "KEY")?), ("value 1".to_owned(), vec![4, 3, -2, -1]));
    let destroyed = globex.audit().list(AuditQuery::new().action("secret.version_destroyed")).wait()?.items;
    ensure_eq!(destroyed.len(), 2);
    // What was destroyed is in nobody's way: not of redaction, not of a rotation.
    world.app.service(globex.place(), "deployer", "test").redactor().wait()?;
    world.app.maintenance("test").rotate_place_key(globex.place(), |_| ()).wait()?;
    ensure_eq!((value(&world, &globex, "KEY")?, listed(&globex, "KEY")?), ("value 1".to_owned(), vec![4, 3, -2, -1]));
    Ok(())
}

fn s5_as_many_versions_are_kept_as_the_host_says(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let tenantry_core::Actor::User(boss) = *world.boss().actor() else { return Err("no user".into()) };
    for kept in [1_u64, 2, 3] {
        let app = store.open(builder().kept_versions(kept))?;
        let globex = world.customer("Globex")?;
        let id = globex.place().customer().ok_or("no customer")?;
        let secrets = app.vendor(world.boss().vendor_id(), boss).customer(id).secrets();
        for version in 1..=5_u64 {
            secrets.set("KEY", format!("value {version}").as_str()).wait()?;
            let newest_first: Vec<_> =
                (version.saturating_sub(kept) + 1..=version).rev().map(u64::cast_signed).collect();
            ensure_eq!(listed(&globex, "KEY")?, newest_first);
        }
        refused(secrets.roll_back("KEY", 5 - kept), "not_found")?;
        refused(secrets.destroy("KEY", 5 - kept), "not_found")?;
        // A rolled back version counts as one; a handle that keeps more brings nothing back.
        if kept > 1 {
            secrets.roll_back("KEY", 4).wait()?;
            ensure_eq!(listed(&globex, "KEY")?.len() as u64, kept);
        }
        globex.secrets().set("KEY", "by the handle that keeps ten").wait()?;
        ensure_eq!(listed(&globex, "KEY")?.len() as u64, kept + 1);
    }
    // None is kept less than the current one.
    let app = store.open(builder().kept_versions(0))?;
    let customer = world.customer("Initech")?;
    let id = customer.place().customer().ok_or("no customer")?;
    let secrets = app.vendor(world.boss().vendor_id(), boss).customer(id).secrets();
    secrets.set("KEY", "1").wait()?;
    secrets.set("KEY", "2").wait()?;
    ensure_eq!((listed(&customer, "KEY")?, value(&world, &customer, "KEY")?), (vec![2], "2".to_owned()));
    // Ten unless told otherwise.
    for _ in 0..12 {
        customer.secrets().set("TEN", "value").wait()?;
    }
    ensure_eq!(listed(&customer, "TEN")?, [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
    Ok(())
}

fn s5_changes_of_versions_are_on_the_record_without_values(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let secrets = globex.secrets();
    secrets.set("KEY", "planted one").wait()?;
    secrets.set_at("KEY", "planted two", 1).wait()?;
    secrets.roll_back("KEY", 1).wait()?;
    secrets.destroy("KEY", 2).wait()?;
    secrets.delete("KEY").wait()?;
    let log = globex.audit().list(AuditQuery::new()).wait()?.items;
    let of_secrets: Vec<_> =
        log.iter().map(|entry| entry.action.as_str()).filter(|action| action.starts_with("secret.")).collect();
    let expected =
        ["secret.created", "secret.updated", "secret.rolled_back", "secret.version_destroyed", "secret.deleted"];
    ensure_eq!(of_secrets, expected);
    ensure!(!format!("{log:?}").contains("planted"));
    Ok(())
}

fn s5_a_refused_change_makes_no_version(store: &dyn Opened) -> Tried {
    let (world, faulty, app) = with_faults(store)?;
    let customer = &world.acme.customer;
    let id = customer.place().customer().ok_or("no customer")?;
    let tenantry_core::Actor::User(boss) = *world.boss().actor() else { return Err("no user".into()) };
    let secrets = app.vendor(world.boss().vendor_id(), boss).customer(id).secrets();
    secrets.set("KEY", "1").wait()?;
    secrets.set("KEY", "2").wait()?;
    faulty.set(Fault::BreaksOff(0));
    refused(secrets.set("KEY", "3"), "storage_unavailable")?;
    refused(secrets.set_at("KEY", "3", 2), "storage_unavailable")?;
    refused(secrets.roll_back("KEY", 1), "storage_unavailable")?;
    refused(secrets.destroy("KEY", 1), "storage_unavailable")?;
    faulty.take();
    ensure_eq!((listed(customer, "KEY")?, value(&world, customer, "KEY")?), (vec![2, 1], "2".to_owned()));
    // Somebody else sets it between the decision and the commit: the version is the next one all the same.
    let others = customer.secrets().set("KEY", "3");
    faulty.set(Fault::Before { call: "commit", skip: 0, change: Box::new(|| others.wait().map(drop)) });
    ensure_eq!(secrets.set("KEY", "4").wait()?.secret.version, 4);
    let others = customer.secrets().set("KEY", "5");
    faulty.set(Fault::Before { call: "commit", skip: 0, change: Box::new(|| others.wait().map(drop)) });
    refused(secrets.set_at("KEY", "never", 4), "stale_revision")?;
    ensure_eq!((listed(customer, "KEY")?, value(&world, customer, "KEY")?), (vec![5, 4, 3, 2, 1], "5".to_owned()));
    Ok(())
}

fn s4_without_a_root_key_only_what_needs_values_fails(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let customer = &world.acme.customer;
    customer.secrets().set("KEY", "1").wait()?;
    customer.secrets().set("KEY", "2").wait()?;
    let app = store.open(tenantry_core::Tenantry::builder(tenantry_core::Catalog::standard()))?;
    let id = customer.place().customer().ok_or("no customer")?;
    let tenantry_core::Actor::User(boss) = *world.boss().actor() else { return Err("no user".into()) };
    let secrets = app.vendor(world.boss().vendor_id(), boss).customer(id).secrets();
    let service = app.service(customer.place(), "deployer", "test");
    ensure_eq!(secrets.list(PageRequest::first()).wait()?.items.len(), 1);
    ensure_eq!(secrets.versions("KEY", PageRequest::first()).wait()?.items.len(), 2);
    refused(secrets.set("KEY", "3"), "key_not_available")?;
    refused(secrets.set_at("KEY", "3", 2), "key_not_available")?;
    refused(secrets.set("NEW", "3"), "key_not_available")?;
    refused(secrets.roll_back("KEY", 1), "key_not_available")?;
    refused(service.resolve(["KEY"]), "key_not_available")?;
    refused(service.resolve_all(), "key_not_available")?;
    refused(service.redactor(), "key_not_available")?;
    let maintenance = app.maintenance("test");
    refused(maintenance.rotate_place_key(customer.place(), |_| ()), "key_not_available")?;
    refused(maintenance.rotate_root_key(|_| ()), "key_not_available")?;
    refused(maintenance.stage_root_key(), "key_not_available")?;
    // What was said before comes first: nobody learns of a key by what is wrong anyway.
    refused(secrets.set("KEY", ""), "invalid_input")?;
    secrets.destroy("KEY", 1).wait()?;
    ensure_eq!(listed(customer, "KEY")?, [2, -1]);
    secrets.delete("KEY").wait()?;
    Ok(())
}
