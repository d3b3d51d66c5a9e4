//! The key of a place, wrapped by the root key, and the secrets and tokens that it seals.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::envelope::{self, Associated};
use super::root_key::RootKey;
use super::{InvitationToken, KeyBytes, SecretValue, StoreId, VaultError, random};
use crate::ids::{CustomerId, DeliveryId, InvitationId, SecretId, VendorId};

/// Which key: of which place in which store, and which generation of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyAddress {
    /// The store.
    pub store: StoreId,
    /// The vendor.
    pub vendor: VendorId,
    /// The customer; `None` for the vendor's own key.
    pub customer: Option<CustomerId>,
    /// 1, 2, 3 …
    pub generation: u32,
}

/// Which value: of which secret, in which place and version. A value opens only at the address it was sealed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretAddress<'a> {
    /// The store.
    pub store: StoreId,
    /// The vendor.
    pub vendor: VendorId,
    /// The customer; `None` for a secret of the vendor itself.
    pub customer: Option<CustomerId>,
    /// The secret.
    pub secret: SecretId,
    /// The secret's key.
    pub key: &'a str,
    /// The version of its value.
    pub version: u64,
}

/// Which token: of which delivery of which invitation, in which place. A token opens only at the address it was sealed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenAddress {
    /// The store.
    pub store: StoreId,
    /// The vendor.
    pub vendor: VendorId,
    /// The customer; `None` for an invitation into the vendor itself.
    pub customer: Option<CustomerId>,
    /// The invitation.
    pub invitation: InvitationId,
    /// The delivery.
    pub delivery: DeliveryId,
}

/// One generation of a place's key.
#[derive(Clone, Debug)]
pub struct PlaceKey {
    id: [u8; 16],
    key: KeyBytes,
}

impl PlaceKey {
    /// A new random key with a new random id.
    ///
    /// # Errors
    ///
    /// [`VaultError::Random`].
    pub fn generate() -> Result<Self, VaultError> {
        Ok(Self { id: random()?, key: KeyBytes::new(random()?) })
    }

    /// The id that envelopes name.
    pub fn id(&self) -> [u8; 16] {
        self.id
    }

    /// Seals the key itself with a root key.
    ///
    /// # Errors
    ///
    /// [`VaultError::Random`].
    pub fn wrap(&self, root: &RootKey, address: &KeyAddress) -> Result<Vec<u8>, VaultError> {
        let subkey = subkey(root.bytes(), address.store, "tenantry wrap place key v1");
        envelope::seal(&subkey, root.id().as_bytes(), self.key.as_slice(), &wrapped(address, &self.id))
    }

    /// Opens a wrapped key with the root key that its envelope names.
    ///
    /// # Errors
    ///
    /// [`VaultError::KeyNotAvailable`] when another root key wrapped it; [`VaultError::DecryptionFailed`];
    /// [`VaultError::UnsupportedFormat`].
    pub fn unwrap(sealed: &[u8], root: &RootKey, address: &KeyAddress, id: [u8; 16]) -> Result<Self, VaultError> {
        let subkey = subkey(root.bytes(), address.store, "tenantry wrap place key v1");
        let opened = envelope::open(&subkey, root.id().as_bytes(), sealed, &wrapped(address, &id))?;
        let bytes = opened.value()?.try_into().map_err(|_| VaultError::DecryptionFailed)?;
        Ok(Self { id, key: KeyBytes::new(bytes) })
    }

    /// A value by which the right key is known, without the key.
    pub fn check_value(&self, address: &KeyAddress) -> [u8; 32] {
        *subkey(&self.key, address.store, "tenantry place key check v1")
    }

    /// Encrypts a value for its address.
    ///
    /// # Errors
    ///
    /// [`VaultError::Random`].
    pub fn seal(&self, value: &SecretValue, address: &SecretAddress<'_>) -> Result<Vec<u8>, VaultError> {
        let subkey = self.secrets_key(address.store);
        envelope::seal(&subkey, &self.id, value.expose().as_bytes(), &secret(address))
    }

    /// Decrypts a value at its address.
    ///
    /// # Errors
    ///
    /// [`VaultError::KeyNotAvailable`] when another key sealed it; [`VaultError::DecryptionFailed`];
    /// [`VaultError::UnsupportedFormat`].
    pub fn open(&self, sealed: &[u8], address: &SecretAddress<'_>) -> Result<SecretValue, VaultError> {
        let opened = envelope::open(&self.secrets_key(address.store), &self.id, sealed, &secret(address))?;
        let value = str::from_utf8(opened.value()?).map_err(|_| VaultError::DecryptionFailed)?;
        Ok(value.into())
    }

    /// Encrypts the token of an invitation for its address.
    ///
    /// # Errors
    ///
    /// [`VaultError::Random`].
    pub fn seal_token(&self, token: &InvitationToken, address: &TokenAddress) -> Result<Vec<u8>, VaultError> {
        envelope::seal(&self.tokens_key(address.store), &self.id, token.expose().as_bytes(), &invitation(address))
    }

