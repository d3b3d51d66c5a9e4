//! What `cargo xtask test` runs, as data. A new part is one more value in [`PARTS`].

use std::fs;
use std::path::{Path, PathBuf};

use crate::browser::BROWSER;
use crate::python::PYTHON;
use crate::run::{Shell, TORTURE_COMMAND, TempDir};

/// Every part, in the order in which they run.
pub(crate) const PARTS: &[Part] = &[RUST, PYTHON, BROWSER, TORTURE];

/// Steps that belong together and need the same tools.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Looked for first; when one is missing, the part fails and runs nothing.
    pub(crate) tools: &'static [Tool],
    pub(crate) steps: &'static [Step],
}

/// A program that a part needs.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    /// A command that succeeds where the tool is installed.
    pub(crate) probe: &'static [&'static str],
    /// What a person types to install it.
    pub(crate) install: &'static str,
}

pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) action: Action,
    pub(crate) counts: Count,
    /// Run only with `--long`.
    pub(crate) long: bool,
    /// When it fails, the rest of the part is not run.
    pub(crate) vital: bool,
}

pub(crate) enum Action {
    Run(CommandLine),
    /// For a step that is more than one command.
    Call(fn(&mut Shell) -> Result<(), String>),
}

pub(crate) struct CommandLine {
    pub(crate) words: &'static [&'static str],
    /// Relative to the root of the repository.
    pub(crate) dir: &'static str,
    pub(crate) env: &'static [(&'static str, &'static str)],
}

/// How the tests of a step are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    /// A check without tests: it passes or fails.
    Nothing,
    /// The closing lines of Rust's test harness, `test result: ok. 12 passed; 0 failed; …`.
    Libtest,
    /// The closing line of the torture chamber, `kills N  power_cuts N  faults N …  lost N  violations N  panics N`: each
    /// kill, loss of power and failure of the disk is a test.
    Torture,
    /// The closing line of pytest, `1 failed, 12 passed in 0.34s`.
    Pytest,
    /// The closing lines of Node's test runner, `ℹ pass 12`, `ℹ fail 0` and so on.
    Node,
    /// The step's function counts, by [`Shell::count`].
    Itself,
}

const RUST: Part = Part {
    name: "rust",
    about: "format, lints, documentation, tests, examples, the oldest SQLite binding",
    tools: &[
        Tool { name: "rustfmt", probe: &["cargo", "fmt", "--version"], install: "rustup component add rustfmt" },
        Tool { name: "clippy", probe: &["cargo", "clippy", "--version"], install: "rustup component add clippy" },
    ],
    steps: &[
        check("format", &["cargo", "fmt", "--all", "--check"]),
        check(
            "clippy",
            &["cargo", "clippy", "--workspace", "--all-targets", "--all-features", "--locked", "--", "-D", "warnings"],
        ),
        check(
            "features",
            &["cargo", "check", "-p", "tenantry", "--no-default-features", "--features", "sqlite", "--locked"],
        ),
        Step {
            name: "docs",
            action: Action::Run(CommandLine {
                words: &["cargo", "doc", "--workspace", "--no-deps", "--all-features", "--locked"],
                dir: "",
                env: &[("RUSTDOCFLAGS", "-D warnings")],
            }),
            counts: Count::Nothing,
            long: false,
            vital: false,
        },
        Step {
            name: "tests",
            action: Action::Run(CommandLine {
                words: &["cargo", "test", "--workspace", "--all-features", "--locked", "--no-fail-fast"],
                dir: "",
                env: &[],
            }),
            counts: Count::Libtest,
            long: false,
            vital: false,
        },
        EXAMPLES_STEP,
        OLDEST_SQLITE,
    ],
};

const TORTURE: Part = Part {
    name: "torture",
    about: "the torture chamber, its small setting: kills, losses of power, failing disks, races",
    tools: &[],
    steps: &[Step {
        name: "small setting",
        action: Action::Run(CommandLine { words: TORTURE_COMMAND, dir: "", env: &[] }),
        counts: Count::Torture,
        long: false,
        vital: false,
    }],
};

