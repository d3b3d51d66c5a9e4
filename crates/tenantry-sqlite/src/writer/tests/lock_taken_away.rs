//! What happens to a group when something else in the process takes SQLite's locks away while it is applied.

use std::os::unix::fs::FileExt;

use super::*;

/// Applies commits while something closes the index of the log, which takes SQLite's locks away; this often it changes the
/// header before, as a commit of another process does.
fn with_its_lock_taken(times: usize) -> (Bench, Arc<AtomicUsize>) {
    let (applied, path) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(PathBuf::new())));
    let (count, of) = (Arc::clone(&applied), Arc::clone(&path));
    let apply = move |connection: &Connection, numbers: &Numbers, commit: &Commit| {
        let answer = apply::apply(connection, numbers, commit);
        let path = of.lock().unwrap().clone();
        let index = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        let times_before = count.fetch_add(1, Ordering::Relaxed);
        if times_before < times {
            // The number of changes, in both copies.
            for at in [8, 56] {
                index.write_all_at(&(u32::MAX - u32::try_from(times_before).unwrap()).to_ne_bytes(), at).unwrap();
            }
        }
        answer
    };
    let bench = Bench::new(apply, commit_it);
    *path.lock().unwrap() = format!("{}-shm", bench.path.display()).into();
    (bench, applied)
}

#[test]
fn a_lock_that_was_taken_away_is_taken_again_when_nobody_wrote_meanwhile() {
    let (bench, applied) = with_its_lock_taken(0);
    assert_eq!(name(&bench.send(create(2, "2"), Caller::Blocking)), "ok");
    let answers = bench.together((3..6).map(|number| create(number, &number.to_string())));
    assert_eq!((names(&answers), applied.load(Ordering::Relaxed)), (vec!["ok"; 3], 4), "each once");
    assert_eq!(bench.customers(), ["2", "3", "4", "5"]);
}

#[test]
fn commits_beside_which_somebody_wrote_without_their_lock_are_applied_anew() {
    let (bench, applied) = with_its_lock_taken(2);
    assert_eq!(name(&bench.send(create(2, "2"), Caller::Blocking)), "ok");
    assert_eq!((applied.load(Ordering::Relaxed), bench.customers()), (3, vec!["2".to_owned()]));
    let (bench, applied) = with_its_lock_taken(1);
    let answers = bench.together((2..5).map(|number| create(number, &number.to_string())));
    assert_eq!((names(&answers), applied.load(Ordering::Relaxed)), (vec!["ok"; 3], 6));
    assert_eq!(bench.customers(), ["2", "3", "4"]);
    let (bench, _) = with_its_lock_taken(usize::MAX);
    assert_eq!(name(&bench.send(create(2, "2"), Caller::Blocking)), "contended", "until its time is over");
    assert_eq!(bench.customers(), [""; 0]);
}
