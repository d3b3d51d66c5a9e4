//! U12: erasing a person.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use tenantry_core::{
    Actor, AuditQuery, CustomerScope, Error, InvitationStatus, PageRequest, Role, UserId, VendorScope, VerifiedEmail,
};

use super::cases;
use crate::check::{Tried, World, builder, ensure, ensure_eq, refused};
use crate::faulty::{Fault, with_faults};
use crate::{Failure, Opened};

cases![
    u12_erasing_takes_the_person_out_of_every_place,
    u12_erasing_ends_invitations_and_their_tokens_are_dead,
    u12_erasing_takes_the_details_and_the_log_still_verifies,
    u12_nobody_erases_themselves_and_an_unknown_person_is_not_found,
    u12_only_the_vendors_administrators_erase,
    u12_who_is_the_last_administrator_anywhere_stays_and_every_place_is_named,
    u12_erasing_the_sole_member_ends_the_claim,
    u12_erasing_reaches_suspended_members_and_archived_customers,
    u12_an_erased_person_is_somebody_new_when_invited_again,
    u12_two_administrators_erased_at_once_leave_one,
    u12_what_moves_while_a_person_is_erased_is_decided_anew,
];

fn user(actor: &Actor) -> Result<UserId, Failure> {
    let Actor::User(user) = actor else { return Err("no user".into()) };
    Ok(*user)
}

/// How many members a place has.
fn members(scope: &CustomerScope) -> Result<usize, Failure> {
    Ok(scope.members().list(PageRequest::first()).wait()?.items.len())
}

/// Invites a person into the vendor, who accepts.
fn join_vendor(world: &World, email: &str, role: Role) -> Result<VendorScope, Failure> {
    let invited = world.boss().members().invite("Staff", email, role).wait()?;
    let accepted = world.app.accept_invitation(&invited.token, VerifiedEmail::new(email)).wait()?;
    Ok(accepted.vendor().ok_or("an invitation into a customer")?)
}

/// A place with another Administrator in it.
fn led(world: &World, name: &str) -> Result<CustomerScope, Failure> {
    let scope = world.customer(name)?;
    world.join(&scope, &format!("lead@{}.test", name.to_lowercase()), Role::Administrator)?;
    Ok(scope)
}

fn u12_erasing_takes_the_person_out_of_every_place(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (globex, initech) = (led(&world, "Globex")?, led(&world, "Initech")?);
    let eve = join_vendor(&world, "eve@x.test", Role::Administrator)?;
    let in_globex = world.join(&globex, "eve@x.test", Role::Administrator)?;
    let in_initech = world.join(&initech, "Eve@x.test", Role::Viewer)?;
    let id = user(eve.actor())?;
    ensure_eq!(user(in_initech.actor())?, id);
    eve.customers().list(tenantry_core::CustomerFilter::new()).wait()?;
    world.boss().erase_user(id).wait()?;
    // With the next operation, in every place.
    refused(eve.customers().list(tenantry_core::CustomerFilter::new()), "not_found")?;
    refused(in_globex.get(), "not_found")?;
    refused(in_initech.get(), "not_found")?;
    ensure_eq!((members(&globex)?, members(&initech)?), (1, 1));
    ensure_eq!((globex.get().wait()?.members, initech.get().wait()?.members), (1, 1));
    let known = world.app.identify(world.boss().vendor_id(), VerifiedEmail::new("eve@x.test")).wait()?;
    ensure!(known.is_none());
    ensure_eq!(world.names(tenantry_core::CustomerFilter::new().text("eve@x"))?, Vec::<String>::new());
    // Others of the same places stay as they were.
    ensure!(world.app.identify(world.boss().vendor_id(), VerifiedEmail::new("lead@globex.test")).wait()?.is_some());
    refused(world.boss().erase_user(id), "not_found")?;
    Ok(())
}

