//! U1–U4, U6, U13: invitations.

use std::time::Duration;

use tenantry_core::testing::FixedClock;
use tenantry_core::{
    AuditQuery, Error, Invitation, InvitationStatus, InvitationToken, Invited, MemberState, PageRequest, Role,
    VerifiedEmail,
};

use super::cases;
use crate::check::{Tried, World, builder, ensure, ensure_eq, refused};
use crate::{Failure, Opened};

cases![
    u1_inviting_makes_an_invited_member_and_an_invitation_of_seven_days,
    u1_an_invitation_is_open_for_ninety_days_at_most,
    u2_the_first_invitation_is_raised_whatever_role_was_asked_for,
    u2_after_expiry_revocation_declining_and_removal_the_next_one_is_raised,
    u2_who_is_made_less_than_an_administrator_before_accepting_holds_the_place_for_nobody,
    u3_every_dead_token_gives_the_same_public_error_and_staff_see_the_reason,
    u3_a_token_works_for_the_invited_email_in_any_ascii_case_and_once,
    u3_a_token_tells_what_it_is_for_and_is_not_used_up_by_that,
    u3_declining_ends_the_invitation_and_the_person_may_be_invited_again,
    u4_a_fourth_repeat_within_ten_minutes_is_refused_also_after_a_restart,
    u4_re_invitations_count_as_repeats_also_when_the_person_was_erased_meanwhile,
    u4_resending_kills_the_old_token_and_opens_the_invitation_for_as_long_as_before,
    u5_one_person_is_a_member_of_several_places_and_accepts_each,
    u6_an_expired_invitation_is_replaced,
    u13_invitations_are_paged_with_their_true_state,
];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

fn hank() -> VerifiedEmail {
    VerifiedEmail::new("hank@globex.test")
}

fn u1_inviting_makes_an_invited_member_and_an_invitation_of_seven_days(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let invited = globex.members().invite(" Hank ", "Hank@Globex.test", Role::Administrator).wait()?;
    let Invited { member, invitation, .. } = &invited;
    ensure_eq!((member.name.as_str(), member.email.as_str()), ("Hank", "Hank@Globex.test"));
    ensure_eq!((member.role, member.state, member.user), (Role::Administrator, MemberState::Invited, None));
    ensure_eq!((invitation.member, invitation.place), (member.id, globex.place()));
    ensure_eq!((invitation.expires_at - invitation.sent_at).num_seconds(), 7 * 24 * 60 * 60);
    ensure_eq!(globex.members().get(member.id).wait()?, *member);
    ensure_eq!(globex.invitations().get(invitation.id).wait()?, *invitation);
    let vendor = world.boss().members().invite("Bea", "bea@acme.test", Role::Viewer).wait()?;
    ensure_eq!((vendor.invitation.place, vendor.raised), (world.boss().place(), false));
    for (name, email) in [("", "x@x.test"), ("a\nb", "x@x.test"), ("X", ""), ("X", "x"), ("X", "ü@x.test")] {
        refused(globex.members().invite(name, email, Role::Viewer), "invalid_input")?;
    }
    Ok(())
}

fn u1_an_invitation_is_open_for_ninety_days_at_most(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let invite = |validity| globex.members().invite_for("Hank", "hank@globex.test", Role::Viewer, validity);
    refused(invite(Duration::ZERO), "invalid_input")?;
    refused(invite(90 * DAY + Duration::from_micros(1)), "invalid_input")?;
    let invited = invite(90 * DAY).wait()?;
    world.clock.advance(90 * DAY - Duration::from_micros(1));
    world.accept(&invited)?;
    Ok(())
}

fn u2_the_first_invitation_is_raised_whatever_role_was_asked_for(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    for role in Role::ALL {
        let customer = world.customer(role.as_str())?;
        let first = customer.members().invite("First", "first@x.test", role).wait()?;
        ensure_eq!(first.raised, role != Role::Administrator);
        ensure_eq!((first.member.role, first.invitation.role), (Role::Administrator, Role::Administrator));
        ensure_eq!(first.invitation.asked, role);
        let second = customer.members().invite("Second", "second@x.test", role).wait()?;
        ensure_eq!((second.raised, second.member.role), (false, role));
        ensure!(world.accept(&first)?.can("users.manage").wait()?);
    }
    Ok(())
}

