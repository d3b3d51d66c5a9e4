//! S4: the rotation of keys, which may break off anywhere.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tenantry_core::testing::cast;
use tenantry_core::{
    AuditQuery, Builder, Catalog, Error, KeyRing, NewCustomer, PageRequest, Place, RootKey, RootKeyState, Rotation,
    Tenantry,
};

use super::cases;
use crate::check::{Tried, World, ensure, ensure_eq, opened, refused};
use crate::faulty::{Address, Fault, Faulty};
use crate::{Failure, Opened};

cases![
    s4_a_place_key_is_rotated_and_every_version_is_sealed_anew,
    s4_a_place_key_rotation_is_taken_up_wherever_it_broke_off,
    s4_a_root_key_is_rotated_and_the_old_one_is_not_needed_any_more,
    s4_a_root_key_rotation_is_taken_up_wherever_it_broke_off,
    s4_many_places_are_wrapped_anew_in_small_commits,
    s4_a_staged_root_key_is_in_nobodys_way,
    s4_secrets_are_set_while_keys_are_rotated,
    s4_two_handles_that_rotate_at_once_come_to_one_end,
    s4_a_rotation_to_a_key_that_is_not_at_hand_is_refused_and_changes_nothing,
    s4_where_there_is_nothing_to_rotate_nothing_is_done,
];

/// The root key of this number; the suite's own is the first.
fn root(number: u8) -> RootKey {
    RootKey::from_bytes([number; 32])
}

/// The current key, and one that is older or comes later.
pub(super) fn ring(current: u8, other: u8) -> Builder {
    Tenantry::builder(Catalog::standard()).root_key(KeyRing::new(root(current)).with(root(other)))
}

pub(super) fn only(number: u8) -> Builder {
    Tenantry::builder(Catalog::standard()).root_key(root(number))
}

/// What the secrets of some places are to be: by place and key.
#[derive(Default)]
pub(super) struct Expected(pub(super) BTreeMap<(Place, String), String>);

impl Expected {
    pub(super) fn set(&mut self, place: Place, key: &str, value: &str) {
        self.0.insert((place, key.to_owned()), value.to_owned());
    }

    /// Every secret opens with its value, and `verify` finds nothing.
    pub(super) fn ensure(&self, app: &Tenantry) -> Tried {
        self.resolve(app)?;
        ensure_eq!(app.maintenance("test").verify(Vec::new()).wait()?, []);
        Ok(())
    }

    /// Every secret opens with its value.
    pub(super) fn resolve(&self, app: &Tenantry) -> Tried {
        for ((place, key), expected) in &self.0 {
            let values = app.service(*place, "deployer", "test").resolve([key.as_str()]).wait()?;
            let value = values.first().ok_or("no value")?;
            ensure_eq!((place, key, value.value.expose()), (place, key, expected.as_str()));
        }
        Ok(())
    }
}

/// Two vendors with secrets of their own and of a customer each.
pub(super) fn populate(store: &dyn Opened) -> Result<(World, Expected), Failure> {
    let (world, mut expected) = (World::new(store)?, Expected::default());
    let umbrella = cast(&world.app, "umbrella")?;
    for cast in [&world.acme, &umbrella] {
        for key in ["A", "B"] {
            let value = format!("{key} of {}", cast.customer.place());
            cast.customer.secrets().set(key, "before").wait()?;
            cast.customer.secrets().set(key, value.as_str()).wait()?;
            expected.set(cast.customer.place(), key, &value);
        }
        let value = format!("A of {}", cast.staff[0].place());
        cast.staff[0].secrets().set("A", value.as_str()).wait()?;
        expected.set(cast.staff[0].place(), "A", &value);
    }
    Ok((world, expected))
}

/// Where the reports of a rotation go.
#[derive(Clone, Default)]
struct Reports(Arc<Mutex<Vec<(u64, u64)>>>);