fn u12_erasing_ends_invitations_and_their_tokens_are_dead(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (globex, initech) = (led(&world, "Globex")?, led(&world, "Initech")?);
    let joined = world.join(&globex, "eve@x.test", Role::User)?;
    let open = initech.members().invite("Eve", "eve@x.test", Role::User).wait()?;
    let at_home = world.boss().members().invite("Eve", "eve@x.test", Role::User).wait()?;
    world.boss().erase_user(user(joined.actor())?).wait()?;
    for token in [&open.token, &at_home.token] {
        refused(world.app.accept_invitation(token, VerifiedEmail::new("eve@x.test")), "invitation_invalid")?;
        refused(world.app.decline_invitation(token, VerifiedEmail::new("eve@x.test")), "invitation_invalid")?;
    }
    let shown = initech.invitations().get(open.invitation.id).wait()?;
    ensure_eq!((shown.status, shown.email), (InvitationStatus::Revoked, None));
    refused(initech.invitations().resend(open.invitation.id), "invalid_input")?;
    ensure_eq!(members(&initech)?, 1);
    // Who was never more than invited is erased, too.
    let invited = initech.members().invite("Ned", "ned@x.test", Role::User).wait()?;
    let ned = world.app.identify(world.boss().vendor_id(), VerifiedEmail::new("ned@x.test")).wait()?;
    world.boss().erase_user(ned.ok_or("unknown")?.user).wait()?;
    refused(world.app.accept_invitation(&invited.token, VerifiedEmail::new("ned@x.test")), "invitation_invalid")?;
    Ok(())
}

fn u12_erasing_takes_the_details_and_the_log_still_verifies(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = led(&world, "Globex")?;
    let eve = world.join(&globex, "zebulon@quux.test", Role::User)?;
    let id = user(eve.actor())?;
    let member = world.boss().customer(globex.place().customer().ok_or("no customer")?).members();
    let listed = member.list(PageRequest::first()).wait()?.items;
    let theirs = listed.iter().find(|member| member.user == Some(id)).ok_or("no member")?.id;
    member.rename(theirs, "Zebulon Quux", None).wait()?;
    world.app.change_email(world.boss().vendor_id(), id, VerifiedEmail::new("zebulon@private.test")).wait()?;
    eve.secrets().set("KEY", "value").wait()?;
    let before = (globex.audit().list(AuditQuery::new()).wait()?.items, world.boss().audit().list(AuditQuery::new()));
    let before = (before.0, before.1.wait()?.items);
    ensure!(format!("{before:?}").contains("Zebulon Quux") && format!("{before:?}").contains("zebulon@private"));
    world.boss().erase_user(id).wait()?;
    let after = (
        globex.audit().list(AuditQuery::new().page_size(1_000)).wait()?.items,
        world.boss().audit().list(AuditQuery::new().page_size(1_000)).wait()?.items,
    );
    let text = format!("{after:?}").to_lowercase();
    ensure!(!text.contains("zebulon") && !text.contains("quux"));
    // The ids stay as pseudonyms: what the person did is still theirs, and the entries stand where they stood.
    ensure!(after.0.iter().any(|entry| entry.actor == eve.actor().to_string() && entry.action == "secret.created"));
    ensure!(after.0.iter().zip(&before.0).all(|(after, before)| {
        (after.number, &after.action, &after.actor, &after.target)
            == (before.number, &before.action, &before.actor, &before.target)
    }));
    // Whose details went is on the record, once for each entry's target.
    let erased = globex.audit().list(AuditQuery::new().action("member.erased")).wait()?.items;
    ensure!(erased.iter().any(|entry| entry.target == theirs.to_string()));
    ensure!(erased.iter().all(|entry| entry.detail.is_none()));
    ensure_eq!(world.app.maintenance("test").verify(Vec::new()).wait()?, []);
    Ok(())
}

fn u12_nobody_erases_themselves_and_an_unknown_person_is_not_found(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let boss = user(world.boss().actor())?;
    refused(world.boss().erase_user(boss), "own_membership")?;
    refused(world.boss().erase_user(UserId::from_uuid(uuid::Uuid::from_u128(7))), "not_found")?;
    // Of another vendor: exactly as one that there is not (R4).
    let umbrella = tenantry_core::testing::cast(&world.app, "umbrella")?;
    let theirs = user(umbrella.members[1].actor())?;
    let foreign = refused(world.boss().erase_user(theirs), "not_found")?;
    let unknown = refused(world.boss().erase_user(UserId::from_uuid(uuid::Uuid::from_u128(8))), "not_found")?;
    ensure_eq!(foreign.to_string(), unknown.to_string());
    umbrella.members[1].get().wait()?;
    Ok(())
}

fn u12_only_the_vendors_administrators_erase(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let [_, vendor_user, vendor_viewer] = &world.acme.staff;
    let victim = user(world.acme.members[2].actor())?;
    for staff in [vendor_user, vendor_viewer] {
        refused(staff.erase_user(victim), "permission_denied")?;
    }
    for member in &world.acme.members {
        let outside = world.app.vendor(world.boss().vendor_id(), user(member.actor())?);
        refused(outside.erase_user(victim), "not_found")?;
    }
    world.acme.members[2].get().wait()?;
    world.boss().erase_user(victim).wait()?;
    refused(world.acme.members[2].get(), "not_found")?;
    Ok(())
}

