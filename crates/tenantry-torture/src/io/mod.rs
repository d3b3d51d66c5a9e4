//! *io*: every request to the disk fails, once and from there on for ever, during every public operation.
//!
//! Each case begins with a copy of the same store. Whatever fails: nothing panics, nothing is applied in part, the error
//! is one that says what happened, and when the disk works again the store does, or says that it is read-only.

mod failing;
mod operations;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use tenantry::{Durability, Error, NewCustomer, Sqlite, Tenantry};

use crate::disk::{Answer, Mount, without_sleep};
use crate::report::{Folder, Wrong, in_lanes, say};
use crate::{Dice, Failure, Report, Setting, work};

pub use failing::{Class, Failing, Lasts, Plan};
use operations::{Act, OPERATIONS, Operation, Stage};

/// Lets everything fail.
///
/// # Errors
///
/// When the chamber itself cannot go on.
pub fn run(setting: &Setting) -> Result<Report, Failure> {
    run_all(setting, OPERATIONS)
}

fn run_all(setting: &Setting, operations: &'static [Operation]) -> Result<Report, Failure> {
    let stage = Stage::new()?;
    let mut sum = Report::default();
    for operation in operations {
        let begin = Instant::now();
        let report = Cases { setting, stage: &stage, operation }.run()?;
        let (faults, time) = (report.faults, begin.elapsed().as_secs_f64());
        say(&format!("io     {time:>5.1} s  {faults:>5} faults  {}", operation.name));
        sum.add(report);
    }
    Ok(sum)
}

/// The cases of one operation.
struct Cases<'a> {
    setting: &'a Setting,
    stage: &'a Stage,
    operation: &'static Operation,
}

/// What an operation did, and what stood in the file before and after.
struct Done {
    outcome: Result<Result<String, Error>, ()>,
    asked: Vec<Class>,
    failed: u64,
    changed: bool,
}

