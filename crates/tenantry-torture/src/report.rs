//! What was done, and what was found.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::Failure;

/// How much is done.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Every case comes from it.
    pub seed: u64,
    /// How many processes are killed.
    pub kills: u64,
    /// How many losses of power are played.
    pub cuts: u64,
    /// At one of this many points of a film the power fails; at which, the film says.
    pub stride: usize,
    /// How many failures of the disk each operation meets at most; which ones, the seed says.
    pub failures: usize,
    /// How long the race is, in rounds of each hand.
    pub rounds: u64,
    /// How long the race is at least, whatever the rounds.
    pub minutes: u64,
    /// How often many accept one invitation at once.
    pub acceptances: u64,
    /// Whether the folder of a finding is kept.
    pub keep: bool,
}

impl Setting {
    /// The small one, for every day.
    pub fn small(seed: u64) -> Self {
        Self {
            seed,
            kills: 200,
            cuts: 2_000,
            stride: 4,
            failures: 24,
            rounds: 300,
            minutes: 0,
            acceptances: 20,
            keep: true,
        }
    }

    /// The full one.
    pub fn full(seed: u64) -> Self {
        Self {
            seed,
            kills: 10_000,
            cuts: 100_000,
            stride: 1,
            failures: usize::MAX,
            rounds: 2_000,
            minutes: 5,
            acceptances: 500,
            keep: true,
        }
    }
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// What was acknowledged is not there; this many changes.
    Lost(u64),
    /// Something that never may be.
    Violation,
    /// Something panicked.
    Panic,
}

/// Sums of what was done, and every finding.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Processes that were killed.
    pub kills: u64,
    /// Losses of power that were played.
    pub power_cuts: u64,
    /// Requests that failed.
    pub faults: u64,
    /// Operations that were called.
    pub operations: u64,
    /// Changes that were acknowledged.
    pub acknowledged: u64,
    /// Changes that were acknowledged and are not there.
    pub lost: u64,
    /// Other things that never may be.
    pub violations: u64,
    /// Panics.
    pub panics: u64,
    /// What was found, and how to find it again.
    pub findings: Vec<String>,
}

impl Report {
    /// Notes a finding, and prints it at once.
    pub fn found(&mut self, wrong: Wrong, text: String) {
        match wrong {
            Wrong::Lost(many) => self.lost += many,
            Wrong::Violation => self.violations += 1,
            Wrong::Panic => self.panics += 1,
        }
        say(&format!("FOUND {wrong:?}: {text}"));
        self.findings.push(text);
    }

    /// Takes over what another report says.
    pub fn add(&mut self, other: Self) {
        self.kills += other.kills;
        self.power_cuts += other.power_cuts;
        self.faults += other.faults;
        self.operations += other.operations;
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.violations += other.violations;
        self.panics += other.panics;
        self.findings.extend(other.findings);
    }

    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        self.lost == 0 && self.violations == 0 && self.panics == 0 && self.findings.is_empty()
    }

    /// The closing line.
    pub fn last_line(&self, seed: u64) -> String {
        format!("{self}  seed {seed}")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, power_cuts, faults, operations, acknowledged, lost, violations, panics, .. } = self;
        write!(f, "kills {kills}  power_cuts {power_cuts}  faults {faults}  operations {operations}  ")?;
        write!(f, "acknowledged {acknowledged}  lost {lost}  violations {violations}  panics {panics}")
    }
}

/// Prints a line. That nobody reads any more is no failure of the store.
pub fn say(text: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// A folder for a case: removed with the value, unless it is kept for a finding.
#[derive(Debug)]
pub struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    /// On a real disk.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn new(name: &str) -> Result<Self, Failure> {
        Ok(Self { folder: tempfile::Builder::new().prefix(&format!("torture-{name}-")).tempdir()? })
    }

    /// In memory where there is such a place: for cases that play the disk themselves.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn in_memory(name: &str) -> Result<Self, Failure> {
        let memory = PathBuf::from("/dev/shm");
        let mut builder = tempfile::Builder::new();
        let prefix = format!("torture-{name}-");
        let builder = builder.prefix(&prefix);
        let folder = if memory.is_dir() { builder.tempdir_in(memory) } else { builder.tempdir() };
        Ok(Self { folder: folder.or_else(|_| builder.tempdir())? })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Keeps it, and answers where it is.
    pub fn keep(&mut self) -> PathBuf {
        self.folder.disable_cleanup(true);
        self.path().to_owned()
    }
}

/// Does the same on as many threads as the machine has cores, and sums what they report.
///
/// # Errors
///
/// The first failure of the chamber itself.
pub fn in_lanes(lane: impl Fn() -> Result<Report, Failure> + Sync) -> Result<Report, Failure> {
    let lanes = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(&lane)).collect();
        let mut sum = Report::default();
        for lane in lanes {
            match lane.join() {
                Ok(report) => sum.add(report?),
                Err(_) => sum.found(Wrong::Panic, "a thread of the chamber panicked".to_owned()),
            }
        }
        Ok(sum)
    })
}
