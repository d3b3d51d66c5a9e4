//! The one connection that writes, and whose commits share a transaction.
//!
//! A blocking caller who finds the writer idle commits on its own thread. All others queue; one thread, started for the
//! first of them, takes whoever waits together into one transaction with one fsync. It adds no delay: while it waits for
//! the disk the next group gathers. What is in a group, and who is answered what, stands in `group`.

mod group;
mod log;
#[cfg(test)]
mod tests;

use std::borrow::Borrow;
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use futures_channel::oneshot;
use rusqlite::Connection;
use tenantry_core::Caller;
use tenantry_core::store::{Commit, StoreError};

use crate::connection::Opened;
use crate::error::not_applied;
use crate::locks::Locks;
use group::{Answer, AsTheyAre, Groups, Held, Source, Steps, payload};

/// How much may wait. It bounds memory, not throughput: a group takes 256 at most.
const QUEUE_COMMITS: usize = 4_096;
const QUEUE_BYTES: usize = 64 << 20;

#[derive(Debug)]
pub(crate) struct Writer {
    inner: Arc<Inner>,
}

/// What callers and the thread share.
#[derive(Debug)]
struct Inner {
    groups: Groups,
    queue: Mutex<Queue>,
    /// The thread waits for it: there is a commit to take, or the end.
    work: Condvar,
    /// Who closes waits for it: the connection is back.
    back: Condvar,
}

#[derive(Debug)]
struct Queue {
    waiting: VecDeque<Job>,
    bytes: usize,
    slot: Slot,
    thread: Option<JoinHandle<()>>,
    /// Whether the thread waits for work: waking it costs a system call.
    is_asleep: bool,
    /// No commit is accepted any more.
    is_ended: bool,
}

/// Where the connection is.
#[derive(Debug)]
enum Slot {
    /// Here, for the next one who writes.
    Idle(Held),
    /// With a caller or the thread.
    Away,
    Closed,
}

/// A commit that waits. Whoever sent it may be gone; it is applied all the same.
#[derive(Debug)]
struct Job {
    commit: Commit,
    bytes: usize,
    deadline: Instant,
    answer: oneshot::Sender<Answer>,
}

impl Job {
    fn answer(self, answer: Answer) {
        // Nobody may wait any more.
        let _ = self.answer.send(answer);
    }
}

impl Borrow<Commit> for Job {
    fn borrow(&self) -> &Commit {
        &self.commit
    }
}

impl Writer {
    pub(crate) fn new(opened: Opened, locks: Locks, connection: Connection) -> Self {
        Self::with_steps(opened, locks, connection, Box::new(AsTheyAre))
    }

    fn with_steps(opened: Opened, locks: Locks, connection: Connection, steps: Box<dyn Steps>) -> Self {
        let queue = Queue {
            waiting: VecDeque::new(),
            bytes: 0,
            slot: Slot::Idle(Some(connection)),
            thread: None,
            is_asleep: false,
            is_ended: false,
        };
        let groups = Groups::new(opened, locks, steps);
        let inner = Inner { groups, queue: Mutex::new(queue), work: Condvar::new(), back: Condvar::new() };
        Self { inner: Arc::new(inner) }
    }

    /// Applies a commit, durably, whole or not at all. Once it was polled, dropping it does not cancel the commit.
    pub(crate) async fn commit(&self, commit: Commit, caller: Caller) -> Answer {
        // Here, and not inside the transaction that others wait for.
        commit.validate()?;
        if caller == Caller::Blocking
            && let Some(mut loan) = self.inner.loan()
        {
            return self.inner.groups.single(&mut loan.held, &commit);
        }
        let answer = self.inner.hand_over(commit)?;
        match answer.await {
            Ok(answer) => answer,
            // The thread is gone, by a bug: what it did is unknown.
            Err(cancelled) => Err(StoreError::OutcomeUnknown(cancelled.into())),
        }
    }

    /// Accepts nothing more, applies what waits, and closes the connection. What waits for another process is answered
    /// [`StoreError::Closed`] instead.
    pub(crate) fn close(&self) -> Result<(), StoreError> {
        let inner = &*self.inner;
        inner.groups.is_ending.store(true, Ordering::Relaxed);
        let mut queue = inner.lock();
        queue.is_ended = true;
        let thread = queue.thread.take();
        drop(queue);
        inner.work.notify_one();
        if let Some(thread) = thread {
            if thread.thread().id() == thread::current().id() {
                // Somebody whom the thread just answered let go of the store on it. It ends by itself.
                return Ok(());
            }
            // A panic of the thread is a bug that was answered to those who waited.
            let _ = thread.join();
        }
        let mut queue = inner.lock();
        while matches!(queue.slot, Slot::Away) {
            queue = inner.back.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        let slot = std::mem::replace(&mut queue.slot, Slot::Closed);
        let left = std::mem::take(&mut queue.waiting);
        drop(queue);
        left.into_iter().for_each(|job| job.answer(Err(StoreError::Closed)));
        let connection = match slot {
            Slot::Idle(connection) => connection,
            Slot::Away | Slot::Closed => None,
        };
        if let Some(connection) = &connection {
            inner.groups.log.keep(connection, inner.groups.busy_deadline());
        }
        let close = |connection: Connection| connection.close().map_err(|(_, error)| not_applied(error));
        inner.groups.locks.leave(|| connection.map_or(Ok(()), close))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Nobody is left to tell.
        let _ = self.close();
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing that panics runs under the lock.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection, if nobody has it or waits for it: nobody is overtaken.
    fn loan(&self) -> Option<Loan<'_>> {
        let mut queue = self.lock();
        if queue.is_ended || !queue.waiting.is_empty() || self.groups.is_crowded() {
            return None;
        }
        self.take(&mut queue)
    }

    fn take(&self, queue: &mut Queue) -> Option<Loan<'_>> {
        match std::mem::replace(&mut queue.slot, Slot::Away) {
            Slot::Idle(held) => Some(Loan { inner: self, held }),
            other => {
                queue.slot = other;
                None
            }
        }
    }

