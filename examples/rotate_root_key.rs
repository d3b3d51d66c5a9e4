//! A leaked root key is replaced while the service runs: `cargo run --example rotate_root_key [-- CUSTOMERS]`

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use comfy_table::Table;
use indicatif::{ProgressBar, ProgressStyle};
use tenantry::{Catalog, Durability, KeyRing, NewCustomer, Place, RootKey, Sqlite, Tenantry};

fn main() -> Result<(), Box<dyn Error>> {
    let customers: u64 = std::env::args().nth(1).map_or(Ok(1_000), |count| count.parse())?;
    let folder = tempfile::tempdir()?;
    let store = || Sqlite::file(folder.path().join("customers.db")).durability(Durability::ProcessCrash);
    let (leaked, fresh) = (RootKey::generate()?, RootKey::generate()?);

    // A store whose keys are all wrapped by a key that has leaked.
    let app = Tenantry::builder(Catalog::standard()).root_key(leaked.clone()).open(store()).wait()?;
    let vendor = app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test").wait()?;
    let mut places = Vec::new();
    for number in 0..customers {
        let customer = vendor.customers().create(NewCustomer::new(format!("Customer {number}"))).wait()?;
        let scope = vendor.customer(customer.id);
        scope.secrets().set("SMTP_PASSWORD", format!("hunter{number}").as_str()).wait()?;
        places.push(scope.place());
    }
    app.maintenance("restart with both keys").close().wait()?;

    // Every process gets both keys, the fresh one to go to; then one of them rotates. Run again after a crash, it goes on.
    let both = KeyRing::new(fresh.clone()).with(leaked.clone());
    let app = Tenantry::builder(Catalog::standard()).root_key(both).open(store()).wait()?;
    let maintenance = app.maintenance("the root key has leaked");
    show("before", &app)?;

    let rotating = Arc::new(AtomicBool::new(true));
    let service = serve(app.clone(), places, Arc::clone(&rotating));
    let bar = ProgressBar::new(customers);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos} of {len} keys wrapped anew, {eta} to go")?);
    let shown = bar.clone();
    let rotation = maintenance.rotate_root_key(move |rotation| shown.set_position(rotation.moved)).wait();
    rotating.store(false, Ordering::Relaxed);
    bar.finish_and_clear();
    let resolved = service.join().map_err(|_| "the service panicked")??;
    let rotation = rotation?;
    println!(
        "wrapped anew {}, left {}, secrets resolved meanwhile {resolved}, failures 0\n",
        rotation.moved, rotation.left
    );
    show("after", &app)?;
    maintenance.close().wait()?;

    // The leaked key opens nothing any more; the fresh one is enough.
    let refused = Tenantry::builder(Catalog::standard()).root_key(leaked).open(store()).wait();
    println!("with the leaked key: {}", refused.err().map_or("opened".to_owned(), |error| error.to_string()));
    let app = Tenantry::builder(Catalog::standard()).root_key(fresh).open(store()).wait()?;
    let violations = app.maintenance("check").verify(Vec::new()).wait()?;
    println!("with the fresh key: opened, verify found {} violations", violations.len());
    Ok(())
}

/// A deployment that goes on resolving secrets; answers how many it got.
fn serve(
    app: Tenantry,
    places: Vec<Place>,
    rotating: Arc<AtomicBool>,
) -> thread::JoinHandle<Result<u64, tenantry::Error>> {
    thread::spawn(move || {
        let mut resolved = 0;
        for place in places.iter().cycle() {
            if !rotating.load(Ordering::Relaxed) {
                break;
            }
            resolved += app.service(*place, "deployer", "rollout").resolve(["SMTP_PASSWORD"]).wait()?.len() as u64;
        }
        Ok(resolved)
    })
}

fn show(when: &str, app: &Tenantry) -> Result<(), Box<dyn Error>> {
    let mut table = Table::new();
    table.set_header(["root key", "state", "wraps"]);
    for key in app.maintenance("look").root_keys().wait()? {
        table.add_row([key.id, key.state.to_string(), key.wraps.to_string()]);
    }
    println!("{when}\n{table}\n");
    Ok(())
}