fn u2_after_expiry_revocation_declining_and_removal_the_next_one_is_raised(store: &dyn Opened) -> Tried {
    type End = fn(&World, &tenantry_core::CustomerScope, &Invited) -> Result<(), Error>;
    let world = World::new(store)?;
    let ends: [(&str, End); 5] = [
        ("expired", |world, _, _| {
            world.clock.advance(7 * DAY);
            Ok(())
        }),
        ("revoked", |_, customer, first| customer.invitations().revoke(first.invitation.id).wait()),
        ("declined", |world, _, first| world.app.decline_invitation(&first.token, hank()).wait()),
        ("removed", |_, customer, first| customer.members().remove(first.member.id).wait()),
        ("accepted and removed", |world, customer, first| {
            world.app.accept_invitation(&first.token, hank()).wait()?;
            customer.members().remove(first.member.id).wait()
        }),
    ];
    for (how, end) in ends {
        let customer = world.customer(how)?;
        let first = customer.members().invite("Hank", "hank@globex.test", Role::User).wait()?;
        ensure!(first.raised);
        end(&world, &customer, &first)?;
        let next = customer.members().invite("Vera", "vera@globex.test", Role::User).wait()?;
        ensure!(next.raised);
        ensure_eq!(next.member.role, Role::Administrator);
        ensure!(!customer.members().invite("Ina", "ina@globex.test", Role::User).wait()?.raised);
    }
    Ok(())
}

fn u2_who_is_made_less_than_an_administrator_before_accepting_holds_the_place_for_nobody(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let first = globex.members().invite("Hank", "hank@globex.test", Role::Administrator).wait()?;
    globex.members().change_role(first.member.id, Role::Viewer, None).wait()?;
    ensure_eq!(globex.invitations().get(first.invitation.id).wait()?.role, Role::Viewer);
    ensure!(globex.members().invite("Vera", "vera@globex.test", Role::User).wait()?.raised);
    let hank = world.accept(&first)?;
    ensure!(!hank.can("users.manage").wait()?);
    Ok(())
}

fn u3_every_dead_token_gives_the_same_public_error_and_staff_see_the_reason(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let invite = |name: &str| -> Result<_, Failure> {
        let customer = world.customer(name)?;
        let invited = customer.members().invite("Hank", "hank@globex.test", Role::User).wait()?;
        Ok((customer, invited))
    };
    let mut dead = vec![("unknown", InvitationToken::generate()?)];
    let mut reasons = Vec::new();

    let (_, wrong) = invite("another e-mail")?;
    for email in ["vera@globex.test", "hank@globex.example", "no e-mail", ""] {
        let email = VerifiedEmail::new(email);
        refused(world.app.accept_invitation(&wrong.token, email.clone()), "invitation_invalid")?;
        refused(world.app.decline_invitation(&wrong.token, email), "invitation_invalid")?;
    }
    let (customer, invited) = invite("expired")?;
    world.clock.advance(7 * DAY);
    reasons.push((customer.invitations().get(invited.invitation.id).wait()?.status, InvitationStatus::Expired));
    dead.push(("expired", invited.token));

    let (customer, invited) = invite("used")?;
    world.accept(&invited)?;
    reasons.push((customer.invitations().get(invited.invitation.id).wait()?.status, InvitationStatus::Accepted));
    dead.push(("used", invited.token));

    let (customer, invited) = invite("revoked")?;
    customer.invitations().revoke(invited.invitation.id).wait()?;
    reasons.push((customer.invitations().get(invited.invitation.id).wait()?.status, InvitationStatus::Revoked));
    dead.push(("revoked", invited.token));

    let (customer, invited) = invite("superseded")?;
    customer.invitations().resend(invited.invitation.id).wait()?;
    reasons.push((customer.invitations().get(invited.invitation.id).wait()?.status, InvitationStatus::Pending));
    dead.push(("superseded", invited.token));

    let (customer, invited) = invite("removed")?;
    customer.members().remove(invited.member.id).wait()?;
    reasons.push((customer.invitations().get(invited.invitation.id).wait()?.status, InvitationStatus::Revoked));
    dead.push(("removed", invited.token));

    let (customer, invited) = invite("declined")?;
    world.app.decline_invitation(&invited.token, hank()).wait()?;
    reasons.push((customer.invitations().get(invited.invitation.id).wait()?.status, InvitationStatus::Declined));
    dead.push(("declined", invited.token));

    let (customer, invited) = invite("archived")?;
    customer.archive().wait()?;
    reasons.push((customer.invitations().get(invited.invitation.id).wait()?.status, InvitationStatus::Pending));
    dead.push(("archived", invited.token));

    let (customer, invited) = invite("deleted")?;
    customer.delete("deleted").wait()?;
    dead.push(("deleted", invited.token));

    for (found, expected) in reasons {
        ensure_eq!(found, expected);
    }
    for (how, token) in dead {
        for error in [
            refused(world.app.accept_invitation(&token, hank()), "invitation_invalid"),
            refused(world.app.decline_invitation(&token, hank()), "invitation_invalid"),
            refused(world.app.find_invitation(&token), "invitation_invalid"),
        ] {
            let error = error.map_err(|failure| format!("{how}: {failure}"))?;
            ensure_eq!(error.to_string(), Error::InvitationInvalid.to_string());
        }
    }
    Ok(())
}

