//! U: members.

use tenantry_core::{Actor, Error, Member, PageRequest, Role};

use super::cases;
use crate::Opened;
use crate::check::{Tried, World, ensure, ensure_eq, refused};

cases![
    u5_the_name_belongs_to_the_place_and_inviting_does_not_tell_who_exists,
    u6_a_member_cannot_be_invited_again_and_an_open_invitation_is_named,
    u7_customer_administrators_manage_their_own_people_and_staff_all,
    u8_nobody_acts_on_their_own_membership_also_not_as_staff,
    u9_the_last_administrator_stays_and_the_refusal_names_who_remains,
    u9_staff_remove_the_only_member_and_the_next_one_invited_is_raised,
    u9_in_a_customer_not_yet_claimed_the_staff_are_in_charge,
    u9_the_vendor_always_has_an_administrator,
    u10_a_suspended_member_cannot_act_until_resumed,
    u11_changes_count_with_the_next_operation_in_every_handle,
    u13_members_are_paged_with_role_state_expiry_and_who_invited,
    c4_a_member_is_changed_from_the_revision_that_was_seen,
];

fn only(members: &[Member]) -> Result<&Member, crate::Failure> {
    match members {
        [member] => Ok(member),
        _ => Err(format!("{} members", members.len()).into()),
    }
}

fn u5_the_name_belongs_to_the_place_and_inviting_does_not_tell_who_exists(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (globex, initech) = (world.customer("Globex")?, world.customer("Initech")?);
    world.accept(&globex.members().invite("Hank", "hank@x.test", Role::Viewer).wait()?)?;
    let known = initech.members().invite("Mr Scorpio", "HANK@x.test", Role::Viewer).wait()?;
    ensure_eq!(known.member.email, "HANK@x.test");
    let stranger = world.customer("Third")?.members().invite("New", "new@x.test", Role::Viewer).wait()?;
    ensure_eq!((known.member.user, stranger.member.user), (None, None));
    ensure_eq!(known.member.revision, stranger.member.revision);
    world.accept(&known)?;
    ensure_eq!(only(&globex.members().list(PageRequest::first()).wait()?.items)?.name, "Hank");
    let member = initech.members().rename(known.member.id, "Boss", None).wait()?;
    ensure_eq!(member.name, "Boss");
    ensure_eq!(only(&globex.members().list(PageRequest::first()).wait()?.items)?.name, "Hank");
    Ok(())
}

fn u6_a_member_cannot_be_invited_again_and_an_open_invitation_is_named(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let invite = || globex.members().invite("Hank", "HANK@globex.test", Role::User);
    let invited = invite().wait()?;
    let Error::AlreadyInvited(error) = refused(invite(), "already_invited")? else { return Err("other".into()) };
    ensure_eq!(error.invitation(), invited.invitation.id);
    world.accept(&invited)?;
    let Error::AlreadyMember(error) = refused(invite(), "already_member")? else { return Err("other".into()) };
    ensure_eq!(error.member(), invited.member.id);
    globex.members().remove(invited.member.id).wait()?;
    ensure!(invite().wait()?.member.id != invited.member.id);
    Ok(())
}

fn u7_customer_administrators_manage_their_own_people_and_staff_all(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let [administrator, user, viewer] = &world.acme.members;
    administrator.members().invite("New", "new@x.test", Role::User).wait()?;
    for member in [user, viewer] {
        refused(member.members().invite("New", "newer@x.test", Role::User), "permission_denied")?;
        refused(member.members().list(PageRequest::first()), "permission_denied")?;
    }
    let [_, staff_user, staff_viewer] = &world.acme.staff;
    let customer = world.acme.customer.place().customer().ok_or("no customer")?;
    staff_user.customer(customer).members().invite("New", "newest@x.test", Role::User).wait()?;
    refused(staff_user.members().invite("New", "staff@x.test", Role::User), "permission_denied")?;
    refused(staff_viewer.customer(customer).members().invite("N", "n@x.test", Role::User), "permission_denied")?;
    world.boss().members().invite("New", "staff@x.test", Role::User).wait()?;
    Ok(())
}