impl Reports {
    fn hear(&self) -> impl FnMut(Rotation) + Send + 'static {
        let reports = Arc::clone(&self.0);
        move |rotation| {
            reports.lock().unwrap_or_else(PoisonError::into_inner).push((rotation.moved, rotation.left));
        }
    }

    fn take(&self) -> Vec<(u64, u64)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The generations of a place's key.
pub(super) fn generations(store: &dyn Opened, place: Place) -> Result<Vec<u32>, Failure> {
    let keys = tenantry_core::testing::ready(store.store()?.place_keys(place))?;
    Ok(keys.iter().map(|row| row.generation).collect())
}

/// The states of the root keys, of those numbers.
fn states(app: &Tenantry, numbers: [u8; 2]) -> Result<[Option<RootKeyState>; 2], Failure> {
    let keys = app.maintenance("test").root_keys().wait()?;
    let state = |number: u8| {
        let id = root(number).id();
        let hex: String = id.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        keys.iter().find(|key| key.id == hex).map(|key| key.state)
    };
    Ok(numbers.map(state))
}

fn s4_a_place_key_is_rotated_and_every_version_is_sealed_anew(store: &dyn Opened) -> Tried {
    let (world, mut expected) = populate(store)?;
    let globex = world.customer("Globex")?;
    // More than one commit seals anew.
    for key in ["A", "B", "C", "D", "E", "F", "G"] {
        for version in 1..=10 {
            globex.secrets().set(key, format!("{key} {version}").as_str()).wait()?;
        }
        expected.set(globex.place(), key, &format!("{key} 10"));
    }
    globex.secrets().destroy("G", 3).wait()?;
    let other = store.open(crate::check::builder())?;
    expected.ensure(&other)?;
    let reports = Reports::default();
    let done = world.app.maintenance("test").rotate_place_key(globex.place(), reports.hear()).wait()?;
    // What is destroyed hangs on no key.
    ensure_eq!((done.moved, done.left), (69, 0));
    let heard = reports.take();
    ensure_eq!(heard.first(), Some(&(64, 5)));
    ensure_eq!(heard.last(), Some(&(69, 0)));
    ensure!(heard.windows(2).all(|pair| matches!(pair, [before, after] if before.0 <= after.0 && before.1 >= after.1)));
    ensure_eq!(generations(store, globex.place())?, [2]);
    // Also in a handle that knew the old key, and for every version that is kept.
    expected.ensure(&other)?;
    globex.secrets().roll_back("A", 2).wait()?;
    expected.set(globex.place(), "A", "A 2");
    globex.secrets().set("H", "new").wait()?;
    expected.set(globex.place(), "H", "new");
    expected.ensure(&other)?;
    let log = globex.audit().list(AuditQuery::new().actor("host").page_size(1_000)).wait()?.items;
    let log: Vec<_> = log.iter().map(|entry| entry.action.as_str()).collect();
    ensure_eq!(log, ["place_key.promoted", "secrets.sealed_anew", "secrets.sealed_anew", "place_key.retired"]);
    world.app.maintenance("test").rotate_place_key(globex.place(), |_| ()).wait()?;
    ensure_eq!(generations(store, globex.place())?, [3]);
    expected.ensure(&other)
}

