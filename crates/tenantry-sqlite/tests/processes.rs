//! Two processes on one file: the same races as between threads, with the default durability.

#[cfg(test)]
mod processes {
    use std::env;
    use std::fs;
    use std::path::Path;
    use std::process::{Child, Command, Stdio};
    use std::thread;

    use tenantry_conformance::race::{self, Updates};
    use tenantry_core::{Catalog, PageRequest, RootKey, Tenantry};
    use tenantry_sqlite::Sqlite;

    const FILE: &str = "TENANTRY_TEST_RACE_FILE";
    const THREADS: u64 = 4;
    const CUSTOMERS: u64 = 40;

    fn open(path: &Path) -> Tenantry {
        let app = Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([1; 32]));
        app.open(Sqlite::file(path)).wait().unwrap()
    }

    /// What one process does: some threads, a handle each. `first` tells the hands of the processes apart.
    fn hands(path: &Path, first: u64) -> (Vec<Updates>, u64) {
        thread::scope(|scope| {
            let hand = |hand| {
                scope.spawn(move || {
                    let app = open(path);
                    let raised = race::invite_all(&app, hand, CUSTOMERS).unwrap();
                    (race::work(&app, hand + 1, race::rounds()).unwrap(), raised)
                })
            };
            let threads: Vec<_> = (first..first + THREADS).map(hand).collect();
            let done: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
            let raised = done.iter().map(|(_, raised)| raised).sum();
            (done.into_iter().map(|(updates, _)| updates).collect(), raised)
        })
    }

    fn start_other(path: &Path, test: &str) -> Child {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--nocapture", "--exact", &format!("processes::{test}")]);
        // Its own result is its exit code; a line about it would be counted as a test.
        child.env(FILE, path).stdout(Stdio::null()).spawn().unwrap()
    }

    /// Eight hands in two processes. Run again as the other process, it writes what it did beside the file.
    #[test]
    fn two_processes_break_no_rule_lose_no_update_and_raise_one_invitation_each() {
        if let Ok(path) = env::var(FILE) {
            let (updates, raised) = hands(Path::new(&path), THREADS);
            let lines = updates.iter().flatten().map(|(customer, count)| format!("{customer} {count}\n"));
            fs::write(format!("{path}.done"), lines.collect::<String>() + &format!("raised {raised}\n")).unwrap();
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let app = open(&path);
        race::prepare(&app).unwrap();
        let name = "two_processes_break_no_rule_lose_no_update_and_raise_one_invitation_each";
        let mut other = start_other(&path, name);
        let (mut updates, mut raised) = hands(&path, 0);
        assert!(other.wait().unwrap().success());
        let mut theirs = Updates::new();
        for line in fs::read_to_string(format!("{}.done", path.display())).unwrap().lines() {
            let (what, count) = line.split_once(' ').unwrap();
            let count: u64 = count.parse().unwrap();
            match what.parse() {
                Ok(customer) => *theirs.entry(customer).or_default() += count,
                Err(_) => raised += count,
            }
        }
        assert!(!theirs.is_empty());
        updates.push(theirs);
        race::check(&app, &updates).unwrap();
        assert_eq!(raised, CUSTOMERS);
    }

    /// Whoever comes second finds the file made.
    #[test]
    fn two_processes_make_the_same_file_at_once() {
        if let Ok(path) = env::var(FILE) {
            let opened = Tenantry::builder(Catalog::standard()).open(Sqlite::file(&path)).wait();
            if let Err(error) = &opened {
                eprintln!("the other process: {error:?}");
            }
            assert!(opened.is_ok());
            return;
        }
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("store.db");
            let mut others: Vec<_> =
                (0..2).map(|_| start_other(&path, "two_processes_make_the_same_file_at_once")).collect();
            let app = open(&path);
            assert!(others.iter_mut().all(|other| other.wait().unwrap().success()));
            assert!(app.vendors(PageRequest::first()).wait().unwrap().items.is_empty());
        }
    }
}
