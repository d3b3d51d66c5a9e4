//! *race*: threads and processes work on the same few customers, and many accept one invitation at once.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use tenantry::{
    CustomerPatch, CustomerScope, Durability, Error, InvitationToken, NewCustomer, PageRequest, Role, Tenantry,
    VendorScope, VerifiedEmail,
};

use crate::report::{Folder, Wrong, say};
use crate::{Dice, Failure, Report, Setting, work};

/// The argument that makes this program a child.
pub const CHILD: &str = "race-child";
const PROCESSES: u64 = 2;
const THREADS: u64 = 4;
const CUSTOMERS: u64 = 4;
const PEOPLE: u64 = 24;
/// How many accept one invitation at once.
const ACCEPTING: usize = 64;

/// Refusals that a rule gives to who comes too late.
const REFUSALS: [&str; 15] = [
    "not_found",
    "permission_denied",
    "feature_disabled",
    "already_exists",
    "already_member",
    "already_invited",
    "invitation_invalid",
    "too_many_invitations",
    "last_administrator",
    "sole_administrator",
    "own_membership",
    "customer_archived",
    "secret_in_use",
    "invalid_input",
    "stale_revision",
];

/// Lets processes race, and then many threads for one invitation each round.
///
/// # Errors
///
/// When the chamber itself cannot go on.
pub fn run(setting: &Setting, program: &Path) -> Result<Report, Failure> {
    let mut report = Report::default();
    let mut folder = Folder::new("race")?;
    let path = folder.path().join("torture.db");
    let app = work::open(&path, Durability::PowerLoss, 0)?;
    work::staff_or_bootstrap(&app)?;
    let mut children = Vec::new();
    for process in 0..PROCESSES {
        let arguments = [CHILD.to_owned(), path.display().to_string()];
        let numbers = [setting.seed, process, setting.rounds, setting.minutes].map(|number| number.to_string());
        let child = Command::new(program)
            .args(arguments)
            .args(numbers)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        children.push(child);
    }
    let mut sum = Tally::default();
    for child in children {
        let output = child.wait_with_output()?;
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            sum.hear(line);
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() || !errors.is_empty() {
            let wrong = if errors.contains("panicked") { Wrong::Panic } else { Wrong::Violation };
            report
                .found(wrong, format!("race: seed {}: a process ended with {}: {errors}", setting.seed, output.status));
        }
    }
    judge(&app, sum, setting.seed, &mut report)?;
    let apps = [0; 4].map(|_| work::open(&path, Durability::PowerLoss, 0));
    let apps = apps.into_iter().collect::<Result<Vec<_>, _>>()?;
    accept(&apps, setting, &mut report)?;
    if !report.is_clean() {
        say(&format!("race: the store is kept: {}", folder.keep().display()));
    }
    Ok(report)
}

/// Lets threads of this process race, each with a store of its own; then many for one invitation each round.
///
/// # Errors
///
/// When the chamber itself cannot go on.
pub fn run_in_threads(setting: &Setting, open: impl Fn() -> Result<Tenantry, Error> + Sync) -> Result<Report, Failure> {
    let mut report = Report::default();
    let app = open()?;
    work::staff_or_bootstrap(&app)?;
    let apps = (0..THREADS).map(|_| open()).collect::<Result<Vec<_>, _>>()?;
    let sum = in_threads(&apps, setting.seed, 0, setting.rounds, Duration::ZERO)?;
    judge(&app, sum, setting.seed, &mut report)?;
    accept(&apps, setting, &mut report)?;
    Ok(report)
}

/// A child: its threads race, and it tells what they did.
///
/// # Errors
///
/// When it was started with other arguments, or cannot open the store.
pub fn child(arguments: &[String]) -> Result<(), Failure> {
    let [path, seed, process, rounds, minutes] = arguments else { return Err("a child takes 5 arguments".into()) };
    // Two handles, because a program may have more than one.
    let apps = [0; 2].map(|_| work::open(&PathBuf::from(path), Durability::PowerLoss, 0));
    let apps = apps.into_iter().collect::<Result<Vec<_>, _>>()?;
    let time = Duration::from_secs(60 * minutes.parse::<u64>()?);
    in_threads(&apps, seed.parse()?, process.parse()?, rounds.parse()?, time)?.tell();
    Ok(())
}

fn in_threads(apps: &[Tenantry], seed: u64, process: u64, rounds: u64, time: Duration) -> Result<Tally, Failure> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .zip(apps.iter().cycle())
            .map(|(thread, app)| {
                scope.spawn(move || {
                    let dice = Dice::new(seed, process * THREADS + thread + 1);
                    let staff = work::staff(app)?.ok_or("no vendor")?;
                    let mut racer = Racer { app, staff, dice, tokens: Vec::new(), tally: Tally::default() };
                    racer.race(rounds, time);
                    Ok::<_, Failure>(racer.tally)
                })
            })
            .collect();
        let mut sum = Tally::default();
        for thread in threads {
            sum.add(thread.join().map_err(|_| "a hand panicked")??);
        }
        Ok(sum)
    })
}

