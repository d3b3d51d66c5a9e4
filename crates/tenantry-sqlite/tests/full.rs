//! A disk that has no room left.

#[cfg(target_os = "linux")]
#[cfg(test)]
mod full {
    use std::path::Path;
    use std::process::Command;
    use std::{env, fs};

    use tenantry_core::{BackupFile, Catalog, CustomerFilter, NewCustomer, RootKey, Tenantry};
    use tenantry_sqlite::Sqlite;

    const CHILD: &str = "TENANTRY_TEST_FULL_DISK";
    const FILLER: &str = "filler";

    fn open(folder: &str) -> Tenantry {
        let app = Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([7; 32]));
        app.open(Sqlite::file(Path::new(folder).join("store.db"))).wait().unwrap()
    }

    /// Runs a test again as a process of its own, in a name space where this folder is a small file system.
    fn with_a_small_disk(test: &str, on_it: fn(&str)) {
        if let Ok(folder) = env::var(CHILD) {
            return on_it(&folder);
        }
        let folder = tempfile::tempdir().unwrap();
        let mount = "mount -t tmpfs -o size=1m tmpfs \"$1\"";
        let name_space = |script: &str| {
            let mut command = Command::new("unshare");
            command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]).arg(folder.path());
            command
        };
        let mounted = name_space(mount).output().unwrap();
        assert!(mounted.status.success(), "a small disk needs `unshare` and user namespaces: {mounted:?}");
        let mut child = name_space(&format!("{mount} && shift && exec \"$@\""));
        child.arg(env::current_exe().unwrap()).env(CHILD, folder.path());
        child.args(["--exact", &format!("full::{test}")]);
        let output = child.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "it ran on the small file system");
    }

    /// A disk that is full when COMMIT writes: nothing was applied, and the same call goes through once there is room.
    #[test]
    fn a_full_disk_at_commit_changes_nothing_and_the_call_may_be_made_again() {
        with_a_small_disk("a_full_disk_at_commit_changes_nothing_and_the_call_may_be_made_again", commit_until_full);
    }

    #[test]
    fn v3_a_backup_onto_a_full_disk_leaves_nothing_of_itself() {
        with_a_small_disk("v3_a_backup_onto_a_full_disk_leaves_nothing_of_itself", back_up_until_full);
    }

    fn back_up_until_full(disk: &str) {
        let folder = tempfile::tempdir().unwrap();
        let app = open(folder.path().to_str().unwrap());
        let vendor = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap();
        let (small, large) = (Path::new(disk).join("small.db"), Path::new(disk).join("large.db"));
        app.maintenance("test").backup(&small, |_| ()).wait().unwrap();
        let kept = fs::read(&small).unwrap();
        let rows = (0..2_000).map(|row| Ok(NewCustomer::new("Initech").external_id(row.to_string())));
        vendor.customers().import(rows, |_| ()).wait().unwrap();
        for target in [BackupFile::new(&large), BackupFile::new(&small).replace_existing()] {
            let error = app.maintenance("test").backup(target, |_| ()).wait().unwrap_err();
            assert_eq!((error.code(), error.is_retryable()), ("storage_unavailable", true), "{error:?}");
            assert!(format!("{error:?}").contains("DiskFull"), "{error:?}");
            assert_eq!(fs::read_dir(disk).unwrap().count(), 1);
            assert_eq!(fs::read(&small).unwrap(), kept, "the one before");
        }
        vendor.customers().create(NewCustomer::new("Globex")).wait().unwrap();
        assert_eq!(app.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
    }

    fn commit_until_full(folder: &str) {
        let app = open(folder);
        let vendor = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap();
        // All that is left of the disk.
        let filler = Path::new(folder).join(FILLER);
        let mut size = 1 << 20;
        while size > 0 {
            if fs::write(&filler, vec![b'x'; size]).is_ok() {
                break;
            }
            size -= 4_096;
        }
        let mut created = 0;
        let error = loop {
            match vendor.customers().create(NewCustomer::new(format!("customer {created}"))).wait() {
                Ok(_) => created += 1,
                Err(error) => break error,
            }
        };
        assert_eq!((error.code(), error.is_retryable()), ("storage_unavailable", true), "{error:?}");
        assert!(format!("{error:?}").contains("DiskFull"), "{error:?}");
        let count = || vendor.customers().list(CustomerFilter::new().page_size(1_000)).wait().unwrap().items.len();
        assert_eq!(count(), created, "nothing was applied");
        fs::remove_file(&filler).unwrap();
        vendor.customers().create(NewCustomer::new(format!("customer {created}"))).wait().unwrap();
        assert_eq!(count(), created + 1);
        assert_eq!(app.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
        app.maintenance("test").close().wait().unwrap();
        let again = open(folder);
        assert_eq!(again.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
    }
}
