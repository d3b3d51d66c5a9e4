//! What one place learns of another, and of persons whom it does not have: nothing (U5, R4).

use tenantry_core::{Actor, AuditQuery, CustomerScope, Invited, PageRequest, Role, UserId, VerifiedEmail};

use super::cases;
use crate::check::{Tried, World, ensure, ensure_eq, refused};
use crate::{Failure, Opened};

cases![
    u5_what_is_shown_of_an_invitation_is_the_same_for_known_and_unknown_persons,
    u5_what_is_left_after_an_invitation_ended_is_the_same_for_known_and_unknown_persons,
    u5_a_member_is_found_by_the_person_once_they_accepted,
    u5_an_invited_member_shows_the_address_that_was_invited_until_they_accept,
    r4_the_actor_of_another_customer_stands_in_nobody_elses_log,
    a4_the_cursor_of_a_customers_log_says_nothing_of_other_customers,
    a4_a_list_is_of_one_place_and_a_follower_always_gets_a_cursor,
    r3_explain_answers_a_stranger_like_one_who_asks_for_what_there_is_not,
    nothing_of_the_rows_is_printed_with_a_scope,
    u5_addresses_that_another_mailbox_could_be_spelled_by_are_refused,
];

fn user(actor: &Actor) -> Result<UserId, Failure> {
    let Actor::User(user) = actor else { return Err("no user".into()) };
    Ok(*user)
}

/// A text without what is another one in each of two runs: ids, times, tokens, and the address itself.
fn without(text: &str, invited: &Invited, email: &str) -> String {
    let ids = [invited.member.id.to_string(), invited.invitation.id.to_string()];
    ids.iter().fold(text.replace(email, "ADDRESS"), |text, id| text.replace(id, "ID"))
}

/// What the Administrator of a customer sees of a person.
fn seen(scope: &CustomerScope, invited: &Invited, email: &str) -> Result<String, Failure> {
    let member = scope.members().get(invited.member.id).wait();
    let member = member.map(|it| (it.email, it.user, it.state, it.revision, it.role)).map_err(|error| error.code());
    let listed = scope.members().list(PageRequest::first()).wait()?.items;
    let listed: Vec<_> = listed.iter().filter(|it| it.id == invited.member.id).map(|it| (&it.email, it.user)).collect();
    let invitation = scope.invitations().get(invited.invitation.id).wait()?;
    let invitations = scope.invitations().list(PageRequest::first()).wait()?.items;
    let invitations: Vec<_> =
        invitations.iter().filter(|it| it.id == invited.invitation.id).map(|it| (&it.email, it.status)).collect();
    let log = scope.audit().list(AuditQuery::new().page_size(1_000)).wait()?.items;
    let of_them = log.iter().filter(|entry| entry.target == invited.member.id.to_string());
    let log: Vec<_> = of_them.map(|entry| (&entry.action, &entry.actor, &entry.detail)).collect();
    let text = format!("{member:?} {listed:?} {:?} {invitations:?} {log:?}", (&invitation.email, invitation.status));
    Ok(without(&text, invited, email))
}

fn u5_a_member_is_found_by_the_person_once_they_accepted(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let [known, ..] = &world.acme.members;
    let known = user(known.actor())?;
    let email = world.acme.customer.members().find(known).wait()?.email;
    // Whoever asks by an id learned elsewhere is not told that it is the person just invited.
    let invited = globex.members().invite("Hank", &email, Role::User).wait()?;
    refused(globex.members().find(known), "not_found")?;
    world.app.accept_invitation(&invited.token, VerifiedEmail::new(email)).wait()?;
    let found = globex.members().find(known).wait()?;
    ensure_eq!((found.id, found.name.as_str(), found.user), (invited.member.id, "Hank", Some(known)));
    ensure_eq!(globex.members().get(found.id).wait()?, found);
    refused(world.boss().members().find(known), "not_found")?;
    Ok(())
}

