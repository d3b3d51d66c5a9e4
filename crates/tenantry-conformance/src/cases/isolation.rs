//! The whole table of operations, tried with what belongs to others and by those who may not.

use tenantry_core::access::{Need, OPERATIONS, Operation};
use tenantry_core::testing::ROLES;
use tenantry_core::{
    AuditQuery, CustomerFilter, CustomerId, CustomerPatch, CustomerScope, Error, Format, InvitationId, MemberId,
    NewCustomer, NewDeployment, PageRequest, Place, Portal, Role, ServiceScope, UserId, VendorId, VendorScope,
};
use uuid::Uuid;

use super::cases;
use crate::Opened;
use crate::check::{Tried, World, ensure, ensure_eq};

cases![
    every_operation_is_tried_here,
    r1_every_role_is_tried_with_every_operation_from_both_sides,
    c5_staff_may_do_on_an_archived_customer_what_the_table_says,
    r4_the_place_of_another_vendor_answers_like_an_unknown_one,
    r4_the_rows_of_another_customer_answer_like_unknown_ones,
    u10_a_suspended_actor_may_do_nothing,
    u11_a_removed_actor_finds_nothing,
    c5_a_member_of_an_archived_customer_may_do_nothing,
];

/// What an operation is done to.
#[derive(Clone, Copy)]
struct Ids<'a> {
    member: MemberId,
    invitation: InvitationId,
    user: UserId,
    secret: &'a str,
}

impl Ids<'_> {
    /// Ids of nothing.
    fn unknown() -> Self {
        let uuid = Uuid::from_u128(0x7000_8000_0000_0000_0000);
        Self {
            member: MemberId::from_uuid(uuid),
            invitation: InvitationId::from_uuid(uuid),
            user: UserId::from_uuid(uuid),
            secret: "UNKNOWN",
        }
    }
}

type Done = Result<(), Error>;

fn done<T>(answer: Result<T, Error>) -> Option<Done> {
    Some(answer.map(drop))
}

/// Does an operation on the vendor itself; `None` if there is no such operation on it.
fn on_vendor(operation: &Operation, scope: &VendorScope, ids: Ids<'_>) -> Option<Done> {
    match operation.name {
        "access.require" => done(scope.require("dashboard.view").wait()),
        "access.can" => Some(match scope.can("dashboard.view").wait() {
            Ok(true) => Ok(()),
            Ok(false) => scope.require("dashboard.view").wait(),
            Err(error) => Err(error),
        }),
        "access.explain" => Some(match scope.explain("dashboard.view").wait() {
            Ok(explanation) if explanation.is_allowed() => Ok(()),
            Ok(_) => scope.require("dashboard.view").wait(),
            Err(error) => Err(error),
        }),
        "access.snapshot" => done(scope.snapshot().wait()),
        "customers.create" => done(scope.customers().create(NewCustomer::new("New")).wait()),
        "customers.import" => done(scope.customers().import(Vec::new(), |_| ()).wait()),
        "customers.list" => done(scope.customers().list(CustomerFilter::new()).wait()),
        "customers.find" => done(scope.customers().find("unknown").wait()),
        "users.erase" => done(scope.erase_user(ids.user).wait()),
        "audit.list" => done(scope.audit().list(AuditQuery::new()).wait()),
        "audit.follow" => done(scope.audit().follow(AuditQuery::new()).wait()),
        "deployments.list" => done(scope.deployments().list(PageRequest::first()).wait()),
        name => people_and_secrets(name, &scope.members(), &scope.invitations(), &scope.secrets(), ids),
    }
}

/// Does an operation on a customer; `None` if there is no such operation on one.
fn on_customer(operation: &Operation, scope: &CustomerScope, ids: Ids<'_>) -> Option<Done> {
    match operation.name {
        "access.require" => done(scope.require("dashboard.view").wait()),
        "access.can" => Some(match scope.can("dashboard.view").wait() {
            Ok(true) => Ok(()),
            Ok(false) => scope.require("dashboard.view").wait(),
            Err(error) => Err(error),
        }),
        "access.explain" => Some(match scope.explain("dashboard.view").wait() {
            Ok(explanation) if explanation.is_allowed() => Ok(()),
            Ok(_) => scope.require("dashboard.view").wait(),
            Err(error) => Err(error),
        }),
        "access.snapshot" => done(scope.snapshot().wait()),
        "access.explain_for" => done(scope.explain_for(ids.user, "dashboard.view").wait()),
        "customers.get" => done(scope.get().wait()),
        "customers.update" => done(scope.update(CustomerPatch::new().name("Renamed")).wait()),
        "customers.archive" => done(scope.archive().wait()),
        "customers.unarchive" => done(scope.unarchive().wait()),
        "customers.delete" => done(scope.delete("acme").wait()),
        "features.list" => done(scope.features().list().wait()),
        "features.enable" => done(scope.features().enable("alerts").wait()),
        "features.disable" => done(scope.features().disable("alerts").wait()),
        "features.preview" => done(scope.features().preview_enable("alerts").wait()),
        "portal.sections" => done(scope.portal().wait()),
        "audit.list" => done(scope.audit().list(AuditQuery::new()).wait()),
        "audit.follow" => done(scope.audit().follow(AuditQuery::new()).wait()),
        "deployments.list" => done(scope.deployments().list(PageRequest::first()).wait()),
        name => people_and_secrets(name, &scope.members(), &scope.invitations(), &scope.secrets(), ids),
    }
}

