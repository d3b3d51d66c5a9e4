//! How a store is opened: the core is asked before anything is written.

use std::sync::Arc;

use async_trait::async_trait;

use super::rows::RootKeyRow;
use super::{OpenError, Store};
use crate::call::Caller;
use crate::vault::{KeyRing, StoreId};
use subtle::ConstantTimeEq;

/// What can be opened: the address of a store, for example a file name.
#[async_trait]
pub trait OpenStore: Send + 'static {
    /// Opens the store. It reads a [`Probe`] and asks [`Admission::admit`] before it writes anything, also before it
    /// migrates.
    ///
    /// # Errors
    ///
    /// See [`OpenError`]; nothing was written.
    async fn open(self: Box<Self>, admission: Admission, caller: Caller) -> Result<Arc<dyn Store>, OpenError>;
}

/// What a store found before it was opened.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The store's id.
    pub store_id: StoreId,
    /// The root keys that it has seen.
    pub root_keys: Vec<RootKeyRow>,
}

/// Decides whether a store may be opened.
#[derive(Clone, Debug)]
pub struct Admission {
    pub(crate) ring: Option<KeyRing>,
    pub(crate) migrate: bool,
}

impl Admission {
    /// Admits every store, and lets it migrate: for the tests of a store.
    #[cfg(feature = "testing")]
    pub fn unconditional() -> Self {
        Self { ring: None, migrate: true }
    }

    /// Whether the store may migrate its schema; otherwise an old one is [`OpenError::NeedsMigration`].
    pub fn may_migrate(&self) -> bool {
        self.migrate
    }

    /// Refuses a store that was written with other root keys. A store without any, and an opening without a key, pass.
    ///
    /// # Errors
    ///
    /// [`OpenError::WrongRootKey`].
    pub fn admit(&self, probe: &Probe) -> Result<(), OpenError> {
        let Some(ring) = &self.ring else { return Ok(()) };
        if probe.root_keys.is_empty() {
            return Ok(());
        }
        let known = |row: &RootKeyRow| {
            ring.get(&crate::vault::RootKeyId::from_bytes(row.id))
                .is_some_and(|key| bool::from(key.check_value(&probe.store_id).ct_eq(&row.check)))
        };
        // Every key the store was used with may still wrap something, so every one must be in the ring.
        if probe.root_keys.iter().all(known) { Ok(()) } else { Err(OpenError::WrongRootKey) }
    }
}
