//! One transaction for a group of commits, and what each of them is answered.
//!
//! A failure is as little durable as a success: it was decided on what the neighbours wrote. So nobody is answered before
//! COMMIT returned, and when what the group wrote did not last, each of its commits is decided again, alone.

use std::borrow::Borrow;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tenantry_core::store::{Commit, Receipt, StoreError, WriteOp};

use crate::apply;
use crate::connection::{Opened, Purpose};
use crate::error::{at_commit, not_applied};
use crate::locks::{Locks, Writing};
use crate::search::{self, Numbers, Touched};
use crate::writer::log::Log;

/// The bounds of a group: other processes, and those who wait for it, are not kept longer than this and an fsync.
const COMMITS: usize = 256;
const BYTES: usize = 4 << 20;
const WORK: Duration = Duration::from_millis(2);

/// The first and the longest pause before another process is asked again for the lock.
const PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_micros(250);
/// While another process writes, too, it finds the lock free for this long between two groups: it asks more often than
/// that. Whoever found the lock taken assumes so for a while.
const GIVE_WAY: Duration = Duration::from_micros(300);
const ASSUMED: Duration = Duration::from_millis(100);

pub(super) type Answer = Result<Receipt, StoreError>;
/// What applying a commit answers: its receipt, and what the search index has to look at.
pub(super) type Applied = Result<(Receipt, Touched), StoreError>;

/// The connection that writes; `None` when it was given up, because a transaction could not be ended. Then the next group
/// opens another.
pub(super) type Held = Option<Connection>;

/// What may fail in a group, and what depends on the clock; tests have their own.
pub(super) trait Steps: Debug + Send + Sync {
    /// Applies a commit inside the transaction that is open.
    fn apply(&self, connection: &Connection, numbers: &Numbers, commit: &Commit) -> Applied {
        apply::apply(connection, numbers, commit)
    }

    /// Makes the transaction durable.
    fn commit(&self, connection: &Connection) -> rusqlite::Result<()> {
        run(connection, "COMMIT")
    }

    /// How long a group takes in more commits.
    fn work(&self) -> Duration {
        WORK
    }
}

/// Nothing fails but by itself.
#[derive(Debug)]
pub(super) struct AsTheyAre;

impl Steps for AsTheyAre {}

/// Where a group's commits come from.
pub(super) trait Source {
    /// What is a commit here.
    type Item: Borrow<Commit>;

    /// The next commit, if its payload fits into this many bytes.
    fn next(&mut self, room: usize) -> Option<Self::Item>;

    /// Asked while another process writes: whether somebody still waits for the transaction.
    fn goes_on(&mut self) -> bool;

    /// The transaction did not begin: tells one who waits for it.
    fn refuse(&mut self, error: StoreError);
}

/// A commit that has no neighbours.
struct Single<'a> {
    commit: Option<&'a Commit>,
    deadline: Instant,
    is_ending: &'a AtomicBool,
    refused: Option<StoreError>,
}

impl<'a> Source for Single<'a> {
    type Item = &'a Commit;

    fn next(&mut self, _: usize) -> Option<&'a Commit> {
        self.commit.take()
    }

    fn goes_on(&mut self) -> bool {
        if self.is_ending.load(Ordering::Relaxed) {
            self.refused = Some(StoreError::Closed);
        } else if Instant::now() >= self.deadline {
            self.refused = Some(StoreError::Contended);
        }
        self.refused.is_none()
    }

    fn refuse(&mut self, error: StoreError) {
        self.refused = Some(error);
    }
}

/// What became of a group's transaction.
enum Fate {
    /// It is durable, or had nothing to write.
    Stands,
    /// Nothing of it was written.
    Gone,
    /// It may have been written or not.
    Unknown(StoreError),
}

/// Makes groups of commits durable.
#[derive(Debug)]
pub(super) struct Groups {
    opened: Opened,
    pub(super) locks: Locks,
    steps: Box<dyn Steps>,
    pub(super) log: Log,
    /// Set when the store is closed: nobody waits for other processes any more.
    pub(super) is_ending: AtomicBool,
    /// How many the last group had.
    last: AtomicUsize,
    /// Whether locks were taken away before.
    is_disturbed: AtomicBool,
    seen: Mutex<Seen>,
}

/// What was seen of other processes.
#[derive(Debug, Default)]
struct Seen {
    /// When one of them had the lock.
    other: Option<Instant>,
    /// When the last transaction here ended.
    ended: Option<Instant>,
}

impl Seen {
    /// How long others may still take the lock before it is taken here again.
    fn gives_way(&self, now: Instant) -> Duration {
        let since = |moment: Option<Instant>| moment.map_or(Duration::MAX, |moment| now.duration_since(moment));
        if since(self.other) > ASSUMED { Duration::ZERO } else { GIVE_WAY.saturating_sub(since(self.ended)) }
    }
}