fn u8_nobody_acts_on_their_own_membership_also_not_as_staff(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    world.join(&globex, "hank@globex.test", Role::Viewer)?;
    // Ada is staff and a member of Globex: it is the person that counts.
    let ada = world.join(&globex, "administrator@acme.test", Role::Administrator)?;
    let members = globex.members().list(PageRequest::first()).wait()?.items;
    let own = members.iter().find(|member| member.user.map(Actor::User).as_ref() == Some(ada.actor()));
    let own = own.ok_or("not a member")?.id;
    for scope in [&globex, &ada] {
        refused(scope.members().change_role(own, Role::User, None), "own_membership")?;
        refused(scope.members().suspend(own), "own_membership")?;
        refused(scope.members().resume(own), "own_membership")?;
        refused(scope.members().remove(own), "own_membership")?;
        scope.members().rename(own, "Ada L.", None).wait()?;
    }
    Ok(())
}

fn u9_the_last_administrator_stays_and_the_refusal_names_who_remains(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let hank = globex.members().invite("Hank", "hank@globex.test", Role::Viewer).wait()?;
    world.accept(&hank)?;
    let vera = globex.members().invite("Vera", "vera@globex.test", Role::Viewer).wait()?;
    let hank = hank.member.id;
    for call in [globex.members().change_role(hank, Role::User, None), globex.members().suspend(hank)] {
        refused(call, "last_administrator")?;
    }
    let error = refused(globex.members().remove(hank), "last_administrator")?;
    let Error::LastAdministrator(error) = error else { return Err("other".into()) };
    let remaining: Vec<_> = error.remaining().iter().map(|member| (member.id, member.role)).collect();
    ensure_eq!(remaining, [(vera.member.id, Role::Viewer)]);

    // An invited Administrator does not count; an active one does.
    globex.members().change_role(vera.member.id, Role::Administrator, None).wait()?;
    refused(globex.members().remove(hank), "last_administrator")?;
    world.accept(&vera)?;
    globex.members().remove(hank).wait()?;
    refused(globex.members().suspend(vera.member.id), "last_administrator")?;
    Ok(())
}

fn u9_staff_remove_the_only_member_and_the_next_one_invited_is_raised(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let hank = globex.members().invite("Hank", "hank@globex.test", Role::Viewer).wait()?;
    world.accept(&hank)?;
    globex.members().remove(hank.member.id).wait()?;
    let next = globex.members().invite("Vera", "vera@globex.test", Role::Viewer).wait()?;
    ensure!(next.raised);
    world.accept(&next)?;
    Ok(())
}

fn u9_in_a_customer_not_yet_claimed_the_staff_are_in_charge(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let first = globex.members().invite("Hank", "hank@globex.test", Role::Administrator).wait()?;
    ensure!(!first.raised);
    let second = globex.members().invite("Vera", "vera@globex.test", Role::Viewer).wait()?;
    // Who accepts keeps the role invited with, although nobody administers yet.
    world.accept(&second)?;
    globex.members().suspend(second.member.id).wait()?;
    globex.members().resume(second.member.id).wait()?;
    globex.members().change_role(first.member.id, Role::Viewer, None).wait()?;
    globex.invitations().revoke(first.invitation.id).wait()?;
    globex.members().change_role(second.member.id, Role::Administrator, None).wait()?;
    // Now it is claimed.
    let third = globex.members().invite("Ina", "ina@globex.test", Role::Viewer).wait()?;
    ensure!(!third.raised);
    refused(globex.members().suspend(second.member.id), "last_administrator")?;
    Ok(())
}

fn u9_the_vendor_always_has_an_administrator(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let other = world.boss().members().invite("Bea", "bea@acme.test", Role::Administrator).wait()?;
    let email = tenantry_core::VerifiedEmail::new("bea@acme.test");
    let bea = world.app.accept_invitation(&other.token, email).wait()?.vendor().ok_or("not the vendor")?;
    let Actor::User(ada) = *world.boss().actor() else { return Err("no user".into()) };
    let members = bea.members().list(PageRequest::first()).wait()?.items;
    let ada = members.iter().find(|member| member.user == Some(ada)).ok_or("no Ada")?.id;
    bea.members().change_role(ada, Role::Viewer, None).wait()?;
    // Bea is the last one now, and she may not act on herself either.
    refused(bea.members().suspend(other.member.id), "own_membership")?;
    refused(world.boss().members().suspend(other.member.id), "permission_denied")?;
    Ok(())
}