/// Addresses to invite: of nobody, and of persons who are somewhere else, in whatever state.
fn addresses(world: &World) -> Result<Vec<&'static str>, Failure> {
    let other = world.customer("Other")?;
    world.join(&other, "lead@other.test", Role::Administrator)?;
    world.join(&other, "member@other.test", Role::User)?;
    world.join(&other, "second@other.test", Role::User)?;
    other.members().invite("Eve", "invited@other.test", Role::Viewer).wait()?;
    world.boss().members().invite("Staff", "staff@other.test", Role::User).wait()?;
    let suspended = world.join(&other, "suspended@other.test", Role::User)?;
    let listed = other.members().list(PageRequest::first()).wait()?.items;
    let id = listed.iter().find(|it| it.user == suspended.user_id()).ok_or("no member")?.id;
    other.members().suspend(id).wait()?;
    Ok(vec![
        "nobody@other.test",
        "lead@other.test",
        "member@other.test",
        "invited@other.test",
        "staff@other.test",
        "suspended@other.test",
        // Also in another spelling than the one that the vendor knows.
        "Nobody.Else@Other.test",
        "Second@Other.test",
    ])
}

fn u5_what_is_shown_of_an_invitation_is_the_same_for_known_and_unknown_persons(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let emails = addresses(&world)?;
    let [administrator, ..] = &world.acme.members;
    let mut shown = Vec::new();
    for email in emails {
        let invited = administrator.members().invite("X", email, Role::Viewer).wait()?;
        let answer = (&invited.member.email, invited.member.user, &invited.invitation.email, invited.raised);
        let answer = without(&format!("{answer:?}"), &invited, email);
        let first = seen(administrator, &invited, email)?;
        let resent = administrator.invitations().resend(invited.invitation.id).wait()?;
        let resent = (&resent.member.email, resent.member.user, &resent.invitation.email, resent.raised);
        let resent = without(&format!("{resent:?}"), &invited, email);
        shown.push((answer, first, resent, seen(administrator, &invited, email)?));
    }
    ensure!(shown.iter().all(|it| !format!("{it:?}").contains("other.test")));
    for other in shown.iter().skip(1) {
        ensure_eq!(Some(other), shown.first());
    }
    Ok(())
}

fn u5_what_is_left_after_an_invitation_ended_is_the_same_for_known_and_unknown_persons(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let emails = addresses(&world)?;
    let [administrator, ..] = &world.acme.members;
    for ending in 0..3 {
        let mut shown = Vec::new();
        for email in &emails {
            world.clock.advance(std::time::Duration::from_secs(60 * 60));
            let invited = administrator.members().invite("X", email, Role::Viewer).wait()?;
            administrator.members().rename(invited.member.id, "Y", None).wait()?;
            match ending {
                0 => administrator.invitations().revoke(invited.invitation.id).wait()?,
                1 => world.app.decline_invitation(&invited.token, VerifiedEmail::new(*email)).wait()?,
                _ => administrator.members().remove(invited.member.id).wait()?,
            }
            refused(administrator.invitations().resend(invited.invitation.id), "invalid_input")?;
            shown.push(seen(administrator, &invited, email)?);
        }
        for other in shown.iter().skip(1) {
            ensure_eq!(Some(other), shown.first());
        }
    }
    Ok(())
}

fn u5_an_invited_member_shows_the_address_that_was_invited_until_they_accept(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let other = world.customer("Other")?;
    let eve = world.join(&other, "eve@other.test", Role::User)?;
    let [administrator, ..] = &world.acme.members;
    let invited = administrator.members().invite("X", "Eve@other.test", Role::Viewer).wait()?;
    let vendor = world.boss().vendor_id();
    world.app.change_email(vendor, user(eve.actor())?, VerifiedEmail::new("eve@private.test")).wait()?;
    let text = |scope: &CustomerScope| -> Result<String, Failure> {
        let member = scope.members().get(invited.member.id).wait()?;
        let invitations = scope.invitations().list(PageRequest::first()).wait()?;
        let members = scope.members().list(PageRequest::first()).wait()?;
        let log = scope.audit().list(AuditQuery::new().page_size(1_000)).wait()?;
        Ok(format!("{member:?} {members:?} {invitations:?} {log:?}"))
    };
    let before = text(administrator)?;
    ensure!(before.contains("Eve@other.test") && !before.contains("private"));
    let resent = administrator.invitations().resend(invited.invitation.id).wait()?;
    ensure_eq!(resent.member.email, "Eve@other.test");
    ensure!(!text(administrator)?.contains("private"));
    // Who accepts shows who they are.
    world.app.accept_invitation(&resent.token, VerifiedEmail::new("eve@private.test")).wait()?;
    ensure_eq!(administrator.members().get(invited.member.id).wait()?.email, "eve@private.test");
    Ok(())
}

