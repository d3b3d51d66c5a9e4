//! Many callers at once, and how long each waited.

use std::env;
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use tenantry::ids::{UserId, VendorId};
use tenantry::{Catalog, NewCustomer, Sqlite, Tenantry, VendorScope};

use crate::world::World;

/// How callers wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A thread each.
    Threads,
    /// A task each, on a multi-threaded executor.
    Tasks,
}

/// Creates so many customers, shared by the callers; how long each creation took, in seconds.
pub(crate) fn create(
    staff: &VendorScope,
    kind: Kind,
    callers: u32,
    operations: u32,
) -> Result<Vec<f64>, Box<dyn Error>> {
    let each = operations.div_ceil(callers);
    let waits: Result<Vec<Vec<f64>>, tenantry::Error> = match kind {
        Kind::Threads => thread::scope(|threads| {
            let one = || {
                let wait = |_| {
                    let begin = Instant::now();
                    staff.customers().create(NewCustomer::new("Initech Corporation")).wait()?;
                    Ok(begin.elapsed().as_secs_f64())
                };
                (0..each).map(wait).collect::<Result<Vec<_>, _>>()
            };
            let threads: Vec<_> = (0..callers).map(|_| threads.spawn(one)).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
        }),
        Kind::Tasks => tokio::runtime::Runtime::new()?.block_on(async {
            let one = || {
                let staff = staff.clone();
                tokio::spawn(async move {
                    let mut waits = Vec::new();
                    for _ in 0..each {
                        let begin = Instant::now();
                        staff.customers().create(NewCustomer::new("Initech Corporation")).await?;
                        waits.push(begin.elapsed().as_secs_f64());
                    }
                    Ok(waits)
                })
            };
            let tasks: Vec<_> = (0..callers).map(|_| one()).collect();
            let mut waits = Vec::new();
            for task in tasks {
                waits.extend(task.await.ok());
            }
            waits.into_iter().collect()
        }),
    };
    let waits: Vec<f64> = waits?.into_iter().flatten().collect();
    if waits.len() < operations as usize { Err("a caller panicked".into()) } else { Ok(waits) }
}

const OTHER: &str = "TENANTRY_BENCH_OTHER";

/// How long creations take by the number of callers, their kind, and the number of processes; a line each.
pub(crate) fn latencies(operations: u32) -> Result<Vec<String>, Box<dyn Error>> {
    let mut lines = Vec::new();
    for kind in [Kind::Threads, Kind::Tasks] {
        for callers in [1, 8, 64, 256] {
            for processes in [1, 2] {
                let world = World::new(1_000)?;
                let operations = operations.saturating_mul(if callers == 1 { 4 } else { 16 }).max(callers);
                let begin;
                let waits = if processes == 1 {
                    begin = Instant::now();
                    create(&world.staff, kind, callers, operations)?
                } else {
                    let mut other = Other::start(&world, kind, callers, operations)?;
                    begin = Instant::now();
                    other.go()?;
                    let ours = create(&world.staff, kind, callers, operations)?;
                    [ours, other.waits()?].concat()
                };
                let rate = waits.len() as f64 / begin.elapsed().as_secs_f64();
                let (kind, spread) = (format!("{kind:?}"), spread(waits));
                lines.push(format!("{kind:<7} callers {callers:>3}  processes {processes}  {rate:>6.0}/s  {spread}"));
            }
        }
    }
    lines.push(beside_an_import(1_000)?);
    Ok(lines)
}

/// One caller who creates customers while another imports into a store of this size: batches keep it waiting at most 50 ms.
pub(crate) fn beside_an_import(customers: u64) -> Result<String, Box<dyn Error>> {
    let world = World::new(customers)?;
    let rows = (0..60_000).map(|row| Ok(NewCustomer::new(format!("Row {row}")).external_id(format!("row {row}"))));
    let import = world.staff.customers().import(rows, |_| ());
    let importing = thread::spawn(move || import.wait());
    let mut waits = Vec::new();
    while !importing.is_finished() {
        waits.extend(create(&world.staff, Kind::Threads, 1, 1)?);
    }
    importing.join().map_err(|_| "the import panicked")??;
    Ok(format!("{:<33} {}", "Threads callers   1  beside an import", spread(waits)))
}

/// The middle, the last hundredth and the worst.
fn spread(mut waits: Vec<f64>) -> String {
    waits.sort_by(f64::total_cmp);
    let last = waits.len().saturating_sub(1);
    let at = |share: usize| waits.get(last * share / 100).copied().unwrap_or(f64::NAN) * 1e3;
    format!("p50 {:>7.2} ms  p99 {:>7.2} ms  max {:>7.2} ms", at(50), at(99), at(100))
}

/// The same program as a second process on the same file.
struct Other {
    child: std::process::Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Other {
    fn start(world: &World, kind: Kind, callers: u32, operations: u32) -> Result<Self, Box<dyn Error>> {
        let user = match world.staff.actor() {
            tenantry::Actor::User(user) => *user,
            tenantry::Actor::Service(_) | tenantry::Actor::Host => return Err("the staff is nobody".into()),
        };
        let what = format!("{} {user} {kind:?} {callers} {operations}", world.staff.vendor_id());
        let mut command = Command::new(env::current_exe()?);
        command.env(OTHER, what).arg(&world.path).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let mut lines = BufReader::new(output).lines();
        lines.next().ok_or("the other process did not begin")??;
        Ok(Self { child, lines })
    }

    fn go(&mut self) -> Result<(), Box<dyn Error>> {
        Ok(self.child.stdin.take().ok_or("no input")?.write_all(b"go\n")?)
    }

    fn waits(mut self) -> Result<Vec<f64>, Box<dyn Error>> {
        let waits: Vec<f64> =
            self.lines.by_ref().map(|line| Ok(line?.parse()?)).collect::<Result<_, Box<dyn Error>>>()?;
        if self.child.wait()?.success() { Ok(waits) } else { Err("the other process failed".into()) }
    }
}

/// What the second process does; `false` when this is not one.
pub(crate) fn is_other() -> Result<bool, Box<dyn Error>> {
    let Ok(what) = env::var(OTHER) else { return Ok(false) };
    let [vendor, user, kind, callers, operations] = what.split(' ').collect::<Vec<_>>()[..] else {
        return Err("not what the first process says".into());
    };
    let (vendor, user): (VendorId, UserId) = (vendor.parse()?, user.parse()?);
    let kind = if kind == "Threads" { Kind::Threads } else { Kind::Tasks };
    let path = env::args().nth(1).ok_or("no path")?;
    let app = Tenantry::builder(Catalog::standard()).open(Sqlite::file(path)).wait()?;
    println!("ready");
    std::io::stdin().lines().next();
    for wait in create(&app.vendor(vendor, user), kind, callers.parse()?, operations.parse()?)? {
        println!("{wait}");
    }
    Ok(true)
}
