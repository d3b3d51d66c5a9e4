//! A service of the host: the only one who gets values of secrets.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::access::{Access, Actor, Operation, operations};
use crate::call::Call;
use crate::error::Error;
use crate::model::{Rendered, Resolved, text};
use crate::store::{SecretRow, SecretVersionRow};
use crate::unit::{Change, Unit, open_version};
use crate::vault::{Format, Redactor, Template, VaultError};

/// How many rows are read at a time when all are resolved.
const ROWS_AT_A_TIME: usize = 500;

/// A service of the host application, acting on one place (S3).
///
/// It may do what the catalogue's service rows say, and nothing else; `require` and `can` ask for those. Whatever it reads
/// of values stands in the audit log before it gets them.
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
    /// [`Error::KeyNotAvailable`]; [`Error::KeyProvider`]; [`Error::DecryptionFailed`]; [`Error::InvalidInput`] for the name
    /// of the service or the reason.
    pub fn resolve<K: Into<String>>(&self, keys: impl IntoIterator<Item = K>) -> Call<Vec<Resolved>> {
        let keys = Some(keys.into_iter().map(Into::into).collect());
        self.access.change(Resolve { keys, reason: self.reason.clone() })
    }

    /// The values of all secrets of the place, in the order of their keys; otherwise like
    /// [`resolve`](ServiceScope::resolve).
    ///
    /// # Errors
    ///
    /// Those of [`resolve`](ServiceScope::resolve).
    pub fn resolve_all(&self) -> Call<Vec<Resolved>> {
        self.access.change(Resolve { keys: None, reason: self.reason.clone() })
    }

    /// Fills a template with the secrets that it refers to (S6), in the form that the file wants.
    ///
    /// Writes one audit entry that names place and keys; if it cannot be written, or the template cannot be rendered,
    /// nothing is resolved. Needs `secrets.resolve`; of a customer, the feature that it belongs to.
    ///
    /// # Errors
    ///
    /// [`Error::Template`] for a mistake, or for a secret that it needs and that there is not, with line and column; those of
    /// [`resolve`](ServiceScope::resolve).
    pub fn render(&self, template: &str, format: Format) -> Call<Rendered> {
        self.access.change(Render { template: template.to_owned(), format, reason: self.reason.clone() })
    }

    /// What takes the values of the place's secrets out of logs, all versions that are kept included (S7).
    ///
    /// It holds copies of the values: make it when it is needed, and drop it soon. Writes one audit entry that names place and
    /// keys. Needs `secrets.resolve`; of a customer, the feature that it belongs to.
    ///
    /// # Errors
    ///
    /// [`Error::RedactorTooLarge`]; those of [`resolve`](ServiceScope::resolve).
    pub fn redactor(&self) -> Call<Redactor> {
        self.access.change(MakeRedactor { reason: self.reason.clone() })
    }
}

struct Resolve {
    keys: Option<Vec<String>>,
    reason: String,
}

impl Change for Resolve {
    type Answer = Vec<Resolved>;

    fn operation(&self) -> &'static Operation {
        &operations::SECRETS_RESOLVE
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<Vec<Resolved>, Error> {
        let reason = unit.service_reason(&self.reason)?;
        let rows = match &self.keys {
            None => unit.all_secrets().await?,
            Some(keys) => {
                let mut rows = Vec::with_capacity(keys.len());
                for key in keys {
                    rows.push(super::secrets::existing(unit.store(), unit.place(), key).await?);
                }
                rows
            }
        };
        let values = unit.current_values(rows).await?;
        unit.record_resolved(values.iter().map(|value| value.key.as_str()), &reason);
        Ok(values)
    }
}

struct Render {
    template: String,
    format: Format,
    reason: String,
}

impl Change for Render {
    type Answer = Rendered;

    fn operation(&self) -> &'static Operation {
        &operations::SECRETS_RENDER
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<Rendered, Error> {
        let reason = unit.service_reason(&self.reason)?;
        let template = Template::parse(&self.template).map_err(Box::new)?;
        let mut rows = Vec::new();
        for key in template.references() {
            rows.extend(unit.store().secret(unit.place(), key).await?);
        }
        let values = unit.current_values(rows).await?;
        let by_key: BTreeMap<_, _> = values.iter().map(|value| (value.key.as_str(), &value.value)).collect();
        let text = template.render(|key| by_key.get(key).copied(), self.format).map_err(Box::new)?;
        unit.record_resolved(values.iter().map(|value| value.key.as_str()), &reason);
        Ok(Rendered { text, versions: values.into_iter().map(|value| (value.key, value.version)).collect() })
    }
}

struct MakeRedactor {
    reason: String,
}

impl Change for MakeRedactor {
    type Answer = Redactor;

    fn operation(&self) -> &'static Operation {
        &operations::SECRETS_REDACTOR
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<Redactor, Error> {
        let reason = unit.service_reason(&self.reason)?;
        let rows = unit.all_secrets().await?;
        let mut values = Vec::new();
        for row in &rows {
            let mut before = None;
            loop {
                let page = unit.versions(row, before).await?;
                let Some(last) = page.last() else { break };
                before = Some(last.version);
                for version in page.iter().filter(|version| version.sealed.is_some()) {
                    let value = open_version(unit.store(), &unit.access.app.keys, row, version).await?;
                    values.push((row.key.clone(), value));
                }
            }
        }
        unit.record_resolved(rows.iter().map(|row| row.key.as_str()), &reason);
        Ok(Redactor::new(values)?)
    }
}

impl Unit<'_> {
    /// Refuses a service whose name does not follow the rules.
    pub(super) fn check_service(&self) -> Result<(), Error> {
        match &self.access.actor {
            Actor::Service(name) => text::service_name(name),
            Actor::User(_) | Actor::Host => Ok(()),
        }
    }

    /// The reason that a service gives, as the log keeps it.
    fn service_reason(&self, reason: &str) -> Result<String, Error> {
        self.check_service()?;
        if self.access.app.keys.is_empty() {
            return Err(VaultError::KeyNotAvailable.into());
        }
        text::name("reason", reason)
    }

    /// All secrets of the place, in the order of their keys.
    async fn all_secrets(&self) -> Result<Vec<SecretRow>, Error> {
        let mut rows: Vec<SecretRow> = Vec::new();
        loop {
            let after = rows.last().map(|row| row.key.as_str());
            let page = self.store().secrets(self.place(), after, ROWS_AT_A_TIME, self.caller).await?;
            if page.is_empty() {
                return Ok(rows);
            }
            rows.extend(page);
        }
    }

    async fn versions(&self, row: &SecretRow, before: Option<u64>) -> Result<Vec<SecretVersionRow>, Error> {
        Ok(self.store().secret_versions(row.place, row.id, before, ROWS_AT_A_TIME, self.caller).await?)
    }

    async fn current_values(&self, rows: Vec<SecretRow>) -> Result<Vec<Resolved>, Error> {
        let mut values = Vec::with_capacity(rows.len());
        for row in rows {
            let version = self.store().secret_version(row.place, row.id, row.version).await?;
            let version = version.ok_or(VaultError::DecryptionFailed)?;
            let value = open_version(self.store(), &self.access.app.keys, &row, &version).await?;
            values.push(Resolved { key: row.key, version: row.version, value });
        }
        Ok(values)
    }

    /// Puts on record which values a service gets.
    fn record_resolved<'k>(&mut self, keys: impl Iterator<Item = &'k str>, reason: &str) {
        let after = json!({ "keys": keys.collect::<Vec<_>>(), "reason": reason });
        self.record_detail(self.place(), "secrets.resolved", self.place(), "", Value::Null, after);
    }
}
