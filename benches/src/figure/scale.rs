//! P12 and P13: what could grow with the number of customers.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use tenantry::CustomerFilter;

use super::{Figure, Goal, decision_up_to_date, durable_create, page_at_any_depth};
use crate::world::World;
use crate::{Options, needles, population};

/// The arguments by which the program is told to work on a store, and to say how much memory it held at most.
pub(crate) const READING: &str = "--reading";
pub(crate) const IMPORTING: &str = "--importing";

/// P12: the most that a new process holds while it reads what the other figures read.
pub(crate) fn memory_of_reading(world: &World, options: &Options) -> Result<Figure, Box<dyn Error>> {
    let ours = in_a_new_process(READING, read_everything, &world.path, options.customers)?;
    Ok(Figure::alone("P12", "memory_of_reading", ours, MEMORY))
}

/// P12: the most that a new process holds while it imports as many customers.
pub(crate) fn memory_of_an_import(world: &World, options: &Options) -> Result<Figure, Box<dyn Error>> {
    let path = world.folder.path().join("imported.db");
    let ours = in_a_new_process(IMPORTING, import_everything, &path, options.customers)?;
    Ok(Figure::alone("P12", "memory_of_an_import", ours, MEMORY))
}

const MEMORY: Goal = Goal::Bytes(64.0 * 1_048_576.0);

type Work = fn(&Path, u64) -> Result<f64, Box<dyn Error>>;

fn in_a_new_process(argument: &str, work: Work, path: &Path, customers: u64) -> Result<f64, Box<dyn Error>> {
    // The program of the tests does not know the argument.
    if cfg!(test) {
        return work(path, customers);
    }
    let child = Command::new(std::env::current_exe()?)
        .args([argument, path.to_str().ok_or("a path that is not UTF-8")?])
        .args(["--customers", &customers.to_string()])
        .output()?;
    Ok(String::from_utf8(child.stdout)?.trim().parse()?)
}

/// The most bytes that this process held so far.
fn most_memory() -> Result<f64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the system does not say")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1_024.0)
}

/// Imports customers into a new store.
pub(crate) fn import_everything(path: &Path, customers: u64) -> Result<f64, Box<dyn Error>> {
    population::import(&population::open(path)?, customers)?;
    most_memory()
}

/// Reads pages of every needle, pages in the order of the names, and decides.
pub(crate) fn read_everything(path: &Path, customers: u64) -> Result<f64, Box<dyn Error>> {
    let app = population::open(path)?;
    let staff = population::staff(&app)?;
    for (_, needle) in needles::all(customers) {
        let filter = CustomerFilter::new().text(needle);
        if let Some(next) = staff.customers().list(filter.clone()).wait()?.next {
            staff.customers().list(filter.after(next)).wait()?;
        }
    }
    let mut filter = CustomerFilter::new().page_size(1_000);
    loop {
        let page = staff.customers().list(filter.clone()).wait()?;
        for customer in page.items.iter().step_by(100) {
            staff.customer(customer.id).can("customers.view").wait()?;
        }
        match page.next {
            Some(next) => filter.page.after = Some(next),
            None => break,
        }
    }
    most_memory()
}

/// P13: by how much the worst of P2, P3 and P6 grows from 1,000 customers on, each against its own floor.
pub(crate) fn growth(world: &World, options: &Options) -> Result<Figure, Box<dyn Error>> {
    let few = Options { only: None, alone: None, customers: 1_000, ..*options };
    let small = World::new(few.customers)?;
    let mut worst: f64 = 0.0;
    for measure in [decision_up_to_date, durable_create, page_at_any_depth] {
        let (then, now) = (measure(&small, &few)?, measure(world, options)?);
        let grown = now.ratio().unwrap_or(f64::NAN) / then.ratio().unwrap_or(f64::NAN);
        eprintln!("P13 {} grows by {grown:.2}\n    from {then}\n    to   {now}", now.id);
        worst = worst.max(grown);
    }
    Ok(Figure::alone("P13", "growth_of_the_worst", worst, Goal::Times(1.2)))
}
