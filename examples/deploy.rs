//! Secrets on their way into deployments: rendered for two customers, rotated, rolled back, and taken out of a log:
//! `cargo run --example deploy`

use std::error::Error;

use tenantry::{
    Catalog, CustomerScope, Format, NewCustomer, NewDeployment, PageRequest, RootKey, SecretUse, Tenantry, VendorScope,
};

const ENV: &str = include_str!("data/deploy/app.env.tmpl");
const VALUES: &str = include_str!("data/deploy/values.yaml.tmpl");
/// What an environment file may hold on one line only.
const TLS_KEY: &str =
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIGcS9Yg7hYTJx1bbHcWPnrUt\n-----END PRIVATE KEY-----\n";

fn main() -> Result<(), Box<dyn Error>> {
    let app = Tenantry::builder(Catalog::standard()).root_key(RootKey::generate()?).open_in_memory().wait()?;
    let vendor = app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test").wait()?;
    let globex = customer(&vendor, "Globex", &[("DATABASE_PASSWORD", "p@ss: #1 \"quoted\""), ("TLS_KEY", TLS_KEY)])?;
    let initech = customer(&vendor, "Initech", &[("DATABASE_PASSWORD", "tps-report"), ("SMTP_PASSWORD", "stapler")])?;

    // A template is checked before it is rolled out: everything that is wrong, with its place.
    for problem in initech.secrets().check(ENV).wait()? {
        println!("Initech's app.env.tmpl: {problem}");
    }
    let deployer = |scope: &CustomerScope| app.service(scope.place(), "deployer", "rollout 7");
    if let Err(error) = deployer(&initech).render(ENV, Format::Env).wait() {
        println!("rendering it anyway:    [{}] {error}\n", error.code());
    }
    initech.secrets().set("TLS_KEY", TLS_KEY).wait()?;

    // Each customer's deployments get that customer's secrets, in the form that the file wants.
    for (name, scope) in [("Globex", &globex), ("Initech", &initech)] {
        for (file, template, format) in [("app.env", ENV, Format::Env), ("values.yaml", VALUES, Format::Yaml)] {
            let rendered = deployer(scope).render(template, format).wait()?;
            println!("{name}, {file}\n{}", indented(rendered.text.expose()));
        }
        for (id, deployment) in [("eu-1", "Europe"), ("us-1", "America")] {
            let registered = NewDeployment::new(id, deployment).template(ENV).template(VALUES);
            deployer(scope).register_deployment(registered).wait()?;
            let rendered = deployer(scope).render(ENV, Format::Env).wait()?;
            deployer(scope).report_running(id, rendered.versions).wait()?;
        }
    }

    // A rotated password: who is affected, and who has it already.
    let current = globex.secrets().list(PageRequest::first()).wait()?.items;
    let version = current.iter().find(|secret| secret.key == "DATABASE_PASSWORD").map_or(0, |secret| secret.version);
    let changed = globex.secrets().set_at("DATABASE_PASSWORD", "correct horse battery", version).wait()?;
    println!("Globex rotated {} to version {}, which affects", changed.secret.key, changed.secret.version);
    show(&changed.affected.items);
    let rendered = deployer(&globex).render(VALUES, Format::Yaml).wait()?;
    deployer(&globex).report_running("eu-1", rendered.versions).wait()?;
    println!("after the rollout to Europe");
    show(&globex.secrets().used_by("DATABASE_PASSWORD", PageRequest::first()).wait()?.items);
    if let Err(refused) = globex.secrets().delete("DATABASE_PASSWORD").wait() {
        println!("deleting it is refused: [{}] {refused}", refused.code());
    }
    let back = globex.secrets().roll_back("DATABASE_PASSWORD", 1).wait()?;
    println!("rolled back as version {}: {}\n", back.secret.version, versions(&globex)?);

    // A log comes out clean, of what earlier versions held too.
    let log = "connect postgres://app:p%40ss%3A+%231+%22quoted%22@db failed\nretry with correct horse battery";
    println!("the log\n{}\nredacted\n{}", indented(log), indented(&deployer(&globex).redactor().wait()?.redact(log)));
    Ok(())
}

fn customer(vendor: &VendorScope, name: &str, secrets: &[(&str, &str)]) -> Result<CustomerScope, Box<dyn Error>> {
    let scope = vendor.customer(vendor.customers().create(NewCustomer::new(name)).wait()?.id);
    for (key, value) in secrets {
        scope.secrets().set(key, *value).wait()?;
    }
    Ok(scope)
}

fn show(uses: &[SecretUse]) {
    for user in uses {
        let running = user.running.map_or("an unknown version".to_owned(), |version| format!("version {version}"));
        println!("    {} ({}) runs {running}", user.name, user.deployment);
    }
}

fn versions(scope: &CustomerScope) -> Result<String, Box<dyn Error>> {
    let versions = scope.secrets().versions("DATABASE_PASSWORD", PageRequest::first()).wait()?.items;
    let shown = versions.iter().map(|version| {
        format!("{}{} by {}", version.version, if version.current { " (current)" } else { "" }, version.created_by)
    });
    Ok(shown.collect::<Vec<_>>().join(", "))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}
