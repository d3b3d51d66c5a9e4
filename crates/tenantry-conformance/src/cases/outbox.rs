//! D1, D2: what is written to the outbox, and what takes it away.

use std::time::Duration;

use tenantry_core::store::{OutboxRow, Place};
use tenantry_core::testing::ready;
use tenantry_core::{
    AuditQuery, Caller, DeliveryState, Invited, KeyRing, NewCustomer, PageRequest, Role, RootKey, VerifiedEmail,
};

use super::cases;
use crate::check::{Tried, World, builder, ensure, ensure_eq, refused};
use crate::courier::Scripted;
use crate::faulty::{Address, Fault, Faulty};
use crate::{Failure, Opened};

cases![
    d1_inviting_and_resending_write_the_delivery_with_the_invitation,
    d1_without_an_outbox_nothing_is_written_to_it,
    d1_an_invitation_that_is_not_written_has_no_delivery,
    d1_without_a_root_key_nobody_is_invited_into_the_outbox,
    d1_the_courier_is_handed_what_the_mail_says_and_a_token_that_works,
    d1_a_token_waits_sealed_and_is_gone_when_it_was_sent,
    d1_a_token_that_waits_opens_after_every_rotation,
    d2_what_ends_an_invitation_takes_its_mail_along,
    d2_a_new_token_is_a_new_delivery_and_the_old_one_is_not_sent,
    d2_an_invitation_that_ends_on_the_way_leaves_nothing_behind,
    d6_deliveries_are_on_record_without_names_or_tokens,
];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The rows of the outbox in these places.
fn rows(store: &dyn Opened, places: &[Place]) -> Result<Vec<OutboxRow>, Failure> {
    let store = store.store()?;
    let mut rows = Vec::new();
    for place in places {
        rows.extend(ready(store.outbox(*place, None, 1_000, Caller::Blocking))?);
    }
    Ok(rows)
}

fn state(invited: &Invited) -> Option<DeliveryState> {
    invited.invitation.delivery.as_ref().map(|delivery| delivery.state)
}

fn d1_inviting_and_resending_write_the_delivery_with_the_invitation(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    let globex = world.customer("Globex")?;
    let places = [globex.place(), world.boss().place()];
    let hank = globex.members().invite("Hank", "hank@globex.test", Role::User).wait()?;
    let bea = world.boss().members().invite("Bea", "bea@acme.test", Role::User).wait()?;
    ensure_eq!((state(&hank), state(&bea)), (Some(DeliveryState::Pending), Some(DeliveryState::Pending)));
    ensure_eq!(globex.invitations().get(hank.invitation.id).wait()?, hank.invitation);
    ensure!(globex.invitations().list(PageRequest::first()).wait()?.items.contains(&hank.invitation));
    let before = rows(store, &places)?;
    ensure_eq!(before.len(), 2);
    // The person invited reads nothing of it.
    let identity = world.app.identify(world.boss().vendor_id(), VerifiedEmail::new("bea@acme.test")).wait()?;
    let shown = identity.ok_or("nobody")?.invitations;
    ensure!(shown.len() == 1 && shown.iter().all(|invitation| invitation.delivery.is_none()));
    world.clock.advance(Duration::from_secs(1));
    let again = globex.invitations().resend(hank.invitation.id).wait()?;
    ensure_eq!(state(&again), Some(DeliveryState::Pending));
    let after = rows(store, &places)?;
    ensure_eq!(after.len(), 2);
    ensure!(before.iter().filter(|row| after.contains(row)).count() == 1);
    Ok(())
}

fn d1_without_an_outbox_nothing_is_written_to_it(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let invited = globex.members().invite("Hank", "hank@globex.test", Role::User).wait()?;
    let resent = globex.invitations().resend(invited.invitation.id).wait()?;
    ensure_eq!((state(&invited), state(&resent)), (None, None));
    ensure_eq!(rows(store, &[globex.place()])?, []);
    let run = world.app.outbox(Scripted::willing()).deliver().wait()?;
    ensure_eq!((run.sent, run.postponed, run.failed, run.next_attempt_at), (0, 0, 0, None));
    Ok(())
}

