//! A child of a fork uses the store that its parent opened, and neither disturbs the other (storage rule 9).

#![cfg(unix)]

#[cfg(test)]
mod fork {
    use std::fs;
    use std::io::{Read, Write};
    use std::os::fd::{FromRawFd, RawFd};
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use futures_lite::future::block_on;
    use tenantry_core::{
        Catalog, CustomerFilter, Error, NewCustomer, PageRequest, RootKey, Tenantry, VendorScope, VerifiedEmail,
    };
    use tenantry_sqlite::Sqlite;

    /// Longer than any call may take.
    const STUCK: Duration = Duration::from_secs(60);

    fn open(path: &Path) -> Tenantry {
        let app = Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([7; 32]));
        app.open(Sqlite::file(path)).wait().unwrap()
    }

    fn prepare(app: &Tenantry) -> VendorScope {
        app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait().unwrap()
    }

    fn vendor(app: &Tenantry) -> Result<VendorScope, Error> {
        let vendor = app.find_vendor("acme").wait()?.unwrap();
        let ada = app.identify(vendor.id, VerifiedEmail::new("ada@acme.test")).wait()?.unwrap();
        Ok(app.vendor(vendor.id, ada.user))
    }

    /// Writes and reads a bit of everything, by waiting.
    #[expect(clippy::panic_in_result_fn, reason = "a wrong answer is no error of the store")]
    fn work(vendor: &VendorScope, app: &Tenantry, name: &str) -> Result<(), Error> {
        let customer = vendor.customers().create(NewCustomer::new(name)).wait()?;
        let scope = vendor.customer(customer.id);
        scope.secrets().set("K", name).wait()?;
        let values = app.service(scope.place(), "deployer", "test").resolve(["K"]).wait()?;
        assert_eq!(values[0].value.expose(), name);
        assert_eq!(vendor.customers().list(CustomerFilter::new().text(name)).wait()?.items.len(), 1);
        Ok(())
    }

    fn names(vendor: &VendorScope) -> Vec<String> {
        let (mut names, mut after) = (Vec::new(), None);
        loop {
            let mut filter = CustomerFilter::new().page_size(1_000);
            if let Some(cursor) = after {
                filter = filter.after(cursor);
            }
            let page = vendor.customers().list(filter).wait().unwrap();
            names.extend(page.items.into_iter().map(|customer| customer.name));
            after = page.next;
            if after.is_none() {
                return names;
            }
        }
    }

    /// A child of this process.
    struct Child {
        pid: libc::pid_t,
        says: RawFd,
    }

    /// Forks. The child does its work and ends at once, without the destructors of its parent's memory.
    fn child(work: impl FnOnce() -> Result<(), Error>) -> Child {
        let mut pipe = [0; 2];
        assert_eq!(unsafe { libc::pipe2(pipe.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) }, 0);
        let pid = unsafe { libc::fork() };
        assert!(pid >= 0);
        if pid == 0 {
            let said = match catch_unwind(AssertUnwindSafe(work)) {
                Ok(Ok(())) => String::new(),
                Ok(Err(error)) => format!("{}: {error:?}", error.code()),
                Err(panic) => match panic.downcast::<String>() {
                    Ok(text) => *text,
                    Err(_) => "a panic".to_owned(),
                },
            };
            let mut says = unsafe { fs::File::from_raw_fd(pipe[1]) };
            let _ = says.write_all(said.as_bytes());
            unsafe { libc::_exit(i32::from(!said.is_empty())) };
        }
        unsafe { libc::close(pipe[1]) };
        Child { pid, says: pipe[0] }
    }

    impl Child {
        /// Waits until it has ended well; kills it when it is stuck.
        fn finish(self) {
            let status = self.wait();
            let mut said = String::new();
            let _ = unsafe { fs::File::from_raw_fd(self.says) }.read_to_string(&mut said);
            assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "status {status}: {said}");
        }

        fn wait(&self) -> i32 {
            let (ended, has_ended) = mpsc::channel::<()>();
            thread::scope(|threads| {
                threads.spawn(move || {
                    if has_ended.recv_timeout(STUCK) == Err(mpsc::RecvTimeoutError::Timeout) {
                        self.kill();
                    }
                });
                let mut status = 0;
                assert_eq!(unsafe { libc::waitpid(self.pid, &raw mut status, 0) }, self.pid);
                drop(ended);
                status
            })
        }

        fn kill(&self) {
            unsafe { libc::kill(self.pid, libc::SIGKILL) };
        }
    }

    #[test]
    fn children_of_a_process_whose_threads_write_write_too() {
        const CHILDREN: usize = 40;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let app = open(&path);
        let scope = prepare(&app);
        let (is_over, written) = (AtomicBool::new(false), AtomicUsize::new(0));
        thread::scope(|threads| {
            for thread in 0..3 {
                let (app, scope, is_over, written) = (&app, &scope, &is_over, &written);
                threads.spawn(move || {
                    for number in 0.. {
                        if is_over.load(Ordering::Relaxed) {
                            return;
                        }
                        work(scope, app, &format!("thread {thread} {number}")).unwrap();
                        written.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            threads.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    block_on(async { scope.customers().list(CustomerFilter::new().text("thread")).await.unwrap() });
                    assert_eq!(app.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
                }
            });
            // Another handle on the same file comes and goes.
            threads.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    vendor(&open(&path)).unwrap();
                }
            });
            for number in 0..CHILDREN {
                let before = written.load(Ordering::Relaxed);
                let child = child(|| work(&scope, &app, &format!("child {number}")));
                child.finish();
                // Each meets the threads at another moment.
                while written.load(Ordering::Relaxed) == before {
                    thread::yield_now();
                }
            }
            is_over.store(true, Ordering::Relaxed);
        });
        assert_eq!(app.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
        let names = names(&scope);
        assert_eq!(names.iter().filter(|name| name.starts_with("child")).count(), CHILDREN);
        assert_eq!(names.len(), CHILDREN + written.into_inner());
        app.maintenance("test").close().wait().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no log is left by whoever was last");
    }

    #[test]
    fn a_child_sees_what_its_parent_writes_and_the_other_way_round() {
        let folder = tempfile::tempdir().unwrap();
        let app = open(&folder.path().join("store.db"));
        let scope = prepare(&app);
        let first = child(|| {
            assert_eq!(names(&scope), [""; 0]);
            work(&scope, &app, "of the child")?;
            // Its own child finds connections of both.
            child(|| work(&scope, &app, "of the grandchild")).finish();
            assert_eq!(names(&scope), ["of the child", "of the grandchild"]);
            app.maintenance("test").close().wait()?;
            assert_eq!(work(&scope, &app, "late").unwrap_err().code(), "closed");
            Ok(())
        });
        first.finish();
        work(&scope, &app, "of the parent").unwrap();
        assert_eq!(names(&scope), ["of the child", "of the grandchild", "of the parent"]);
    }

    #[test]
    fn awaited_calls_of_a_child_do_not_wait_for_the_threads_of_its_parent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let app = open(&path);
        let scope = prepare(&app);
        let both = || {
            block_on(async {
                scope.customers().create(NewCustomer::new("Globex")).await?;
                scope.customers().list(CustomerFilter::new().text("Globex")).await?;
                let other = Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([7; 32]));
                other.open(Sqlite::file(&path)).await?.vendors(PageRequest::first()).await?;
                app.maintenance("test").verify(Vec::new()).await.map(|found| assert_eq!(found, []))
            })
        };
        both().unwrap();
        child(both).finish();
        both().unwrap();
        assert_eq!(names(&scope).len(), 3);
    }

    #[test]
    fn a_child_that_lets_go_of_the_store_leaves_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut app = Some(open(&path));
        let scope = prepare(app.as_ref().unwrap());
        work(&scope, app.as_ref().unwrap(), "before").unwrap();
        let log = fs::metadata(folder.path().join("store.db-wal")).unwrap().len();
        assert!(log > 0);
        let mut scope = Some(scope);
        let dropping = child(|| {
            drop((scope.take(), app.take()));
            assert_eq!(fs::metadata(folder.path().join("store.db-wal")).unwrap().len(), log);
            // Opened by the child itself it is a store like any other, and goes on when it is closed.
            let own = open(&path);
            work(&vendor(&own)?, &own, "of the child")
        });
        dropping.finish();
        let (app, scope) = (app.unwrap(), scope.unwrap());
        assert_eq!(names(&scope), ["before", "of the child"]);
        work(&scope, &app, "after").unwrap();
    }

    #[test]
    fn a_store_that_was_closed_is_closed_in_a_child() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let app = open(&path);
        let scope = prepare(&app);
        app.maintenance("test").close().wait().unwrap();
        let asking = child(|| {
            assert_eq!(work(&scope, &app, "late").unwrap_err().code(), "closed");
            assert_eq!(app.vendors(PageRequest::first()).wait().unwrap_err().code(), "closed");
            app.maintenance("test").close().wait()?;
            work(&vendor(&open(&path))?, &open(&path), "early")
        });
        asking.finish();
        assert_eq!(names(&vendor(&open(&path)).unwrap()), ["early"]);
    }

    #[test]
    fn a_store_in_memory_says_in_a_child_that_it_is_its_parents() {
        let builder = || Tenantry::builder(Catalog::standard()).root_key(RootKey::from_bytes([7; 32]));
        let app = builder().open_in_memory().wait().unwrap();
        let scope = prepare(&app);
        let asking = child(|| {
            let error = work(&scope, &app, "late").unwrap_err();
            assert_eq!((error.code(), error.is_retryable()), ("forked", false));
            assert!(error.to_string().contains("a fork of that process"), "{error}");
            assert_eq!(app.maintenance("test").verify(Vec::new()).wait().unwrap_err().code(), "forked");
            assert_eq!(app.maintenance("test").close().wait().unwrap_err().code(), "forked");
            let own = builder().open_in_memory().wait()?;
            work(&prepare(&own), &own, "own")
        });
        asking.finish();
        work(&scope, &app, "after").unwrap();
        assert_eq!(names(&scope), ["after"]);
    }

    /// What the child inherited must not keep the dead parent's locks alive.
    #[test]
    fn a_child_goes_on_when_its_parent_is_killed_while_it_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        prepare(&open(&path));
        for round in 0..10 {
            let marks = [folder.path().join(format!("{round} writes")), folder.path().join(format!("{round} wrote"))];
            let parent = child(|| {
                let app = open(&path);
                let scope = vendor(&app)?;
                let (is_writing, writes) = mpsc::channel();
                thread::scope(|threads| {
                    threads.spawn(|| {
                        for number in 0.. {
                            work(&scope, &app, &format!("parent {round} {number}")).unwrap();
                            let _ = is_writing.send(());
                        }
                    });
                    writes.recv().unwrap();
                    let parent = libc::pid_t::try_from(std::process::id()).unwrap();
                    // Nobody waits for it: its parent is killed.
                    child(|| {
                        work(&scope, &app, &format!("child {round} before"))?;
                        fs::write(&marks[0], "").unwrap();
                        while unsafe { libc::getppid() } == parent {
                            thread::yield_now();
                        }
                        work(&scope, &app, &format!("child {round} after"))?;
                        fs::write(&marks[1], "").unwrap();
                        Ok(())
                    });
                });
                Ok(())
            });
            wait_for(&marks[0]);
            parent.kill();
            parent.wait();
            wait_for(&marks[1]);
        }
        let app = open(&path);
        assert_eq!(app.maintenance("test").verify(Vec::new()).wait().unwrap(), []);
        let names = names(&vendor(&app).unwrap());
        assert_eq!(names.iter().filter(|name| name.starts_with("child")).count(), 20);
    }

    fn wait_for(mark: &Path) {
        let (over, is_over) = mpsc::channel::<()>();
        let is_stuck = AtomicBool::new(false);
        thread::scope(|threads| {
            let is_stuck = &is_stuck;
            threads.spawn(move || {
                let stuck = is_over.recv_timeout(STUCK) == Err(mpsc::RecvTimeoutError::Timeout);
                is_stuck.store(stuck, Ordering::Relaxed);
            });
            while !mark.exists() && !is_stuck.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            drop(over);
        });
        assert!(mark.exists(), "nobody wrote {}", mark.display());
    }
}