fn u10_a_suspended_member_cannot_act_until_resumed(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let hank = world.join(&globex, "hank@globex.test", Role::Viewer)?;
    let invited = globex.members().invite("Vera", "vera@globex.test", Role::Administrator).wait()?;
    refused(globex.members().suspend(invited.member.id), "invalid_input")?;
    let vera = world.accept(&invited)?;
    globex.members().suspend(invited.member.id).wait()?;
    let error = refused(vera.get(), "permission_denied")?;
    ensure!(error.to_string().contains("is suspended"));
    refused(vera.portal(), "permission_denied")?;
    ensure!(!vera.can("dashboard.view").wait()?);
    // A suspended Administrator counts as none.
    let members = globex.members().list(PageRequest::first()).wait()?.items;
    let other = members.iter().find(|member| member.user.map(Actor::User).as_ref() == Some(hank.actor()));
    refused(globex.members().remove(other.ok_or("no Hank")?.id), "last_administrator")?;
    globex.members().resume(invited.member.id).wait()?;
    vera.get().wait()?;
    Ok(())
}

fn u11_changes_count_with_the_next_operation_in_every_handle(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    world.join(&globex, "hank@globex.test", Role::Viewer)?;
    let invited = globex.members().invite("Vera", "vera@globex.test", Role::User).wait()?;
    let vera = world.accept(&invited)?;
    let (Actor::User(user), Some(customer)) = (vera.actor().clone(), vera.place().customer()) else {
        return Err("no user".into());
    };
    let elsewhere = store.open(crate::check::builder())?.customer(vera.place().vendor(), customer, user);
    elsewhere.secrets().set("A", "1").wait()?;
    globex.members().change_role(invited.member.id, Role::Viewer, None).wait()?;
    refused(elsewhere.secrets().set("A", "2"), "permission_denied")?;
    globex.features().disable("deployments").wait()?;
    refused(elsewhere.secrets().list(PageRequest::first()), "feature_disabled")?;
    globex.members().remove(invited.member.id).wait()?;
    refused(elsewhere.get(), "not_found")?;
    Ok(())
}

fn u13_members_are_paged_with_role_state_expiry_and_who_invited(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let mut expected = Vec::new();
    for number in 0..5 {
        let invited = globex.members().invite("N", &format!("n{number}@x.test"), Role::Viewer).wait()?;
        expected.push(invited.member.clone());
        ensure_eq!(invited.member.expires_at, Some(invited.invitation.expires_at));
        ensure_eq!(invited.member.invitation, Some(invited.invitation.id));
        ensure_eq!(invited.member.invited_by, Some(world.boss().actor().to_string()));
        world.clock.advance(std::time::Duration::from_millis(1));
    }
    let mut members = Vec::new();
    let mut page = globex.members().list(PageRequest::first().size(2)).wait()?;
    loop {
        members.extend(page.items);
        let Some(next) = page.next else { break };
        page = globex.members().list(PageRequest::after(next).size(2)).wait()?;
    }
    ensure_eq!(members, expected);
    let cursor = globex.members().list(PageRequest::first().size(2)).wait()?.next.ok_or("no cursor")?;
    refused(world.boss().members().list(PageRequest::after(cursor.clone())), "invalid_input")?;
    refused(globex.invitations().list(PageRequest::after(cursor)), "invalid_input")?;
    // Who accepted has no invitation that waits.
    let accepted = globex.members().invite("N", "n5@x.test", Role::Viewer).wait()?;
    world.accept(&accepted)?;
    let accepted = globex.members().get(accepted.member.id).wait()?;
    ensure_eq!((accepted.invitation, accepted.expires_at), (None, None));
    Ok(())
}

fn c4_a_member_is_changed_from_the_revision_that_was_seen(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let hank = globex.members().invite("Hank", "hank@globex.test", Role::Viewer).wait()?.member;
    let renamed = globex.members().rename(hank.id, "Henry", Some(hank.revision)).wait()?;
    refused(globex.members().rename(hank.id, "Hal", Some(hank.revision)), "stale_revision")?;
    refused(globex.members().change_role(hank.id, Role::User, Some(hank.revision)), "stale_revision")?;
    ensure_eq!(globex.members().get(hank.id).wait()?, renamed);
    refused(globex.members().rename(hank.id, "\u{7}", None), "invalid_input")?;
    Ok(())
}
