//! A host's own features, permissions and portal sections: `cargo run --example custom_catalog`

use std::error::Error;

use tenantry::{Catalog, Feature, NewCustomer, Permission, Portal, Role, Roles, Section, Tenantry};

fn main() -> Result<(), Box<dyn Error>> {
    let editors = Roles::of(&[Role::Administrator, Role::User]);
    // The standard content, and what this product adds.
    let catalog = Catalog::builder()
        .feature(Feature::new("backups", "Backups").requires("deployments"))
        .feature(Feature::new("reports", "Reports").requires("alerts").requires("backups"))
        .permission(Permission::customer("backups.view", Roles::ALL).needs("backups"))
        .permission(Permission::customer("backups.restore", editors).needs("backups"))
        .permission(Permission::customer("reports.view", Roles::ALL).needs("reports"))
        .permission(Permission::vendor("reports.design", editors))
        .section(Section::new("reports", "Reports", "reports.view"))
        .build()?;

    println!("{}", mermaid(&catalog));
    for portal in [Portal::Vendor, Portal::Customer] {
        println!("{}", role_table(&catalog, portal));
    }

    // It decides like the standard content: enabling brings along what is required, at any depth.
    let app = Tenantry::builder(catalog).open_in_memory().wait()?;
    let vendor = app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test").wait()?;
    let globex = vendor.customers().create(NewCustomer::new("Globex")).wait()?;
    let change = vendor.customer(globex.id).features().enable("reports").wait()?;
    println!("enabling reports enables {}\n", change.changed.join(", "));

    // A wrong catalogue is refused when it is built.
    let wrong = Catalog::empty()
        .feature(Feature::new("egg", "Egg").requires("hen"))
        .feature(Feature::new("hen", "Hen").requires("egg"))
        .build();
    match wrong {
        Ok(_) => Err("a cycle was not noticed".into()),
        Err(error) => {
            println!("a wrong catalogue: {error}");
            Ok(())
        }
    }
}

/// The features and what they require, as a Mermaid graph.
fn mermaid(catalog: &Catalog) -> String {
    let mut text = String::from("```mermaid\ngraph LR\n");
    for feature in catalog.features() {
        text.push_str(&format!("    {}[\"{}\"]\n", feature.name(), feature.title()));
        for required in feature.requirements() {
            text.push_str(&format!("    {} --> {required}\n", feature.name()));
        }
    }
    text.push_str("```\n");
    text
}

/// Which role may do what in one portal, as a Markdown table.
fn role_table(catalog: &Catalog, portal: Portal) -> String {
    let mut text = format!("| {portal} portal | feature | administrator | user | viewer |\n|---|---|---|---|---|\n");
    for permission in catalog.permissions().filter(|permission| permission.portal() == portal) {
        let has = |role| if permission.roles().contains(role) { "yes" } else { "" };
        let [administrator, user, viewer] = [Role::Administrator, Role::User, Role::Viewer].map(has);
        let (name, feature) = (permission.name(), permission.feature().unwrap_or(""));
        text.push_str(&format!("| {name} | {feature} | {administrator} | {user} | {viewer} |\n"));
    }
    text
}
