//! The envelope of a sealed value.
//!
//! ```text
//! magic "TNYS" · suite 1 · flags 0 · key id (16) · nonce (24) · ciphertext and tag (16)
//! ```
//!
//! The plaintext is the length in 4 bytes, the value, and zeros up to a multiple of 64, so that the size of the envelope
//! tells little about the value. Associated data: the header up to the nonce, then what the value belongs to, every part
//! preceded by its length in 4 bytes.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Key, Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::{VaultError, random};

const MAGIC: [u8; 4] = *b"TNYS";
const SUITE: u8 = 1;
const FLAGS: u8 = 0;
const NONCE: usize = 24;
const TAG: usize = 16;
const PADDING: usize = 64;
/// Magic, suite, flags and key id: what is bound into the associated data.
const HEADER: usize = 22;

/// What a value belongs to, as parts that cannot run into each other.
pub(super) struct Associated(Vec<u8>);

impl Associated {
    pub(super) fn new(purpose: &str) -> Self {
        Self(Vec::new()).with(purpose.as_bytes())
    }

    pub(super) fn with(mut self, part: &[u8]) -> Self {
        self.0.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.0.extend_from_slice(part);
        self
    }

    fn under(&self, header: &[u8]) -> Vec<u8> {
        let mut bytes = Self(Vec::with_capacity(4 + header.len() + self.0.len())).with(header).0;
        bytes.extend_from_slice(&self.0);
        bytes
    }
}

fn header(key_id: &[u8; 16]) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let parts = MAGIC.iter().chain([&SUITE, &FLAGS]).chain(key_id);
    for (byte, part) in header.iter_mut().zip(parts) {
        *byte = *part;
    }
    header
}

pub(super) fn seal(
    key: &[u8; 32],
    key_id: &[u8; 16],
    value: &[u8],
    associated: &Associated,
) -> Result<Vec<u8>, VaultError> {
    seal_with_nonce(key, key_id, random()?, value, associated)
}

pub(super) fn seal_with_nonce(
    key: &[u8; 32],
    key_id: &[u8; 16],
    nonce: [u8; NONCE],
    value: &[u8],
    associated: &Associated,
) -> Result<Vec<u8>, VaultError> {
    let length = u32::try_from(value.len()).map_err(|_| VaultError::UnsupportedFormat)?;
    let padded = (4 + value.len()).next_multiple_of(PADDING);
    let mut plain = Zeroizing::new(Vec::with_capacity(padded));
    plain.extend_from_slice(&length.to_be_bytes());
    plain.extend_from_slice(value);
    plain.resize(padded, 0);
    let header = header(key_id);
    let cipher = XChaCha20Poly1305::new(&Key::from(*key));
    let tag = cipher
        .encrypt_inout_detached(&XNonce::from(nonce), &associated.under(&header), plain.as_mut_slice().into())
        .map_err(|_| VaultError::UnsupportedFormat)?;
    let mut sealed = Vec::with_capacity(HEADER + NONCE + padded + TAG);
    sealed.extend_from_slice(&header);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&plain);
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

struct Parts<'a> {
    header: &'a [u8],
    key_id: [u8; 16],
    nonce: [u8; NONCE],
    ciphertext: &'a [u8],
    tag: [u8; TAG],
}

fn parts(sealed: &[u8]) -> Result<Parts<'_>, VaultError> {
    let unknown = || VaultError::UnsupportedFormat;
    let (header, rest) = sealed.split_at_checked(HEADER).ok_or_else(unknown)?;
    let (front, key_id) = header.split_last_chunk().ok_or_else(unknown)?;
    if front != [MAGIC.as_slice(), &[SUITE, FLAGS]].concat() {
        return Err(unknown());
    }
    let (nonce, rest) = rest.split_first_chunk().ok_or_else(unknown)?;
    let (ciphertext, tag) = rest.split_last_chunk().ok_or_else(unknown)?;
    Ok(Parts { header, key_id: *key_id, nonce: *nonce, ciphertext, tag: *tag })
}