fn s4_a_place_key_rotation_is_taken_up_wherever_it_broke_off(store: &dyn Opened) -> Tried {
    let (world, mut expected) = populate(store)?;
    let globex = world.customer("Globex")?;
    for key in ["A", "B", "C", "D", "E", "F", "G", "H"] {
        for version in 1..=10 {
            globex.secrets().set(key, format!("{key} {version}").as_str()).wait()?;
        }
        expected.set(globex.place(), key, &format!("{key} 10"));
    }
    let faulty = Faulty::new(store)?;
    for commits in 0.. {
        let app = only(1).open(Address(Arc::clone(&faulty))).wait()?;
        faulty.set(Fault::BreaksOff(commits));
        let broken = app.maintenance("test").rotate_place_key(globex.place(), |_| ()).wait();
        faulty.take();
        let done = broken.is_ok();
        if let Err(error) = broken {
            ensure_eq!(error.code(), "storage_unavailable");
        }
        // As it is left: for the handle that broke off, one that was open, and one that is new.
        for app in [&app, &world.app, &store.open(only(1))?] {
            expected.ensure(app)?;
        }
        globex.secrets().set("LATER", format!("{commits}").as_str()).wait()?;
        expected.set(globex.place(), "LATER", &commits.to_string());
        let app = store.open(only(1))?;
        app.maintenance("test").rotate_place_key(globex.place(), |_| ()).wait()?;
        ensure_eq!(generations(store, globex.place())?.len(), 1);
        expected.ensure(&app)?;
        expected.ensure(&world.app)?;
        if done {
            // Each of its commits was the last one once: a new generation, two that seal anew, and the old one's end.
            ensure!(commits >= 4);
            return Ok(());
        }
    }
    Ok(())
}

fn s4_a_root_key_is_rotated_and_the_old_one_is_not_needed_any_more(store: &dyn Opened) -> Tried {
    let (world, mut expected) = populate(store)?;
    // One that holds both, with the old one as its own.
    let both = store.open(ring(1, 2))?;
    expected.ensure(&both)?;
    let app = store.open(ring(2, 1))?;
    ensure_eq!(states(&app, [1, 2])?, [Some(RootKeyState::Promoted), None]);
    let reports = Reports::default();
    let done = app.maintenance("test").rotate_root_key(reports.hear()).wait()?;
    // Two vendors and a customer of each; the customer's key is not touched, so no secret is sealed anew.
    ensure_eq!((done.moved, done.left), (4, 0));
    ensure_eq!(reports.take(), [(2, 2), (4, 0)]);
    ensure_eq!(states(&app, [1, 2])?, [Some(RootKeyState::Retired), Some(RootKeyState::Promoted)]);
    ensure_eq!(generations(store, world.acme.customer.place())?, [1]);
    for app in [&app, &both, &store.open(only(2))?] {
        expected.ensure(app)?;
    }
    ensure_eq!(opened(store, only(1)).err(), Some("wrong_root_key"));
    // A process that has only the old one goes on with nothing but secrets failing.
    let old = world.app.service(world.acme.customer.place(), "deployer", "test");
    world.customer("Later")?;
    let refusals = [world.acme.customer.secrets().set("A", "x").wait().err(), old.resolve(["B"]).wait().err()];
    ensure!(refusals.iter().all(Option::is_some));
    for error in refusals.into_iter().flatten() {
        ensure!(["wrong_root_key", "key_not_available"].contains(&error.code()));
    }
    // And a set by whoever has it is found by everybody else.
    let customer = both.service(world.acme.customer.place(), "deployer", "test");
    ensure_eq!(customer.resolve(["B"]).wait()?.len(), 1);
    for vendor in app.vendors(PageRequest::first()).wait()?.items {
        let home = Place::Vendor(vendor.id);
        let store = store.store()?;
        let log = tenantry_core::testing::ready(store.chain(home, 0, 1_000, tenantry_core::Caller::Blocking))?;
        let log: Vec<_> = log.iter().map(|(row, _)| row.action.as_str()).collect();
        let steps: Vec<_> = log.iter().filter(|it| it.starts_with("root_key.") || it.starts_with("keys.")).collect();
        ensure_eq!(steps, [&"root_key.staged", &"root_key.promoted", &"keys.wrapped_anew", &"root_key.retired"]);
    }
    // A process that knows less than others did since goes nowhere: it would take the store away from them.
    refused(world.app.maintenance("test").rotate_root_key(|_| ()), "key_not_available")?;
    refused(world.app.maintenance("test").stage_root_key(), "key_not_available")?;
    refused(world.app.maintenance("test").verify(Vec::new()), "key_not_available")?;
    ensure_eq!(states(&app, [1, 2])?, [Some(RootKeyState::Retired), Some(RootKeyState::Promoted)]);
    // Back again, to a key that was retired.
    store.open(ring(1, 2))?.maintenance("test").rotate_root_key(|_| ()).wait()?;
    ensure_eq!(states(&app, [1, 2])?, [Some(RootKeyState::Promoted), Some(RootKeyState::Retired)]);
    world.acme.customer.secrets().set("A", "back").wait()?;
    expected.set(world.acme.customer.place(), "A", "back");
    expected.ensure(&world.app)?;
    expected.ensure(&store.open(only(1))?)
}

