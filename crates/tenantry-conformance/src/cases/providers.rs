//! S4: providers of root keys, and keys that are not there.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tenantry_core::ids::CommitId;
use tenantry_core::store::{Commit, Guard, GuardKey, GuardMode, KeyRow, Place, Store, WriteOp};
use tenantry_core::testing::{FixedClock, audit_entry, cast, ready};
use tenantry_core::{
    Argon2Cost, AuditQuery, Builder, Caller, Catalog, Clock, Error, NewRootKey, Passphrase, ProviderError, RootKey,
    RootKeyId, RootKeyProvider, RootKeyState, Tenantry,
};
use uuid::Uuid;

use super::cases;
use crate::check::{Tried, World, builder, ensure, ensure_eq, opened};
use crate::{Failure, Opened};

cases![
    s4_a_provider_gives_a_store_its_root_keys_and_is_asked_once_for_each,
    s4_a_provider_that_fails_stops_what_needs_a_key_and_nothing_else,
    s4_a_provider_that_answers_another_key_is_found_out,
    s4_a_provider_that_fails_in_the_middle_of_a_rotation_leaves_every_secret_readable,
    s4_a_passphrase_opens_its_store_and_another_does_not,
    s4_a_passphrase_is_rotated_to_another,
    s4_a_generation_that_is_missing_is_not_called_corrupt,
];

const WORKS: u8 = 0;
const FAILS: u8 = 1;
const SLOW: u8 = 2;
const OTHER: u8 = 3;
const NONE: u8 = 4;

/// A KMS in a test: its data keys are numbered, and what the store keeps of one is its number. The suite's own key is the
/// first one.
#[derive(Clone, Debug)]
struct Kms(Arc<KmsState>);

#[derive(Debug)]
struct KmsState {
    mode: AtomicU8,
    next: AtomicU8,
    /// The key that it makes next is the suite's own.
    home: AtomicU8,
    asked: Mutex<Vec<u8>>,
    clock: FixedClock,
}

impl Kms {
    fn new() -> Self {
        let (mode, next, home) = (AtomicU8::new(WORKS), AtomicU8::new(10), AtomicU8::new(0));
        Self(Arc::new(KmsState { mode, next, home, asked: Mutex::default(), clock: FixedClock::new() }))
    }

    fn set(&self, mode: u8) {
        self.0.mode.store(mode, Ordering::Relaxed);
    }

    fn asked(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn builder(&self) -> Builder {
        Tenantry::builder(Catalog::standard()).root_key(self.clone())
    }

    /// Waits for an answer that does not come, until its own limit, by a clock that is not the wall's.
    fn answer(&self) -> Result<(), ProviderError> {
        match self.0.mode.load(Ordering::Relaxed) {
            FAILS => Err(ProviderError::failed("the service answers 503")),
            SLOW => {
                let limit = self.0.clock.now() + Duration::from_secs(5);
                while self.0.clock.now() < limit {
                    self.0.clock.advance(Duration::from_millis(100));
                }
                Err(ProviderError::TimedOut)
            }
            _ => Ok(()),
        }
    }
}

fn data_key(number: u8) -> RootKey {
    RootKey::from_bytes([number; 32])
}

#[async_trait]
impl RootKeyProvider for Kms {
    async fn new_key(&self) -> Result<NewRootKey, ProviderError> {
        self.answer()?;
        let home = self.0.home.load(Ordering::Relaxed) != 0;
        let number = if home { 1 } else { self.0.next.fetch_add(1, Ordering::Relaxed) };
        Ok(NewRootKey { key: data_key(number), kept: vec![number] })
    }

