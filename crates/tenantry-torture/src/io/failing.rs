//! A disk that fails as planned.

use std::sync::{Mutex, PoisonError};

use rusqlite::ffi;

use crate::disk::{Answer, Disk, Kind, Request};

/// What was asked of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// To open a file.
    Open,
    /// To read.
    Read,
    /// To write.
    Write,
    /// To cut a file.
    Truncate,
    /// To make durable what was written.
    Sync,
    /// To tell the size.
    Size,
    /// To lock a file.
    Lock,
    /// To map the memory that processes share.
    MapShared,
    /// To lock a part of it.
    LockShared,
    /// To delete a file.
    Delete,
    /// To tell whether there is a file.
    Exists,
}

impl Class {
    /// Each of them.
    pub const ALL: [Self; 11] = [
        Self::Open,
        Self::Read,
        Self::Write,
        Self::Truncate,
        Self::Sync,
        Self::Size,
        Self::Lock,
        Self::MapShared,
        Self::LockShared,
        Self::Delete,
        Self::Exists,
    ];

    fn of(request: Request<'_>) -> Self {
        match request {
            Request::Open => Self::Open,
            Request::Read => Self::Read,
            Request::Write(..) => Self::Write,
            Request::Truncate(_) => Self::Truncate,
            Request::Sync => Self::Sync,
            Request::Size => Self::Size,
            Request::Lock => Self::Lock,
            Request::MapShared => Self::MapShared,
            Request::LockShared => Self::LockShared,
            Request::Delete => Self::Delete,
            Request::Exists => Self::Exists,
        }
    }

    /// The ways in which it fails.
    fn failures(self) -> &'static [Answer] {
        match self {
            Self::Open => &[Answer::Fail(ffi::SQLITE_CANTOPEN)],
            Self::Read => &[Answer::Fail(ffi::SQLITE_IOERR_READ), Answer::Short],
            Self::Write => &[Answer::Fail(ffi::SQLITE_FULL), Answer::Fail(ffi::SQLITE_IOERR_WRITE)],
            Self::Truncate => &[Answer::Fail(ffi::SQLITE_IOERR_TRUNCATE)],
            Self::Sync => &[Answer::Fail(ffi::SQLITE_IOERR_FSYNC)],
            Self::Size => &[Answer::Fail(ffi::SQLITE_IOERR_FSTAT)],
            Self::Lock => &[Answer::Fail(ffi::SQLITE_IOERR_LOCK), Answer::Fail(ffi::SQLITE_BUSY)],
            Self::MapShared => &[Answer::Fail(ffi::SQLITE_IOERR_SHMMAP)],
            Self::LockShared => &[Answer::Fail(ffi::SQLITE_IOERR_SHMLOCK), Answer::Fail(ffi::SQLITE_BUSY)],
            Self::Delete => &[Answer::Fail(ffi::SQLITE_IOERR_DELETE)],
            Self::Exists => &[Answer::Fail(ffi::SQLITE_IOERR_ACCESS)],
        }
    }
}

/// How long it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasts {
    /// One request fails.
    Once,
    /// From there on every request of the same class fails in the same way: a full disk, a file system gone read-only.
    SameForEver,
    /// From there on every request fails in its own way: the disk is gone.
    AllForEver,
}

/// A failure that is going to happen.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// At which request.
    pub at: usize,
    /// What is asked there.
    pub class: Class,
    /// How it fails.
    pub answer: Answer,
    /// How long.
    pub lasts: Lasts,
}

impl Plan {
    /// Every way in which what was asked can fail.
    pub fn all(asked: &[Class]) -> Vec<Self> {
        let lasts = [Lasts::Once, Lasts::SameForEver, Lasts::AllForEver];
        asked
            .iter()
            .enumerate()
            .flat_map(|(at, class)| class.failures().iter().map(move |answer| (at, *class, *answer)))
            .flat_map(|(at, class, answer)| lasts.map(|lasts| Self { at, class, answer, lasts }))
            .collect()
    }

    /// Whether an error with this code says what happened.
    pub fn explains(&self, code: &str) -> bool {
        match code {
            "storage_unavailable" | "outcome_unknown" => true,
            "contended" => self.answer == Answer::Fail(ffi::SQLITE_BUSY),
            "storage_corrupt" | "storage_read_only" | "cannot_open" => self.answer == Answer::Short,
            _ => false,
        }
    }
}

/// A disk that fails as planned, and counts.
#[derive(Debug, Default)]
pub struct Failing {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What was asked since the plan was made.
    asked: Vec<Class>,
    plan: Option<Plan>,
    listens: bool,
    /// How often it failed.
    failed: u64,
}

impl Failing {
    /// Listens from here on, and fails as planned.
    pub fn begin(&self, plan: Option<Plan>) {
        let state = State { asked: Vec::new(), plan, listens: true, failed: 0 };
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Fails no more. Answers what was asked meanwhile, and how often it failed.
    pub fn end(&self) -> (Vec<Class>, u64) {
        let state = std::mem::take(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner));
        (state.asked, state.failed)
    }
}

impl Disk for Failing {
    fn ask(&self, _: Kind, request: Request<'_>) -> Answer {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.listens {
            return Answer::Pass;
        }
        let (class, now) = (Class::of(request), state.asked.len());
        state.asked.push(class);
        let Some(plan) = state.plan else { return Answer::Pass };
        let fails = match plan.lasts {
            Lasts::Once => now == plan.at,
            Lasts::SameForEver => now >= plan.at && class == plan.class,
            Lasts::AllForEver => now >= plan.at,
        };
        if !fails {
            return Answer::Pass;
        }
        state.failed += 1;
        if class == plan.class { plan.answer } else { class.failures().first().copied().unwrap_or(Answer::Pass) }
    }
}