fn s4_a_root_key_rotation_is_taken_up_wherever_it_broke_off(store: &dyn Opened) -> Tried {
    let (world, mut expected) = populate(store)?;
    let faulty = Faulty::new(store)?;
    let meanwhile = store.open(ring(1, 2))?;
    let (mut from, mut to) = (1, 2);
    let mut most = None;
    for commits in 0.. {
        let app = ring(to, from).open(Address(Arc::clone(&faulty))).wait()?;
        faulty.set(Fault::BreaksOff(commits));
        let broken = app.maintenance("test").rotate_root_key(|_| ()).wait();
        faulty.take();
        let done = broken.is_ok();
        if let Err(error) = broken {
            ensure_eq!(error.code(), "storage_unavailable");
        }
        for app in [&app, &meanwhile, &store.open(ring(to, from))?, &store.open(ring(from, to))?] {
            expected.ensure(app)?;
        }
        // Whoever lacks one of both opens or is refused; what opens shows every secret that it can.
        let begun = states(&app, [from, to])?;
        let old = opened(store, only(from));
        let new = opened(store, only(to));
        let (opens_old, opens_new) = match begun {
            [Some(RootKeyState::Promoted), _] => (true, false),
            [Some(RootKeyState::Superseded), Some(RootKeyState::Promoted)] => (false, false),
            [Some(RootKeyState::Retired), Some(RootKeyState::Promoted)] => (false, true),
            other => return Err(format!("{other:?}").into()),
        };
        ensure_eq!(
            (old.as_ref().err(), new.as_ref().err()),
            ((!opens_old).then_some(&"wrong_root_key"), (!opens_new).then_some(&"wrong_root_key"),)
        );
        for app in old.iter().chain(&new) {
            expected.ensure(app)?;
        }
        // Set meanwhile, also by who makes the first secret of a place.
        let new = world.customer(&format!("Customer {commits}"))?;
        let tenantry_core::Actor::User(boss) = *world.boss().actor() else { return Err("no user".into()) };
        let id = new.place().customer().ok_or("no customer")?;
        let staff = meanwhile.vendor(world.boss().vendor_id(), boss);
        staff.customer(id).secrets().set("A", "made meanwhile").wait()?;
        expected.set(new.place(), "A", "made meanwhile");
        let app = store.open(ring(to, from))?;
        app.maintenance("test").rotate_root_key(|_| ()).wait()?;
        ensure_eq!(states(&app, [from, to])?, [Some(RootKeyState::Retired), Some(RootKeyState::Promoted)]);
        expected.ensure(&store.open(only(to))?)?;
        expected.ensure(&meanwhile)?;
        (from, to) = (to, from);
        most = Some(commits);
        if done {
            break;
        }
    }
    // Staged, promoted, a commit for each vendor, retired.
    ensure!(most.is_some_and(|most| most >= 5));
    if from != 1 {
        store.open(ring(1, from))?.maintenance("test").rotate_root_key(|_| ()).wait()?;
    }
    expected.ensure(&store.open(only(1))?)
}