    /// Decrypts the token of an invitation at its address.
    ///
    /// # Errors
    ///
    /// [`VaultError::KeyNotAvailable`] when another key sealed it; [`VaultError::DecryptionFailed`];
    /// [`VaultError::UnsupportedFormat`].
    pub fn open_token(&self, sealed: &[u8], address: &TokenAddress) -> Result<InvitationToken, VaultError> {
        let opened = envelope::open(&self.tokens_key(address.store), &self.id, sealed, &invitation(address))?;
        let text = str::from_utf8(opened.value()?).map_err(|_| VaultError::DecryptionFailed)?;
        InvitationToken::parse(text).map_err(|_| VaultError::DecryptionFailed)
    }

    fn tokens_key(&self, store: StoreId) -> Zeroizing<[u8; 32]> {
        subkey(&self.key, store, "tenantry seal invitation token v1")
    }

    fn secrets_key(&self, store: StoreId) -> Zeroizing<[u8; 32]> {
        subkey(&self.key, store, "tenantry seal secret v1")
    }
}

/// HKDF-SHA-256 (RFC 5869): one subkey for each purpose in each store.
pub(super) fn subkey(key: &[u8; 32], store: StoreId, purpose: &str) -> Zeroizing<[u8; 32]> {
    let mut subkey = Zeroizing::new([0; 32]);
    // 32 bytes are far below the limit of HKDF, the only error there is.
    let _ = Hkdf::<Sha256>::new(Some(store.as_bytes()), key).expand(purpose.as_bytes(), subkey.as_mut_slice());
    subkey
}

fn place(purpose: &str, store: StoreId, vendor: VendorId, customer: Option<CustomerId>) -> Associated {
    let associated = Associated::new(purpose).with(store.as_bytes()).with(vendor.as_uuid().as_bytes());
    match customer {
        Some(customer) => associated.with(customer.as_uuid().as_bytes()),
        None => associated.with(b"vendor"),
    }
}

fn wrapped(address: &KeyAddress, id: &[u8; 16]) -> Associated {
    place("place key", address.store, address.vendor, address.customer).with(id).with(&address.generation.to_be_bytes())
}

fn secret(address: &SecretAddress<'_>) -> Associated {
    place("secret", address.store, address.vendor, address.customer)
        .with(address.secret.as_uuid().as_bytes())
        .with(address.key.as_bytes())
        .with(&address.version.to_be_bytes())
}

