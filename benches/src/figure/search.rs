//! P5: the filter.

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use tenantry::{Cursor, CustomerFilter};

use super::{Figure, Goal};
use crate::Options;
use crate::floor::{FloorStore, scan};
use crate::needles;
use crate::world::{self, World};

/// Whether a class is of the needles for which the index says nothing.
fn is_short(class: &str) -> bool {
    class.ends_with("character") || class.ends_with("characters")
}

/// The times of all pages of all needles, by class, each page as often as there are rounds.
fn times(
    world: &World,
    options: &Options,
    chosen: fn(&str) -> bool,
) -> Result<BTreeMap<&'static str, Vec<f64>>, Box<dyn Error>> {
    let customers = world.staff.customers();
    let mut pages = Vec::new();
    for (class, needle) in needles::all(options.customers).into_iter().filter(|(class, _)| chosen(class)) {
        let filter = CustomerFilter::new().text(needle);
        pages.push((class, filter.clone()));
        if let Some(cursor) = hundredth(world, &filter)? {
            pages.push((class, filter.after(cursor)));
        }
    }
    let mut times = BTreeMap::<_, Vec<f64>>::new();
    for _ in 0..options.rounds {
        for (class, filter) in &pages {
            let filter = filter.clone();
            let begin = Instant::now();
            black_box(customers.list(filter).wait()?);
            times.entry(*class).or_default().push(begin.elapsed().as_secs_f64());
        }
    }
    Ok(times)
}

/// Where the hundredth page of 50 begins, or the last page if there are fewer.
fn hundredth(world: &World, filter: &CustomerFilter) -> Result<Option<Cursor>, Box<dyn Error>> {
    let mut after: Option<Cursor> = None;
    for size in [1_000, 1_000, 1_000, 1_000, 950] {
        let mut page = filter.clone().page_size(size);
        page.page.after = after.clone();
        match world.staff.customers().list(page).wait()?.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    Ok(after)
}

/// The time that so many of a hundred are below.
fn percentile(mut times: Vec<f64>, percent: usize) -> f64 {
    times.sort_by(f64::total_cmp);
    let index = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(index).copied().unwrap_or(f64::NAN)
}

fn show(times: &BTreeMap<&'static str, Vec<f64>>) {
    for (class, times) in times {
        let of = |percent| percentile(times.clone(), percent) * 1e3;
        let (median, p99, most) = (of(50), of(99), of(100));
        eprintln!("P5  {class:<16} median {median:.2} ms  p99 {p99:.2} ms  most {most:.2} ms  of {}", times.len());
    }
}

/// The median time of a scan for something that is nowhere.
fn floor(world: &World, options: &Options) -> Result<f64, Box<dyn Error>> {
    let store = FloorStore::copy(world)?;
    let mut times = Vec::new();
    for _ in 0..options.rounds {
        let begin = Instant::now();
        black_box(scan(&store, world, "nowhere to be found")?);
        times.push(begin.elapsed().as_secs_f64());
    }
    Ok(world::median(times))
}

fn figure(
    world: &World,
    options: &Options,
    chosen: fn(&str) -> bool,
    name: &'static str,
    percent: usize,
    goal: Goal,
) -> Result<Figure, Box<dyn Error>> {
    let times = times(world, options, chosen)?;
    show(&times);
    let ours = percentile(times.into_values().flatten().collect(), percent);
    Ok(Figure::new("P5", name, (ours, floor(world, options)?), goal))
}

/// P5: the median over needles of three characters and more, first and hundredth page. Floor: a scan.
pub(crate) fn filter_median(world: &World, options: &Options) -> Result<Figure, Box<dyn Error>> {
    figure(world, options, |class| !is_short(class), "filter_median", 50, Goal::Seconds(2e-3))
}

/// P5: what 99 of 100 of the same pages take at most. Floor: a scan.
pub(crate) fn filter_p99(world: &World, options: &Options) -> Result<Figure, Box<dyn Error>> {
    figure(world, options, |class| !is_short(class), "filter_p99", 99, Goal::Seconds(40e-3))
}

/// P5: the slowest page of needles of one and two characters. Floor: a scan.
pub(crate) fn filter_short(world: &World, options: &Options) -> Result<Figure, Box<dyn Error>> {
    figure(world, options, is_short, "filter_short_slowest", 100, Goal::Ratio(1.0))
}
