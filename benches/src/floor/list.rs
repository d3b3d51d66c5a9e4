//! The floors of P5 and P6: a scan without an index, and a page by the key.

use std::hint::black_box;

use rusqlite::{Row, ToSql};

use super::FloorStore;
use crate::world::World;

const COLUMNS: &str = "vendor_id, id, name, name_folded, external_id, external_id_folded, status, features, claimed, \
    members, secrets, revision, created_at, updated_at, counter";

/// Reads every column as the type that a program works with.
fn read(row: &Row<'_>) -> rusqlite::Result<()> {
    for blob in [0, 1] {
        black_box(row.get::<_, [u8; 16]>(blob)?);
    }
    for text in [2, 3, 6, 7] {
        black_box(row.get::<_, String>(text)?);
    }
    for text in [4, 5] {
        black_box(row.get::<_, Option<String>>(text)?);
    }
    for number in 8..15 {
        black_box(row.get::<_, i64>(number)?);
    }
    Ok(())
}

fn rows(store: &FloorStore, sql: &str, params: &[&dyn ToSql]) -> rusqlite::Result<usize> {
    let mut statement = store.connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        read(row)?;
        count += 1;
    }
    Ok(count)
}

/// Looks for a needle in name, external id and e-mail of every customer.
pub(crate) fn scan(store: &FloorStore, world: &World, needle: &str) -> rusqlite::Result<usize> {
    let sql = format!(
        "SELECT {COLUMNS} FROM customers
         WHERE vendor_id = ?1 AND status = 'active' AND (instr(name_folded, ?2) > 0
             OR instr(external_id_folded, ?2) > 0
             OR id IN (SELECT m.place_id FROM users AS u JOIN members AS m ON m.vendor_id = u.vendor_id AND m.user_id = u.id
                       WHERE u.vendor_id = ?1 AND instr(u.email_folded, ?2) > 0))
         ORDER BY +name_folded, id LIMIT 51"
    );
    let vendor = *world.staff.vendor_id().as_uuid().as_bytes();
    rows(store, &sql, &[&vendor, &needle])
}

/// A page of 50, and whether there is more, after this folded name and id.
pub(crate) fn page(store: &FloorStore, world: &World, name: &str, id: [u8; 16]) -> rusqlite::Result<usize> {
    let sql = format!(
        "SELECT {COLUMNS} FROM customers WHERE vendor_id = ?1 AND (name_folded, id) > (?2, ?3) AND status = 'active'
         ORDER BY name_folded, id LIMIT 51"
    );
    let vendor = *world.staff.vendor_id().as_uuid().as_bytes();
    rows(store, &sql, &[&vendor, &name, &id])
}
