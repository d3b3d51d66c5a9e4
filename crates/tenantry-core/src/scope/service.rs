//! A service of the host: the only one who gets values of secrets.

use serde_json::{Value, json};

use crate::access::{Access, Operation, operations};
use crate::call::Call;
use crate::error::Error;
use crate::model::text;
use crate::store::SecretRow;
use crate::unit::{Change, Unit};
use crate::vault::SecretValue;

/// How many keys are read at a time when all are resolved.
const KEYS_AT_A_TIME: usize = 500;

/// A service of the host application, acting on one place (S3).
///
/// It may do what the catalogue's service rows say, and nothing else; `require` and `can` ask for those.
#[derive(Clone, Debug)]
pub struct ServiceScope {
    pub(super) access: Access,
    reason: String,
}

impl ServiceScope {
    pub(crate) fn new(access: Access, reason: &str) -> Self {
        Self { access, reason: reason.to_owned() }
    }

    /// The values of these secrets of the place, in the order of the keys given.
    ///
    /// Writes one audit entry that names place and keys; if it cannot be written, nothing is resolved. Needs
    /// `secrets.resolve`; of a customer, the feature that it belongs to.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for an unknown place or key; [`Error::CustomerArchived`]; [`Error::FeatureDisabled`];
    /// [`Error::KeyNotAvailable`]; [`Error::DecryptionFailed`]; [`Error::InvalidInput`] for the name of the service or
    /// the reason.
    pub fn resolve<K: Into<String>>(&self, keys: impl IntoIterator<Item = K>) -> Call<Vec<(String, SecretValue)>> {
        let keys = Some(keys.into_iter().map(Into::into).collect());
        self.access.change(Resolve { keys, reason: self.reason.clone() })
    }

    /// The values of all secrets of the place, in the order of their keys; otherwise like
    /// [`resolve`](ServiceScope::resolve).
    ///
    /// # Errors
    ///
    /// Those of [`resolve`](ServiceScope::resolve).
    pub fn resolve_all(&self) -> Call<Vec<(String, SecretValue)>> {
        self.access.change(Resolve { keys: None, reason: self.reason.clone() })
    }
}

struct Resolve {
    keys: Option<Vec<String>>,
    reason: String,
}

impl Change for Resolve {
    type Answer = Vec<(String, SecretValue)>;

    fn operation(&self) -> &'static Operation {
        &operations::SECRETS_RESOLVE
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<Self::Answer, Error> {
        if let crate::access::Actor::Service(name) = &unit.access.actor {
            text::service_name(name)?;
        }
        let reason = text::name("reason", &self.reason)?;
        let ring = unit.access.app.ring.as_ref().ok_or(Error::KeyNotAvailable)?;
        let mut values = Vec::new();
        for row in self.rows(unit).await? {
            let value = super::secrets::open(unit.store(), ring, &row).await?;
            values.push((row.key, value));
        }
        let keys: Vec<_> = values.iter().map(|(key, _)| key).collect();
        let after = json!({ "keys": keys, "reason": reason });
        unit.record_detail(unit.place(), "secrets.resolved", unit.place(), "", Value::Null, after);
        Ok(values)
    }
}

impl Resolve {
    async fn rows(&self, unit: &Unit<'_>) -> Result<Vec<SecretRow>, Error> {
        let (store, place) = (unit.store(), unit.place());
        let mut rows: Vec<SecretRow> = Vec::new();
        match &self.keys {
            Some(keys) => {
                for key in keys {
                    rows.push(store.secret(place, key).await?.ok_or_else(|| Error::not_found("secret"))?);
                }
            }
            None => loop {
                let after = rows.last().map(|row| row.key.clone());
                let page = store.secrets(place, after.as_deref(), KEYS_AT_A_TIME, unit.caller).await?;
                if page.is_empty() {
                    break;
                }
                rows.extend(page);
            },
        }
        Ok(rows)
    }
}
