//! What a group promises each of its commits when something goes wrong. A test holds the connection while commits queue,
//! so that they are one group.

#[cfg(target_os = "linux")]
mod lock_taken_away;

use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use futures_lite::future::block_on;
use rusqlite::{Connection, ffi};
use tempfile::TempDir;
use tenantry_core::Caller;
use tenantry_core::clock::Timestamp;
use tenantry_core::ids::{CommitId, CustomerId, VendorId};
use tenantry_core::store::{
    AuditDetail, Check, Commit, CustomerRow, CustomerStatus, Guard, GuardKey, GuardMode, Place, StoreError,
    StoredFeatures, VendorRow, WriteOp,
};
use tenantry_core::testing::audit_entry;
use tenantry_core::vault::StoreId;
use uuid::Uuid;

use super::group::{Answer, Applied, Steps};
use super::{Loan, QUEUE_COMMITS, Slot, Writer};
use crate::connection::{Opened, Purpose, Settings};
use crate::file_system::FileId;
use crate::locks::Locks;
use crate::search::Numbers;
use crate::{Sqlite, apply, migration};

type Apply = dyn Fn(&Connection, &Numbers, &Commit) -> Applied + Send + Sync;
type End = dyn Fn(&Connection) -> rusqlite::Result<()> + Send + Sync;

/// The steps of a test, and how many commits each transaction had that ended well.
struct Faulty {
    apply: Box<Apply>,
    end: Box<End>,
    work: Duration,
    applied: AtomicUsize,
    groups: Arc<Mutex<Vec<usize>>>,
}

impl std::fmt::Debug for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Faulty")
    }
}

impl Steps for Faulty {
    fn apply(&self, connection: &Connection, numbers: &Numbers, commit: &Commit) -> Applied {
        self.applied.fetch_add(1, Ordering::Relaxed);
        (self.apply)(connection, numbers, commit)
    }

    fn commit(&self, connection: &Connection) -> rusqlite::Result<()> {
        let applied = self.applied.swap(0, Ordering::Relaxed);
        (self.end)(connection)?;
        self.groups.lock().unwrap().push(applied);
        Ok(())
    }

    fn work(&self) -> Duration {
        self.work
    }
}

struct Bench {
    writer: Arc<Writer>,
    groups: Arc<Mutex<Vec<usize>>>,
    path: PathBuf,
    _folder: TempDir,
}

const VENDOR: VendorId = VendorId::from_uuid(Uuid::from_u128(1));

fn id(number: u128) -> CommitId {
    CommitId::from_uuid(Uuid::from_u128(number))
}

/// A commit that creates a customer with this external id.
fn create(number: u128, external_id: &str) -> Commit {
    let customer = CustomerId::from_uuid(Uuid::from_u128(number));
    let time = Timestamp::from_micros(1);
    let row = CustomerRow {
        vendor: VENDOR,
        id: customer,
        name: "New".to_owned(),
        name_folded: "new".to_owned(),
        external_id: Some(external_id.to_owned()),
        external_id_folded: Some(external_id.to_owned()),
        status: CustomerStatus::Active,
        features: StoredFeatures::from_names([]),
        claimed: false,
        members: 0,
        secrets: 0,
        revision: 1,
        created_at: time,
        updated_at: time,
        counter: 0,
    };
    let guard = guard(0, GuardMode::Hold);
    let check = Check::ExternalIdUnique { vendor: VENDOR, external_id: external_id.to_owned(), customer };
    Commit {
        id: id(number),
        guards: vec![guard],
        ops: vec![WriteOp::InsertCustomer(row)],
        checks: vec![check],
        audit: vec![audit_entry(id(number), 0, Place::Customer(VENDOR, customer), "made")],
    }
}

/// The same, and it takes this many bytes.
fn large(number: u128, bytes: usize) -> Commit {
    let mut commit = create(number, &number.to_string());
    let (salt, digest) = ([0; 32], [0; 32]);
    commit.audit[0].detail = Some(AuditDetail { salt, subject: String::new(), body: "x".repeat(bytes), digest });
    commit
}

fn sqlite_error(code: i32) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
}

fn commit_it(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("COMMIT")
}

type Waiting<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

impl Bench {
    fn sound() -> Self {
        Self::new(apply::apply, commit_it)
    }