    async fn key(&self, _: RootKeyId, kept: &[u8]) -> Result<Option<RootKey>, ProviderError> {
        self.answer()?;
        let number = kept.first().copied().unwrap_or(1);
        self.0.asked.lock().unwrap_or_else(PoisonError::into_inner).push(number);
        Ok(match self.0.mode.load(Ordering::Relaxed) {
            OTHER => Some(data_key(number.wrapping_add(100))),
            NONE => None,
            _ => Some(data_key(number)),
        })
    }
}

/// A vendor whose customer has a secret.
fn populate(app: &Tenantry) -> Result<Place, Failure> {
    let cast = cast(app, "kms")?;
    cast.customer.secrets().set("KEY", "value").wait()?;
    Ok(cast.customer.place())
}

fn value(app: &Tenantry, place: Place) -> Result<String, Error> {
    let values = app.service(place, "deployer", "test").resolve(["KEY"]).wait()?;
    Ok(values.iter().map(|value| value.value.expose()).collect())
}

/// Back to the suite's own root key, with which every case ends.
fn go_home(store: &dyn Opened, kms: &Kms) -> Tried {
    kms.set(WORKS);
    kms.0.home.store(1, Ordering::Relaxed);
    store.open(kms.builder())?.maintenance("test").rotate_root_key(|_| ()).wait()?;
    Ok(())
}

fn s4_a_provider_gives_a_store_its_root_keys_and_is_asked_once_for_each(store: &dyn Opened) -> Tried {
    let kms = Kms::new();
    let app = store.open(kms.builder())?;
    let place = populate(&app)?;
    // Once, to see that it finds its new key again.
    ensure_eq!((value(&app, place)?, kms.asked()), ("value".to_owned(), vec![10]));
    let again = store.open(kms.builder())?;
    for _ in 0..3 {
        ensure_eq!(value(&again, place)?, "value");
    }
    ensure_eq!(kms.asked(), [10]);
    // Each rotation goes to a new one.
    for number in 11..13 {
        again.maintenance("test").rotate_root_key(|_| ()).wait()?;
        let promoted = again.maintenance("test").root_keys().wait()?;
        let promoted = promoted.iter().filter(|key| key.state == RootKeyState::Promoted).count();
        ensure_eq!((promoted, value(&again, place)?), (1, "value".to_owned()));
        // Asked once when it is made, and by a handle that knew the old one, when it meets it.
        ensure_eq!((value(&app, place)?, kms.asked()), ("value".to_owned(), vec![number, number]));
        ensure_eq!(value(&store.open(kms.builder())?, place)?, "value");
        ensure_eq!(kms.asked(), [number]);
    }
    go_home(store, &kms)
}

fn s4_a_provider_that_fails_stops_what_needs_a_key_and_nothing_else(store: &dyn Opened) -> Tried {
    let kms = Kms::new();
    // A store without keys asks for none: it opens, and its first secret waits for the provider.
    kms.set(FAILS);
    let app = store.open(kms.builder())?;
    let cast = cast(&app, "kms")?;
    let set = || cast.customer.secrets().set("KEY", "value").wait();
    let entries = || cast.customer.audit().list(AuditQuery::new()).wait();
    let before = entries()?.items.len();
    for (mode, code) in [(FAILS, "key_provider_failed"), (SLOW, "key_provider_timed_out")] {
        kms.set(mode);
        let Err(error) = set() else { return Err("was set".into()) };
        ensure_eq!((error.code(), error.is_retryable()), (code, true));
    }
    ensure_eq!(entries()?.items.len(), before);
    ensure_eq!(app.maintenance("test").root_keys().wait()?, []);
    kms.set(WORKS);
    ensure_eq!(set()?.secret.version, 1);
    // Who has the keys goes on without the provider; who opens anew does not, and may try again.
    for (mode, code) in [(FAILS, "key_provider_failed"), (SLOW, "key_provider_timed_out")] {
        kms.set(mode);
        ensure_eq!(value(&app, cast.customer.place())?, "value");
        let Err(error) = store.open(kms.builder()) else { return Err("opened".into()) };
        ensure_eq!((error.code(), error.is_retryable()), (code, true));
        // Without any provider it opens, and only secrets fail.
        let without = store.open(Tenantry::builder(Catalog::standard()))?;
        ensure_eq!(value(&without, cast.customer.place()).map_err(|error| error.code()), Err("key_not_available"));
    }
    kms.set(WORKS);
    ensure_eq!(value(&store.open(kms.builder())?, cast.customer.place())?, "value");
    go_home(store, &kms)
}

fn s4_a_provider_that_answers_another_key_is_found_out(store: &dyn Opened) -> Tried {
    let kms = Kms::new();
    let app = store.open(kms.builder())?;
    let place = populate(&app)?;
    for mode in [OTHER, NONE] {
        kms.set(mode);
        ensure_eq!(opened(store, kms.builder()).err(), Some("wrong_root_key"));
    }
    ensure_eq!(opened(store, builder()).err(), Some("wrong_root_key"));
    // Another handle rotates to a key that this one then gets wrong: no value, and no other value.
    kms.set(WORKS);
    let other = store.open(kms.builder())?;
    other.maintenance("test").rotate_root_key(|_| ()).wait()?;
    for mode in [OTHER, NONE] {
        kms.set(mode);
        ensure_eq!(value(&app, place).map_err(|error| error.code()), Err("key_not_available"));
    }
    kms.set(FAILS);
    ensure_eq!(value(&app, place).map_err(|error| error.code()), Err("key_provider_failed"));
    kms.set(WORKS);
    ensure_eq!(value(&app, place)?, "value");
    go_home(store, &kms)
}

fn s4_a_provider_that_fails_in_the_middle_of_a_rotation_leaves_every_secret_readable(store: &dyn Opened) -> Tried {
    let kms = Kms::new();
    let app = store.open(kms.builder())?;
    let place = populate(&app)?;
    for (mode, code) in [(FAILS, "key_provider_failed"), (SLOW, "key_provider_timed_out")] {
        kms.set(mode);
        let Err(error) = app.maintenance("test").rotate_root_key(|_| ()).wait() else { return Err("rotated".into()) };
        ensure_eq!(error.code(), code);
        ensure_eq!(app.maintenance("test").root_keys().wait()?.len(), 1);
        kms.set(WORKS);
    }
    // Staged here, promoted by another that cannot get it.
    ensure!(app.maintenance("test").stage_root_key().wait()?);
    let other = store.open(kms.builder())?;
    for (mode, code) in [(FAILS, "key_provider_failed"), (OTHER, "key_not_available"), (NONE, "key_not_available")] {
        kms.set(mode);
        let Err(error) = other.maintenance("test").rotate_root_key(|_| ()).wait() else { return Err("rotated".into()) };
        ensure_eq!((error.code(), value(&other, place)?), (code, "value".to_owned()));
    }
    kms.set(WORKS);
    other.maintenance("test").rotate_root_key(|_| ()).wait()?;
    ensure_eq!((value(&other, place)?, value(&app, place)?), ("value".to_owned(), "value".to_owned()));
    go_home(store, &kms)
}

/// A provider that tries the suite's own key, then a passphrase.
#[derive(Debug)]
struct HomeOr(Passphrase);

#[async_trait]
impl RootKeyProvider for HomeOr {
    async fn new_key(&self) -> Result<NewRootKey, ProviderError> {
        data_key(1).new_key().await
    }

