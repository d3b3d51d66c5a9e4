//! Root keys, and where a host gets one from.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::{env, fmt, fs, io};

use async_trait::async_trait;
use base64ct::{Base64, Base64Unpadded, Base64Url, Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use super::place_key::subkey;
use super::{KeyBytes, NewRootKey, ProviderError, RootKeyProvider, StoreId, random, write_hex};

/// How many bytes of a key file are read: more than any way to write a key needs.
const FILE_LIMIT: usize = 1_024;

/// Why there is no root key. Never holds anything of the key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootKeyError {
    /// The environment variable is not set, or is not text.
    #[error("the variable `{0}` is not set")]
    Unset(String),
    /// What was found is not 32 bytes in base64 or hexadecimal.
    #[error("`{0}` does not hold 32 bytes in base64 or hexadecimal")]
    Malformed(String),
    /// The file could not be read or made.
    #[error("the key file `{path}` cannot be used")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers")]
    Random(#[source] io::Error),
}

/// The id of a root key, derived from it; envelopes name it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootKeyId([u8; 16]);

impl RootKeyId {
    /// The id with these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for RootKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

/// The key that protects all other keys of a store: 32 bytes, kept by the host outside the store.
///
/// Whoever has it and the store can read every secret; without it no secret can be read again.
#[derive(Clone)]
pub struct RootKey {
    bytes: KeyBytes,
}

impl RootKey {
    /// The key with these bytes, which must come from a good source of randomness, for example a KMS.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self { bytes: KeyBytes::new(bytes) }
    }

    /// A new random key. Keep it: once a store has secrets, it opens with no other.
    ///
    /// # Errors
    ///
    /// [`RootKeyError::Random`].
    pub fn generate() -> Result<Self, RootKeyError> {
        match random() {
            Ok(bytes) => Ok(Self::from_bytes(bytes)),
            Err(error) => Err(RootKeyError::Random(io::Error::other(error))),
        }
    }

    /// The key in an environment variable: 32 bytes in base64 or hexadecimal.
    ///
    /// # Errors
    ///
    /// [`RootKeyError::Unset`], [`RootKeyError::Malformed`].
    pub fn from_env(variable: &str) -> Result<Self, RootKeyError> {
        let text = env::var(variable).map(Zeroizing::new).map_err(|_| RootKeyError::Unset(variable.to_owned()))?;
        Self::parse(&text).ok_or_else(|| RootKeyError::Malformed(variable.to_owned()))
    }

    /// The key in a file: 32 bytes in base64 or hexadecimal.
    ///
    /// # Errors
    ///
    /// [`RootKeyError::File`], [`RootKeyError::Malformed`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, RootKeyError> {
        let path = path.as_ref();
        // Into one buffer that never grows: what is left behind by growing is not zeroed.
        let mut text = Zeroizing::new(Vec::with_capacity(FILE_LIMIT + 1));
        let read = File::open(path).and_then(|file| file.take(FILE_LIMIT as u64).read_to_end(&mut text));
        read.map_err(|source| file_error(path, source))?;
        let text = str::from_utf8(&text).ok().and_then(Self::parse);
        text.ok_or_else(|| RootKeyError::Malformed(path.display().to_string()))
    }

    /// The key in a file, which is made with a new key and mode 0600 if it does not exist.
    ///
    /// When several processes begin at once, all get the key of the one that was first. Nobody ever sees a half-written
    /// file. Keep a copy of the file elsewhere: if it is lost, a new one is made here, and a store with secrets refuses it
    /// with [`Error::WrongRootKey`](crate::Error::WrongRootKey).
    ///
    /// # Errors
    ///
    /// [`RootKeyError::File`], [`RootKeyError::Malformed`], [`RootKeyError::Random`].
    pub fn from_file_or_create(path: impl AsRef<Path>) -> Result<Self, RootKeyError> {
        let path = path.as_ref();
        if !path.exists() {
            Self::generate()?.create(path)?;
        }
        Self::from_file(path)
    }

    /// Writes the key under another name and links it to its own, which fails if that exists: then another was first.
    fn create(&self, path: &Path) -> Result<(), RootKeyError> {
        let in_file = |source| file_error(path, source);
        let number: [u8; 8] = random().map_err(|error| RootKeyError::Random(io::Error::other(error)))?;
        let mut name = path.file_name().ok_or_else(|| in_file(ErrorKind::InvalidInput.into()))?.to_owned();
        name.push(format!(".{:016x}", u64::from_be_bytes(number)));
        let temporary = path.with_file_name(name);
        let written = self.write(&temporary).and_then(|()| match fs::hard_link(&temporary, path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => sync_folder(path),
        });
        let removed = fs::remove_file(&temporary);
        written.and(removed).map_err(in_file)
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        let mut text = Zeroizing::new(Base64::encode_string(&*self.bytes));
        text.push('\n');
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut bytes = Zeroizing::new([0; 32]);
        let found = decodes::<Base64>(text, &mut bytes)
            || decodes::<Base64Unpadded>(text, &mut bytes)
            || decodes::<Base64Url>(text, &mut bytes)
            || decodes::<Base64UrlUnpadded>(text, &mut bytes)
            || decodes_hex(text, &mut bytes);
        found.then(|| Self::from_bytes(*bytes))
    }

    /// The id of the key.
    pub fn id(&self) -> RootKeyId {
        let id = subkey(&self.bytes, StoreId::from_bytes([0; 16]), "tenantry root key id v1");
        RootKeyId(id.first_chunk().copied().unwrap_or_default())
    }

    /// A value by which the right key is known, without the key; another one in every store.
    pub fn check_value(&self, store: &StoreId) -> [u8; 32] {
        *subkey(&self.bytes, *store, "tenantry root key check v1")
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootKey([REDACTED])")
    }
}