    fn new(
        apply: impl Fn(&Connection, &Numbers, &Commit) -> Applied + Send + Sync + 'static,
        end: impl Fn(&Connection) -> rusqlite::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self::with_work(Duration::MAX, apply, end)
    }

    fn with_work(
        work: Duration,
        apply: impl Fn(&Connection, &Numbers, &Commit) -> Applied + Send + Sync + 'static,
        end: impl Fn(&Connection) -> rusqlite::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let sqlite = Sqlite::file(&path).busy_deadline(Duration::from_millis(20));
        let settings = Settings::new(&sqlite, path.clone());
        let mut connection = settings.connect(Purpose::Make).unwrap();
        settings.make_writer(&connection).unwrap();
        let store = StoreId::generate().unwrap();
        let transaction = connection.transaction().unwrap();
        migration::run(&transaction, 0, store).unwrap();
        transaction.commit().unwrap();
        let place = Place::Vendor(VENDOR);
        let (key, name, created_at) = ("acme".to_owned(), "Acme".to_owned(), Timestamp::from_micros(1));
        let row = VendorRow { id: VENDOR, key, name, created_at, counter: 0 };
        let audit = vec![audit_entry(id(1), 0, place, "made")];
        let ops = vec![WriteOp::InsertVendor(row)];
        let commit = Commit { id: id(1), guards: Vec::new(), ops, checks: Vec::new(), audit };
        let numbers = Numbers::default();
        apply::apply(&connection, &numbers, &commit).unwrap();
        let file = FileId::of(&path).unwrap();
        let locks = Locks::take(&settings, file, &connection).unwrap().unwrap();
        let log = FileId::of(&settings.beside("-wal")).unwrap();
        let opened = Opened { settings, file, log: Some(log), store };
        let groups = Arc::new(Mutex::new(Vec::new()));
        let (apply, end) = (Box::new(apply), Box::new(end));
        let steps = Faulty { apply, end, work, applied: AtomicUsize::new(0), groups: Arc::clone(&groups) };
        let writer = Arc::new(Writer::with_steps(opened, locks, connection, Box::new(steps)));
        Self { writer, groups, path, _folder: folder }
    }

    /// The connection, as soon as it is idle: whoever comes now waits.
    fn occupy(&self) -> Loan<'_> {
        let inner = &*self.writer.inner;
        loop {
            match std::mem::replace(&mut inner.lock().slot, Slot::Away) {
                Slot::Idle(held) => return Loan { inner, held },
                Slot::Away => thread::yield_now(),
                Slot::Closed => panic!("the writer is closed"),
            }
        }
    }

    /// Hands a commit over. The other caller's kind, to show that waiting is the same for both.
    fn hand_over(&self, commit: Commit) -> Waiting<'_> {
        let caller = if commit.id.as_uuid().as_u128().is_multiple_of(2) { Caller::Blocking } else { Caller::Awaiting };
        let mut waiting: Waiting<'_> = Box::pin(self.writer.commit(commit, caller));
        let polled = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending(), "{polled:?}");
        waiting
    }

    /// The answers to commits that wait together.
    fn together(&self, commits: impl IntoIterator<Item = Commit>) -> Vec<Answer> {
        let loan = self.occupy();
        let waiting: Vec<_> = commits.into_iter().map(|commit| self.hand_over(commit)).collect();
        drop(loan);
        waiting.into_iter().map(block_on).collect()
    }

    fn send(&self, commit: Commit, caller: Caller) -> Answer {
        block_on(self.writer.commit(commit, caller))
    }

    fn groups(&self) -> Vec<usize> {
        self.groups.lock().unwrap().clone()
    }

    /// The external ids of the customers that there are.
    fn customers(&self) -> Vec<String> {
        let connection = Connection::open(&self.path).unwrap();
        let sql = "SELECT external_id FROM customers ORDER BY id";
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<rusqlite::Result<_>>().unwrap()
    }
}

fn name(answer: &Answer) -> &'static str {
    match answer {
        Ok(_) => "ok",
        Err(StoreError::Conflict) => "conflict",
        Err(StoreError::CheckFailed(0)) => "check",
        Err(StoreError::Contended) => "contended",
        Err(StoreError::Unavailable(_)) => "unavailable",
        Err(StoreError::OutcomeUnknown(_)) => "unknown",
        Err(StoreError::Malformed(_)) => "malformed",
        Err(StoreError::Overloaded) => "overloaded",
        Err(StoreError::Closed) => "closed",
        Err(_) => "other",
    }
}

