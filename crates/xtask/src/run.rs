//! Carries out parts and reports on them.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::parts::{Action, CommandLine, Count, Part, Step, Tool};

/// Prints a line. That nobody reads any more is no failure of a test.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Runs the torture chamber. It is built like the tests, so that its dependencies are built once.
pub(crate) const TORTURE_COMMAND: &[&str] = &["cargo", "run", "--quiet", "--locked", "-p", "tenantry-torture", "--"];

/// Runs the torture chamber with these arguments.
pub(crate) fn torture(args: &[String]) -> Result<(), String> {
    let mut shell = Shell::new(Count::Nothing);
    let words: Vec<_> = TORTURE_COMMAND.iter().map(|word| (*word).to_owned()).chain(args.iter().cloned()).collect();
    let root = shell.root().to_owned();
    shell.run(&words, &root, &[]).map(drop)
}

/// Reads the counts out of the closing line of the torture chamber.
fn tally_of_torture(line: &str) -> Tally {
    let mut tally = Tally::default();
    // The lines of its parts carry the same words, but neither begin nor end like the last one.
    if !line.starts_with("kills ") || !line.contains("  seed ") {
        return tally;
    }
    for pair in line.split("  ") {
        let Some((what, number)) = pair.split_once(' ') else { continue };
        let number = number.parse().unwrap_or(0);
        match what {
            "kills" | "power_cuts" | "faults" => tally.passed += number,
            "lost" | "violations" | "panics" => tally.failed += number,
            _ => {}
        }
    }
    tally
}

/// Reads the counts out of the closing lines of Node's test runner, each with a mark before it.
fn tally_of_node(line: &str) -> Tally {
    let mut tally = Tally::default();
    let line = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# ")).unwrap_or_default();
    if let Some((what, number)) = line.split_once(' ')
        && let Ok(number) = number.parse::<u64>()
    {
        match what {
            "pass" => tally.passed = number,
            // A test that was skipped is one that was not run.
            "fail" | "cancelled" | "skipped" | "todo" => tally.failed = number,
            _ => {}
        }
    }
    tally
}

/// Reads the counts out of one line of output, if it has any.
fn tally_of_line(line: &str, counts: Count) -> Tally {
    let mut tally = Tally::default();
    let result = match counts {
        Count::Torture => return tally_of_torture(line),
        Count::Node => return tally_of_node(line),
        Count::Libtest => line.strip_prefix("test result: "),
        Count::Pytest => Some(line).filter(|line| {
            let line = line.trim_matches([' ', '=']);
            line.starts_with(|first: char| first.is_ascii_digit()) && line.contains(" in ")
        }),
        Count::Nothing | Count::Itself => None,
    };
    if let Some(result) = result {
        // Every mark separates, so that colours do not matter.
        let words: Vec<&str> = result.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
        for pair in words.windows(2) {
            if let [number, word] = pair
                && let Ok(number) = number.parse::<u64>()
            {
                match *word {
                    "passed" => tally.passed += number,
                    "failed" | "error" | "errors" => tally.failed += number,
                    _ => {}
                }
            }
        }
    }
    tally
}

/// What a step's function runs its commands with.
pub(crate) struct Shell {
    root: PathBuf,
    target: PathBuf,
    counts: Count,
    tally: Tally,
}

