//! *kill*: processes write, acknowledge over a pipe, and are killed at random.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tenantry::{CustomerFilter, Durability};

use crate::mail::{self, Telling};
use crate::report::{Folder, Wrong, say};
use crate::work::{self, Hand, Plan, Standing};
use crate::{Dice, Failure, Report, Setting};

/// How many hands write to a store.
const HANDS: u64 = 4;
/// How many rounds one store lives.
const ROUNDS: u8 = 12;
/// Longer than any commit may wait for another process.
const STUCK: Duration = Duration::from_secs(90);
/// The argument that makes this program a child.
pub const CHILD: &str = "kill-child";

/// Kills processes until there were as many as the setting says.
///
/// # Errors
///
/// When the chamber itself cannot go on.
pub fn run(setting: &Setting, program: &Path) -> Result<Report, Failure> {
    let (next, killed) = (AtomicU64::new(0), AtomicU64::new(0));
    let lane = || {
        let mut report = Report::default();
        while killed.load(Ordering::Relaxed) < setting.kills {
            let store = next.fetch_add(1, Ordering::Relaxed);
            let of_store = one_store(setting.seed, store, program)?;
            killed.fetch_add(of_store.kills, Ordering::Relaxed);
            report.add(of_store);
        }
        Ok::<_, Failure>(report)
    };
    crate::report::in_lanes(lane)
}

/// One store, and the processes that are killed while they write to it.
fn one_store(seed: u64, store: u64, program: &Path) -> Result<Report, Failure> {
    let mut report = Report::default();
    let mut folder = Folder::new("kill")?;
    let mut dice = Dice::new(seed, store);
    let case = seed.wrapping_mul(1_000_003).wrapping_add(store);
    let durability = if dice.one_in(3) { Durability::ProcessCrash } else { Durability::PowerLoss };
    let path = folder.path().join("torture.db");
    let mut done = [0; HANDS as usize];
    let mut mails = BTreeMap::new();
    for round in 0..ROUNDS {
        let where_it_is = format!("kill: seed {seed}, store {store}, round {round}, {}", path.display());
        let (sure, errors, made) = round_of(&mut dice, program, &path, durability, case, round, &done)?;
        report.kills += made.kills;
        report.acknowledged += made.acknowledged;
        report.operations += made.acknowledged;
        for error in errors {
            let wrong = if error.contains("panicked") { Wrong::Panic } else { Wrong::Violation };
            report.found(wrong, format!("{where_it_is}: a child says: {error}"));
        }
        let mut sent = made.mails;
        if round + 1 == ROUNDS {
            match send_all(&path, durability, round) {
                Ok((last, found)) => {
                    sent.extend(last);
                    for text in found {
                        report.found(Wrong::Violation, format!("{where_it_is}: {text}"));
                    }
                }
                Err(error) => report.found(Wrong::Violation, format!("{where_it_is}: the mail: {error}")),
            }
        }
        for (token, delivery) in sent {
            let first = mails.entry(token).or_insert_with(|| delivery.clone());
            if *first != delivery {
                report
                    .found(Wrong::Violation, format!("{where_it_is}: a token was sent as `{first}` and `{delivery}`"));
            }
        }
        match check(&path, durability, case, round, &sure, made.has_vendor) {
            Ok((now, found)) => {
                done = now;
                for (wrong, text) in found {
                    report.found(wrong, format!("{where_it_is}: {text}"));
                }
            }
            Err(error) => report.found(Wrong::Violation, format!("{where_it_is}: afterwards: {error}")),
        }
        if !report.is_clean() {
            folder.keep();
            break;
        }
    }
    Ok(report)
}

/// What a round did.
#[derive(Default)]
struct Made {
    kills: u64,
    acknowledged: u64,
    has_vendor: bool,
    /// What was sent: the hash of a token, and the delivery that it was sent as.
    mails: Vec<(String, String)>,
}

