//! What changes secrets.

use serde_json::{Value, json};

use super::{existing, uses};
use crate::access::{Operation, operations};
use crate::error::{Error, SecretInUse, StaleRevision};
use crate::ids::SecretId;
use crate::model::{PageRequest, SecretChange, text};
use crate::store::{SecretRow, SecretVersionRow, WriteOp};
use crate::unit::{Change, Unit, open_version, seal_version};
use crate::vault::SecretValue;

/// How many bytes a value may have (S2).
const VALUE_LIMIT: usize = 64 * 1024;
/// How many deployments a refusal names.
const NAMED: usize = 100;

pub(super) struct Set {
    pub(super) key: String,
    pub(super) value: SecretValue,
    /// The version that the value was made from; 0 for none.
    pub(super) based_on: Option<u64>,
}

impl Change for Set {
    type Answer = SecretChange;

    fn operation(&self) -> &'static Operation {
        &operations::SECRETS_SET
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<SecretChange, Error> {
        let key = text::secret_key(&self.key)?;
        match self.value.len() {
            0 => return Err(Error::invalid("value", "is empty")),
            1..=VALUE_LIMIT => {}
            _ => {
                return Err(Error::invalid("value", format!("is longer than {VALUE_LIMIT} bytes")));
            }
        }
        unit.bump_place().await?;
        let old = unit.store().secret(unit.place(), &key).await?;
        let found = old.as_ref().map_or(0, |row| row.version);
        if let Some(expected) = self.based_on
            && expected != found
        {
            return Err(StaleRevision { expected, found }.into());
        }
        let action = if old.is_some() { "secret.updated" } else { "secret.created" };
        let row = match old {
            Some(old) => old,
            None => unit.new_secret(key)?,
        };
        let row = unit.write_version(row, &self.value).await?;
        let after = json!({ "key": row.key, "version": row.version });
        unit.record_detail(unit.place(), action, row.id, "", Value::Null, after);
        unit.secret_change(row).await
    }
}

pub(super) struct RollBack {
    pub(super) key: String,
    pub(super) version: u64,
}

impl Change for RollBack {
    type Answer = SecretChange;

    fn operation(&self) -> &'static Operation {
        &operations::SECRETS_ROLL_BACK
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<SecretChange, Error> {
        unit.bump_place().await?;
        let old = existing(unit.store(), unit.place(), &self.key).await?;
        let version = unit.earlier_version(&old, self.version).await?;
        if version.sealed.is_none() {
            return Err(Error::invalid("version", "was destroyed"));
        }
        let value = open_version(unit.store(), &unit.access.app.keys, &old, &version).await?;
        let before = json!({ "version": old.version });
        let row = unit.write_version(old, &value).await?;
        let after = json!({ "key": row.key, "version": row.version, "value_of_version": self.version });
        unit.record_detail(unit.place(), "secret.rolled_back", row.id, "", before, after);
        unit.secret_change(row).await
    }
}

pub(super) struct Destroy {
    pub(super) key: String,
    pub(super) version: u64,
}

impl Change for Destroy {
    type Answer = ();

    fn operation(&self) -> &'static Operation {
        &operations::SECRETS_DESTROY
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<(), Error> {
        unit.bump_place().await?;
        let secret = existing(unit.store(), unit.place(), &self.key).await?;
        let version = unit.earlier_version(&secret, self.version).await?;
        if version.sealed.is_some() {
            unit.write(WriteOp::UpdateSecretVersion(SecretVersionRow { sealed: None, ..version }));
            let before = json!({ "key": secret.key, "version": self.version });
            unit.record_detail(unit.place(), "secret.version_destroyed", secret.id, "", before, Value::Null);
        }
        Ok(())
    }
}

pub(super) struct Delete {
    pub(super) key: String,
    pub(super) although_used: bool,
}

impl Change for Delete {
    type Answer = ();

    fn operation(&self) -> &'static Operation {
        &operations::SECRETS_DELETE
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<(), Error> {
        // A deployment that is registered bumps the place too, so none comes in between.
        unit.bump_place().await?;
        let place = unit.place();
        let row = existing(unit.store(), place, &self.key).await?;
        if !self.although_used {
            let uses = unit.store().uses(place, &row.key, None, NAMED + 1, unit.caller).await?;
            if !uses.is_empty() {
                let more = uses.len() > NAMED;
                let deployments = uses.into_iter().take(NAMED).map(|user| user.name).collect();
                return Err(Box::new(SecretInUse { key: row.key, deployments, more }).into());
            }
        }
        unit.write(WriteOp::DeleteSecret(place, row.id));
        let before = json!({ "key": row.key, "version": row.version });
        unit.record_detail(place, "secret.deleted", row.id, "", before, Value::Null);
        Ok(())
    }
}

impl Unit<'_> {
    /// A new secret, which has no version yet.
    fn new_secret(&self, key: String) -> Result<SecretRow, Error> {
        let (place, now, actor) = (self.place(), self.now, self.access.actor.to_string());
        let id = SecretId::from_uuid(self.access.app.new_uuid(now)?);
        let (created_by, updated_by) = (actor.clone(), actor);
        Ok(SecretRow { place, id, key, version: 0, created_at: now, created_by, updated_at: now, updated_by })
    }

    /// Gives a secret its next version, and lets go of the oldest when more are kept than should be (S5).
    async fn write_version(&mut self, old: SecretRow, value: &SecretValue) -> Result<SecretRow, Error> {
        let (now, actor) = (self.now, self.access.actor.to_string());
        let version = old.version.saturating_add(1);
        let row = SecretRow { version, updated_at: now, updated_by: actor.clone(), ..old };
        let key = self.place_key().await?;
        let sealed = seal_version(self.store().store_id(), &key, &row, version, value)?;
        let is_new = version == 1;
        self.write(if is_new { WriteOp::InsertSecret(row.clone()) } else { WriteOp::UpdateSecret(row.clone()) });
        self.write(WriteOp::InsertSecretVersion(SecretVersionRow {
            place: row.place,
            secret: row.id,
            version,
            sealed: Some(sealed),
            created_at: now,
            created_by: actor,
        }));
        let last = version.saturating_sub(self.access.app.kept_versions);
        if last > 0 {
            self.write(WriteOp::DeleteSecretVersions(row.place, row.id, last));
        }
        Ok(row)
    }

    /// A version of a secret that is kept and is not the current one.
    async fn earlier_version(&self, secret: &SecretRow, version: u64) -> Result<SecretVersionRow, Error> {
        if version == secret.version {
            return Err(Error::invalid("version", "is the current one"));
        }
        let row = self.store().secret_version(secret.place, secret.id, version).await?;
        row.ok_or_else(|| Error::not_found("version of the secret"))
    }

    async fn secret_change(&self, row: SecretRow) -> Result<SecretChange, Error> {
        let affected = uses(self.store(), row.place, &row.key, &PageRequest::first(), self.caller).await?;
        Ok(SecretChange { secret: row.into(), affected })
    }
}