fn r4_the_actor_of_another_customer_stands_in_nobody_elses_log(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let other = world.customer("Other")?;
    let oscar = world.join(&other, "oscar@other.test", Role::Administrator)?;
    let eve = world.join(&other, "eve@other.test", Role::Viewer)?;
    let [administrator, ..] = &world.acme.members;
    // Eve was a member of acme, too, and her last membership ends by Oscar's hand: the vendor's log forgets her address.
    let here = world.join(&world.acme.customer, "eve@other.test", Role::Viewer)?;
    let listed = administrator.members().list(PageRequest::first()).wait()?.items;
    let own = listed.iter().find(|it| it.user == here.user_id()).ok_or("no member")?.id;
    administrator.members().remove(own).wait()?;
    let listed = oscar.members().list(PageRequest::first()).wait()?.items;
    let theirs = listed.iter().find(|it| it.user == eve.user_id()).ok_or("no member")?.id;
    let user = eve.user_id().ok_or("no user")?;
    world.app.change_email(world.boss().vendor_id(), user, VerifiedEmail::new("eva@other.test")).wait()?;
    oscar.members().remove(theirs).wait()?;
    let log = administrator.audit().list(AuditQuery::new().page_size(1_000)).wait()?.items;
    ensure!(!format!("{log:?}").contains(&oscar.actor().to_string()));
    let log = world.boss().audit().list(AuditQuery::new().page_size(1_000)).wait()?.items;
    let erased: Vec<_> = log.iter().filter(|entry| entry.action == "member.erased").collect();
    ensure!(!erased.is_empty() && erased.iter().all(|entry| entry.actor == "host"));
    // The vendor's staff act everywhere, and stand there.
    let invited = administrator.members().invite("N", "n@x.test", Role::Viewer).wait()?;
    world.acme.customer.members().remove(invited.member.id).wait()?;
    let log = administrator.audit().list(AuditQuery::new().page_size(1_000)).wait()?.items;
    let erased = log.iter().rfind(|entry| entry.action == "member.erased").ok_or("nothing erased")?;
    ensure_eq!(erased.actor, world.boss().actor().to_string());
    Ok(())
}

/// The bytes of a text in base64 for addresses, as cursors are.
fn decoded(text: &str) -> Result<Vec<u8>, Failure> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in text.chars() {
        let digit = DIGITS.find(digit).ok_or("no digit")?;
        (bits, count) = ((bits << 6) | u32::try_from(digit)?, count + 6);
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xFF)?);
        }
    }
    Ok(bytes)
}

fn a4_the_cursor_of_a_customers_log_says_nothing_of_other_customers(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let [administrator, ..] = &world.acme.members;
    for round in 0..3 {
        let page = |size: usize| administrator.audit().list(AuditQuery::new().page_size(size)).wait();
        administrator.members().invite("Q", &format!("q{round}@x.test"), Role::Viewer).wait()?;
        administrator.members().invite("R", &format!("r{round}@x.test"), Role::Viewer).wait()?;
        let all = page(1_000)?.items;
        let page = page(all.len() - 1)?;
        let last = page.items.last().ok_or("no entry")?.number;
        // After the tag that binds it to its list there is the entry's number in its own chain, and nothing else.
        let cursor = decoded(&page.next.ok_or("no cursor")?.to_string())?;
        ensure!(cursor.ends_with(last.to_string().as_bytes()));
        ensure_eq!(cursor.len(), 8 + last.to_string().len());
        for number in 0..37 {
            world.customer(&format!("Other {round} {number}"))?;
        }
    }
    // It still reads on where it stopped, whatever happened elsewhere, and is good for nothing else.
    let first = administrator.audit().list(AuditQuery::new().page_size(4)).wait()?;
    let cursor = first.next.ok_or("no cursor")?;
    world.customer("Between")?;
    let rest = administrator.audit().list(AuditQuery::new().page_size(1_000).after(cursor.clone())).wait()?.items;
    let numbers: Vec<_> = first.items.iter().chain(&rest).map(|entry| entry.number).collect();
    ensure_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    for other in [
        world.boss().audit().list(AuditQuery::new().after(cursor.clone())),
        world.boss().audit().follow(AuditQuery::new().after(cursor.clone())),
        administrator.audit().list(AuditQuery::new().action("member.invited").after(cursor.clone())),
    ] {
        refused(other, "invalid_input")?;
    }
    Ok(())
}

