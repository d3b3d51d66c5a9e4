//! Opening a store: by which path it is reached, and what stands there by then.

#[cfg(test)]
mod opening {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::sync::Mutex;
    use std::time::Duration;
    use std::{env, thread};

    use async_trait::async_trait;
    use rusqlite::Connection;
    use tenantry_core::error::Error;
    use tenantry_core::store::OpenError;
    use tenantry_core::{
        Catalog, NewCustomer, NewRootKey, PageRequest, ProviderError, RootKey, RootKeyId, RootKeyProvider, Tenantry,
    };
    use tenantry_sqlite::Sqlite;

    fn open(path: &Path, key: u8) -> Result<Tenantry, Error> {
        Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([key; 32])).open(Sqlite::file(path)).wait()
    }

    /// A vendor with this key, and a secret: the store knows its root key then.
    fn populate(app: &Tenantry, vendor: &str) {
        let vendor = app.bootstrap(vendor, "Acme", "Ada", "ada@acme.test").wait().unwrap();
        let customer = vendor.customers().create(NewCustomer::new("Globex")).wait().unwrap();
        vendor.customer(customer.id).secrets().set("K", "v").wait().unwrap();
    }

    #[test]
    fn the_longest_deadline_does() {
        let folder = tempfile::tempdir().unwrap();
        let address = Sqlite::file(folder.path().join("store.db")).busy_deadline(Duration::MAX);
        Tenantry::builder(Catalog::standard()).open(address).wait().unwrap();
    }

    fn vendors(app: &Tenantry) -> Result<Vec<String>, Error> {
        let page = app.vendors(PageRequest::first()).wait()?;
        Ok(page.items.into_iter().map(|vendor| vendor.key).collect())
    }

    fn reason(error: &Error) -> &OpenError {
        let Error::CannotOpen(error) = error else { panic!("{error:?}") };
        error.reason()
    }

    /// Every file of a folder with its bytes, but for the index of the log, which SQLite makes anew as it needs it.
    fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let files = files.filter(|path| path.is_file() && !path.to_string_lossy().ends_with("-shm"));
        files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }

    /// Without a header in the file SQLite would be asked to take it back to nothing, and that is for a file of nobody only.
    #[test]
    fn a_file_whose_making_the_power_cut_off_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let (path, beside) = (folder.path().join("store.db"), folder.path().join("store.db-journal"));
        let journal = |pages_before: u8| {
            let mut journal = vec![0; 512];
            journal[..8].copy_from_slice(&[0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7]);
            journal[19] = pages_before;
            (journal[22], journal[26]) = (2, 16);
            journal
        };
        // The second page has arrived, the first one has not.
        let unmade = [vec![0; 4_096], vec![0xA5; 4_096]].concat();
        let text = [b"a text".to_vec(), unmade.clone()].concat();
        for (main, journal) in [(&unmade, journal(2)), (&unmade, vec![0; 512]), (&text, journal(0))] {
            fs::write(&path, main).unwrap();
            fs::write(&beside, journal).unwrap();
            let before = contents(folder.path());
            assert!(matches!(reason(&open(&path, 7).unwrap_err()), OpenError::Foreign { .. }));
            assert_eq!(contents(folder.path()), before);
        }
        fs::write(&path, &unmade).unwrap();
        fs::write(&beside, journal(0)).unwrap();
        populate(&open(&path, 7).unwrap(), "acme");
        assert_eq!(vendors(&open(&path, 7).unwrap()).unwrap(), ["acme"]);
    }

    /// A store that was never closed, as a crash leaves it: with its log.
    fn crashed(path: &Path) {
        let folder = tempfile::tempdir().unwrap();
        let live = folder.path().join("store.db");
        let app = open(&live, 7).unwrap();
        populate(&app, "acme");
        for end in ["", "-wal"] {
            fs::copy(format!("{}{end}", live.display()), format!("{}{end}", path.display())).unwrap();
        }
    }

    /// Runs a test again as a process of its own, in a folder.
    fn in_a_process(test: &str, folder: &Path) {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--exact", &format!("opening::{test}")]).env(CHILD, folder).current_dir(folder);
        let output = child.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }

    const CHILD: &str = "TENANTRY_TEST_OPENING_CHILD";

    #[test]
    fn an_empty_path_is_refused() {
        let error = open(Path::new(""), 7).unwrap_err();
        assert_eq!(error.to_string(), "the store cannot be opened: the path of the store is empty");
    }

    #[cfg(unix)]
    #[test]
    fn a_linked_store_with_a_wrong_root_key_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link.db"));
        fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(real.join("store.db"), &link).unwrap();
        crashed(&real.join("store.db"));
        let before = contents(&real);
        assert!(before.len() == 2 && before.values().all(|bytes| !bytes.is_empty()), "a log is there");
        assert!(matches!(open(&link, 8).unwrap_err(), Error::WrongRootKey));
        assert!(contents(&real) == before, "after a crash");
        let app = open(&link, 7).unwrap();
        assert_eq!(vendors(&app).unwrap(), ["acme"]);
        app.maintenance("test").close().wait().unwrap();
        let before = contents(&real);
        assert_eq!(before.len(), 1);
        assert!(matches!(open(&link, 8).unwrap_err(), Error::WrongRootKey));
        assert!(contents(&real) == before);
    }

    #[cfg(unix)]
    #[test]
    fn a_store_is_made_where_a_link_leads() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("real")).unwrap();
        let link = folder.path().join("link.db");
        std::os::unix::fs::symlink("real/store.db", &link).unwrap();
        let app = open(&link, 7).unwrap();
        populate(&app, "acme");
        assert!(folder.path().join("real/store.db").is_file());
        std::os::unix::fs::symlink("loop", folder.path().join("loop")).unwrap();
        assert!(matches!(reason(&open(&folder.path().join("loop"), 7).unwrap_err()), OpenError::Unusable(_)));
    }

    /// In a process of its own, because the current folder is the whole process's.
    #[test]
    fn a_relative_path_stays_where_it_was_when_the_current_folder_changes() {
        if let Ok(folder) = env::var(CHILD) {
            let other = Path::new(&folder).join("other");
            fs::create_dir(&other).unwrap();
            populate(&open(&other.join("store.db"), 7).unwrap(), "umbrella");
            let app = open(Path::new("store.db"), 7).unwrap();
            env::set_current_dir(&other).unwrap();
            populate(&app, "acme");
            assert_eq!(vendors(&app).unwrap(), ["acme"]);
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        in_a_process("a_relative_path_stays_where_it_was_when_the_current_folder_changes", folder.path());
    }

    #[test]
    fn a_path_is_no_uri() {
        if env::var(CHILD).is_ok() {
            populate(&open(Path::new("store.db"), 7).unwrap(), "umbrella");
            let app = open(Path::new("file:store.db?mode=memory"), 8).unwrap();
            populate(&app, "acme");
            assert_eq!(vendors(&app).unwrap(), ["acme"]);
            assert!(Path::new("file:store.db?mode=memory").is_file());
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        in_a_process("a_path_is_no_uri", folder.path());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_was_replaced_is_neither_read_nor_written() {
        for taken_away in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let (path, other) = (folder.path().join("store.db"), folder.path().join("other.db"));
            let app = open(&other, 7).unwrap();
            populate(&app, "umbrella");
            app.maintenance("test").close().wait().unwrap();
            populate(&open(&path, 7).unwrap(), "acme");
            // No reader is connected yet.
            let app = open(&path, 7).unwrap();
            if taken_away {
                fs::remove_file(&path).unwrap();
            } else {
                fs::rename(&other, &path).unwrap();
            }
            let _ = fs::remove_file(folder.path().join("store.db-wal"));
            let _ = fs::remove_file(folder.path().join("store.db-shm"));
            let before = contents(folder.path());
            let error = app.bootstrap("globex", "Globex", "Gus", "gus@globex.test").wait().unwrap_err();
            assert_eq!(error.code(), "storage_corrupt");
            let cause = std::error::Error::source(&error).unwrap().to_string();
            let what = if taken_away { "was taken away" } else { "was replaced by another file" };
            assert!(cause.contains(&format!("store.db` {what} while it was open")), "{cause}");
            assert_eq!(vendors(&app).unwrap_err().code(), "storage_corrupt");
            assert!(contents(folder.path()) == before, "nothing was made or written in its place");
        }
    }

    #[test]
    fn a_file_that_another_store_was_copied_over_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("store.db"), folder.path().join("other.db"));
        for (path, vendor) in [(&path, "acme"), (&other, "umbrella")] {
            let app = open(path, 7).unwrap();
            populate(&app, vendor);
            app.maintenance("test").close().wait().unwrap();
        }
        let app = open(&path, 7).unwrap();
        fs::copy(&other, &path).unwrap();
        assert_eq!(vendors(&app).unwrap_err().code(), "storage_corrupt");
    }

    /// What another process makes of a file that was empty when it was looked at.
    fn made_meanwhile(make: impl FnOnce(&Connection)) -> (Error, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().join("store.db");
        fs::write(&path, b"").unwrap();
        let other = Connection::open(&path).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        let error = thread::scope(|threads| {
            let opening = threads.spawn(|| open(&path, 8));
            // It has looked when it opens the file too, and then waits for our lock.
            while descriptors(&path) < 2 && !opening.is_finished() {
                thread::yield_now();
            }
            make(&other);
            other.execute_batch("COMMIT").unwrap();
            opening.join().unwrap().unwrap_err()
        });
        let raw = Connection::open(&path).unwrap();
        let mode: String = raw.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert_eq!(mode, "delete", "it was not even given a log");
        (error, raw)
    }

    /// How many descriptors of this process are of a file; where that cannot be asked, enough.
    fn descriptors(path: &Path) -> usize {
        let Ok(all) = fs::read_dir("/proc/self/fd") else { return usize::MAX };
        all.filter(|entry| fs::read_link(entry.as_ref().unwrap().path()).is_ok_and(|target| target == path)).count()
    }

    #[test]
    fn a_foreign_file_that_was_made_meanwhile_is_refused() {
        let theirs = "CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1); PRAGMA application_id = 42";
        let (error, raw) = made_meanwhile(|other| other.execute_batch(theirs).unwrap());
        assert!(matches!(reason(&error), OpenError::Foreign { .. }), "{error}");
        let tables: i64 = raw.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 1);
    }

    #[test]
    fn a_newer_store_that_was_made_meanwhile_is_refused() {
        let newer = "CREATE TABLE store (id); PRAGMA application_id = 0x746E7479; PRAGMA user_version = 99";
        let (error, _) = made_meanwhile(|other| other.execute_batch(newer).unwrap());
        assert!(matches!(reason(&error), OpenError::Newer { found: 99, .. }), "{error}");
    }

    #[test]
    fn a_store_with_another_root_key_that_was_made_meanwhile_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source.db");
        let app = open(&source, 7).unwrap();
        populate(&app, "acme");
        app.maintenance("test").close().wait().unwrap();
        let source = Connection::open(&source).unwrap();
        let (error, raw) = made_meanwhile(|other| {
            for step in [include_str!("../src/schema/v1.sql"), include_str!("../src/schema/v2.sql")] {
                other.execute_batch(step).unwrap();
            }
            let id: [u8; 16] = source.query_row("SELECT id FROM store", [], |row| row.get(0)).unwrap();
            other.execute("INSERT INTO store VALUES (?1)", [id]).unwrap();
            let root_key = "SELECT id, check_value, created_at, state, kept FROM root_keys";
            let root_key: (Vec<u8>, Vec<u8>, i64, String, Vec<u8>) = source
                .query_row(root_key, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
                .unwrap();
            other.execute("INSERT INTO root_keys VALUES (?1, ?2, ?3, ?4, ?5)", root_key).unwrap();
            let marks = "PRAGMA application_id = 0x746E7479";
            other.execute_batch(marks).unwrap();
            let version: i64 = source.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
            other.pragma_update(None, "user_version", version).unwrap();
        });
        assert!(matches!(error, Error::WrongRootKey), "{error}");
        let stores: i64 = raw.query_row("SELECT count(*) FROM store", [], |row| row.get(0)).unwrap();
        assert_eq!(stores, 1);
    }

    /// Knows the root key of every store, and whenever it is asked for one another store takes the place of that one.
    #[derive(Debug)]
    struct Replacing {
        keys: Vec<RootKey>,
        stores: Mutex<Vec<PathBuf>>,
        path: PathBuf,
    }

    #[async_trait]
    impl RootKeyProvider for Replacing {
        async fn new_key(&self) -> Result<NewRootKey, ProviderError> {
            Err(ProviderError::TimedOut)
        }

        async fn key(&self, id: RootKeyId, _: &[u8]) -> Result<Option<RootKey>, ProviderError> {
            if let Some(next) = self.stores.lock().unwrap().pop() {
                fs::rename(next, &self.path).unwrap();
            }
            Ok(self.keys.iter().find(|key| key.id() == id).cloned())
        }
    }

    #[test]
    fn a_file_that_is_another_one_whenever_it_is_looked_at_is_refused_and_one_that_comes_to_rest_is_opened() {
        for (replaced, is_opened) in [(9, true), (10, false)] {
            let folder = tempfile::tempdir().unwrap();
            let numbers = 0..=replaced;
            let stores = numbers.clone().map(|number| folder.path().join(format!("{number}.db")));
            let mut stores: Vec<_> = stores.collect();
            for (number, path) in numbers.clone().zip(&stores) {
                let app = open(path, number).unwrap();
                populate(&app, &format!("vendor-{number}"));
                app.maintenance("test").close().wait().unwrap();
            }
            let path = stores.remove(0);
            let keys = numbers.map(|number| RootKey::from_bytes([number; 32])).collect();
            let (last, next) = (format!("vendor-{replaced}"), stores.into_iter().rev().collect());
            let provider = Replacing { keys, stores: Mutex::new(next), path: path.clone() };
            let opened = Tenantry::builder(Catalog::standard()).root_key(provider).open(Sqlite::file(&path)).wait();
            match opened {
                Ok(app) => assert!(is_opened && vendors(&app).unwrap() == [last]),
                Err(error) => {
                    assert!(!is_opened, "{error:?}");
                    assert_eq!(error.code(), "cannot_open");
                    assert!(reason(&error).to_string().ends_with("db` kept changing while it was opened"), "{error:?}");
                }
            }
        }
    }

    /// SQLite would roll it back, and change a file that is somebody else's.
    #[test]
    fn a_foreign_file_keeps_the_journal_that_a_crash_left_behind() {
        for marks in ["", "PRAGMA application_id = 42", "PRAGMA user_version = 7"] {
            let (live, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let raw = Connection::open(live.path().join("a.db")).unwrap();
            raw.execute_batch(marks).unwrap();
            raw.execute_batch(
                "PRAGMA cache_size = 1; CREATE TABLE t (a);
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
                 INSERT INTO t SELECT hex(randomblob(100)) FROM n;
                 BEGIN; UPDATE t SET a = hex(randomblob(100));",
            )
            .unwrap();
            for name in ["a.db", "a.db-journal"] {
                fs::copy(live.path().join(name), folder.path().join(name)).unwrap();
            }
            let before = contents(folder.path());
            assert!(before.len() == 2 && before.values().all(|bytes| !bytes.is_empty()), "a journal is there");
            let error = open(&folder.path().join("a.db"), 7).unwrap_err();
            assert!(matches!(reason(&error), OpenError::Foreign { .. }), "{error}");
            assert!(contents(folder.path()) == before, "with `{marks}`");
        }
    }
}
