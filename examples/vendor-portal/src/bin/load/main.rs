//! Many people at once, for a while: `cargo run --release -p vendor-portal --bin load`.
//!
//! It starts the portal beside it on a new store, signs in 100 browsers in all six roles, and has each do what people do
//! there, one request after the other, for a minute. It prints how long the requests took, and fails when one was
//! answered otherwise than it should be. It ends by itself.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::error::Error;
use std::net::SocketAddr;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use clap::Parser;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
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
}

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    let options = Options::parse();
    let folder = tempfile::tempdir()?;
    let (mut portal, links) = start(&folder.path().join("load.db"), options.customers).await?;
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
    portal.kill().await?;
    show(&options, times);
    for failure in failures.iter().take(10) {
        eprintln!("{failure}");
    }
    println!("{} people, {} failed", options.users, failures.len());
    Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Starts the portal that was built beside this program, and reads the links to sign in from what it prints.
async fn start(db: &std::path::Path, customers: u64) -> Result<(Child, Vec<String>), Failure> {
    let program = std::env::current_exe()?.with_file_name("vendor-portal");
    let mut command = Command::new(program);
    command.arg("--db").arg(db).args(["--listen", "127.0.0.1:0", "--demo-customers", &customers.to_string()]);
    let mut portal = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut lines = BufReader::new(portal.stdout.take().ok_or("no output")?).lines();
    let mut links = Vec::new();
    while links.len() < demo::PEOPLE.len() {
        let line = lines.next_line().await?.ok_or("the portal ended")?;
        links.extend(line.split_whitespace().find(|word| word.contains("/sign-in/")).map(str::to_owned));
    }
    Ok((portal, links))
}

/// A person with a browser: one connection, one cookie, one page at a time.
struct Person {
    number: usize,
    steps: u64,
    connection: SendRequest<Body>,
    host: String,
    cookie: String,
    token: String,
    /// Where the portal begins for this person.
    home: String,
    /// The customers that were seen last.
    customers: Vec<String>,
    next: Option<String>,
    times: Vec<(&'static str, Duration)>,
}

impl Person {
    async fn sign_in(number: usize, link: &str) -> Result<Self, Failure> {
        let (host, path) = link.strip_prefix("http://").and_then(|rest| rest.split_once('/')).ok_or("no link")?;
        let stream = TcpStream::connect(host.parse::<SocketAddr>()?).await?;
        stream.set_nodelay(true)?;
        let (connection, driver) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(driver);
        let (cookie, token, home) = (String::new(), String::new(), String::new());
        let (host, customers, next, times) = (host.to_owned(), Vec::new(), None, Vec::new());
        let mut person = Self { number, steps: 0, connection, host, cookie, token, home, customers, next, times };
        let path = format!("/{path}");
        person.get("sign in", &path).await?;
        person.post("sign in", &path, &[]).await?;
        person.get("sign in", "/places").await?;
        let request = person.request("GET", "/", String::new())?;
        let (status, _, to) = person.send(request).await?;
        person.home = to.filter(|_| status == StatusCode::SEE_OTHER).ok_or("no home")?;
        Ok(person)
    }

    /// The next thing that this person does.
    async fn step(&mut self) -> Result<(), Failure> {
        self.steps += 1;
        // Every person does the same things, each at another moment.
        let turn = self.steps.wrapping_mul(7).wrapping_add(self.number as u64);
        if let Some(portal) = self.home.strip_suffix("/home").map(str::to_owned) {
            return self.step_of_member(&portal, turn).await;
        }
        // Ada, Ben and Vera take turns: the third may look, not change.
        let may_change = self.number % demo::PEOPLE.len() < 2;
        let some = self.customers.get(usize::try_from(turn)? % self.customers.len().max(1)).cloned();
        match (turn % 20, some) {
            (0..=5, _) | (_, None) => {
                let needle = ["glob", "demo", "marine 00", "labs", "crm-1", "zürich", "000", "energi"];
                let needle = needle.get(usize::try_from(turn / 3)? % needle.len()).copied().unwrap_or_default();
                self.list("filter", &format!("/customers?q={}", vendor_portal::pages::encoded(needle))).await
            }
            (6..=8, _) => {
                let page = self.next.take().unwrap_or_else(|| "/customers".to_owned());
                self.list("page", &page).await
            }
            (9..=10, Some(customer)) => self.get("customer", &customer).await.map(drop),
            (11..=12, Some(customer)) => self.get("users", &format!("{customer}/users")).await.map(drop),
            (13..=14, Some(customer)) => self.get("secrets", &format!("{customer}/secrets")).await.map(drop),
            (15..=16, Some(customer)) if may_change => {
                let on = if turn.is_multiple_of(2) { ("feature", "alerts") } else { ("had", "alerts") };
                self.post("switch a feature", &format!("{customer}/features"), &[on]).await
            }
            (17, _) if may_change => {
                let name = format!("Load {} {}", self.number, self.steps);
                self.post("create a customer", "/customers", &[("name", &name)]).await
            }
            (18, Some(customer)) if may_change => {
                let email = format!("u{}-{}@load.test", self.number, self.steps);
                let fields = [("name", "Load"), ("email", email.as_str()), ("role", "user")];
                self.post("invite", &format!("{customer}/users"), &fields).await
            }
            (19, Some(customer)) if may_change => {
                let key = format!("KEY_{}_{}", self.number, self.steps);
                self.post("set a secret", &format!("{customer}/secrets"), &[("key", &key), ("value", "load")]).await
            }
            (_, Some(customer)) => self.get("features", &format!("{customer}/features")).await.map(drop),
        }
    }