impl Cases<'_> {
    fn run(&self) -> Result<Report, Failure> {
        let (name, mut sum) = (self.operation.name, Report::default());
        // Without a failure first: what it asks, and what it answers.
        let good = self.case(None, &mut sum)?;
        let Ok(Ok(answer)) = &good.outcome else {
            let what = good.outcome.map(|outcome| outcome.map_err(|error| error.to_string()));
            return Err(format!("io: `{name}` fails on a disk that works: {what:?}").into());
        };
        let (plans, next) = (self.plans(&good.asked), AtomicUsize::new(0));
        sum.add(in_lanes(|| {
            let mut report = Report::default();
            // More of the same says nothing new.
            while report.findings.len() <= 3
                && let Some(plan) = plans.get(next.fetch_add(1, Ordering::Relaxed))
            {
                let done = self.case(Some(*plan), &mut report)?;
                report.faults += u64::from(done.failed > 0);
                if let Some(text) = self.judge(plan, &done, answer) {
                    report.found(Wrong::Violation, format!("io: `{name}`, {plan:?}: {text}"));
                }
            }
            Ok(report)
        })?);
        Ok(sum)
    }

    /// Every way in which what was asked can fail, or as many of them as the setting says.
    fn plans(&self, asked: &[Class]) -> Vec<Plan> {
        let mut plans = Plan::all(asked);
        let mut dice = Dice::new(self.setting.seed, u64::try_from(asked.len()).unwrap_or(0));
        while plans.len() > self.setting.failures {
            let one = dice.below(u64::try_from(plans.len()).unwrap_or(0));
            plans.swap_remove(usize::try_from(one).unwrap_or(0));
        }
        plans
    }

    /// One case, from opening to opening again.
    fn case(&self, plan: Option<Plan>, report: &mut Report) -> Result<Done, Failure> {
        let mut folder = Folder::in_memory("io")?;
        let path = folder.path().join("torture.db");
        if !matches!(self.operation.act, Act::OpenNew) {
            fs::copy(&self.stage.path, &path)?;
        }
        let disk = Arc::new(Failing::default());
        let mount = Mount::new(folder.path(), Arc::<Failing>::clone(&disk))?;
        let app = match self.operation.act {
            Act::On(_) | Act::Close | Act::BackUp => Some(open(&path)?),
            Act::Open | Act::OpenNew => None,
        };
        if let (Act::Close, Some(app)) = (self.operation.act, &app) {
            // So that there is something to copy back from the log.
            app.vendor(self.stage.vendor, self.stage.staff).customers().create(NewCustomer::new("Before")).wait()?;
        }
        let before = dump(&path)?;
        disk.begin(plan);
        let outcome = without_sleep(|| catch_unwind(AssertUnwindSafe(|| self.act(&path, app.as_ref()))));
        let (asked, failed) = disk.end();
        report.operations += 1;
        let name = self.operation.name;
        let mut found = |wrong, text: String| {
            let place = folder.keep();
            report.found(wrong, format!("io: `{name}`, {plan:?}, {}: {text}", place.display()));
        };
        let outcome = outcome.map_err(|_| found(Wrong::Panic, "panicked".to_owned()));
        let after = dump(&path)?;
        let changed = after != before;
        // A page of zeros is copied like any other.
        let is_read_well = plan.is_none_or(|plan| plan.answer != Answer::Short);
        if let (Act::BackUp, true) = (self.operation.act, is_read_well)
            && let Some(text) = wrong_backup(&path, &after, matches!(outcome, Ok(Ok(_))))?
        {
            found(Wrong::Violation, text);
        }
        // The disk works again.
        let afterwards = catch_unwind(AssertUnwindSafe(|| self.afterwards(&path, app, changed)));
        match afterwards {
            Ok(Ok(())) => {}
            Ok(Err(error)) => found(Wrong::Violation, format!("afterwards: {error}; it had answered {outcome:?}")),
            Err(_) => found(Wrong::Panic, "panicked afterwards".to_owned()),
        }
        drop(mount);
        if outcome.as_ref().is_ok_and(Result::is_ok) && self.operation.changes {
            report.acknowledged += 1;
        }
        Ok(Done { outcome, asked, failed, changed })
    }

    fn act(&self, path: &Path, app: Option<&Tenantry>) -> Result<String, Error> {
        match (self.operation.act, app) {
            (Act::On(act), Some(app)) => act(self.stage, app),
            (Act::BackUp, Some(app)) => {
                app.maintenance("torture").backup(backup_of(path), |_| ()).wait().map(|done| format!("{done:?}"))
            }
            (Act::Close, Some(app)) => app.maintenance("torture").close().wait().map(|()| String::new()),
            _ => open(path).map(|_| String::new()),
        }
    }

    /// The store works, or says that it is read-only; and whoever opens it finds nothing wrong and can write.
    fn afterwards(&self, path: &Path, app: Option<Tenantry>, changed: bool) -> Result<(), Failure> {
        if let (Some(app), Act::On(_) | Act::BackUp) = (&app, self.operation.act) {
            let staff = app.vendor(self.stage.vendor, self.stage.staff);
            match staff.customers().create(NewCustomer::new("Afterwards")).wait() {
                Ok(made) => drop(staff.customer(made.id).get().wait()?),
                Err(error) if error.code() == "storage_read_only" => {}
                Err(error) => return Err(format!("a change answers `{}` ({})", error.code(), chain(&error)).into()),
            }
        }
        drop(app);
        // A reading that changed nothing leaves nothing to look for.
        if matches!(self.operation.act, Act::On(_) | Act::BackUp) && !self.operation.changes && !changed {
            return Ok(());
        }
        let app = open(path).map_err(|error| format!("opened again: {}", chain(&error)))?;
        if let Some(violation) = app.maintenance("torture").verify(Vec::new()).wait()?.first() {
            return Err(format!("verify: {violation}").into());
        }
        let staff = work::staff_or_bootstrap(&app)?;
        let made = staff.customers().create(NewCustomer::new("Afterwards")).wait()?;
        staff.customer(made.id).get().wait()?;
        Ok(())
    }

    /// What is wrong with the answer, if anything is.
    fn judge(&self, plan: &Plan, done: &Done, good: &str) -> Option<String> {
        let changed = done.changed;
        match done.outcome.as_ref().ok()? {
            // A page of zeros is what it looks for.
            Ok(_) if self.operation.name == "maintenance, verify" && plan.answer == Answer::Short => None,
            Ok(answer) if !self.operation.changes && answer != good => {
                Some(format!("the answer is another one: {answer}, not {good}"))
            }
            Ok(_) if self.operation.changes && !changed => Some("it was acknowledged and not done".to_owned()),
            Ok(_) => None,
            Err(error) if done.failed == 0 => Some(format!("nothing failed, but it answers {}", chain(error))),
            Err(error) => {
                let code = error.code();
                if !plan.explains(code) {
                    return Some(format!("the error is `{code}`: {}", chain(error)));
                }
                let partly = changed && code != "outcome_unknown" && !self.operation.in_steps;
                partly.then(|| format!("it answers `{code}`, but the file changed: {}", chain(error)))
            }
        }
    }
}