impl Groups {
    pub(super) fn new(opened: Opened, locks: Locks, steps: Box<dyn Steps>) -> Self {
        let log = Log::new(&opened.settings);
        Self {
            opened,
            locks,
            steps,
            log,
            is_ending: AtomicBool::new(false),
            last: AtomicUsize::new(1),
            is_disturbed: AtomicBool::new(false),
            seen: Mutex::default(),
        }
    }

    pub(super) fn busy_deadline(&self) -> Duration {
        self.opened.settings.busy_deadline()
    }

    /// Whether several wrote together a moment ago: whoever was answered with them is about to come again.
    pub(super) fn is_crowded(&self) -> bool {
        self.last.load(Ordering::Relaxed) > 1
    }

    /// A group of one, without the cost of a group.
    pub(super) fn single(&self, held: &mut Held, commit: &Commit) -> Answer {
        match self.once(held, commit) {
            Err(unknown @ StoreError::OutcomeUnknown(_)) => {
                self.settle(held, unknown)?;
                decided(self.once(held, commit))
            }
            answer => answer,
        }
    }

    /// One transaction for as many commits of the source as there are, up to the bounds. Each comes back with its answer.
    pub(super) fn group<S: Source>(&self, held: &mut Held, source: &mut S) -> Vec<(S::Item, Answer)> {
        let writing = match self.begin(held, source) {
            Ok(Some(writing)) => writing,
            Ok(None) => return Vec::new(),
            Err(error) => {
                // For one of them: the next asks for itself.
                source.refuse(error);
                return Vec::new();
            }
        };
        let mut members = Vec::new();
        let fate = match held {
            Some(connection) => self.together(connection, source, &mut members),
            None => Fate::Gone,
        };
        drop(writing);
        let (is_known, settled) = match fate {
            Fate::Stands => return members,
            Fate::Gone => (true, Ok(())),
            Fate::Unknown(error) => (false, self.settle(held, error)),
        };
        let again = |(item, was): (S::Item, Answer)| {
            let answer = match (&settled, was) {
                (Ok(()), Ok(_)) if !is_known => decided(self.once(held, item.borrow())),
                (Ok(()), _) => self.once(held, item.borrow()),
                (Err(error), Ok(_)) => Err(StoreError::OutcomeUnknown(error.to_string().into())),
                // It wrote nothing, whatever became of the neighbours that it was decided on.
                (Err(error), Err(_)) => Err(StoreError::Unavailable(error.to_string().into())),
            };
            (item, answer)
        };
        members.into_iter().map(again).collect()
    }

    /// The commits of a group and their COMMIT.
    fn together<S: Source>(
        &self,
        connection: &Connection,
        source: &mut S,
        members: &mut Vec<(S::Item, Answer)>,
    ) -> Fate {
        let begin = Instant::now();
        let (mut room, numbers, mut touched) = (BYTES, Numbers::default(), Touched::default());
        while members.len() < COMMITS && (members.is_empty() || begin.elapsed() < self.steps.work()) {
            // What is larger than a group is one by itself.
            let mut next = source.next(if members.is_empty() { usize::MAX } else { room });
            if next.is_none() && members.len() < self.last.load(Ordering::Relaxed) {
                // Those who were answered with the last group may be ready to run, and need this processor to send their
                // next commit. It is no delay: where nobody is ready, nothing happens.
                thread::yield_now();
                next = source.next(room);
            }
            let Some(item) = next else { break };
            room = room.saturating_sub(payload(item.borrow()));
            let (answer, is_whole) = self.member(connection, item.borrow(), &numbers, &mut touched);
            members.push((item, answer));
            if !is_whole {
                return Fate::Gone;
            }
        }
        self.last.store(members.len(), Ordering::Relaxed);
        if members.iter().all(|(_, answer)| answer.is_err()) {
            // Decided on what is durable: they had no neighbours. There is nothing to wait for the disk for.
            return if run(connection, "ROLLBACK").is_ok() { Fate::Stands } else { Fate::Gone };
        }
        match self.end(connection, &numbers, &touched) {
            Ok(()) => {
                self.after_group(connection, members.len(), begin.elapsed());
                Fate::Stands
            }
            Err(unknown @ StoreError::OutcomeUnknown(_)) => Fate::Unknown(unknown),
            Err(_) => Fate::Gone,
        }
    }

    /// Brings the search index up to date, once for all that the transaction wrote, and makes it durable.
    fn end(&self, connection: &Connection, numbers: &Numbers, touched: &Touched) -> Result<(), StoreError> {
        search::update(connection, numbers, touched).map_err(not_applied)?;
        self.commit(connection)
    }

