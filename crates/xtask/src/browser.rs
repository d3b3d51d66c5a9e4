//! The part `browser`: the vendor portal as a program, looked at with a real browser, and a real mail server to send to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::parts::{Action, Count, Part, Step, Tool};
use crate::run::{Shell, fresh, say};

/// What the browser is called, the first that is there.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// No file of the tests runs longer, in milliseconds.
const LONGEST: &str = "--test-timeout=480000";

pub(crate) const BROWSER: Part = Part {
    name: "browser",
    about: "the vendor portal in Chromium, with a mail server: the pages, what they look like, who is refused",
    tools: &[
        Tool {
            name: "Node.js 20.19 or later",
            probe: &[
                "node",
                "-e",
                "const [major, minor] = process.versions.node.split('.').map(Number);
                 process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)",
            ],
            install: "from nodejs.org or the system's packages",
        },
        Tool { name: "npm", probe: &["npm", "--version"], install: "comes with Node.js" },
    ],
    steps: &[
        vital("chromium", install_chromium),
        vital("packages", install_packages),
        vital("portal", build_portal),
        Step { name: "tests", action: Action::Call(run_tests), counts: Count::Node, long: false, vital: false },
    ],
};

/// A step without which there is nothing to run the others with.
const fn vital(name: &'static str, call: fn(&mut Shell) -> Result<(), String>) -> Step {
    Step { name, action: Action::Call(call), counts: Count::Nothing, long: false, vital: true }
}

/// Where the part keeps what it makes.
struct Places {
    source: PathBuf,
    /// A copy of the tests with their packages beside them, where Node.js looks for packages.
    tests: PathBuf,
    /// The pictures of the pages.
    pages: PathBuf,
}

impl Places {
    fn of(shell: &Shell) -> Self {
        let made = shell.target().join("browser");
        let source = shell.root().join("examples/vendor-portal/browser");
        Self { source, tests: made.join("tests"), pages: made.join("pages") }
    }
}

fn succeeds(words: &[&str]) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    let status =
        Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// The program of the browser, on the search path.
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let found = BROWSERS.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    found.into_iter().find(|program| program.is_file())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| String::from_utf8_lossy(&id.stdout).trim() == "0")
}

/// Looks for the browser, and installs Debian's where that takes no more than root and apt.
fn install_chromium(shell: &mut Shell) -> Result<(), String> {
    if chromium().is_none() && is_root() && succeeds(&["apt-get", "--version"]) {
        let root = shell.root().to_owned();
        let quiet = [("DEBIAN_FRONTEND", "noninteractive".as_ref())];
        shell.run(&["apt-get", "-qq", "update"], &root, &quiet)?;
        shell.run(&["apt-get", "-qq", "install", "-y", "--no-install-recommends", "chromium"], &root, &quiet)?;
    }
    let program = chromium().ok_or("Chromium is not installed: apt-get install chromium, as root")?;
    say(&format!("{}", program.display()));
    Ok(())
}

/// Copies the tests, and installs beside them what the lock file names.
fn install_packages(shell: &mut Shell) -> Result<(), String> {
    let places = Places::of(shell);
    fresh(&places.tests)?;
    copy(&places.source, &places.tests).map_err(|error| format!("{}: {error}", places.source.display()))?;
    let install = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"];
    shell.run(&install, &places.tests, &[]).map(drop)
}

/// Copies the files of a folder that has no folders in it.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Builds the program with the features that the whole workspace is tested with: then its dependencies are built already.
fn build_portal(shell: &mut Shell) -> Result<(), String> {
    let root = shell.root().to_owned();
    let build = ["cargo", "build", "--workspace", "--all-features", "--locked", "--bin", "vendor-portal"];
    shell.run(&build, &root, &[]).map(drop)
}

fn run_tests(shell: &mut Shell) -> Result<(), String> {
    let places = Places::of(shell);
    fresh(&places.pages)?;
    let program = format!("vendor-portal{}", std::env::consts::EXE_SUFFIX);
    let portal = shell.target().join("debug").join(program);
    let chromium = chromium().ok_or("Chromium is gone")?;
    let env = [("PORTAL", portal.as_os_str()), ("CHROMIUM", chromium.as_os_str()), ("PAGES", places.pages.as_os_str())];
    for (name, value) in env {
        say(&format!("{name}={}", value.display()));
    }
    let words = ["node", "--test", "--test-reporter=spec", "--test-concurrency=2", LONGEST];
    let answer = shell.run(&words, &places.tests, &env).map(drop);
    say(&format!("pictures of the pages: {}", places.pages.display()));
    answer
}
