//! The ops on secrets, keys and deployments.

use rusqlite::params;
use tenantry_core::ids::SecretId;
use tenantry_core::store::{DeploymentRow, DeploymentSecret, KeyRow, Place, RootKeyRow, SecretRow, SecretVersionRow};

use super::Write;
use crate::row::{blob, int};

impl Write<'_> {
    pub(super) fn insert_secret(&self, row: &SecretRow) -> rusqlite::Result<bool> {
        let sql = "INSERT INTO secrets (vendor_id, place_id, id, key, version, created_at, created_by, updated_at,
                       updated_by)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        self.secret(sql, row)
    }

    pub(super) fn update_secret(&self, row: &SecretRow) -> rusqlite::Result<bool> {
        let sql = "UPDATE secrets SET version = ?5, created_at = ?6, created_by = ?7, updated_at = ?8, updated_by = ?9
                   WHERE vendor_id = ?1 AND place_id = ?2 AND id = ?3 AND key = ?4";
        self.secret(sql, row)
    }

    fn secret(&self, sql: &str, row: &SecretRow) -> rusqlite::Result<bool> {
        let SecretRow { place, id, key, version, created_at, created_by, updated_at, updated_by } = row;
        self.one(
            sql,
            params![
                blob(place.vendor().as_uuid()),
                blob(&place.uuid()),
                blob(id.as_uuid()),
                key,
                int(*version),
                created_at.micros(),
                created_by,
                updated_at.micros(),
                updated_by,
            ],
        )
    }

    pub(super) fn delete_secret(&self, place: Place, id: SecretId) -> rusqlite::Result<bool> {
        let vendor = place.vendor();
        let at = place.uuid();
        let key = params![blob(vendor.as_uuid()), at.as_bytes(), blob(id.as_uuid())];
        self.execute("DELETE FROM secret_versions WHERE vendor_id = ?1 AND place_id = ?2 AND secret_id = ?3", key)?;
        self.one("DELETE FROM secrets WHERE vendor_id = ?1 AND place_id = ?2 AND id = ?3", key)
    }

    pub(super) fn insert_secret_version(&self, row: &SecretVersionRow) -> rusqlite::Result<bool> {
        self.secret_version(
            "INSERT INTO secret_versions (vendor_id, place_id, secret_id, version, sealed, created_at, created_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            row,
        )
    }

    pub(super) fn update_secret_version(&self, row: &SecretVersionRow) -> rusqlite::Result<bool> {
        self.secret_version(
            "UPDATE secret_versions SET sealed = ?5, created_at = ?6, created_by = ?7
             WHERE vendor_id = ?1 AND place_id = ?2 AND secret_id = ?3 AND version = ?4",
            row,
        )
    }

    fn secret_version(&self, sql: &str, row: &SecretVersionRow) -> rusqlite::Result<bool> {
        let SecretVersionRow { place, secret, version, sealed, created_at, created_by } = row;
        self.one(
            sql,
            params![
                blob(place.vendor().as_uuid()),
                blob(&place.uuid()),
                blob(secret.as_uuid()),
                int(*version),
                sealed,
                created_at.micros(),
                created_by,
            ],
        )
    }

    pub(super) fn delete_secret_versions(&self, place: Place, id: SecretId, last: u64) -> rusqlite::Result<bool> {
        let (vendor, at) = (place.vendor(), place.uuid());
        self.execute(
            "DELETE FROM secret_versions
             WHERE vendor_id = ?1 AND place_id = ?2 AND secret_id = ?3 AND version <= ?4",
            params![blob(vendor.as_uuid()), at.as_bytes(), blob(id.as_uuid()), int(last)],
        )?;
        Ok(true)
    }

    pub(super) fn insert_key(&self, row: &KeyRow) -> rusqlite::Result<bool> {
        self.key(
            "INSERT INTO place_keys (vendor_id, place_id, generation, id, wrapped, check_value, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            row,
        )
    }

    pub(super) fn update_key(&self, row: &KeyRow) -> rusqlite::Result<bool> {
        self.key(
            "UPDATE place_keys SET id = ?4, wrapped = ?5, check_value = ?6, created_at = ?7
             WHERE vendor_id = ?1 AND place_id = ?2 AND generation = ?3",
            row,
        )
    }

    fn key(&self, sql: &str, row: &KeyRow) -> rusqlite::Result<bool> {
        let KeyRow { place, generation, id, wrapped, check, created_at } = row;
        self.one(
            sql,
            params![
                blob(place.vendor().as_uuid()),
                blob(&place.uuid()),
                generation,
                id,
                wrapped,
                check,
                created_at.micros(),
            ],
        )
    }

    pub(super) fn delete_key(&self, place: Place, generation: u32) -> rusqlite::Result<bool> {
        self.one(
            "DELETE FROM place_keys WHERE vendor_id = ?1 AND place_id = ?2 AND generation = ?3",
            params![blob(place.vendor().as_uuid()), blob(&place.uuid()), generation],
        )
    }

    pub(super) fn put_root_key(&self, row: &RootKeyRow) -> rusqlite::Result<bool> {
        let RootKeyRow { id, check, state, kept, created_at } = row;
        self.one(
            "INSERT INTO root_keys (id, check_value, state, kept, created_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (id) DO UPDATE SET check_value = ?2, state = ?3, kept = ?4, created_at = ?5",
            params![id, check, state.as_str(), kept, created_at.micros()],
        )
    }

    pub(super) fn put_deployment(&self, row: &DeploymentRow) -> rusqlite::Result<bool> {
        let DeploymentRow { place, id, name, secrets, created_at, updated_at } = row;
        let (vendor, at) = (blob(place.vendor().as_uuid()), blob(&place.uuid()));
        self.execute(
            "DELETE FROM deployment_secrets WHERE vendor_id = ?1 AND place_id = ?2 AND deployment_id = ?3",
            params![vendor, at, id],
        )?;
        self.execute(
            "INSERT INTO deployments (vendor_id, place_id, id, name, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (vendor_id, place_id, id) DO UPDATE SET name = ?4, created_at = ?5, updated_at = ?6",
            params![vendor, at, id, name, created_at.micros(), updated_at.micros()],
        )?;
        for DeploymentSecret { key, running } in secrets {
            self.execute(
                "INSERT INTO deployment_secrets (vendor_id, place_id, key, deployment_id, running)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![vendor, at, key, id, running.map(int)],
            )?;
        }
        Ok(true)
    }

    pub(super) fn delete_deployment(&self, place: Place, id: &str) -> rusqlite::Result<bool> {
        let (vendor, at) = (blob(place.vendor().as_uuid()), blob(&place.uuid()));
        let key = params![vendor, at, id];
        self.execute(
            "DELETE FROM deployment_secrets WHERE vendor_id = ?1 AND place_id = ?2 AND deployment_id = ?3",
            key,
        )?;
        self.one("DELETE FROM deployments WHERE vendor_id = ?1 AND place_id = ?2 AND id = ?3", key)
    }
}
