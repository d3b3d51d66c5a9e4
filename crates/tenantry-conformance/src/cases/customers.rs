//! C: customers.

use std::sync::{Arc, Mutex};

use tenantry_core::{
    CustomerFilter, CustomerPatch, CustomerStatus, Error, ImportOutcome, NewCustomer, PageRequest, Role, VerifiedEmail,
};

use super::cases;
use crate::Opened;
use crate::check::{Tried, World, ensure, ensure_eq, refused};

cases![
    c1_counts_are_kept_with_every_change,
    c2_names_and_external_ids_follow_their_rules,
    c2_an_external_id_is_unique_within_the_vendor_and_names_may_repeat,
    c4_an_update_is_a_patch_and_a_stale_revision_is_refused,
    c4_members_secrets_and_features_do_not_move_the_revision,
    c5_an_archived_customer_is_hidden_and_staff_may_do_little,
    c5_unarchiving_changes_nothing_but_the_status,
    c6_deleting_erases_who_is_left_without_a_membership,
    c3_deleting_asks_for_the_name,
    c7_the_filter_searches_name_external_id_and_email_whatever_the_case,
    c7_the_filter_goes_by_feature_and_by_status,
    c7_small_pages_are_the_big_page_and_a_foreign_cursor_is_refused,
    c8_each_row_of_an_import_is_reported_and_a_second_run_creates_nothing,
];

fn c1_counts_are_kept_with_every_change(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let counts = || globex.get().wait().map(|customer| (customer.members, customer.secrets, customer.features.len()));
    ensure_eq!(counts()?, (0, 0, 2));
    let hank = world.join(&globex, "hank@globex.test", Role::Viewer)?;
    let vera = globex.members().invite("Vera", "vera@globex.test", Role::Viewer).wait()?;
    hank.secrets().set("A", "1").wait()?;
    hank.secrets().set("A", "2").wait()?;
    hank.secrets().set("B", "1").wait()?;
    globex.features().enable("alerts").wait()?;
    ensure_eq!(counts()?, (2, 2, 3));
    hank.secrets().delete("A").wait()?;
    globex.members().remove(vera.member.id).wait()?;
    ensure_eq!(counts()?, (1, 1, 3));
    Ok(())
}

fn c2_names_and_external_ids_follow_their_rules(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let create = |new| world.boss().customers().create(new);
    let customer = create(NewCustomer::new("\u{2002}Cafe\u{301}  X\u{a0}").external_id(" 7 ")).wait()?;
    ensure_eq!(customer.name, "Caf\u{e9}  X");
    ensure_eq!(customer.external_id.as_deref(), Some("7"));
    for bad in ["", "\u{a0}", "a\tb", &"x".repeat(201)] {
        let error = refused(create(NewCustomer::new(bad)), "invalid_input")?;
        ensure!(!error.to_string().contains('\t'));
        refused(create(NewCustomer::new("X").external_id(bad)), "invalid_input")?;
    }
    create(NewCustomer::new("ß".repeat(200))).wait()?;
    Ok(())
}

fn c2_an_external_id_is_unique_within_the_vendor_and_names_may_repeat(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let create = |name: &str, id: &str| world.boss().customers().create(NewCustomer::new(name).external_id(id));
    let first = create("Same", "1").wait()?;
    let second = create("Same", "2").wait()?;
    ensure_eq!(refused(create("Third", "1"), "already_exists")?.to_string(), "the external id `1` is taken");
    let second = world.boss().customer(second.id);
    refused(second.update(CustomerPatch::new().external_id("1")), "already_exists")?;
    world.boss().customer(first.id).update(CustomerPatch::new().without_external_id()).wait()?;
    second.update(CustomerPatch::new().external_id("1")).wait()?;
    refused(world.boss().customers().find("2"), "not_found")?;
    Ok(())
}

