//! Where root keys come from while a store is open.

use std::fmt;

use async_trait::async_trait;

use super::{RootKey, RootKeyId};

/// Gives a store its root keys: a [`KeyRing`](super::KeyRing), a [`Passphrase`](super::Passphrase), or the host's KMS.
///
/// A KMS makes a data key and hands it out twice, in the clear and sealed (AWS calls it `GenerateDataKey`). The clear one
/// is the root key; the sealed one is what the store keeps, and what [`key`](RootKeyProvider::key) hands back to the KMS.
///
/// A provider that talks to a network has a time limit of its own and answers [`ProviderError::TimedOut`] after it.
#[async_trait]
pub trait RootKeyProvider: fmt::Debug + Send + Sync + 'static {
    /// The root key for a store that has none, or for one whose root key is rotated.
    ///
    /// # Errors
    ///
    /// [`ProviderError`].
    async fn new_key(&self) -> Result<NewRootKey, ProviderError>;

    /// The root key with this id again; `kept` is what [`new_key`](RootKeyProvider::new_key) asked to keep.
    ///
    /// `None` when this provider has no such key. A key with another id is taken as none.
    ///
    /// # Errors
    ///
    /// [`ProviderError`].
    async fn key(&self, id: RootKeyId, kept: &[u8]) -> Result<Option<RootKey>, ProviderError>;
}

/// A root key, and what the store keeps so that its provider finds it again.
#[derive(Clone, Debug)]
pub struct NewRootKey {
    /// The key.
    pub key: RootKey,
    /// What to keep: nothing that must be secret, for it stands readable in the store.
    pub kept: Vec<u8>,
}

/// Why a provider could not give a root key. Its source must not show the key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// It failed.
    #[error("the provider of the root key failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It did not answer within its own time limit.
    #[error("the provider of the root key did not answer in time")]
    TimedOut,
}

impl ProviderError {
    /// It failed for this reason.
    pub fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(source.into())
    }
}
