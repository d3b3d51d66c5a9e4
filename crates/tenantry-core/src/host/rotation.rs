//! The rotation of keys: small commits one after another, so that it can break off anywhere and be taken up again.
//!
//! After each of them every secret opens: the old key stays until nothing hangs on it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::access::{Access, Actor, Operation, operations};
use crate::app::App;
use crate::audit::hex;
use crate::call::Caller;
use crate::error::Error;
use crate::ids::VendorId;
use crate::model::Rotation;
use crate::store::{
    Check, Due, GuardKey, KeyRow, OutboxRow, Place, RootKeyRow, RootKeyState, SecretVersionRow, WriteOp,
};
use crate::unit::{Change, Unit, alive, open_token, open_version, seal_version, token_address};
use crate::vault::{NewRootKey, RootKey, RootKeyId, key_address, sealed_with};

/// How many versions of secrets one commit seals anew: with the largest values 4 MiB.
const VERSIONS: usize = 64;
/// How many keys of places one commit wraps anew.
const KEYS: usize = 256;
/// How many vendors are read at a time.
const VENDORS: usize = 500;

pub(super) async fn rotate_place_key(
    app: App,
    place: Place,
    caller: Caller,
    mut report: impl FnMut(Rotation) + Send,
) -> Result<Rotation, Error> {
    let access = super::access(&app, Actor::Host, place);
    let mut rotation = Rotation::default();
    access.commit(&BeginPlaceKey, caller).await?;
    while let Some(moved) = access.commit(&SealAnew, caller).await? {
        rotation.moved += moved;
        rotation.left = left_in_place(&app, place, caller).await?;
        report(rotation);
    }
    Ok(rotation)
}

/// How many versions of the place's secrets, and tokens of its outbox, hang on a key that is not the newest.
async fn left_in_place(app: &App, place: Place, caller: Caller) -> Result<u64, Error> {
    let keys = app.store.place_keys(place).await?;
    let mut left = 0;
    for old in keys.split_last().map_or(&[][..], |(_, old)| old) {
        left += app.store.count_sealed_by(place, old.id, caller).await?;
    }
    Ok(left)
}

/// Makes the next generation of a place's key, unless a rotation is under way.
struct BeginPlaceKey;

impl Change for BeginPlaceKey {
    type Answer = ();

    fn operation(&self) -> &'static Operation {
        &operations::MAINTENANCE
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<(), Error> {
        unit.bump_place().await?;
        if let [only] = unit.store().place_keys(unit.place()).await?.as_slice() {
            let generation = only.generation.saturating_add(1);
            unit.new_place_key(generation).await?;
            let after = json!({ "generation": generation });
            unit.record_detail(unit.place(), "place_key.promoted", unit.place(), "", Value::Null, after);
        }
        Ok(())
    }
}

/// Seals some versions, and tokens of the outbox, anew, or retires an old generation that seals nothing any more; `None` when only one is left.
struct SealAnew;

impl Change for SealAnew {
    type Answer = Option<u64>;