fn c4_an_update_is_a_patch_and_a_stale_revision_is_refused(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let id = world.boss().customers().create(NewCustomer::new("Globex").external_id("1")).wait()?.id;
    let globex = world.boss().customer(id);
    let before = globex.get().wait()?;
    let renamed = globex.update(CustomerPatch::new().name("Globex 2").at_revision(before.revision)).wait()?;
    ensure_eq!((renamed.external_id.as_deref(), renamed.revision), (Some("1"), before.revision + 1));
    let stale = CustomerPatch::new().external_id("9").at_revision(before.revision);
    let Error::StaleRevision(stale) = refused(globex.update(stale), "stale_revision")? else {
        return Err("another error".into());
    };
    ensure_eq!((stale.expected(), stale.found()), (before.revision, renamed.revision));
    ensure_eq!(globex.get().wait()?, renamed);
    ensure_eq!(globex.update(CustomerPatch::new()).wait()?, renamed);
    ensure_eq!(globex.update(CustomerPatch::new().name(" Globex 2 ")).wait()?, renamed);
    Ok(())
}

fn c4_members_secrets_and_features_do_not_move_the_revision(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let before = globex.get().wait()?;
    world.join(&globex, "hank@globex.test", Role::Viewer)?;
    globex.secrets().set("A", "1").wait()?;
    globex.features().enable("alerts").wait()?;
    let after = globex.get().wait()?;
    ensure_eq!((after.revision, after.updated_at), (before.revision, before.updated_at));
    Ok(())
}

fn c5_an_archived_customer_is_hidden_and_staff_may_do_little(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let hank = world.join(&globex, "hank@globex.test", Role::Viewer)?;
    let vera = world.join(&globex, "vera@globex.test", Role::Viewer)?;
    let members = globex.members().list(PageRequest::first()).wait()?.items;
    let [_, vera_member] = members.as_slice() else { return Err("not two members".into()) };
    let waiting = globex.members().invite("Ina", "ina@globex.test", Role::Viewer).wait()?;
    globex.secrets().set("A", "1").wait()?;
    globex.archive().wait()?;

    ensure_eq!(world.names(CustomerFilter::new().text("globex"))?, Vec::<String>::new());
    ensure_eq!(world.names(CustomerFilter::new().archived())?, ["Globex"]);
    ensure_eq!(world.names(CustomerFilter::new().any_status().text("globex"))?, ["Globex"]);

    refused(hank.get(), "customer_archived")?;
    refused(vera.portal(), "customer_archived")?;
    refused(hank.require("dashboard.view"), "customer_archived")?;
    refused(world.app.service(globex.place(), "deployer", "test").resolve(["A"]), "customer_archived")?;
    let email = VerifiedEmail::new("ina@globex.test");
    refused(world.app.accept_invitation(&waiting.token, email.clone()), "invitation_invalid")?;

    refused(globex.archive(), "customer_archived")?;
    refused(globex.members().invite("X", "x@globex.test", Role::Viewer), "customer_archived")?;
    refused(globex.members().rename(vera_member.id, "X", None), "customer_archived")?;
    refused(globex.members().suspend(vera_member.id), "customer_archived")?;
    refused(globex.members().resume(vera_member.id), "customer_archived")?;
    refused(globex.invitations().resend(waiting.invitation.id), "customer_archived")?;
    refused(globex.invitations().revoke(waiting.invitation.id), "customer_archived")?;
    refused(globex.secrets().set("A", "2"), "customer_archived")?;
    refused(globex.secrets().delete("A"), "customer_archived")?;
    refused(globex.features().enable("alerts"), "customer_archived")?;
    refused(globex.features().preview_disable("deployments"), "customer_archived")?;
    refused(globex.update(CustomerPatch::new().external_id("1")), "customer_archived")?;
    ensure!(globex.can("customers.view").wait()?);
    ensure!(!globex.can("features.manage").wait()?);

    globex.update(CustomerPatch::new().name("Renamed")).wait()?;
    ensure_eq!(globex.members().list(PageRequest::first()).wait()?.items.len(), 3);
    ensure_eq!(globex.secrets().list(PageRequest::first()).wait()?.items.len(), 1);
    globex.members().change_role(vera_member.id, Role::User, None).wait()?;
    globex.members().remove(vera_member.id).wait()?;
    globex.unarchive().wait()?;
    world.app.accept_invitation(&waiting.token, email).wait()?;
    Ok(())
}

