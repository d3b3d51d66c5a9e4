//! What a new store is filled with, so that there is something to look at.

use tenantry::{Error, NewCustomer, NewDeployment, Role, Tenantry, VendorScope, VerifiedEmail};

/// The key of the vendor in the store.
pub const VENDOR: &str = "acme";

/// A person to sign in as.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// The name.
    pub name: &'static str,
    /// The e-mail.
    pub email: &'static str,
    /// The role.
    pub role: Role,
    /// Where: the vendor, or a customer by its name.
    pub place: &'static str,
}

const fn person(name: &'static str, email: &'static str, role: Role, place: &'static str) -> Person {
    Person { name, email, role, place }
}

const ACME: &str = "Acme Software";
const GLOBEX: &str = "Globex GmbH";

/// One person for each role of the vendor and of a customer, the vendor's Administrator first.
pub const PEOPLE: [Person; 6] = [
    person("Ada Lovelace", "ada@acme.test", Role::Administrator, ACME),
    person("Ben Okri", "ben@acme.test", Role::User, ACME),
    person("Vera Rubin", "vera@acme.test", Role::Viewer, ACME),
    person("Hank Scorpio", "hank@globex.test", Role::Administrator, GLOBEX),
    person("Uma Thurn", "uma@globex.test", Role::User, GLOBEX),
    person("Viktor Vey", "viktor@globex.test", Role::Viewer, GLOBEX),
];

/// The other customers: their names, and the features that are switched beside the default ones.
const CUSTOMERS: [(&str, &[&str]); 9] = [
    ("Initrode", &["support_bundles"]),
    ("Müller & Söhne", &["alerts"]),
    ("Ελληνικά Πλοία Α.Ε.", &[]),
    ("株式会社サンプル", &["alerts", "support_bundles"]),
    ("שלום תוכנה", &[]),
    ("O'Brien <Marine> \"Ltd\"", &[]),
    ("Ünlü Yazılım", &["support_bundles"]),
    (
        "Zürich Rückversicherungsgesellschaft für außergewöhnliche Haftpflichtrisiken und Nebenleistungen AG",
        &["alerts"],
    ),
    ("Øresund Energi", &[]),
];

/// Makes the vendor and everything that the demonstration shows.
///
/// # Errors
///
/// Those of tenantry.
pub async fn fill(app: &Tenantry) -> Result<(), Error> {
    let [ada, ..] = PEOPLE;
    let vendor = app.bootstrap(VENDOR, ada.place, ada.name, ada.email).await?;
    let globex = vendor.customers().create(NewCustomer::new(GLOBEX).external_id("crm-1001")).await?;
    let scope = vendor.customer(globex.id);
    for person in PEOPLE.iter().skip(1) {
        let members = if person.place == ACME { vendor.members() } else { scope.members() };
        let invited = members.invite(person.name, person.email, person.role).await?;
        app.accept_invitation(&invited.token, VerifiedEmail::new(person.email)).await?;
    }
    scope.members().invite("Iris Waiting", "iris@globex.test", Role::User).await?;
    scope.secrets().set("SMTP_PASSWORD", "correct horse battery staple").await?;
    scope.secrets().set("SMTP_PASSWORD", "correct horse battery staple, the second").await?;
    scope.secrets().set("API_TOKEN", "demo-token-0001").await?;
    deploy(app, &scope).await?;
    for (number, (name, features)) in (1002..).zip(CUSTOMERS) {
        let customer = vendor.customers().create(NewCustomer::new(name).external_id(format!("crm-{number}"))).await?;
        for feature in features {
            vendor.customer(customer.id).features().enable(feature).await?;
        }
    }
    let old = vendor.customers().create(NewCustomer::new("Initech (until 2024)")).await?;
    vendor.customer(old.id).archive().await?;
    vendor.secrets().set("LICENSE_SIGNING_KEY", "demo-signing-key").await?;
    Ok(())
}

/// Two deployments that use the secrets, one of them still with the value before.
async fn deploy(app: &Tenantry, scope: &tenantry::CustomerScope) -> Result<(), Error> {
    let service = app.service(scope.place(), "deployer", "demonstration");
    let template = "SMTP_PASSWORD={{ .Secrets.SMTP_PASSWORD }}\n";
    let both = "TOKEN={{ .Secrets.API_TOKEN }}\nSMTP_PASSWORD={{ .Secrets.SMTP_PASSWORD }}\n";
    service.register_deployment(NewDeployment::new("eu-1", "Frankfurt production").template(both)).await?;
    service.register_deployment(NewDeployment::new("eu-2", "Dublin staging").template(template)).await?;
    service.report_running("eu-1", [("SMTP_PASSWORD", 1), ("API_TOKEN", 1)]).await?;
    service.report_running("eu-2", [("SMTP_PASSWORD", 2)]).await?;
    Ok(())
}

/// Creates this many more customers, for measurements; those that there are already stay as they are.
///
/// # Errors
///
/// Those of tenantry.
pub async fn many(vendor: &VendorScope, count: u64) -> Result<(), Error> {
    const TRADES: [&str; 8] = ["Logistics", "Systems", "Foods", "Energy", "Marine", "Labs", "Insurance", "Robotics"];
    let rows = (1..=count).map(|number| {
        let trade = TRADES.iter().cycle().nth(usize::try_from(number % 8).unwrap_or(0)).copied().unwrap_or_default();
        Ok(NewCustomer::new(format!("Demo {trade} {number:07}")).external_id(format!("demo-{number}")))
    });
    let summary = vendor
        .customers()
        .import(rows, |row| {
            if row.row % 50_000 == 0 {
                eprintln!("{} customers", row.row);
            }
        })
        .await?;
    eprintln!("{} customers created, {} were there", summary.created, summary.skipped);
    Ok(())
}