    /// Makes the transaction durable, if nobody else can have written meanwhile.
    fn commit(&self, connection: &Connection) -> Result<(), StoreError> {
        if !self.locks.is_held()? {
            // Once: a program that reads the file beside its store does so again and again.
            if !self.is_disturbed.swap(true, Ordering::Relaxed) {
                tracing::warn!("something else in this process closed the store's file and took its locks away");
            }
            return Err(StoreError::Contended);
        }
        self.steps.commit(connection).map_err(at_commit)
    }

    /// One commit of a group, and whether the group's transaction is still whole: some errors of SQLite (a full disk, an
    /// interrupt) end all of it. A savepoint costs a fifth of a commit, so only who may need it has one.
    fn member(
        &self,
        connection: &Connection,
        commit: &Commit,
        numbers: &Numbers,
        touched: &mut Touched,
    ) -> (Answer, bool) {
        let has_savepoint = apply::may_be_taken_back(commit);
        if has_savepoint && let Err(error) = run(connection, "SAVEPOINT member") {
            return (Err(not_applied(error)), false);
        }
        let answer = self.apply(connection, numbers, commit).map(|(receipt, more)| {
            touched.extend(more);
            receipt
        });
        if connection.is_autocommit() {
            return (answer, false);
        }
        let ended = match &answer {
            Ok(_) if has_savepoint => run(connection, "RELEASE member"),
            Ok(_) => Ok(()),
            Err(_) if has_savepoint => {
                run(connection, "ROLLBACK TO member").and_then(|()| run(connection, "RELEASE member"))
            }
            // Its guards refused it: it wrote nothing.
            Err(StoreError::Conflict) => Ok(()),
            Err(_) => return (answer, false),
        };
        (or_earlier(connection, commit, answer), ended.is_ok())
    }

    /// A panic is a bug, of this commit: the others go on.
    fn apply(&self, connection: &Connection, numbers: &Numbers, commit: &Commit) -> Applied {
        let applied = catch_unwind(AssertUnwindSafe(|| self.steps.apply(connection, numbers, commit)));
        let answer = applied.unwrap_or(Err(StoreError::Malformed("a panic while it was applied")));
        // Before the outcome is known: where it stays unknown, it may have been applied.
        if answer.is_ok() && commit.ops.iter().any(WriteOp::erases) {
            self.log.erases();
        }
        answer
    }

    /// One commit in a transaction of its own.
    fn once(&self, held: &mut Held, commit: &Commit) -> Answer {
        let deadline = Instant::now() + self.busy_deadline();
        let mut source = Single { commit: Some(commit), deadline, is_ending: &self.is_ending, refused: None };
        loop {
            match self.attempt(held, commit, &mut source) {
                // Its lock was taken away.
                Err(StoreError::Contended) if source.goes_on() => {}
                answer => return answer,
            }
        }
    }

    fn attempt(&self, held: &mut Held, commit: &Commit, source: &mut Single<'_>) -> Answer {
        let Some(writing) = self.begin(held, source)? else {
            return Err(source.refused.take().unwrap_or(StoreError::Contended));
        };
        let Some(connection) = held else { return Err(StoreError::Contended) };
        let (begin, numbers) = (Instant::now(), Numbers::default());
        let answer = self.apply(connection, &numbers, commit).and_then(|(receipt, touched)| {
            self.end(connection, &numbers, &touched)?;
            self.after_group(connection, 1, begin.elapsed());
            Ok(receipt)
        });
        // What is read without the lock may be half of what somebody else wrote.
        let answer = match answer {
            Err(StoreError::Corrupt(_)) if !connection.is_autocommit() && !self.locks.is_held()? => {
                Err(StoreError::Contended)
            }
            answer => answer,
        };
        if answer.is_ok() {
            return answer;
        }
        Self::roll_back(held);
        // While it is held the index of the log is not made anew, which reading may need.
        drop(writing);
        match held {
            Some(connection) => or_earlier(connection, commit, answer),
            None => answer.map_err(undecided),
        }
    }

    /// A group is durable; none of its callers has been told yet.
    fn after_group(&self, connection: &Connection, commits: usize, took: Duration) {
        self.seen().ended = Some(Instant::now());
        tracing::trace!(commits, took = ?took, "a group is durable");
        self.log.keep(connection, self.busy_deadline());
    }

