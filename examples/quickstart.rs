//! The whole story on one page: `cargo run --example quickstart`, or `… quickstart -- FILE` to keep it in a file.

use std::env::args;
use std::error::Error;

use tenantry::{
    AuditQuery, Catalog, CustomerScope, NewCustomer, PageRequest, Role, RootKey, Sqlite, Tenantry, VerifiedEmail,
};

fn main() -> Result<(), Box<dyn Error>> {
    let builder = Tenantry::builder(Catalog::standard());
    let app = match args().nth(1) {
        Some(file) => {
            let key = RootKey::from_file_or_create(format!("{file}.key"))?;
            builder.root_key(key).open(Sqlite::file(file)).wait()?
        }
        None => builder.root_key(RootKey::generate()?).open_in_memory().wait()?,
    };

    // The vendor, with its first Administrator. A key is taken once: a second run on the same file makes another vendor.
    let key = format!("acme-{}", app.vendors(PageRequest::first()).wait()?.items.len() + 1);
    let ada = app.bootstrap(&key, "Acme Software", "Ada", "ada@acme.test").wait()?;
    let globex = ada.customers().create(NewCustomer::new("Globex")).wait()?;
    println!("Ada made the customer {} with {}\n", globex.name, globex.features.join(", "));

    // Ada, acting on Globex. It has no Administrator yet; once Hank is one, the next keeps the role asked for.
    let scope = ada.customer(globex.id);
    let hank = join(&app, &scope, "Hank", Role::Viewer)?;
    let vera = join(&app, &hank, "Vera", Role::Viewer)?;

    // A denial, and why.
    if let Err(denied) = vera.require("deployments.edit").wait() {
        println!("\nVera may not deploy     [{}] {denied}", denied.code());
    }
    println!("                        {}\n", vera.explain("deployments.edit").wait()?);

    // Features: what is required comes along, what requires goes along; what is off is hidden and refused.
    scope.features().disable("deployments").wait()?;
    show("Deployments off", &hank)?;
    if let Err(denied) = hank.require("alerts.view").wait() {
        println!("Hank may not see alerts [{}] {denied}", denied.code());
    }
    println!("\nenabling alerts enabled {}", scope.features().enable("alerts").wait()?.changed.join(", "));
    show("Alerts on", &hank)?;
    println!("\ndisabling deployments disabled {}", scope.features().disable("deployments").wait()?.changed.join(", "));
    show("Deployments off", &hank)?;
    scope.features().enable("deployments").wait()?;

    // Secrets: everybody sees keys, nobody values, but for a service of yours, on the record.
    hank.secrets().set("SMTP_PASSWORD", "hunter2").wait()?;
    for secret in vera.secrets().list(PageRequest::first()).wait()?.items {
        println!("\nVera sees the secret    {}, not its value", secret.key);
    }
    for got in app.service(scope.place(), "deployer", "rollout 7").resolve_all().wait()? {
        println!("the deployer got        {}, {} bytes", got.key, got.value.len());
    }
    println!("\nGlobex's audit log");
    for entry in scope.audit().list(AuditQuery::new()).wait()?.items {
        println!("{:>4}  {:<20} by {}", entry.number, entry.action, entry.actor);
    }
    Ok(())
}

/// Invites a person, who accepts.
fn join(app: &Tenantry, scope: &CustomerScope, name: &str, role: Role) -> Result<CustomerScope, Box<dyn Error>> {
    let email = format!("{name}@globex.test");
    let invited = scope.members().invite(name, &email, role).wait()?;
    let why = if invited.raised { ": Globex had no Administrator" } else { "" };
    println!("{name} was invited as {role} and is {}{why}", invited.member.role);
    let accepted = app.accept_invitation(&invited.token, VerifiedEmail::new(email)).wait()?;
    Ok(accepted.customer().ok_or("not an invitation into a customer")?)
}

/// Prints the sections of the portal that a member sees.
fn show(when: &str, member: &CustomerScope) -> Result<(), Box<dyn Error>> {
    let titles: Vec<_> = member.portal().wait()?.into_iter().map(|section| section.title).collect();
    println!("{when:<22}  Hank's portal: {}", titles.join(" | "));
    Ok(())
}