fn d1_an_invitation_that_is_not_written_has_no_delivery(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    let globex = world.customer("Globex")?;
    let faulty = Faulty::new(store)?;
    let app = builder().outbox().clock(world.clock.clone()).open(Address(std::sync::Arc::clone(&faulty))).wait()?;
    let tenantry_core::Actor::User(boss) = *world.boss().actor() else { return Err("no user".into()) };
    let through = app.vendor(world.boss().vendor_id(), boss).customer(globex.place().customer().ok_or("no customer")?);
    faulty.set(Fault::BreaksOff(0));
    refused(through.members().invite("Hank", "hank@globex.test", Role::User), "storage_unavailable")?;
    faulty.take();
    ensure_eq!(rows(store, &[globex.place()])?, []);
    ensure_eq!(globex.invitations().list(PageRequest::first()).wait()?.items.len(), 0);
    // One whose outcome does not arrive is there with its delivery, once.
    faulty.set(Fault::Unknown(2));
    through.members().invite("Hank", "hank@globex.test", Role::User).wait()?;
    faulty.take();
    ensure_eq!(rows(store, &[globex.place()])?.len(), 1);
    ensure_eq!(globex.invitations().list(PageRequest::first()).wait()?.items.len(), 1);
    Ok(())
}

fn d1_without_a_root_key_nobody_is_invited_into_the_outbox(store: &dyn Opened) -> Tried {
    let app = store.open(tenantry_core::Tenantry::builder(tenantry_core::Catalog::standard()).outbox())?;
    let vendor = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait()?;
    refused(vendor.members().invite("Bea", "bea@acme.test", Role::User), "key_not_available")?;
    ensure_eq!(vendor.members().list(PageRequest::first()).wait()?.items.len(), 1);
    Ok(())
}

fn d1_the_courier_is_handed_what_the_mail_says_and_a_token_that_works(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    let other = world.customer("Other")?;
    // Somebody whom the vendor knows by another spelling, and by a newer address.
    let eve = world.join(&other, "eve@other.test", Role::User)?;
    let globex = world.customer("Globex")?;
    let invited = globex.members().invite("Hank", "Eve@Other.test", Role::Viewer).wait()?;
    let bea = world.boss().members().invite("Bea", "bea@acme.test", Role::User).wait()?;
    let tenantry_core::Actor::User(user) = *eve.actor() else { return Err("no user".into()) };
    world.app.change_email(world.boss().vendor_id(), user, VerifiedEmail::new("eve@private.test")).wait()?;
    globex.members().rename(invited.member.id, "Hank Scorpio", None).wait()?;
    let courier = Scripted::willing();
    // A handle of another process, without the switch, delivers too.
    let elsewhere = store.open(builder().clock(world.clock.clone()))?;
    ensure_eq!(elsewhere.outbox(courier.clone()).deliver().wait()?.sent, 2);
    let mut mails = courier.take();
    mails.sort_by_key(|mail| mail.customer_name.is_none());
    let [to_customer, to_vendor] = mails.as_slice() else { return Err("not two mails".into()) };
    ensure_eq!((to_customer.name.as_str(), to_customer.email.as_str()), ("Hank Scorpio", "Eve@Other.test"));
    ensure_eq!((to_customer.vendor_name.as_str(), to_customer.customer_name.as_deref()), ("acme", Some("Globex")));
    ensure_eq!((to_customer.place, to_customer.invitation), (globex.place(), invited.invitation.id));
    ensure_eq!((to_customer.role, to_customer.attempt), (Role::Administrator, 1));
    ensure_eq!(
        (to_customer.created_at, to_customer.expires_at),
        (invited.invitation.sent_at, invited.invitation.expires_at)
    );
    ensure_eq!((to_vendor.place, to_vendor.invitation), (world.boss().place(), bea.invitation.id));
    ensure!(to_customer.delivery != to_vendor.delivery);
    ensure!(!format!("{mails:?}").contains(invited.token.expose()));
    for (invited, mail) in [(&invited, to_customer), (&bea, to_vendor)] {
        ensure_eq!(mail.token.expose(), invited.token.expose());
    }
    world.app.accept_invitation(&to_customer.token, VerifiedEmail::new("eve@private.test")).wait()?;
    world.app.accept_invitation(&to_vendor.token, VerifiedEmail::new("bea@acme.test")).wait()?;
    Ok(())
}

fn d1_a_token_waits_sealed_and_is_gone_when_it_was_sent(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    let globex = world.customer("Globex")?;
    let invited = globex.members().invite("Hank", "hank@globex.test", Role::User).wait()?;
    let token = invited.token.expose().as_bytes();
    let waiting = rows(store, &[globex.place()])?;
    let [OutboxRow { due: Some(due), .. }] = waiting.as_slice() else { return Err("nothing waits".into()) };
    // Neither the token nor a part of it.
    let parts: Vec<&[u8]> = token.windows(12).collect();
    ensure!(!due.sealed.windows(12).any(|window| parts.contains(&window)));
    world.app.outbox(Scripted::willing()).deliver().wait()?;
    ensure!(rows(store, &[globex.place()])?.iter().all(|row| row.due.is_none()));
    ensure_eq!(world.accept(&invited)?.place(), globex.place());
    Ok(())
}