fn u3_a_token_works_for_the_invited_email_in_any_ascii_case_and_once(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let invited = globex.members().invite("Hank", "Hank@GLOBEX.test", Role::User).wait()?;
    // The person hands in the text of the link.
    let token = InvitationToken::parse(invited.token.expose())?;
    world.app.accept_invitation(&token, VerifiedEmail::new("hANK@globex.TEST")).wait()?;
    refused(world.app.accept_invitation(&token, hank()), "invitation_invalid")?;
    let member = globex.members().get(invited.member.id).wait()?;
    ensure_eq!((member.state, member.expires_at), (MemberState::Active, None));
    ensure!(member.user.is_some());
    Ok(())
}

fn u3_a_token_tells_what_it_is_for_and_is_not_used_up_by_that(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let invited = globex.members().invite("Hank", "Hank@Globex.test", Role::Viewer).wait()?;
    let staff = world.boss().members().find(world.boss().user_id().ok_or("no user")?).wait()?;
    let log = globex.audit().list(AuditQuery::new()).wait()?;
    for _ in 0..2 {
        let found = world.app.find_invitation(&invited.token).wait()?;
        ensure_eq!((found.place, found.vendor.as_str()), (globex.place(), "acme"));
        ensure_eq!((found.customer.as_deref(), found.name.as_str()), (Some("Globex"), "Hank"));
        ensure_eq!((found.email.as_str(), found.role, found.raised), ("Hank@Globex.test", Role::Administrator, true));
        ensure_eq!((found.invited_by, found.expires_at), (Some(staff.name.clone()), invited.invitation.expires_at));
    }
    ensure_eq!(globex.audit().list(AuditQuery::new()).wait()?, log);
    let hank = world.app.accept_invitation(&invited.token, hank()).wait()?.customer().ok_or("not a customer")?;
    let colleague = hank.members().invite("Ida", "ida@globex.test", Role::User).wait()?;
    ensure_eq!(world.app.find_invitation(&colleague.token).wait()?.invited_by.as_deref(), Some("Hank"));
    let vendor = world.boss().members().invite("Bea", "bea@acme.test", Role::User).wait()?;
    let found = world.app.find_invitation(&vendor.token).wait()?;
    ensure_eq!((found.place, found.customer, found.raised), (world.boss().place(), None, false));
    // The role that the link gives is the one that the member has by now.
    globex.members().change_role(colleague.member.id, Role::Viewer, None).wait()?;
    ensure_eq!(world.app.find_invitation(&colleague.token).wait()?.role, Role::Viewer);
    Ok(())
}