    fn operation(&self) -> &'static Operation {
        &operations::MAINTENANCE
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<Option<u64>, Error> {
        unit.bump_place().await?;
        let (place, store, keys) = (unit.place(), unit.store(), &unit.access.app.keys);
        let generations = store.place_keys(place).await?;
        let [old, .., newest] = generations.as_slice() else { return Ok(None) };
        let versions = store.sealed_by(place, old.id, VERSIONS, unit.caller).await?;
        let tokens = store.outbox_sealed_by(place, old.id, VERSIONS, unit.caller).await?;
        if versions.is_empty() && tokens.is_empty() {
            unit.write(WriteOp::DeleteKey(place, old.generation));
            let before = json!({ "generation": old.generation });
            unit.record_detail(place, "place_key.retired", place, "", before, Value::Null);
            return Ok(Some(0));
        }
        let key = keys.place_key(store, newest).await?;
        let (versions_moved, tokens_moved) = (versions.len() as u64, tokens.len() as u64);
        for version in versions {
            let secret = store.secret_by_id(place, version.secret).await?.ok_or_else(|| unit.overtaken())?;
            let value = open_version(store, keys, &secret, &version).await?;
            let sealed = Some(seal_version(store.store_id(), &key, &secret, version.version, &value)?);
            unit.write(WriteOp::UpdateSecretVersion(SecretVersionRow { sealed, ..version }));
        }
        for row in tokens {
            let due = row.due.as_ref().ok_or_else(|| unit.overtaken())?;
            let token = open_token(store, keys, &row, due).await?;
            let sealed = key.seal_token(&token, &token_address(store.store_id(), &row))?;
            let due = Some(Due { sealed, ..*due });
            unit.write(WriteOp::PutOutbox(OutboxRow { due, ..row }));
        }
        let mut after = json!({ "generation": newest.generation, "versions": versions_moved });
        if let (Value::Object(after), true) = (&mut after, tokens_moved > 0) {
            after.insert("tokens".to_owned(), json!(tokens_moved));
        }
        unit.record_detail(place, "secrets.sealed_anew", place, "", Value::Null, after);
        Ok(Some(versions_moved + tokens_moved))
    }
}

/// Every vendor of the store.
async fn all_vendors(app: &App) -> Result<Vec<VendorId>, Error> {
    let (mut vendors, mut after): (Vec<VendorId>, Option<String>) = (Vec::new(), None);
    loop {
        let page = app.store.vendors(after.as_deref(), VENDORS).await?;
        let Some(last) = page.last() else { return Ok(vendors) };
        after = Some(last.key.clone());
        vendors.extend(page.iter().map(|vendor| vendor.id));
    }
}

/// The host, acting on the vendors of the store; `None` when there are none.
fn on_vendors(app: &App, vendors: &[VendorId]) -> Option<Access> {
    Some(super::access(app, Actor::Host, Place::Vendor(*vendors.first()?)))
}

/// Refuses a process that has not got every root key that wraps something: it may know less than others did since.
async fn needed_at_hand(app: &App, rows: &[RootKeyRow]) -> Result<(), Error> {
    for row in rows.iter().filter(|row| row.state.is_needed()) {
        app.keys.root(app.store.store_id(), row).await?.ok_or(Error::KeyNotAvailable)?;
    }
    Ok(())
}

pub(super) async fn unstage(app: &App, caller: Caller) -> Result<bool, Error> {
    let vendors = all_vendors(app).await?;
    let Some(access) = on_vendors(app, &vendors) else { return Ok(false) };
    access.commit(&Unstage { vendors }, caller).await
}

pub(super) async fn stage(app: &App, caller: Caller) -> Result<bool, Error> {
    let rows = app.store.root_keys().await?;
    let vendors = all_vendors(app).await?;
    let Some(access) = on_vendors(app, &vendors) else { return Ok(false) };
    if app.keys.is_empty() {
        return Err(Error::KeyNotAvailable);
    }
    needed_at_hand(app, &rows).await?;
    if rows.iter().any(|row| row.state == RootKeyState::Staged) {
        return Ok(true);
    }
    if !rows.iter().any(|row| row.state == RootKeyState::Promoted) {
        return Ok(false);
    }
    let new = app.keys.new_root().await?;
    access.commit(&Stage { vendors, new }, caller).await
}