fn people_and_secrets(
    name: &str,
    members: &tenantry_core::Members,
    invitations: &tenantry_core::Invitations,
    secrets: &tenantry_core::Secrets,
    ids: Ids<'_>,
) -> Option<Done> {
    match name {
        "members.list" => done(members.list(PageRequest::first()).wait()),
        "members.get" => done(members.get(ids.member).wait()),
        "members.find" => done(members.find(ids.user).wait()),
        "members.invite" => done(members.invite("New", "new@x.test", Role::Viewer).wait()),
        "members.rename" => done(members.rename(ids.member, "Renamed", None).wait()),
        "members.change_role" => done(members.change_role(ids.member, Role::User, None).wait()),
        "members.suspend" => done(members.suspend(ids.member).wait()),
        "members.resume" => done(members.resume(ids.member).wait()),
        "members.remove" => done(members.remove(ids.member).wait()),
        "invitations.list" => done(invitations.list(PageRequest::first()).wait()),
        "invitations.get" => done(invitations.get(ids.invitation).wait()),
        "invitations.resend" => done(invitations.resend(ids.invitation).wait()),
        "invitations.revoke" => done(invitations.revoke(ids.invitation).wait()),
        "secrets.list" => done(secrets.list(PageRequest::first()).wait()),
        "secrets.set" => done(secrets.set("NEW", "value").wait()),
        "secrets.delete" => done(secrets.delete(ids.secret).wait()),
        "secrets.versions" => done(secrets.versions(ids.secret, PageRequest::first()).wait()),
        "secrets.roll_back" => done(secrets.roll_back(ids.secret, 1).wait()),
        "secrets.destroy" => done(secrets.destroy(ids.secret, 1).wait()),
        "secrets.used_by" => done(secrets.used_by(ids.secret, PageRequest::first()).wait()),
        "secrets.check" => done(secrets.check("{{ .Secrets.UNKNOWN }}").wait()),
        _ => None,
    }
}

/// Does an operation that only a service may do; `None` for the others.
fn as_service(operation: &Operation, scope: &ServiceScope) -> Option<Done> {
    match operation.name {
        "secrets.resolve" => done(scope.resolve(["UNKNOWN"]).wait()),
        "secrets.render" => done(scope.render("{{ .Secrets.UNKNOWN }}", Format::Plain).wait()),
        "secrets.redactor" => done(scope.redactor().wait()),
        "deployments.register" => done(scope.register_deployment(NewDeployment::new("id", "name")).wait()),
        "deployments.report" => done(scope.report_running("unknown", [("UNKNOWN", 1)]).wait()),
        "deployments.remove" => done(scope.remove_deployment("unknown").wait()),
        _ => None,
    }
}

/// What an answer looks like from outside.
fn seen(answer: &Done) -> (String, String) {
    match answer {
        Ok(()) => ("ok".to_owned(), String::new()),
        Err(error) => (error.code().to_owned(), error.to_string()),
    }
}

/// A person whom staff invited into a customer, and what else there is in it.
fn furnish<'a>(customer: &CustomerScope) -> Result<Ids<'a>, crate::Failure> {
    customer.secrets().set("THEIRS", "value").wait()?;
    let invited = customer.members().invite("Theirs", "theirs@x.test", Role::Viewer).wait()?;
    let members = customer.members().list(PageRequest::first()).wait()?.items;
    let user = members.iter().find_map(|member| member.user).unwrap_or(Ids::unknown().user);
    Ok(Ids { member: invited.member.id, invitation: invited.invitation.id, user, secret: "THEIRS" })
}

