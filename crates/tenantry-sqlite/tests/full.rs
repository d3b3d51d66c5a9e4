//! A disk that has no room left.

#[cfg(target_os = "linux")]
#[cfg(test)]
mod full {
    use std::path::Path;
    use std::process::Command;
    use std::{env, fs};

    use tenantry_core::{Catalog, CustomerFilter, NewCustomer, RootKey, Tenantry};
    use tenantry_sqlite::Sqlite;

    const CHILD: &str = "TENANTRY_TEST_FULL_DISK";
    const FILLER: &str = "filler";

    fn open(folder: &str) -> Tenantry {
        let app = Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([7; 32]));
        app.open(Sqlite::file(Path::new(folder).join("store.db"))).wait().unwrap()
    }

    /// A disk that is full when COMMIT writes: nothing was applied, and the same call goes through once there is room.
    /// Run again as a process of its own, in a name space with a small file system.
    #[test]
    fn a_full_disk_at_commit_changes_nothing_and_the_call_may_be_made_again() {
        if let Ok(folder) = env::var(CHILD) {
            return on_a_small_disk(&folder);
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
        child.args(["--exact", "full::a_full_disk_at_commit_changes_nothing_and_the_call_may_be_made_again"]);
        let output = child.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "it ran on the small file system");
    }

    fn on_a_small_disk(folder: &str) {
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
