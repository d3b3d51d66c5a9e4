//! `cargo xtask torture`: runs the torture chamber, and says what it did.

use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tenantry_torture::power::Lie;
use tenantry_torture::report::{Wrong, say};
use tenantry_torture::{Failure, Report, Setting, io, kill, power, race};

const USAGE: &str =
    "usage: cargo xtask torture [--full] [--only kill|power|io|race] [--seed N] [--minutes N] [--cases N]

  --full       10,000 kills, 100,000 losses of power, minutes of racing
  --only PART  this part alone; may be given more than once
  --seed N     the cases of this seed
  --minutes N  how long the race is at least
  --cases N    this many kills and losses of power instead";

const PARTS: [&str; 4] = ["kill", "power", "io", "race"];

struct Request {
    setting: Setting,
    only: Vec<String>,
}

fn parse(arguments: &[String]) -> Result<Request, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.subsec_nanos());
    let full = arguments.iter().any(|argument| argument == "--full");
    let seed = u64::from(now);
    let setting = if full { Setting::full(seed) } else { Setting::small(seed) };
    let mut request = Request { setting, only: Vec::new() };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("`{argument}` needs a value"));
        match argument.as_str() {
            "--full" => {}
            "--seed" => request.setting.seed = value()?.parse()?,
            "--minutes" => request.setting.minutes = value()?.parse()?,
            "--cases" => {
                request.setting.kills = value()?.parse()?;
                request.setting.cuts = request.setting.kills;
            }
            "--only" => {
                let part = value()?;
                if !PARTS.contains(&part.as_str()) {
                    return Err(format!("unknown part `{part}`; the parts are: {}", PARTS.join(", ")).into());
                }
                request.only.push(part.clone());
            }
            other => return Err(format!("unknown argument `{other}`").into()),
        }
    }
    Ok(request)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let child = match arguments.split_first() {
        Some((first, rest)) if first == kill::CHILD => Some(kill::child(rest)),
        Some((first, rest)) if first == race::CHILD => Some(race::child(rest)),
        Some((first, _)) if first == "--help" => {
            say(USAGE);
            return ExitCode::SUCCESS;
        }
        _ => None,
    };
    if let Some(ended) = child {
        return match ended {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        };
    }
    match parse(&arguments) {
        Ok(request) => torture(&request),
        Err(error) => {
            eprintln!("error: {error}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn torture(request: &Request) -> ExitCode {
    let setting = &request.setting;
    say(&format!("{setting:?}"));
    let mut sum = Report::default();
    for part in PARTS {
        if !request.only.is_empty() && !request.only.iter().any(|only| only == part) {
            continue;
        }
        let begin = Instant::now();
        let done = std::env::current_exe().map_err(Failure::from).and_then(|program| match part {
            "kill" => kill::run(setting, &program),
            "power" => power::run(setting, Lie::None),
            "io" => io::run(setting),
            _ => race::run(setting, &program),
        });
        let report = done.unwrap_or_else(|error| {
            let mut report = Report::default();
            report.found(Wrong::Violation, format!("{part} cannot go on: {error}"));
            report
        });
        say(&format!("{part:<5}  {:.1} s  {report}", begin.elapsed().as_secs_f64()));
        sum.add(report);
    }
    say(&sum.last_line(setting.seed));
    if sum.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
