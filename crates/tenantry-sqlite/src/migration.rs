//! The schema and its versions.

use rusqlite::{Connection, Result, TransactionBehavior};
use tenantry_core::vault::StoreId;

/// Marks a file as a store of tenantry (`tnty`).
pub(crate) const APPLICATION_ID: i64 = 0x746E_7479;

/// One step for each version: the first makes version 1.
const STEPS: &[&str] = &[include_str!("schema/v1.sql"), include_str!("schema/v2.sql")];

/// The version that this release writes.
pub(crate) fn latest() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// Brings the schema to the latest version, in one transaction; `new_id` names a store that is made.
///
/// Another process may be doing the same: whoever comes second finds it done.
pub(crate) fn run(connection: &mut Connection, new_id: StoreId) -> Result<()> {
    run_to(connection, new_id, STEPS)
}

fn run_to(connection: &mut Connection, new_id: StoreId, steps: &[&str]) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (version, step) in (1_i64..).zip(steps).filter(|(version, _)| *version > found) {
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version)?;
    }
    if found == 0 {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.execute("INSERT INTO store (id) VALUES (?1)", [new_id.as_bytes()])?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        run(&mut fresh, id).unwrap();
        for steps in 1..=STEPS.len() {
            let mut old = Connection::open_in_memory().unwrap();
            run_to(&mut old, id, &STEPS[..steps]).unwrap();
            run(&mut old, StoreId::from_bytes([2; 16])).unwrap();
            assert_eq!(schema(&old), schema(&fresh));
            let kept: [u8; 16] = old.query_row("SELECT id FROM store", [], |row| row.get(0)).unwrap();
            assert_eq!(&kept, id.as_bytes(), "an upgrade keeps the id of the store");
        }
    }
}
