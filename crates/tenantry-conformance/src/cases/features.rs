//! F, P: features and the portal.

use std::collections::BTreeSet;

use tenantry_core::{Catalog, Feature, NewCustomer, Permission, Role, Roles, Tenantry};

use super::cases;
use crate::check::{Tried, World, builder, ensure, ensure_eq, refused};
use crate::race::Dice;
use crate::{Failure, Opened};

cases![
    f2_new_customers_have_deployments_and_artifacts,
    f3_enabling_brings_along_and_disabling_takes_along,
    f4_in_any_catalogue_what_a_customer_has_is_closed_and_changes_by_the_least,
    f5_a_preview_answers_the_same_and_changes_nothing,
    f7_two_releases_share_a_store_and_lose_nothing_of_each_other,
    f8_a_change_counts_with_the_next_decision_in_every_handle,
    f9_what_is_off_is_hidden_and_refused,
    p1_each_role_sees_its_sections_in_order,
];

fn f2_new_customers_have_deployments_and_artifacts(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    ensure_eq!(world.customer("Globex")?.get().wait()?.features, ["deployments", "artifacts"]);
    Ok(())
}

fn f3_enabling_brings_along_and_disabling_takes_along(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let features = globex.features();
    ensure_eq!(features.disable("deployments").wait()?.changed, ["deployments"]);
    ensure_eq!(features.enable("alerts").wait()?.changed, ["deployments", "alerts"]);
    ensure_eq!(features.enable("alerts").wait()?.changed, Vec::<String>::new());
    ensure_eq!(features.enable("support_bundles").wait()?.changed, ["support_bundles"]);
    ensure_eq!(features.disable("deployments").wait()?.changed, ["deployments", "alerts"]);
    ensure_eq!(globex.get().wait()?.features, ["artifacts", "support_bundles"]);
    refused(features.enable("teleport"), "unknown_name")?;
    refused(features.disable("teleport"), "unknown_name")?;
    Ok(())
}

fn f5_a_preview_answers_the_same_and_changes_nothing(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let before = globex.get().wait()?;
    let preview = globex.features().preview_disable("deployments").wait()?;
    ensure_eq!(globex.features().preview_enable("alerts").wait()?.changed, ["alerts"]);
    ensure_eq!(globex.get().wait()?, before);
    ensure_eq!(globex.features().disable("deployments").wait()?, preview);
    Ok(())
}

fn f7_two_releases_share_a_store_and_lose_nothing_of_each_other(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    globex.features().enable("alerts").wait()?;
    // The next release knows one more feature, which alerts requires.
    let catalog = Catalog::empty()
        .feature(Feature::new("deployments", "Deployments"))
        .feature(Feature::new("channels", "Channels"))
        .feature(Feature::new("alerts", "Alerts").requires("deployments").requires("channels"))
        .permission(Permission::vendor("customers.view", Roles::ALL))
        .permission(Permission::vendor("features.manage", Roles::ALL))
        .build()?;
    let next = store.open(Tenantry::builder(catalog))?;
    let tenantry_core::Actor::User(user) = *world.boss().actor() else { return Err("no user".into()) };
    let customer = globex.place().customer().ok_or("no customer")?;
    let newer = next.vendor(globex.place().vendor(), user).customer(customer);
    let features = newer.features().list().wait()?;
    ensure_eq!((features.waiting, features.unknown), (vec!["alerts".to_owned()], vec!["artifacts".to_owned()]));
    ensure_eq!(newer.get().wait()?.features, ["deployments"]);
    ensure_eq!(newer.features().enable("channels").wait()?.changed, ["channels", "alerts"]);
    // The release before goes on with what it knows.
    ensure_eq!(globex.get().wait()?.features, ["deployments", "alerts", "artifacts"]);
    ensure_eq!(globex.features().list().wait()?.unknown, ["channels"]);
    globex.features().disable("artifacts").wait()?;
    ensure_eq!(newer.get().wait()?.features, ["deployments", "channels", "alerts"]);
    Ok(())
}

fn f9_what_is_off_is_hidden_and_refused(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let [administrator, ..] = &world.acme.members;
    let customer = &world.acme.customer;
    for feature in ["deployments", "alerts", "artifacts", "support_bundles"] {
        customer.features().enable(feature).wait()?;
    }
    let catalog = world.app.catalog().clone();
    let keys =
        || administrator.portal().wait().map(|all| all.into_iter().map(|section| section.key).collect::<Vec<_>>());
    ensure_eq!(keys()?.len(), catalog.sections().len());
    for feature in ["alerts", "deployments", "artifacts", "support_bundles"] {
        customer.features().disable(feature).wait()?;
        let shown = keys()?;
        for section in catalog.sections() {
            let open = administrator.can(section.permission()).wait()?;
            ensure_eq!(shown.contains(&section.key().to_owned()), open);
            if !open {
                refused(administrator.require(section.permission()), "feature_disabled")?;
            }
        }
        let listed = administrator.features().list().wait()?.features;
        ensure!(listed.iter().all(|listed| listed.enabled && listed.name != feature));
    }
    ensure_eq!(keys()?, ["home", "licenses", "users", "access_tokens"]);
    refused(administrator.secrets().set("A", "1"), "feature_disabled")?;
    // Staff may prepare what is still off; a service may not use it.
    customer.secrets().set("A", "1").wait()?;
    refused(world.app.service(customer.place(), "deployer", "test").resolve(["A"]), "feature_disabled")?;
    Ok(())
}