fn every_operation_is_tried_here(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    // In cases of their own: they have no actor with a role, or one that is no person.
    let elsewhere = [
        "vendors.bootstrap",
        "vendors.list",
        "vendors.find",
        "users.identify",
        "users.change_email",
        "invitations.find",
        "invitations.accept",
        "invitations.decline",
        "maintenance",
        "outbox.deliver",
    ];
    for operation in OPERATIONS {
        let vendor = on_vendor(operation, world.boss(), Ids::unknown()).is_some();
        let customer = on_customer(operation, &world.acme.customer, Ids::unknown()).is_some();
        let service = as_service(operation, &world.app.service(world.boss().place(), "deployer", "test"));
        let tried = vendor || customer || service.is_some() || elsewhere.contains(&operation.name);
        if !tried {
            return Err(format!("`{}` is tried nowhere", operation.name).into());
        }
        ensure_eq!(operation.is_for_host(), elsewhere.contains(&operation.name));
        // What a service may do is tried as one.
        ensure!(matches!(operation.service, Need::Nobody | Need::Membership) || service.is_some());
    }
    Ok(())
}

fn r4_the_place_of_another_vendor_answers_like_an_unknown_one(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let other = tenantry_core::testing::cast(&world.app, "other")?;
    let ids = furnish(&other.customer)?;
    let theirs = other.customer.place().customer().ok_or("no customer")?;
    let nowhere = CustomerId::from_uuid(Uuid::from_u128(7));
    let [member, ..] = &world.acme.members;
    let (tenantry_core::Actor::User(staff), tenantry_core::Actor::User(member)) =
        (world.boss().actor(), member.actor())
    else {
        return Err("no users".into());
    };
    let (ours, their_vendor) = (world.boss().vendor_id(), other.customer.place().vendor());
    let before = other.customer.get().wait()?;
    for operation in OPERATIONS {
        let unknown = on_customer(operation, &world.boss().customer(nowhere), ids);
        let Some(unknown) = unknown.map(|answer| seen(&answer)) else { continue };
        for scope in [
            world.boss().customer(theirs),
            world.app.customer(ours, theirs, *member),
            world.app.customer(their_vendor, theirs, *member),
            world.app.customer(their_vendor, theirs, *staff),
            world.app.vendor(their_vendor, *staff).customer(theirs),
        ] {
            let answer = on_customer(operation, &scope, ids).map(|answer| seen(&answer));
            ensure_eq!((operation.name, answer), (operation.name, Some(unknown.clone())));
            ensure_eq!(unknown.0, "not_found");
        }
        let nobodys = VendorId::from_uuid(Uuid::from_u128(7));
        for vendor in [their_vendor, nobodys] {
            if let Some(answer) = on_vendor(operation, &world.app.vendor(vendor, *staff), ids) {
                ensure_eq!((operation.name, seen(&answer).1), (operation.name, "no such vendor".to_owned()));
            }
        }
    }
    for operation in OPERATIONS {
        for place in [Place::Customer(ours, theirs), Place::Customer(ours, nowhere)] {
            let answer = as_service(operation, &world.app.service(place, "deployer", "test"));
            let Some(answer) = answer.map(|answer| seen(&answer)) else { continue };
            ensure_eq!((operation.name, answer.1.as_str()), (operation.name, "no such customer"));
        }
    }
    ensure_eq!(other.customer.get().wait()?, before);
    Ok(())
}

fn r4_the_rows_of_another_customer_answer_like_unknown_ones(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let neighbour = world.customer("Neighbour")?;
    world.join(&neighbour, "neighbour@x.test", Role::Viewer)?;
    let theirs = furnish(&neighbour)?;
    let before = (neighbour.get().wait()?, neighbour.members().list(PageRequest::first()).wait()?);
    let [administrator, ..] = &world.acme.members;
    let rows = ["members.", "invitations.", "secrets.delete", "access.explain_for"];
    let about_rows = |operation: &&Operation| {
        rows.iter().any(|prefix| operation.name.starts_with(prefix))
            && !operation.name.ends_with(".list")
            && operation.name != "members.invite"
    };
    for operation in OPERATIONS.iter().filter(about_rows) {
        for scope in [administrator, &world.acme.customer] {
            let answer = on_customer(operation, scope, theirs).map(|answer| seen(&answer));
            let unknown = on_customer(operation, scope, Ids::unknown()).map(|answer| seen(&answer));
            ensure_eq!((operation.name, answer), (operation.name, unknown));
        }
    }
    ensure_eq!((neighbour.get().wait()?, neighbour.members().list(PageRequest::first()).wait()?), before);
    Ok(())
}

/// Every operation by an actor who may do nothing: each answers the code, on the vendor and on the customer.
fn all_answer(vendor: Option<&VendorScope>, customer: &CustomerScope, ids: Ids<'_>, code: &str) -> Tried {
    for operation in OPERATIONS {
        let answers =
            [vendor.and_then(|scope| on_vendor(operation, scope, ids)), on_customer(operation, customer, ids)];
        for answer in answers.into_iter().flatten() {
            ensure_eq!((operation.name, seen(&answer).0.as_str()), (operation.name, code));
        }
    }
    Ok(())
}

