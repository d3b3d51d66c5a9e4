//! Figures, each beside its floor: the least that any program must do for the same durable result, on the same machine in
//! the same run. `cargo run --release -p tenantry-benches --bin figures [-- --only P3] [--customers N] [--rounds N] [--json]`
//! `--latency` prints instead how long creations take, by the number of callers and processes; `--latency --only import`
//! only how long they take beside an import.
//!
//! It measures and does not judge: it ends with 0 whatever the figures are.
#![forbid(unsafe_code)]

mod callers;
mod figure;
mod floor;
mod needles;
mod population;
mod world;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use figure::Figure;
use serde_json::json;
use world::World;

/// What a process of its own does on a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alone {
    Reads,
    Imports,
}

/// What can be set.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    only: Option<String>,
    /// Only reads this store, or imports into it, and says how much memory that takes.
    alone: Option<(Alone, PathBuf)>,
    json: bool,
    latency: bool,
    customers: u64,
    rounds: usize,
    /// How many operations of a kind a round does; a decision from memory a thousand times as many.
    operations: u32,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options =
            Self { only: None, alone: None, json: false, latency: false, customers: 1_000, rounds: 7, operations: 300 };
        let number = |text: Option<String>| -> Result<u64, String> {
            let text = text.ok_or("a number is missing")?;
            text.parse().ok().filter(|number| *number > 0).ok_or(format!("`{text}` is no number above 0"))
        };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--only" => options.only = Some(arguments.next().ok_or("--only needs a figure")?),
                figure::READING | figure::IMPORTING => {
                    let alone = if argument == figure::READING { Alone::Reads } else { Alone::Imports };
                    options.alone = Some((alone, arguments.next().ok_or("a path is missing")?.into()));
                }
                "--json" => options.json = true,
                "--latency" => options.latency = true,
                "--customers" => options.customers = number(arguments.next())?,
                "--rounds" => options.rounds = usize::try_from(number(arguments.next())?).unwrap_or(usize::MAX),
                "--operations" => options.operations = u32::try_from(number(arguments.next())?).unwrap_or(u32::MAX),
                other => return Err(format!("unknown argument `{other}`")),
            }
        }
        Ok(options)
    }
}

fn main() -> ExitCode {
    match callers::is_other() {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    }
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprintln!(
                "{error}\nusage: figures [--only FIGURE] [--customers N] [--rounds N] [--operations N] [--json] [--latency]"
            );
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(lines) => {
            lines.iter().for_each(|line| println!("{line}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A figure's id, and how it is measured.
type Measure = fn(&World, &Options) -> Result<Figure, Box<dyn Error>>;

const FIGURES: &[(&str, Measure)] = &[
    ("P1", figure::decision_from_a_snapshot),
    ("P2", figure::decision_up_to_date),
    ("P3", figure::durable_create),
    ("P4", figure::creates_by_threads),
    ("P4", figure::creates_by_tasks),
    ("P5", figure::filter_median),
    ("P5", figure::filter_p99),
    ("P5", figure::filter_short),
    ("P6", figure::page_at_any_depth),
    ("P8", figure::bulk_create),
    ("P9", figure::durable_secret),
    ("P10", figure::render_20_secrets),
    ("P11", figure::redact_100_secrets),
    ("P12", figure::memory_of_reading),
    ("P12", figure::memory_of_an_import),
    ("P13", figure::growth),
];

/// Measures what was asked for; a line for each figure, then what it was measured on.
fn run(options: &Options) -> Result<Vec<String>, Box<dyn Error>> {
    if options.latency {
        let mut lines = match options.only.as_deref() {
            Some("import") => vec![callers::beside_an_import(options.customers)?],
            Some(other) => return Err(format!("there is no latency of `{other}` alone, only of `import`").into()),
            None => callers::latencies(options.operations)?,
        };
        lines.push(world::machine()?);
        return Ok(lines);
    }
    if let Some((alone, path)) = &options.alone {
        let most = match alone {
            Alone::Reads => figure::read_everything(path, options.customers)?,
            Alone::Imports => figure::import_everything(path, options.customers)?,
        };
        return Ok(vec![most.to_string()]);
    }
    let chosen: Vec<_> = FIGURES.iter().filter(|(id, _)| options.only.as_ref().is_none_or(|only| only == id)).collect();
    if chosen.is_empty() {
        let ids: std::collections::BTreeSet<_> = FIGURES.iter().map(|(id, _)| *id).collect();
        return Err(format!("there is no such figure; there are {}", Vec::from_iter(ids).join(", ")).into());
    }
    let mut figures = Vec::new();
    for (_, measure) in chosen {
        // Each on a store of its own, so that the order does not matter.
        figures.push(measure(&World::new(options.customers)?, options)?);
    }
    let machine = world::machine()?;
    if options.json {
        let figures: Vec<_> = figures.iter().map(Figure::to_json).collect();
        return Ok(vec![json!({ "figures": figures, "machine": machine, "customers": options.customers }).to_string()]);
    }
    let mut lines: Vec<_> = figures.iter().map(ToString::to_string).collect();
    lines.push(machine);
    lines.push(format!("customers {}, rounds {}, no random input", options.customers, options.rounds));
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Unit;

    fn parse(arguments: &[&str]) -> Result<Options, String> {
        Options::parse(arguments.iter().map(|argument| (*argument).to_owned()))
    }

    #[test]
    fn arguments_are_read_and_wrong_ones_named() {
        let options = parse(&["--only", "P3", "--json", "--customers", "7", "--rounds", "2"]).unwrap();
        assert_eq!(
            (options.only.as_deref(), options.json, options.customers, options.rounds),
            (Some("P3"), true, 7, 2)
        );
        for wrong in [&["--only"][..], &["--customers", "x"], &["--rounds", "0"], &["--fast"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn every_figure_is_measured_at_a_small_scale() {
        let small = ["--customers", "5", "--rounds", "1", "--operations", "2"];
        let lines = run(&parse(&small).unwrap()).unwrap();
        for (line, (id, _)) in lines.iter().zip(FIGURES) {
            assert!(line.starts_with(id) && line.contains("floor"), "{line}");
        }
        assert_eq!(lines.len(), FIGURES.len() + 2);
        let json = run(&parse(&[&small[..], &["--json", "--only", "P9"]].concat()).unwrap()).unwrap();
        assert!(json[0].contains("\"durable_secret\""));
        assert!(run(&parse(&["--only", "P0"]).unwrap()).is_err());
    }

    #[test]
    fn a_unit_fits_the_time() {
        assert_eq!(Unit::of(0.000_000_012_3).show(0.000_000_012_3), "12.3 ns");
        assert_eq!(Unit::of(0.000_171).show(0.000_171), "171.0 us");
    }
}
