//! A service on tokio: many tasks share one store. Commits that wait together share one write to the disk:
//! `cargo run --release --example async_service [-- DATABASE]`

use std::env::args;
use std::error::Error;
use std::time::{Duration, Instant};

use tenantry::{Catalog, NewCustomer, Role, RootKey, Sqlite, Tenantry, VendorScope, VerifiedEmail};
use tokio::task::JoinSet;

/// How many requests the service answers at once.
const TASKS: usize = 64;
const REQUESTS: usize = 512;
/// Creating a customer, inviting and accepting its Administrator, setting a secret, enabling a feature.
const COMMITS: usize = 5;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let folder = tempfile::tempdir()?;
    let path = args().nth(1).map_or_else(|| folder.path().join("customers.db"), Into::into);
    let app = Tenantry::builder(Catalog::standard()).root_key(RootKey::generate()?).open(Sqlite::file(path)).await?;
    let vendor = app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test").await?;

    let one_by_one = serve(&app, &vendor, 1, REQUESTS / 8).await?;
    one_by_one.show("1 task");
    let grouped = serve(&app, &vendor, TASKS, REQUESTS).await?;
    grouped.show(&format!("{TASKS} tasks"));
    println!("together {:.1} times as many commits", grouped.rate() / one_by_one.rate());

    let violations = app.maintenance("after the example").verify(Vec::new()).await?;
    println!("violations found in the store: {}", violations.len());
    // Whatever was handed over is in the file when this returns.
    app.maintenance("the end of the example").close().await?;
    Ok(())
}

/// Answers requests with so many tasks at once.
async fn serve(
    app: &Tenantry,
    vendor: &VendorScope,
    tasks: usize,
    requests: usize,
) -> Result<Served, Box<dyn Error + Send + Sync>> {
    let begin = Instant::now();
    let mut set = JoinSet::new();
    for task in 0..tasks {
        let (app, vendor) = (app.clone(), vendor.clone());
        set.spawn(async move {
            let mut waits = Vec::new();
            for request in 0..requests / tasks {
                let begin = Instant::now();
                sign_up(&app, &vendor, &format!("{tasks}-{task}-{request}")).await?;
                waits.push(begin.elapsed());
            }
            Ok::<_, tenantry::Error>(waits)
        });
    }
    let mut waits = Vec::new();
    while let Some(done) = set.join_next().await {
        waits.extend(done??);
    }
    waits.sort_unstable();
    Ok(Served { waits, took: begin.elapsed() })
}

/// A request: a customer signs up.
async fn sign_up(app: &Tenantry, vendor: &VendorScope, name: &str) -> Result<(), tenantry::Error> {
    let customer = vendor.customers().create(NewCustomer::new(name).external_id(name)).await?;
    let scope = vendor.customer(customer.id);
    let email = format!("admin@customer-{name}.test");
    let invited = scope.members().invite("Admin", &email, Role::Administrator).await?;
    app.accept_invitation(&invited.token, VerifiedEmail::new(email)).await?;
    scope.secrets().set("SMTP_PASSWORD", "hunter2").await?;
    scope.features().enable("alerts").await?;
    Ok(())
}

/// How long each request took, in rising order, and all of them together.
struct Served {
    waits: Vec<Duration>,
    took: Duration,
}

impl Served {
    fn rate(&self) -> f64 {
        (self.waits.len() * COMMITS) as f64 / self.took.as_secs_f64()
    }

    fn show(&self, who: &str) {
        let at = |percent: usize| self.waits.get((self.waits.len().saturating_sub(1)) * percent / 100);
        let at = |percent| at(percent).map_or(0.0, |wait| wait.as_secs_f64() * 1e3);
        print!("{who:>8}: {:>5} requests, {:>6.0} commits/s;", self.waits.len(), self.rate());
        println!(" a request takes p50 {:.1} ms, p99 {:.1} ms, at most {:.1} ms", at(50), at(99), at(100));
    }
}