/// A command in the root that passes or fails.
const fn check(name: &'static str, words: &'static [&'static str]) -> Step {
    let action = Action::Run(CommandLine { words, dir: "", env: &[] });
    Step { name, action, counts: Count::Nothing, long: false, vital: false }
}

/// An example that must end well and say what it is for.
struct Example {
    name: &'static str,
    /// `{tmp}` stands for a new temporary directory.
    args: &'static [&'static str],
    /// Each must occur in what it prints; an example for which nothing is given fails.
    shows: &'static [&'static str],
}

const EXAMPLES: &[Example] = &[
    Example {
        name: "quickstart",
        args: &[],
        shows: &[
            "Hank was invited as viewer and is administrator: Globex had no Administrator",
            "`deployments.edit` is denied: viewer does not have it; it takes administrator or user",
            "enabling alerts enabled deployments, alerts",
            "Hank's portal: Home | Deployments | Artifacts | Licenses | Alerts | Users | Secrets | Access Tokens",
            "disabling deployments disabled deployments, alerts",
            "Hank's portal: Home | Artifacts | Licenses | Users | Access Tokens",
            "Vera sees the secret    SMTP_PASSWORD, not its value",
        ],
    },
    Example { name: "quickstart", args: &["{tmp}/customers.db"], shows: &["secrets.resolved"] },
    Example {
        name: "custom_catalog",
        args: &[],
        shows: &["reports --> backups", "| backups.restore | backups | yes | yes |  |", "`egg` → `hen` → `egg`"],
    },
    Example {
        name: "async_service",
        args: &[],
        shows: &["1 task:    64 requests", "64 tasks:   512 requests", "violations found in the store: 0"],
    },
    Example {
        name: "import_customers",
        args: &["examples/data/organizations.csv", "{tmp}/customers.db"],
        shows: &["rows 32530  created 32527  skipped 3  refused 0", "BSH Hausgeräte GmbH"],
    },
    Example {
        name: "deploy",
        args: &[],
        shows: &[
            "Initech's app.env.tmpl: line 7, column 12: there is no secret `TLS_KEY`",
            "DATABASE_URL=postgres://app:p%40ss%3A+%231+%22quoted%22@db:5432/app",
            r#"password: "p@ss: #1 \"quoted\"""#,
            "America (us-1) runs version 1",
            "[secret_in_use] the secret `DATABASE_PASSWORD` is used by `Europe`, `America`",
            "connect postgres://app:********@db failed",
        ],
    },
    Example {
        name: "rotate_root_key",
        args: &["200"],
        shows: &[
            "wrapped anew 200, left 0",
            "with the leaked key: the root key is not the one",
            "verify found 0 violations",
        ],
    },
];

const EXAMPLES_STEP: Step =
    Step { name: "examples", action: Action::Call(run_examples), counts: Count::Itself, long: false, vital: false };

/// Runs every example as a reader would; each is one test.
fn run_examples(shell: &mut Shell) -> Result<(), String> {
    let mut failed = Vec::new();
    for example in EXAMPLES {
        let result = run_example(shell, example);
        shell.count(result.is_ok());
        if let Err(error) = result {
            failed.push(format!("{}: {error}", example.name));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("; ")) }
}

fn run_example(shell: &mut Shell, example: &Example) -> Result<(), String> {
    let tmp = TempDir::new(example.name)?;
    let mut words: Vec<String> =
        ["cargo", "run", "--locked", "-q", "--example", example.name].map(str::to_owned).to_vec();
    if !example.args.is_empty() {
        words.push("--".to_owned());
    }
    let tmp_text = tmp.path().display().to_string();
    words.extend(example.args.iter().map(|arg| arg.replace("{tmp}", &tmp_text)));
    let root = shell.root().to_owned();
    let output = shell.run(&words, &root, &[])?;
    if example.shows.is_empty() {
        return Err("no text is given to look for in its output".to_owned());
    }
    match example.shows.iter().find(|text| !output.contains(**text)) {
        Some(text) => Err(format!("did not print `{text}`")),
        None => Ok(()),
    }
}

const OLDEST_SQLITE: Step = Step {
    name: "oldest rusqlite",
    action: Action::Call(test_oldest_sqlite),
    counts: Count::Libtest,
    long: false,
    vital: false,
};

