//! A child of a fork opens the store anew with its first call, on a disk that fails (storage rules 9 and 13). A test of its
//! own process: what forks has no other threads that work.

#![cfg(unix)]

#[cfg(test)]
mod child {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::fd::FromRawFd;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    use tenantry::{Sqlite, Tenantry};
    use tenantry_torture::disk::{Mount, without_sleep};
    use tenantry_torture::io::{Class, Failing, Plan};
    use tenantry_torture::report::Folder;
    use tenantry_torture::work;

    /// Forks; answers what the child says before it ends, which it does without the destructors of its parent's memory.
    fn in_child(work: impl FnOnce() -> String) -> String {
        let mut pipe = [0; 2];
        assert_eq!(unsafe { libc::pipe2(pipe.as_mut_ptr(), libc::O_CLOEXEC) }, 0);
        let pid = unsafe { libc::fork() };
        assert!(pid >= 0);
        if pid == 0 {
            let said = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| "a panic".to_owned());
            let written = unsafe { File::from_raw_fd(pipe[1]) }.write_all(said.as_bytes());
            unsafe { libc::_exit(i32::from(written.is_err())) };
        }
        unsafe { libc::close(pipe[1]) };
        let mut said = String::new();
        unsafe { File::from_raw_fd(pipe[0]) }.read_to_string(&mut said).unwrap();
        let mut status = 0;
        assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
        assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "status {status}: {said}");
        said
    }

    fn open(path: &Path) -> Tenantry {
        work::builder(0).open(Sqlite::file(path).busy_deadline(Duration::from_millis(5))).wait().unwrap()
    }

    /// A call, as its answer or the code of its error. Nobody changes the file, so nobody is told so.
    fn call(app: &Tenantry) -> String {
        match app.find_vendor("torture").wait() {
            Ok(found) => format!("found {}", found.is_some()),
            Err(error) if format!("{error:?}").contains("kept changing") => format!("{error:?}"),
            Err(error) => error.code().to_owned(),
        }
    }

    #[test]
    fn whatever_fails_the_child_is_told_and_when_the_disk_works_again_so_does_the_store() {
        let folder = Folder::in_memory("child").unwrap();
        let path = folder.path().join("torture.db");
        let disk = Arc::new(Failing::default());
        let _mount = Mount::new(folder.path(), Arc::<Failing>::clone(&disk)).unwrap();
        let app = open(&path);
        work::staff_or_bootstrap(&app).unwrap();
        // What the first call of a child asks of the disk.
        let asked = in_child(|| {
            disk.begin(None);
            assert_eq!(call(&app), "found true");
            let (asked, _) = disk.end();
            asked.iter().map(|class| format!("{class:?} ")).collect()
        });
        let class = |name: &str| Class::ALL.into_iter().find(|class| format!("{class:?}") == name);
        let asked: Vec<Class> = asked.split_whitespace().map(|name| class(name).expect(name)).collect();
        let mut faults = 0;
        for plan in Plan::all(&asked) {
            let said = in_child(|| {
                disk.begin(Some(plan));
                let first = without_sleep(|| call(&app));
                let (_, failed) = disk.end();
                format!("{first}, {failed}, {}", call(&app))
            });
            let [first, failed, second] = said.split(", ").collect::<Vec<_>>()[..] else { panic!("{plan:?}: {said}") };
            assert!(first == "found true" || plan.explains(first), "{plan:?}: {said}");
            faults += usize::from(failed != "0");
            assert_eq!(second, "found true", "{plan:?}: {said}");
        }
        assert!(faults > 150, "{faults}");
    }
}