/// Where a store is copied to.
fn backup_of(store: &Path) -> PathBuf {
    store.with_file_name("copy.db")
}

/// What is wrong with the backup of a store: it is all of it or not there, and nothing else is left.
fn wrong_backup(store: &Path, rows: &[u8], is_answered: bool) -> Result<Option<String>, Failure> {
    let backup = backup_of(store);
    for file in fs::read_dir(backup.parent().ok_or("a store without a folder")?)? {
        let name = file?.file_name();
        if name.as_encoded_bytes().ends_with(b".partial") {
            return Ok(Some(format!("`{}` is left", name.display())));
        }
    }
    Ok(match (backup.exists(), is_answered) {
        (true, true) if dump(&backup)? != rows => Some("the backup is another store".to_owned()),
        (true, false) => Some("there is a backup that was not answered".to_owned()),
        (false, true) => Some("the backup that was answered is not there".to_owned()),
        _ => None,
    })
}

fn open(path: &Path) -> Result<Tenantry, Error> {
    let sqlite = Sqlite::file(path).durability(Durability::PowerLoss).busy_deadline(Duration::from_millis(5));
    work::builder(1).open(sqlite).wait()
}

/// An error with its sources.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// Every row of every table, as bytes to compare.
fn dump(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    if !path.exists() {
        return Ok(bytes);
    }
    let connection = Connection::open(path)?;
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name";
    let mut statement = connection.prepare(tables)?;
    let tables: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for table in tables {
        bytes.extend_from_slice(table.as_bytes());
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\""))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                match row.get_ref(column)? {
                    ValueRef::Null => bytes.push(0),
                    ValueRef::Integer(number) => bytes.extend_from_slice(&number.to_be_bytes()),
                    ValueRef::Real(number) => bytes.extend_from_slice(&number.to_be_bytes()),
                    ValueRef::Text(text) | ValueRef::Blob(text) => {
                        bytes.extend_from_slice(&text.len().to_be_bytes());
                        bytes.extend_from_slice(text);
                    }
                }
            }
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever fails while a store is opened or made: who opens it is told what the disk said.
    #[test]
    fn every_request_of_opening_and_making_a_store_may_fail() {
        let setting = Setting { keep: false, ..Setting::full(1) };
        let opening = &OPERATIONS[..2];
        assert!(matches!([opening[0].act, opening[1].act], [Act::Open, Act::OpenNew]));
        let report = run_all(&setting, opening).unwrap();
        assert!(report.is_clean() && report.faults > 500, "{report}");
    }
}