type Done = [u64; HANDS as usize];

/// One or two processes write, and are killed.
fn round_of(
    dice: &mut Dice,
    program: &Path,
    path: &Path,
    durability: Durability,
    case: u64,
    round: u8,
    done: &Done,
) -> Result<(Done, Vec<String>, Made), Failure> {
    let processes = if dice.one_in(3) { 2 } else { 1 };
    let (tell, told) = channel();
    let mut children = Vec::new();
    for process in 0..processes {
        let hands = (0..HANDS).zip(done).filter(|(hand, _)| hand % processes == process);
        let hands: Vec<_> = hands.map(|(hand, done)| format!("{hand}:{done}")).collect();
        let arguments = [
            CHILD.to_owned(),
            path.display().to_string(),
            (durability == Durability::PowerLoss).to_string(),
            case.to_string(),
            round.to_string(),
            hands.join(","),
        ];
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (out, err) = (child.stdout.take().ok_or("no pipe")?, child.stderr.take().ok_or("no pipe")?);
        let lines = |from: Box<dyn BufRead + Send>, mark: &'static str| {
            let tell = tell.clone();
            thread::spawn(move || {
                for line in from.lines().map_while(Result::ok) {
                    // Whoever listens does so until the pipe ends.
                    let _ = tell.send(format!("{mark}{line}"));
                }
            });
        };
        lines(Box::new(BufReader::new(out)), "");
        lines(Box::new(BufReader::new(err)), "! ");
        children.push(child);
    }
    drop(tell);
    let mut ears = Ears { sure: *done, errors: Vec::new(), made: Made::default() };
    for mut child in children {
        // Now and then a process dies while it opens the store, or makes it.
        let until = if dice.one_in(8) { 0 } else { dice.below(40) };
        ears.listen(&told, until);
        spin(dice.below(1 << 20));
        kill(&mut child)?;
        ears.made.kills += 1;
    }
    ears.listen(&told, u64::MAX);
    Ok((ears.sure, ears.errors, ears.made))
}

fn kill(child: &mut Child) -> Result<(), Failure> {
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// Lets the moment of a kill be anywhere between two acknowledgements.
fn spin(turns: u64) {
    for turn in 0..turns {
        std::hint::black_box(turn);
    }
}

/// What the children said.
struct Ears {
    sure: Done,
    errors: Vec<String>,
    made: Made,
}

impl Ears {
    /// Hears this many acknowledgements, or all until the pipes end.
    fn listen(&mut self, told: &Receiver<String>, many: u64) {
        let mut heard = 0;
        while heard < many {
            let line = match told.recv_timeout(STUCK) {
                Ok(line) => line,
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    self.errors.push("no child acknowledged anything any more".to_owned());
                    return;
                }
            };
            let words: Vec<_> = line.split(' ').collect();
            match *words.as_slice() {
                ["vendor"] => self.made.has_vendor = true,
                ["done", hand, count] => {
                    let (hand, count) = (hand.parse::<usize>(), count.parse());
                    if let (Ok(hand), Ok(count)) = (hand, count)
                        && let Some(sure) = self.sure.get_mut(hand)
                    {
                        *sure = count;
                        heard += 1;
                        self.made.acknowledged += 1;
                    }
                }
                ["mail", token, delivery] => self.made.mails.push((token.to_owned(), delivery.to_owned())),
                // A line that was cut off by the kill acknowledges nothing.
                ["done", ..] | ["vendor", ..] | ["mail", ..] => {}
                _ => {
                    self.errors.push(line);
                    if self.errors.len() > 20 {
                        return;
                    }
                }
            }
        }
    }
}

type Found = Vec<(Wrong, String)>;

