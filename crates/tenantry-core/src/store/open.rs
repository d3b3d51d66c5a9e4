//! How a store is opened: the core is asked before anything is written.

use std::sync::Arc;

use async_trait::async_trait;

use super::rows::RootKeyRow;
use super::{OpenError, Store, StoreError};
use crate::call::Caller;
use crate::vault::{Keys, StoreId, VaultError};

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
    pub(crate) keys: Arc<Keys>,
    pub(crate) migrate: bool,
}

impl Admission {
    /// Admits every store, and lets it migrate: for the tests of a store.
    #[cfg(feature = "testing")]
    pub fn unconditional() -> Self {
        Self { keys: Arc::new(Keys::new(None)), migrate: true }
    }

    /// Whether the store may migrate its schema; otherwise an old one is [`OpenError::NeedsMigration`].
    pub fn may_migrate(&self) -> bool {
        self.migrate
    }

    /// Refuses a store that was written with other root keys. A store without any, and an opening without a key, pass.
    ///
    /// # Errors
    ///
    /// [`OpenError::WrongRootKey`]; [`OpenError::KeyProvider`].
    pub async fn admit(&self, probe: &Probe) -> Result<(), OpenError> {
        if self.keys.is_empty() {
            return Ok(());
        }
        for row in probe.root_keys.iter().filter(|row| row.state.is_needed()) {
            match self.keys.root(probe.store_id, row).await {
                Ok(Some(_)) => {}
                Ok(None) => return Err(OpenError::WrongRootKey),
                Err(VaultError::Provider(error)) => return Err(OpenError::KeyProvider(error)),
                Err(error) => return Err(OpenError::Store(StoreError::Unavailable(error.into()))),
            }
        }
        Ok(())
    }
}
