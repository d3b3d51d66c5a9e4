//! The store that is measured, and the machine that it is measured on.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use tempfile::TempDir;
use tenantry::{CustomerScope, Tenantry, VendorScope, VerifiedEmail};

use crate::population;

/// From how many customers on a store is kept for the next run.
const KEPT_FROM: u64 = 20_000;

/// A store in a file, with customers, and one of them with a member and a secret.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) path: PathBuf,
    pub(crate) staff: VendorScope,
    /// Staff acting on the customer.
    pub(crate) customer: CustomerScope,
    /// A member of the customer.
    pub(crate) member: CustomerScope,
    /// Kept open for as long as the scopes are used.
    _app: Tenantry,
}

impl World {
    /// A store with so many customers. A large one is made once and kept; everybody gets a copy.
    pub(crate) fn new(customers: u64) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("ours.db");
        if customers < KEPT_FROM {
            population::make(&path, customers)?;
        } else {
            copy(&population::kept(customers)?, &path)?;
        }
        let app = population::open(&path)?;
        let staff = population::staff(&app)?;
        let customer = staff.customer(staff.customers().find(&population::external_id(0)).wait()?.id);
        let hank = app.identify(staff.vendor_id(), VerifiedEmail::new(population::MEMBER)).wait()?;
        let member = app.customer(staff.vendor_id(), customer.customer_id(), hank.ok_or("the member is missing")?.user);
        Ok(Self { folder, path, staff, customer, member, _app: app })
    }
}

/// Copies a store to the disk: who measures must not wait for it, and the first sync of the copy would.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    File::open(to)?.sync_all()
}

/// The middle of some times.
pub(crate) fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Processors, the time of an fsync in the folder for temporary files, and the version of SQLite.
pub(crate) fn machine() -> Result<String, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut file = File::create(folder.path().join("fsync"))?;
    let mut times = Vec::new();
    for _ in 0..200 {
        file.write_all(&[7; 4_096])?;
        let begin = Instant::now();
        file.sync_data()?;
        times.push(begin.elapsed().as_secs_f64() * 1e6);
    }
    let (cores, fsync) = (std::thread::available_parallelism()?, median(times));
    let (sqlite, folder) = (rusqlite::version(), std::env::temp_dir());
    Ok(format!("{cores} cores, fsync {fsync:.0} us in {}, SQLite {sqlite}", folder.display()))
}
