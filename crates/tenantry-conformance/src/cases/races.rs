//! Races, with real threads and a handle for each.

use std::sync::Barrier;
use std::thread;

use tenantry_core::{NewCustomer, PageRequest, Role, Tenantry, VerifiedEmail};

use super::cases;
use crate::check::{Tried, World, builder, ensure, ensure_eq};
use crate::{Failure, Opened, race};

cases![
    u9_two_administrators_cannot_remove_each_other,
    u2_when_many_invite_at_once_exactly_one_is_raised,
    u3_a_token_works_once_however_many_accept_at_once,
    c2_an_external_id_is_given_once_however_many_create_at_once,
    many_hands_at_random_break_no_rule_and_lose_no_update,
];

const HANDS: u64 = 8;

/// Does the same in many threads at once, each with its own handle.
fn together<T: Send>(
    store: &dyn Opened,
    hands: u64,
    work: impl Fn(&Tenantry, u64) -> Result<T, Failure> + Sync,
) -> Result<Vec<T>, Failure> {
    let barrier = Barrier::new(usize::try_from(hands)?);
    thread::scope(|scope| {
        let hand = |number| {
            let app = store.open(builder());
            let (barrier, work) = (&barrier, &work);
            scope.spawn(move || {
                barrier.wait();
                work(&app?, number)
            })
        };
        let threads: Vec<_> = (0..hands).map(hand).collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| "a thread panicked")?).collect()
    })
}

fn u9_two_administrators_cannot_remove_each_other(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    for round in 0..20 {
        let globex = world.customer("Globex")?;
        let [one, other] = [1, 2].map(|number| format!("a{number}-{round}@x.test"));
        let pair = [world.join(&globex, &one, Role::Administrator)?, world.join(&globex, &other, Role::Administrator)?];
        let members = globex.members().list(PageRequest::first()).wait()?.items;
        let removed = together(store, 2, |_, hand| {
            let (own, other) = (pair.get(usize::from(hand == 1)), members.get(usize::from(hand == 0)));
            let (own, other) = (own.ok_or("no scope")?, other.ok_or("no member")?);
            Ok(own.members().remove(other.id).wait().is_ok())
        })?;
        ensure_eq!(removed.iter().filter(|removed| **removed).count(), 1);
        let left = globex.members().list(PageRequest::first()).wait()?.items;
        ensure_eq!(left.iter().map(|member| member.role).collect::<Vec<_>>(), [Role::Administrator]);
    }
    Ok(())
}

fn u2_when_many_invite_at_once_exactly_one_is_raised(store: &dyn Opened) -> Tried {
    let customers = 20;
    race::prepare(&store.open(builder())?)?;
    let raised = together(store, HANDS, |app, hand| race::invite_all(app, hand, customers))?;
    ensure_eq!(raised.iter().sum::<u64>(), customers);
    Ok(())
}

fn u3_a_token_works_once_however_many_accept_at_once(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    for round in 0..10 {
        let email = format!("p{round}@x.test");
        let invited = globex.members().invite("P", &email, Role::User).wait()?;
        let accepted = together(store, HANDS, |app, _| {
            match app.accept_invitation(&invited.token, VerifiedEmail::new(email.as_str())).wait() {
                Ok(_) => Ok(1),
                // The clock of these handles is the real one, long before that of the case: nothing has expired.
                Err(error) if error.code() == "invitation_invalid" => Ok(0),
                Err(error) => Err(error.into()),
            }
        })?;
        ensure_eq!(accepted.iter().sum::<u64>(), 1);
    }
    Ok(())
}

fn c2_an_external_id_is_given_once_however_many_create_at_once(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let vendor = world.boss();
    let created = together(store, HANDS, |_, hand| {
        let mut created = 0;
        for number in 0..20 {
            let new = || NewCustomer::new("X").external_id(format!("id {number}"));
            // Half of them by bulk creation: a row that exists is skipped there.
            if hand % 2 == 0 {
                created += vendor.customers().import([Ok(new())], |_| ()).wait()?.created;
            } else {
                match vendor.customers().create(new()).wait() {
                    Ok(_) => created += 1,
                    Err(error) if error.code() == "already_exists" => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(created)
    })?;
    ensure_eq!(created.iter().sum::<u64>(), 20);
    Ok(())
}

fn many_hands_at_random_break_no_rule_and_lose_no_update(store: &dyn Opened) -> Tried {
    let app = store.open(builder())?;
    race::prepare(&app)?;
    let updates = together(store, HANDS, |app, hand| race::work(app, hand + 1, race::rounds()))?;
    ensure!(updates.iter().any(|updates| !updates.is_empty()));
    race::check(&app, &updates)
}
