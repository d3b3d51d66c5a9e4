//! Decisions hold at the moment of their commit, and refusals at a moment, too; clocks and sources of ids that cannot be
//! trusted break nothing.

use std::time::Duration;

use tenantry_core::testing::{CountingIds, FixedClock};
use tenantry_core::{
    Actor, Catalog, CustomerFilter, CustomerPatch, NewCustomer, PageRequest, Permission, Role, Roles, Tenantry, UserId,
    VerifiedEmail,
};

use super::cases;
use crate::check::{Tried, World, builder, ensure, ensure_eq, refused};
use crate::faulty::{Fault, with_faults};
use crate::{Failure, Opened};

cases![
    r5_a_permission_named_like_an_operation_has_nothing_to_do_with_it,
    u11_who_is_removed_and_comes_back_with_less_gets_no_older_decision_through,
    u12_who_joins_or_leaves_a_place_while_they_are_erased_is_erased_everywhere,
    a_refusal_from_data_that_moved_is_decided_anew,
    a_secret_that_goes_while_it_is_resolved_is_not_found,
    u3_accepting_into_a_customer_that_goes_meanwhile_is_the_public_error,
    verify_finds_nothing_wrong_in_a_store_that_is_written_to,
    a2_a_vendor_that_is_gone_is_found_against_its_heads,
    u4_two_clocks_that_differ_never_leave_two_tokens_alive,
    u2_resending_says_raised_only_of_an_invitation_that_is,
    commits_are_told_apart_although_the_hosts_ids_repeat,
    c5_staff_see_an_archived_customers_portal_and_a_snapshot,
];

fn user(actor: &Actor) -> Result<UserId, Failure> {
    let Actor::User(user) = actor else { return Err("no user".into()) };
    Ok(*user)
}

fn r5_a_permission_named_like_an_operation_has_nothing_to_do_with_it(store: &dyn Opened) -> Tried {
    let names = ["features.enable", "customers.delete", "customers.update", "users.erase", "secrets.resolve"];
    let catalog = names.iter().fold(Catalog::builder(), |catalog, name| {
        let catalog = catalog.permission(Permission::customer(*name, Roles::ALL));
        // `customers.delete` is a row of the vendor's table already.
        if *name == "customers.delete" { catalog } else { catalog.permission(Permission::vendor(*name, Roles::ALL)) }
    });
    let app = store.open(Tenantry::builder(catalog.build()?))?;
    let cast = tenantry_core::testing::cast(&app, "acme")?;
    for member in &cast.members {
        member.require("features.enable").wait()?;
        refused(member.features().enable("alerts"), "permission_denied")?;
        refused(member.features().preview_enable("alerts"), "permission_denied")?;
        refused(member.delete("acme"), "permission_denied")?;
        refused(member.update(CustomerPatch::new().name("X")), "permission_denied")?;
    }
    let [_, vendor_user, _] = &cast.staff;
    refused(vendor_user.erase_user(user(cast.members[2].actor())?), "permission_denied")?;
    ensure_eq!(cast.customer.get().wait()?.name, "acme");
    Ok(())
}

fn u11_who_is_removed_and_comes_back_with_less_gets_no_older_decision_through(store: &dyn Opened) -> Tried {
    let (world, faulty, app) = with_faults(store)?;
    let vendor = world.boss().vendor_id();
    // A membership elsewhere, so that the person stays the same one.
    let globex = world.customer("Globex")?;
    world.join(&globex, "bob@x.test", Role::Administrator)?;
    let victim = world.customer("Victim")?.place().customer().ok_or("no customer")?;
    for call in ["commit", "customer"] {
        for round in 0..2 {
            let invited = world.boss().members().invite("Bob", "bob@x.test", Role::Administrator).wait()?;
            let bob = world.app.accept_invitation(&invited.token, VerifiedEmail::new("bob@x.test")).wait()?;
            let bob = user(bob.vendor().ok_or("no vendor")?.actor())?;
            let (boss, again, member) = (world.boss().clone(), world.app.clone(), invited.member.id);
            let change = move || {
                boss.members().remove(member).wait()?;
                let invited = boss.members().invite("Bob", "bob@x.test", Role::Viewer).wait()?;
                again.accept_invitation(&invited.token, VerifiedEmail::new("bob@x.test")).wait().map(drop)
            };
            faulty.set(Fault::Before { call, skip: 0, change: Box::new(change) });
            let through = app.vendor(vendor, bob);
            match round {
                0 => drop(refused(through.customer(victim).delete("Victim"), "permission_denied")?),
                _ => {
                    drop(refused(through.customer(victim).update(CustomerPatch::new().name("X")), "permission_denied")?)
                }
            }
            ensure!(faulty.take().is_none());
            ensure_eq!(world.boss().customer(victim).get().wait()?.name, "Victim");
            let listed = world.boss().members().list(PageRequest::first()).wait()?.items;
            let viewer = listed.iter().find(|it| it.user == Some(bob)).ok_or("no member")?;
            ensure_eq!(viewer.role, Role::Viewer);
            world.boss().members().remove(viewer.id).wait()?;
            world.clock.advance(Duration::from_secs(60 * 60));
        }
    }
    Ok(())
}

