//! The keys of a place and what they seal, within a unit of work.

use std::collections::BTreeMap;

use super::Unit;
use crate::error::Error;
use crate::store::{
    Check, Due, KeyRow, OutboxRow, Place, RootKeyRow, RootKeyState, SecretRow, SecretVersionRow, Store, WriteOp,
};
use crate::vault::{
    InvitationToken, KeyError, Keys, PlaceKey, RootKey, SecretAddress, SecretValue, StoreId, TokenAddress, VaultError,
    key_address, sealed_with,
};

impl Unit<'_> {
    /// The newest key of the place; the first that is sealed in a place makes one. After [`Unit::bump_place`].
    pub(crate) async fn place_key(&mut self) -> Result<PlaceKey, Error> {
        match self.store().place_keys(self.place()).await?.last() {
            Some(row) => Ok(self.access.app.keys.place_key(self.store(), row).await?),
            None => self.new_place_key(1).await,
        }
    }

    /// Makes a generation of the place's key, wrapped by the root key that is promoted.
    pub(crate) async fn new_place_key(&mut self, generation: u32) -> Result<PlaceKey, Error> {
        let (place, store) = (self.place(), self.store().store_id());
        let root = self.promoted_root_key().await?;
        let key = PlaceKey::generate()?;
        let mut row =
            KeyRow { place, generation, id: key.id(), wrapped: Vec::new(), check: [0; 32], created_at: self.now };
        let address = key_address(store, &row);
        row.wrapped = key.wrap(&root, &address)?;
        row.check = key.check_value(&address);
        self.write(WriteOp::InsertKey(row));
        Ok(key)
    }

    /// The root key that wraps from now on; the first key of a place makes it so. Another process may have been first with
    /// another one.
    pub(crate) async fn promoted_root_key(&mut self) -> Result<RootKey, Error> {
        let (keys, store) = (&self.access.app.keys, self.store());
        if keys.is_empty() {
            return Err(Error::KeyNotAvailable);
        }
        let rows = store.root_keys().await?;
        let mut alive = alive(&rows);
        let root = match rows.iter().find(|row| row.state == RootKeyState::Promoted) {
            Some(row) => keys.root(store.store_id(), row).await?.ok_or(Error::WrongRootKey)?,
            None => {
                let new = keys.new_root().await?;
                let row = self.root_key_row(&new.key, RootKeyState::Promoted, new.kept);
                alive.insert(row.id, row.state);
                self.write(WriteOp::PutRootKey(row));
                new.key
            }
        };
        self.expect_root_keys(alive);
        Ok(root)
    }

    pub(crate) fn root_key_row(&self, key: &RootKey, state: RootKeyState, kept: Vec<u8>) -> RootKeyRow {
        let check = key.check_value(&self.store().store_id());
        RootKeyRow { id: *key.id().as_bytes(), check, state, kept, created_at: self.now }
    }

    /// Decides anew when the root keys that are not retired are others than these at the moment of the commit.
    pub(crate) fn expect_root_keys(&mut self, alive: BTreeMap<[u8; 16], RootKeyState>) {
        self.expect(Check::RootKeys(alive.into_iter().collect()));
    }
}

/// The root keys that are not retired.
pub(crate) fn alive(rows: &[RootKeyRow]) -> BTreeMap<[u8; 16], RootKeyState> {
    let alive = rows.iter().filter(|row| row.state != RootKeyState::Retired);
    alive.map(|row| (row.id, row.state)).collect()
}

/// Opens a version of a secret with the generation of the place's key that sealed it.
pub(crate) async fn open_version(
    store: &dyn Store,
    keys: &Keys,
    secret: &SecretRow,
    version: &SecretVersionRow,
) -> Result<SecretValue, Error> {
    let sealed = version.sealed.as_deref().ok_or(VaultError::DecryptionFailed)?;
    let key = sealing_key(store, keys, secret.place, sealed).await?;
    Ok(key.open(sealed, &secret_address(store.store_id(), secret, version.version))?)
}

/// Opens the token of a delivery with the generation of the place's key that sealed it.
pub(crate) async fn open_token(
    store: &dyn Store,
    keys: &Keys,
    row: &OutboxRow,
    due: &Due,
) -> Result<InvitationToken, Error> {
    let key = sealing_key(store, keys, row.place, &due.sealed).await?;
    Ok(key.open_token(&due.sealed, &token_address(store.store_id(), row))?)
}

/// The generation of the place's key that an envelope names.
async fn sealing_key(store: &dyn Store, keys: &Keys, place: Place, sealed: &[u8]) -> Result<PlaceKey, Error> {
    let wanted = sealed_with(sealed)?;
    let generations = store.place_keys(place).await?;
    let row = generations.iter().find(|row| row.id == wanted).ok_or(VaultError::KeyNotAvailable)?;
    Ok(keys.place_key(store, row).await?)
}

/// Where the token of a delivery is sealed for.
pub(crate) fn token_address(store: StoreId, row: &OutboxRow) -> TokenAddress {
    let (vendor, customer) = (row.place.vendor(), row.place.customer());
    TokenAddress { store, vendor, customer, invitation: row.invitation, delivery: row.id }
}

/// Seals a value for a version of a secret.
pub(crate) fn seal_version(
    store: StoreId,
    key: &PlaceKey,
    secret: &SecretRow,
    version: u64,
    value: &SecretValue,
) -> Result<Vec<u8>, KeyError> {
    Ok(key.seal(value, &secret_address(store, secret, version))?)
}

fn secret_address(store: StoreId, row: &SecretRow, version: u64) -> SecretAddress<'_> {
    let (vendor, customer) = (row.place.vendor(), row.place.customer());
    SecretAddress { store, vendor, customer, secret: row.id, key: &row.key, version }
}