fn names(answers: &[Answer]) -> Vec<&'static str> {
    answers.iter().map(name).collect()
}

#[test]
fn commits_that_wait_together_share_one_transaction_and_are_answered_in_their_order() {
    let bench = Bench::sound();
    let answers = bench.together((2..12).map(|number| create(number, &number.to_string())));
    assert_eq!(bench.groups(), [10]);
    let positions: Vec<_> = answers.into_iter().map(|answer| answer.unwrap().entries[0].position).collect();
    assert_eq!(positions, (2..12).collect::<Vec<u64>>());
    assert_eq!(bench.customers().len(), 10);
}

#[test]
fn a_blocking_caller_who_finds_the_writer_idle_commits_on_its_own_thread() {
    let here = thread::current().id();
    let apply = move |connection: &Connection, numbers: &Numbers, commit: &Commit| {
        let is_own = commit.id == id(2);
        assert_eq!(thread::current().id() == here, is_own);
        apply::apply(connection, numbers, commit)
    };
    let bench = Bench::new(apply, commit_it);
    assert_eq!(name(&bench.send(create(2, "2"), Caller::Blocking)), "ok");
    assert_eq!(name(&bench.send(create(3, "3"), Caller::Awaiting)), "ok");
}

#[test]
fn a_failure_of_one_leaves_its_neighbours_alone() {
    let bench = Bench::sound();
    let answers = bench.together([create(2, "x"), create(3, "x"), create(4, "y")]);
    assert_eq!(names(&answers), ["ok", "check", "ok"]);
    assert_eq!((bench.groups(), bench.customers()), (vec![3], vec!["x".to_owned(), "y".to_owned()]));
}

/// The same, and it may have one refusal only: that of its guards.
fn unchecked(number: u128, guard: Guard) -> Commit {
    Commit { guards: vec![guard], checks: Vec::new(), ..create(number, &number.to_string()) }
}

fn guard(counter: u64, mode: GuardMode) -> Guard {
    Guard { key: GuardKey::Place(Place::Vendor(VENDOR)), counter, mode }
}

#[test]
fn who_is_refused_by_its_guards_needs_no_savepoint_and_leaves_its_neighbours_alone() {
    let bench = Bench::sound();
    let hold = |number, counter| unchecked(number, guard(counter, GuardMode::Hold));
    let bump = |number, counter| unchecked(number, guard(counter, GuardMode::Bump));
    let answers = bench.together([hold(2, 0), hold(3, 7), bump(4, 0), bump(5, 0), hold(6, 1), create(7, "7")]);
    assert_eq!(names(&answers), ["ok", "conflict", "ok", "conflict", "ok", "conflict"]);
    assert_eq!((bench.groups(), bench.customers()), (vec![6], vec!["2".into(), "4".into(), "6".into()]));
}

#[test]
fn who_fails_without_a_savepoint_costs_its_neighbours_a_second_try() {
    let bench = Bench::sound();
    let taken = Commit { id: id(9), ..unchecked(2, guard(0, GuardMode::Hold)) };
    let answers = bench.together([create(2, "2"), taken, create(4, "4")]);
    assert_eq!(names(&answers), ["ok", "malformed", "ok"]);
    assert_eq!(bench.customers(), ["2", "4"]);
}

#[test]
fn a_commit_that_was_applied_is_answered_by_its_receipt_although_its_guard_moved_since() {
    let bench = Bench::sound();
    let bump = || unchecked(2, guard(0, GuardMode::Bump));
    let first = bench.send(bump(), Caller::Blocking).unwrap();
    assert_eq!(bench.send(bump(), Caller::Blocking).unwrap(), first, "alone");
    let answers = bench.together([bump(), unchecked(3, guard(1, GuardMode::Hold))]);
    assert_eq!(names(&answers), ["ok", "ok"]);
    assert_eq!(answers[0].as_ref().unwrap(), &first, "in a group");
    assert_eq!(bench.customers(), ["2", "3"]);
}

