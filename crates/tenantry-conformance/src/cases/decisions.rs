//! R: decisions.

use tenantry_core::testing::ROLES;
use tenantry_core::{
    Catalog, CustomerFilter, CustomerScope, Decision, Feature, PageRequest, Permission, Portal, Role, Section, Tenantry,
};

use super::cases;
use crate::Opened;
use crate::check::{Tried, World, ensure, ensure_eq, refused};

cases![
    r1_every_row_of_the_permission_table_decides_for_every_role_with_features_on_and_off,
    r2_the_reasons_come_in_their_order,
    r3_an_unknown_permission_is_an_error_and_never_no,
    r3_explain_says_what_would_allow_it_and_tells_only_staff_who_is_no_member,
    r5_the_host_adds_permissions_features_and_sections,
    r6_a_person_who_is_both_is_decided_by_the_side_they_come_from,
    r3_a_snapshot_decides_like_the_store_and_says_of_which_state,
    p2_a_member_sees_their_own_customer_only,
];

fn r1_every_row_of_the_permission_table_decides_for_every_role_with_features_on_and_off(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let catalog = world.app.catalog().clone();
    let id = world.acme.customer.place().customer().ok_or("no customer")?;
    for on in [true, false] {
        for feature in catalog.features() {
            let features = world.acme.customer.features();
            if on {
                features.enable(feature.name()).wait()?
            } else {
                features.disable(feature.name()).wait()?
            };
        }
        for row in catalog.permissions() {
            let name = row.name();
            for (index, role) in ROLES.into_iter().enumerate() {
                let (staff, member) = (world.acme.staff.get(index), world.acme.members.get(index));
                let (staff, member) = (staff.ok_or("no staff")?, member.ok_or("no member")?);
                let allowed = row.roles().contains(role);
                match row.portal() {
                    Portal::Vendor => {
                        ensure_eq!(staff.can(name).wait()?, allowed);
                        ensure_eq!(staff.customer(id).can(name).wait()?, allowed);
                    }
                    Portal::Customer => {
                        let available = row.feature().is_none() || on;
                        ensure_eq!(member.can(name).wait()?, allowed && available);
                        match (allowed, available) {
                            (true, true) => member.require(name).wait()?,
                            (false, _) => drop(refused(member.require(name), "permission_denied")?),
                            (true, false) => drop(refused(member.require(name), "feature_disabled")?),
                        }
                    }
                    Portal::Service => {}
                }
            }
            if row.portal() == Portal::Service {
                let service = world.app.service(world.acme.customer.place(), "deployer", "test");
                ensure_eq!(service.can(name).wait()?, row.feature().is_none() || on);
                ensure!(world.app.service(world.boss().place(), "deployer", "test").can(name).wait()?);
            }
        }
    }
    Ok(())
}

fn r2_the_reasons_come_in_their_order(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let customer = &world.acme.customer;
    let [_, _, viewer] = &world.acme.members;
    let members = customer.members().list(PageRequest::first()).wait()?.items;
    let viewer_id = members.iter().find(|member| member.role == Role::Viewer).ok_or("no viewer")?.id;
    customer.features().disable("deployments").wait()?;
    // Role before feature, archived before role, suspended before archived, not found before all.
    let reason = |code: &str| refused(viewer.require("deployments.edit"), code).map(|error| error.to_string());
    ensure!(reason("permission_denied")?.contains("is viewer"));
    customer.archive().wait()?;
    reason("customer_archived")?;
    customer.unarchive().wait()?;
    customer.members().suspend(viewer_id).wait()?;
    customer.archive().wait()?;
    ensure!(reason("permission_denied")?.contains("is suspended"));
    customer.members().remove(viewer_id).wait()?;
    reason("not_found")?;
    Ok(())
}

fn r3_an_unknown_permission_is_an_error_and_never_no(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let [administrator, ..] = &world.acme.members;
    refused(administrator.can("teleport.use"), "unknown_name")?;
    refused(administrator.require("teleport.use"), "unknown_name")?;
    refused(administrator.explain("teleport.use"), "unknown_name")?;
    let snapshot = administrator.snapshot().wait()?;
    ensure_eq!(snapshot.can("teleport.use").err().map(|error| error.code()), Some("unknown_name"));
    // A permission of the other side is known, and denied.
    ensure!(!administrator.can("customers.manage").wait()?);
    Ok(())
}