fn u12_who_is_the_last_administrator_anywhere_stays_and_every_place_is_named(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (globex, initech, hooli) = (world.customer("Globex")?, world.customer("Initech")?, led(&world, "Hooli")?);
    let eve = world.join(&globex, "eve@x.test", Role::Administrator)?;
    let id = user(eve.actor())?;
    world.join(&initech, "eve@x.test", Role::Administrator)?;
    world.join(&hooli, "eve@x.test", Role::Administrator)?;
    let viewer = world.join(&globex, "viewer@globex.test", Role::Viewer)?;
    // Also who is only invited remains (U9).
    initech.members().invite("Ned", "ned@initech.test", Role::Administrator).wait()?;
    let Error::SoleAdministrator(sole) = refused(world.boss().erase_user(id), "sole_administrator")? else {
        return Err("another error of this code".into());
    };
    let mut places = sole.places().to_vec();
    let mut expected = [globex.place(), initech.place()];
    places.sort();
    expected.sort();
    ensure_eq!(places, expected);
    // Nothing was applied, nowhere.
    ensure_eq!((members(&globex)?, members(&initech)?, members(&hooli)?), (2, 2, 2));
    eve.get().wait()?;
    // With another Administrator in each place they can go.
    let listed = globex.members().list(PageRequest::first()).wait()?.items;
    let other = listed.iter().find(|it| it.role == Role::Viewer).ok_or("no viewer")?.id;
    globex.members().change_role(other, Role::Administrator, None).wait()?;
    world.join(&initech, "lead@initech.test", Role::Administrator)?;
    world.boss().erase_user(id).wait()?;
    viewer.get().wait()?;
    ensure_eq!((members(&globex)?, members(&initech)?, members(&hooli)?), (1, 2, 1));
    // The vendor itself, seen by a second Administrator who is demoted meanwhile: somebody always stays.
    let second = join_vendor(&world, "second@acme.test", Role::Administrator)?;
    world.boss().erase_user(user(second.actor())?).wait()?;
    Ok(())
}

fn u12_erasing_the_sole_member_ends_the_claim(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let eve = world.join(&globex, "eve@x.test", Role::Administrator)?;
    world.boss().erase_user(user(eve.actor())?).wait()?;
    ensure_eq!(members(&globex)?, 0);
    // Not claimed any more: the next one invited is raised (U2), and staff are in charge until then.
    let invited = globex.members().invite("Ned", "ned@x.test", Role::Viewer).wait()?;
    ensure!(invited.raised);
    globex.members().change_role(invited.member.id, Role::Viewer, None).wait()?;
    world.accept(&invited)?;
    Ok(())
}

fn u12_erasing_reaches_suspended_members_and_archived_customers(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = led(&world, "Globex")?;
    let eve = world.join(&globex, "eve@x.test", Role::User)?;
    let id = user(eve.actor())?;
    let listed = globex.members().list(PageRequest::first()).wait()?.items;
    let member = listed.iter().find(|it| it.user == Some(id)).ok_or("no member")?.id;
    globex.members().suspend(member).wait()?;
    globex.archive().wait()?;
    world.boss().erase_user(id).wait()?;
    ensure_eq!(members(&globex)?, 1);
    // C5: U9 holds in an archived customer, too.
    let lead = world.app.identify(world.boss().vendor_id(), VerifiedEmail::new("lead@globex.test")).wait()?;
    let lead = lead.ok_or("unknown")?.user;
    globex.unarchive().wait()?;
    world.join(&globex, "viewer@globex.test", Role::Viewer)?;
    globex.archive().wait()?;
    refused(world.boss().erase_user(lead), "sole_administrator")?;
    Ok(())
}

fn u12_an_erased_person_is_somebody_new_when_invited_again(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = led(&world, "Globex")?;
    let eve = world.join(&globex, "eve@x.test", Role::User)?;
    let id = user(eve.actor())?;
    world.boss().erase_user(id).wait()?;
    let again = world.join(&globex, "eve@x.test", Role::User)?;
    ensure!(user(again.actor())? != id);
    again.get().wait()?;
    refused(eve.get(), "not_found")?;
    // U4: the sends to an address are counted by it, not by the person: erasing does not reset them.
    let invite = || world.acme.customer.members().invite("Ned", "ned@x.test", Role::User);
    for _ in 0..4 {
        invite().wait()?;
        let ned = world.app.identify(world.boss().vendor_id(), VerifiedEmail::new("ned@x.test")).wait()?;
        world.boss().erase_user(ned.ok_or("unknown")?.user).wait()?;
    }
    refused(invite(), "too_many_invitations")?;
    world.clock.advance(Duration::from_secs(10 * 60));
    invite().wait()?;
    Ok(())
}

