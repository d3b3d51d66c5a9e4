//! Whatever else in the process opens and closes the store's files, as a second copy of SQLite does: it takes SQLite's locks
//! away, and nothing is lost (storage rule 8).

#![cfg(target_os = "linux")]

#[cfg(test)]
mod closing {
    use std::env;
    use std::fs::File;
    use std::path::Path;
    use std::process::{Command, Stdio};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::Duration;

    use tenantry_core::{Catalog, CustomerFilter, NewCustomer, Tenantry, VendorScope, VerifiedEmail};
    use tenantry_sqlite::{Durability, Sqlite};

    const FILE: &str = "TENANTRY_TEST_CLOSING_FILE";
    const THREADS: usize = 2;
    const EACH: usize = 50;

    fn open(path: &Path) -> Tenantry {
        // Without waiting for the disk there are more moments to be met. On a busy machine a turn may take long to come.
        let address = Sqlite::file(path).durability(Durability::ProcessCrash).busy_deadline(Duration::from_secs(600));
        Tenantry::builder(Catalog::standard()).open(address).wait().unwrap()
    }

    fn vendor(app: &Tenantry) -> VendorScope {
        let vendor = app.find_vendor("acme").wait().unwrap().unwrap();
        let ada = app.identify(vendor.id, VerifiedEmail::new("ada@acme.test")).wait().unwrap().unwrap();
        app.vendor(vendor.id, ada.user)
    }

    /// What one process does: some threads, a handle each, and one that opens and closes the files.
    fn work(path: &Path, process: &str) {
        let is_over = AtomicBool::new(false);
        thread::scope(|threads| {
            let writers: Vec<_> = (0..THREADS)
                .map(|thread| {
                    threads.spawn(move || {
                        let app = open(path);
                        let customers = vendor(&app).customers();
                        for number in 0..EACH {
                            let name = format!("{process} {thread} {number}");
                            customers.create(NewCustomer::new(&name)).wait().unwrap();
                            let found = customers.list(CustomerFilter::new().text(name)).wait().unwrap();
                            assert!(!found.items.is_empty());
                        }
                    })
                })
                .collect();
            threads.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    for end in ["", "-shm"] {
                        drop(File::open(format!("{}{end}", path.display())).unwrap());
                    }
                    thread::yield_now();
                }
            });
            let ended: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
            is_over.store(true, Ordering::Relaxed);
            ended.into_iter().for_each(|ended| ended.unwrap());
        });
    }

    #[test]
    fn two_processes_in_which_the_files_are_closed_all_the_time_lose_nothing() {
        if let Ok(path) = env::var(FILE) {
            let path = Path::new(&path);
            // Open as long as the files are opened and closed.
            let _app = open(path);
            return work(path, "other");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let app = open(&path);
        app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap();
        let name = "two_processes_in_which_the_files_are_closed_all_the_time_lose_nothing";
        let mut other = Command::new(env::current_exe().unwrap());
        other.args(["--nocapture", "--exact", &format!("closing::{name}")]).env(FILE, &path).stdout(Stdio::null());
        let mut other = other.spawn().unwrap();
        work(&path, "this");
        assert!(other.wait().unwrap().success());
        assert_eq!(app.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
        let all = vendor(&app).customers().list(CustomerFilter::new().page_size(1_000)).wait().unwrap();
        assert_eq!(all.items.len(), 2 * THREADS * EACH);
    }
}
