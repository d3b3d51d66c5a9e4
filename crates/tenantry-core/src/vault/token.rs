//! Invitation tokens.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use secrecy::{ExposeSecret, SecretBox};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{VaultError, random};

const PREFIX: &str = "tny_inv_";

/// A text that is no invitation token; the error says nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an invitation token")]
pub struct InvalidToken;

/// The token of an invitation: who holds it, and has the invited e-mail, may accept.
///
/// `tny_inv_`, then 32 random bytes and a CRC-32 of them in base64url: a mistyped token is known without asking the store.
/// Only its hash is stored.
#[derive(Clone)]
pub struct InvitationToken(SecretBox<str>);

impl InvitationToken {
    /// A new random token.
    ///
    /// # Errors
    ///
    /// [`VaultError::Random`].
    pub fn generate() -> Result<Self, VaultError> {
        Ok(Self::of(&Zeroizing::new(random()?)))
    }

    fn of(secret: &[u8; 32]) -> Self {
        let mut bytes = Zeroizing::new([0; 36]);
        for (byte, part) in bytes.iter_mut().zip(secret.iter().chain(&crc32fast::hash(secret).to_be_bytes())) {
            *byte = *part;
        }
        // 36 bytes are 48 characters, without padding.
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + 48));
        text.push_str(PREFIX);
        text.push_str(&Zeroizing::new(Base64UrlUnpadded::encode_string(&*bytes)));
        Self(SecretBox::new(Box::from(text.as_str())))
    }

    /// The token that a person hands in.
    ///
    /// # Errors
    ///
    /// [`InvalidToken`] when the text cannot be one; whether one works, only the store knows.
    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidToken)?;
        let mut bytes = Zeroizing::new([0; 36]);
        let decoded = Base64UrlUnpadded::decode(encoded, bytes.as_mut_slice()).map_err(|_| InvalidToken)?;
        let (secret, checksum) = decoded.split_first_chunk::<32>().ok_or(InvalidToken)?;
        if checksum == crc32fast::hash(secret).to_be_bytes() { Ok(Self::of(secret)) } else { Err(InvalidToken) }
    }

    /// The token itself: put it into the link of the e-mail, and nowhere else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What a store keeps and looks up.
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new_with_prefix(b"tenantry invitation token v1\0");
        hash.update(self.expose().as_bytes());
        hash.finalize().into()
    }
}

impl fmt::Debug for InvitationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationToken([REDACTED])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_any_other_text_is_refused() {
        let token = InvitationToken::generate().unwrap();
        let text = token.expose().to_owned();
        assert_eq!(InvitationToken::parse(&text).unwrap().hash(), token.hash());
        for index in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            assert!(InvitationToken::parse(str::from_utf8(&bytes).unwrap()).is_err(), "character {index}");
            assert!(InvitationToken::parse(text.get(..index).unwrap()).is_err());
        }
        assert!(InvitationToken::parse(&format!("{text}A")).is_err());
        assert!(!format!("{token:?}").contains(text.get(8..).unwrap()));
    }

    #[test]
    fn frozen_vector() {
        let token = InvitationToken::of(&[7; 32]);
        let hash: String = token.hash().iter().map(|byte| format!("{byte:02x}")).collect();
        let vectors = include_str!("../../testdata/vault_vectors.txt");
        assert!(vectors.lines().any(|line| line == format!("token {}", token.expose())), "{}", token.expose());
        assert!(vectors.lines().any(|line| line == format!("token-hash {hash}")), "{hash}");
    }
}