#[test]
fn after_a_crowd_a_blocking_caller_joins_the_next_and_alone_again_it_commits_itself() {
    let threads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&threads);
    let apply = move |connection: &Connection, numbers: &Numbers, commit: &Commit| {
        seen.lock().unwrap().push(thread::current().id());
        apply::apply(connection, numbers, commit)
    };
    let bench = Bench::new(apply, commit_it);
    bench.together([create(2, "2"), create(3, "3")]);
    for number in 4..7 {
        assert_eq!(name(&bench.send(create(number, &number.to_string()), Caller::Blocking)), "ok");
        // The thread answers before it lets the connection go.
        drop(bench.occupy());
    }
    let own: Vec<_> = threads.lock().unwrap().iter().map(|id| *id == thread::current().id()).collect();
    assert_eq!(own, [false, false, false, true, true]);
}

#[test]
fn a_full_disk_that_ends_the_transaction_costs_only_the_commit_that_is_too_large() {
    let apply = |connection: &Connection, numbers: &Numbers, commit: &Commit| {
        let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        let limit = |pages: i64| connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()));
        limit(pages + 100).unwrap();
        let answer = apply::apply(connection, numbers, commit);
        limit(1 << 30).unwrap();
        answer
    };
    let bench = Bench::new(apply, commit_it);
    let answers = bench.together([create(2, "a"), large(3, 1 << 20), create(4, "b")]);
    assert_eq!(names(&answers), ["ok", "unavailable", "ok"]);
    assert_eq!(bench.customers(), ["a", "b"]);
}

#[test]
fn when_an_error_ends_the_transaction_each_commit_runs_alone_once() {
    let times = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&times);
    let apply = move |connection: &Connection, numbers: &Numbers, commit: &Commit| {
        let answer = apply::apply(connection, numbers, commit);
        if commit.id == id(3) && count.fetch_add(1, Ordering::Relaxed) == 0 {
            connection.execute_batch("ROLLBACK").unwrap();
            return Err(StoreError::Unavailable("interrupted".into()));
        }
        answer
    };
    let bench = Bench::new(apply, commit_it);
    let answers = bench.together([create(2, "2"), create(3, "3"), create(4, "4")]);
    assert_eq!(names(&answers), ["ok", "ok", "ok"]);
    assert_eq!(times.load(Ordering::Relaxed), 2);
    assert_eq!(bench.customers(), ["2", "3", "4"]);
}

/// The second was refused because of the first, which then was not written.
#[test]
fn a_refusal_by_a_neighbour_that_did_not_last_is_decided_again() {
    let first = Arc::new(AtomicUsize::new(0));
    let (count, ends) = (Arc::clone(&first), AtomicUsize::new(0));
    let apply = move |connection: &Connection, numbers: &Numbers, commit: &Commit| {
        if commit.id == id(2) && count.fetch_add(1, Ordering::Relaxed) > 0 {
            return Err(StoreError::Unavailable("not this time".into()));
        }
        apply::apply(connection, numbers, commit)
    };
    let end = move |connection: &Connection| {
        // Nothing was written.
        if ends.fetch_add(1, Ordering::Relaxed) == 0 {
            return Err(sqlite_error(ffi::SQLITE_BUSY));
        }
        commit_it(connection)
    };
    let bench = Bench::new(apply, end);
    let answers = bench.together([create(2, "x"), create(3, "x")]);
    assert_eq!(names(&answers), ["unavailable", "ok"]);
    let connection = Connection::open(&bench.path).unwrap();
    let made: Vec<u8> = connection.query_row("SELECT id FROM customers", [], |row| row.get(0)).unwrap();
    assert_eq!(made, Uuid::from_u128(3).into_bytes());
}

/// COMMIT fails this often, after it did its work or without it.
fn unknown(times: usize, landed: bool) -> impl Fn(&Connection) -> rusqlite::Result<()> {
    let ends = AtomicUsize::new(0);
    move |connection: &Connection| {
        if ends.fetch_add(1, Ordering::Relaxed) >= times {
            return commit_it(connection);
        }
        connection.execute_batch(if landed { "COMMIT" } else { "ROLLBACK" })?;
        Err(sqlite_error(ffi::SQLITE_IOERR_FSYNC))
    }
}

