//! *power*: what SQLite asks of the disk is recorded, and the power fails at every point of the record.
//!
//! A film is a short life of a store. At each of its points the disk is left as a loss of power may leave it: what was
//! synced is there, and of the rest whatever the dice say. The store is then opened without the layer, as a program would
//! after the power is back: with [`Durability::PowerLoss`] everything acknowledged is there, with
//! [`Durability::ProcessCrash`] what is there is a moment of the past; in both nothing is wrong, and it can be written to.

mod platter;

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rusqlite::ffi;
use tenantry::{Durability, Error, NewCustomer, Tenantry};

use crate::disk::{Answer, Disk, Kind, Mount, Request};
use crate::mail::Telling;
use crate::report::{Folder, Wrong};
use crate::work::{self, Change, Hand, Plan, Standing};
use crate::{Dice, Failure, Report, Setting};

use platter::Platter;

/// How many lives of the store a film shows, each longer than an opening.
const LIVES: u8 = 2;
/// How many changes each hand makes in a life.
const CHANGES: u64 = 7;

/// A fault of the disk that the chamber must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// None: the disk keeps its word.
    None,
    /// It says that the log is durable, and it is not: every commit is acknowledged before its sync.
    LogNotSynced,
}

/// Something that happened, in the order in which it did.
#[derive(Clone, Debug)]
enum Event {
    Write(Kind, u64, Vec<u8>),
    Truncate(Kind, u64),
    Sync(Kind),
    /// A sync that failed. The system may have given up what waited, and calls the next sync good.
    SyncFailed(Kind),
    Delete(Kind),
    /// The vendor is there.
    Vendor,
    /// This hand was told that so many of its changes are durable.
    Acknowledged(u64, u64),
}

/// Hears everything.
#[derive(Debug)]
struct Recorder {
    lie: Lie,
    events: Mutex<Vec<Event>>,
    /// Which sync from now on fails; none at 0.
    fails: AtomicU64,
}

impl Recorder {
    fn note(&self, event: Event) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }
}

impl Disk for Recorder {
    fn ask(&self, kind: Kind, request: Request<'_>) -> Answer {
        match request {
            Request::Write(at, data) => self.note(Event::Write(kind, at, data.to_vec())),
            Request::Truncate(size) => self.note(Event::Truncate(kind, size)),
            Request::Sync if self.lie == Lie::LogNotSynced && kind == Kind::Log => {}
            Request::Sync
                if self.fails.load(Ordering::Relaxed) > 0 && self.fails.fetch_sub(1, Ordering::Relaxed) == 1 =>
            {
                self.note(Event::SyncFailed(kind));
                return Answer::Fail(ffi::SQLITE_IOERR_FSYNC);
            }
            Request::Sync => self.note(Event::Sync(kind)),
            Request::Delete => self.note(Event::Delete(kind)),
            _ => {}
        }
        Answer::Pass
    }
}

/// Plays losses of power until there were as many as the setting says.
///
/// # Errors
///
/// When the chamber itself cannot go on.
pub fn run(setting: &Setting, lie: Lie) -> Result<Report, Failure> {
    let (next, played) = (AtomicU64::new(0), AtomicU64::new(0));
    crate::report::in_lanes(|| {
        let mut report = Report::default();
        while played.load(Ordering::Relaxed) < setting.cuts && report.findings.len() < 20 {
            let film = Film::record(setting.seed, next.fetch_add(1, Ordering::Relaxed), lie)?;
            let of_film = film.play(setting)?;
            played.fetch_add(of_film.power_cuts, Ordering::Relaxed);
            report.add(of_film);
        }
        Ok(report)
    })
}

struct Film {
    seed: u64,
    number: u64,
    hands: u64,
    durability: Durability,
    events: Vec<Event>,
}

impl Film {
    /// Lets hands write for a while, and records it. Every other film has one hand, and is the same each time but for
    /// random keys.
    fn record(seed: u64, number: u64, lie: Lie) -> Result<Self, Failure> {
        let folder = Folder::in_memory("film")?;
        let recorder = Arc::new(Recorder { lie, events: Mutex::default(), fails: AtomicU64::new(0) });
        let mount = Mount::new(folder.path(), Arc::<Recorder>::clone(&recorder))?;
        let durability =
            if lie == Lie::None && number % 3 == 2 { Durability::ProcessCrash } else { Durability::PowerLoss };
        let hands = if number.is_multiple_of(2) { 1 } else { 3 };
        let path = folder.path().join("torture.db");
        let mut dice = Dice::new(seed, number);
        let case = dice.next();
        let mut plans: Vec<_> = (0..hands).map(|hand| (hand, Plan::new(case, hand, false))).collect();
        for life in 0..LIVES {
            let app = work::open(&path, durability, life)?;
            let staff = work::staff_or_bootstrap(&app)?;
            recorder.note(Event::Vendor);
            // Not with `ProcessCrash`, where the log is synced only before it is copied back: a system that gives up what
            // waited when that fails, and calls the next sync good, leaves a copy half done with no log behind it. That
            // is known to corrupt the file, and is left out until the store writes such a log anew.
            if number % 4 == 3 && lie == Lie::None && durability == Durability::PowerLoss {
                recorder.fails.store(1 + dice.below(CHANGES), Ordering::Relaxed);
            }
            thread::scope(|scope| {
                let threads: Vec<_> = plans
                    .iter_mut()
                    .map(|(hand, plan)| {
                        let worker =
                            Hand { app: &app, staff: &staff, awaits: *hand % 2 == 1, courier: Telling::new(|_, _| ()) };
                        let recorder = &recorder;
                        scope.spawn(move || {
                            for _ in 0..CHANGES {
                                until_available(&worker, &plan.draw())?;
                                recorder.note(Event::Acknowledged(*hand, plan.drawn()));
                            }
                            Ok::<_, Failure>(())
                        })
                    })
                    .collect();
                threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a hand panicked")?)
            })?;
            recorder.fails.store(0, Ordering::Relaxed);
            checkpoint(&mut dice, &path)?;
            if dice.one_in(2) {
                app.maintenance("torture").close().wait()?;
            }
        }
        drop(mount);
        let events = std::mem::take(&mut *recorder.events.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Self { seed: case, number, hands, durability, events })
    }