fn p1_each_role_sees_its_sections_in_order(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let customer = &world.acme.customer;
    customer.features().enable("alerts").wait()?;
    customer.features().enable("support_bundles").wait()?;
    let titles = |scope: &tenantry_core::CustomerScope| {
        scope.portal().wait().map(|all| all.into_iter().map(|section| section.title).collect::<Vec<_>>().join(", "))
    };
    let all = "Home, Deployments, Artifacts, Licenses, Support, Alerts, Users, Secrets, Access Tokens";
    let [administrator, user, viewer] = &world.acme.members;
    ensure_eq!(titles(administrator)?, all);
    ensure_eq!(titles(customer)?, all);
    for member in [user, viewer] {
        ensure_eq!(titles(member)?, all.replace("Users, ", ""));
    }
    ensure_eq!(viewer.snapshot().wait()?.role(), Some(Role::Viewer));
    Ok(())
}

/// The features `f0`, `f1` … of a random acyclic graph, and what each requires directly.
fn random_catalogue(dice: &mut Dice, size: u64) -> Result<(Catalog, Vec<BTreeSet<u64>>), Failure> {
    let mut requires = Vec::new();
    let mut builder = Catalog::builder();
    for number in 0..size {
        // Only earlier ones, so that there is no cycle.
        let row: BTreeSet<u64> = (0..number).filter(|_| dice.up_to(3) == 0).collect();
        let feature = Feature::new(format!("f{number}"), format!("Feature {number}"));
        builder = builder.feature(row.iter().fold(feature, |feature, other| feature.requires(format!("f{other}"))));
        requires.push(row);
    }
    Ok((builder.build()?, requires))
}

/// Everything that can be reached, the start included.
fn reach(start: u64, next: impl Fn(u64) -> Vec<u64>) -> BTreeSet<u64> {
    let (mut found, mut todo) = (BTreeSet::from([start]), vec![start]);
    while let Some(node) = todo.pop() {
        todo.extend(next(node).into_iter().filter(|node| found.insert(*node)));
    }
    found
}

fn f4_in_any_catalogue_what_a_customer_has_is_closed_and_changes_by_the_least(store: &dyn Opened) -> Tried {
    let mut dice = Dice(4);
    for round in 0..8 {
        let size = 3 + dice.up_to(8);
        let (catalog, requires) = random_catalogue(&mut dice, size)?;
        let app = store.open(Tenantry::builder(catalog))?;
        let vendor = app.bootstrap(&format!("v{round}"), "Vendor", "Ada", "ada@x.test").wait()?;
        let scope = vendor.customer(vendor.customers().create(NewCustomer::new("Globex")).wait()?.id);
        let rows = || (0..).zip(&requires);
        let below = |node| rows().filter(|(at, _)| *at == node).flat_map(|(_, row)| row.clone()).collect();
        let above = |node| rows().filter(|(_, row)| row.contains(&node)).map(|(at, _)| at).collect();
        let mut has = BTreeSet::new();
        for _ in 0..12 {
            let (feature, enable) = (dice.up_to(size), dice.up_to(2) == 0);
            let (name, features) = (format!("f{feature}"), scope.features());
            let (preview, change) = if enable {
                (features.preview_enable(&name).wait()?, features.enable(&name).wait()?)
            } else {
                (features.preview_disable(&name).wait()?, features.disable(&name).wait()?)
            };
            ensure_eq!(preview, change);
            let reached = if enable { reach(feature, below) } else { reach(feature, above) };
            let moved: BTreeSet<u64> = reached.into_iter().filter(|node| has.contains(node) != enable).collect();
            has = has.symmetric_difference(&moved).copied().collect();
            let names = |nodes: &BTreeSet<u64>| nodes.iter().map(|node| format!("f{node}")).collect::<BTreeSet<_>>();
            ensure_eq!(change.changed.iter().cloned().collect::<BTreeSet<_>>(), names(&moved));
            // In dependency order: nothing stands before what it requires.
            for (at, name) in change.changed.iter().enumerate() {
                let required = app.catalog().feature(name).ok_or("unknown")?.requirements();
                ensure!(change.changed.iter().skip(at).all(|later| !required.contains(later)));
            }
            // The two that every new customer has are independent of these, and never touched.
            let standard = ["artifacts", "deployments"].map(str::to_owned);
            let expected: BTreeSet<_> = names(&has).into_iter().chain(standard).collect();
            ensure_eq!(scope.get().wait()?.features.into_iter().collect::<BTreeSet<_>>(), expected);
        }
    }
    Ok(())
}

fn f8_a_change_counts_with_the_next_decision_in_every_handle(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (customer, [_, user, _]) = (&world.acme.customer, &world.acme.members);
    let tenantry_core::Actor::User(id) = *user.actor() else { return Err("no user".into()) };
    let (vendor, place) = (world.boss().vendor_id(), customer.place().customer().ok_or("no customer")?);
    let elsewhere = store.open(builder())?.customer(vendor, place, id);
    for _ in 0..3 {
        customer.features().enable("alerts").wait()?;
        elsewhere.require("alerts.edit").wait()?;
        customer.features().disable("alerts").wait()?;
        refused(elsewhere.require("alerts.edit"), "feature_disabled")?;
    }
    Ok(())
}