fn file_error(path: &Path, source: io::Error) -> RootKeyError {
    RootKeyError::File { path: path.to_owned(), source }
}

fn decodes<E: Encoding>(text: &str, bytes: &mut [u8; 32]) -> bool {
    E::decode(text, bytes).is_ok_and(|decoded| decoded.len() == 32)
}

fn decodes_hex(text: &str, bytes: &mut [u8; 32]) -> bool {
    let mut digits = text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()));
    for byte in bytes.iter_mut() {
        match (digits.next().flatten(), digits.next().flatten()) {
            (Some(high), Some(low)) => *byte = high << 4 | low,
            _ => return false,
        }
    }
    digits.next().is_none()
}

/// Makes the new name in a folder durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Root keys that the host holds itself: the current one, and others, for a rotation from one to the other.
#[derive(Clone)]
pub struct KeyRing {
    current: RootKey,
    others: Vec<RootKey>,
}

impl KeyRing {
    /// A ring of one key.
    pub fn new(current: RootKey) -> Self {
        Self { current, others: Vec::new() }
    }

    /// With another key, an older one or the next.
    pub fn with(mut self, other: RootKey) -> Self {
        self.others.push(other);
        self
    }

    /// The key for a store that has none yet, and the one that a rotation goes to.
    pub fn current(&self) -> &RootKey {
        &self.current
    }

    /// The key with this id.
    pub fn get(&self, id: &RootKeyId) -> Option<&RootKey> {
        self.keys().find(|key| key.id() == *id)
    }

    /// The ids of all its keys.
    pub fn ids(&self) -> impl Iterator<Item = RootKeyId> {
        self.keys().map(RootKey::id)
    }

    fn keys(&self) -> impl Iterator<Item = &RootKey> {
        std::iter::once(&self.current).chain(&self.others)
    }
}

#[async_trait]
impl RootKeyProvider for KeyRing {
    async fn new_key(&self) -> Result<NewRootKey, ProviderError> {
        Ok(NewRootKey { key: self.current.clone(), kept: Vec::new() })
    }

    async fn key(&self, id: RootKeyId, _: &[u8]) -> Result<Option<RootKey>, ProviderError> {
        Ok(self.get(&id).cloned())
    }
}

#[async_trait]
impl RootKeyProvider for RootKey {
    async fn new_key(&self) -> Result<NewRootKey, ProviderError> {
        Ok(NewRootKey { key: self.clone(), kept: Vec::new() })
    }

    async fn key(&self, id: RootKeyId, _: &[u8]) -> Result<Option<RootKey>, ProviderError> {
        Ok(Some(self).filter(|key| key.id() == id).cloned())
    }
}

impl From<RootKey> for KeyRing {
    fn from(current: RootKey) -> Self {
        Self::new(current)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_from_base64_and_hexadecimal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let bytes = [0xfb; 32];
        let id = RootKey::from_bytes(bytes).id();
        for text in [
            Base64::encode_string(&bytes),
            format!(" {}\r\n", Base64Unpadded::encode_string(&bytes)),
            Base64Url::encode_string(&bytes),
            Base64UrlUnpadded::encode_string(&bytes),
            "fb".repeat(32),
            "FB".repeat(32),
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(RootKey::from_file(&path).unwrap().id(), id);
        }
        for text in [String::new(), "fb".repeat(31), "fb".repeat(33), "xy".repeat(32), Base64::encode_string(&[1; 31])]
        {
            fs::write(&path, &text).unwrap();
            let error = RootKey::from_file(&path).unwrap_err();
            assert!(matches!(error, RootKeyError::Malformed(_)));
            assert!(text.is_empty() || !error.to_string().contains(&text));
        }
        assert!(matches!(RootKey::from_file(folder.path().join("none")), Err(RootKeyError::File { .. })));
        assert!(matches!(RootKey::from_env("TENANTRY_NO_SUCH_VARIABLE"), Err(RootKeyError::Unset(_))));
    }

    #[test]
    fn all_who_create_a_key_file_at_once_get_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let ids: Vec<_> = std::thread::scope(|scope| {
            let creating: Vec<_> =
                (0..8).map(|_| scope.spawn(|| RootKey::from_file_or_create(&path).unwrap().id())).collect();
            creating.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(ids.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
    }

    #[test]
    fn nothing_of_a_key_is_printed() {
        let key = RootKey::from_bytes([0xab; 32]);
        let printed = format!("{key:?} {:?}", KeyRing::new(key.clone()));
        assert!(!printed.contains("abab"), "{printed}");
        assert!(printed.contains("[REDACTED]"));
    }
}