fn u3_declining_ends_the_invitation_and_the_person_may_be_invited_again(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let invited = globex.members().invite("Hank", "hank@globex.test", Role::User).wait()?;
    world.app.decline_invitation(&invited.token, hank()).wait()?;
    refused(globex.members().get(invited.member.id), "not_found")?;
    ensure!(world.app.identify(world.boss().vendor_id(), hank()).wait()?.is_none());
    ensure_eq!(globex.invitations().get(invited.invitation.id).wait()?.email, None);
    refused(globex.invitations().resend(invited.invitation.id), "invalid_input")?;
    refused(globex.invitations().revoke(invited.invitation.id), "invalid_input")?;
    world.join(&globex, "hank@globex.test", Role::User)?;
    Ok(())
}

fn u4_a_fourth_repeat_within_ten_minutes_is_refused_also_after_a_restart(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let invited = globex.members().invite("Hank", "hank@globex.test", Role::User).wait()?;
    let resend = || globex.invitations().resend(invited.invitation.id);
    for _ in 0..3 {
        world.clock.advance(MINUTE);
        resend().wait()?;
    }
    world.clock.advance(MINUTE);
    let Error::TooManyInvitations(error) = refused(resend(), "too_many_invitations")? else {
        return Err("another error".into());
    };
    // The first repeat was at minute 1, so there is room again at minute 11.
    ensure_eq!((error.retry_at() - invited.invitation.sent_at).num_seconds(), 11 * 60);

    let again = store.open(builder().clock(world.clock.clone()))?;
    let tenantry_core::Actor::User(boss) = *world.boss().actor() else { return Err("no user".into()) };
    let customer = globex.place().customer().ok_or("no customer")?;
    let elsewhere = again.vendor(world.boss().vendor_id(), boss).customer(customer);
    refused(elsewhere.invitations().resend(invited.invitation.id), "too_many_invitations")?;
    // Another e-mail and another place have counts of their own.
    globex.members().invite("Vera", "vera@globex.test", Role::User).wait()?;
    world.customer("Initech")?.members().invite("Hank", "hank@globex.test", Role::User).wait()?;

    world.clock.advance(7 * MINUTE - Duration::from_micros(1));
    refused(elsewhere.invitations().resend(invited.invitation.id), "too_many_invitations")?;
    world.clock.advance(Duration::from_micros(1));
    elsewhere.invitations().resend(invited.invitation.id).wait()?;
    refused(resend(), "too_many_invitations")?;
    Ok(())
}

fn u4_re_invitations_count_as_repeats_also_when_the_person_was_erased_meanwhile(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let invite = |email: &str| globex.members().invite("Hank", email, Role::User);
    for email in ["hank@globex.test", "Hank@globex.test", "HANK@globex.test", "hank@GLOBEX.test"] {
        let invited = invite(email).wait()?;
        // Nobody else knows the person, so that revoking erases them.
        globex.invitations().revoke(invited.invitation.id).wait()?;
    }
    refused(invite("hank@globex.test"), "too_many_invitations")?;
    world.clock.advance(10 * MINUTE);
    let invited = invite("hank@globex.test").wait()?;
    for _ in 0..3 {
        globex.invitations().resend(invited.invitation.id).wait()?;
    }
    refused(globex.invitations().resend(invited.invitation.id), "too_many_invitations")?;
    Ok(())
}

fn u4_resending_kills_the_old_token_and_opens_the_invitation_for_as_long_as_before(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let first = globex.members().invite_for("Hank", "hank@globex.test", Role::User, 2 * DAY).wait()?;
    world.clock.advance(5 * DAY);
    ensure_eq!(globex.invitations().get(first.invitation.id).wait()?.status, InvitationStatus::Expired);
    let second = globex.invitations().resend(first.invitation.id).wait()?;
    ensure_eq!((second.invitation.id, second.member.id), (first.invitation.id, first.member.id));
    ensure_eq!((second.invitation.expires_at - first.invitation.expires_at).num_days(), 5);
    ensure!(second.raised);
    refused(world.app.accept_invitation(&first.token, hank()), "invitation_invalid")?;
    world.clock.advance(2 * DAY - Duration::from_micros(1));
    world.accept(&second)?;
    refused(globex.invitations().resend(first.invitation.id), "invalid_input")?;
    Ok(())
}