    async fn key(&self, id: RootKeyId, kept: &[u8]) -> Result<Option<RootKey>, ProviderError> {
        match data_key(1).key(id, kept).await? {
            Some(key) => Ok(Some(key)),
            None => self.0.key(id, kept).await,
        }
    }
}

fn passphrase(words: &str) -> Result<Passphrase, Failure> {
    Ok(Passphrase::new(words).cost(Argon2Cost::new(8, 1, 1)?))
}

fn with(provider: impl RootKeyProvider) -> Builder {
    Tenantry::builder(Catalog::standard()).root_key(provider)
}

fn s4_a_passphrase_opens_its_store_and_another_does_not(store: &dyn Opened) -> Tried {
    let place = populate(&store.open(with(passphrase("correct horse")?))?)?;
    ensure_eq!(value(&store.open(with(passphrase("correct horse")?))?, place)?, "value");
    // The cost for new keys does not matter to one that exists.
    let dearer = Passphrase::new("correct horse").cost(Argon2Cost::new(16, 2, 1)?);
    ensure_eq!(value(&store.open(with(dearer))?, place)?, "value");
    for wrong in ["battery staple", "correct horse ", "Correct horse", ""] {
        ensure_eq!(opened(store, with(passphrase(wrong)?)).err(), Some("wrong_root_key"));
    }
    ensure_eq!(opened(store, builder()).err(), Some("wrong_root_key"));
    // From a passphrase to a key that the host holds.
    let both = store.open(with(HomeOr(passphrase("correct horse")?)))?;
    both.maintenance("test").rotate_root_key(|_| ()).wait()?;
    ensure_eq!(value(&store.open(builder())?, place)?, "value");
    Ok(())
}

fn s4_a_passphrase_is_rotated_to_another(store: &dyn Opened) -> Tried {
    let app = store.open(with(passphrase("old")?))?;
    let place = populate(&app)?;
    let new = passphrase("new")?.with_earlier("old");
    let rotating = store.open(with(new))?;
    ensure_eq!(value(&rotating, place)?, "value");
    rotating.maintenance("test").rotate_root_key(|_| ()).wait()?;
    ensure_eq!(value(&store.open(with(passphrase("new")?))?, place)?, "value");
    ensure_eq!(opened(store, with(passphrase("old")?)).err(), Some("wrong_root_key"));
    // The same words again are another key: each has a salt of its own.
    rotating.maintenance("test").rotate_root_key(|_| ()).wait()?;
    ensure_eq!(rotating.maintenance("test").root_keys().wait()?.len(), 3);
    ensure_eq!(value(&store.open(with(passphrase("new")?))?, place)?, "value");
    store.open(with(HomeOr(passphrase("new")?)))?.maintenance("test").rotate_root_key(|_| ()).wait()?;
    Ok(())
}

fn s4_a_generation_that_is_missing_is_not_called_corrupt(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let place = world.acme.customer.place();
    world.acme.customer.secrets().set("KEY", "value").wait()?;
    let rows = store.store()?;
    let key: KeyRow = ready(rows.place_keys(place))?.into_iter().next().ok_or("no key")?;
    write(&*rows, place, WriteOp::DeleteKey(place, key.generation))?;
    // Also where the key was used a moment ago.
    for app in [&world.app, &store.open(builder())?] {
        ensure_eq!(value(app, place).map_err(|error| error.code()), Err("key_not_available"));
        let found = app.maintenance("test").verify(Vec::new()).wait()?;
        ensure!(found.iter().any(|violation| violation.place == Some(place)));
    }
    write(&*rows, place, WriteOp::InsertKey(key.clone()))?;
    ensure_eq!(value(&world.app, place)?, "value");
    // One that was altered is: also where the right one is at hand.
    for altered in [
        KeyRow { id: [9; 16], ..key.clone() },
        KeyRow { check: [9; 32], ..key.clone() },
        KeyRow { wrapped: key.wrapped.iter().map(|byte| byte ^ 1).collect(), ..key.clone() },
    ] {
        let change = if altered.id == key.id {
            vec![WriteOp::UpdateKey(altered)]
        } else {
            vec![WriteOp::DeleteKey(place, key.generation), WriteOp::InsertKey(altered)]
        };
        for op in change {
            write(&*rows, place, op)?;
        }
        ensure!(value(&world.app, place).is_err() && value(&store.open(builder())?, place).is_err());
        write(&*rows, place, WriteOp::DeleteKey(place, key.generation))?;
        write(&*rows, place, WriteOp::InsertKey(key.clone()))?;
        ensure_eq!(value(&world.app, place)?, "value");
    }
    Ok(())
}

/// Writes behind the core's back, in a commit of its own.
fn write(store: &dyn Store, place: Place, op: WriteOp) -> Tried {
    let standing = ready(store.standing(None, place, place))?.ok_or("no place")?;
    let head = ready(store.head(place))?.ok_or("no head")?;
    let id = CommitId::from_uuid(Uuid::from_u128(u128::from(head.number) + 1));
    let guards = vec![Guard { key: GuardKey::Place(place), counter: standing.counter, mode: GuardMode::Bump }];
    let audit = vec![audit_entry(id, 0, place, "test.done")];
    ready(store.commit(Commit { id, guards, ops: vec![op], checks: Vec::new(), audit }, Caller::Blocking))?;
    Ok(())
}
