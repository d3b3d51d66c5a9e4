//! A root key from a passphrase.

use std::fmt;
use std::thread;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use async_trait::async_trait;
use futures_channel::oneshot;
use zeroize::Zeroize;

use super::{NewRootKey, ProviderError, RootKey, RootKeyId, RootKeyProvider, SecretValue, random};

const SALT: usize = 16;
/// Parameters in a store may be altered: none may cost more than this.
const MOST_MEMORY: u32 = 1 << 20;
const MOST_PASSES: u32 = 64;
const MOST_LANES: u32 = 64;

/// What it costs to try one passphrase (Argon2id, RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Cost {
    memory: u32,
    passes: u32,
    lanes: u32,
}

impl Argon2Cost {
    /// With this much memory in KiB (8 for each lane at least, 1 GiB at most), this many passes over it (1 to 64) and
    /// lanes (1 to 64).
    ///
    /// # Errors
    ///
    /// [`ProviderError::Failed`] when a number is out of its bounds.
    pub fn new(memory: u32, passes: u32, lanes: u32) -> Result<Self, ProviderError> {
        let cost = Self { memory, passes, lanes };
        let bounded = memory <= MOST_MEMORY && passes <= MOST_PASSES && lanes <= MOST_LANES;
        if bounded && cost.params().is_ok() {
            Ok(cost)
        } else {
            Err(ProviderError::failed("the cost is out of bounds"))
        }
    }

    fn params(self) -> Result<Params, ProviderError> {
        Params::new(self.memory, self.passes, self.lanes, Some(32))
            .map_err(|error| ProviderError::failed(error.to_string()))
    }
}

impl Default for Argon2Cost {
    /// 64 MiB, 3 passes, 4 lanes: the second recommendation of RFC 9106, section 4.
    fn default() -> Self {
        Self { memory: 64 * 1024, passes: 3, lanes: 4 }
    }
}

/// A passphrase from which the root key is made (Argon2id). Salt and cost stand in the store.
///
/// It is as strong as the passphrase: whoever has the store can try passphrases, each at the cost given. The key is made on
/// a thread of its own, once when the store is opened.
#[derive(Clone)]
pub struct Passphrase {
    current: SecretValue,
    earlier: Vec<SecretValue>,
    cost: Argon2Cost,
}

impl Passphrase {
    /// This passphrase, for a new store and for opening one.
    pub fn new(passphrase: impl Into<SecretValue>) -> Self {
        Self { current: passphrase.into(), earlier: Vec::new(), cost: Argon2Cost::default() }
    }

    /// With an earlier passphrase, for the rotation from it to this one.
    pub fn with_earlier(mut self, passphrase: impl Into<SecretValue>) -> Self {
        self.earlier.push(passphrase.into());
        self
    }

    /// With this cost for new keys; a key that exists keeps the cost that it was made with.
    pub fn cost(mut self, cost: Argon2Cost) -> Self {
        self.cost = cost;
        self
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passphrase").field("cost", &self.cost).finish_non_exhaustive()
    }
}

#[async_trait]
impl RootKeyProvider for Passphrase {
    async fn new_key(&self) -> Result<NewRootKey, ProviderError> {
        let salt = random().map_err(ProviderError::failed)?;
        let kept = Kept { cost: self.cost, salt };
        let passphrase = self.current.clone();
        let key = on_own_thread(move || derive(&passphrase, &kept)).await?;
        Ok(NewRootKey { key, kept: kept.to_bytes() })
    }

    async fn key(&self, id: RootKeyId, kept: &[u8]) -> Result<Option<RootKey>, ProviderError> {
        // What another kind of provider asked to keep is of none of our keys.
        let Ok(kept) = Kept::from_bytes(kept) else { return Ok(None) };
        let passphrases: Vec<_> = std::iter::once(&self.current).chain(&self.earlier).cloned().collect();
        on_own_thread(move || {
            for passphrase in passphrases {
                let key = derive(&passphrase, &kept)?;
                if key.id() == id {
                    return Ok(Some(key));
                }
            }
            Ok(None)
        })
        .await
    }
}

/// What a store keeps: format, memory, passes, lanes, salt; numbers in 4 big-endian bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kept {
    cost: Argon2Cost,
    salt: [u8; SALT],
}

const FORMAT: u8 = 1;