pub(super) async fn rotate_root_key(
    app: App,
    caller: Caller,
    mut report: impl FnMut(Rotation) + Send,
) -> Result<Rotation, Error> {
    let mut rotation = Rotation::default();
    let under_way = |rows: &[RootKeyRow]| rows.iter().any(|row| row.state == RootKeyState::Superseded);
    if !under_way(&app.store.root_keys().await?) && !stage(&app, caller).await? {
        return Ok(rotation);
    }
    let vendors = all_vendors(&app).await?;
    let Some(access) = on_vendors(&app, &vendors) else { return Ok(rotation) };
    access.commit(&Promote { vendors }, caller).await?;
    loop {
        let rows = app.store.root_keys().await?;
        let Some(old) = rows.iter().find(|row| row.state == RootKeyState::Superseded) else { return Ok(rotation) };
        // Also those that were made since: until the promotion their keys were wrapped with the old one.
        let (vendors, before) = (all_vendors(&app).await?, rotation.moved);
        for vendor in &vendors {
            let access = Access { place: Place::Vendor(*vendor), home: Place::Vendor(*vendor), ..access.clone() };
            loop {
                let moved = access.commit(&WrapAnew { old: old.id }, caller).await?;
                if moved == 0 {
                    break;
                }
                rotation.moved += moved;
                rotation.left = app.store.count_wrapped_by(old.id, caller).await?;
                report(rotation);
            }
        }
        let retire = Retire { vendors: all_vendors(&app).await?, old: old.id };
        if access.commit(&retire, caller).await? {
            app.keys.forget(RootKeyId::from_bytes(old.id));
        } else if rotation.moved == before {
            return Err(Error::Contended);
        }
    }
}

impl Unit<'_> {
    /// Puts a step in the life of a root key on the record of every vendor: it concerns all of them.
    fn record_for_all(&mut self, vendors: &[VendorId], action: &'static str, root: &[u8; 16]) {
        for vendor in vendors {
            let after = json!({ "root_key": hex(root) });
            self.record_detail(Place::Vendor(*vendor), action, vendor, "", Value::Null, after);
        }
    }

    /// Writes a root key in its new state, and expects the others to stay as they were.
    fn put_root_key(&mut self, rows: &mut [RootKeyRow], id: [u8; 16], state: RootKeyState) {
        if let Some(row) = rows.iter_mut().find(|row| row.id == id) {
            row.state = state;
            self.write(WriteOp::PutRootKey(row.clone()));
        }
    }
}

struct Stage {
    vendors: Vec<VendorId>,
    new: NewRootKey,
}

impl Change for Stage {
    type Answer = bool;

    fn operation(&self) -> &'static Operation {
        &operations::MAINTENANCE
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<bool, Error> {
        let rows = unit.store().root_keys().await?;
        let mut alive = alive(&rows);
        if alive.values().any(|state| *state == RootKeyState::Staged) {
            return Ok(true);
        }
        let id = *self.new.key.id().as_bytes();
        if alive.contains_key(&id) {
            return Ok(false);
        }
        alive.insert(id, RootKeyState::Staged);
        let row = unit.root_key_row(&self.new.key, RootKeyState::Staged, self.new.kept.clone());
        unit.write(WriteOp::PutRootKey(row));
        unit.expect_root_keys(alive);
        unit.record_for_all(&self.vendors, "root_key.staged", &id);
        Ok(true)
    }
}

/// Lets go of the staged root key; answers whether there was one.
struct Unstage {
    vendors: Vec<VendorId>,
}

impl Change for Unstage {
    type Answer = bool;

    fn operation(&self) -> &'static Operation {
        &operations::MAINTENANCE
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<bool, Error> {
        let mut rows = unit.store().root_keys().await?;
        let Some(id) = rows.iter().find(|row| row.state == RootKeyState::Staged).map(|row| row.id) else {
            return Ok(false);
        };
        unit.put_root_key(&mut rows, id, RootKeyState::Retired);
        unit.expect_root_keys(alive(&rows));
        unit.record_for_all(&self.vendors, "root_key.retired", &id);
        Ok(true)
    }
}

/// Promotes the staged root key, if there is one.
struct Promote {
    vendors: Vec<VendorId>,
}

impl Change for Promote {
    type Answer = ();