impl Shell {
    fn new(counts: Count) -> Self {
        let root = root();
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(directory) if !directory.is_empty() => root.join(directory),
            _ => root.join("target"),
        };
        Shell { root, target, counts, tally: Tally::default() }
    }

    /// The root of the repository.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo puts what it builds.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Counts one test of a step that counts itself.
    pub(crate) fn count(&mut self, passed: bool) {
        self.tally.add(Tally { passed: u64::from(passed), failed: u64::from(!passed) });
    }

    /// Runs a command in `dir`, passes its output through while it comes, counts its tests and
    /// returns what it printed on standard output.
    pub(crate) fn run(
        &mut self,
        words: &[impl AsRef<str>],
        dir: &Path,
        env: &[(&str, &OsStr)],
    ) -> Result<String, String> {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        say(&format!("$ {}", words.join(" ")));
        let Some((program, args)) = words.split_first() else {
            return Err("no command is given".to_owned());
        };
        let mut child = Command::new(program)
            .args(args)
            .current_dir(dir)
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{program} does not start: {error}"))?;
        let mut output = Vec::new();
        if let Some(mut stdout) = child.stdout.take() {
            let mut chunk = [0; 8192];
            loop {
                match stdout.read(&mut chunk) {
                    Ok(0) => break,
                    Ok(length) => {
                        let chunk = chunk.get(..length).unwrap_or_default();
                        output.extend_from_slice(chunk);
                        let mut terminal = std::io::stdout();
                        let _ = terminal.write_all(chunk).and_then(|()| terminal.flush());
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(format!("reading from {program}: {error}")),
                }
            }
        }
        let status = child.wait().map_err(|error| format!("waiting for {program}: {error}"))?;
        let output = String::from_utf8_lossy(&output).into_owned();
        for line in output.lines() {
            self.tally.add(tally_of_line(line, self.counts));
        }
        if status.success() { Ok(output) } else { Err(status.to_string()) }
    }

    fn run_line(&mut self, line: &CommandLine) -> Result<(), String> {
        let env: Vec<_> = line.env.iter().map(|(key, value)| (*key, OsStr::new(*value))).collect();
        let dir = self.root.join(line.dir);
        self.run(line.words, &dir, &env).map(|_| ())
    }
}

/// The root of the repository: where cargo finds this crate now, not where it was built.
fn root() -> PathBuf {
    let here =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.ancestors().nth(2).map_or_else(|| here.clone(), Path::to_owned)
}