/// Between any two reads of an erasure the person joins a place, or leaves one.
fn u12_who_joins_or_leaves_a_place_while_they_are_erased_is_erased_everywhere(store: &dyn Opened) -> Tried {
    let (world, faulty, app) = with_faults(store)?;
    let (vendor, boss) = (world.boss().vendor_id(), user(world.boss().actor())?);
    let places = [world.customer("Globex")?, world.customer("Initech")?, world.customer("Hooli")?];
    let [globex, initech, hooli] = &places;
    for scope in &places {
        world.join(scope, "ada@x.test", Role::Administrator)?;
    }
    let mut happened = 0;
    for call in ["user", "memberships", "standing", "active_administrators", "detail_targets", "commit"] {
        for skip in 0..4 {
            for joins in [true, false] {
                world.join(globex, "hank@x.test", Role::User)?;
                let hank = user(world.join(initech, "hank@x.test", Role::User)?.actor())?;
                let (joined, left) = (hooli.clone(), initech.clone());
                let change = move || {
                    if joins {
                        return joined.members().invite("Hank", "hank@x.test", Role::User).wait().map(drop);
                    }
                    let mut members = left.members().list(PageRequest::first()).wait()?.items.into_iter();
                    let member = members.find(|member| member.email == "hank@x.test");
                    member.map_or(Ok(()), |member| left.members().remove(member.id).wait())
                };
                faulty.set(Fault::Before { call, skip, change: Box::new(change) });
                let erased = app.vendor(vendor, boss).erase_user(hank).wait();
                erased.map_err(|error| format!("{call} {skip} {joins}: `{}`, {error}", error.code()))?;
                happened += usize::from(faulty.take().is_none());
                for scope in &places {
                    let members = scope.members().list(PageRequest::first()).wait()?.items;
                    ensure!(members.iter().all(|member| member.email != "hank@x.test"));
                }
                ensure_eq!(world.app.maintenance("test").verify(Vec::new()).wait()?, []);
                world.clock.advance(Duration::from_secs(60 * 60));
            }
        }
    }
    ensure!(happened >= 10);
    Ok(())
}

/// Before each read of an operation the customer is deleted, or renamed; what is answered fits one moment.
fn a_refusal_from_data_that_moved_is_decided_anew(store: &dyn Opened) -> Tried {
    let (world, faulty, app) = with_faults(store)?;
    let (vendor, boss) = (world.boss().vendor_id(), user(world.boss().actor())?);
    for call in ["customer", "secret", "secret_version", "place_keys", "uses", "member", "user", "invitation", "commit"]
    {
        for operation in 0..7 {
            let name = format!("{call} {operation}");
            let victim = world.customer(&name)?;
            let id = victim.place().customer().ok_or("no customer")?;
            for version in ["1", "2"] {
                victim.secrets().set("KEY", version).wait()?;
            }
            let invited = victim.members().invite("N", "n@x.test", Role::Administrator).wait()?;
            let through = app.vendor(vendor, boss).customer(id);
            let delete = victim.delete(&name);
            faulty.set(Fault::Before { call, skip: 0, change: Box::new(|| delete.wait()) });
            let answer = match operation {
                0 => through.secrets().roll_back("KEY", 1).wait().map(drop),
                1 => through.secrets().delete("KEY").wait(),
                2 => through.update(CustomerPatch::new().name("Renamed")).wait().map(drop),
                3 => through.members().change_role(invited.member.id, Role::User, None).wait().map(drop),
                4 => through.invitations().resend(invited.invitation.id).wait().map(drop),
                5 => through.secrets().destroy("KEY", 1).wait(),
                _ => through.delete(&name).wait(),
            };
            let happened = faulty.take().is_none();
            if happened {
                ensure_eq!((&name, answer.map_err(|error| error.code())), (&name, Err("not_found")));
                refused(victim.get(), "not_found")?;
            } else {
                answer?;
            }
        }
    }
    Ok(())
}