fn r3_explain_says_what_would_allow_it_and_tells_only_staff_who_is_no_member(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let [administrator, _, viewer] = &world.acme.members;
    let denied = viewer.explain("deployments.edit").wait()?;
    ensure_eq!((denied.decision, denied.role), (Decision::Role, Some(Role::Viewer)));
    ensure_eq!(denied.roles, [Role::Administrator, Role::User]);
    world.acme.customer.features().disable("deployments").wait()?;
    let off = administrator.explain("alerts.view").wait()?;
    ensure_eq!((off.decision, off.enable), (Decision::Feature, vec!["deployments".to_owned(), "alerts".to_owned()]));
    ensure!(administrator.explain("dashboard.view").wait()?.is_allowed());

    let other = world.customer("Other")?;
    let outsider = world.join(&other, "out@x.test", Role::Viewer)?;
    let tenantry_core::Actor::User(user) = *outsider.actor() else { return Err("no user".into()) };
    let told = world.acme.customer.explain_for(user, "dashboard.view").wait()?;
    ensure_eq!(told.decision, Decision::NotFound);
    let customer = world.acme.customer.place().customer().ok_or("no customer")?;
    let outside = world.app.customer(world.boss().vendor_id(), customer, user);
    refused(outside.explain("dashboard.view"), "not_found")?;
    refused(administrator.explain_for(user, "dashboard.view"), "permission_denied")?;
    Ok(())
}

fn r6_a_person_who_is_both_is_decided_by_the_side_they_come_from(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    world.join(&globex, "hank@globex.test", Role::Viewer)?;
    let both = world.join(&globex, "administrator@acme.test", Role::Viewer)?;
    ensure_eq!(both.actor(), world.boss().actor());
    refused(both.secrets().set("A", "1"), "permission_denied")?;
    globex.secrets().set("A", "1").wait()?;
    globex.features().disable("deployments").wait()?;
    refused(both.secrets().list(PageRequest::first()), "feature_disabled")?;
    ensure_eq!(globex.secrets().list(PageRequest::first()).wait()?.items.len(), 1);
    Ok(())
}

fn r3_a_snapshot_decides_like_the_store_and_says_of_which_state(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let id = world.acme.customer.place().customer().ok_or("no customer")?;
    for feature in ["alerts", "support_bundles"] {
        for permission in world.app.catalog().permissions() {
            for member in &world.acme.members {
                let snapshot = member.snapshot().wait()?;
                ensure_eq!(snapshot.can(permission.name())?, member.can(permission.name()).wait()?);
            }
            for staff in &world.acme.staff {
                let snapshot = staff.customer(id).snapshot().wait()?;
                ensure_eq!(snapshot.can(permission.name())?, staff.customer(id).can(permission.name()).wait()?);
            }
        }
        let [administrator, ..] = &world.acme.members;
        let (before, sections) = (administrator.snapshot().wait()?, administrator.portal().wait()?);
        ensure_eq!(before.sections(), sections);
        world.acme.customer.features().enable(feature).wait()?;
        ensure!(administrator.snapshot().wait()?.state() > before.state());
    }
    Ok(())
}

fn r5_the_host_adds_permissions_features_and_sections(store: &dyn Opened) -> Tried {
    let catalog = Catalog::builder()
        .feature(Feature::new("backups", "Backups").requires("deployments"))
        .permission(Permission::customer("backups.view", [Role::Administrator, Role::User]).needs("backups"))
        .permission(Permission::vendor("backups.restore", Role::Administrator))
        .section(Section::new("backups", "Backups", "backups.view"))
        .build()?;
    let app = store.open(Tenantry::builder(catalog))?;
    let acme = tenantry_core::testing::cast(&app, "acme")?;
    let [_, user, viewer] = &acme.members;
    let shown = |scope: &CustomerScope| -> Result<bool, crate::Failure> {
        Ok(scope.portal().wait()?.last().is_some_and(|section| section.key == "backups"))
    };
    refused(user.require("backups.view"), "feature_disabled")?;
    ensure!(!shown(user)?);
    ensure_eq!(acme.customer.features().enable("backups").wait()?.changed, ["backups"]);
    user.require("backups.view").wait()?;
    refused(viewer.require("backups.view"), "permission_denied")?;
    ensure_eq!((shown(user)?, shown(viewer)?), (true, false));
    let restores = acme.staff.iter().map(|staff| staff.can("backups.restore").wait());
    ensure_eq!(restores.collect::<Result<Vec<_>, _>>()?, [true, false, false]);
    Ok(())
}

fn p2_a_member_sees_their_own_customer_only(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    world.join(&globex, "hank@globex.test", Role::Administrator)?;
    let [administrator, ..] = &world.acme.members;
    ensure_eq!(administrator.get().wait()?.name, "acme");
    ensure_eq!(administrator.members().list(PageRequest::first()).wait()?.items.len(), 3);
    // The vendor's side is closed to the person, and with it every way to name another customer.
    let tenantry_core::Actor::User(user) = *administrator.actor() else { return Err("no user".into()) };
    let vendor = world.app.vendor(world.boss().vendor_id(), user);
    refused(vendor.customers().list(CustomerFilter::new()), "not_found")?;
    for scope in [&globex, &world.acme.customer] {
        refused(vendor.customer(scope.place().customer().ok_or("no customer")?).get(), "not_found")?;
    }
    Ok(())
}