/// What hands did: no change that was acknowledged may be lost.
#[derive(Debug, Default)]
struct Tally {
    operations: u64,
    acknowledged: u64,
    /// How often a customer was updated, and a secret set: by the text of what it is.
    made: BTreeMap<String, u64>,
    errors: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.operations += other.operations;
        self.acknowledged += other.acknowledged;
        self.errors.extend(other.errors);
        for (what, many) in other.made {
            *self.made.entry(what).or_default() += many;
        }
    }

    fn tell(&self) {
        say(&format!("operations {}", self.operations));
        say(&format!("acknowledged {}", self.acknowledged));
        for (what, many) in &self.made {
            say(&format!("made {what} {many}"));
        }
        for error in &self.errors {
            say(&format!("error {error}"));
        }
    }

    fn hear(&mut self, line: &str) {
        let words: Vec<_> = line.split(' ').collect();
        match *words.as_slice() {
            ["operations", many] => self.operations += many.parse::<u64>().unwrap_or(0),
            ["acknowledged", many] => self.acknowledged += many.parse::<u64>().unwrap_or(0),
            ["made", what, many] => *self.made.entry(what.to_owned()).or_default() += many.parse::<u64>().unwrap_or(0),
            _ => self.errors.push(line.to_owned()),
        }
    }
}

/// What must hold when all hands rest.
fn judge(app: &Tenantry, sum: Tally, seed: u64, report: &mut Report) -> Result<(), Failure> {
    report.operations += sum.operations;
    report.acknowledged += sum.acknowledged;
    for error in sum.errors {
        report.found(Wrong::Violation, format!("race: seed {seed}: {error}"));
    }
    for violation in app.maintenance("torture").verify(Vec::new()).wait()? {
        report.found(Wrong::Violation, format!("race: seed {seed}: {violation}"));
    }
    let staff = work::staff(app)?.ok_or("the vendor is lost")?;
    let mut compare = |what: String, there: u64| {
        let made = sum.made.get(&what).copied().unwrap_or_default();
        if there < made {
            report.found(Wrong::Lost(made - there), format!("race: seed {seed}: {made} times {what}, {there} there"));
        } else if there > made {
            report.found(Wrong::Violation, format!("race: seed {seed}: {made} times {what}, but {there} there"));
        }
    };
    for number in 0..CUSTOMERS {
        let Ok(customer) = staff.customers().find(&format!("race-{number}")).wait() else { continue };
        compare(customer.id.to_string(), customer.revision.saturating_sub(1));
        for secret in staff.customer(customer.id).secrets().list(PageRequest::first()).wait()?.items {
            compare(format!("{}/{}", customer.id, secret.key), secret.version);
        }
    }
    Ok(())
}

/// Many threads accept the same invitation: one of them wins.
fn accept(apps: &[Tenantry], setting: &Setting, report: &mut Report) -> Result<(), Failure> {
    let Some(app) = apps.first() else { return Ok(()) };
    let staff = work::staff(app)?.ok_or("the vendor is lost")?;
    let customer = staff.customers().create(NewCustomer::new("Invitations")).wait()?;
    let members = staff.customer(customer.id).members();
    for round in 0..setting.acceptances {
        let email = format!("a{round}@torture.test");
        let token = members.invite("Person", &email, Role::User).wait()?.token;
        let barrier = Barrier::new(ACCEPTING);
        let won = thread::scope(|scope| {
            let threads: Vec<_> = (0..ACCEPTING)
                .zip(apps.iter().cycle())
                .map(|(_, app)| {
                    let (barrier, token, email) = (&barrier, &token, email.as_str());
                    scope.spawn(move || {
                        barrier.wait();
                        app.accept_invitation(token, VerifiedEmail::new(email)).wait().map(drop)
                    })
                })
                .collect();
            threads.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
        });
        let mut winners = 0;
        for answer in won {
            report.operations += 1;
            let found = match answer {
                Ok(Ok(())) => {
                    winners += 1;
                    continue;
                }
                Ok(Err(error)) if error.code() == "invitation_invalid" => continue,
                Ok(Err(error)) => (Wrong::Violation, told(&error)),
                Err(_) => (Wrong::Panic, "panicked".to_owned()),
            };
            report.found(found.0, format!("race: seed {}, invitation {round}: {}", setting.seed, found.1));
        }
        report.acknowledged += winners;
        if winners != 1 {
            report.found(
                Wrong::Violation,
                format!("race: seed {}, invitation {round}: {winners} of {ACCEPTING} accepted it", setting.seed),
            );
        }
    }
    Ok(())
}

/// An error with what it comes from.
fn told(error: &Error) -> String {
    let causes = iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(format!("`{}`: {error}", error.code()), |told, cause| format!("{told}: {cause}"))
}