#[test]
fn an_unknown_outcome_is_decided_by_the_ids_of_the_commits() {
    for landed in [true, false] {
        let bench = Bench::new(apply::apply, unknown(1, landed));
        let answers = bench.together([create(2, "x"), create(3, "x"), create(4, "y")]);
        assert_eq!(names(&answers), ["ok", "check", "ok"], "landed: {landed}");
        assert_eq!(bench.customers(), ["x", "y"], "each once");

        let bench = Bench::new(apply::apply, unknown(1, landed));
        assert_eq!(name(&bench.send(create(2, "x"), Caller::Blocking)), "ok", "alone, landed: {landed}");
        assert_eq!(bench.customers(), ["x"]);
    }
}

#[test]
fn an_outcome_that_cannot_be_decided_is_unknown_to_those_who_wrote_and_refused_to_the_others() {
    let bench = Bench::new(apply::apply, unknown(2, true));
    let answers = bench.together([create(2, "x"), create(3, "x")]);
    assert_eq!(names(&answers), ["unknown", "unavailable"]);
    // The disk is well again: the same commit, sent again, finds what it did.
    assert_eq!(name(&bench.send(create(2, "x"), Caller::Awaiting)), "ok");
    assert_eq!(name(&bench.send(create(3, "x"), Caller::Blocking)), "check");
    assert_eq!(bench.customers(), ["x"]);
}

#[test]
fn a_panic_in_one_leaves_its_neighbours_and_the_writer_alone() {
    let apply = |connection: &Connection, numbers: &Numbers, commit: &Commit| {
        let answer = apply::apply(connection, numbers, commit);
        assert_ne!(commit.checks.len(), 0, "a panic that a test wants");
        answer
    };
    let bench = Bench::new(apply, commit_it);
    let broken = |number| Commit { checks: Vec::new(), ..create(number, "broken") };
    let answers = bench.together([create(2, "2"), broken(3), create(4, "4")]);
    assert_eq!(names(&answers), ["ok", "malformed", "ok"]);
    assert_eq!(name(&bench.send(broken(5), Caller::Blocking)), "malformed");
    assert_eq!(name(&bench.send(create(6, "6"), Caller::Blocking)), "ok");
    assert_eq!(bench.customers(), ["2", "4", "6"]);
}

#[test]
fn a_commit_that_is_twice_in_a_group_is_applied_once_and_has_one_receipt() {
    let bench = Bench::sound();
    let answers = bench.together([create(2, "x"), create(2, "x")]);
    let receipts: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(receipts[0], receipts[1]);
    assert_eq!((bench.groups(), bench.customers()), (vec![2], vec!["x".to_owned()]));
}

#[test]
fn a_commit_whose_caller_has_gone_is_applied() {
    let bench = Bench::sound();
    let loan = bench.occupy();
    drop(bench.hand_over(create(2, "gone")));
    let after = bench.hand_over(create(3, "here"));
    drop(loan);
    assert_eq!(name(&block_on(after)), "ok");
    assert_eq!(bench.customers(), ["gone", "here"]);
    let loan = bench.occupy();
    drop(bench.hand_over(create(4, "gone too")));
    drop(loan);
    bench.writer.close().unwrap();
    assert_eq!(bench.customers(), ["gone", "here", "gone too"]);
}

#[test]
fn closing_applies_what_waits_and_refuses_what_comes_later() {
    let bench = Bench::sound();
    let loan = bench.occupy();
    let waiting: Vec<_> = (2..5).map(|number| bench.hand_over(create(number, &number.to_string()))).collect();
    let writer = Arc::clone(&bench.writer);
    let closing = thread::spawn(move || writer.close());
    while !bench.writer.inner.lock().is_ended {
        thread::yield_now();
    }
    for caller in [Caller::Blocking, Caller::Awaiting] {
        assert_eq!(name(&bench.send(create(9, "late"), caller)), "closed");
    }
    drop(loan);
    let answers: Vec<_> = waiting.into_iter().map(block_on).collect();
    assert_eq!(names(&answers), ["ok", "ok", "ok"]);
    closing.join().unwrap().unwrap();
    assert_eq!(bench.customers(), ["2", "3", "4"]);
    bench.writer.close().unwrap();
}