    /// Begins a transaction. While another process writes it waits for as long as the source does; `None` when nobody
    /// waits any more.
    fn begin<S: Source>(&self, held: &mut Held, source: &mut S) -> Result<Option<Writing>, StoreError> {
        Self::roll_back(held);
        let connection = match held {
            Some(connection) => connection,
            None => held.insert(self.opened.connect(Purpose::Write)?),
        };
        // What is written to a file that lost its name is lost with it.
        self.opened.check()?;
        // SQLite itself would wait with ever longer pauses, and starve beside a process that writes much.
        connection.busy_timeout(Duration::ZERO).map_err(not_applied)?;
        let begun = self.begin_immediate(connection, source);
        connection.busy_timeout(self.busy_deadline()).map_err(not_applied)?;
        begun
    }

    fn begin_immediate<S: Source>(
        &self,
        connection: &Connection,
        source: &mut S,
    ) -> Result<Option<Writing>, StoreError> {
        let way = self.seen().gives_way(Instant::now());
        if !way.is_zero() {
            thread::sleep(way);
        }
        let mut pause = PAUSE;
        loop {
            if let Some(writing) = self.locks.begin(connection)? {
                return Ok(Some(writing));
            }
            self.seen().other = Some(Instant::now());
            if !source.goes_on() {
                return Ok(None);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a transaction that is still open; what was written in it is gone. A connection that cannot even do that is given
    /// up.
    fn roll_back(held: &mut Held) {
        if held.as_ref().is_some_and(|connection| !connection.is_autocommit() && run(connection, "ROLLBACK").is_err()) {
            *held = None;
        }
    }

    /// After a COMMIT of unknown outcome: decides it. What reached the log but is not valid there yet may become so after a
    /// crash, until something else is written over it; so something is. When that fails, all stays unknown.
    fn settle(&self, held: &mut Held, unknown: StoreError) -> Result<(), StoreError> {
        Self::roll_back(held);
        let deadline = Instant::now() + self.busy_deadline();
        let mut source = Single { commit: None, deadline, is_ending: &self.is_ending, refused: None };
        let Ok(Some(_writing)) = self.begin(held, &mut source) else { return Err(unknown) };
        let Some(connection) = held else { return Err(unknown) };
        let written = run(connection, "UPDATE store SET id = id").map_err(not_applied);
        let settled = written.and_then(|()| self.commit(connection));
        if settled.is_err() {
            Self::roll_back(held);
            return Err(unknown);
        }
        Ok(())
    }
}

/// The answer to a commit that failed and left nothing behind: when it was applied before, its receipt.
fn or_earlier(connection: &Connection, commit: &Commit, answer: Answer) -> Answer {
    match answer {
        Ok(_) | Err(StoreError::OutcomeUnknown(_)) => answer,
        Err(error) => match apply::earlier_receipt(connection, commit.id) {
            Ok(Some(receipt)) => Ok(receipt),
            Ok(None) => Err(error),
            Err(_) => Err(undecided(error)),
        },
    }
}

/// An error of a commit for whose earlier receipt nobody could look: what it was refused for may be its own doing.
fn undecided(error: StoreError) -> StoreError {
    match error {
        StoreError::Conflict | StoreError::CheckFailed(_) => StoreError::Unavailable(error.into()),
        other => other,
    }
}

/// The answer to a commit that was sent again because its outcome is unknown: only one that looked for its id decides.
fn decided(answer: Answer) -> Answer {
    match answer {
        Ok(_) | Err(StoreError::Conflict | StoreError::CheckFailed(_)) => answer,
        Err(error) => Err(StoreError::OutcomeUnknown(error.into())),
    }
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}

/// About how many bytes a commit brings: rows have a size that hardly varies, texts and sealed values do.
pub(super) fn payload(commit: &Commit) -> usize {
    const ROW: usize = 256;
    let op = |op: &WriteOp| match op {
        WriteOp::InsertSecretVersion(row) | WriteOp::UpdateSecretVersion(row) => {
            ROW + row.sealed.as_ref().map_or(0, |sealed| sealed.len())
        }
        WriteOp::PutDeployment(row) => ROW + row.secrets.len() * ROW,
        _ => ROW,
    };
    let entries = commit.audit.iter().map(|entry| ROW + entry.detail.as_ref().map_or(0, |detail| detail.body.len()));
    commit.ops.iter().map(op).sum::<usize>() + entries.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn way_is_given_only_while_another_process_writes_and_only_right_after_a_group() {
        let now = Instant::now();
        let (other, ended) = (Some(now), Some(now));
        assert_eq!(Seen { other: None, ended }.gives_way(now), Duration::ZERO);
        assert_eq!(Seen { other, ended: None }.gives_way(now), Duration::ZERO);
        assert_eq!(Seen { other, ended }.gives_way(now), GIVE_WAY);
        assert_eq!(Seen { other, ended }.gives_way(now + GIVE_WAY), Duration::ZERO);
        let later = now + ASSUMED * 2;
        assert_eq!(Seen { other, ended: Some(later) }.gives_way(later), Duration::ZERO);
    }
}
