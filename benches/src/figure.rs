//! What is measured: ours and the floor by turns, medians compared.

mod pages;
mod scale;
mod search;
mod texts;

use std::collections::HashSet;
use std::error::Error;
use std::fmt;
use std::hint::black_box;
use std::time::Instant;

use serde_json::{Value, json};
use tenantry::NewCustomer;

use crate::Options;
use crate::callers::{self, Kind};
use crate::floor::{FloorStore, bulk, create, decide, secret};
use crate::world::{self, World};

pub(crate) use pages::page_at_any_depth;
pub(crate) use scale::{
    IMPORTING, READING, growth, import_everything, memory_of_an_import, memory_of_reading, read_everything,
};
pub(crate) use search::{filter_median, filter_p99, filter_short};
pub(crate) use texts::{redact_100_secrets, render_20_secrets};

/// What a figure is held against.
#[derive(Clone, Copy, Debug)]
enum Goal {
    /// At most this many seconds.
    Seconds(f64),
    /// At most this many times the floor.
    Ratio(f64),
    /// At least this many times the floor's rate, and nobody waits longer than so many seconds.
    Rate(f64, f64),
    /// At most this many bytes.
    Bytes(f64),
    /// At most this many times what it was.
    Times(f64),
}

/// A figure and its floor, in seconds for one operation unless the goal is of another kind.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    id: &'static str,
    name: &'static str,
    ours: f64,
    floor: Option<f64>,
    goal: Goal,
    /// The longest that one of many callers waited, where there are many.
    worst: f64,
}

impl Figure {
    fn new(id: &'static str, name: &'static str, (ours, floor): (f64, f64), goal: Goal) -> Self {
        Self { id, name, ours, floor: Some(floor), goal, worst: 0.0 }
    }

    /// A figure without a floor: there is no less that a program could do.
    fn alone(id: &'static str, name: &'static str, ours: f64, goal: Goal) -> Self {
        Self { id, name, ours, floor: None, goal, worst: 0.0 }
    }

    fn ratio(&self) -> Option<f64> {
        self.floor.map(|floor| match self.goal {
            Goal::Seconds(_) | Goal::Ratio(_) | Goal::Bytes(_) | Goal::Times(_) => self.ours / floor,
            Goal::Rate(..) => floor / self.ours,
        })
    }

    fn is_met(&self) -> bool {
        match self.goal {
            Goal::Seconds(most) | Goal::Bytes(most) | Goal::Times(most) => self.ours <= most,
            Goal::Ratio(most) => self.ratio().is_some_and(|ratio| ratio <= most),
            Goal::Rate(least, longest) => self.ratio().is_some_and(|ratio| ratio >= least) && self.worst <= longest,
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let (goal, kind) = match self.goal {
            Goal::Seconds(most) => (most, "seconds"),
            Goal::Ratio(most) => (most, "ratio"),
            Goal::Rate(least, _) => (least, "rate"),
            Goal::Bytes(most) => (most, "bytes"),
            Goal::Times(most) => (most, "times"),
        };
        json!({
            "id": self.id, "name": self.name, "ours": self.ours, "floor": self.floor, "ratio": self.ratio(),
            "goal": goal, "goal_kind": kind, "ok": self.is_met(), "worst": self.worst,
        })
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value: f64| match self.goal {
            Goal::Seconds(_) | Goal::Ratio(_) | Goal::Rate(..) => Unit::of(value).show(value),
            Goal::Bytes(_) => format!("{:.1} MiB", value / 1_048_576.0),
            Goal::Times(_) => format!("{value:.2} x"),
        };
        let goal = match self.goal {
            Goal::Seconds(most) | Goal::Bytes(most) | Goal::Times(most) => show(most),
            Goal::Ratio(most) => format!("{most}"),
            Goal::Rate(least, longest) => {
                format!("{least} x the rate, worst wait {} of {}", show(self.worst), show(longest))
            }
        };
        let ours = show(self.ours);
        let floor = self.floor.map_or("-".to_owned(), show);
        let ratio = self.ratio().map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
        let verdict = if self.is_met() { "ok" } else { "missed" };
        write!(f, "{:<3} {:<24} ours {ours}  floor {floor}  ratio {ratio}  goal {goal}  {verdict}", self.id, self.name)
    }
}

/// The unit that a time is shown in.
pub(crate) struct Unit {
    name: &'static str,
    seconds: f64,
}

impl Unit {
    pub(crate) fn of(seconds: f64) -> Self {
        if seconds < 1e-6 { Self { name: "ns", seconds: 1e-9 } } else { Self { name: "us", seconds: 1e-6 } }
    }