/// What depends on the binding: the contract, files, and the store's own units. What takes long is the same with any binding.
const OLDEST_SQLITE_TESTS: &[&str] = &[
    "cargo",
    "test",
    "-p",
    "tenantry-sqlite",
    "--all-features",
    "--locked",
    "--no-fail-fast",
    "--lib",
    "--test",
    "conformance",
    "--test",
    "files",
    "--test",
    "opening",
    "--test",
    "fixtures",
    "--test",
    "full",
    "--test",
    "plans",
];

/// Tests the SQLite store with the lowest rusqlite that Cargo.toml admits, in a copy of the
/// sources, because a lock file holds one version of it.
fn test_oldest_sqlite(shell: &mut Shell) -> Result<(), String> {
    let root = shell.root().to_owned();
    let manifest = fs::read_to_string(root.join("Cargo.toml")).map_err(|error| format!("Cargo.toml: {error}"))?;
    let oldest =
        lowest_version(&manifest, "rusqlite").ok_or("Cargo.toml gives rusqlite no range that begins with `>=`")?;

    let copy = shell.target().join("oldest-rusqlite");
    copy_sources(&root, &copy, shell.target())
        .map_err(|error| format!("copying the sources to {}: {error}", copy.display()))?;
    // In the same folder as everything else: what does not depend on the binding is built already.
    let target = shell.target().to_owned();
    let env = [("CARGO_TARGET_DIR", target.as_os_str())];
    shell.run(&["cargo", "update", "-p", "rusqlite", "--precise", &oldest], &copy, &env)?;
    shell.run(OLDEST_SQLITE_TESTS, &copy, &env)?;
    Ok(())
}

/// `0.39.0` for a line such as `name = { version = ">=0.39, <0.44", … }`.
fn lowest_version(manifest: &str, name: &str) -> Option<String> {
    let line = manifest.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "))?;
    let (_, range) = line.split_once("\">=")?;
    let lowest = range.split([',', '"']).next()?.trim();
    let missing = 2_usize.checked_sub(lowest.matches('.').count())?;
    Some(format!("{lowest}{}", ".0".repeat(missing)))
}

/// Copies the sources below `root`, committed or not, to a fresh directory `to`.
fn copy_sources(root: &Path, to: &Path, target: &Path) -> std::io::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    for file in source_files(root, target)? {
        let destination = to.join(&file);
        if let Some(directory) = destination.parent() {
            fs::create_dir_all(directory)?;
        }
        fs::copy(root.join(&file), destination)?;
    }
    Ok(())
}

/// The files that git knows or would add; without git all but build output.
fn source_files(root: &Path, target: &Path) -> std::io::Result<Vec<PathBuf>> {
    let listed = std::process::Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output();
    if let Ok(listed) = listed
        && listed.status.success()
        && !listed.stdout.is_empty()
    {
        let names = String::from_utf8_lossy(&listed.stdout);
        // A file that is deleted but not yet committed is listed too.
        return Ok(names.split_terminator('\0').map(PathBuf::from).filter(|file| root.join(file).is_file()).collect());
    }
    let mut files = Vec::new();
    let mut directories = vec![PathBuf::new()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(root.join(&directory))? {
            let entry = entry?;
            let path = directory.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_file() {
                files.push(path);
            } else if kind.is_dir()
                && entry.path() != target
                && !["target", ".git"].iter().any(|name| entry.file_name() == *name)
            {
                directories.push(path);
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_binding_is_read_from_the_manifest() {
        let manifest = "rusqlite-x = \"9\"\nrusqlite = { version = \">=0.39, <0.44\" }\n";
        assert_eq!(lowest_version(manifest, "rusqlite").as_deref(), Some("0.39.0"));
        assert_eq!(lowest_version("a = \">=1.2.3\"", "a").as_deref(), Some("1.2.3"));
        assert_eq!(lowest_version("a = \"1.2\"", "a"), None);
        let own = include_str!("../../../Cargo.toml");
        assert!(lowest_version(own, "rusqlite").is_some());
    }

    #[test]
    fn names_of_parts_and_steps_are_unique() {
        let mut names: Vec<_> = PARTS.iter().map(|part| (part.name, "")).collect();
        for part in PARTS {
            names.extend(part.steps.iter().map(|step| (part.name, step.name)));
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