    fn operation(&self) -> &'static Operation {
        &operations::MAINTENANCE
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<(), Error> {
        let mut rows = unit.store().root_keys().await?;
        let Some(staged) = rows.iter().find(|row| row.state == RootKeyState::Staged).cloned() else { return Ok(()) };
        for needed in rows.iter().filter(|row| row.state.is_needed()).chain([&staged]) {
            unit.root_key_at_hand(needed).await?;
        }
        let promoted = rows.iter().filter(|row| row.state == RootKeyState::Promoted).map(|row| row.id);
        for old in promoted.collect::<Vec<_>>() {
            unit.put_root_key(&mut rows, old, RootKeyState::Superseded);
        }
        unit.put_root_key(&mut rows, staged.id, RootKeyState::Promoted);
        unit.expect_root_keys(alive(&rows));
        unit.record_for_all(&self.vendors, "root_key.promoted", &staged.id);
        Ok(())
    }
}

impl Unit<'_> {
    async fn root_key_at_hand(&self, row: &RootKeyRow) -> Result<RootKey, Error> {
        let key = self.access.app.keys.root(self.store().store_id(), row).await?;
        key.ok_or(Error::KeyNotAvailable)
    }
}

/// Wraps some keys of the vendor's places anew with the promoted root key; answers how many.
struct WrapAnew {
    old: [u8; 16],
}

impl Change for WrapAnew {
    type Answer = u64;

    fn operation(&self) -> &'static Operation {
        &operations::MAINTENANCE
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<u64, Error> {
        let (vendor, store) = (unit.vendor(), unit.store());
        let rows = store.root_keys().await?;
        let promoted = rows.iter().find(|row| row.state == RootKeyState::Promoted).ok_or(Error::KeyNotAvailable)?;
        let root = unit.root_key_at_hand(promoted).await?;
        let hanging = store.wrapped_by(vendor, self.old, KEYS, unit.caller).await?;
        let places: BTreeSet<_> = hanging.iter().map(|row| row.place).collect();
        let mut moved = 0;
        for place in places {
            // A customer that was deleted meanwhile has no key any more.
            let Some(standing) = store.standing(None, place, place).await? else { continue };
            unit.hold(GuardKey::Place(place), standing.counter);
            for row in store.place_keys(place).await? {
                if sealed_with(&row.wrapped)? != self.old {
                    continue;
                }
                let key = unit.access.app.keys.place_key(store, &row).await?;
                let wrapped = key.wrap(&root, &key_address(store.store_id(), &row))?;
                unit.write(WriteOp::UpdateKey(KeyRow { wrapped, ..row }));
                moved += 1;
            }
        }
        if moved > 0 {
            unit.expect_root_keys(alive(&rows));
            let after = json!({ "root_key": hex(&promoted.id), "keys": moved });
            unit.record_detail(unit.place(), "keys.wrapped_anew", vendor, "", Value::Null, after);
        } else if !hanging.is_empty() {
            return Err(unit.overtaken());
        }
        Ok(moved)
    }
}

/// Retires a root key that wraps nothing any more; answers whether it is retired.
struct Retire {
    vendors: Vec<VendorId>,
    old: [u8; 16],
}

impl Change for Retire {
    type Answer = bool;

    fn operation(&self) -> &'static Operation {
        &operations::MAINTENANCE
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<bool, Error> {
        let mut rows = unit.store().root_keys().await?;
        if !rows.iter().any(|row| row.id == self.old && row.state == RootKeyState::Superseded) {
            return Ok(true);
        }
        if unit.store().count_wrapped_by(self.old, unit.caller).await? > 0 {
            return Ok(false);
        }
        unit.put_root_key(&mut rows, self.old, RootKeyState::Retired);
        unit.expect_root_keys(alive(&rows));
        unit.expect(Check::WrapsNothing(self.old));
        unit.record_for_all(&self.vendors, "root_key.retired", &self.old);
        Ok(true)
    }
}
