//! The floors of P3, P4 and P8: the rows of a new customer, its audit entry and its place in the search index, alone or many
//! in one transaction.

use rusqlite::Connection;

use super::{FloorStore, audit};
use crate::world::World;

pub(crate) fn create(store: &FloorStore, world: &World) -> rusqlite::Result<()> {
    let (vendor, id, commit) = (*world.staff.vendor_id().as_uuid().as_bytes(), store.id(), store.id());
    store.in_transaction(|connection| {
        let number = next_number(connection, vendor)?;
        connection
            .prepare_cached(
                "INSERT INTO customers (vendor_id, id, name, name_folded, external_id, external_id_folded, status,
                     features, claimed, revision, created_at, updated_at, members, secrets, counter, number)
                 VALUES (?1, ?2, 'Initech Corporation', 'initech corporation', NULL, NULL, 'active',
                     ' artifacts deployments ', 0, 1, 1893456000000000, 1893456000000000, 0, 0, 0, ?3)",
            )?
            .execute((vendor, id, number))?;
        let detail = r#"{"after":{"external_id":null,"name":"Initech Corporation"},"before":null}"#;
        audit(connection, vendor, id, (commit, 0), "customer.created", detail)?;
        search(connection, number, id, "initech corporation", None)
    })
}

/// Customers of these external ids and names, in one transaction.
pub(crate) fn bulk(store: &FloorStore, world: &World, rows: &[(String, &str)]) -> rusqlite::Result<()> {
    let vendor = *world.staff.vendor_id().as_uuid().as_bytes();
    let commit = store.id();
    store.in_transaction(|connection| {
        let mut numbers = Vec::with_capacity(rows.len());
        for ((external_id, name), ordinal) in rows.iter().zip(0_u32..) {
            let (id, number) = (store.id(), next_number(connection, vendor)?);
            numbers.push((number, id));
            connection
                .prepare_cached(
                    "INSERT INTO customers (vendor_id, id, name, name_folded, external_id, external_id_folded, status,
                         features, claimed, revision, created_at, updated_at, members, secrets, counter, number)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'active',
                         ' artifacts deployments ', 0, 1, 1893456000000000, 1893456000000000, 0, 0, 0, ?7)",
                )?
                .execute((vendor, id, name, name.to_lowercase(), external_id, external_id.to_lowercase(), number))?;
            let detail = format!(r#"{{"after":{{"external_id":"{external_id}","name":"{name}"}},"before":null}}"#);
            audit(connection, vendor, id, (commit, ordinal), "customer.created", &detail)?;
        }
        for ((number, id), (external_id, name)) in numbers.into_iter().zip(rows) {
            search(connection, number, id, &name.to_lowercase(), Some(&external_id.to_lowercase()))?;
        }
        Ok(())
    })
}

fn next_number(connection: &Connection, vendor: [u8; 16]) -> rusqlite::Result<i64> {
    let number = "UPDATE search_numbers SET next = next + 1 WHERE vendor_id = ?1 RETURNING first + next - 1";
    connection.prepare_cached(number)?.query_row([vendor], |row| row.get(0))
}

/// A customer's rows in the search index.
fn search(
    connection: &Connection,
    number: i64,
    id: [u8; 16],
    name: &str,
    external_id: Option<&str>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO search_customers (number, customer_id, name_folded, external_id_folded) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((number, id, name, external_id))?;
    let closed = |text: &str| format!("{text}\u{1}\u{1}");
    connection.prepare_cached("INSERT INTO search_index (rowid, text, more) VALUES (?1, ?2, ?3)")?.execute((
        number,
        closed(name),
        external_id.map(closed),
    ))?;
    Ok(())
}