    pub(crate) fn show(&self, seconds: f64) -> String {
        format!("{:.1} {}", seconds / self.seconds, self.name)
    }
}

/// One side of a comparison: does so many operations.
type Side<'a> = dyn FnMut(u32) -> Result<(), Box<dyn Error>> + 'a;

/// Both sides by turns; the median time of one operation of each. A first round warms up and does not count.
fn by_turns(
    rounds: usize,
    operations: u32,
    ours: &mut Side<'_>,
    floor: &mut Side<'_>,
) -> Result<(f64, f64), Box<dyn Error>> {
    let time = |side: &mut Side<'_>| -> Result<f64, Box<dyn Error>> {
        let begin = Instant::now();
        side(operations)?;
        Ok(begin.elapsed().as_secs_f64() / f64::from(operations))
    };
    let (mut our_times, mut floor_times) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let (our_time, floor_time) = (time(ours)?, time(floor)?);
        if round > 0 {
            our_times.push(our_time);
            floor_times.push(floor_time);
        }
    }
    Ok((world::median(our_times), world::median(floor_times)))
}

/// A side that does the same again and again.
fn each<T>(mut operation: impl FnMut() -> Result<T, Box<dyn Error>>) -> impl FnMut(u32) -> Result<(), Box<dyn Error>> {
    move |operations| {
        for _ in 0..operations {
            black_box(operation()?);
        }
        Ok(())
    }
}

/// P1: one decision from a snapshot, by the permission's name. Floor: one load and mask.
pub(crate) fn decision_from_a_snapshot(world: &World, options: &Options) -> Result<Figure, Box<dyn Error>> {
    let snapshot = world.member.snapshot().wait()?;
    let word: u64 = 0x5555;
    let times = by_turns(
        options.rounds,
        options.operations.saturating_mul(1_000),
        &mut each(|| Ok(black_box(&snapshot).can(black_box("deployments.edit"))?)),
        &mut |operations| {
            for bit in 0..operations {
                black_box(*black_box(&word) & (1 << (bit & 63)) != 0);
            }
            Ok(())
        },
    )?;
    Ok(Figure::new("P1", "decision_from_a_snapshot", times, Goal::Seconds(20e-9)))
}

/// P2: one decision, strictly up to date. Floor: one statement that joins membership, status and features.
pub(crate) fn decision_up_to_date(world: &World, options: &Options) -> Result<Figure, Box<dyn Error>> {
    let store = FloorStore::copy(world)?;
    let times = by_turns(
        options.rounds,
        options.operations.saturating_mul(20),
        &mut each(|| Ok(world.member.can(black_box("deployments.edit")).wait()?)),
        &mut each(|| Ok(decide(&store, world)?)),
    )?;
    Ok(Figure::new("P2", "decision_up_to_date", times, Goal::Ratio(1.5)))
}

/// P3: create a customer, durable, audit included. Floor: the same rows in one transaction.
pub(crate) fn durable_create(world: &World, options: &Options) -> Result<Figure, Box<dyn Error>> {
    let store = FloorStore::copy(world)?;
    let customers = world.staff.customers();
    let times = by_turns(
        options.rounds,
        options.operations,
        &mut each(|| Ok(customers.create(NewCustomer::new("Initech Corporation")).wait()?)),
        &mut each(|| Ok(create(&store, world)?)),
    )?;
    Ok(Figure::new("P3", "durable_create", times, Goal::Ratio(1.15)))
}