/// Opens what the killed processes left: everything acknowledged is there, and nothing is wrong.
fn check(
    path: &Path,
    durability: Durability,
    seed: u64,
    round: u8,
    sure: &Done,
    has_vendor: bool,
) -> Result<(Done, Found), Failure> {
    let app = work::open(path, durability, round)?;
    let mut found = Found::new();
    for violation in app.maintenance("torture").verify(Vec::new()).wait()? {
        found.push((Wrong::Violation, violation.to_string()));
    }
    let mut done = *sure;
    let Some(staff) = work::staff(&app)? else {
        if has_vendor {
            found.push((Wrong::Lost(1), "the vendor is lost".to_owned()));
        }
        return Ok((done, found));
    };
    for text in mail::check(&staff, false)? {
        found.push((Wrong::Violation, text));
    }
    let mut models = work::observe(&staff)?;
    for (hand, done) in (0..HANDS).zip(&mut done) {
        let model = models.remove(&hand).unwrap_or_default();
        match work::standing(seed, hand, true, *done, &model) {
            Standing::At(at) if at >= *done => *done = at,
            Standing::At(at) => found.push((Wrong::Lost(*done - at), format!("hand {hand}: {at} of {done} changes"))),
            Standing::Nowhere => {
                let text = format!("hand {hand}: after {done} changes the store holds what none of them made");
                found.push((Wrong::Violation, text));
            }
        }
    }
    staff.customers().list(CustomerFilter::new()).wait()?;
    Ok((done, found))
}

/// What was sent, and what is wrong.
type Sent = (Vec<(String, String)>, Vec<String>);

/// Sends what the killed processes left: everything is sent in the end, whatever was begun before.
fn send_all(path: &Path, durability: Durability, round: u8) -> Result<Sent, Failure> {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&sent);
    let courier = Telling::new(move |token, delivery| {
        heard.lock().unwrap_or_else(PoisonError::into_inner).push((token.to_owned(), delivery.to_owned()));
    });
    work::open_later(path, durability, round)?.outbox(courier.clone()).deliver().wait()?;
    // The outcome of some first attempts is unknown: they are made again.
    let app = work::open_later(path, durability, round.saturating_add(1))?;
    app.outbox(courier).deliver().wait()?;
    let found = match work::staff(&app)? {
        Some(staff) => mail::check(&staff, true)?,
        None => Vec::new(),
    };
    let sent = std::mem::take(&mut *sent.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((sent, found))
}

/// A child: it writes until it is killed.
///
/// # Errors
///
/// When it was started with other arguments, or cannot open the store.
pub fn child(arguments: &[String]) -> Result<(), Failure> {
    let [path, durable, seed, round, hands] = arguments else { return Err("a child takes 5 arguments".into()) };
    let durability = if durable == "true" { Durability::PowerLoss } else { Durability::ProcessCrash };
    let (path, seed, round) = (PathBuf::from(path), seed.parse()?, round.parse()?);
    let app = work::open(&path, durability, round)?;
    let staff = work::staff_or_bootstrap(&app)?;
    say("vendor");
    let mut begun = Vec::new();
    for hand in hands.split(',') {
        let (hand, done) = hand.split_once(':').ok_or("a hand is `number:done`")?;
        let (hand, done): (u64, u64) = (hand.parse()?, done.parse()?);
        let mut plan = Plan::new(seed, hand, true);
        plan.skip_to(done);
        begun.push((hand, plan));
    }
    thread::scope(|scope| {
        for (hand, mut plan) in begun {
            let (app, staff) = (&app, &staff);
            scope.spawn(move || {
                let courier = Telling::new(|token, delivery| say(&format!("mail {token} {delivery}")));
                let worker = Hand { app, staff, awaits: hand % 2 == 1, courier };
                loop {
                    let change = plan.draw();
                    if let Err(error) = worker.make(&change) {
                        say(&format!("hand {hand}, change {}, {change:?}: {error}", plan.drawn()));
                        return;
                    }
                    let line = format!("done {hand} {}\n", plan.drawn());
                    if std::io::stdout().lock().write_all(line.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    Ok(())
}
