//! The part `python`: builds the wheel, installs it outside the tree, and runs everything of Python against it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::parts::{Action, Count, Part, Step, Tool};
use crate::run::{Shell, TempDir, fresh, say};

/// More than this a wheel must not have.
const LARGEST_WHEEL: u64 = 6_000_000;
/// Longer than this nobody waits between the wheel and what the README shows.
const LONGEST_BEGINNING: Duration = Duration::from_secs(60);
/// What the wheel is built with.
const MATURIN: &str = "maturin>=1.16,<2";

pub(crate) const PYTHON: Part = Part {
    name: "python",
    about: "the wheel, its tests, documents, types and examples",
    tools: &[
        Tool {
            name: "Python 3.11 or later",
            probe: &["python3", "-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"],
            install: "from python.org or the system's packages, with `venv`",
        },
        Tool { name: "cargo", probe: &["cargo", "--version"], install: "from rustup.rs" },
    ],
    steps: &[
        vital("tools", install_tools),
        vital("wheel", build_wheel),
        step("first steps", begin_like_a_reader),
        step("stub", compare_stub),
        tests("tests", |shell| pytest(shell, &["--ignore=tests/test_typing.py"])),
        tests("types", |shell| pytest(shell, &["tests/test_typing.py"])),
        Step { name: "examples", action: Action::Call(run_examples), counts: Count::Itself, long: false, vital: false },
    ],
};

const fn step(name: &'static str, call: fn(&mut Shell) -> Result<(), String>) -> Step {
    Step { name, action: Action::Call(call), counts: Count::Nothing, long: false, vital: false }
}

/// A step without which there is nothing to run the others with.
const fn vital(name: &'static str, call: fn(&mut Shell) -> Result<(), String>) -> Step {
    Step { name, action: Action::Call(call), counts: Count::Nothing, long: false, vital: true }
}

const fn tests(name: &'static str, call: fn(&mut Shell) -> Result<(), String>) -> Step {
    Step { name, action: Action::Call(call), counts: Count::Pytest, long: false, vital: false }
}

/// Where the part keeps what it makes.
struct Places {
    package: PathBuf,
    made: PathBuf,
    /// The environment that the wheel is built in.
    tools: PathBuf,
    /// The environment that the wheel is installed and tested in: outside the tree, so that nothing of it is found by chance.
    tested: PathBuf,
}

impl Places {
    fn of(shell: &Shell) -> Self {
        let made = shell.target().join("python");
        let tested = std::env::temp_dir().join(format!("tenantry-xtask-{}-venv", std::process::id()));
        Self { package: shell.root().join("bindings/python"), tools: made.join("tools"), made, tested }
    }

    fn wheels(&self) -> PathBuf {
        self.made.join("wheels")
    }

    /// The one that was built.
    fn wheel(&self) -> Result<PathBuf, String> {
        let wheels = self.wheels();
        let mut found: Vec<PathBuf> = fs::read_dir(&wheels)
            .map_err(|error| format!("{}: {error}", wheels.display()))?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension() == Some(OsStr::new("whl")))
            .collect();
        match found.pop() {
            Some(wheel) if found.is_empty() => Ok(wheel),
            _ => Err(format!("not one wheel in {}", wheels.display())),
        }
    }
}

fn program(environment: &Path, name: &str) -> String {
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    environment.join(folder).join(name).display().to_string()
}