/// P9: set a secret, durable. Floor: the same rows with the sealed bytes.
pub(crate) fn durable_secret(world: &World, options: &Options) -> Result<Figure, Box<dyn Error>> {
    let store = FloorStore::copy(world)?;
    let secrets = world.customer.secrets();
    let times = by_turns(
        options.rounds,
        options.operations,
        &mut each(|| Ok(secrets.set("SMTP_PASSWORD", "correct horse battery staple").wait()?)),
        &mut each(|| Ok(secret(&store, world)?)),
    )?;
    Ok(Figure::new("P9", "durable_secret", times, Goal::Ratio(1.2)))
}

/// How many callers P4 has.
const CALLERS: u32 = 64;

/// P4: customers created by many at once, blocking. Floor: one caller, a transaction and an fsync each.
pub(crate) fn creates_by_threads(world: &World, options: &Options) -> Result<Figure, Box<dyn Error>> {
    creates_at_once("creates_by_64_threads", Kind::Threads, world, options)
}

/// P4: the same, awaited by many tasks.
pub(crate) fn creates_by_tasks(world: &World, options: &Options) -> Result<Figure, Box<dyn Error>> {
    creates_at_once("creates_by_64_tasks", Kind::Tasks, world, options)
}

fn creates_at_once(name: &'static str, kind: Kind, world: &World, options: &Options) -> Result<Figure, Box<dyn Error>> {
    let store = FloorStore::copy(world)?;
    let mut worst = 0.0_f64;
    let times = by_turns(
        options.rounds,
        options.operations.saturating_mul(8),
        &mut |operations| {
            let waits = callers::create(&world.staff, kind, CALLERS, operations)?;
            worst = waits.into_iter().fold(worst, f64::max);
            Ok(())
        },
        &mut each(|| Ok(create(&store, world)?)),
    )?;
    Ok(Figure { worst, ..Figure::new("P4", name, times, Goal::Rate(7.0, 0.25)) })
}

/// P8: bulk creation of the 32,530 organisations, checked and audited. Floor: the same rows in 1,000-row transactions.
pub(crate) fn bulk_create(world: &World, options: &Options) -> Result<Figure, Box<dyn Error>> {
    let store = FloorStore::copy(world)?;
    let names = organisations();
    // A repeated import creates nothing: each round has ids of its own.
    let (mut our_round, mut floor_round) = (0, 0);
    let rows = u32::try_from(names.len())?.min(options.operations.saturating_mul(1_000));
    let times = by_turns(
        options.rounds,
        rows,
        &mut |rows| {
            our_round += 1;
            let round = our_round;
            let rows: Vec<_> =
                names.iter().take(rows as usize).map(|(id, name)| (format!("{id} {round}"), name)).collect();
            let rows = rows.into_iter().map(|(id, name)| Ok(NewCustomer::new(*name).external_id(id)));
            let rows: Vec<_> = rows.collect();
            let created = world.staff.customers().import(rows, |_| ()).wait()?.created;
            if created == 0 { Err("nothing was created".into()) } else { Ok(()) }
        },
        &mut |rows| {
            floor_round += 1;
            let rows: Vec<_> =
                names.iter().take(rows as usize).map(|(id, name)| (format!("{id} {floor_round}"), *name)).collect();
            for rows in rows.chunks(1_000) {
                bulk(&store, world, rows)?;
            }
            Ok(())
        },
    )?;
    Ok(Figure::new("P8", "bulk_create", times, Goal::Ratio(2.0)))
}

/// External id and name of the organisations, each id once. Quoted names keep their quotes: they are text like any other.
fn organisations() -> Vec<(&'static str, &'static str)> {
    let lines = include_str!("../../examples/data/organizations.csv").lines().skip(1);
    let mut seen = HashSet::new();
    lines.filter_map(|line| line.split_once(',')).filter(|(id, _)| seen.insert(*id)).collect()
}