/// One hand: everything at random, on the same customers as the others.
struct Racer<'a> {
    app: &'a Tenantry,
    staff: VendorScope,
    dice: Dice,
    tokens: Vec<(InvitationToken, String)>,
    tally: Tally,
}

impl Racer<'_> {
    fn race(&mut self, rounds: u64, time: Duration) {
        let begin = Instant::now();
        let mut round = 0;
        while round < rounds || begin.elapsed() < time {
            round += 1;
            self.tally.operations += 1;
            match self.act() {
                Ok(()) => self.tally.acknowledged += 1,
                Err(error) if REFUSALS.contains(&error.code()) => {}
                Err(error) => {
                    self.tally.errors.push(told(&error));
                    if self.tally.errors.len() > 5 {
                        return;
                    }
                }
            }
        }
    }

    fn act(&mut self) -> Result<(), Error> {
        let scope = self.customer()?;
        match self.dice.below(24) {
            0..=3 => {
                let email = format!("p{}@race.test", self.dice.below(PEOPLE));
                let invited = scope.members().invite("Person", &email, self.role()).wait()?;
                self.tokens.push((invited.token, email));
                Ok(())
            }
            4..=7 => {
                let Some((token, email)) = self.tokens.pop() else { return Ok(()) };
                if self.dice.one_in(8) {
                    return self.app.decline_invitation(&token, VerifiedEmail::new(email)).wait();
                }
                self.app.accept_invitation(&token, VerifiedEmail::new(email)).wait().map(drop)
            }
            8 | 9 => {
                let updated = scope.update(CustomerPatch::new().name(format!("Name {}", self.dice.next()))).wait()?;
                self.made(updated.id.to_string());
                Ok(())
            }
            10 if self.dice.one_in(6) => {
                let customer = scope.get().wait()?;
                scope.delete(&customer.name).wait()
            }
            11..=13 => {
                let key = format!("KEY_{}", self.dice.below(3));
                scope.secrets().set(&key, format!("value {}", self.dice.next()).as_str()).wait()?;
                self.made(format!("{}/{key}", scope.customer_id()));
                Ok(())
            }
            14 | 15 => {
                let feature = self.dice.pick(["deployments", "alerts", "support_bundles"]).unwrap_or("alerts");
                let features = scope.features();
                if self.dice.one_in(3) { features.disable(feature) } else { features.enable(feature) }.wait().map(drop)
            }
            16 => self.app.service(scope.place(), "racer", "race").resolve_all().wait().map(drop),
            17 => {
                let invitations = scope.invitations().list(PageRequest::first()).wait()?.items;
                let Some(last) = invitations.last() else { return Ok(()) };
                if self.dice.one_in(2) {
                    return scope.invitations().revoke(last.id).wait();
                }
                let resent = scope.invitations().resend(last.id).wait()?;
                self.tokens.push((resent.token, resent.member.email));
                Ok(())
            }
            18 => self.app.maintenance("race").rotate_place_key(scope.place(), |_| ()).wait().map(drop),
            _ => self.act_on_a_member(&scope),
        }
    }

    /// As staff or as one of the customer's own members.
    fn act_on_a_member(&mut self, scope: &CustomerScope) -> Result<(), Error> {
        let members = scope.members().list(PageRequest::first()).wait()?.items;
        let Some(target) = self.dice.pick(&members) else { return Ok(()) };
        let own = self.dice.pick(&members).and_then(|member| member.user);
        let scope = match own {
            Some(user) if self.dice.one_in(2) => self.app.customer(self.staff.vendor_id(), scope.customer_id(), user),
            _ => scope.clone(),
        };
        match self.dice.below(5) {
            0 => scope.members().remove(target.id).wait(),
            1 => scope.members().suspend(target.id).wait().map(drop),
            2 => scope.members().resume(target.id).wait().map(drop),
            3 => match target.user.filter(|_| self.dice.one_in(3)) {
                Some(user) => self.staff.erase_user(user).wait(),
                None => Ok(()),
            },
            _ => scope.members().change_role(target.id, self.role(), None).wait().map(drop),
        }
    }

    fn made(&mut self, what: String) {
        *self.tally.made.entry(what).or_default() += 1;
    }

    /// One of the customers; it is made when it is not there.
    fn customer(&mut self) -> Result<CustomerScope, Error> {
        let id = format!("race-{}", self.dice.below(CUSTOMERS));
        let customer = match self.staff.customers().find(&id).wait() {
            Err(error) if error.code() == "not_found" => {
                self.staff.customers().create(NewCustomer::new("Customer").external_id(id)).wait()?
            }
            found => found?,
        };
        Ok(self.staff.customer(customer.id))
    }

    fn role(&mut self) -> Role {
        self.dice.pick([Role::Administrator, Role::User, Role::Viewer]).unwrap_or(Role::Viewer)
    }
}