    async fn step_of_member(&mut self, portal: &str, turn: u64) -> Result<(), Failure> {
        match turn % 6 {
            0 => self.get("portal", &format!("{portal}/deployments")).await.map(drop),
            1 => self.get("portal", &format!("{portal}/secrets")).await.map(drop),
            2 => self.get("portal", &format!("{portal}/secrets/API_TOKEN")).await.map(drop),
            3 => self.get("portal", &format!("{portal}/artifacts")).await.map(drop),
            _ => self.get("portal", &format!("{portal}/home")).await.map(drop),
        }
    }

    async fn list(&mut self, kind: &'static str, path: &str) -> Result<(), Failure> {
        let page = self.get(kind, path).await?;
        let rows = page.split("data-label=\"Name\"><a href=\"").skip(1).filter_map(|row| row.split_once('"'));
        let customers: Vec<_> = rows.map(|(href, _)| href.to_owned()).collect();
        if !customers.is_empty() {
            self.customers = customers;
        }
        let next = page.split_once("rel=\"next\" hx-get=\"").and_then(|(_, rest)| rest.split_once('"'));
        self.next = next.map(|(href, _)| href.replace("&#38;", "&"));
        Ok(())
    }

    async fn get(&mut self, kind: &'static str, path: &str) -> Result<String, Failure> {
        let request = self.request("GET", path, String::new())?;
        let begin = Instant::now();
        let (status, page, _) = self.send(request).await?;
        self.times.push((kind, begin.elapsed()));
        // Features are switched meanwhile: then a member is refused, as it should be.
        let refused = status == StatusCode::FORBIDDEN && page.contains("switched off for you");
        if status != StatusCode::OK && !refused {
            return Err(format!("GET {path}: {status}").into());
        }
        if let Some((_, rest)) = page.split_once("name=\"csrf\" value=\"") {
            self.token = rest.split_once('"').map_or("", |(token, _)| token).to_owned();
        }
        Ok(page)
    }

    async fn post(&mut self, kind: &'static str, path: &str, fields: &[(&str, &str)]) -> Result<(), Failure> {
        let fields = fields.iter().copied().chain([("csrf", self.token.as_str())]);
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request("POST", path, form)?;
        let begin = Instant::now();
        let (status, page, _) = self.send(request).await?;
        self.times.push((kind, begin.elapsed()));
        if status == StatusCode::SEE_OTHER { Ok(()) } else { Err(format!("POST {path}: {status} {page}").into()) }
    }

    fn request(&self, method: &str, path: &str, form: String) -> Result<Request<Body>, Failure> {
        let request = Request::builder().method(method).uri(path).header(header::HOST, &self.host);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        Ok(request.header(header::COOKIE, &self.cookie).body(Body::from(form))?)
    }

    async fn send(&mut self, request: Request<Body>) -> Result<(StatusCode, String, Option<String>), Failure> {
        self.connection.ready().await?;
        let response: Response<_> = self.connection.send_request(request).await?;
        let (parts, body) = response.into_parts();
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(cookie) = text(header::SET_COOKIE).and_then(|cookie| cookie.split(';').next()) {
            self.cookie = cookie.to_owned();
        }
        let to = text(header::LOCATION).map(str::to_owned);
        let page = to_bytes(Body::new(body), usize::MAX).await?;
        Ok((parts.status, String::from_utf8_lossy(&page).into_owned(), to))
    }
}

/// Prints how long the requests took, each kind and all together.
fn show(options: &Options, times: BTreeMap<&'static str, Vec<Duration>>) {
    let mut all: Vec<_> = times.values().flatten().copied().collect();
    let rate = all.len() as f64 / options.seconds.max(1) as f64;
    println!("{:<18} {:>8} {:>9} {:>9} {:>9} {:>9}   in ms", "", "requests", "p50", "p90", "p99", "worst");
    let line = |kind: &str, times: &mut Vec<Duration>| {
        times.sort_unstable();
        let at = |share: f64| {
            let index = (times.len().saturating_sub(1)) as f64 * share;
            times.get(index as usize).map_or(0.0, |took| took.as_secs_f64() * 1e3)
        };
        let (p50, p90, p99, worst) = (at(0.5), at(0.9), at(0.99), at(1.0));
        println!("{kind:<18} {:>8} {p50:>9.2} {p90:>9.2} {p99:>9.2} {worst:>9.2}", times.len());
    };
    for (kind, mut times) in times {
        line(kind, &mut times);
    }
    line("all", &mut all);
    println!("{rate:.0} requests in a second, {} customers", options.customers);
}
