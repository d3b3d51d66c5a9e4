//! A: the audit log.

use tenantry_core::{AuditEntry, AuditQuery, Error, Role, VerifiedEmail};

use super::cases;
use crate::Opened;
use crate::check::{Tried, World, ensure, ensure_eq, refused};

cases![
    a1_every_change_writes_its_entry_and_no_change_none,
    a2_each_place_numbers_its_own_chain,
    a2_what_is_cut_off_or_replaced_is_found_against_a_head_kept_elsewhere,
    a3_erasing_leaves_no_detail_that_speaks_of_the_person,
    a4_the_log_is_filtered_by_place_actor_and_action,
    a4_every_filter_answers_page_by_page_what_the_whole_log_holds,
    a4_the_log_is_read_back_from_the_newest_entry,
    a4_a_follower_misses_nothing_and_gets_nothing_twice,
];

fn a1_every_change_writes_its_entry_and_no_change_none(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let actions = || -> Result<Vec<String>, crate::Failure> {
        let log = globex.audit().list(AuditQuery::new().page_size(100)).wait()?;
        Ok(log.items.into_iter().map(|entry| entry.action).collect())
    };
    world.join(&globex, "hank@globex.test", Role::Viewer)?;
    let vera = globex.members().invite("Vera", "vera@globex.test", Role::Viewer).wait()?;
    let before = actions()?.len();
    globex.features().enable("deployments").wait()?;
    globex.members().rename(vera.member.id, "Vera", None).wait()?;
    globex.update(tenantry_core::CustomerPatch::new().name("Globex")).wait()?;
    refused(globex.secrets().set("", "x"), "invalid_input")?;
    ensure_eq!(actions()?.len(), before);
    globex.invitations().resend(vera.invitation.id).wait()?;
    let vera = globex.members().get(vera.member.id).wait()?;
    globex.members().change_role(vera.id, Role::User, None).wait()?;
    globex.members().rename(vera.id, "V", None).wait()?;
    globex.members().remove(vera.id).wait()?;
    globex.secrets().set("A", "1").wait()?;
    globex.secrets().set("A", "2").wait()?;
    globex.secrets().delete("A").wait()?;
    globex.features().disable("deployments").wait()?;
    globex.features().enable("alerts").wait()?;
    globex.update(tenantry_core::CustomerPatch::new().name("G")).wait()?;
    globex.archive().wait()?;
    globex.unarchive().wait()?;
    let expected = [
        "customer.created",
        "member.invited",
        "member.joined",
        "member.invited",
        "invitation.resent",
        "member.role_changed",
        "member.renamed",
        "member.removed",
        "member.erased",
        "secret.created",
        "secret.updated",
        "secret.deleted",
        "features.disabled",
        "features.enabled",
        "customer.updated",
        "customer.archived",
        "customer.unarchived",
    ];
    ensure_eq!(actions()?, expected);
    Ok(())
}

