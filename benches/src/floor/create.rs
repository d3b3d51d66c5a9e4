//! The floors of P3, P4 and P8: the rows of a new customer and its audit entry, alone or many in one transaction.

use super::{FloorStore, audit};
use crate::world::World;

pub(crate) fn create(store: &FloorStore, world: &World) -> rusqlite::Result<()> {
    let (vendor, id, commit) = (*world.staff.vendor_id().as_uuid().as_bytes(), store.id(), store.id());
    store.in_transaction(|connection| {
        connection
            .prepare_cached(
                "INSERT INTO customers (vendor_id, id, name, name_folded, external_id, external_id_folded, status,
                     features, claimed, revision, created_at, updated_at, members, secrets, counter)
                 VALUES (?1, ?2, 'Initech Corporation', 'initech corporation', NULL, NULL, 'active',
                     ' artifacts deployments ', 0, 1, 1893456000000000, 1893456000000000, 0, 0, 0)",
            )?
            .execute((vendor, id))?;
        let detail = r#"{"after":{"external_id":null,"name":"Initech Corporation"},"before":null}"#;
        audit(connection, vendor, id, (commit, 0), "customer.created", detail)
    })
}

/// Customers of these external ids and names, in one transaction.
pub(crate) fn bulk(store: &FloorStore, world: &World, rows: &[(String, &str)]) -> rusqlite::Result<()> {
    let vendor = *world.staff.vendor_id().as_uuid().as_bytes();
    let commit = store.id();
    store.in_transaction(|connection| {
        for ((external_id, name), ordinal) in rows.iter().zip(0_u32..) {
            let id = store.id();
            connection
                .prepare_cached(
                    "INSERT INTO customers (vendor_id, id, name, name_folded, external_id, external_id_folded, status,
                         features, claimed, revision, created_at, updated_at, members, secrets, counter)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'active',
                         ' artifacts deployments ', 0, 1, 1893456000000000, 1893456000000000, 0, 0, 0)",
                )?
                .execute((vendor, id, name, name.to_lowercase(), external_id, external_id.to_lowercase()))?;
            let detail = format!(r#"{{"after":{{"external_id":"{external_id}","name":"{name}"}},"before":null}}"#);
            audit(connection, vendor, id, (commit, ordinal), "customer.created", &detail)?;
        }
        Ok(())
    })
}