/// A directory that is removed with the value.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new(name: &str) -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("tenantry-xtask-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(TempDir(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes what an earlier run left there.
pub(crate) fn fresh(path: &Path) -> Result<(), String> {
    if path.exists() {
        fs::remove_dir_all(path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// What became of one step.
struct Outcome {
    part: &'static str,
    step: &'static str,
    counted: bool,
    tally: Tally,
    time: Duration,
    error: Option<String>,
}

impl Outcome {
    /// Failed tests, or 1 for a step that failed without one.
    fn failures(&self) -> u64 {
        if self.error.is_some() { self.tally.failed.max(1) } else { self.tally.failed }
    }
}

/// Decides whether a step passed: by its commands and by what it counted.
fn verdict(result: Result<(), String>, counted: bool, tally: Tally) -> Option<String> {
    match result {
        Err(error) => Some(error),
        Ok(()) if tally.failed > 0 => Some("failing tests, but the command ended well".to_owned()),
        Ok(()) if counted && tally.passed == 0 => Some("ran no test".to_owned()),
        Ok(()) => None,
    }
}

fn run_step(part: &Part, step: &Step) -> Outcome {
    say(&format!("\n==> {}: {}", part.name, step.name));
    let start = Instant::now();
    let mut shell = Shell::new(step.counts);
    let result = match &step.action {
        Action::Run(line) => shell.run_line(line),
        Action::Call(function) => function(&mut shell),
    };
    let counted = step.counts != Count::Nothing;
    let error = verdict(result, counted, shell.tally);
    if let Some(error) = &error {
        say(&format!("==> {}: {} FAILED: {error}", part.name, step.name));
    }
    let (part, step, tally) = (part.name, step.name, shell.tally);
    Outcome { part, step, counted, tally, time: start.elapsed(), error }
}

fn is_installed(tool: &Tool) -> bool {
    let Some((program, args)) = tool.probe.split_first() else { return true };
    let status = Command::new(program)
        .args(args)
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

fn run_part(part: &Part, long: bool) -> Vec<Outcome> {
    let start = Instant::now();
    let missing: Vec<Outcome> = part
        .tools
        .iter()
        .filter(|tool| !is_installed(tool))
        .map(|tool| {
            let error = format!("{} is not installed: {}", tool.name, tool.install);
            say(&format!("{}: {error}", part.name));
            Outcome {
                part: part.name,
                step: tool.name,
                counted: false,
                tally: Tally::default(),
                time: start.elapsed(),
                error: Some(error),
            }
        })
        .collect();
    if !missing.is_empty() {
        return missing;
    }
    let mut outcomes = Vec::new();
    for step in part.steps.iter().filter(|step| long || !step.long) {
        let outcome = run_step(part, step);
        let ends = step.vital && outcome.error.is_some();
        outcomes.push(outcome);
        if ends {
            break;
        }
    }
    outcomes
}

/// Runs the parts, reports, and says whether everything passed.
pub(crate) fn test(parts: &[&Part], long: bool) -> bool {
    let outcomes: Vec<Outcome> = parts.iter().flat_map(|part| run_part(part, long)).collect();
    let (report, passed) = report(&outcomes);
    say(&report);
    passed
}

/// The closing tables and the last line, and whether everything passed.
fn report(outcomes: &[Outcome]) -> (String, bool) {
    let head = ["part", "step", "tests", "seconds", "result"].map(str::to_owned);
    let mut steps = vec![head.to_vec()];
    let mut parts: Vec<(&str, Tally, Duration)> = Vec::new();
    let mut total = Tally::default();
    for outcome in outcomes {
        let tests = match outcome.tally {
            _ if !outcome.counted => "-".to_owned(),
            Tally { passed, failed: 0 } => passed.to_string(),
            Tally { passed, failed } => format!("{passed} and {failed} failed"),
        };
        let result = match &outcome.error {
            Some(error) => format!("FAILED: {error}"),
            None => "ok".to_owned(),
        };
        let seconds = seconds(outcome.time);
        steps.push(vec![outcome.part.to_owned(), outcome.step.to_owned(), tests, seconds, result]);

        let tally = Tally { passed: outcome.tally.passed, failed: outcome.failures() };
        total.add(tally);
        match parts.iter_mut().find(|(name, ..)| *name == outcome.part) {
            Some((_, sum, time)) => {
                sum.add(tally);
                *time += outcome.time;
            }
            None => parts.push((outcome.part, tally, outcome.time)),
        }
    }
    let mut summary = vec![["part", "tests", "seconds"].map(str::to_owned).to_vec()];
    for (name, tally, time) in parts {
        summary.push(vec![name.to_owned(), tally.passed.to_string(), seconds(time)]);
    }
    let Tally { passed, failed } = total;
    let text = format!("\n{}\n{}\n{passed} passed, {failed} failed", table(&steps), table(&summary));
    (text, failed == 0)
}

fn seconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

/// Columns two spaces apart.
fn table(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            line.push_str(&format!("{cell:<width$}  ", width = width(column)));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(step: &'static str, counts: Count, tally: (u64, u64), error: bool) -> Outcome {
        let tally = Tally { passed: tally.0, failed: tally.1 };
        let counted = counts != Count::Nothing;
        let result = if error { Err("exit status: 101".to_owned()) } else { Ok(()) };
        let error = verdict(result, counted, tally);
        Outcome { part: "rust", step, counted, tally, time: Duration::from_millis(1250), error }
    }

    #[test]
    fn counts_the_closing_lines_of_libtest() {
        let line = |text: &str| {
            let Tally { passed, failed } = tally_of_line(text, Count::Libtest);
            (passed, failed)
        };
        let end = "0 ignored; 0 measured; 4 filtered out; finished in 0.12s";
        assert_eq!(line(&format!("test result: ok. 12 passed; 0 failed; {end}")), (12, 0));
        assert_eq!(line(&format!("test result: FAILED. 3 passed; 2 failed; {end}")), (3, 2));
        assert_eq!(line("test result: \u{1b}[32mok\u{1b}[m. 7 passed; 1 failed; 0 ignored"), (7, 1));
        assert_eq!(line("test a::b ... ok"), (0, 0));
        assert_eq!(line("we saw 5 passed; 1 failed"), (0, 0));
        let other = tally_of_line("test result: ok. 12 passed; 0 failed", Count::Nothing);
        assert_eq!(other, Tally::default());
    }

    #[test]
    fn counts_the_closing_line_of_the_torture_chamber() {
        let part = "kill   3.3 s  kills 51  power_cuts 0  faults 0  operations 7  acknowledged 7  lost 0  violations 0  panics 0";
        assert_eq!(tally_of_line(part, Count::Torture), Tally::default());
        let last =
            "kills 5  power_cuts 6  faults 7  operations 99  acknowledged 98  lost 1  violations 2  panics 3  seed 4";
        assert_eq!(tally_of_line(last, Count::Torture), Tally { passed: 18, failed: 6 });
    }

    #[test]
    fn counts_the_closing_line_of_pytest() {
        let line = |text: &str| {
            let Tally { passed, failed } = tally_of_line(text, Count::Pytest);
            (passed, failed)
        };
        assert_eq!(line("317 passed in 5.45s"), (317, 0));
        assert_eq!(line("=== 1 failed, 316 passed, 2 errors in 65.05s (0:01:05) ==="), (316, 3));
        assert_eq!(line("tests/test_lists.py .....F 3 passed"), (0, 0));
    }

    #[test]
    fn counts_the_closing_lines_of_node() {
        let sum = |text: &str| {
            let mut sum = Tally::default();
            text.lines().for_each(|line| sum.add(tally_of_line(line, Count::Node)));
            (sum.passed, sum.failed)
        };
        let end =
            "ℹ tests 9\nℹ suites 0\nℹ pass 5\nℹ fail 1\nℹ cancelled 2\nℹ skipped 1\nℹ todo 0\nℹ duration_ms 1436.5";
        assert_eq!(sum(end), (5, 4));
        assert_eq!(sum("# tests 3\n# pass 3\n# fail 0"), (3, 0));
        assert_eq!(sum("✔ pass 5 (3.2ms)\n✖ failing tests:\npass 5\nℹ pass all"), (0, 0));
    }

    #[test]
    fn a_command_is_counted_and_its_end_reported() {
        let mut shell = Shell::new(Count::Libtest);
        let root = shell.root().to_owned();
        assert!(shell.run(&["cargo", "--version"], &root, &[]).unwrap().contains("cargo 1."));
        if cfg!(unix) {
            assert!(shell.run(&["false"], &root, &[]).unwrap_err().contains("exit status: 1"));
        }
        let missing = shell.run(&["no-such-program"], &root, &[]).unwrap_err();
        assert!(missing.contains("no-such-program"), "{missing}");
        assert_eq!(shell.tally, Tally::default());
    }

    #[test]
    fn a_missing_tool_is_seen() {
        let tool = |probe| Tool { name: "tool", probe, install: "" };
        assert!(is_installed(&tool(&["cargo", "--version"])));
        assert!(!is_installed(&tool(&["cargo", "no-such-command"])));
        assert!(!is_installed(&tool(&["no-such-program"])));
    }

    #[test]
    fn the_last_line_sums_tests_and_failed_steps() {
        let good = [outcome("format", Count::Nothing, (0, 0), false), outcome("tests", Count::Libtest, (12, 0), false)];
        let (text, passed) = report(&good);
        assert!(passed);
        assert!(text.ends_with("\n12 passed, 0 failed"), "{text}");
        assert!(text.contains("rust  tests   12     1.2      ok"), "{text}");
        assert!(text.contains("rust  12     2.5"), "{text}");

        let bad = [
            outcome("format", Count::Nothing, (0, 0), true),
            outcome("tests", Count::Libtest, (12, 2), true),
            outcome("none", Count::Libtest, (0, 0), false),
        ];
        let (text, passed) = report(&bad);
        assert!(!passed);
        assert!(text.ends_with("\n12 passed, 4 failed"), "{text}");
        assert!(text.contains("FAILED: ran no test"), "{text}");
        assert!(text.contains("12 and 2 failed"), "{text}");
    }
}