/// The id of the key that an envelope was sealed with.
///
/// # Errors
///
/// [`VaultError::UnsupportedFormat`] when it is no envelope that this release knows.
pub fn sealed_with(sealed: &[u8]) -> Result<[u8; 16], VaultError> {
    Ok(parts(sealed)?.key_id)
}

/// Opens an envelope; what it answers is the value with its length before and its padding after it, so that the plain
/// bytes are never copied on the way.
pub(super) fn open(
    key: &[u8; 32],
    key_id: &[u8; 16],
    sealed: &[u8],
    associated: &Associated,
) -> Result<Opened, VaultError> {
    let parts = parts(sealed)?;
    if parts.key_id != *key_id {
        return Err(VaultError::KeyNotAvailable);
    }
    let mut plain = Zeroizing::new(parts.ciphertext.to_vec());
    XChaCha20Poly1305::new(&Key::from(*key))
        .decrypt_inout_detached(
            &XNonce::from(parts.nonce),
            &associated.under(parts.header),
            plain.as_mut_slice().into(),
            &Tag::from(parts.tag),
        )
        .map_err(|_| VaultError::DecryptionFailed)?;
    let opened = Opened(plain);
    opened.checked()?;
    Ok(opened)
}

/// An opened envelope.
pub(super) struct Opened(Zeroizing<Vec<u8>>);

impl Opened {
    pub(super) fn value(&self) -> Result<&[u8], VaultError> {
        Ok(self.checked()?.0)
    }

    /// The value and its padding, which must be zeros, and no more of them than needed.
    fn checked(&self) -> Result<(&[u8], &[u8]), VaultError> {
        let failed = || VaultError::DecryptionFailed;
        let (length, rest) = self.0.split_first_chunk().ok_or_else(failed)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| failed())?;
        let (value, padding) = rest.split_at_checked(length).ok_or_else(failed)?;
        let exact = (4 + length).next_multiple_of(PADDING) == self.0.len();
        if exact && padding.iter().all(|byte| *byte == 0) { Ok((value, padding)) } else { Err(failed()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [1; 32];
    const ID: [u8; 16] = [2; 16];

    fn address() -> Associated {
        Associated::new("test").with(b"a").with(b"b")
    }

    #[test]
    fn no_flipped_bit_goes_unnoticed() {
        let sealed = seal(&KEY, &ID, b"hunter2", &address()).unwrap();
        assert_eq!(open(&KEY, &ID, &sealed, &address()).unwrap().value().unwrap(), b"hunter2");
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&KEY, &ID, &altered, &address()).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(open(&KEY, &ID, &sealed[..length], &address()).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn parts_of_the_associated_data_do_not_run_into_each_other() {
        let sealed = seal(&KEY, &ID, b"x", &Associated::new("test").with(b"ab").with(b"")).unwrap();
        assert!(open(&KEY, &ID, &sealed, &Associated::new("test").with(b"a").with(b"b")).is_err());
    }

    #[test]
    fn an_unknown_magic_suite_or_flag_is_an_unsupported_format() {
        let sealed = seal(&KEY, &ID, b"x", &address()).unwrap();
        for index in 0..6 {
            let mut other = sealed.clone();
            other[index] ^= 0x80;
            assert!(matches!(sealed_with(&other), Err(VaultError::UnsupportedFormat)));
        }
    }

    #[test]
    fn the_padding_hides_the_length_and_is_checked() {
        let size = |length: usize| seal(&KEY, &ID, &vec![b'x'; length], &address()).unwrap().len();
        assert_eq!(size(1), size(60));
        assert_eq!(size(61), size(60) + 64);
        assert_eq!(size(124), size(61));
        let mut opened = open(&KEY, &ID, &seal(&KEY, &ID, b"x", &address()).unwrap(), &address()).unwrap();
        *opened.0.last_mut().unwrap() = 1;
        assert!(opened.value().is_err());
    }
}
