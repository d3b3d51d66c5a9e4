//! The secrets of a place, without their values.

use serde_json::{Value, json};

use crate::access::{Access, Operation, operations};
use crate::call::Call;
use crate::error::Error;
use crate::ids::SecretId;
use crate::model::{CursorKind, Page, PageRequest, Secret, close_page, text};
use crate::store::{Check, KeyRow, Place, RootKeyRow, SecretRow, SecretVersionRow, Store, WriteOp};
use crate::unit::{Change, Unit};
use crate::vault::{KeyAddress, KeyRing, PlaceKey, RootKey, SecretAddress, SecretValue, StoreId, sealed_with};

/// How many bytes a value may have (S2).
const VALUE_LIMIT: usize = 64 * 1024;

/// The secrets of a place: the vendor itself, or one customer.
///
/// Nothing here answers a value; a [service](crate::ServiceScope) resolves them (S3). Listing needs `secrets.view`,
/// changing `secrets.manage`.
#[derive(Clone, Debug)]
pub struct Secrets {
    access: Access,
}

impl Secrets {
    pub(crate) fn new(access: &Access) -> Self {
        Self { access: access.clone() }
    }

    /// The secrets in the order of their keys.
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::InvalidInput`] for a foreign cursor or a page size that is not 1 to 1,000.
    pub fn list(&self, page: PageRequest) -> Call<Page<Secret>> {
        self.access.read(&operations::SECRETS_LIST, move |access, _, caller| async move {
            let (place, limit) = (access.place, page.limit()?);
            let kind = CursorKind::new(json!(["secrets", place.vendor().to_string(), place.to_string()]).to_string());
            let after = page.after.as_ref().map(|cursor| kind.key(cursor)).transpose()?;
            let rows = access.app.store.secrets(place, after.as_deref(), limit + 1, caller).await?;
            Ok(close_page(rows, limit, &kind, |row| row.key.clone(), Secret::from))
        })
    }

    /// Sets a secret: makes it, or gives it a new version.
    ///
    /// The key is a letter followed by letters, digits and underscores, 128 characters at most, and never changes; the
    /// value is 1 byte to 64 KiB of text. It is encrypted before it reaches the store (S4).
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::InvalidInput`]; [`Error::KeyNotAvailable`] when the store was opened without a root
    /// key.
    pub fn set(&self, key: &str, value: impl Into<SecretValue>) -> Call<Secret> {
        self.access.change(Set { key: key.to_owned(), value: value.into() })
    }

    /// Deletes a secret with all its versions.
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::NotFound`].
    pub fn delete(&self, key: &str) -> Call<()> {
        self.access.change(Delete { key: key.to_owned() })
    }
}

struct Set {
    key: String,
    value: SecretValue,
}

impl Change for Set {
    type Answer = Secret;

    fn operation(&self) -> &'static Operation {
        &operations::SECRETS_SET
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<Secret, Error> {
        let key = text::secret_key(&self.key)?;
        match self.value.len() {
            0 => return Err(Error::invalid("value", "is empty")),
            1..=VALUE_LIMIT => {}
            _ => {
                return Err(Error::invalid("value", format!("is longer than {VALUE_LIMIT} bytes")));
            }
        }
        unit.bump_place().await?;
        let (place, now) = (unit.place(), unit.now);
        let actor = unit.access.actor.to_string();
        let place_key = unit.place_key().await?;
        let old = unit.store().secret(place, &key).await?;
        let is_new = old.is_none();
        let row = match old {
            Some(old) => {
                SecretRow { version: old.version.saturating_add(1), updated_at: now, updated_by: actor.clone(), ..old }
            }
            None => SecretRow {
                place,
                id: SecretId::from_uuid(unit.access.app.new_uuid(now)?),
                key,
                version: 1,
                created_at: now,
                created_by: actor.clone(),
                updated_at: now,
                updated_by: actor.clone(),
            },
        };
        let sealed = place_key.seal(&self.value, &address(unit.store().store_id(), &row, row.version))?;
        unit.write(if is_new { WriteOp::InsertSecret(row.clone()) } else { WriteOp::UpdateSecret(row.clone()) });
        unit.write(WriteOp::InsertSecretVersion(SecretVersionRow {
            place,
            secret: row.id,
            version: row.version,
            sealed: Some(sealed),
            created_at: now,
            created_by: actor,
        }));
        let action = if is_new { "secret.created" } else { "secret.updated" };
        let after = json!({ "key": row.key, "version": row.version });
        unit.record_detail(place, action, row.id, "", Value::Null, after);
        Ok(row.into())
    }
}

struct Delete {
    key: String,
}

impl Change for Delete {
    type Answer = ();

    fn operation(&self) -> &'static Operation {
        &operations::SECRETS_DELETE
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<(), Error> {
        unit.bump_place().await?;
        let place = unit.place();
        let row = unit.store().secret(place, &self.key).await?.ok_or_else(|| Error::not_found("secret"))?;
        unit.write(WriteOp::DeleteSecret(place, row.id));
        let before = json!({ "key": row.key, "version": row.version });
        unit.record_detail(place, "secret.deleted", row.id, "", before, Value::Null);
        Ok(())
    }
}

impl Unit<'_> {
    /// The newest key of the place; the first secret of a place makes one, wrapped by the current root key.
    async fn place_key(&mut self) -> Result<PlaceKey, Error> {
        let (place, store) = (self.place(), self.store());
        let ring = self.access.app.ring.as_ref().ok_or(Error::KeyNotAvailable)?;
        if let Some(row) = store.place_keys(place).await?.last() {
            return unwrap(store.store_id(), ring, row);
        }
        let root = ring.current();
        self.write(WriteOp::PutRootKey(self.root_key_row(root)));
        // Two processes may have opened an empty store with different root keys: the first secret decides.
        let known = ring.ids().map(|id| *id.as_bytes()).collect();
        self.require(Check::RootKeysKnown(known), || Error::WrongRootKey);
        let key = PlaceKey::generate()?;
        let at = key_address(store.store_id(), place, 1);
        self.write(WriteOp::InsertKey(KeyRow {
            place,
            generation: at.generation,
            id: key.id(),
            wrapped: key.wrap(root, &at)?,
            check: key.check_value(&at),
            created_at: self.now,
        }));
        Ok(key)
    }

    fn root_key_row(&self, root: &RootKey) -> RootKeyRow {
        let check = root.check_value(&self.store().store_id());
        RootKeyRow { id: *root.id().as_bytes(), check, created_at: self.now }
    }
}

/// Opens the current version of a secret.
pub(crate) async fn open(store: &dyn Store, ring: &KeyRing, row: &SecretRow) -> Result<SecretValue, Error> {
    let version = store.secret_version(row.place, row.id, row.version).await?;
    let sealed = version.and_then(|version| version.sealed).ok_or(Error::DecryptionFailed)?;
    let wanted = sealed_with(&sealed)?;
    let keys = store.place_keys(row.place).await?;
    let key = keys.iter().find(|key| key.id == wanted).ok_or(Error::KeyNotAvailable)?;
    let key = unwrap(store.store_id(), ring, key)?;
    Ok(key.open(&sealed, &address(store.store_id(), row, row.version))?)
}

fn unwrap(store: StoreId, ring: &KeyRing, row: &KeyRow) -> Result<PlaceKey, Error> {
    Ok(PlaceKey::unwrap(&row.wrapped, ring, &key_address(store, row.place, row.generation), row.id)?)
}

fn key_address(store: StoreId, place: Place, generation: u32) -> KeyAddress {
    KeyAddress { store, vendor: place.vendor(), customer: place.customer(), generation }
}

fn address(store: StoreId, row: &SecretRow, version: u64) -> SecretAddress<'_> {
    let (vendor, customer) = (row.place.vendor(), row.place.customer());
    SecretAddress { store, vendor, customer, secret: row.id, key: &row.key, version }
}