/// As another process would.
fn lock(bench: &Bench) -> Connection {
    let other = Connection::open(&bench.path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

#[test]
fn closing_does_not_wait_for_other_processes() {
    let bench = Bench::sound();
    let _other = lock(&bench);
    let loan = bench.occupy();
    let waiting: Vec<_> = (2..5).map(|number| bench.hand_over(create(number, &number.to_string()))).collect();
    bench.writer.inner.groups.is_ending.store(true, Ordering::Relaxed);
    drop(loan);
    let answers: Vec<_> = waiting.into_iter().map(block_on).collect();
    assert_eq!(names(&answers), ["closed", "closed", "closed"]);
    assert_eq!(name(&bench.send(create(5, "5"), Caller::Blocking)), "closed");
    bench.writer.close().unwrap();
}

#[test]
fn whoever_waits_for_another_process_until_the_deadline_is_answered_contended() {
    let bench = Bench::sound();
    let other = lock(&bench);
    let answers = bench.together((2..5).map(|number| create(number, &number.to_string())));
    assert_eq!(names(&answers), ["contended", "contended", "contended"]);
    assert_eq!(name(&bench.send(create(5, "5"), Caller::Blocking)), "contended");
    drop(other);
    assert_eq!(name(&bench.send(create(6, "6"), Caller::Awaiting)), "ok");
    assert_eq!(bench.customers(), ["6"]);
}

#[test]
fn a_full_queue_refuses_and_applies_nothing_of_it() {
    let bench = Bench::sound();
    let loan = bench.occupy();
    let commits = (0..QUEUE_COMMITS as u128).map(|number| create(number + 2, &number.to_string()));
    let waiting: Vec<_> = commits.map(|commit| bench.hand_over(commit)).collect();
    for caller in [Caller::Blocking, Caller::Awaiting] {
        assert_eq!(name(&bench.send(create(1 << 40, "one too many"), caller)), "overloaded");
    }
    drop(loan);
    assert!(waiting.into_iter().map(block_on).all(|answer| answer.is_ok()));
    let customers = bench.customers();
    assert_eq!(customers.len(), QUEUE_COMMITS);
    assert!(!customers.contains(&"one too many".to_owned()));
    assert!(bench.groups().iter().all(|commits| *commits <= 256));
}

#[test]
fn a_group_takes_in_nothing_more_when_its_time_is_over() {
    let bench = Bench::with_work(Duration::ZERO, apply::apply, commit_it);
    let answers = bench.together((2..5).map(|number| create(number, &number.to_string())));
    assert_eq!((names(&answers), bench.groups()), (vec!["ok"; 3], vec![1, 1, 1]));
}

#[test]
fn large_commits_do_not_share_a_group() {
    let bench = Bench::sound();
    let answers = bench.together((2..5).map(|number| large(number, 3 << 20)));
    assert_eq!(names(&answers), ["ok", "ok", "ok"]);
    assert_eq!(bench.groups(), [1, 1, 1]);
    assert_eq!(name(&bench.send(large(5, 9 << 20), Caller::Awaiting)), "ok", "larger than a group");
}

#[test]
fn callers_of_both_kinds_at_once_wait_for_nothing_that_does_not_come() {
    const EACH: u128 = 60;
    let bench = Bench::sound();
    thread::scope(|threads| {
        for thread in 0..12_u128 {
            let bench = &bench;
            threads.spawn(move || {
                for number in 0..EACH {
                    let number = thread * EACH + number + 2;
                    let commit = create(number, &number.to_string());
                    // An awaiting caller now and then goes away.
                    if thread == 0 && number.is_multiple_of(3) {
                        let mut left = pin!(bench.writer.commit(commit, Caller::Awaiting));
                        let _ = left.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                        continue;
                    }
                    let caller = if thread.is_multiple_of(2) { Caller::Awaiting } else { Caller::Blocking };
                    assert_eq!(name(&bench.send(commit, caller)), "ok");
                }
            });
        }
    });
    bench.writer.close().unwrap();
    assert_eq!(bench.customers().len() as u128, 12 * EACH);
}

#[cfg(unix)]
#[test]
fn nothing_is_written_to_a_log_that_was_replaced() {
    for taken_away in [true, false] {
        let bench = Bench::sound();
        let log = format!("{}-wal", bench.path.display());
        std::fs::rename(&log, format!("{log}.old")).unwrap();
        if !taken_away {
            std::fs::write(&log, "").unwrap();
        }
        let answer = bench.send(create(2, "2"), Caller::Blocking);
        let what = if taken_away { "was taken away" } else { "was replaced by another file" };
        assert!(matches!(&answer, Err(StoreError::Corrupt(text)) if text.contains(what)), "{answer:?}");
    }
}