fn a2_each_place_numbers_its_own_chain(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (globex, initech) = (world.customer("Globex")?, world.customer("Initech")?);
    for key in ["A", "B", "C"] {
        globex.secrets().set(key, "1").wait()?;
        initech.secrets().set(key, "1").wait()?;
    }
    for scope in [&globex, &initech] {
        let log = scope.audit().list(AuditQuery::new()).wait()?.items;
        ensure_eq!(log.iter().map(|entry| entry.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
        ensure!(log.iter().all(|entry| entry.place == scope.place()));
    }
    let heads = world.app.maintenance("test").heads(world.boss().vendor_id()).wait()?;
    ensure_eq!(heads.len(), 4);
    globex.delete("Globex").wait()?;
    ensure_eq!(world.app.maintenance("test").verify(heads).wait()?, []);
    let query = AuditQuery::new().customer(globex.place().customer().ok_or("no customer")?);
    let kept = world.boss().audit().follow(query).wait()?.items;
    ensure_eq!(kept.len(), 4);
    ensure!(kept.iter().all(|entry| entry.detail.is_none()));
    Ok(())
}

fn a3_erasing_leaves_no_detail_that_speaks_of_the_person(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (globex, initech) = (world.customer("Globex")?, world.customer("Initech")?);
    world.join(&globex, "stays@globex.test", Role::Viewer)?;
    let zoe = globex.members().invite("Zoe Zebra", "zoe@zebra.test", Role::Viewer).wait()?;
    world.accept(&zoe)?;
    globex.members().rename(zoe.member.id, "Zoe Z.", None).wait()?;
    let other = initech.members().invite("Zoe Zebra", "zoe@zebra.test", Role::Viewer).wait()?;
    let user = globex.members().get(zoe.member.id).wait()?.user.ok_or("no user")?;
    let email = VerifiedEmail::new("zoe@zebra.example");
    world.app.change_email(globex.place().vendor(), user, email).wait()?;
    initech.invitations().revoke(other.invitation.id).wait()?;
    let speaks = || -> Result<bool, crate::Failure> {
        let log = world.boss().audit().follow(AuditQuery::new().page_size(1_000)).wait()?;
        Ok(log
            .items
            .iter()
            .filter_map(|entry| entry.detail.as_ref())
            .any(|detail| detail.to_lowercase().contains("zebra")))
    };
    ensure!(speaks()?);
    globex.members().remove(zoe.member.id).wait()?;
    ensure!(!speaks()?);
    let erased = world.boss().audit().follow(AuditQuery::new().action("member.erased")).wait()?.items;
    let places: std::collections::BTreeSet<_> = erased.iter().map(|entry| entry.place).collect();
    ensure_eq!(places.len(), 3);
    Ok(())
}

fn a4_the_log_is_filtered_by_place_actor_and_action(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let [administrator, user, viewer] = &world.acme.members;
    administrator.secrets().set("A", "1").wait()?;
    user.secrets().set("B", "1").wait()?;
    world.boss().secrets().set("C", "1").wait()?;
    let count = |query: AuditQuery| world.boss().audit().follow(query).wait().map(|page| page.items.len());
    ensure_eq!(count(AuditQuery::new().action("secret.created"))?, 3);
    ensure_eq!(count(AuditQuery::new().action("secret.created").actor(user.actor()))?, 1);
    let customer = world.acme.customer.place().customer().ok_or("no customer")?;
    ensure_eq!(count(AuditQuery::new().action("secret.created").customer(customer))?, 2);
    ensure_eq!(administrator.audit().list(AuditQuery::new().action("secret.created")).wait()?.items.len(), 2);
    refused(viewer.audit().list(AuditQuery::new()), "permission_denied")?;
    refused(administrator.audit().follow(AuditQuery::new()), "permission_denied")?;
    Ok(())
}

fn a4_every_filter_answers_page_by_page_what_the_whole_log_holds(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let [administrator, user, _] = &world.acme.members;
    let boss = world.boss();
    for round in ["1", "2", "3"] {
        for key in ["A", "B"] {
            administrator.secrets().set(key, round).wait()?;
            user.secrets().set(key, round).wait()?;
            boss.secrets().set(key, round).wait()?;
        }
    }
    let follow = |query: AuditQuery| {
        let (mut seen, mut query) = (Vec::new(), query.page_size(2));
        loop {
            let page = boss.audit().follow(query.clone()).wait()?;
            let is_over = page.items.is_empty();
            seen.extend(page.items);
            match page.next {
                Some(next) if !is_over => query = query.after(next),
                _ => return Ok::<_, Error>(seen),
            }
        }
    };
    let whole = follow(AuditQuery::new())?;
    let customer = world.acme.customer.place().customer();
    let actors = [administrator.actor().to_string(), user.actor().to_string(), boss.actor().to_string()];
    for place in [None, customer] {
        for actor in [None].into_iter().chain(actors.iter().map(Some)).chain([Some(&"host".to_owned())]) {
            for action in [None, Some("secret.created"), Some("secret.updated"), Some("secret.deleted")] {
                let mut query = AuditQuery::new();
                (query.customer, query.actor, query.action) = (place, actor.cloned(), action.map(str::to_owned));
                let passes = |entry: &&AuditEntry| {
                    (place.is_none() || entry.place.customer() == place)
                        && actor.is_none_or(|actor| entry.actor == *actor)
                        && action.is_none_or(|action| entry.action == action)
                };
                let mut passing: Vec<_> = whole.iter().filter(passes).cloned().collect();
                ensure_eq!(follow(query.clone())?, passing);
                passing.reverse();
                ensure_eq!(follow(query.newest_first())?, passing);
            }
        }
    }
    Ok(())
}

fn a4_the_log_is_read_back_from_the_newest_entry(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (boss, globex) = (world.boss(), &world.acme.customer);
    globex.secrets().set("A", "1").wait()?;
    let place = globex.place().customer().ok_or("no customer")?;
    let back = AuditQuery::new().newest_first();
    for query in [AuditQuery::new(), AuditQuery::new().action("member.joined"), AuditQuery::new().customer(place)] {
        let mut forward = boss.audit().follow(query.clone().page_size(1_000)).wait()?.items;
        forward.reverse();
        ensure!(forward.len() > 2);
        let (mut seen, mut next) = (Vec::new(), None);
        loop {
            let asked = query.clone().newest_first().page_size(2);
            let asked = next.take().map_or(asked.clone(), |cursor| asked.after(cursor));
            let page = boss.audit().follow(asked).wait()?;
            // What happens meanwhile stands before the first page, and shifts no other.
            boss.secrets().set("MEANWHILE", "1").wait()?;
            seen.extend(page.items);
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        ensure_eq!(seen, forward);
    }
    let mut forward = globex.audit().list(AuditQuery::new().page_size(1_000)).wait()?.items;
    forward.reverse();
    let first = globex.audit().list(back.clone().page_size(3)).wait()?;
    let cursor = first.next.ok_or("more follow")?;
    let rest = globex.audit().list(back.clone().page_size(1_000).after(cursor.clone())).wait()?;
    ensure_eq!([first.items, rest.items].concat(), forward);
    ensure_eq!(rest.next, None);
    // A cursor of one direction is none of the other.
    refused(globex.audit().list(AuditQuery::new().after(cursor.clone())), "invalid_input")?;
    refused(boss.audit().follow(back.after(cursor)), "invalid_input")?;
    Ok(())
}

fn a4_a_follower_misses_nothing_and_gets_nothing_twice(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (globex, mut seen, mut query) = (world.customer("Globex")?, Vec::new(), AuditQuery::new().page_size(3));
    for round in 0..8 {
        if round % 2 == 0 {
            globex.secrets().set("A", "1").wait()?;
            world.boss().secrets().set("A", "1").wait()?;
        }
        let page = world.boss().audit().follow(query.clone()).wait()?;
        seen.extend(page.items);
        query = query.after(page.next.ok_or("a follower always gets a cursor")?);
    }
    loop {
        let page = world.boss().audit().follow(query.clone()).wait()?;
        if page.items.is_empty() {
            break;
        }
        seen.extend(page.items);
        query = query.after(page.next.ok_or("a follower always gets a cursor")?);
    }
    let all = world.boss().audit().follow(AuditQuery::new().page_size(1_000)).wait()?.items;
    ensure_eq!(seen, all);
    Ok(())
}

fn a2_what_is_cut_off_or_replaced_is_found_against_a_head_kept_elsewhere(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let maintenance = world.app.maintenance("test");
    let heads = maintenance.heads(world.boss().vendor_id()).wait()?;
    globex.secrets().set("A", "1").wait()?;
    ensure_eq!(maintenance.verify(heads.clone()).wait()?, []);
    let kept = *heads.iter().find(|head| head.place == globex.place()).ok_or("no head")?;
    // As if the store had lost its last entries, or had been written anew.
    let longer = tenantry_core::ChainHead { number: kept.number + 2, ..kept };
    let other = tenantry_core::ChainHead { hash: [7; 32], ..kept };
    for head in [longer, other] {
        let found = maintenance.verify(vec![head]).wait()?;
        ensure_eq!(found.iter().map(|found| found.place).collect::<Vec<_>>(), [Some(globex.place())]);
    }
    Ok(())
}
