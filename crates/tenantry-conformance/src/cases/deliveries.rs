//! D3–D6: how a delivery is tried, by whom, and what is shown of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tenantry_core::{
    Courier, CustomerScope, Delivery, DeliveryError, DeliveryState, InvitationMail, InvitationStatus, Invited, Outbox,
    Role, Tenantry, VerifiedEmail,
};

use super::cases;
use crate::check::{Tried, World, builder, ensure, ensure_eq, refused};
use crate::courier::Scripted;
use crate::faulty::{Address, Fault, Faulty};
use crate::{Failure, Opened};

cases![
    d3_a_mail_that_is_on_its_way_is_taken_by_nobody_else,
    d3_many_senders_bring_every_mail_once,
    d3_one_run_delivers_for_every_vendor_of_the_store,
    d3_a_mail_that_fails_is_tried_again_after_longer_and_longer_pauses,
    d3_a_mail_that_is_refused_is_tried_no_more_until_it_is_resent,
    d3_what_is_not_sent_before_the_invitation_expires_fails,
    d3_an_archived_customer_is_sent_nothing,
    d3_a_token_that_does_not_open_keeps_no_other_mail_from_being_sent,
    d4_an_attempt_that_broke_off_is_shown_as_unknown_and_made_again_as_the_same_message,
    d4_a_courier_that_panics_keeps_no_other_mail_from_being_sent,
    d4_who_answers_late_is_believed_only_when_it_was_sent,
    d4_once_unknown_a_delivery_is_never_shown_as_failed,
    d4_the_last_attempt_may_break_off_too,
    d5_what_a_server_answers_is_shown_without_its_control_characters_and_the_token,
];

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// The limits that the documentation of the outbox names.
const LEASE: Duration = Duration::from_secs(5 * 60);
const ATTEMPTS: u32 = 12;

fn outbox(world: &World, courier: impl Courier) -> Outbox {
    world.app.outbox(courier)
}

fn failing(error: DeliveryError) -> Scripted {
    Scripted::new(move |_| Err(error.clone()))
}

fn invite(scope: &CustomerScope) -> Result<Invited, Failure> {
    Ok(scope.members().invite("Hank", "hank@globex.test", Role::User).wait()?)
}

fn shown(scope: &CustomerScope, invited: &Invited) -> Result<Delivery, Failure> {
    Ok(scope.invitations().get(invited.invitation.id).wait()?.delivery.ok_or("no delivery")?)
}

/// One more handle, with the clock of the world.
fn another(store: &dyn Opened, world: &World) -> Result<Tenantry, Failure> {
    Ok(store.open(builder().outbox().clock(world.clock.clone()))?)
}

fn d3_a_mail_that_is_on_its_way_is_taken_by_nobody_else(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    let globex = world.customer("Globex")?;
    let invited = invite(&globex)?;
    let (elsewhere, clock) = (another(store, &world)?, world.clock.clone());
    let (scope, id) = (globex.clone(), invited.invitation.id);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&seen);
    let courier = Scripted::new(move |_| {
        // Just before others may take it for broken off.
        clock.advance(LEASE - Duration::from_micros(1));
        let second = Scripted::willing();
        let run = elsewhere.outbox(second.clone()).deliver().wait();
        let delivery = scope.invitations().get(id).wait().ok().and_then(|invitation| invitation.delivery);
        let state = delivery.map(|delivery| (delivery.state, delivery.attempts));
        let run = run.map(|run| (run.sent, second.take().len(), run.next_attempt_at.is_some()));
        note.lock().unwrap_or_else(PoisonError::into_inner).push((run.ok(), state));
        Ok(())
    });
    ensure_eq!(outbox(&world, courier).deliver().wait()?.sent, 1);
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    ensure_eq!(seen, [(Some((0, 0, true)), Some((DeliveryState::Sending, 1)))]);
    let sent = shown(&globex, &invited)?;
    ensure_eq!((sent.state, sent.attempts, sent.reason, sent.next_attempt_at), (DeliveryState::Sent, 1, None, None));
    Ok(())
}