fn a_secret_that_goes_while_it_is_resolved_is_not_found(store: &dyn Opened) -> Tried {
    let (world, faulty, app) = with_faults(store)?;
    let customer = &world.acme.customer;
    let service = app.service(customer.place(), "deployer", "test");
    for call in ["secret", "secret_version", "place_keys", "commit"] {
        customer.secrets().set("KEY", "value").wait()?;
        let delete = customer.secrets().delete("KEY");
        faulty.set(Fault::Before { call, skip: 0, change: Box::new(|| delete.wait()) });
        refused(service.resolve(["KEY"]), "not_found")?;
        ensure!(faulty.take().is_none());
        // Made anew under the same key: a value of one of both, never another error.
        customer.secrets().set("KEY", "old").wait()?;
        let (delete, set) = (customer.secrets().delete("KEY"), customer.secrets().set("KEY", "new"));
        let change = || delete.wait().and_then(|()| set.wait().map(drop));
        faulty.set(Fault::Before { call, skip: 0, change: Box::new(change) });
        let values = service.resolve(["KEY"]).wait()?;
        ensure_eq!(values.first().ok_or("no value")?.value.expose(), "new");
        faulty.take();
        let delete = customer.secrets().delete("KEY");
        faulty.set(Fault::Before { call, skip: 0, change: Box::new(|| delete.wait()) });
        let all = service.resolve_all().wait()?;
        ensure_eq!((all.len(), service.redactor().wait().is_ok()), (usize::from(faulty.take().is_some()), true));
        customer.secrets().delete("KEY").wait().err();
    }
    Ok(())
}

fn u3_accepting_into_a_customer_that_goes_meanwhile_is_the_public_error(store: &dyn Opened) -> Tried {
    let (world, faulty, app) = with_faults(store)?;
    for call in ["invitation_by_token", "user", "member", "customer", "commit"] {
        for accepts in [true, false] {
            for ending in 0..3 {
                let name = format!("{call} {accepts} {ending}");
                let victim = world.customer(&name)?;
                let email = format!("{}@x.test", name.replace(' ', "-"));
                let invited = victim.members().invite("N", &email, Role::Administrator).wait()?;
                let (delete, archive) = (victim.delete(&name), victim.archive());
                let revoke = victim.invitations().revoke(invited.invitation.id);
                let change: crate::faulty::Meanwhile = match ending {
                    0 => Box::new(|| delete.wait()),
                    1 => Box::new(|| archive.wait().map(drop)),
                    _ => Box::new(|| revoke.wait()),
                };
                faulty.set(Fault::Before { call, skip: 0, change });
                let email = VerifiedEmail::new(email);
                let answer = match accepts {
                    true => app.accept_invitation(&invited.token, email).wait().map(drop),
                    false => app.decline_invitation(&invited.token, email).wait(),
                };
                match faulty.take() {
                    None => {
                        ensure_eq!((&name, answer.map_err(|error| error.code())), (&name, Err("invitation_invalid")))
                    }
                    Some(_) => answer?,
                }
            }
        }
    }
    Ok(())
}

fn verify_finds_nothing_wrong_in_a_store_that_is_written_to(store: &dyn Opened) -> Tried {
    let (world, faulty, app) = with_faults(store)?;
    let calls =
        ["heads", "head", "chain", "active_administrators", "members", "customers", "secrets", "users", "place_keys"];
    for call in calls {
        for skip in 0..3 {
            let (globex, email) = (world.customer("Globex")?, format!("{call}{skip}@x.test"));
            let invited = globex.members().invite("N", &email, Role::Administrator).wait()?;
            let accepted = world.app.accept_invitation(&invited.token, VerifiedEmail::new(email));
            let (set, rotate) = (globex.secrets().set("KEY", "value"), world.app.maintenance("test"));
            let place = globex.place();
            let change = move || {
                accepted.wait()?;
                set.wait()?;
                rotate.rotate_place_key(place, |_| ()).wait().map(drop)
            };
            faulty.set(Fault::Before { call, skip, change: Box::new(change) });
            ensure_eq!(app.maintenance("test").verify(Vec::new()).wait()?, []);
            faulty.take();
        }
    }
    Ok(())
}

fn a2_a_vendor_that_is_gone_is_found_against_its_heads(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    // Heads that another store kept: of a vendor that this one does not have.
    let elsewhere = Tenantry::builder(Catalog::standard()).open_in_memory().wait()?;
    let gone = tenantry_core::testing::cast(&elsewhere, "gone")?;
    let heads = elsewhere.maintenance("test").heads(gone.staff[0].vendor_id()).wait()?;
    ensure_eq!(heads.len(), 2);
    let found = world.app.maintenance("test").verify(heads.clone()).wait()?;
    for head in heads {
        ensure!(found.iter().any(|violation| violation.place == Some(head.place)));
    }
    let own = world.app.maintenance("test").heads(world.boss().vendor_id()).wait()?;
    ensure_eq!(world.app.maintenance("test").verify(own).wait()?, []);
    Ok(())
}

