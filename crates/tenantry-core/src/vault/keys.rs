//! The keys at hand while a store is open: the root keys that its provider gave, and the keys of places lately used.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use subtle::ConstantTimeEq;

use super::{
    KeyAddress, NewRootKey, PlaceKey, ProviderError, RootKey, RootKeyId, RootKeyProvider, VaultError, sealed_with,
};
use crate::process::{self, PerProcess};
use crate::store::{KeyRow, RootKeyRow, Store, StoreError};
use crate::vault::StoreId;

/// How many keys of places are kept unwrapped.
const PLACE_KEYS: usize = 1_024;

/// The keys of one open store. All of them are zeroed when they are dropped.
pub(crate) struct Keys {
    provider: Option<Arc<dyn RootKeyProvider>>,
    kept: PerProcess<Kept>,
}

/// What one process keeps of them; a fork of it asks the provider again.
#[derive(Default)]
struct Kept {
    roots: Mutex<BTreeMap<RootKeyId, RootKey>>,
    places: Mutex<PlaceKeys>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// Why a key that is needed is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Keys {
    pub(crate) fn new(provider: Option<Arc<dyn RootKeyProvider>>) -> Self {
        Self { provider, kept: PerProcess::new(process::current) }
    }

    /// Whether there is a provider at all; without one only secrets do not work.
    pub(crate) fn is_empty(&self) -> bool {
        self.provider.is_none()
    }

    fn roots(&self) -> MutexGuard<'_, BTreeMap<RootKeyId, RootKey>> {
        lock(&self.kept.get(Kept::default).roots)
    }

    fn places(&self) -> MutexGuard<'_, PlaceKeys> {
        lock(&self.kept.get(Kept::default).places)
    }

    fn provider(&self) -> Result<&dyn RootKeyProvider, VaultError> {
        self.provider.as_deref().ok_or(VaultError::KeyNotAvailable)
    }

    /// A root key from the provider, for a store that has none or whose root key is rotated.
    pub(crate) async fn new_root(&self) -> Result<NewRootKey, VaultError> {
        let provider = self.provider()?;
        let new = provider.new_key().await?;
        // A key that its provider does not find again would be lost with this process.
        let found = provider.key(new.key.id(), &new.kept).await?;
        if found.is_none_or(|found| found.id() != new.key.id()) {
            return Err(ProviderError::failed("the provider does not find its own new key again").into());
        }
        self.roots().insert(new.key.id(), new.key.clone());
        Ok(new)
    }

    /// The root key that a row speaks of; `None` when the provider does not have it, or has another one instead.
    pub(crate) async fn root(&self, store: StoreId, row: &RootKeyRow) -> Result<Option<RootKey>, VaultError> {
        let id = RootKeyId::from_bytes(row.id);
        let known = self.roots().get(&id).cloned();
        let key = match known {
            Some(key) => Some(key),
            None => self.provider()?.key(id, &row.kept).await?,
        };
        let right = |key: &RootKey| key.id() == id && bool::from(key.check_value(&store).ct_eq(&row.check));
        let key = key.filter(right);
        if let Some(key) = &key {
            self.roots().insert(id, key.clone());
        }
        Ok(key)
    }

    /// The key of a place, unwrapped.
    pub(crate) async fn place_key(&self, store: &dyn Store, row: &KeyRow) -> Result<PlaceKey, KeyError> {
        if self.is_empty() {
            return Err(VaultError::KeyNotAvailable.into());
        }
        if let Some(key) = self.places().get(row) {
            return Ok(key);
        }
        let root = RootKeyId::from_bytes(sealed_with(&row.wrapped)?);
        let known = self.roots().get(&root).cloned();
        let root = match known {
            Some(root) => root,
            // Another process rotated the root key since this one opened the store.
            None => {
                let rows = store.root_keys().await?;
                let row = rows.iter().find(|row| row.id == *root.as_bytes()).ok_or(VaultError::KeyNotAvailable)?;
                self.root(store.store_id(), row).await?.ok_or(VaultError::KeyNotAvailable)?
            }
        };
        let address = key_address(store.store_id(), row);
        let key = PlaceKey::unwrap(&row.wrapped, &root, &address, row.id)?;
        if !bool::from(key.check_value(&address).ct_eq(&row.check)) {
            return Err(VaultError::DecryptionFailed.into());
        }
        self.places().insert(row.clone(), key.clone());
        Ok(key)
    }

    /// Drops a root key that is no longer needed, and every key of a place that is kept unwrapped.
    pub(crate) fn forget(&self, root: RootKeyId) {
        self.roots().remove(&root);
        *self.places() = PlaceKeys::default();
    }
}

/// Where a key row stands.
pub(crate) fn key_address(store: StoreId, row: &KeyRow) -> KeyAddress {
    KeyAddress { store, vendor: row.place.vendor(), customer: row.place.customer(), generation: row.generation }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is kept here can be had again: a panic elsewhere leaves at worst one key less.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Unwrapped keys, each with the row that it was unwrapped from; the one that came first goes first.
#[derive(Default)]
struct PlaceKeys {
    keys: BTreeMap<[u8; 16], (KeyRow, PlaceKey)>,
    order: VecDeque<[u8; 16]>,
}

impl PlaceKeys {
    /// The key of this very row: a row that was altered or moved is unwrapped anew, and that fails.
    fn get(&self, row: &KeyRow) -> Option<PlaceKey> {
        self.keys.get(&row.id).filter(|(kept, _)| kept == row).map(|(_, key)| key.clone())
    }

    fn insert(&mut self, row: KeyRow, key: PlaceKey) {
        let id = row.id;
        if self.keys.insert(id, (row, key)).is_none() {
            self.order.push_back(id);
        }
        while self.order.len() > PLACE_KEYS {
            if let Some(oldest) = self.order.pop_front() {
                self.keys.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::clock::Timestamp;
    use crate::ids::VendorId;
    use crate::store::Place;
    use uuid::Uuid;

    fn row(id: u128) -> KeyRow {
        let place = Place::Vendor(VendorId::from_uuid(Uuid::nil()));
        let (id, created_at) = (id.to_be_bytes(), Timestamp::from_micros(0));
        KeyRow { place, generation: 1, id, wrapped: vec![7], check: [0; 32], created_at }
    }

    #[test]
    fn the_keys_of_places_that_are_kept_are_bounded() {
        let (mut kept, key) = (PlaceKeys::default(), PlaceKey::generate().unwrap());
        kept.insert(row(0), key.clone());
        for id in 1..=PLACE_KEYS as u128 {
            assert!(kept.get(&row(0)).is_some());
            kept.insert(row(id), key.clone());
        }
        assert!(kept.get(&row(0)).is_none());
        assert_eq!((kept.keys.len(), kept.order.len()), (PLACE_KEYS, PLACE_KEYS));
    }

    #[test]
    fn a_kept_key_serves_only_the_row_that_it_came_from() {
        let mut kept = PlaceKeys::default();
        kept.insert(row(1), PlaceKey::generate().unwrap());
        let elsewhere = KeyRow { place: Place::Vendor(VendorId::from_uuid(Uuid::max())), ..row(1) };
        for other in [elsewhere, KeyRow { generation: 2, ..row(1) }, KeyRow { wrapped: vec![8], ..row(1) }] {
            assert!(kept.get(&other).is_none());
        }
        assert!(kept.get(&row(1)).is_some());
    }
}