fn d3_many_senders_bring_every_mail_once(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    let mut invited = 0;
    for number in 0..5 {
        let customer = world.customer(&format!("Customer {number}"))?;
        for person in 0..6 {
            let email = format!("p{person}@c{number}.test");
            customer.members().invite("Person", &email, Role::User).wait()?;
            invited += 1;
        }
    }
    let courier = Scripted::willing();
    let handles = (0..6).map(|_| another(store, &world)).collect::<Result<Vec<_>, _>>()?;
    let runs = thread::scope(|scope| {
        let send = |app: &Tenantry| app.outbox(courier.clone()).deliver().wait();
        let threads: Vec<_> = handles.iter().map(|app| scope.spawn(move || send(app))).collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| "a thread panicked")).collect::<Result<Vec<_>, _>>()
    })?;
    let mut sent = 0;
    for run in runs {
        sent += run?.sent;
    }
    let mut mails = BTreeMap::new();
    for mail in courier.take() {
        ensure_eq!(mail.attempt, 1);
        *mails.entry(mail.delivery).or_insert(0) += 1;
    }
    ensure_eq!(
        (sent, mails.len(), mails.values().all(|times| *times == 1)),
        (invited, usize::try_from(invited)?, true)
    );
    Ok(())
}

fn d3_one_run_delivers_for_every_vendor_of_the_store(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    let umbrella = tenantry_core::testing::cast(&world.app, "umbrella")?;
    let [boss, ..] = &umbrella.staff;
    // The same address is another person there.
    for scope in [&world.acme.customer, &umbrella.customer] {
        invite(scope)?;
    }
    boss.members().invite("Hank", "hank@globex.test", Role::User).wait()?;
    let courier = Scripted::willing();
    ensure_eq!(outbox(&world, courier.clone()).deliver().wait()?.sent, 3);
    let mails = courier.take();
    let mut places: Vec<_> =
        mails.iter().map(|mail| (mail.vendor_name.as_str(), mail.customer_name.as_deref())).collect();
    places.sort_unstable();
    ensure_eq!(places, [("acme", Some("acme")), ("umbrella", None), ("umbrella", Some("umbrella"))]);
    Ok(())
}

fn d3_a_mail_that_fails_is_tried_again_after_longer_and_longer_pauses(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    let globex = world.customer("Globex")?;
    let invited = invite(&globex)?;
    let courier = failing(DeliveryError::postponed("451 greylisted"));
    let deliver = || outbox(&world, courier.clone()).deliver().wait();
    let mut ids = Vec::new();
    for attempt in 1..=ATTEMPTS {
        let run = deliver()?;
        ids.extend(courier.take().into_iter().map(|mail| mail.delivery));
        let delivery = shown(&globex, &invited)?;
        ensure_eq!((delivery.attempts, delivery.reason.as_deref()), (attempt, Some("451 greylisted")));
        ensure_eq!(run.next_attempt_at, delivery.next_attempt_at);
        if attempt == ATTEMPTS {
            ensure_eq!((run.failed, run.postponed, delivery.state), (1, 0, DeliveryState::Failed));
            ensure_eq!(delivery.next_attempt_at, None);
            break;
        }
        ensure_eq!((run.failed, run.postponed, delivery.state), (0, 1, DeliveryState::Pending));
        let pause = (delivery.next_attempt_at.ok_or("no next attempt")? - delivery.updated_at).to_std()?;
        let least = (MINUTE * 2_u32.pow(attempt - 1)).min(4 * HOUR);
        ensure!(pause >= least && pause <= least + least / 4);
        world.clock.advance(pause - Duration::from_micros(1));
        ensure_eq!(deliver()?.postponed, 0);
        world.clock.advance(Duration::from_micros(1));
    }
    ensure_eq!((ids.len(), ids.windows(2).all(|pair| pair.first() == pair.last())), (12, true));
    world.clock.advance(24 * HOUR);
    let run = deliver()?;
    ensure_eq!((run.sent, run.postponed, run.failed, courier.take().len()), (0, 0, 0, 0));
    // The invitation itself is as it was.
    ensure_eq!(globex.invitations().get(invited.invitation.id).wait()?.status, InvitationStatus::Pending);
    world.accept(&invited)?;
    Ok(())
}

