//! A second copy of SQLite reads the file in this process, others come and go, and the process is killed: what was
//! acknowledged is there, and without the locks of this module it is not.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::{env, io};

use async_trait::async_trait;
use rusqlite::Connection;
use tenantry_core::store::{Admission, OpenError, OpenStore, Probe, Store, StoreError};
use tenantry_core::{Caller, Catalog, CustomerFilter, NewCustomer, Tenantry, VerifiedEmail};

use super::Locks;
use crate::connection::{Opened, Purpose, Settings};
use crate::file_system::FileId;
use crate::store::SqliteStore;
use crate::{Sqlite, row};

const FILE: &str = "TENANTRY_TEST_LOCKS_FILE";

/// A store that relies on SQLite's locks.
#[derive(Debug)]
struct Unlocked(PathBuf);

#[async_trait]
impl OpenStore for Unlocked {
    async fn open(self: Box<Self>, admission: Admission, _: Caller) -> Result<Arc<dyn Store>, OpenError> {
        let settings = Settings::new(&Sqlite::file(&self.0), self.0.clone());
        let writer = settings.connect(Purpose::Write).unwrap();
        let (store_id, root_keys) = (row::store_id(&writer).unwrap(), row::root_keys(&writer).unwrap());
        admission.admit(&Probe { store_id, root_keys }).await?;
        let opened = Opened { settings, file: FileId::of(&self.0).unwrap(), log: None, store: store_id };
        Ok(Arc::new(SqliteStore::new(opened, Locks::without(), writer)))
    }
}

fn open(store: impl OpenStore) -> Tenantry {
    Tenantry::builder(Catalog::standard()).open(store).wait().unwrap()
}

/// As the end of a read of the other copy: every lock of this process is gone.
fn close(path: &Path) {
    for end in ["", "-shm"] {
        // Where the locks were not held, there is none any more.
        drop(File::open(format!("{}{end}", path.display())));
    }
}

/// The process that is killed: a commit, and the other copy, each time that it is told to go on.
fn write(app: &Tenantry, path: &Path) {
    let vendor = app.find_vendor("acme").wait().unwrap().unwrap();
    let ada = app.identify(vendor.id, VerifiedEmail::new("ada@acme.test")).wait().unwrap().unwrap();
    let vendor = app.vendor(vendor.id, ada.user);
    for (number, line) in io::stdin().lines().enumerate() {
        line.unwrap();
        vendor.customers().create(NewCustomer::new(format!("Customer {number}"))).wait().unwrap();
        close(path);
        // Past the test's own output, which is kept until its end.
        io::stderr().write_all(b"done\n").unwrap();
    }
}

/// How many of the acknowledged commits are there afterwards.
fn left_of(rounds: usize, test: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let app = open(Sqlite::file(&path));
    app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap();
    app.maintenance("test").close().wait().unwrap();
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--nocapture", "--exact", &format!("locks::tests::{test}")]).env(FILE, &path);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut tell, mut told) = (child.stdin.take().unwrap(), BufReader::new(child.stderr.take().unwrap()));
    for _ in 0..rounds {
        tell.write_all(b"go on\n").unwrap();
        let mut line = String::new();
        told.read_line(&mut line).unwrap();
        assert_eq!(line, "done\n");
        // Another process reads the file and closes it, and would be the last to do so.
        let other = Connection::open(&path).unwrap();
        let tables: i64 = other.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        assert!(tables > 0);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let app = open(Sqlite::file(&path));
    assert_eq!(app.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
    let vendor = app.find_vendor("acme").wait().unwrap().unwrap();
    let ada = app.identify(vendor.id, VerifiedEmail::new("ada@acme.test")).wait().unwrap().unwrap();
    let customers = app.vendor(vendor.id, ada.user).customers();
    let (mut count, mut filter) = (0, CustomerFilter::new().page_size(1_000));
    loop {
        let page = customers.list(filter).wait().unwrap();
        count += page.items.len();
        let Some(next) = page.next else { return count };
        filter = CustomerFilter::new().page_size(1_000).after(next);
    }
}

#[test]
fn a_thousand_reads_of_another_copy_lose_nothing() {
    if let Ok(path) = env::var(FILE) {
        return write(&open(Sqlite::file(&path)), Path::new(&path));
    }
    assert_eq!(left_of(1_000, "a_thousand_reads_of_another_copy_lose_nothing"), 1_000);
}

#[test]
fn without_locks_of_our_own_what_was_acknowledged_is_lost() {
    if let Ok(path) = env::var(FILE) {
        return write(&open(Unlocked(PathBuf::from(&path))), Path::new(&path));
    }
    assert!(left_of(100, "without_locks_of_our_own_what_was_acknowledged_is_lost") < 10);
}

#[test]
fn a_disk_that_fails_is_told_from_a_file_system_without_locks() {
    let told = |code| super::without_locks(io::Error::from_raw_os_error(code));
    for code in [libc::EINVAL, libc::ENOSYS, libc::EOPNOTSUPP] {
        assert!(matches!(told(code), OpenError::Unusable(_)), "{code}");
    }
    for code in [libc::EIO, libc::ENOLCK, libc::EINTR] {
        assert!(matches!(told(code), OpenError::Store(StoreError::Unavailable(_))), "{code}");
    }
}
