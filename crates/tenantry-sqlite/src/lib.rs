//! The store of tenantry for one machine: an SQLite file, embedded in the program.
//!
//! Several processes may use one file at once, also a process and its forks: each opens the file for itself. Point reads run on the calling thread from a pool of connections. Commits
//! that wait together share one immediate transaction and one fsync, and each is durable before it is answered. A blocking
//! caller who finds nobody writing commits on its own thread, an awaiting one never waits for the disk on its executor's.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use tenantry_core::{Catalog, Tenantry};
//! use tenantry_sqlite::Sqlite;
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("customers.db");
//! let app = Tenantry::builder(Catalog::standard()).open(Sqlite::file(path)).wait()?;
//! let vendor = app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test").wait()?;
//! # Ok(())
//! # }
//! ```
#![deny(unsafe_code)]

mod apply;
mod backup;
mod connection;
mod error;
mod file_system;
mod header;
mod integrity;
mod locks;
mod migration;
mod open;
mod outbox;
mod read;
mod row;
mod search;
mod store;
mod system;
mod writer;

use std::path::PathBuf;
use std::time::Duration;

/// SQLite takes milliseconds in 32 bits.
const LONGEST_DEADLINE: Duration = Duration::from_millis(i32::MAX as u64);

/// Where an SQLite store is, and how it is opened.
#[derive(Clone, Debug)]
pub struct Sqlite {
    pub(crate) path: PathBuf,
    pub(crate) durability: Durability,
    pub(crate) busy_deadline: Duration,
    pub(crate) network_file_system: bool,
}

/// What an acknowledged commit survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A loss of power: every commit waits for the disk (`synchronous=FULL`).
    PowerLoss,
    /// A crash of the process, but not a loss of power, which may take the last commits; the file stays consistent, unless
    /// the disk failed to sync before the power was lost (`synchronous=NORMAL`).
    ProcessCrash,
}

impl Sqlite {
    /// The store in this file, which is made if it does not exist; its folder must.
    ///
    /// SQLite keeps two more files beside it while it is open, `-wal` and `-shm`. The path is followed once, when the store
    /// is opened: a relative one starts at the folder that is the current one then, and links may lead elsewhere later.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            durability: Durability::PowerLoss,
            busy_deadline: Duration::from_secs(30),
            network_file_system: false,
        }
    }

    /// With this durability; [`Durability::PowerLoss`] unless told otherwise.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How long a commit waits for other processes before it answers `Contended`; 30 seconds unless told otherwise, and 24
    /// days at most, which is as long as SQLite can count.
    pub fn busy_deadline(mut self, deadline: Duration) -> Self {
        self.busy_deadline = deadline.min(LONGEST_DEADLINE);
        self
    }

    /// Allows a network file system, whose locks and shared memory often do not hold what SQLite needs: data may be lost.
    pub fn allow_network_file_system(mut self) -> Self {
        self.network_file_system = true;
        self
    }
}
