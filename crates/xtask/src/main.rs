//! Runs everything CI runs: `cargo xtask test`, and the torture chamber alone: `cargo xtask torture`.
//!
//! What is run stands in `parts.rs` as plain data; `run.rs` carries it out and reports.

mod browser;
mod parts;
mod python;
mod run;

use std::process::ExitCode;

use parts::{PARTS, Part};

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Request {
    Help,
    Test {
        /// Names of the parts to run; all of them if empty.
        only: Vec<String>,
        long: bool,
    },
    /// The arguments are those of the chamber.
    Torture(Vec<String>),
}

/// Reads the arguments after the program's name.
fn parse(args: &[String]) -> Result<Request, String> {
    let mut args = args.iter().map(String::as_str);
    match args.next() {
        None | Some("help" | "--help" | "-h") => return Ok(Request::Help),
        Some("torture") => return Ok(Request::Torture(args.map(str::to_owned).collect())),
        Some("test") => {}
        Some(other) => return Err(format!("unknown command `{other}`")),
    }
    let (mut only, mut long) = (Vec::new(), false);
    while let Some(arg) = args.next() {
        let part = match arg {
            "--help" | "-h" => return Ok(Request::Help),
            "--long" => {
                long = true;
                continue;
            }
            "--only" => args.next().ok_or("`--only` needs the name of a part")?,
            other => match other.strip_prefix("--only=") {
                Some(part) => part,
                None => return Err(format!("unknown argument `{other}`")),
            },
        };
        if !PARTS.iter().any(|known| known.name == part) {
            let known: Vec<_> = PARTS.iter().map(|part| part.name).collect();
            return Err(format!("unknown part `{part}`; the parts are: {}", known.join(", ")));
        }
        only.push(part.to_owned());
    }
    Ok(Request::Test { only, long })
}

fn usage() -> String {
    let mut text = String::from(
        "usage: cargo xtask test [--only PART] [--long]\n       cargo xtask torture [--help]\n\n  \
         --only PART  run this part alone; may be given more than once\n  \
         --long       also run the steps that take long\n\nparts:\n",
    );
    for Part { name, about, .. } in PARTS {
        text.push_str(&format!("  {name:<11}  {about}\n"));
    }
    text
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    match parse(&args) {
        Ok(Request::Help) => {
            run::say(&usage());
            ExitCode::SUCCESS
        }
        Ok(Request::Test { only, long }) => {
            let parts: Vec<&Part> =
                PARTS.iter().filter(|part| only.is_empty() || only.iter().any(|name| name == part.name)).collect();
            if run::test(&parts, long) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Ok(Request::Torture(args)) => match run::torture(&args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            eprintln!("error: {error}\n\n{}", usage());
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Request, String> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn nothing_and_help_print_usage() {
        for line in ["", "help", "--help", "test --help"] {
            assert_eq!(parse_line(line), Ok(Request::Help), "{line}");
        }
        assert!(usage().contains("rust"));
    }

    #[test]
    fn test_takes_its_options() {
        assert_eq!(parse_line("test"), Ok(Request::Test { only: vec![], long: false }));
        let expected = Ok(Request::Test { only: vec!["rust".to_owned()], long: true });
        assert_eq!(parse_line("test --only rust --long"), expected);
        assert_eq!(parse_line("test --long --only=rust"), expected);
    }

    #[test]
    fn torture_hands_its_options_on() {
        let expected = ["--only", "kill", "--seed", "3"].map(str::to_owned).to_vec();
        assert_eq!(parse_line("torture --only kill --seed 3"), Ok(Request::Torture(expected)));
    }

    #[test]
    fn anything_else_is_an_error_that_names_it() {
        for (line, named) in [
            ("tset", "`tset`"),
            ("test --fast", "`--fast`"),
            ("test rust", "`rust`"),
            ("test --only", "`--only`"),
            ("test --only rsut", "the parts are: rust"),
        ] {
            let error = parse_line(line).unwrap_err();
            assert!(error.contains(named), "{line}: {error}");
        }
    }
}
