//! Creates customers from a CSV file, reports what became of each row, and searches them:
//! `cargo run --release --example import_customers -- examples/data/organizations.csv customers.db [TEXT]`

use std::env::args;
use std::error::Error;
use std::fs::File;
use std::process::ExitCode;
use std::sync::mpsc;

use comfy_table::Table;
use indicatif::{ProgressBar, ProgressStyle};
use tenantry::{Catalog, CustomerFilter, ImportOutcome, Sqlite, Tenantry, VendorScope, VerifiedEmail};
use tenantry_examples::customers_from_csv;

/// How many refused rows are shown.
const SHOWN: usize = 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = args().skip(1).collect();
    let (file, database, text) = match arguments.as_slice() {
        [file, database] => (file, database, "HAUSGERÄTE"),
        [file, database, text] => (file, database, text.as_str()),
        _ => {
            eprintln!("usage: import_customers FILE.csv DATABASE [TEXT]");
            return ExitCode::from(2);
        }
    };
    match run(file, database, text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(file: &str, database: &str, text: &str) -> Result<(), Box<dyn Error>> {
    let input = File::open(file).map_err(|error| format!("`{file}`: {error}"))?;
    let bar = ProgressBar::new(input.metadata()?.len());
    bar.set_style(ProgressStyle::with_template("{bar:40} {binary_bytes} of {binary_total_bytes}, {eta} to go")?);
    let rows = customers_from_csv(bar.wrap_read(input)).map_err(|error| format!("`{file}`: {error}"))?;

    let app = Tenantry::builder(Catalog::standard()).open(Sqlite::file(database)).wait()?;
    let vendor = sign_in(&app)?;
    let (refused, refusals) = mpsc::channel();
    let summary = vendor.customers().import(rows, move |row| {
        if let ImportOutcome::Refused(error) = row.outcome {
            // Nobody listens only when the program ends.
            let _ = refused.send((row.row, error));
        }
    });
    let summary = summary.wait()?;
    bar.finish_and_clear();
    for (row, error) in refusals.iter().take(SHOWN) {
        println!("row {row} refused: {error}");
    }
    match refusals.iter().count() {
        0 => {}
        more => println!("… and {more} more"),
    }
    let (rows, created, skipped, refused) = (summary.rows, summary.created, summary.skipped, summary.refused);
    println!("rows {rows}  created {created}  skipped {skipped}  refused {refused}");

    let page = vendor.customers().list(CustomerFilter::new().text(text).page_size(20)).wait()?;
    let mut table = Table::new();
    table.set_header(["name", "external id", "features"]);
    for customer in page.items {
        table.add_row([customer.name, customer.external_id.unwrap_or_default(), customer.features.join(", ")]);
    }
    println!("\ncustomers with `{text}`\n{table}");
    if page.next.is_some() {
        println!("… and more");
    }
    Ok(())
}

/// The vendor `import` of the database, made at the first run, with its Administrator acting.
fn sign_in(app: &Tenantry) -> Result<VendorScope, Box<dyn Error>> {
    let email = "import@vendor.test";
    let Some(vendor) = app.find_vendor("import").wait()? else {
        return Ok(app.bootstrap("import", "Import", "Importer", email).wait()?);
    };
    let identity = app.identify(vendor.id, VerifiedEmail::new(email)).wait()?;
    let identity = identity.ok_or("the vendor `import` of this database is another program's")?;
    Ok(app.vendor(vendor.id, identity.user))
}