fn d1_a_token_that_waits_opens_after_every_rotation(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    let globex = world.customer("Globex")?;
    for number in 0..70 {
        let email = format!("p{number}@globex.test");
        globex.members().invite("P", &email, Role::User).wait()?;
    }
    globex.secrets().set("KEY", "value").wait()?;
    let rotated = world.app.maintenance("test").rotate_place_key(globex.place(), |_| ()).wait()?;
    ensure_eq!((rotated.moved, rotated.left), (71, 0));
    ensure_eq!(ready(store.store()?.place_keys(globex.place()))?.len(), 1);
    let (old, new) = (RootKey::from_bytes([1; 32]), RootKey::from_bytes([2; 32]));
    let ring = KeyRing::new(new.clone()).with(old);
    let catalog = tenantry_core::Catalog::standard;
    let app =
        store.open(tenantry_core::Tenantry::builder(catalog()).root_key(ring.clone()).clock(world.clock.clone()))?;
    app.maintenance("test").rotate_root_key(|_| ()).wait()?;
    let courier = Scripted::willing();
    let only_new = store.open(tenantry_core::Tenantry::builder(catalog()).root_key(new).clock(world.clock.clone()))?;
    ensure_eq!(only_new.maintenance("test").verify(Vec::new()).wait()?, []);
    ensure_eq!(only_new.outbox(courier.clone()).deliver().wait()?.sent, 70);
    for mail in courier.take() {
        world.app.accept_invitation(&mail.token, VerifiedEmail::new(mail.email.as_str())).wait()?;
    }
    // Back to the key of the suite, which looks at the store afterwards.
    let back = KeyRing::new(RootKey::from_bytes([1; 32])).with(RootKey::from_bytes([2; 32]));
    let app = store.open(tenantry_core::Tenantry::builder(catalog()).root_key(back))?;
    app.maintenance("test").rotate_root_key(|_| ()).wait()?;
    Ok(())
}

fn d2_what_ends_an_invitation_takes_its_mail_along(store: &dyn Opened) -> Tried {
    type End = fn(&World, &tenantry_core::CustomerScope, &Invited) -> Result<(), tenantry_core::Error>;
    let world = World::with_outbox(store)?;
    let ends: [(&str, End); 7] = [
        ("accepted", |world, _, invited| {
            world.app.accept_invitation(&invited.token, VerifiedEmail::new("hank@globex.test")).wait().map(drop)
        }),
        ("declined", |world, _, invited| {
            world.app.decline_invitation(&invited.token, VerifiedEmail::new("hank@globex.test")).wait()
        }),
        ("revoked", |_, customer, invited| customer.invitations().revoke(invited.invitation.id).wait()),
        ("removed", |_, customer, invited| customer.members().remove(invited.member.id).wait()),
        ("deleted", |_, customer, _| customer.delete("deleted").wait()),
        ("erased", |world, customer, invited| {
            world.app.accept_invitation(&invited.token, VerifiedEmail::new("hank@globex.test")).wait()?;
            customer.members().remove(invited.member.id).wait()
        }),
        ("replaced", |world, customer, _| {
            world.clock.advance(7 * DAY);
            let next = customer.members().invite("Hank", "hank@globex.test", Role::User).wait()?;
            customer.invitations().revoke(next.invitation.id).wait()
        }),
    ];
    let courier = Scripted::new(|_| Err(tenantry_core::DeliveryError::postponed("not now")));
    for was_tried in [false, true] {
        for (how, end) in ends {
            let customer = world.customer(how)?;
            let invited = customer.members().invite("Hank", "hank@globex.test", Role::User).wait()?;
            if was_tried {
                ensure_eq!(world.app.outbox(courier.clone()).deliver().wait()?.postponed, 1);
            }
            end(&world, &customer, &invited)?;
            ensure_eq!((how, rows(store, &[customer.place()])?.len()), (how, 0));
            world.clock.advance(DAY);
            ensure_eq!(world.app.outbox(Scripted::willing()).deliver().wait()?.sent, 0);
            let shown = customer.invitations().get(invited.invitation.id).wait();
            ensure!(shown.is_err() || shown.is_ok_and(|invitation| invitation.delivery.is_none()));
            if how != "deleted" {
                customer.delete(how).wait()?;
            }
        }
    }
    Ok(())
}