    /// Puts a commit where the thread takes it from.
    fn hand_over(self: &Arc<Self>, commit: Commit) -> Result<oneshot::Receiver<Answer>, StoreError> {
        let mut queue = self.lock();
        if queue.is_ended {
            return Err(StoreError::Closed);
        }
        let bytes = payload(&commit);
        let is_full = queue.waiting.len() >= QUEUE_COMMITS || queue.bytes + bytes > QUEUE_BYTES;
        if is_full && !queue.waiting.is_empty() {
            return Err(StoreError::Overloaded);
        }
        if queue.thread.as_ref().is_none_or(JoinHandle::is_finished) {
            let inner = Arc::clone(self);
            let thread = thread::Builder::new().name("tenantry-writer".to_owned()).spawn(move || inner.serve());
            queue.thread = Some(thread.map_err(|error| StoreError::Unavailable(error.into()))?);
        }
        let (answer, answered) = oneshot::channel();
        let deadline = Instant::now() + self.groups.busy_deadline();
        queue.waiting.push_back(Job { commit, bytes, deadline, answer });
        queue.bytes += bytes;
        self.wake(queue);
        Ok(answered)
    }

    /// Wakes the thread if there is something that it can do.
    fn wake(&self, mut queue: MutexGuard<'_, Queue>) {
        let wakes = queue.is_asleep && !queue.waiting.is_empty() && matches!(queue.slot, Slot::Idle(_));
        if wakes {
            queue.is_asleep = false;
        }
        drop(queue);
        if wakes {
            self.work.notify_one();
        }
    }

    /// The thread: groups of whoever waits, until the end.
    fn serve(&self) {
        while let Some(mut loan) = self.next_loan() {
            loop {
                let answers = self.groups.group(&mut loan.held, &mut Waiting(self));
                answers.into_iter().for_each(|(job, answer)| job.answer(answer));
                if self.lock().waiting.is_empty() {
                    break;
                }
            }
        }
    }

    /// The connection, as soon as somebody waits and it is idle; `None` at the end.
    fn next_loan(&self) -> Option<Loan<'_>> {
        let mut queue = self.lock();
        loop {
            if queue.waiting.is_empty() || matches!(queue.slot, Slot::Closed) {
                if queue.is_ended {
                    return None;
                }
            } else if let Some(loan) = self.take(&mut queue) {
                return Some(loan);
            }
            queue.is_asleep = true;
            queue = self.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
            queue.is_asleep = false;
        }
    }
}

/// The connection while somebody writes with it. It goes back however that ends.
struct Loan<'a> {
    inner: &'a Inner,
    held: Held,
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        let mut queue = self.inner.lock();
        queue.slot = Slot::Idle(self.held.take());
        if queue.is_ended {
            self.inner.back.notify_all();
            self.inner.work.notify_one();
        }
        self.inner.wake(queue);
    }
}

/// The queue as a group sees it.
struct Waiting<'a>(&'a Inner);

impl Source for Waiting<'_> {
    type Item = Job;

    fn next(&mut self, room: usize) -> Option<Job> {
        let mut queue = self.0.lock();
        let job = queue.waiting.pop_front_if(|job| job.bytes <= room)?;
        queue.bytes -= job.bytes;
        Some(job)
    }

    /// Those whose time is over are told.
    fn goes_on(&mut self) -> bool {
        let (is_ending, now) = (self.0.groups.is_ending.load(Ordering::Relaxed), Instant::now());
        loop {
            let mut queue = self.0.lock();
            let Some(job) = queue.waiting.pop_front_if(|job| is_ending || job.deadline <= now) else {
                return !queue.waiting.is_empty();
            };
            queue.bytes -= job.bytes;
            drop(queue);
            job.answer(Err(if is_ending { StoreError::Closed } else { StoreError::Contended }));
        }
    }

    fn refuse(&mut self, error: StoreError) {
        if let Some(job) = self.next(usize::MAX) {
            job.answer(Err(error));
        }
    }
}