fn d3_a_mail_that_is_refused_is_tried_no_more_until_it_is_resent(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    let globex = world.customer("Globex")?;
    let invited = invite(&globex)?;
    let courier = failing(DeliveryError::refused("550 no such user"));
    let run = outbox(&world, courier.clone()).deliver().wait()?;
    ensure_eq!((run.failed, run.next_attempt_at), (1, None));
    let refused = courier.take();
    let delivery = shown(&globex, &invited)?;
    ensure_eq!((delivery.state, delivery.reason.as_deref()), (DeliveryState::Failed, Some("550 no such user")));
    world.clock.advance(24 * HOUR);
    ensure_eq!(outbox(&world, courier.clone()).deliver().wait()?.failed, 0);
    globex.invitations().resend(invited.invitation.id).wait()?;
    let willing = Scripted::willing();
    ensure_eq!(outbox(&world, willing.clone()).deliver().wait()?.sent, 1);
    let delivery = shown(&globex, &invited)?;
    ensure_eq!((delivery.state, delivery.attempts, delivery.reason), (DeliveryState::Sent, 1, None));
    ensure!(refused.iter().all(|old| willing.take().iter().all(|new| new.delivery != old.delivery)));
    Ok(())
}

fn d3_what_is_not_sent_before_the_invitation_expires_fails(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    let globex = world.customer("Globex")?;
    let invited = globex.members().invite_for("Hank", "hank@globex.test", Role::User, HOUR).wait()?;
    world.clock.advance(HOUR);
    let courier = Scripted::willing();
    let run = outbox(&world, courier.clone()).deliver().wait()?;
    ensure_eq!((run.sent, run.failed, courier.take().len()), (0, 1, 0));
    let delivery = shown(&globex, &invited)?;
    ensure_eq!((delivery.state, delivery.attempts), (DeliveryState::Failed, 0));
    ensure_eq!(delivery.reason.as_deref(), Some("the invitation expired"));
    globex.invitations().resend(invited.invitation.id).wait()?;
    ensure_eq!(outbox(&world, courier).deliver().wait()?.sent, 1);
    Ok(())
}

fn d3_an_archived_customer_is_sent_nothing(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    let (globex, initech) = (world.customer("Globex")?, world.customer("Initech")?);
    let invited = invite(&globex)?;
    globex.archive().wait()?;
    invite(&initech)?;
    let courier = Scripted::willing();
    let run = outbox(&world, courier.clone()).deliver().wait()?;
    ensure_eq!((run.sent, run.failed, run.postponed), (1, 0, 0));
    ensure!(courier.take().iter().all(|mail| mail.place == initech.place()));
    ensure_eq!(shown(&globex, &invited)?.state, DeliveryState::Pending);
    world.clock.advance(HOUR);
    globex.unarchive().wait()?;
    ensure_eq!(outbox(&world, courier).deliver().wait()?.sent, 1);
    ensure_eq!(shown(&globex, &invited)?.state, DeliveryState::Sent);
    Ok(())
}

fn d3_a_token_that_does_not_open_keeps_no_other_mail_from_being_sent(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    let (globex, initech) = (world.customer("Globex")?, world.customer("Initech")?);
    let broken = invite(&globex)?;
    let other = invite(&initech)?;
    // The delivery of another invitation under the name of this one.
    let raw = store.store()?;
    let put = |scope: &CustomerScope, of: &Invited, sealed: Vec<u8>| -> Tried {
        use tenantry_core::store::{Commit, Due, Guard, GuardKey, GuardMode, OutboxRow, WriteOp};
        use tenantry_core::testing::{audit_entry, ready};
        let place = scope.place();
        let row = ready(raw.outbox_row(place, of.invitation.id))?.ok_or("no row")?;
        let due = row.due.clone().map(|due| Due { sealed, ..due });
        let standing = ready(raw.standing(None, place, place))?.ok_or("no place")?;
        let guard = Guard { key: GuardKey::Place(place), counter: standing.counter, mode: GuardMode::Bump };
        let id = tenantry_core::ids::CommitId::from_uuid(uuid::Uuid::from_u128(u128::from(standing.counter) + 77));
        let ops = vec![WriteOp::PutOutbox(OutboxRow { due, ..row })];
        let audit = vec![audit_entry(id, 0, place, "test.done")];
        ready(raw.commit(
            Commit { id, guards: vec![guard], ops, checks: Vec::new(), audit },
            tenantry_core::Caller::Blocking,
        ))?;
        Ok(())
    };
    let sealed = |scope: &CustomerScope, of: &Invited| -> Result<Vec<u8>, Failure> {
        let row = tenantry_core::testing::ready(raw.outbox_row(scope.place(), of.invitation.id))?.ok_or("no row")?;
        Ok(row.due.ok_or("nothing waits")?.sealed)
    };
    let good = sealed(&globex, &broken)?;
    for (damaged, code) in [
        (sealed(&initech, &other)?, "key_not_available"),
        (good.iter().map(|byte| byte ^ 1).collect(), "unsupported_format"),
        (
            good.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at + 1 == good.len())).collect(),
            "decryption_failed",
        ),
    ] {
        put(&globex, &broken, damaged)?;
        let found = world.app.maintenance("test").verify(Vec::new()).wait()?;
        ensure_eq!(found.iter().map(|violation| violation.place).collect::<Vec<_>>(), [Some(globex.place())]);
        let courier = Scripted::willing();
        refused(outbox(&world, courier.clone()).deliver(), code)?;
        ensure!(courier.take().iter().all(|mail| mail.place == initech.place()));
    }
    ensure_eq!(shown(&initech, &other)?.state, DeliveryState::Sent);
    ensure_eq!((shown(&globex, &broken)?.state, shown(&globex, &broken)?.attempts), (DeliveryState::Pending, 0));
    put(&globex, &broken, good)?;
    ensure_eq!(outbox(&world, Scripted::willing()).deliver().wait()?.sent, 1);
    Ok(())
}

