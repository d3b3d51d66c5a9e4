//! S4: between any two reads of a rotation, or of a set, somebody else does something; afterwards every secret opens.

use std::sync::Arc;

use tenantry_core::{Actor, Error, Place, RootKeyState, Tenantry, UserId, VendorId};

use super::cases;
use super::rotation::{Expected, generations, only, populate, ring};
use crate::check::{Tried, World, ensure, ensure_eq, opened};
use crate::faulty::{Address, Fault, Faulty, Meanwhile};
use crate::{Failure, Opened};

cases![
    s4_whatever_comes_between_the_steps_of_a_root_key_rotation,
    s4_whatever_comes_between_the_steps_of_a_place_key_rotation,
    s4_a_set_whose_keys_are_rotated_before_its_commit_is_decided_anew,
];

/// The reads of a rotation of the root key, and of one of a place's key.
const OF_THE_ROOT: [&str; 6] = ["vendors", "root_keys", "wrapped_by", "place_keys", "count_wrapped_by", "commit"];
const OF_A_PLACE: [&str; 5] = ["place_keys", "sealed_by", "secret_by_id", "count_sealed_by", "commit"];

/// Somebody who has both root keys, and acts for the vendor.
struct Other {
    app: Tenantry,
    vendor: VendorId,
    boss: UserId,
}

impl Other {
    fn new(store: &dyn Opened, world: &World, to: u8, from: u8) -> Result<Self, Failure> {
        let Actor::User(boss) = *world.boss().actor() else { return Err("no user".into()) };
        Ok(Self { app: store.open(ring(to, from))?, vendor: world.boss().vendor_id(), boss })
    }

    fn set(&self, place: Place, key: &str, value: &str) -> Result<(), Error> {
        let staff = self.app.vendor(self.vendor, self.boss);
        let secrets = place.customer().map_or_else(|| staff.secrets(), |customer| staff.customer(customer).secrets());
        secrets.set(key, value).wait().map(drop)
    }

    fn delete(&self, place: Place, name: &str) -> Result<(), Error> {
        let customer = place.customer().map(|customer| self.app.vendor(self.vendor, self.boss).customer(customer));
        customer.map_or(Ok(()), |customer| customer.delete(name).wait())
    }
}

/// What comes in between: a first secret, another version, the end of a place, a rotation of either key, a new vendor.
fn between(what: usize, other: Other, fresh: Place, victim: Place, name: String) -> Meanwhile {
    match what {
        0 => Box::new(move || other.set(fresh, "A", "between")),
        1 => Box::new(move || other.set(victim, "A", "between")),
        2 => Box::new(move || other.delete(victim, &name)),
        3 => Box::new(move || other.app.maintenance("test").rotate_place_key(victim, |_| ()).wait().map(drop)),
        4 => Box::new(move || other.app.maintenance("test").rotate_root_key(|_| ()).wait().map(drop)),
        _ => Box::new(move || {
            let vendor = other.app.bootstrap(&name, "New", "Ada", "ada@new.test").wait()?;
            vendor.secrets().set("A", "of a new vendor").wait().map(drop)
        }),
    }
}

const WAYS: usize = 6;

/// What is to be found after something came in between.
fn expect(expected: &mut Expected, what: usize, fresh: Place, victim: Place) {
    match what {
        0 => expected.set(fresh, "A", "between"),
        1 => expected.set(victim, "A", "between"),
        2 => expected.0.retain(|(place, _), _| *place != victim),
        _ => {}
    }
}

/// A store of which nothing remains to be done: one root key, and one key for each place.
fn settled(store: &dyn Opened, app: &Tenantry, places: &[Place]) -> Tried {
    let keys = app.maintenance("test").root_keys().wait()?;
    let promoted = keys.iter().filter(|key| key.state == RootKeyState::Promoted).count();
    let retired = keys.iter().filter(|key| key.state == RootKeyState::Retired && key.wraps == 0).count();
    ensure_eq!((promoted, retired), (1, keys.len() - 1));
    for place in places {
        ensure!(generations(store, *place)?.len() <= 1);
    }
    Ok(())
}

