//! The floor of P3: the rows of a new customer, its audit entry and its place in the search index, in one transaction.

use super::{FloorStore, audit};
use crate::world::World;

pub(crate) fn create(store: &FloorStore, world: &World) -> rusqlite::Result<()> {
    let (vendor, id, commit) = (*world.staff.vendor_id().as_uuid().as_bytes(), store.id(), store.id());
    store.in_transaction(|connection| {
        let number = "UPDATE search_numbers SET next = next + 1 WHERE vendor_id = ?1 RETURNING first + next - 1";
        let number: i64 = connection.prepare_cached(number)?.query_row([vendor], |row| row.get(0))?;
        connection
            .prepare_cached(
                "INSERT INTO customers (vendor_id, id, name, name_folded, external_id, external_id_folded, status,
                     features, claimed, revision, created_at, updated_at, members, secrets, counter, number)
                 VALUES (?1, ?2, 'Initech Corporation', 'initech corporation', NULL, NULL, 'active',
                     ' artifacts deployments ', 0, 1, 1893456000000000, 1893456000000000, 0, 0, 0, ?3)",
            )?
            .execute((vendor, id, number))?;
        let detail = r#"{"after":{"external_id":null,"name":"Initech Corporation"},"before":null}"#;
        audit(connection, vendor, id, commit, "customer.created", detail)?;
        connection
            .prepare_cached(
                "INSERT INTO search_customers (number, customer_id, name_folded, external_id_folded)
                 VALUES (?1, ?2, 'initech corporation', NULL)",
            )?
            .execute((number, id))?;
        connection
            .prepare_cached("INSERT INTO search_index (rowid, text, more) VALUES (?1, ?2, NULL)")?
            .execute((number, "initech corporation\u{1}\u{1}"))?;
        Ok(())
    })
}
