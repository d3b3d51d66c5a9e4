//! Backups: whole or not there, of one moment, while the store is used (V3; storage rule 12).

#[cfg(test)]
mod backup {
    use std::collections::BTreeSet;
    use std::fs;
    use std::future::IntoFuture;
    use std::io::{BufRead, BufReader};
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::path::{Path, PathBuf};
    use std::pin::pin;
    use std::process::{Command, Stdio};
    use std::sync::atomic::Ordering::Relaxed;
    use std::sync::atomic::{AtomicBool, AtomicU64};
    use std::sync::{Arc, Mutex};
    use std::task::{Context, Waker};
    use std::{env, thread};

    use futures_lite::future::block_on;
    use tempfile::TempDir;
    use tenantry_core::{
        Backup, BackupFile, Catalog, CustomerFilter, Error, KeyRing, NewCustomer, RootKey, Tenantry, VendorScope,
        VerifiedEmail,
    };
    use tenantry_sqlite::{Durability, Sqlite};

    /// Enough for some steps of a copy.
    const ROWS: u64 = 3_000;
    const CHILD: &str = "TENANTRY_TEST_KILLED_BACKUP";

    fn open_with(path: &Path, keys: KeyRing) -> Result<Tenantry, Error> {
        let sqlite = Sqlite::file(path).durability(Durability::ProcessCrash);
        Tenantry::builder(Catalog::standard()).root_key(keys).open(sqlite).wait()
    }

    fn key(number: u8) -> RootKey {
        RootKey::from_bytes([number; 32])
    }

    fn open(path: &Path) -> Tenantry {
        open_with(path, KeyRing::new(key(7))).unwrap()
    }

    fn staff(app: &Tenantry) -> VendorScope {
        let vendor = app.find_vendor("acme").wait().unwrap().unwrap().id;
        let ada = app.identify(vendor, VerifiedEmail::new("ada@acme.test")).wait().unwrap().unwrap();
        app.vendor(vendor, ada.user)
    }

    /// A store with customers, in a folder of its own, and an empty folder for backups.
    struct Stage {
        app: Tenantry,
        vendor: VendorScope,
        path: PathBuf,
        backups: PathBuf,
        folder: TempDir,
    }

    impl Stage {
        fn new(rows: u64) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let (path, backups) = (folder.path().join("store.db"), folder.path().join("backups"));
            fs::create_dir(&backups).unwrap();
            let app = open(&path);
            let vendor = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap();
            let rows =
                (0..rows).map(|row| Ok(NewCustomer::new(format!("Row {row}")).external_id(format!("row-{row}"))));
            vendor.customers().import(rows, |_| ()).wait().unwrap();
            Self { app, vendor, path, backups, folder }
        }

        fn back_up(&self, file: impl Into<BackupFile>) -> Result<Backup, Error> {
            self.app.maintenance("test").backup(file, |_| ()).wait()
        }