fn invitation(address: &TokenAddress) -> Associated {
    place("invitation token", address.store, address.vendor, address.customer)
        .with(address.invitation.as_uuid().as_bytes())
        .with(address.delivery.as_uuid().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const STORE: StoreId = StoreId::from_bytes([3; 16]);

    fn key_address() -> KeyAddress {
        let vendor = VendorId::from_uuid(Uuid::from_u128(4));
        KeyAddress { store: STORE, vendor, customer: Some(CustomerId::from_uuid(Uuid::from_u128(5))), generation: 1 }
    }

    fn secret_address() -> SecretAddress<'static> {
        let KeyAddress { store, vendor, customer, .. } = key_address();
        SecretAddress { store, vendor, customer, secret: SecretId::from_uuid(Uuid::from_u128(6)), key: "K", version: 7 }
    }

    #[test]
    fn s4_a_value_opens_only_at_its_own_address() {
        let key = PlaceKey::generate().unwrap();
        let home = secret_address();
        let sealed = key.seal(&"hunter2".into(), &home).unwrap();
        assert_eq!(key.open(&sealed, &home).unwrap().expose(), "hunter2");
        for moved in [
            SecretAddress { store: StoreId::from_bytes([9; 16]), ..home },
            SecretAddress { vendor: VendorId::from_uuid(Uuid::from_u128(9)), ..home },
            SecretAddress { customer: Some(CustomerId::from_uuid(Uuid::from_u128(9))), ..home },
            SecretAddress { customer: None, ..home },
            SecretAddress { secret: SecretId::from_uuid(Uuid::from_u128(9)), ..home },
            SecretAddress { key: "L", ..home },
            SecretAddress { version: 8, ..home },
        ] {
            assert!(matches!(key.open(&sealed, &moved), Err(VaultError::DecryptionFailed)), "{moved:?}");
        }
        let other = PlaceKey::generate().unwrap();
        assert!(matches!(other.open(&sealed, &home), Err(VaultError::KeyNotAvailable)));
    }

    fn token_address() -> TokenAddress {
        let KeyAddress { store, vendor, customer, .. } = key_address();
        let invitation = InvitationId::from_uuid(Uuid::from_u128(6));
        TokenAddress { store, vendor, customer, invitation, delivery: DeliveryId::from_uuid(Uuid::from_u128(7)) }
    }

    #[test]
    fn d1_a_token_opens_only_at_its_own_address_and_as_a_token() {
        let (key, token, home) = (PlaceKey::generate().unwrap(), InvitationToken::generate().unwrap(), token_address());
        let sealed = key.seal_token(&token, &home).unwrap();
        assert_eq!(key.open_token(&sealed, &home).unwrap().hash(), token.hash());
        for moved in [
            TokenAddress { store: StoreId::from_bytes([9; 16]), ..home },
            TokenAddress { vendor: VendorId::from_uuid(Uuid::from_u128(9)), ..home },
            TokenAddress { customer: Some(CustomerId::from_uuid(Uuid::from_u128(9))), ..home },
            TokenAddress { customer: None, ..home },
            TokenAddress { invitation: InvitationId::from_uuid(Uuid::from_u128(9)), ..home },
            TokenAddress { delivery: DeliveryId::from_uuid(Uuid::from_u128(9)), ..home },
        ] {
            assert!(matches!(key.open_token(&sealed, &moved), Err(VaultError::DecryptionFailed)), "{moved:?}");
        }
        let other = PlaceKey::generate().unwrap();
        assert!(matches!(other.open_token(&sealed, &home), Err(VaultError::KeyNotAvailable)));
        // A secret is no token, and a token no secret, whatever is in it.
        let secret = key.seal(&token.expose().into(), &secret_address()).unwrap();
        assert!(matches!(key.open_token(&secret, &home), Err(VaultError::DecryptionFailed)));
        assert!(matches!(key.open(&sealed, &secret_address()), Err(VaultError::DecryptionFailed)));
    }

    #[test]
    fn a_wrapped_key_opens_only_with_its_root_key_and_at_its_address() {
        let (root, key, home) = (RootKey::from_bytes([1; 32]), PlaceKey::generate().unwrap(), key_address());
        let wrapped = key.wrap(&root, &home).unwrap();
        let back = PlaceKey::unwrap(&wrapped, &root, &home, key.id()).unwrap();
        assert_eq!(back.check_value(&home), key.check_value(&home));
        let missing = PlaceKey::unwrap(&wrapped, &RootKey::from_bytes([2; 32]), &home, key.id());
        assert!(matches!(missing, Err(VaultError::KeyNotAvailable)));
        for moved in [KeyAddress { generation: 2, ..home }, KeyAddress { customer: None, ..home }] {
            let moved = PlaceKey::unwrap(&wrapped, &root, &moved, key.id());
            assert!(matches!(moved, Err(VaultError::DecryptionFailed)));
        }
        let renamed = PlaceKey::unwrap(&wrapped, &root, &home, [0; 16]);
        assert!(matches!(renamed, Err(VaultError::DecryptionFailed)));
    }

    /// Frozen with the first release: every format ever written stays readable.
    #[test]
    fn frozen_vectors() {
        let vectors = include_str!("../../testdata/vault_vectors.txt");
        let vector = |name: &str| {
            let line = vectors.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap();
            (0..line.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(line.get(at..at + 2).unwrap(), 16).unwrap())
                .collect::<Vec<_>>()
        };
        let root = RootKey::from_bytes([1; 32]);
        let key = PlaceKey { id: [8; 16], key: KeyBytes::new([2; 32]) };
        assert_eq!(root.id().as_bytes().as_slice(), vector("root-key-id"));
        assert_eq!(root.check_value(&STORE).as_slice(), vector("root-key-check"));
        assert_eq!(key.check_value(&key_address()).as_slice(), vector("place-key-check"));

        let subkey_of_root = subkey(root.bytes(), STORE, "tenantry wrap place key v1");
        let wrapped = envelope::seal_with_nonce(
            &subkey_of_root,
            root.id().as_bytes(),
            [5; 24],
            key.key.as_slice(),
            &wrapped(&key_address(), &key.id),
        );
        assert_eq!(wrapped.unwrap(), vector("wrapped-key"));
        let unwrapped = PlaceKey::unwrap(&vector("wrapped-key"), &root, &key_address(), key.id).unwrap();
        assert_eq!(unwrapped.open(&vector("sealed-secret"), &secret_address()).unwrap().expose(), "hunter2");
        let sealed = envelope::seal_with_nonce(
            &key.secrets_key(STORE),
            &key.id,
            [6; 24],
            b"hunter2",
            &secret(&secret_address()),
        );
        assert_eq!(sealed.unwrap(), vector("sealed-secret"));

        let token = unwrapped.open_token(&vector("sealed-token"), &token_address()).unwrap();
        assert!(vectors.lines().any(|line| line == format!("token {}", token.expose())));
        let sealed = envelope::seal_with_nonce(
            &key.tokens_key(STORE),
            &key.id,
            [6; 24],
            token.expose().as_bytes(),
            &invitation(&token_address()),
        );
        assert_eq!(sealed.unwrap(), vector("sealed-token"));
    }
}
