//! The floors: the least that any program must do for the same result, written directly on rusqlite.
//!
//! A floor works on a copy of the file that tenantry made, so schema, indexes and rows are those of the real store; its
//! connection is set up like the store's, and its statements are prepared once.

mod create;
mod decide;
mod list;
mod secret;

use std::cell::Cell;
use std::error::Error;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub(crate) use create::{bulk, create};
pub(crate) use decide::decide;
pub(crate) use list::{page, scan};
pub(crate) use secret::secret;

use crate::world::{self, World};

/// A copy of a store, and the ids that are made for it.
pub(crate) struct FloorStore {
    connection: Connection,
    next: Cell<u128>,
    version: Cell<i64>,
}

impl FloorStore {
    pub(crate) fn copy(world: &World) -> Result<Self, Box<dyn Error>> {
        let path = world.folder.path().join("floor.db");
        // Byte for byte, so that no page stands in a better place than ours.
        let source = Connection::open(&world.path)?;
        source.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        world::copy(&world.path, &path)?;
        let connection = Connection::open(path)?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        // Application id and user version stand in the file; these are a connection's.
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        for (pragma, value) in [
            ("synchronous", 2),
            ("secure_delete", 1),
            ("foreign_keys", 1),
            ("cell_size_check", 1),
            ("wal_autocheckpoint", 2_000),
        ] {
            connection.pragma_update(None, pragma, value)?;
        }
        // After every id that the store has made: UUIDv7 begins with the time.
        let next = u128::from_str_radix("7fff000000007000b000000000000000", 16)?;
        Ok(Self { connection, next: Cell::new(next), version: Cell::new(1) })
    }

    /// Ids that rise, like UUIDv7.
    fn id(&self) -> [u8; 16] {
        self.next.set(self.next.get() + 1);
        Uuid::from_u128(self.next.get()).into_bytes()
    }

    fn in_transaction(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> rusqlite::Result<()> {
        let run = |sql| self.connection.prepare_cached(sql)?.execute([]);
        run("BEGIN IMMEDIATE")?;
        work(&self.connection)?;
        run("COMMIT").map(|_| ())
    }
}

/// The entry that every change writes: three hashes, the chain's head, the entry, its detail.
fn audit(
    connection: &Connection,
    vendor: [u8; 16],
    place: [u8; 16],
    (commit, ordinal): ([u8; 16], u32),
    action: &str,
    detail: &str,
) -> rusqlite::Result<()> {
    let head = "SELECT number, hash FROM audit_heads WHERE vendor_id = ?1 AND place_id = ?2";
    let head: Option<(i64, [u8; 32])> = rusqlite::OptionalExtension::optional(
        connection.prepare_cached(head)?.query_row((vendor, place), |row| Ok((row.get(0)?, row.get(1)?))),
    )?;
    let (number, previous) = head.map_or((1, [0; 32]), |(number, hash)| (number + 1, hash));
    let position = "SELECT coalesce(max(position), 0) + 1 FROM audit_entries WHERE vendor_id = ?1";
    let position: i64 = connection.prepare_cached(position)?.query_row([vendor], |row| row.get(0))?;
    let salt = [7_u8; 32];
    let (actor, target) = ("usr_00000000000000000000000000000000", "cus_00000000000000000000000000000000");
    let digest: [u8; 32] = Sha256::new().chain_update(salt).chain_update(detail).finalize().into();
    let entry = Sha256::new().chain_update(commit).chain_update(actor).chain_update(action).chain_update(vendor);
    let entry = entry.chain_update(place).chain_update(target).chain_update(digest).finalize();
    let hash: [u8; 32] = Sha256::new().chain_update(previous).chain_update(entry).finalize().into();
    connection
        .prepare_cached(
            "INSERT INTO audit_entries (vendor_id, place_id, number, position, commit_id, ordinal, time, actor, action,
                 target, detail_digest, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1893456000000000, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute((vendor, place, number, position, commit, ordinal, actor, action, target, digest, hash))?;
    connection
        .prepare_cached(
            "INSERT INTO audit_details (vendor_id, place_id, number, salt, subject, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((vendor, place, number, salt, target, detail))?;
    connection
        .prepare_cached(
            "INSERT INTO audit_heads (vendor_id, place_id, number, hash) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (vendor_id, place_id) DO UPDATE SET number = ?3, hash = ?4",
        )?
        .execute((vendor, place, number, hash))?;
    Ok(())
}