        fn target(&self) -> PathBuf {
            self.backups.join("copy.db")
        }
    }

    /// The names in a folder.
    fn names(folder: &Path) -> BTreeSet<String> {
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn external_ids(app: &Tenantry) -> BTreeSet<String> {
        let (customers, mut filter) = (staff(app).customers(), CustomerFilter::new().page_size(1_000));
        let mut ids = BTreeSet::new();
        loop {
            let page = customers.list(filter.clone()).wait().unwrap();
            ids.extend(page.items.into_iter().filter_map(|customer| customer.external_id));
            match page.next {
                Some(next) => filter.page.after = Some(next),
                None => return ids,
            }
        }
    }

    /// What a copy holds; it opens, and nothing is wrong with it.
    fn restored(path: &Path) -> BTreeSet<String> {
        let app = open(path);
        assert_eq!(app.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
        let ids = external_ids(&app);
        app.maintenance("test").close().wait().unwrap();
        ids
    }

    /// Between two steps of the copy somebody writes, each time: it ends all the same, and nobody waits for it.
    #[test]
    fn v3_a_backup_beside_four_writers_is_the_store_of_one_moment() {
        const WRITERS: usize = 4;
        let stage = Stage::new(ROWS);
        let (made, ends) = (Arc::new(<[AtomicU64; WRITERS]>::default()), AtomicBool::new(false));
        let all = |made: &[AtomicU64; WRITERS]| made.iter().map(|made| made.load(Relaxed)).sum::<u64>();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let mut before = [0; WRITERS];
        let copied = thread::scope(|threads| {
            for writer in 0..WRITERS {
                let (vendor, made, ends) = (&stage.vendor, &made, &ends);
                threads.spawn(move || {
                    while !ends.load(Relaxed) {
                        let id = format!("writer-{writer}-{}", made[writer].load(Relaxed));
                        vendor.customers().create(NewCustomer::new("Written").external_id(id)).wait().unwrap();
                        made[writer].fetch_add(1, Relaxed);
                    }
                });
            }
            while made.iter().any(|made| made.load(Relaxed) < 3) {
                thread::yield_now();
            }
            before = std::array::from_fn(|writer| made[writer].load(Relaxed));
            let (heard, made) = (Arc::clone(&heard), Arc::clone(&made));
            let report = move |backup| {
                heard.lock().unwrap().push(backup);
                let then = all(&made);
                while all(&made) == then {
                    thread::yield_now();
                }
            };
            let copied = stage.app.maintenance("test").backup(stage.target(), report).wait();
            ends.store(true, Relaxed);
            copied.unwrap()
        });
        let heard = heard.lock().unwrap().clone();
        assert!(heard.len() > 2, "{heard:?}");
        assert!(heard.is_sorted_by(|one, next| one.copied < next.copied && one.left > next.left));
        assert_eq!((heard.last(), copied.left), (Some(&copied), 0));
        assert_eq!(fs::metadata(stage.target()).unwrap().len(), copied.copied);
        assert_eq!(names(&stage.backups), ["copy.db".to_owned()].into());
        let ids = restored(&stage.target());
        let mut found = 0;
        for (writer, before) in before.into_iter().enumerate() {
            let of_writer =
                (0..).take_while(|number| ids.contains(&format!("writer-{writer}-{number}"))).count() as u64;
            assert!((before..made[writer].load(Relaxed)).contains(&of_writer), "acknowledged before the call");
            found += of_writer;
        }
        assert_eq!(ids.len() as u64, ROWS + found, "each writer's first ones, without a gap");
        assert_eq!(stage.app.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
    }

    #[test]
    fn v3_a_backup_is_a_store_with_backups_of_its_own() {
        let stage = Stage::new(20);
        stage.vendor.secrets().set("PASSWORD", "correct horse battery staple").wait().unwrap();
        stage.back_up(stage.target()).unwrap();
        let bytes = fs::read(stage.target()).unwrap();
        assert!(!bytes.windows(13).any(|window| window == b"correct horse"), "sealed as in the store");
        let (first, second) = (open(&stage.target()), stage.backups.join("second.db"));
        staff(&first).customers().create(NewCustomer::new("Later").external_id("later")).wait().unwrap();
        first.maintenance("test").backup(&second, |_| ()).wait().unwrap();
        let ids = restored(&second);
        assert_eq!(ids, external_ids(&first));
        assert!(ids.contains("later") && ids.is_superset(&external_ids(&stage.app)));
        let app = open(&second);
        let service = app.service(staff(&app).place(), "deployer", "test");
        assert_eq!(service.resolve(["PASSWORD"]).wait().unwrap()[0].value.expose(), "correct horse battery staple");
    }

    /// As the documentation of the operation says.
    #[test]
    fn v3_a_backup_from_before_a_rotation_is_restored_with_the_root_key_of_that_time() {
        let stage = Stage::new(1);
        stage.vendor.secrets().set("PASSWORD", "hunter2").wait().unwrap();
        stage.back_up(stage.target()).unwrap();
        stage.app.maintenance("test").close().wait().unwrap();
        let both = || KeyRing::new(key(8)).with(key(7));
        let app = open_with(&stage.path, both()).unwrap();
        app.maintenance("test").rotate_root_key(|_| ()).wait().unwrap();
        app.maintenance("test").close().wait().unwrap();

        fs::rename(stage.target(), &stage.path).unwrap();
        assert_eq!(open_with(&stage.path, KeyRing::new(key(8))).unwrap_err().code(), "wrong_root_key");
        let app = open_with(&stage.path, both()).unwrap();
        app.maintenance("test").rotate_root_key(|_| ()).wait().unwrap();
        app.maintenance("test").close().wait().unwrap();
        let app = open_with(&stage.path, KeyRing::new(key(8))).unwrap();
        let service = app.service(staff(&app).place(), "deployer", "test");
        assert_eq!(service.resolve(["PASSWORD"]).wait().unwrap()[0].value.expose(), "hunter2");
        assert_eq!(app.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
    }

    #[test]
    fn v3_a_file_that_exists_is_replaced_only_when_told() {
        let stage = Stage::new(1);
        fs::write(stage.target(), "kept").unwrap();
        let error = stage.back_up(stage.target()).unwrap_err();
        assert_eq!(error.code(), "already_exists");
        assert!(error.to_string().contains("copy.db"), "{error}");
        assert_eq!(fs::read(stage.target()).unwrap(), b"kept");
        stage.back_up(BackupFile::new(stage.target()).replace_existing()).unwrap();
        assert_eq!(restored(&stage.target()).len(), 1);
        assert_eq!(names(&stage.backups), ["copy.db".to_owned()].into());
    }

    /// Also when it comes into being while the copy is made.
    #[test]
    fn v3_a_file_that_is_made_meanwhile_is_not_replaced() {
        let stage = Stage::new(1);
        let target = stage.target();
        let made = target.clone();
        let backup = stage.app.maintenance("test").backup(&target, move |_| fs::write(&made, "kept").unwrap());
        assert_eq!(backup.wait().unwrap_err().code(), "already_exists");
        assert_eq!(fs::read(&target).unwrap(), b"kept");
        assert_eq!(names(&stage.backups), ["copy.db".to_owned()].into());
    }

    #[test]
    fn v3_the_store_itself_is_never_the_target() {
        let stage = Stage::new(1);
        let own = ["store.db", "store.db-wal", "store.db-shm", "store.db-journal"];
        let mut targets: Vec<_> = own.map(|name| stage.folder.path().join(name)).into();
        targets.push(stage.backups.join("..").join("store.db"));
        #[cfg(unix)]
        for name in own {
            let (link, file) = (stage.backups.join(format!("link to {name}")), stage.folder.path().join(name));
            std::os::unix::fs::symlink(&file, &link).unwrap();
            targets.push(link);
            if file.exists() {
                let link = stage.backups.join(format!("hard link to {name}"));
                fs::hard_link(&file, &link).unwrap();
                targets.push(link);
            }
        }
        let (before, in_backups) = (names(stage.folder.path()), names(&stage.backups));
        for target in targets {
            for file in [BackupFile::new(&target), BackupFile::new(&target).replace_existing()] {
                let error = stage.back_up(file).unwrap_err();
                assert_eq!(error.code(), "cannot_back_up", "{target:?}: {error}");
                assert!(error.to_string().ends_with("the store itself"), "{error}");
            }
        }
        assert_eq!((names(stage.folder.path()), names(&stage.backups)), (before, in_backups));
        assert_eq!(stage.app.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
    }

    #[test]
    fn v3_what_does_not_do_as_a_target_is_said() {
        let stage = Stage::new(1);
        let other = stage.backups.join("other.db");
        let opened = open(&other);
        opened.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap();
        fs::write(stage.backups.join("gone.db-wal"), "the log of a store that was not closed").unwrap();
        let before = names(&stage.backups);
        for (target, what) in [
            (PathBuf::new(), "the path of the backup is empty"),
            (stage.backups.clone(), "is no regular file"),
            (stage.backups.join("missing").join("copy.db"), "is in a folder that does not exist"),
            (stage.path.join("copy.db"), "store.db"),
            (other.clone(), "`-wal` beside it: it is open, or was not closed"),
            (stage.backups.join("gone.db"), "`-wal` beside it: it is open, or was not closed"),
        ] {
            let error = stage.back_up(BackupFile::new(&target).replace_existing()).unwrap_err();
            assert_eq!((error.code(), error.is_retryable()), ("cannot_back_up", false), "{target:?}: {error}");
            assert!(error.to_string().contains(what), "{error}");
        }
        assert_eq!(names(&stage.backups), before);
        drop(opened);
        stage.back_up(BackupFile::new(&other).replace_existing()).unwrap();
    }

    #[test]
    fn v3_a_store_in_memory_has_no_file_to_copy() {
        let folder = tempfile::tempdir().unwrap();
        let app = Tenantry::builder(Catalog::standard()).open_in_memory().wait().unwrap();
        let backup = || app.maintenance("test").backup(folder.path().join("copy.db"), |_| ()).wait();
        assert_eq!(backup().unwrap_err().code(), "cannot_back_up");
        app.maintenance("test").close().wait().unwrap();
        assert_eq!(backup().unwrap_err().code(), "closed");
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    #[cfg(unix)]
    fn v3_whoever_may_not_read_the_store_may_not_read_its_backup() {
        use std::os::unix::fs::PermissionsExt;

        for mode in [0o600, 0o640] {
            let stage = Stage::new(1);
            fs::set_permissions(&stage.path, fs::Permissions::from_mode(mode)).unwrap();
            let (target, folder) = (stage.target(), stage.backups.clone());
            let report = move |_| {
                for name in names(&folder) {
                    let found = fs::metadata(folder.join(name)).unwrap().permissions().mode();
                    assert_eq!(found & 0o777, 0o600, "while it is made");
                }
            };
            stage.app.maintenance("test").backup(&target, report).wait().unwrap();
            assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, mode);
        }
    }

    #[test]
    fn v3_closing_the_store_ends_a_backup() {
        let stage = Stage::new(ROWS);
        let app = stage.app.clone();
        let report = move |_| app.maintenance("test").close().wait().unwrap();
        let error = stage.app.maintenance("test").backup(stage.target(), report).wait().unwrap_err();
        assert_eq!(error.code(), "closed");
        assert!(names(&stage.backups).is_empty());
    }

    #[test]
    fn v3_a_report_that_panics_leaves_nothing() {
        let stage = Stage::new(ROWS);
        let backup = || stage.app.maintenance("test").backup(stage.target(), |_| panic!("of the report"));
        let waited = catch_unwind(AssertUnwindSafe(|| backup().wait()));
        let awaited = catch_unwind(AssertUnwindSafe(|| block_on(backup().into_future())));
        for panic in [waited.unwrap_err(), awaited.unwrap_err()] {
            assert_eq!(panic.downcast_ref::<&str>(), Some(&"of the report"), "it is the caller's");
        }
        assert!(names(&stage.backups).is_empty());
        stage.back_up(stage.target()).unwrap();
    }

    #[test]
    fn v3_a_call_that_is_dropped_leaves_nothing() {
        let stage = Stage::new(ROWS);
        let (heard, dropped) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        {
            let (hears, dropped) = (Arc::clone(&heard), Arc::clone(&dropped));
            let report = move |_| {
                hears.fetch_add(1, Relaxed);
                while !dropped.load(Relaxed) {
                    thread::yield_now();
                }
            };
            let mut running = pin!(stage.app.maintenance("test").backup(stage.target(), report).into_future());
            while heard.load(Relaxed) == 0 {
                assert!(running.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            }
        }
        assert_eq!(names(&stage.backups).len(), 1, "a copy that is not whole");
        dropped.store(true, Relaxed);
        while !names(&stage.backups).is_empty() {
            thread::yield_now();
        }
        assert_eq!(heard.load(Relaxed), 1);
        block_on(stage.app.maintenance("test").backup(stage.target(), |_| ()).into_future()).unwrap();
        assert_eq!(restored(&stage.target()).len() as u64, ROWS);
    }

    /// Two at once to the same name: neither takes the other's copy for one that was left behind.
    #[test]
    fn v3_of_two_backups_to_the_same_file_one_is_there_whole() {
        let stage = Stage::new(ROWS);
        let (app, target, folder) = (stage.app.clone(), stage.target(), stage.backups.clone());
        let report = move |backup: Backup| {
            if backup.left > 0 && !target.exists() {
                app.maintenance("test").backup(&target, |_| ()).wait().unwrap();
                assert_eq!(names(&folder).len(), 2, "one is there, and one is not whole");
            }
        };
        let outer = stage.app.maintenance("test").backup(stage.target(), report).wait();
        assert_eq!(outer.unwrap_err().code(), "already_exists");
        assert_eq!(restored(&stage.target()).len() as u64, ROWS);
        assert_eq!(names(&stage.backups), ["copy.db".to_owned()].into());
    }

    /// Run again as a process of its own, which is killed when it has copied as much as it is told.
    #[test]
    fn v3_a_backup_that_is_killed_is_not_there_and_its_remains_go_with_the_next() {
        if let Ok(path) = env::var(CHILD) {
            let (app, path) = (open(Path::new(&path)), PathBuf::from(path));
            let target = BackupFile::new(path.with_file_name("backups").join("copy.db")).replace_existing();
            let report = |backup: Backup| {
                println!("\nleft {}", backup.left);
                // Killed here, unless it is told to go on.
                assert_eq!(std::io::stdin().lines().next().unwrap().unwrap(), "on");
            };
            app.maintenance("test").backup(target, report).wait().unwrap();
            return;
        }
        let stage = Stage::new(ROWS);
        for is_there in [false, true] {
            if is_there {
                stage.back_up(stage.target()).unwrap();
            }
            let before = fs::read(stage.target()).ok();
            for at_the_end in [false, true] {
                let mut child = Command::new(env::current_exe().unwrap())
                    .args(["--nocapture", "--exact"])
                    .arg("backup::v3_a_backup_that_is_killed_is_not_there_and_its_remains_go_with_the_next")
                    .env(CHILD, &stage.path)
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
                    .unwrap();
                let (mut go, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
                for line in output.lines().map(Result::unwrap).filter(|line| line.starts_with("left ")) {
                    if !at_the_end || line == "left 0" {
                        child.kill().unwrap();
                        break;
                    }
                    std::io::Write::write_all(&mut go, b"on\n").unwrap();
                }
                assert!(!child.wait().unwrap().success());
                assert_eq!(fs::read(stage.target()).ok(), before, "there as it was, or not there");
                assert_eq!(names(&stage.backups).len(), 1 + usize::from(is_there), "its remains");
                // Somebody else's file goes nowhere.
                fs::write(stage.backups.join("copy.db.partial"), "kept").unwrap();
                let other = stage.backups.join("other.db");
                stage.back_up(&other).unwrap();
                assert_eq!(names(&stage.backups).len(), 3 + usize::from(is_there), "they are of another target");
                fs::remove_file(other).unwrap();
                stage.back_up(BackupFile::new(stage.target()).replace_existing()).unwrap();
                let left = ["copy.db", "copy.db.partial"].map(str::to_owned);
                assert_eq!(names(&stage.backups), left.into());
                assert_eq!(restored(&stage.target()).len() as u64, ROWS);
                if !is_there {
                    fs::remove_file(stage.target()).unwrap();
                } else {
                    fs::write(stage.target(), before.as_ref().unwrap()).unwrap();
                }
                fs::remove_file(stage.backups.join("copy.db.partial")).unwrap();
            }
        }
    }
}