    /// The power fails at every point of the film.
    fn play(&self, setting: &Setting) -> Result<Report, Failure> {
        let mut report = Report::default();
        let mut platter = Platter::default();
        let mut told = Told::default();
        let mut dice = Dice::new(self.seed, self.number);
        report.operations += self.hands * CHANGES * u64::from(LIVES);
        for (at, event) in self.events.iter().enumerate() {
            match event {
                Event::Vendor => told.vendor = true,
                Event::Acknowledged(hand, count) => {
                    told.changes.insert(*hand, *count);
                    report.acknowledged += 1;
                }
                other => platter.take(other),
            }
            if (at + usize::try_from(self.number)?) % setting.stride.max(1) != 0 {
                continue;
            }
            let mut folder = Folder::in_memory("cut")?;
            let style = platter.leave(&mut dice, folder.path())?;
            report.power_cuts += 1;
            let path = folder.path().join("torture.db");
            // What the store writes afterwards must not hide what it found.
            let read = |name| fs::read(folder.path().join(name)).unwrap_or_default();
            let (main, log) = (read("torture.db"), read("torture.db-wal"));
            let found = catch_unwind(AssertUnwindSafe(|| self.examine(&path, &told)));
            let found = match found {
                Ok(Ok(found)) => found,
                Ok(Err(error)) => vec![(Wrong::Violation, format!("it cannot be used: {error}"))],
                Err(_) => vec![(Wrong::Panic, "panicked".to_owned())],
            };
            for (wrong, text) in found {
                fs::write(folder.path().join("as-found.db"), &main)?;
                fs::write(folder.path().join("as-found.db-wal"), &log)?;
                let folder = if setting.keep { folder.keep() } else { folder.path().to_owned() };
                let (seed, film, durability) = (self.seed, self.number, self.durability);
                let place = folder.display();
                let text =
                    format!("power: film {film} ({durability:?}, seed {seed}), event {at}, {style}, {place}: {text}");
                report.found(wrong, text);
            }
            if report.findings.len() >= 10 {
                break;
            }
        }
        Ok(report)
    }

    /// The power is back.
    fn examine(&self, path: &Path, told: &Told) -> Result<Vec<(Wrong, String)>, Failure> {
        let app = work::open(path, self.durability, LIVES)?;
        let mut found = Vec::new();
        for violation in app.maintenance("torture").verify(Vec::new()).wait()? {
            found.push((Wrong::Violation, violation.to_string()));
        }
        let keeps_all = self.durability == Durability::PowerLoss;
        let Some(staff) = work::staff(&app)? else {
            if told.vendor && keeps_all {
                found.push((Wrong::Lost(1), "the vendor is lost".to_owned()));
            }
            can_be_written(&app)?;
            return Ok(found);
        };
        let mut models = work::observe(&staff)?;
        for hand in 0..self.hands {
            let sure = told.changes.get(&hand).copied().unwrap_or_default();
            let model = models.remove(&hand).unwrap_or_default();
            match work::standing(self.seed, hand, false, sure, &model) {
                Standing::At(at) if at >= sure || !keeps_all => {}
                Standing::At(at) => {
                    found.push((Wrong::Lost(sure - at), format!("hand {hand}: {at} of {sure} changes are there")));
                }
                Standing::Nowhere => {
                    found.push((Wrong::Violation, format!("hand {hand}: {sure} changes do not lead to what is there")));
                }
            }
        }
        can_be_written(&app)?;
        Ok(found)
    }
}

/// Makes a change again that was not made, because a sync failed.
fn until_available(worker: &Hand<'_>, change: &Change) -> Result<(), Failure> {
    match worker.make(change) {
        Err(error) if error.downcast_ref::<Error>().is_some_and(Error::is_retryable) => worker.make(change),
        made => made,
    }
}

/// What the callers were told.
#[derive(Default)]
struct Told {
    vendor: bool,
    changes: BTreeMap<u64, u64>,
}

fn can_be_written(app: &Tenantry) -> Result<(), Failure> {
    let staff = work::staff_or_bootstrap(app)?;
    let made = staff.customers().create(NewCustomer::new("Afterwards")).wait()?;
    staff.customer(made.id).get().wait()?;
    Ok(())
}

/// Copies the log back, as the store does when it has grown; the films are too short for that.
fn checkpoint(dice: &mut Dice, path: &Path) -> Result<(), Failure> {
    let Some(mode) = dice.pick(["PASSIVE", "FULL", "RESTART", "TRUNCATE"]) else { return Ok(()) };
    let connection = rusqlite::Connection::open(path)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()))?;
    Ok(())
}