fn u12_two_administrators_erased_at_once_leave_one(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let boss = user(world.boss().actor())?;
    let apps = [store.open(builder())?, store.open(builder())?];
    for round in 0..15 {
        let globex = world.customer("Globex")?;
        world.join(&globex, &format!("lead@{round}.test"), Role::Administrator)?;
        world.join(&globex, &format!("other@{round}.test"), Role::Administrator)?;
        // Somebody who stays, so that the claim does too.
        world.join(&globex, &format!("viewer@{round}.test"), Role::Viewer)?;
        let listed = globex.members().list(PageRequest::first()).wait()?.items;
        let pair: Vec<UserId> =
            listed.iter().filter(|it| it.role == Role::Administrator).filter_map(|it| it.user).collect();
        let barrier = Barrier::new(pair.len());
        let erased = thread::scope(|scope| {
            let hand = |(app, target): (&tenantry_core::Tenantry, &UserId)| {
                let (staff, barrier, target) = (app.vendor(world.boss().vendor_id(), boss), &barrier, *target);
                scope.spawn(move || {
                    barrier.wait();
                    staff.erase_user(target).wait()
                })
            };
            let hands: Vec<_> = apps.iter().zip(&pair).map(hand).collect();
            let answers = hands.into_iter().map(|hand| hand.join().map_err(|_| Failure::from("a thread panicked")));
            answers.collect::<Result<Vec<_>, _>>()
        })?;
        ensure_eq!(erased.iter().filter(|erased| erased.is_ok()).count(), 1);
        for error in erased.into_iter().filter_map(Result::err) {
            ensure_eq!(error.code(), "sole_administrator");
        }
        let left = globex.members().list(PageRequest::first()).wait()?.items;
        let roles: Vec<_> = left.iter().map(|it| it.role).collect();
        ensure!(roles.len() == 2 && roles.contains(&Role::Administrator));
    }
    Ok(())
}

/// At every read of the erasure somebody else changes something: the person joins, leaves, is promoted, or the place goes.
fn u12_what_moves_while_a_person_is_erased_is_decided_anew(store: &dyn Opened) -> Tried {
    let (world, faulty, app) = with_faults(store)?;
    let boss = user(world.boss().actor())?;
    let through = app.vendor(world.boss().vendor_id(), boss);
    let mut round = 0;
    for call in ["user", "memberships", "member", "customer", "active_administrators", "detail_targets", "commit"] {
        for what in 0..4 {
            for skip in [0, 1] {
                round += 1;
                let email = format!("eve@{round}.test");
                let globex = led(&world, &format!("G{round}"))?;
                let initech = led(&world, &format!("I{round}"))?;
                let eve = user(world.join(&globex, &email, Role::User)?.actor())?;
                let invited = initech.members().invite("Eve", &email, Role::Administrator).wait()?;
                let listed = globex.members().list(PageRequest::first()).wait()?.items;
                let member = listed.iter().find(|it| it.user == Some(eve)).ok_or("no member")?.id;
                let accepted = world.app.accept_invitation(&invited.token, VerifiedEmail::new(email.as_str()));
                let (left, name) = (globex.members().remove(member), format!("G{round}"));
                let (deleted, promoted) =
                    (globex.delete(&name), globex.members().change_role(member, Role::Administrator, None));
                let change: crate::faulty::Meanwhile = match what {
                    0 => Box::new(|| accepted.wait().map(drop)),
                    1 => Box::new(|| left.wait()),
                    2 => Box::new(|| deleted.wait()),
                    _ => Box::new(|| promoted.wait().map(drop)),
                };
                faulty.set(Fault::Before { call, skip, change });
                through.erase_user(eve).wait()?;
                faulty.take();
                ensure!(world.app.identify(world.boss().vendor_id(), VerifiedEmail::new(email)).wait()?.is_none());
                ensure_eq!(members(&initech)?, 1);
                if what != 2 {
                    ensure_eq!(members(&globex)?, 1);
                }
            }
        }
    }
    Ok(())
}