fn a4_a_list_is_of_one_place_and_a_follower_always_gets_a_cursor(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let customer = world.acme.customer.place().customer().ok_or("no customer")?;
    let [administrator, ..] = &world.acme.members;
    for scope in [world.boss().audit(), administrator.audit(), world.acme.customer.audit()] {
        refused(scope.list(AuditQuery::new().customer(customer)), "invalid_input")?;
    }
    let nothing = AuditQuery::new().action("nothing.done");
    for query in [nothing.clone(), AuditQuery::new().customer(customer), AuditQuery::new().page_size(1)] {
        let mut cursor = world.boss().audit().follow(query.clone()).wait()?.next.ok_or("no cursor")?;
        // Also at the end, and again and again.
        for _ in 0..60 {
            let page = world.boss().audit().follow(query.clone().after(cursor)).wait()?;
            cursor = page.next.ok_or("no cursor at the end")?;
        }
        ensure_eq!(world.boss().audit().follow(query.after(cursor)).wait()?.items.len(), 0);
    }
    ensure!(world.boss().audit().list(nothing).wait()?.next.is_none());
    Ok(())
}

fn r3_explain_answers_a_stranger_like_one_who_asks_for_what_there_is_not(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let other = world.customer("Other")?;
    let eve = user(world.join(&other, "eve@other.test", Role::Administrator)?.actor())?;
    let vendor = world.boss().vendor_id();
    let here = world.acme.customer.place().customer().ok_or("no customer")?;
    let nowhere = tenantry_core::CustomerId::from_uuid(uuid::Uuid::max());
    let foreign = refused(world.app.customer(vendor, here, eve).explain("users.manage"), "not_found")?;
    let missing = refused(world.app.customer(vendor, nowhere, eve).explain("users.manage"), "not_found")?;
    ensure_eq!(foreign.to_string(), missing.to_string());
    let outside = refused(world.app.vendor(vendor, eve).explain("users.manage"), "not_found")?;
    let unknown = tenantry_core::VendorId::from_uuid(uuid::Uuid::max());
    let missing = refused(world.app.vendor(unknown, eve).explain("users.manage"), "not_found")?;
    ensure_eq!(outside.to_string(), missing.to_string());
    refused(world.app.vendor(vendor, eve).customer(here).explain("customers.view"), "not_found")?;
    Ok(())
}

fn nothing_of_the_rows_is_printed_with_a_scope(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let [administrator, _, viewer] = &world.acme.members;
    administrator.secrets().set("PLANTED_KEY", "planted value").wait()?;
    let printed = [
        format!("{:?}", world.app),
        format!("{viewer:?}"),
        format!("{:?}", world.boss()),
        format!("{:?}", world.boss().customers()),
        format!("{:?}", viewer.secrets()),
        format!("{:?}", world.app.service(viewer.place(), "deployer", "test")),
        format!("{:?}", world.app.maintenance("test")),
        format!("{:?}", store.store()?),
    ];
    for text in printed {
        for planted in ["acme.test", "PLANTED_KEY", "planted value", "Administrator"] {
            ensure!(!text.contains(planted));
        }
        ensure!(!text.contains(&administrator.actor().to_string()));
    }
    Ok(())
}

fn u5_addresses_that_another_mailbox_could_be_spelled_by_are_refused(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let invite = |email: &str| world.acme.customer.members().invite("X", email, Role::Viewer);
    for email in [
        "\"ada\"@x.test",
        "\"a b\"@x.test",
        "\"a\tb\"@x.test",
        "\"a\r\n b\"@x.test",
        "\"a@b\"@x.test",
        "ada@127.0.0.1",
        "ada@[127.0.0.1]",
        "ada@[IPv6:::1]",
        "ada@localhost",
        "Ada <ada@x.test>",
        "a..b@x.test",
        ".a@x.test",
        "ä@x.test",
        "ada@x.test ada@y.test",
        "",
    ] {
        refused(invite(email), "invalid_input")?;
        let vendor = world.boss().vendor_id();
        refused(world.app.identify(vendor, VerifiedEmail::new(email)), "invalid_input")?;
        refused(world.app.bootstrap("another", "Another", "Ada", email), "invalid_input")?;
    }
    invite("ada@x.test").wait()?;
    // The same domain, spelled otherwise.
    invite("ada@faß.test").wait()?;
    for same in ["ADA@x.test", "ada@XN--FA-HIA.test"] {
        refused(invite(same), "already_invited")?;
    }
    Ok(())
}