fn c5_unarchiving_changes_nothing_but_the_status(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    world.join(&globex, "hank@globex.test", Role::Viewer)?;
    let mut before = globex.get().wait()?;
    ensure_eq!(globex.archive().wait()?.status, CustomerStatus::Archived);
    let after = globex.unarchive().wait()?;
    (before.revision, before.updated_at) = (before.revision + 2, after.updated_at);
    ensure_eq!(after, before);
    ensure_eq!(globex.unarchive().wait()?, after);
    Ok(())
}

fn c6_deleting_erases_who_is_left_without_a_membership(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (vendor, globex, initech) = (world.boss().vendor_id(), world.customer("Globex")?, world.customer("Initech")?);
    world.join(&globex, "only@globex.test", Role::Viewer)?;
    world.join(&globex, "both@globex.test", Role::Viewer)?;
    world.join(&initech, "both@globex.test", Role::Viewer)?;
    let invited = globex.members().invite("Ina", "ina@globex.test", Role::Viewer).wait()?;
    globex.secrets().set("A", "1").wait()?;
    globex.delete("Globex").wait()?;

    refused(globex.get(), "not_found")?;
    let identify = |email: &str| world.app.identify(vendor, VerifiedEmail::new(email)).wait();
    ensure!(identify("only@globex.test")?.is_none());
    ensure!(identify("ina@globex.test")?.is_none());
    ensure_eq!(identify("both@globex.test")?.ok_or("erased")?.places, [initech.place()]);
    let email = VerifiedEmail::new("ina@globex.test");
    refused(world.app.accept_invitation(&invited.token, email), "invitation_invalid")?;
    refused(world.app.service(globex.place(), "deployer", "test").resolve(["A"]), "not_found")?;
    Ok(())
}

fn c3_deleting_asks_for_the_name(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    refused(globex.delete("globex"), "invalid_input")?;
    let [_, user, _] = &world.acme.staff;
    let customer = globex.place().customer().ok_or("no customer")?;
    refused(user.customer(customer).delete("Globex"), "permission_denied")?;
    globex.delete(" Globex ").wait()?;
    Ok(())
}

fn c7_the_filter_searches_name_external_id_and_email_whatever_the_case(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    for (name, id) in [("BSH Hausgeräte GmbH", "A-1"), ("Straße 7", "B-2"), ("100 % Wolle", "C_3")] {
        world.boss().customers().create(NewCustomer::new(name).external_id(id)).wait()?;
    }
    let globex = world.customer("Globex")?;
    let invited = globex.members().invite("Hank", "Hank.Scorpio@globex.test", Role::Viewer).wait()?;
    let find = |text: &str| world.names(CustomerFilter::new().text(text));
    ensure_eq!(find("HAUSGERÄTE")?, ["BSH Hausgeräte GmbH"]);
    ensure_eq!(find("HAUSGERA\u{308}TE")?, ["BSH Hausgeräte GmbH"]);
    ensure_eq!(find("STRASSE")?, Vec::<String>::new());
    ensure_eq!(find("b-2")?, ["Straße 7"]);
    ensure_eq!(find("%")?, ["100 % Wolle"]);
    ensure_eq!(find("_")?, ["100 % Wolle"]);
    ensure_eq!(find("SCORPIO@")?, ["Globex"]);
    globex.members().remove(invited.member.id).wait()?;
    ensure_eq!(find("SCORPIO@")?, Vec::<String>::new());
    Ok(())
}