/// Makes both environments. What cannot be installed is named.
fn install_tools(shell: &mut Shell) -> Result<(), String> {
    let places = Places::of(shell);
    let requirements = fs::read_to_string(places.package.join("requirements-test.txt"));
    let requirements = requirements.map_err(|error| format!("requirements-test.txt: {error}"))?;
    let tests: Vec<&str> = requirements.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    for (environment, packages) in [(&places.tools, vec![MATURIN]), (&places.tested, tests)] {
        fresh(environment)?;
        let path = environment.display().to_string();
        shell.run(&["python3", "-m", "venv", &path], &places.package, &[])?;
        let install = |shell: &mut Shell, packages: &[&str]| {
            let python = program(environment, "python");
            let pip = [&python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
            shell.run(&[&pip[..], packages].concat(), &places.package, &[])
        };
        if install(shell, &packages).is_err() {
            // All at once is much faster; one by one tells which it is.
            let missing = packages.iter().find(|package| install(shell, &[**package]).is_err());
            return Err(format!("{} cannot be installed with pip", missing.unwrap_or(&"something of the tests")));
        }
    }
    Ok(())
}

fn build_wheel(shell: &mut Shell) -> Result<(), String> {
    let places = Places::of(shell);
    let wheels = places.wheels();
    fresh(&wheels)?;
    let maturin = program(&places.tools, "maturin");
    shell.run(&[&maturin, "build", "--locked", "--out", &wheels.display().to_string()], &places.package, &[])?;
    let wheel = places.wheel()?;
    let size = fs::metadata(&wheel).map_err(|error| format!("{}: {error}", wheel.display()))?.len();
    let path = wheel.display().to_string();
    say(&format!("{path}: {size} bytes"));
    if size > LARGEST_WHEEL {
        return Err(format!("the wheel has {size} bytes, more than {LARGEST_WHEEL}"));
    }
    let python = program(&places.tested, "python");
    shell.run(&[&python, "-m", "pip", "install", "--quiet", "--no-deps", &path], &places.package, &[]).map(|_| ())
}

/// What a reader does first: an environment that has nothing, outside the tree, the wheel, and what the README shows.
fn begin_like_a_reader(shell: &mut Shell) -> Result<(), String> {
    let wheel = Places::of(shell).wheel()?.display().to_string();
    let readme = fs::read_to_string(shell.root().join("README.md")).map_err(|error| format!("README.md: {error}"))?;
    let shown = readme.split_once("\n```python\n").and_then(|(_, rest)| rest.split_once("\n```\n"));
    let (shown, _) = shown.ok_or("README.md shows no Python")?;
    let tmp = TempDir::new("first-steps")?;
    let folder = tmp.path();
    fs::write(folder.join("begin.py"), shown).map_err(|error| format!("begin.py: {error}"))?;
    let begin = Instant::now();
    shell.run(&["python3", "-m", "venv", "reader"], folder, &[])?;
    let python = program(&folder.join("reader"), "python");
    shell.run(&[&python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", &wheel], folder, &[])?;
    shell.run(&[&python, "begin.py"], folder, &[])?;
    let took = begin.elapsed();
    say(&format!("from an empty environment to the end of the README's block: {:.1} s", took.as_secs_f64()));
    if took > LONGEST_BEGINNING {
        return Err(format!("{took:?} is longer than {LONGEST_BEGINNING:?}"));
    }
    Ok(())
}

/// Generates the stub of the native module anew, and holds the committed one against it.
fn compare_stub(shell: &mut Shell) -> Result<(), String> {
    let places = Places::of(shell);
    let out = places.made.join("stubs");
    fresh(&out)?;
    let (maturin, text) = (program(&places.tools, "maturin"), out.display().to_string());
    // What the stub is read from stands in the symbols.
    let generate =
        [&maturin, "generate-stubs", "--features", "stubs", "--profile", "wheel", "--locked", "--out", &text];
    shell.run(&[&generate[..], &["--", "-C", "strip=none"]].concat(), &places.package, &[])?;
    let generated = out.join("tenantry/_tenantry.pyi").display().to_string();
    let new = places.made.join("_tenantry.pyi");
    let new_text = new.display().to_string();
    shell.run(&[&program(&places.tested, "python"), "stub.py", &generated, &new_text], &places.package, &[])?;
    let read = |path: &Path| {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok::<_, String>(text.replace("\r\n", "\n"))
    };
    if read(&new)? == read(&places.package.join("python/tenantry/_tenantry.pyi"))? {
        return Ok(());
    }
    Err(format!("the stub differs from what the native module says: copy {new_text}"))
}

fn pytest(shell: &mut Shell, arguments: &[&str]) -> Result<(), String> {
    let places = Places::of(shell);
    let python = program(&places.tested, "python");
    let words = [&[python.as_str(), "-m", "pytest", "-q", "-p", "no:cacheprovider"], arguments].concat();
    shell.run(&words, &places.package, &[("PYTHONPYCACHEPREFIX", places.made.join("cache").as_os_str())]).map(|_| ())
}

/// Each example, what it is given, and what it must print.
const EXAMPLES: &[(&str, &[&str], &[&str])] = &[
    (
        "quickstart.py",
        &[],
        &[
            "Hank was invited as viewer and is administrator",
            "[feature_disabled]",
            "Hank's portal: Home | Deployments | Artifacts | Licenses | Alerts | Users | Secrets | Access Tokens",
            "the deployer got SMTP_PASSWORD, which prints as ********",
        ],
    ),
    ("quickstart.py", &["{tmp}/customers.db"], &["enabling alerts enabled alerts"]),
    (
        "import_customers.py",
        &["../data/organizations.csv", "{tmp}/customers.db"],
        &["rows 32530  created 32527  skipped 3  refused 0", "BSH Hausgeräte GmbH"],
    ),
    ("fastapi_portal.py", &[], &["again: already_exists", "unknown: not_found", "enabled: alerts"]),
];

/// Runs every example as a reader would, then removes the environment that all was tested in.
fn run_examples(shell: &mut Shell) -> Result<(), String> {
    let places = Places::of(shell);
    let (python, folder) = (program(&places.tested, "python"), shell.root().join("examples/python"));
    let mut failed = Vec::new();
    for (name, arguments, shows) in EXAMPLES {
        let tmp = TempDir::new(name)?;
        let tmp_text = tmp.path().display().to_string();
        let arguments = arguments.iter().map(|argument| argument.replace("{tmp}", &tmp_text));
        let words: Vec<String> = [python.clone(), (*name).to_owned()].into_iter().chain(arguments).collect();
        let result = shell.run(&words, &folder, &[("PYTHONPYCACHEPREFIX", places.made.join("cache").as_os_str())]);
        let problem = match &result {
            Ok(output) => {
                shows.iter().find(|text| !output.contains(**text)).map(|text| format!("did not print `{text}`"))
            }
            Err(error) => Some(error.clone()),
        };
        shell.count(problem.is_none());
        failed.extend(problem.map(|problem| format!("{name}: {problem}")));
    }
    fresh(&places.tested)?;
    if failed.is_empty() { Ok(()) } else { Err(failed.join("; ")) }
}
