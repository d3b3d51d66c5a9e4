//! P12 and P13: what grows with the number of customers.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use tenantry::CustomerFilter;

use super::{Figure, Goal, decision_up_to_date, durable_create, page_at_any_depth};
use crate::world::World;
use crate::{Options, needles, population};

/// The argument by which the program is told to read a store and to say how much memory it holds afterwards.
pub(crate) const RESIDENT: &str = "--resident";

/// P12: the memory of a new process after it read what the other figures read.
pub(crate) fn resident_memory(world: &World, options: &Options) -> Result<Figure, Box<dyn Error>> {
    let ours = if cfg!(test) {
        read_everything(&world.path, options.customers)?
    } else {
        let child = Command::new(std::env::current_exe()?)
            .args([RESIDENT, world.path.to_str().ok_or("a path that is not UTF-8")?])
            .args(["--customers", &options.customers.to_string()])
            .output()?;
        String::from_utf8(child.stdout)?.trim().parse()?
    };
    Ok(Figure::alone("P12", "resident_memory", ours, Goal::Bytes(64.0 * 1_048_576.0)))
}

/// Reads pages of every needle, pages in the order of the names, and decides; the bytes that the process holds then.
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
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the system does not say")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1_024.0)
}

/// P13: by how much the worst of P2, P3 and P6 grows from 1,000 customers on, each against its own floor.
pub(crate) fn growth(world: &World, options: &Options) -> Result<Figure, Box<dyn Error>> {
    let few = Options { only: None, resident: None, customers: 1_000, ..*options };
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
