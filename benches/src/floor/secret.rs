//! The floor of P9: the rows of a secret's new version and its audit entry, the bytes sealed already.

use super::{FloorStore, audit};
use crate::world::World;

/// As many bytes as the envelope of the value that is measured has.
const SEALED: [u8; 126] = [7; 126];

pub(crate) fn secret(store: &FloorStore, world: &World) -> rusqlite::Result<()> {
    let vendor = *world.staff.vendor_id().as_uuid().as_bytes();
    let (place, commit) = (*world.customer.place().uuid().as_bytes(), store.id());
    let version = store.version.get() + 1;
    store.version.set(version);
    let actor = "usr_00000000000000000000000000000000";
    store.in_transaction(|connection| {
        connection
            .prepare_cached("UPDATE customers SET counter = counter + 1 WHERE vendor_id = ?1 AND id = ?2")?
            .execute((vendor, place))?;
        let id = "SELECT id FROM secrets WHERE vendor_id = ?1 AND place_id = ?2 AND key = 'SMTP_PASSWORD'";
        let id: [u8; 16] = connection.prepare_cached(id)?.query_row((vendor, place), |row| row.get(0))?;
        connection
            .prepare_cached(
                "UPDATE secrets SET version = ?3, updated_at = 1893456000000000, updated_by = ?4
                 WHERE vendor_id = ?1 AND place_id = ?2 AND key = 'SMTP_PASSWORD'",
            )?
            .execute((vendor, place, version, actor))?;
        connection
            .prepare_cached(
                "INSERT INTO secret_versions (vendor_id, place_id, secret_id, version, sealed, created_at, created_by)
                 VALUES (?1, ?2, ?3, ?4, ?5, 1893456000000000, ?6)",
            )?
            .execute((vendor, place, id, version, SEALED, actor))?;
        // Ten versions are kept.
        connection
            .prepare_cached(
                "DELETE FROM secret_versions
                 WHERE vendor_id = ?1 AND place_id = ?2 AND secret_id = ?3 AND version <= ?4",
            )?
            .execute((vendor, place, id, version - 10))?;
        let detail = r#"{"after":{"key":"SMTP_PASSWORD","version":1000},"before":null}"#;
        audit(connection, vendor, place, (commit, 0), "secret.updated", detail)
    })
}