fn s4_many_places_are_wrapped_anew_in_small_commits(store: &dyn Opened) -> Tried {
    let (world, mut expected) = populate(store)?;
    for number in 0..300 {
        let scope = world.customer(&format!("Customer {number}"))?;
        scope.secrets().set("A", "value").wait()?;
        if number % 50 == 0 {
            expected.set(scope.place(), "A", "value");
        }
    }
    let app = store.open(ring(2, 1))?;
    let reports = Reports::default();
    let done = app.maintenance("test").rotate_root_key(reports.hear()).wait()?;
    ensure_eq!((done.moved, done.left), (304, 0));
    ensure_eq!(reports.take().len(), 3);
    expected.ensure(&store.open(only(2))?)?;
    store.open(ring(1, 2))?.maintenance("test").rotate_root_key(|_| ()).wait()?;
    Ok(())
}

fn s4_a_staged_root_key_is_in_nobodys_way(store: &dyn Opened) -> Tried {
    let (world, mut expected) = populate(store)?;
    let app = store.open(ring(2, 1))?;
    ensure!(app.maintenance("test").stage_root_key().wait()?);
    ensure_eq!(states(&app, [1, 2])?, [Some(RootKeyState::Promoted), Some(RootKeyState::Staged)]);
    // Twice is once.
    ensure!(app.maintenance("test").stage_root_key().wait()?);
    // A process that has not got it yet opens, sets and resolves.
    let old = store.open(only(1))?;
    world.acme.customer.secrets().set("B", "staged").wait()?;
    world.customer("New")?.secrets().set("A", "first").wait()?;
    expected.set(world.acme.customer.place(), "B", "staged");
    expected.ensure(&old)?;
    expected.ensure(&app)?;
    ensure_eq!(opened(store, only(2)).err(), Some("wrong_root_key"));
    // It goes to the staged one, also from a process whose own is the old one.
    store.open(ring(1, 2))?.maintenance("test").rotate_root_key(|_| ()).wait()?;
    ensure_eq!(states(&app, [1, 2])?, [Some(RootKeyState::Retired), Some(RootKeyState::Promoted)]);
    expected.ensure(&store.open(only(2))?)?;
    // There and done: a ring whose own is promoted has nowhere to go.
    ensure!(!app.maintenance("test").stage_root_key().wait()?);
    let done = app.maintenance("test").rotate_root_key(|_| ()).wait()?;
    ensure_eq!((done.moved, done.left), (0, 0));
    store.open(ring(1, 2))?.maintenance("test").rotate_root_key(|_| ()).wait()?;
    Ok(())
}

fn s4_secrets_are_set_while_keys_are_rotated(store: &dyn Opened) -> Tried {
    let (world, mut expected) = populate(store)?;
    let tenantry_core::Actor::User(boss) = *world.boss().actor() else { return Err("no user".into()) };
    let (vendor, place) = (world.boss().vendor_id(), world.acme.customer.place());
    let id = place.customer().ok_or("no customer")?;
    let (setting, rotating) = (store.open(ring(1, 2))?, store.open(ring(2, 1))?);
    let values = thread::scope(|scope| {
        let hand = scope.spawn(|| -> Result<Expected, Failure> {
            let mut set = Expected::default();
            let staff = setting.vendor(vendor, boss);
            for round in 0..30 {
                let value = format!("value {round}");
                staff.customer(id).secrets().set("A", value.as_str()).wait()?;
                set.set(place, "A", &value);
                let new = staff.customers().create(NewCustomer::new("New")).wait()?;
                staff.customer(new.id).secrets().set("A", value.as_str()).wait()?;
                set.set(staff.customer(new.id).place(), "A", &value);
                let read = setting.service(place, "deployer", "test").resolve(["A"]).wait()?;
                ensure_eq!(read.first().ok_or("no value")?.value.expose(), value);
            }
            Ok(set)
        });
        for _ in 0..4 {
            rotating.maintenance("test").rotate_place_key(place, |_| ()).wait()?;
        }
        rotating.maintenance("test").rotate_root_key(|_| ()).wait()?;
        for _ in 0..4 {
            rotating.maintenance("test").rotate_place_key(place, |_| ()).wait()?;
        }
        hand.join().map_err(|_| Failure::from("a thread panicked"))?
    })?;
    expected.0.extend(values.0);
    let new = store.open(only(2))?;
    expected.ensure(&new)?;
    expected.ensure(&setting)?;
    ensure_eq!(generations(store, place)?.len(), 1);
    store.open(ring(1, 2))?.maintenance("test").rotate_root_key(|_| ()).wait()?;
    expected.ensure(&store.open(only(1))?)
}

