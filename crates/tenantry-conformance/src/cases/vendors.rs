//! V: vendors and the host's own operations.

use tenantry_core::{Actor, NewCustomer, PageRequest, Place, Role, VerifiedEmail};

use super::cases;
use crate::Opened;
use crate::check::{Tried, World, builder, ensure, ensure_eq, refused};

cases![
    v1_vendors_are_isolated_and_the_same_email_is_two_users,
    v2_bootstrap_makes_an_active_administrator_and_a_key_is_taken_once,
    v2_a_vendor_key_follows_its_rule,
    v3_vendors_are_listed_page_by_page,
    v3_identify_finds_the_person_in_any_ascii_case_also_through_another_handle,
    u5_a_changed_email_is_the_new_identity_and_a_taken_one_is_refused,
];

fn v1_vendors_are_isolated_and_the_same_email_is_two_users(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let other = world.app.bootstrap("other", "Other", "Ada", "administrator@acme.test").wait()?;
    ensure!(other.actor() != world.boss().actor());
    let theirs = other.customers().create(NewCustomer::new("Theirs").external_id("1")).wait()?;
    let ours = world.boss().customers().create(NewCustomer::new("Ours").external_id("1")).wait()?;
    ensure_eq!(world.boss().customers().find("1").wait()?.id, ours.id);
    refused(world.boss().customer(theirs.id).get(), "not_found")?;
    let Actor::User(user) = *world.boss().actor() else { return Err("no user".into()) };
    refused(world.app.vendor(other.vendor_id(), user).customers().find("1"), "not_found")?;
    Ok(())
}

fn v2_bootstrap_makes_an_active_administrator_and_a_key_is_taken_once(store: &dyn Opened) -> Tried {
    let app = store.open(builder())?;
    let ada = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").wait()?;
    let members = ada.members().list(PageRequest::first()).wait()?.items;
    ensure_eq!(
        members.iter().map(|member| (member.role, member.state.as_str())).collect::<Vec<_>>(),
        [(Role::Administrator, "active")]
    );
    let error = refused(app.bootstrap("acme", "Again", "Eve", "eve@acme.test"), "already_exists")?;
    ensure_eq!(error.to_string(), "the vendor key `acme` is taken");
    ensure_eq!(app.vendors(PageRequest::first()).wait()?.items.len(), 1);
    Ok(())
}

fn v2_a_vendor_key_follows_its_rule(store: &dyn Opened) -> Tried {
    let app = store.open(builder())?;
    for key in ["", "Acme", "9acme", "a b", "a_b", "ä", &"a".repeat(65)] {
        refused(app.bootstrap(key, "Acme", "Ada", "ada@acme.test"), "invalid_input")?;
    }
    refused(app.bootstrap("acme", " ", "Ada", "ada@acme.test"), "invalid_input")?;
    refused(app.bootstrap("acme", "Acme", "\n", "ada@acme.test"), "invalid_input")?;
    refused(app.bootstrap("acme", "Acme", "Ada", "ada"), "invalid_input")?;
    Ok(())
}

fn v3_vendors_are_listed_page_by_page(store: &dyn Opened) -> Tried {
    let app = store.open(builder())?;
    for key in ["c", "a", "b"] {
        app.bootstrap(key, key, "Ada", "ada@acme.test").wait()?;
    }
    let first = app.vendors(PageRequest::first().size(2)).wait()?;
    let next = first.next.ok_or("no next page")?;
    let second = app.vendors(PageRequest::after(next)).wait()?;
    let keys: Vec<_> = first.items.into_iter().chain(second.items).map(|vendor| vendor.key).collect();
    ensure_eq!(keys, ["a", "b", "c"]);
    ensure!(second.next.is_none());
    refused(app.vendors(PageRequest::first().size(0)), "invalid_input")?;
    refused(app.vendors(PageRequest::first().size(1_001)), "invalid_input")?;
    Ok(())
}

fn v3_identify_finds_the_person_in_any_ascii_case_also_through_another_handle(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (vendor, globex) = (world.boss().vendor_id(), world.customer("Globex")?);
    let hank = world.join(&globex, "hank@globex.test", Role::Viewer)?;
    let initech = world.customer("Initech")?;
    let invited = initech.members().invite("Hank", "hank@globex.test", Role::User).wait()?;

    let again = store.open(builder().clock(world.clock.clone()))?;
    let identity = again.identify(vendor, VerifiedEmail::new("HANK@Globex.TEST")).wait()?.ok_or("unknown")?;
    ensure_eq!(Actor::User(identity.user), *hank.actor());
    ensure_eq!(identity.places, [globex.place()]);
    ensure_eq!(identity.invitations, [invited.invitation]);
    let Place::Customer(_, customer) = globex.place() else { return Err("no customer".into()) };
    ensure_eq!(again.customer(vendor, customer, identity.user).get().wait()?.name, "Globex");
    ensure!(again.identify(vendor, VerifiedEmail::new("nobody@globex.test")).wait()?.is_none());
    refused(again.identify(vendor, VerifiedEmail::new("nobody")), "invalid_input")?;
    Ok(())
}

fn u5_a_changed_email_is_the_new_identity_and_a_taken_one_is_refused(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (vendor, globex) = (world.boss().vendor_id(), world.customer("Globex")?);
    let hank = world.join(&globex, "hank@globex.test", Role::Viewer)?;
    world.join(&globex, "vera@globex.test", Role::Viewer)?;
    let Actor::User(user) = *hank.actor() else { return Err("no user".into()) };
    let change = |email: &str| world.app.change_email(vendor, user, VerifiedEmail::new(email));
    refused(change("VERA@globex.test"), "already_exists")?;
    refused(change("nonsense"), "invalid_input")?;
    change("Henry@Globex.test").wait()?;
    change("henry@globex.test").wait()?;
    ensure!(world.app.identify(vendor, VerifiedEmail::new("hank@globex.test")).wait()?.is_none());
    let found = world.app.identify(vendor, VerifiedEmail::new("henry@globex.test")).wait()?.ok_or("unknown")?;
    ensure_eq!(found.user, user);
    ensure_eq!(world.names(tenantry_core::CustomerFilter::new().text("HENRY@"))?, ["Globex"]);
    let nobody = tenantry_core::UserId::from_uuid(uuid::Uuid::from_u128(7));
    refused(world.app.change_email(vendor, nobody, VerifiedEmail::new("x@globex.test")), "not_found")?;
    Ok(())
}