fn c7_the_filter_goes_by_feature_and_by_status(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (globex, initech) = (world.customer("Globex")?, world.customer("Initech")?);
    globex.features().enable("alerts").wait()?;
    initech.features().disable("deployments").wait()?;
    ensure_eq!(world.names(CustomerFilter::new().feature("alerts"))?, ["Globex"]);
    ensure_eq!(world.names(CustomerFilter::new().feature("deployments"))?, ["acme", "Globex"]);
    ensure_eq!(world.names(CustomerFilter::new().feature("alerts").feature("support_bundles"))?, Vec::<String>::new());
    let unknown = CustomerFilter::new().feature("teleport");
    refused(world.boss().customers().list(unknown), "unknown_name")?;
    Ok(())
}

fn c7_small_pages_are_the_big_page_and_a_foreign_cursor_is_refused(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    for number in 0..23 {
        // Names that differ in case only, and names that are the same, stand together.
        let name = format!("{} {}", ["beta", "BETA", "\u{1F600}", "Ä"].get(number % 4).ok_or("")?, number / 8);
        world.boss().customers().create(NewCustomer::new(name)).wait()?;
    }
    let list = |filter| world.boss().customers().list(filter).wait();
    let big = list(CustomerFilter::new().page_size(1_000))?;
    ensure!(big.next.is_none());
    for size in [1, 2, 7, 23, 24] {
        let mut items = Vec::new();
        let mut page = list(CustomerFilter::new().page_size(size))?;
        loop {
            ensure!(page.items.len() <= size);
            items.extend(page.items);
            let Some(next) = page.next else { break };
            page = list(CustomerFilter::new().page_size(size).after(next))?;
        }
        ensure_eq!(items, big.items);
    }
    let cursor = list(CustomerFilter::new().page_size(1))?.next.ok_or("no cursor")?;
    for other in
        [CustomerFilter::new().text("beta"), CustomerFilter::new().archived(), CustomerFilter::new().feature("alerts")]
    {
        refused(world.boss().customers().list(other.after(cursor.clone())), "invalid_input")?;
    }
    let other = world.app.bootstrap("other", "Other", "Ada", "ada@other.test").wait()?;
    refused(other.customers().list(CustomerFilter::new().after(cursor)), "invalid_input")?;
    for nonsense in ["", "x", "AAAAAAAAAAAAAAAA"] {
        let cursor = nonsense.parse()?;
        refused(world.boss().customers().list(CustomerFilter::new().after(cursor)), "invalid_input")?;
    }
    Ok(())
}

fn c8_each_row_of_an_import_is_reported_and_a_second_run_creates_nothing(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    world.boss().customers().create(NewCustomer::new("There").external_id("there")).wait()?;
    let rows = || {
        let row = |name: &str, id: &str| Ok(NewCustomer::new(name).external_id(id));
        let many = (0..1_100).map(|number| Ok(NewCustomer::new("Many").external_id(format!("many {number}"))));
        let few = [
            row("One", "1"),
            row("", "2"),
            row("Again", " 1 "),
            Ok(NewCustomer::new("No id")),
            row("There", "there"),
            Err("could not be read".to_owned()),
            row("Six", "6"),
        ];
        few.into_iter().chain(many)
    };
    let reported = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&reported);
    let first = world.boss().customers().import(rows(), move |row| {
        let outcome = match row.outcome {
            ImportOutcome::Created(_) => 'c',
            ImportOutcome::Skipped => 's',
            _ => 'r',
        };
        if let Ok(mut seen) = seen.lock() {
            seen.push((row.row, outcome));
        }
    });
    let first = first.wait()?;
    ensure_eq!((first.rows, first.created, first.skipped, first.refused), (1_107, 1_102, 2, 3));
    let reported = reported.lock().map_err(|_| "poisoned")?.clone();
    let begin: String = reported.iter().take(7).map(|(_, outcome)| *outcome).collect();
    ensure_eq!(begin, "crsrsrc");
    ensure!(reported.iter().zip(1..).all(|((row, _), expected)| *row == expected));
    let second = world.boss().customers().import(rows(), |_| ()).wait()?;
    ensure_eq!((second.created, second.skipped, second.refused), (0, 1_104, 3));
    let [_, _, viewer] = &world.acme.staff;
    refused(viewer.customers().import(Vec::new(), |_| ()), "permission_denied")?;
    Ok(())
}