fn u5_one_person_is_a_member_of_several_places_and_accepts_each(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (vendor, globex, initech) = (world.boss().vendor_id(), world.customer("Globex")?, world.customer("Initech")?);
    let first = world.join(&globex, "hank@globex.test", Role::User)?;
    let waiting = initech.members().invite("Hank", "hank@globex.test", Role::User).wait()?;
    let tenantry_core::Actor::User(user) = *first.actor() else { return Err("no user".into()) };
    let customer = initech.place().customer().ok_or("no customer")?;
    // Known elsewhere, but nobody is added without consent.
    refused(world.app.customer(vendor, customer, user).get(), "not_found")?;
    let second = world.accept(&waiting)?;
    ensure_eq!(second.actor(), first.actor());
    let staff = world.boss().members().invite("Hank", "hank@globex.test", Role::Viewer).wait()?;
    world.app.accept_invitation(&staff.token, hank()).wait()?;
    let identity = world.app.identify(vendor, hank()).wait()?.ok_or("unknown")?;
    let mut places = identity.places;
    places.sort_unstable();
    let mut expected = [globex.place(), initech.place(), world.boss().place()];
    expected.sort_unstable();
    ensure_eq!(places, expected);
    Ok(())
}

fn u6_an_expired_invitation_is_replaced(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    world.join(&globex, "vera@globex.test", Role::Administrator)?;
    let old = globex.members().invite("Hank", "hank@globex.test", Role::Viewer).wait()?;
    world.clock.advance(7 * DAY);
    let new = globex.members().invite("Hank S.", "hank@globex.test", Role::User).wait()?;
    ensure_eq!(new.member.id, old.member.id);
    ensure_eq!((new.member.name.as_str(), new.member.role), ("Hank S.", Role::User));
    ensure!(new.invitation.id != old.invitation.id);
    ensure_eq!(globex.invitations().get(old.invitation.id).wait()?.status, InvitationStatus::Replaced);
    refused(world.app.accept_invitation(&old.token, hank()), "invitation_invalid")?;
    refused(globex.invitations().resend(old.invitation.id), "invalid_input")?;
    ensure!(world.accept(&new)?.can("secrets.manage").wait()?);
    Ok(())
}

fn u13_invitations_are_paged_with_their_true_state(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    let mut expected = Vec::new();
    for number in 0..5 {
        let invited = globex.members().invite("N", &format!("n{number}@x.test"), Role::Viewer).wait()?;
        ensure_eq!(invited.invitation.invited_by, world.boss().actor().to_string());
        expected.push(invited.invitation);
        tick(&world.clock);
    }
    for (size, revoked) in [(1, 0), (2, 3), (4, 1)] {
        let Some(one) = expected.get_mut(revoked) else { return Err("no such invitation".into()) };
        globex.invitations().revoke(one.id).wait()?;
        // Nobody else knows the person.
        (one.status, one.email) = (InvitationStatus::Revoked, None);
        let mut found: Vec<Invitation> = Vec::new();
        let mut page = globex.invitations().list(PageRequest::first().size(size)).wait()?;
        loop {
            ensure!(page.items.len() <= size);
            found.extend(page.items);
            let Some(next) = page.next else { break };
            page = globex.invitations().list(PageRequest::after(next).size(size)).wait()?;
        }
        ensure_eq!(found, expected);
    }
    refused(globex.invitations().list(PageRequest::first().size(0)), "invalid_input")?;
    Ok(())
}

/// Ids are in the order of the time in which they were made.
fn tick(clock: &FixedClock) {
    clock.advance(Duration::from_millis(1));
}
