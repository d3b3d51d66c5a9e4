//! The schema and its versions.

use rusqlite::{Result, Transaction};
use tenantry_core::vault::StoreId;

/// Marks a file as a store of tenantry (`tnty`).
pub(crate) const APPLICATION_ID: i64 = 0x746E_7479;

/// One step for each version: the first makes version 1.
const STEPS: &[&str] = &[
    include_str!("schema/v1.sql"),
    include_str!("schema/v2.sql"),
    include_str!("schema/v3.sql"),
    include_str!("schema/v4.sql"),
    include_str!("schema/v5.sql"),
];

/// The version that this release writes.
pub(crate) fn latest() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// Brings the schema from version `found` to the latest, within the transaction that found it; `new_id` names a store that
/// is made.
pub(crate) fn run(transaction: &Transaction<'_>, found: i64, new_id: StoreId) -> Result<()> {
    run_to(transaction, found, new_id, STEPS)
}

fn run_to(transaction: &Transaction<'_>, found: i64, new_id: StoreId, steps: &[&str]) -> Result<()> {
    for (version, step) in (1_i64..).zip(steps).filter(|(version, _)| *version > found) {
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version)?;
    }
    if found == 0 {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.execute("INSERT INTO store (id) VALUES (?1)", [new_id.as_bytes()])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    fn migrate(connection: &mut Connection, id: StoreId, steps: &[&str]) {
        let transaction = connection.transaction().unwrap();
        let found = transaction.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        run_to(&transaction, found, id, steps).unwrap();
        transaction.commit().unwrap();
    }

    fn schema(connection: &Connection) -> Vec<(String, String)> {
        let mut statement =
            connection.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_>>().unwrap()
    }

    #[test]
    fn every_prefix_of_the_steps_upgrades_to_the_schema_of_a_fresh_file() {
        let id = StoreId::from_bytes([1; 16]);
        let mut fresh = Connection::open_in_memory().unwrap();
        migrate(&mut fresh, id, STEPS);
        for steps in 1..=STEPS.len() {
            let mut old = Connection::open_in_memory().unwrap();
            migrate(&mut old, id, &STEPS[..steps]);
            migrate(&mut old, StoreId::from_bytes([2; 16]), STEPS);
            assert_eq!(schema(&old), schema(&fresh));
            let kept: [u8; 16] = old.query_row("SELECT id FROM store", [], |row| row.get(0)).unwrap();
            assert_eq!(&kept, id.as_bytes(), "an upgrade keeps the id of the store");
        }
    }
}