fn d2_a_new_token_is_a_new_delivery_and_the_old_one_is_not_sent(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    let globex = world.customer("Globex")?;
    let first = globex.members().invite("Hank", "hank@globex.test", Role::User).wait()?;
    let old = rows(store, &[globex.place()])?;
    let second = globex.invitations().resend(first.invitation.id).wait()?;
    let courier = Scripted::willing();
    ensure_eq!(world.app.outbox(courier.clone()).deliver().wait()?.sent, 1);
    let mails = courier.take();
    let [mail] = mails.as_slice() else { return Err("not one mail".into()) };
    ensure_eq!(mail.token.expose(), second.token.expose());
    ensure!(old.iter().all(|row| row.id != mail.delivery));
    // A host that delivers itself, in another process, supersedes what waits here.
    let third = globex.invitations().resend(first.invitation.id).wait()?;
    ensure_eq!(state(&third), Some(DeliveryState::Pending));
    let elsewhere = store.open(builder().clock(world.clock.clone()))?;
    let tenantry_core::Actor::User(boss) = *world.boss().actor() else { return Err("no user".into()) };
    let scope = elsewhere.vendor(world.boss().vendor_id(), boss).customer(globex.place().customer().ok_or("none")?);
    ensure_eq!(state(&scope.invitations().resend(first.invitation.id).wait()?), None);
    ensure_eq!(world.app.outbox(courier).deliver().wait()?.sent, 0);
    Ok(())
}

fn d2_an_invitation_that_ends_on_the_way_leaves_nothing_behind(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    for outcome in [Ok(()), Err(tenantry_core::DeliveryError::postponed("no"))] {
        for how in ["revoked", "deleted", "resent"] {
            let customer = world.customer(how)?;
            let invited = customer.members().invite("Hank", "hank@globex.test", Role::User).wait()?;
            let (scope, id, outcome) = (customer.clone(), invited.invitation.id, outcome.clone());
            let courier = Scripted::new(move |_| {
                let ended = match how {
                    "revoked" => scope.invitations().revoke(id).wait(),
                    "deleted" => scope.delete(how).wait(),
                    _ => scope.invitations().resend(id).wait().map(drop),
                };
                ended.map_err(|error| tenantry_core::DeliveryError::refused(&error.to_string()))?;
                outcome.clone()
            });
            let run = world.app.outbox(courier).deliver().wait()?;
            ensure_eq!((how, run.sent, run.failed, run.postponed), (how, 0, 0, 0));
            if how == "resent" {
                let again = Scripted::willing();
                ensure_eq!(world.app.outbox(again).deliver().wait()?.sent, 1);
                customer.delete(how).wait()?;
            } else {
                ensure_eq!((how, rows(store, &[customer.place()])?.len()), (how, 0));
            }
        }
    }
    Ok(())
}

fn d6_deliveries_are_on_record_without_names_or_tokens(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    let globex = world.boss().customer(world.boss().customers().create(NewCustomer::new("Globex")).wait()?.id);
    let invited = globex.members().invite("Hank", "hank@globex.test", Role::User).wait()?;
    let answers = std::sync::Mutex::new(vec![
        Ok(()),
        Err(tenantry_core::DeliveryError::unknown("lost hank@globex.test")),
        Err(tenantry_core::DeliveryError::postponed("busy")),
    ]);
    let courier = Scripted::new(move |_| {
        answers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop().unwrap_or(Ok(()))
    });
    for _ in 0..3 {
        world.app.outbox(courier.clone()).deliver().wait()?;
        world.clock.advance(Duration::from_secs(60 * 60));
    }
    let log = globex.audit().list(AuditQuery::new().page_size(1_000)).wait()?.items;
    let of_them: Vec<_> = log.iter().filter(|entry| entry.action.starts_with("delivery.")).collect();
    let actions: Vec<_> = of_them.iter().map(|entry| entry.action.as_str()).collect();
    ensure_eq!(
        actions,
        [
            "delivery.begun",
            "delivery.postponed",
            "delivery.begun",
            "delivery.unknown",
            "delivery.begun",
            "delivery.sent",
        ]
    );
    ensure!(of_them.iter().all(|entry| entry.actor == "host" && entry.target == invited.member.id.to_string()));
    ensure!(of_them.iter().all(|entry| entry.detail.is_none()));
    Ok(())
}
