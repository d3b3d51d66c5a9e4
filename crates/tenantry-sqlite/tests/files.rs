//! What an SQLite store promises about its files: what it refuses, what it leaves as it was, what never stands in them.

#[cfg(test)]
mod files {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::time::Duration;

    use rusqlite::Connection;
    use tenantry_core::error::Error;
    use tenantry_core::store::OpenError;
    use tenantry_core::{AuditQuery, Catalog, CustomerScope, NewCustomer, RootKey, Tenantry, VendorScope, Violation};
    use tenantry_sqlite::Sqlite;

    const ROOT_KEY: [u8; 32] = [7; 32];
    const SECRET: &str = "correct horse battery staple";

    fn open(path: &Path) -> Tenantry {
        let app = Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes(ROOT_KEY));
        app.open(Sqlite::file(path)).wait().unwrap()
    }

    /// A vendor with a customer that has a secret.
    fn populate(app: &Tenantry) -> (VendorScope, CustomerScope) {
        let vendor = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap();
        let customer = vendor.customers().create(NewCustomer::new("Globex")).wait().unwrap();
        let scope = vendor.customer(customer.id);
        scope.secrets().set("SMTP_PASSWORD", SECRET).wait().unwrap();
        (vendor, scope)
    }

    fn verify(app: &Tenantry) -> Vec<Violation> {
        app.maintenance("test").verify(Vec::new()).wait().unwrap()
    }

    /// Every file of a folder with its bytes, but for the index of the log, which SQLite makes anew as it needs it.
    fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let files = files.filter(|path| !path.to_string_lossy().ends_with("-shm"));
        files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }

    fn refused(folder: &Path, path: &Path) -> Error {
        let before = contents(folder);
        let app = Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([8; 32]));
        let error = app.open(Sqlite::file(path)).wait().unwrap_err();
        assert_eq!(contents(folder), before, "a refused file stays as it was");
        error
    }

    #[test]
    fn why_a_store_cannot_be_opened_is_said_once_and_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().join("text");
        fs::write(&path, "external_id,name\n".repeat(100)).unwrap();
        let error = refused(folder.path(), &path);
        let file = path.display();
        let expected = format!("the store cannot be opened: `{file}` is not a tenantry store: it is no SQLite file");
        assert_eq!(error.to_string(), expected);
        assert!(std::error::Error::source(&error).is_none(), "who prints the chain would read it twice");
        let error = refused(folder.path(), &path.with_file_name("no").join("store.db"));
        let Error::CannotOpen(error) = error else { panic!("{error:?}") };
        assert_eq!(error.to_string().matches("cannot be opened").count(), 1, "{error}");
    }

    fn reason(error: &Error) -> &OpenError {
        let Error::CannotOpen(error) = error else { panic!("{error:?}") };
        error.reason()
    }

    #[test]
    fn what_is_no_store_is_refused_with_its_reason_and_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);

        let error = refused(folder.path(), &at("no/such/folder.db"));
        assert!(error.to_string().contains("is in a folder that does not exist"), "{error}");

        fs::write(at("text"), "external_id,name\n".repeat(100)).unwrap();
        assert!(matches!(reason(&refused(folder.path(), &at("text"))), OpenError::Foreign { .. }));

        let foreign = Connection::open(at("foreign.db")).unwrap();
        foreign.execute_batch("PRAGMA application_id = 42; CREATE TABLE t (a)").unwrap();
        drop(foreign);
        let error = refused(folder.path(), &at("foreign.db"));
        assert!(error.to_string().contains("0x0000002a, not 0x746e7479"), "{error}");

        let unmarked = Connection::open(at("unmarked.db")).unwrap();
        unmarked.execute_batch("CREATE TABLE t (a)").unwrap();
        drop(unmarked);
        assert!(matches!(reason(&refused(folder.path(), &at("unmarked.db"))), OpenError::Foreign { .. }));

        open(&at("newer.db")).maintenance("test").close().wait().unwrap();
        Connection::open(at("newer.db")).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
        let error = refused(folder.path(), &at("newer.db"));
        assert!(matches!(reason(&error), OpenError::Newer { found: 99, supported: 5, .. }), "{error:?}");

        open(&at("read-only.db")).maintenance("test").close().wait().unwrap();
        let mut permissions = fs::metadata(at("read-only.db")).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(at("read-only.db"), permissions).unwrap();
        assert!(refused(folder.path(), &at("read-only.db")).to_string().contains("is read-only"));
    }

    #[test]
    fn a_directory_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(refused(folder.path(), folder.path()).to_string().contains("is a directory"));
    }

    #[test]
    fn check_only_makes_no_file_and_migrates_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let check_only = || Tenantry::builder(Catalog::standard()).without_migration();
        let error = check_only().open(Sqlite::file(&path)).wait().unwrap_err();
        assert!(matches!(reason(&error), OpenError::NeedsMigration { found: 0, supported: 5, .. }));
        assert!(!path.exists());
        open(&path);
        assert!(check_only().open(Sqlite::file(&path)).wait().is_ok());
    }

    #[test]
    fn a_wrong_root_key_is_refused_and_the_files_stay_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let app = open(&path);
        populate(&app);
        app.maintenance("test").close().wait().unwrap();
        assert!(matches!(refused(folder.path(), &path), Error::WrongRootKey));
        assert_eq!(verify(&open(&path)), []);
    }

    /// Run again as a process of its own, it leaves the log of a killed process behind.
    #[test]
    fn a_wrong_root_key_is_refused_and_the_files_stay_as_they_were_after_a_kill() {
        const CHILD: &str = "TENANTRY_TEST_KILLED_CHILD";
        if let Ok(path) = std::env::var(CHILD) {
            let app = open(Path::new(&path));
            let _open = populate(&app);
            std::process::abort();
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let name = "files::a_wrong_root_key_is_refused_and_the_files_stay_as_they_were_after_a_kill";
        let mut child = Command::new(std::env::current_exe().unwrap());
        assert!(!child.args(["--exact", name]).env(CHILD, &path).output().unwrap().status.success());
        assert!(fs::metadata(folder.path().join("store.db-wal")).unwrap().len() > 0, "the child left its log");
        assert!(matches!(refused(folder.path(), &path), Error::WrongRootKey));
        let app = open(&path);
        assert_eq!(verify(&app), [], "what the child was answered is there");
        let vendors = app.vendors(tenantry_core::PageRequest::first()).wait().unwrap();
        assert_eq!(vendors.items.len(), 1);
    }

    #[test]
    fn without_a_root_key_only_secrets_do_not_work() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let (vendor, scope) = populate(&open(&path));
        let app = Tenantry::builder(Catalog::standard()).open(Sqlite::file(&path)).wait().unwrap();
        let tenantry_core::Actor::User(ada) = *vendor.actor() else { panic!() };
        let vendor = app.vendor(vendor.vendor_id(), ada);
        vendor.customers().create(NewCustomer::new("Initech")).wait().unwrap();
        let customer = vendor.customer(scope.place().customer().unwrap());
        assert_eq!(customer.secrets().set("K", "v").wait().unwrap_err().code(), "key_not_available");
        let service = app.service(scope.place(), "deployer", "test");
        assert_eq!(service.resolve(["SMTP_PASSWORD"]).wait().unwrap_err().code(), "key_not_available");
    }

    #[test]
    fn two_root_keys_never_meet_in_one_store() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let with_key = |byte| {
            let app = Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([byte; 32]));
            app.open(Sqlite::file(&path)).wait().unwrap()
        };
        // Both pass, because an empty store has seen no key yet.
        let (one, other) = (with_key(1), with_key(2));
        let vendor = one.bootstrap("one", "One", "Ada", "ada@one.test").wait().unwrap();
        vendor.secrets().set("K", "v").wait().unwrap();
        let vendor = other.bootstrap("two", "Two", "Ada", "ada@two.test").wait().unwrap();
        assert_eq!(vendor.secrets().set("K", "v").wait().unwrap_err().code(), "wrong_root_key");
    }

    #[test]
    fn a2_one_byte_changed_in_any_row_of_the_log_and_verify_names_the_entry() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let app = open(&path);
        populate(&app);
        assert_eq!(verify(&app), []);
        let raw = Connection::open(&path).unwrap();
        let changes: [(&str, &str); 13] = [
            ("audit_entries", "commit_id = randomblob(16)"),
            ("audit_entries", "ordinal = ordinal + 1000"),
            ("audit_entries", "time = time + 1"),
            ("audit_entries", "actor = actor || 'x'"),
            ("audit_entries", "action = action || 'x'"),
            ("audit_entries", "target = target || 'x'"),
            ("audit_entries", "detail_digest = zeroblob(32)"),
            ("audit_entries", "hash = zeroblob(32)"),
            ("audit_entries", "position = position + 1000"),
            ("audit_details", "salt = zeroblob(32)"),
            ("audit_details", "subject = subject || 'x'"),
            ("audit_details", "body = body || ' '"),
            ("audit_heads", "hash = zeroblob(32)"),
        ];
        for (table, change) in changes {
            let keys = format!("SELECT vendor_id, place_id, number FROM {table}");
            let keys: Vec<([u8; 16], [u8; 16], u32)> = {
                let mut statement = raw.prepare(&keys).unwrap();
                let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
                rows.map(Result::unwrap).collect()
            };
            assert!(keys.len() > 1);
            for (vendor, place, number) in keys {
                let row = "vendor_id = ?1 AND place_id = ?2 AND number = ?3";
                raw.execute(
                    &format!("CREATE TEMP TABLE kept AS SELECT * FROM {table} WHERE {row}"),
                    (vendor, place, number),
                )
                .unwrap();
                raw.execute(&format!("UPDATE {table} SET {change} WHERE {row}"), (vendor, place, number)).unwrap();
                let found = verify(&app);
                let named =
                    |violation: &&Violation| violation.place.map(|place| *place.uuid().as_bytes()) == Some(place);
                let numbered = found
                    .iter()
                    .filter(named)
                    .any(|found| table == "audit_heads" || found.entry == Some(number.into()));
                assert!(numbered, "{table} {change} {number}: {found:?}");
                raw.execute(&format!("DELETE FROM {table} WHERE {row}"), (vendor, place, number)).unwrap();
                raw.execute_batch(&format!("INSERT OR REPLACE INTO {table} SELECT * FROM kept; DROP TABLE kept"))
                    .unwrap();
            }
        }
        assert_eq!(verify(&app), []);
    }

    #[test]
    fn a2_entries_that_are_missing_or_cut_off_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let app = open(&path);
        let (vendor, scope) = populate(&app);
        let kept = app.maintenance("test").heads(vendor.vendor_id()).wait().unwrap();
        let log = scope.audit().list(AuditQuery::new()).wait().unwrap();
        assert_eq!(log.items.len(), 2);
        let raw = Connection::open(&path).unwrap();
        let place = *scope.place().uuid().as_bytes();
        // The whole end of a chain, its head corrected: only what the host kept elsewhere tells.
        raw.execute("DELETE FROM audit_details WHERE place_id = ?1 AND number = 2", [place]).unwrap();
        raw.execute("DELETE FROM audit_entries WHERE place_id = ?1 AND number = 2", [place]).unwrap();
        raw.execute(
            "UPDATE audit_heads SET number = 1,
                 hash = (SELECT hash FROM audit_entries WHERE place_id = ?1 AND number = 1) WHERE place_id = ?1",
            [place],
        )
        .unwrap();
        assert_eq!(verify(&app), [], "SECURITY.md says so");
        let found = app.maintenance("test").verify(kept).wait().unwrap();
        assert!(found.iter().any(|found| found.what.contains("cut off")), "{found:?}");
        // An entry in the middle.
        raw.execute(
            "DELETE FROM audit_entries WHERE place_id = ?1 AND number = 1",
            [*vendor.place().uuid().as_bytes()],
        )
        .unwrap();
        let found = verify(&app);
        assert!(found.iter().any(|found| found.entry == Some(2) && found.place == Some(vendor.place())), "{found:?}");
    }

    #[test]
    fn s4_a_row_copied_to_another_customer_key_or_version_does_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let app = open(&path);
        let (vendor, scope) = populate(&app);
        scope.secrets().set("OTHER", "other").wait().unwrap();
        scope.secrets().set("SMTP_PASSWORD", "second").wait().unwrap();
        let initech = vendor.customers().create(NewCustomer::new("Initech")).wait().unwrap();
        let initech = vendor.customer(initech.id);
        initech.secrets().set("SMTP_PASSWORD", "theirs").wait().unwrap();
        let raw = Connection::open(&path).unwrap();
        let sealed = |scope: &CustomerScope, key: &str, version: u32| -> Vec<u8> {
            raw.query_row(
                "SELECT v.sealed FROM secret_versions AS v JOIN secrets AS s ON s.id = v.secret_id
                 WHERE v.place_id = ?1 AND s.key = ?2 AND v.version = ?3",
                (*scope.place().uuid().as_bytes(), key, version),
                |row| row.get(0),
            )
            .unwrap()
        };
        let put = |scope: &CustomerScope, key: &str, sealed: &[u8]| {
            let rows = raw.execute(
                "UPDATE secret_versions SET sealed = ?3 WHERE (secret_id, version) IN
                     (SELECT id, version FROM secrets WHERE place_id = ?1 AND key = ?2)",
                (*scope.place().uuid().as_bytes(), key, sealed),
            );
            assert_eq!(rows.unwrap(), 1);
        };
        let resolve = |scope: &CustomerScope, key: &str| {
            app.service(scope.place(), "deployer", "test").resolve([key]).wait().map(|_| ())
        };
        let own = sealed(&scope, "SMTP_PASSWORD", 2);
        for (moved, expected) in [
            (sealed(&scope, "OTHER", 1), "decryption_failed"),
            (sealed(&scope, "SMTP_PASSWORD", 1), "decryption_failed"),
            (sealed(&initech, "SMTP_PASSWORD", 1), "key_not_available"),
        ] {
            put(&scope, "SMTP_PASSWORD", &moved);
            assert_eq!(resolve(&scope, "SMTP_PASSWORD").unwrap_err().code(), expected);
            assert!(verify(&app).iter().any(|found| found.place == Some(scope.place())));
        }
        // With the other customer's key beside it, too.
        raw.execute("DELETE FROM place_keys WHERE place_id = ?1", [*initech.place().uuid().as_bytes()]).unwrap();
        raw.execute(
            "INSERT INTO place_keys SELECT vendor_id, ?1, generation, id, wrapped, check_value, created_at
             FROM place_keys WHERE place_id = ?2",
            (*initech.place().uuid().as_bytes(), *scope.place().uuid().as_bytes()),
        )
        .unwrap();
        put(&initech, "SMTP_PASSWORD", &own);
        assert_eq!(resolve(&initech, "SMTP_PASSWORD").unwrap_err().code(), "decryption_failed");
        put(&scope, "SMTP_PASSWORD", &own);
        resolve(&scope, "SMTP_PASSWORD").unwrap();
    }

    #[test]
    fn c6_nothing_of_an_erased_person_stays_in_the_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let app = open(&path);
        let (_, scope) = populate(&app);
        scope.members().invite("Zebulon Quux", "zebulon@quux.test", tenantry_core::Role::Viewer).wait().unwrap();
        scope.delete("Globex").wait().unwrap();
        app.maintenance("test").close().wait().unwrap();
        let raw = Connection::open(&path).unwrap();
        raw.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        drop(raw);
        let bytes = fs::read(&path).unwrap();
        for name in ["Zebulon", "zebulon"] {
            assert!(!bytes.windows(name.len()).any(|window| window == name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn a_busy_store_answers_contended_after_its_deadline_and_never_busy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let app = Tenantry::builder(Catalog::standard());
        let app = app.open(Sqlite::file(&path).busy_deadline(Duration::from_millis(20))).wait().unwrap();
        let other = Connection::open(&path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let error = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), ("contended", true));
        other.execute_batch("ROLLBACK").unwrap();
        app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap();
    }

    #[test]
    fn a_corrupt_file_is_said_to_be_corrupt_and_accepts_no_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let app = open(&path);
        let (vendor, _) = populate(&app);
        assert_eq!(app.maintenance("test").schema_version().wait().unwrap(), 5);
        let tenantry_core::Actor::User(ada) = *vendor.actor() else { panic!() };
        app.maintenance("test").close().wait().unwrap();
        let page: i64 = {
            let raw = Connection::open(&path).unwrap();
            let name = "SELECT rootpage FROM sqlite_schema WHERE name = 'customers_name'";
            raw.query_row(name, [], |row| row.get(0)).unwrap()
        };
        let mut bytes = fs::read(&path).unwrap();
        let start = usize::try_from(page - 1).unwrap() * 4_096;
        bytes[start..start + 4_096].fill(0xA5);
        fs::write(&path, bytes).unwrap();

        let app = open(&path);
        let vendor = app.vendor(vendor.vendor_id(), ada);
        let list = vendor.customers().list(tenantry_core::CustomerFilter::new());
        assert_eq!(list.wait().unwrap_err().code(), "storage_corrupt");
        let error = vendor.secrets().set("K", "v").wait().unwrap_err();
        assert_eq!(error.code(), "storage_read_only");
        assert!(!error.is_retryable());
    }

    #[test]
    fn what_a_failed_read_left_in_memory_does_not_answer_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let app = open(&path);
        let (vendor, _) = populate(&app);
        let user = vendor.user_id().unwrap();
        app.maintenance("test").close().wait().unwrap();
        let page: usize = {
            let raw = Connection::open(&path).unwrap();
            let name = "SELECT rootpage - 1 FROM sqlite_schema WHERE name = 'customers_name'";
            raw.query_row(name, [], |row| row.get::<_, u32>(0)).unwrap().try_into().unwrap()
        };
        let sound = fs::read(&path).unwrap();
        let mut short = sound.clone();
        short[page * 4_096..(page + 1) * 4_096].fill(0);

        // A disk that once answers zeros, as for a read that it cut short.
        fs::write(&path, short).unwrap();
        let app = open(&path);
        let vendor = app.vendor(vendor.vendor_id(), user);
        let list = || vendor.customers().list(tenantry_core::CustomerFilter::new()).wait();
        assert_eq!(list().unwrap_err().code(), "storage_corrupt");
        fs::write(&path, sound).unwrap();
        assert_eq!(list().unwrap().items.len(), 1);
        assert_eq!(vendor.secrets().set("K", "v").wait().unwrap_err().code(), "storage_read_only");
    }

    #[test]
    fn a_closed_store_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let app = open(&path);
        let (vendor, scope) = populate(&app);
        app.maintenance("test").close().wait().unwrap();
        assert_eq!(vendor.customers().create(NewCustomer::new("X")).wait().unwrap_err().code(), "closed");
        assert_eq!(scope.get().wait().unwrap_err().code(), "closed");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the log is gone after an orderly close");
    }
}
