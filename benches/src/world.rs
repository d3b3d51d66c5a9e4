//! The store that is measured, and the machine that it is measured on.

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use tempfile::TempDir;
use tenantry::{Catalog, CustomerScope, NewCustomer, Role, RootKey, Sqlite, Tenantry, VendorScope, VerifiedEmail};

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
    pub(crate) fn new(customers: u64) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("ours.db");
        let app =
            Tenantry::builder(Catalog::standard()).root_key(RootKey::generate()?).open(Sqlite::file(&path)).wait()?;
        let staff = app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test").wait()?;
        let rows =
            (0..customers).map(|row| Ok(NewCustomer::new(format!("Customer {row}")).external_id(row.to_string())));
        staff.customers().import(rows, |_| ()).wait()?;
        let customer = staff.customer(staff.customers().find("0").wait()?.id);
        let invited = customer.members().invite("Hank", "hank@globex.test", Role::User).wait()?;
        let accepted = app.accept_invitation(&invited.token, VerifiedEmail::new("hank@globex.test")).wait()?;
        let member = accepted.customer().ok_or("not a customer")?;
        customer.secrets().set("SMTP_PASSWORD", "correct horse battery staple").wait()?;
        Ok(Self { folder, path, staff, customer, member, _app: app })
    }
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