fn s4_two_handles_that_rotate_at_once_come_to_one_end(store: &dyn Opened) -> Tried {
    let (world, expected) = populate(store)?;
    let place = world.acme.customer.place();
    for (to, from) in [(2, 1), (1, 2), (2, 1), (1, 2)] {
        let apps = [store.open(ring(to, from))?, store.open(ring(to, from))?];
        thread::scope(|scope| {
            let hand = |app: &Tenantry| {
                let maintenance = app.maintenance("test");
                scope.spawn(move || {
                    maintenance.rotate_place_key(place, |_| ()).wait()?;
                    maintenance.rotate_root_key(|_| ()).wait()
                })
            };
            let hands: Vec<_> = apps.iter().map(hand).collect();
            for hand in hands {
                hand.join().map_err(|_| Failure::from("a thread panicked"))??;
            }
            Ok::<_, Failure>(())
        })?;
        ensure_eq!(generations(store, place)?.len(), 1);
        let app = store.open(only(to))?;
        ensure_eq!(states(&app, [from, to])?, [Some(RootKeyState::Retired), Some(RootKeyState::Promoted)]);
        for app in apps.iter().chain([&app]) {
            expected.ensure(app)?;
        }
    }
    Ok(())
}

fn s4_a_rotation_to_a_key_that_is_not_at_hand_is_refused_and_changes_nothing(store: &dyn Opened) -> Tried {
    let (world, expected) = populate(store)?;
    store.open(ring(2, 1))?.maintenance("test").stage_root_key().wait()?;
    let by_host = || world.boss().audit().list(AuditQuery::new().actor("host").page_size(1_000)).wait();
    let before = by_host()?.items;
    // Whoever has not got the staged one cannot promote it, whatever else they have.
    for app in [store.open(only(1))?, store.open(ring(3, 1))?, store.open(ring(1, 3))?] {
        refused(app.maintenance("test").rotate_root_key(|_| ()), "key_not_available")?;
        expected.ensure(&app)?;
    }
    ensure_eq!(by_host()?.items, before);
    refused(
        world.app.maintenance("test").rotate_place_key(
            Place::Customer(world.boss().vendor_id(), tenantry_core::CustomerId::from_uuid(uuid::Uuid::max())),
            |_| (),
        ),
        "not_found",
    )?;
    refused(world.app.maintenance("").rotate_root_key(|_| ()), "invalid_input")?;
    expected.ensure(&world.app)
}

fn s4_where_there_is_nothing_to_rotate_nothing_is_done(store: &dyn Opened) -> Tried {
    let app = store.open(ring(2, 1))?;
    // A store without a vendor, then one without a secret.
    for _ in 0..2 {
        ensure!(!app.maintenance("test").stage_root_key().wait()?);
        let done = app.maintenance("test").rotate_root_key(|_| ()).wait()?;
        ensure_eq!((done.moved, done.left), (0, 0));
        ensure_eq!(app.maintenance("test").root_keys().wait()?, []);
        if app.vendors(PageRequest::first()).wait()?.items.is_empty() {
            World::new(store)?;
        }
    }
    let vendor = app.vendors(PageRequest::first()).wait()?.items;
    let home = Place::Vendor(vendor.first().ok_or("no vendor")?.id);
    let done = app.maintenance("test").rotate_place_key(home, |_| ()).wait()?;
    ensure_eq!((done.moved, generations(store, home)?), (0, Vec::new()));
    let error = match app.service(home, "deployer", "test").resolve(["A"]).wait() {
        Err(Error::NotFound(error)) => error,
        other => return Err(format!("{other:?}").into()),
    };
    ensure_eq!(error.kind(), "secret");
    Ok(())
}