fn u10_a_suspended_actor_may_do_nothing(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (customer, ids) = (&world.acme.customer, furnish(&world.acme.customer)?);
    let id = customer.place().customer().ok_or("no customer")?;
    let [_, user, _] = &world.acme.members;
    let [_, staff, _] = &world.acme.staff;
    suspend(&world.boss().members(), staff.actor())?;
    suspend(&customer.members(), user.actor())?;
    all_answer(None, user, ids, "permission_denied")?;
    all_answer(Some(staff), &staff.customer(id), ids, "permission_denied")
}

fn suspend(members: &tenantry_core::Members, actor: &tenantry_core::Actor) -> Tried {
    members.suspend(membership(members, actor)?).wait()?;
    Ok(())
}

fn membership(members: &tenantry_core::Members, actor: &tenantry_core::Actor) -> Result<MemberId, crate::Failure> {
    let all = members.list(PageRequest::first()).wait()?.items;
    let theirs = |user: UserId| tenantry_core::Actor::User(user) == *actor;
    Ok(all.iter().find(|member| member.user.is_some_and(theirs)).ok_or("no member")?.id)
}

fn u11_a_removed_actor_finds_nothing(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (customer, ids) = (&world.acme.customer, furnish(&world.acme.customer)?);
    let id = customer.place().customer().ok_or("no customer")?;
    let [_, user, _] = &world.acme.members;
    let [_, staff, _] = &world.acme.staff;
    let members = world.boss().members();
    members.remove(membership(&members, staff.actor())?).wait()?;
    customer.members().remove(membership(&customer.members(), user.actor())?).wait()?;
    all_answer(None, user, ids, "not_found")?;
    all_answer(Some(staff), &staff.customer(id), ids, "not_found")
}

fn c5_a_member_of_an_archived_customer_may_do_nothing(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (customer, ids) = (&world.acme.customer, furnish(&world.acme.customer)?);
    customer.archive().wait()?;
    for member in &world.acme.members {
        all_answer(None, member, ids, "customer_archived")?;
    }
    Ok(())
}

fn r1_every_role_is_tried_with_every_operation_from_both_sides(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let (catalog, ids) = (world.app.catalog(), Ids::unknown());
    // Not named like the one that `customers.delete` names, so that it stays.
    let globex = world.customer("Globex")?;
    let id = globex.place().customer().ok_or("no customer")?;
    let members = ["a@globex.test", "u@globex.test", "v@globex.test"].into_iter().zip(ROLES);
    let members = members.map(|(email, role)| world.join(&globex, email, role)).collect::<Result<Vec<_>, _>>()?;
    let allowed = |portal, need, role| match need {
        Need::Nobody => false,
        Need::Membership => true,
        Need::Permission(name) => catalog.permission(portal, name).is_some_and(|id| catalog.allows(id, role)),
    };
    for operation in OPERATIONS.iter().filter(|operation| !operation.is_for_host()) {
        for ((role, staff), member) in ROLES.into_iter().zip(&world.acme.staff).zip(&members) {
            let staff_there = staff.customer(id);
            let sides: [(_, _, &dyn Fn() -> Option<Done>); 3] = [
                (Portal::Vendor, operation.vendor, &|| on_vendor(operation, staff, ids)),
                (Portal::Vendor, operation.staff, &|| on_customer(operation, &staff_there, ids)),
                (Portal::Customer, operation.customer, &|| on_customer(operation, member, ids)),
            ];
            for (portal, need, act) in sides {
                let answer = act();
                // What a side may do can be done from it.
                ensure!(answer.is_some() || need == Need::Nobody);
                let Some(answer) = answer else { continue };
                let expected = (operation.name, role, allowed(portal, need, role));
                ensure_eq!((operation.name, role, seen(&answer).0 != "permission_denied"), expected);
                globex.unarchive().wait()?;
            }
        }
    }
    Ok(())
}

fn c5_staff_may_do_on_an_archived_customer_what_the_table_says(store: &dyn Opened) -> Tried {
    let world = World::new(store)?;
    let globex = world.customer("Globex")?;
    // These three ask for a permission, and go by its row.
    let by_permission = ["access.require", "access.can", "access.explain"];
    for operation in OPERATIONS.iter().filter(|operation| !by_permission.contains(&operation.name)) {
        if globex.get().wait()?.status == tenantry_core::CustomerStatus::Active {
            globex.archive().wait()?;
        }
        let Some(answer) = on_customer(operation, &globex, Ids::unknown()) else { continue };
        let refused = seen(&answer).0 == "customer_archived";
        ensure_eq!((operation.name, !refused), (operation.name, operation.while_archived));
    }
    Ok(())
}