/// Delivers, and breaks off after the attempt was begun: what became of it is not written.
fn break_off(store: &dyn Opened, world: &World, courier: &Scripted) -> Tried {
    let faulty = Faulty::new(store)?;
    let app = builder().clock(world.clock.clone()).open(Address(Arc::clone(&faulty))).wait()?;
    faulty.set(Fault::BreaksOff(1));
    refused(app.outbox(courier.clone()).deliver(), "storage_unavailable")?;
    faulty.take();
    Ok(())
}

fn d4_an_attempt_that_broke_off_is_shown_as_unknown_and_made_again_as_the_same_message(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    let globex = world.customer("Globex")?;
    let invited = invite(&globex)?;
    let courier = Scripted::willing();
    for attempt in 1..=3 {
        break_off(store, &world, &courier)?;
        let delivery = shown(&globex, &invited)?;
        ensure_eq!((delivery.state, delivery.attempts), (DeliveryState::Sending, attempt));
        ensure_eq!(outbox(&world, Scripted::willing()).deliver().wait()?.sent, 0);
        world.clock.advance(LEASE);
        ensure_eq!(shown(&globex, &invited)?.state, DeliveryState::Unknown);
        ensure_eq!(world.app.maintenance("test").verify(Vec::new()).wait()?, []);
    }
    // After a restart, by whoever delivers next.
    ensure_eq!(another(store, &world)?.outbox(courier.clone()).deliver().wait()?.sent, 1);
    let mails = courier.take();
    let attempts: Vec<_> = mails.iter().map(|mail| mail.attempt).collect();
    ensure_eq!(attempts, [1, 2, 3, 4]);
    for mail in &mails {
        ensure_eq!(mails.first().map(|first| first.delivery), Some(mail.delivery));
        ensure_eq!(mail.token.expose(), invited.token.expose());
        ensure_eq!(mails.first().map(|first| (first.created_at, &first.email)), Some((mail.created_at, &mail.email)));
    }
    ensure_eq!(shown(&globex, &invited)?.state, DeliveryState::Sent);
    Ok(())
}

fn trip_over(mail: &InvitationMail) {
    assert_ne!(mail.name, "Hank", "a mail that a courier trips over");
}

fn d4_a_courier_that_panics_keeps_no_other_mail_from_being_sent(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    let globex = world.customer("Globex")?;
    let hank = globex.members().invite("Hank", "hank@globex.test", Role::User).wait()?;
    world.clock.advance(Duration::from_secs(1));
    let ida = globex.members().invite("Ida", "ida@globex.test", Role::User).wait()?;
    let courier = Scripted::new(|mail| {
        trip_over(mail);
        Ok(())
    });
    let run = outbox(&world, courier).deliver().wait()?;
    ensure_eq!((run.sent, run.postponed, run.failed), (1, 1, 0));
    ensure_eq!(shown(&globex, &hank)?.state, DeliveryState::Unknown);
    ensure_eq!(shown(&globex, &ida)?.state, DeliveryState::Sent);
    Ok(())
}

