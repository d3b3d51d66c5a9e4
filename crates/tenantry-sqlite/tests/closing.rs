//! Whatever else in the process opens and closes the store's files, as a second copy of SQLite does: it takes SQLite's locks
//! away, and nothing is lost (storage rule 8).

#![cfg(unix)]

#[cfg(test)]
mod closing {
    use std::collections::BTreeMap;
    use std::env;
    use std::fs::{self, File};
    use std::io;
    use std::path::Path;
    use std::process::{Command, Stdio};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use tenantry_conformance::race::{self, Updates};
    use tenantry_core::{Catalog, RootKey, Tenantry};
    use tenantry_sqlite::Sqlite;

    const FILE: &str = "TENANTRY_TEST_CLOSING_FILE";
    const THREADS: u64 = 3;

    fn open(path: &Path) -> Tenantry {
        let app = Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([1; 32]));
        app.open(Sqlite::file(path)).wait().unwrap()
    }

    /// About what a second copy of SQLite does for a read: closing a file takes away every lock of the process on it.
    fn read_and_close(path: &Path) {
        for end in ["", "-shm"] {
            let mut file = File::open(format!("{}{end}", path.display())).unwrap();
            io::copy(&mut file, &mut io::sink()).unwrap();
        }
    }

    /// What one process does: some threads, a handle each, and one that opens and closes the files.
    fn hands(path: &Path, first: u64) -> Vec<Updates> {
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let is_over = &is_over;
            let hand = |hand| scope.spawn(move || race::work(&open(path), hand + 1, race::rounds()).unwrap());
            let threads: Vec<_> = (first..first + THREADS).map(hand).collect();
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    read_and_close(path);
                    thread::yield_now();
                }
            });
            let done: Vec<_> = threads.into_iter().map(|thread| thread.join()).collect();
            is_over.store(true, Ordering::Relaxed);
            done.into_iter().map(Result::unwrap).collect()
        })
    }

    #[test]
    fn two_processes_in_which_the_files_are_closed_all_the_time_break_no_rule_and_lose_no_update() {
        if let Ok(path) = env::var(FILE) {
            let updates = hands(Path::new(&path), THREADS);
            let lines = updates.iter().flatten().map(|(customer, count)| format!("{customer} {count}\n"));
            fs::write(format!("{path}.done"), lines.collect::<String>()).unwrap();
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let app = open(&path);
        race::prepare(&app).unwrap();
        let name = "two_processes_in_which_the_files_are_closed_all_the_time_break_no_rule_and_lose_no_update";
        let mut other = Command::new(env::current_exe().unwrap());
        other.args(["--nocapture", "--exact", &format!("closing::{name}")]).env(FILE, &path).stdout(Stdio::null());
        let mut other = other.spawn().unwrap();
        let mut updates = hands(&path, 0);
        assert!(other.wait().unwrap().success());
        let mut theirs: Updates = BTreeMap::new();
        for line in fs::read_to_string(format!("{}.done", path.display())).unwrap().lines() {
            let (customer, count) = line.split_once(' ').unwrap();
            *theirs.entry(customer.parse().unwrap()).or_default() += count.parse::<u64>().unwrap();
        }
        assert!(!theirs.is_empty());
        updates.push(theirs);
        race::check(&app, &updates).unwrap();
    }
}