fn s4_whatever_comes_between_the_steps_of_a_root_key_rotation(store: &dyn Opened) -> Tried {
    let (world, mut expected) = populate(store)?;
    let faulty = Faulty::new(store)?;
    let (mut to, mut from, mut happened) = (2, 1, 0);
    for call in OF_THE_ROOT {
        for what in 0..WAYS {
            // A vendor stays: few of them, and one for each commit, before which it matters.
            let skips = if what < WAYS - 1 { 2 } else { 4 * usize::from(call == "commit") };
            for skip in 0..skips {
                let name = format!("{}-{what}-{skip}", call.replace('_', "-"));
                let (fresh, victim) = (world.customer("Fresh")?.place(), world.customer(&name)?.place());
                let setter = Other::new(store, &world, to, from)?;
                setter.set(victim, "A", "before")?;
                expected.set(victim, "A", "before");
                let app = ring(to, from).open(Address(Arc::clone(&faulty))).wait()?;
                let change = between(what, setter, fresh, victim, name.clone());
                faulty.set(Fault::Before { call, skip, change });
                let rotated = app.maintenance("test").rotate_root_key(|_| ()).wait();
                rotated.map_err(|error| format!("{call} {what} {skip}: `{}`, {error}", error.code()))?;
                if faulty.take().is_none() {
                    happened += 1;
                    expect(&mut expected, what, fresh, victim);
                }
                settled(store, &app, &[fresh, victim])?;
                let new = store.open(only(to))?;
                ensure_eq!(opened(store, only(from)).err(), Some("wrong_root_key"));
                expected.resolve(&new)?;
                // So that the store stays small.
                let other = Other::new(store, &world, to, from)?;
                for (place, name) in [(fresh, "Fresh"), (victim, &*name)] {
                    other.delete(place, name).err();
                    expected.0.retain(|(at, _), _| *at != place);
                }
                (to, from) = (from, to);
            }
        }
    }
    ensure!(happened > 30);
    let now = from;
    expected.ensure(&store.open(only(now))?)?;
    if now != 1 {
        store.open(ring(1, now))?.maintenance("test").rotate_root_key(|_| ()).wait()?;
    }
    Ok(())
}

fn s4_whatever_comes_between_the_steps_of_a_place_key_rotation(store: &dyn Opened) -> Tried {
    let (world, mut expected) = populate(store)?;
    let faulty = Faulty::new(store)?;
    let mut happened = 0;
    for call in OF_A_PLACE {
        // Neither a rotation of the root key, which goes to the one that is promoted, nor another vendor matters here.
        for what in 0..WAYS - 2 {
            for skip in 0..2 {
                let name = format!("{}-{what}-{skip}", call.replace('_', "-"));
                let (fresh, victim) = (world.customer("Fresh")?.place(), world.customer(&name)?.place());
                let setter = Other::new(store, &world, 1, 2)?;
                for value in ["older", "before"] {
                    setter.set(victim, "A", value)?;
                    expected.set(victim, "A", value);
                }
                let app = only(1).open(Address(Arc::clone(&faulty))).wait()?;
                let change = between(what, setter, fresh, victim, name);
                faulty.set(Fault::Before { call, skip, change });
                let answer = app.maintenance("test").rotate_place_key(victim, |_| ()).wait();
                let done = faulty.take().is_none();
                if done {
                    happened += 1;
                    expect(&mut expected, what, fresh, victim);
                }
                match answer {
                    Ok(_) => {}
                    Err(error) => ensure_eq!((error.code(), what, done), ("not_found", 2, true)),
                }
                ensure!(generations(store, victim)?.len() <= 1);
            }
        }
    }
    ensure!(happened > 30);
    expected.ensure(&store.open(only(1))?)
}

fn s4_a_set_whose_keys_are_rotated_before_its_commit_is_decided_anew(store: &dyn Opened) -> Tried {
    let (world, mut expected) = populate(store)?;
    let faulty = Faulty::new(store)?;
    let Actor::User(boss) = *world.boss().actor() else { return Err("no user".into()) };
    let (mut to, mut from) = (2, 1);
    for call in ["secret", "place_keys", "root_keys", "commit"] {
        for what in 0..3 {
            for is_first in [true, false] {
                let (name, place) = (format!("{call}-{what}-{is_first}"), world.customer("Globex")?.place());
                let rotating = Other::new(store, &world, to, from)?;
                if !is_first {
                    rotating.set(place, "A", "before")?;
                }
                let app = ring(from, to).open(Address(Arc::clone(&faulty))).wait()?;
                let change: Meanwhile = Box::new(move || {
                    let maintenance = rotating.app.maintenance("test");
                    match what {
                        0 => maintenance.stage_root_key().wait().map(drop),
                        1 => maintenance.rotate_root_key(|_| ()).wait().map(drop),
                        _ => maintenance.rotate_place_key(place, |_| ()).wait().map(drop),
                    }
                });
                faulty.set(Fault::Before { call, skip: 0, change });
                let id = place.customer().ok_or("no customer")?;
                let secrets = app.vendor(world.boss().vendor_id(), boss).customer(id).secrets();
                secrets.set("A", name.as_str()).wait()?;
                faulty.take();
                expected.set(place, "A", &name);
                // To its end, so that the next one begins with nothing under way.
                store.open(ring(to, from))?.maintenance("test").rotate_root_key(|_| ()).wait()?;
                expected.ensure(&store.open(only(to))?)?;
                (to, from) = (from, to);
            }
        }
    }
    if from != 1 {
        store.open(ring(1, from))?.maintenance("test").rotate_root_key(|_| ()).wait()?;
    }
    Ok(())
}