fn d4_who_answers_late_is_believed_only_when_it_was_sent(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    let busy = || Err(DeliveryError::postponed("451 busy"));
    let gone = || Err(DeliveryError::refused("550 gone"));
    type Answers = (Result<(), DeliveryError>, Result<(), DeliveryError>, DeliveryState, u32);
    let cases: [Answers; 5] = [
        (Ok(()), Ok(()), DeliveryState::Sent, 2),
        (gone(), Ok(()), DeliveryState::Sent, 2),
        (Ok(()), busy(), DeliveryState::Sent, 2),
        // The second one is newer: what the first one heard does not count. That it broke off once stays known.
        (gone(), busy(), DeliveryState::Unknown, 2),
        (busy(), gone(), DeliveryState::Unknown, 2),
    ];
    for (late, quick, state, attempts) in cases {
        let globex = world.customer("Globex")?;
        let invited = invite(&globex)?;
        let (clock, elsewhere) = (world.clock.clone(), another(store, &world)?);
        let courier = Scripted::new(move |_| {
            clock.advance(LEASE);
            let quick = quick.clone();
            let run = elsewhere.outbox(Scripted::new(move |_| quick.clone())).deliver().wait();
            run.map_err(|error| DeliveryError::refused(&error.to_string()))?;
            late.clone()
        });
        outbox(&world, courier).deliver().wait()?;
        let delivery = shown(&globex, &invited)?;
        ensure_eq!((delivery.state, delivery.attempts), (state, attempts));
        globex.delete("Globex").wait()?;
    }
    Ok(())
}

fn d4_once_unknown_a_delivery_is_never_shown_as_failed(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    for last in [DeliveryError::postponed("451 busy"), DeliveryError::refused("550 no")] {
        let globex = world.customer("Globex")?;
        let invited = invite(&globex)?;
        let run = outbox(&world, failing(DeliveryError::unknown("the connection broke"))).deliver().wait()?;
        ensure_eq!(run.postponed, 1);
        let delivery = shown(&globex, &invited)?;
        ensure_eq!((delivery.state, delivery.next_attempt_at.is_some()), (DeliveryState::Unknown, true));
        ensure_eq!(delivery.reason.as_deref(), Some("the connection broke"));
        world.clock.advance(HOUR);
        outbox(&world, failing(last.clone())).deliver().wait()?;
        let delivery = shown(&globex, &invited)?;
        ensure_eq!((delivery.state, delivery.reason.as_deref()), (DeliveryState::Unknown, Some(last.reason())));
        globex.delete("Globex").wait()?;
    }
    Ok(())
}

fn d4_the_last_attempt_may_break_off_too(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    let globex = world.customer("Globex")?;
    let invited = invite(&globex)?;
    let courier = Scripted::willing();
    for _ in 0..ATTEMPTS {
        break_off(store, &world, &courier)?;
        world.clock.advance(LEASE);
    }
    ensure_eq!(courier.take().len(), 12);
    let run = outbox(&world, courier.clone()).deliver().wait()?;
    ensure_eq!((run.sent, run.failed, courier.take().len()), (0, 1, 0));
    let delivery = shown(&globex, &invited)?;
    ensure_eq!((delivery.state, delivery.attempts, delivery.next_attempt_at), (DeliveryState::Unknown, 12, None));
    Ok(())
}

fn d5_what_a_server_answers_is_shown_without_its_control_characters_and_the_token(store: &dyn Opened) -> Tried {
    let world = World::with_outbox(store)?;
    let globex = world.customer("Globex")?;
    let invited = invite(&globex)?;
    let courier = Scripted::new(|mail| {
        Err(DeliveryError::postponed(&format!("554\r\n\u{1b}[31m listed: https://x.test/#{}", mail.token.expose())))
    });
    outbox(&world, courier).deliver().wait()?;
    let reason = shown(&globex, &invited)?.reason.ok_or("no reason")?;
    ensure_eq!(reason, "554 [31m listed: https://x.test/#********");
    world.clock.advance(HOUR);
    let courier = Scripted::new(|mail| {
        let quoted = mail.token.expose().get(20..40).unwrap_or_default();
        Err(DeliveryError::refused(&format!("554 refused: {quoted}")))
    });
    outbox(&world, courier).deliver().wait()?;
    ensure_eq!(shown(&globex, &invited)?.reason.as_deref(), Some("the answer repeats what was sent, and is not shown"));
    // What is in nobody's hands any more is accepted all the same.
    world.app.accept_invitation(&invited.token, VerifiedEmail::new("hank@globex.test")).wait()?;
    Ok(())
}