fn u4_two_clocks_that_differ_never_leave_two_tokens_alive(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (ahead, behind) = (world.clock.clone(), FixedClock::new());
    ahead.advance(Duration::from_secs(50 * 60));
    let slow = store.open(builder().clock(behind.clone()))?;
    let [administrator, ..] = &world.acme.members;
    let customer = administrator.place().customer().ok_or("no customer")?;
    let there = slow.customer(world.boss().vendor_id(), customer, user(administrator.actor())?);
    let email = || VerifiedEmail::new("x@y.test");
    let minute = Duration::from_secs(60);
    let first = administrator.members().invite_for("X", "x@y.test", Role::Viewer, minute).wait()?;
    let second = there.invitations().resend(first.invitation.id).wait()?;
    behind.advance(minute + Duration::from_secs(1));
    // For the clock behind it has expired, so it is replaced there.
    let third = there.members().invite("X", "x@y.test", Role::User).wait()?;
    let newest = match administrator.members().invite("X", "x@y.test", Role::Viewer).wait() {
        Ok(invited) => invited,
        Err(error) => {
            ensure_eq!(error.code(), "already_invited");
            third.clone()
        }
    };
    for dead in [&first, &second].into_iter().chain((newest.invitation.id != third.invitation.id).then_some(&third)) {
        for app in [&world.app, &slow] {
            refused(app.accept_invitation(&dead.token, email()), "invitation_invalid")?;
        }
    }
    ensure_eq!(world.app.maintenance("test").verify(Vec::new()).wait()?, []);
    let accepted = world.app.accept_invitation(&newest.token, email()).wait()?.customer().ok_or("no customer")?;
    administrator.members().suspend(newest.member.id).wait()?;
    // None of them brings a suspended member back, in neither time.
    for token in [&first.token, &second.token, &third.token, &newest.token] {
        for app in [&world.app, &slow] {
            refused(app.accept_invitation(token, email()), "invitation_invalid")?;
            refused(app.decline_invitation(token, email()), "invitation_invalid")?;
        }
    }
    refused(accepted.get(), "permission_denied")?;
    Ok(())
}

fn u2_resending_says_raised_only_of_an_invitation_that_is(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let raised = globex.members().invite("X", "x@y.test", Role::Viewer).wait()?;
    ensure!(raised.raised && globex.invitations().resend(raised.invitation.id).wait()?.raised);
    globex.members().change_role(raised.member.id, Role::Viewer, None).wait()?;
    ensure!(!globex.invitations().resend(raised.invitation.id).wait()?.raised);
    let asked = world.acme.customer.members().invite("X", "x@y.test", Role::Administrator).wait()?;
    ensure!(!asked.raised);
    world.acme.customer.members().change_role(asked.member.id, Role::Viewer, None).wait()?;
    let resent = world.acme.customer.invitations().resend(asked.invitation.id).wait()?;
    ensure_eq!((resent.raised, resent.invitation.role, resent.member.role), (false, Role::Viewer, Role::Viewer));
    Ok(())
}

fn commits_are_told_apart_although_the_hosts_ids_repeat(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (vendor, boss) = (world.boss().vendor_id(), user(world.boss().actor())?);
    let id = world.acme.customer.place().customer().ok_or("no customer")?;
    let before = world.acme.customer.get().wait()?.revision;
    // Every process begins to count at 0, with a clock that stands still.
    for round in 0..4 {
        let app = store.open(builder().clock(FixedClock::new()).id_source(CountingIds::new()))?;
        let name = format!("Round {round}");
        app.vendor(vendor, boss).customer(id).update(CustomerPatch::new().name(name.as_str())).wait()?;
        let now = world.acme.customer.get().wait()?;
        ensure_eq!((now.name, now.revision), (name, before + round + 1));
    }
    // And what would be made under an id that exists is refused, never taken for done.
    let twice = [(); 2].map(|()| -> Result<_, Failure> {
        let app = store.open(builder().clock(FixedClock::new()).id_source(CountingIds::new()))?;
        Ok(app.vendor(vendor, boss).customers().create(NewCustomer::new("Twin")).wait().is_ok())
    });
    let made: Vec<bool> = twice.into_iter().collect::<Result<_, _>>()?;
    ensure_eq!(made, [true, false]);
    ensure_eq!(world.names(CustomerFilter::new().text("twin"))?, ["Twin"]);
    Ok(())
}

fn c5_staff_see_an_archived_customers_portal_and_a_snapshot(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let id = world.acme.customer.place().customer().ok_or("no customer")?;
    let [administrator, ..] = &world.acme.members;
    world.acme.customer.archive().wait()?;
    for staff in &world.acme.staff {
        let scope = staff.customer(id);
        let snapshot = scope.snapshot().wait()?;
        for permission in world.app.catalog().permissions() {
            ensure_eq!(snapshot.can(permission.name())?, scope.can(permission.name()).wait()?);
        }
        scope.portal().wait()?;
        ensure!(!snapshot.can("secrets.manage")?);
    }
    refused(administrator.snapshot(), "customer_archived")?;
    refused(administrator.portal(), "customer_archived")?;
    Ok(())
}