impl Kept {
    fn to_bytes(self) -> Vec<u8> {
        let Argon2Cost { memory, passes, lanes } = self.cost;
        let mut bytes = vec![FORMAT];
        for number in [memory, passes, lanes] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(&self.salt);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, ProviderError> {
        let parse = || {
            let (format, rest) = bytes.split_first()?;
            let (memory, rest) = rest.split_first_chunk()?;
            let (passes, rest) = rest.split_first_chunk()?;
            let (lanes, salt) = rest.split_first_chunk()?;
            let [memory, passes, lanes] = [memory, passes, lanes].map(|number| u32::from_be_bytes(*number));
            let cost = Argon2Cost::new(memory, passes, lanes).ok()?;
            (*format == FORMAT).then_some(Self { cost, salt: salt.try_into().ok()? })
        };
        parse().ok_or_else(|| ProviderError::failed("what the store keeps is not of a passphrase"))
    }
}

fn derive(passphrase: &SecretValue, kept: &Kept) -> Result<RootKey, ProviderError> {
    let failed = |error: argon2::Error| ProviderError::failed(error.to_string());
    let params = kept.cost.params()?;
    let mut memory = vec![Block::default(); params.block_count()];
    let mut key = zeroize::Zeroizing::new([0; 32]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let passphrase = passphrase.expose().as_bytes();
    let made = argon2.hash_password_into_with_memory(passphrase, &kept.salt, key.as_mut_slice(), &mut memory);
    memory.iter_mut().for_each(Zeroize::zeroize);
    made.map_err(failed)?;
    Ok(RootKey::from_bytes(*key))
}

/// Does what takes long where no executor waits for it.
async fn on_own_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ProviderError> + Send + 'static,
) -> Result<T, ProviderError> {
    let (answer, answered) = oneshot::channel();
    let thread = thread::Builder::new().name("tenantry-passphrase".to_owned());
    // Nobody may wait any more.
    thread.spawn(move || drop(answer.send(work()))).map_err(ProviderError::failed)?;
    answered.await.map_err(ProviderError::failed)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::block_on;
    use proptest::prelude::*;

    fn cheap(passphrase: &str) -> Passphrase {
        Passphrase::new(passphrase).cost(Argon2Cost::new(8, 1, 1).unwrap())
    }

    #[test]
    fn a_passphrase_gives_the_same_key_again_and_another_gives_none() {
        let made = block_on(cheap("correct horse").new_key()).unwrap();
        let again = |provider: Passphrase| block_on(provider.key(made.key.id(), &made.kept)).unwrap();
        // The cost that is kept counts, not the one for new keys.
        assert!(again(Passphrase::new("correct horse")).is_some());
        assert!(again(cheap("battery staple")).is_none());
        assert!(again(cheap("battery staple").with_earlier("correct horse")).is_some());
        assert!(block_on(cheap("correct horse").key(made.key.id(), b"")).unwrap().is_none(), "of a key ring");
        let other = block_on(cheap("correct horse").new_key()).unwrap();
        assert_ne!(other.key.id(), made.key.id(), "each key has a salt of its own");
    }

    /// Frozen with the first release, and equal to what the reference implementation prints for it:
    /// `echo -n passphrase | argon2 saltsaltsaltsalt -id -t 1 -k 8 -p 1 -l 32 -r`
    #[test]
    fn frozen_vector() {
        let kept = Kept { cost: Argon2Cost::new(8, 1, 1).unwrap(), salt: *b"saltsaltsaltsalt" };
        let key = derive(&"passphrase".into(), &kept).unwrap();
        let hex: String = key.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let vectors = include_str!("../../testdata/vault_vectors.txt");
        assert!(vectors.lines().any(|line| line == format!("passphrase-key {hex}")), "{hex}");
        assert_eq!(Kept::from_bytes(&kept.to_bytes()).unwrap(), kept);
    }

    #[test]
    fn nothing_of_a_passphrase_is_printed() {
        assert!(!format!("{:?}", cheap("correct horse").with_earlier("staple")).contains("horse"));
    }

    #[test]
    fn parameters_that_would_cost_too_much_are_refused() {
        for (memory, passes, lanes) in
            [(u32::MAX, 1, 1), (8, u32::MAX, 1), (8, 1, u32::MAX), (0, 1, 1), (8, 0, 1), (8, 1, 0)]
        {
            assert!(Argon2Cost::new(memory, passes, lanes).is_err());
            let kept = Kept { cost: Argon2Cost { memory, passes, lanes }, salt: [0; SALT] };
            assert!(Kept::from_bytes(&kept.to_bytes()).is_err());
        }
    }

    proptest! {
        #[test]
        fn whatever_a_store_keeps_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(kept) = Kept::from_bytes(&bytes) {
                prop_assert_eq!(kept.to_bytes(), bytes);
            }
        }
    }
}
