//! Many people at once, for a while: `cargo run --release -p vendor-portal --bin load`.
//!
//! It starts the portal beside it on a new store, signs in 100 browsers in all six roles, and has each do what people do
//! there, one request after the other, for a minute. It prints how long the requests took, and fails when one was
//! answered otherwise than it should be. It ends by itself. With `--pages` one person after the other asks for every page
//! instead.
#![forbid(unsafe_code)]

mod pages;
mod person;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use person::Person;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use vendor_portal::demo;

type Failure = Box<dyn Error + Send + Sync>;

/// Many people at once on a portal of their own.
#[derive(Clone, Debug, Parser)]
struct Options {
    /// How many people.
    #[arg(long, default_value_t = 100)]
    users: usize,
    /// For how long.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How many customers there are, beside those of the demonstration.
    #[arg(long, default_value_t = 10_000)]
    customers: u64,
    /// How long a person looks at a page, in milliseconds; 0 for as fast as it goes.
    #[arg(long, default_value_t = 0)]
    pause: u64,
    /// Instead, one person after the other asks for every page this often.
    #[arg(long, value_name = "NUMBER")]
    pages: Option<usize>,
    /// The store; made and filled when it is not there. A new one that is not kept, unless told otherwise.
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    let options = Options::parse();
    let folder = tempfile::tempdir()?;
    let db = options.db.clone().unwrap_or_else(|| folder.path().join("load.db"));
    let (mut portal, links) = start(&db, options.customers).await?;
    let answer = match options.pages {
        Some(often) => pages::ask(&links, often).await.map(|()| ExitCode::SUCCESS),
        None => crowd(&options, &links).await,
    };
    portal.kill().await?;
    answer
}

/// Has many people do what they do, and prints how long it took.
async fn crowd(options: &Options, links: &[String]) -> Result<ExitCode, Failure> {
    let end = Instant::now() + Duration::from_secs(options.seconds);
    let mut people = JoinSet::new();
    for (number, link) in (0..options.users).zip(links.iter().cycle()) {
        let (link, pause) = (link.clone(), Duration::from_millis(options.pause));
        people.spawn(async move {
            let mut person = Person::sign_in(number, &link).await?;
            while Instant::now() < end {
                person.step().await?;
                tokio::time::sleep(pause).await;
            }
            Ok::<_, Failure>(person.times)
        });
    }
    let mut times: BTreeMap<&'static str, Vec<Duration>> = BTreeMap::new();
    let mut failures = Vec::new();
    while let Some(person) = people.join_next().await {
        match person? {
            Ok(found) => {
                for (kind, took) in found {
                    times.entry(kind).or_default().push(took);
                }
            }
            Err(error) => failures.push(error.to_string()),
        }
    }
    let all: Vec<_> = times.values().flatten().copied().collect();
    let rate = all.len() as f64 / options.seconds.max(1) as f64;
    let times = times.into_iter().map(|(kind, times)| (kind.to_owned(), times));
    show(times.chain([("all".to_owned(), all)]).collect());
    println!("{rate:.0} requests in a second, {} customers", options.customers);
    for failure in failures.iter().take(10) {
        eprintln!("{failure}");
    }
    println!("{} people, {} failed", options.users, failures.len());
    Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Starts the portal that was built beside this program, and reads the links to sign in from what it prints.
async fn start(db: &Path, customers: u64) -> Result<(Child, Vec<String>), Failure> {
    let program = std::env::current_exe()?.with_file_name("vendor-portal");
    let mut command = Command::new(program);
    command.arg("--db").arg(db).args(["--listen", "127.0.0.1:0"]);
    if !db.exists() {
        command.args(["--demo-customers", &customers.to_string()]);
    }
    let mut portal = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut lines = BufReader::new(portal.stdout.take().ok_or("no output")?).lines();
    let mut links = Vec::new();
    while links.len() < demo::PEOPLE.len() {
        let line = lines.next_line().await?.ok_or("the portal ended")?;
        links.extend(line.split_whitespace().find(|word| word.contains("/sign-in/")).map(str::to_owned));
    }
    Ok((portal, links))
}

/// Prints how long the requests took, a line for each kind.
fn show(times: Vec<(String, Vec<Duration>)>) {
    let width = times.iter().map(|(kind, _)| kind.chars().count()).max().unwrap_or(0);
    println!("{:<width$} {:>8} {:>9} {:>9} {:>9} {:>9}   in ms", "", "requests", "p50", "p90", "p99", "worst");
    for (kind, mut times) in times {
        times.sort_unstable();
        let at = |share: f64| {
            let index = (times.len().saturating_sub(1)) as f64 * share;
            times.get(index as usize).map_or(0.0, |took| took.as_secs_f64() * 1e3)
        };
        let (p50, p90, p99, worst) = (at(0.5), at(0.9), at(0.99), at(1.0));
        println!("{kind:<width$} {:>8} {p50:>9.2} {p90:>9.2} {p99:>9.2} {worst:>9.2}", times.len());
    }
}
