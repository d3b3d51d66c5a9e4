//! Keys, sealed values, their redaction, tokens and e-mail identities.
//!
//! ```text
//! root key     from a provider: a key ring, a passphrase, the host's KMS
//!   wraps      a place's key: 32 random bytes, one per customer, one for the vendor itself
//!     HKDF-SHA-256(salt = store id, info = purpose) → one subkey for each purpose
//!       seals  a version of a secret, the token of an invitation until it is sent: XChaCha20-Poly1305, a random nonce of
//!              192 bits
//! ```
//!
//! Nonces, keys and tokens come straight from the operating system: a generator in the process would repeat itself in a
//! forked child.

mod buffer;
mod email;
mod envelope;
mod keys;
mod passphrase;
mod place_key;
mod provider;
mod redaction;
mod root_key;
pub mod template;
mod token;
mod value;

use std::fmt;

use buffer::SecretBuffer;
pub use email::{EmailAddress, InvalidEmail, VerifiedEmail};
pub use envelope::sealed_with;
pub(crate) use keys::{KeyError, Keys, key_address};
pub use passphrase::{Argon2Cost, Passphrase};
pub use place_key::{KeyAddress, PlaceKey, SecretAddress, TokenAddress};
pub use provider::{NewRootKey, ProviderError, RootKeyProvider};
pub use redaction::{RedactingWriter, RedactionStream, Redactor, RedactorTooLarge};
pub use root_key::{KeyRing, RootKey, RootKeyError, RootKeyId};
pub use template::{Format, Template, TemplateError, TemplateProblem, YamlPlace};
pub use token::{InvalidToken, InvitationToken};
pub use value::SecretValue;

/// Why a value could not be sealed or opened. Holds nothing of the value.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The envelope is none that this release knows.
    #[error("the format of the sealed value is not supported")]
    UnsupportedFormat,
    /// The key that sealed the value is not at hand.
    #[error("the key that is needed is not available")]
    KeyNotAvailable,
    /// The value was altered, or moved to another place, key or version.
    #[error("the sealed value does not open")]
    DecryptionFailed,
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers")]
    Random(#[source] std::io::Error),
    /// The provider of the root key did not give one.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}

/// The id that a store was made with: it is bound into everything that is sealed for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StoreId([u8; 16]);

impl StoreId {
    /// The id with these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// A new random id.
    ///
    /// # Errors
    ///
    /// [`VaultError::Random`].
    pub fn generate() -> Result<Self, VaultError> {
        random().map(Self)
    }
}

impl fmt::Debug for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Random bytes straight from the operating system.
fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| VaultError::Random(std::io::Error::other(error)))?;
    Ok(bytes)
}

/// The bytes of a key: in one place however often it is moved or cloned, zeroed with the last clone, never printed.
#[derive(Clone)]
struct KeyBytes(std::sync::Arc<zeroize::Zeroizing<[u8; 32]>>);

impl KeyBytes {
    fn new(bytes: [u8; 32]) -> Self {
        Self(std::sync::Arc::new(zeroize::Zeroizing::new(bytes)))
    }
}

impl std::ops::Deref for KeyBytes {
    type Target = [u8; 32];

    fn deref(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for KeyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}
