//! Stores that do not keep the contract, or that fail.

use tenantry_core::{AuditQuery, CustomerFilter, NewCustomer, PageRequest, Role};

use super::cases;
use crate::Opened;
use crate::check::{Tried, ensure_eq, refused};
use crate::faulty::{Fault, with_faults};

cases![
    a_store_that_reads_counters_late_lets_a_stale_decision_through,
    a_commit_of_unknown_outcome_is_sent_again_and_applied_once,
    a_commit_of_unknown_outcome_stays_so_when_the_next_sending_fails,
    s3_nothing_is_resolved_that_cannot_be_put_on_record,
];

/// Why a reading answers data and counters of one moment: with counters from later, the guards hold although the actor
/// has lost the permission since. So this case also shows that the other cases would find such a store out.
fn a_store_that_reads_counters_late_lets_a_stale_decision_through(store: &dyn Opened) -> Tried {
    let (world, faulty, app) = with_faults(store)?;
    let (customer, [_, user, _]) = (&world.acme.customer, &world.acme.members);
    let members = customer.members().list(PageRequest::first()).wait()?.items;
    let member = members.iter().find(|member| member.role == Role::User).ok_or("no member")?;
    let id = customer.place().customer().ok_or("no customer")?;
    let through = app.customer(world.boss().vendor_id(), id, member.user.ok_or("no user")?);
    ensure_eq!(through.actor(), user.actor());
    for late in [false, true] {
        customer.members().change_role(member.id, Role::User, None).wait()?;
        let demoted = customer.members().change_role(member.id, Role::Viewer, None);
        faulty.set(Fault::Meanwhile { change: Box::new(|| demoted.wait().map(drop)), late });
        let written = through.secrets().set("KEY", "value").wait();
        let code = written.err().map(|error| error.code());
        ensure_eq!((late, code), (late, if late { None } else { Some("permission_denied") }));
        ensure_eq!(customer.secrets().list(PageRequest::first()).wait()?.items.len(), usize::from(late));
    }
    Ok(())
}

fn a_commit_of_unknown_outcome_is_sent_again_and_applied_once(store: &dyn Opened) -> Tried {
    let (world, faulty, app) = with_faults(store)?;
    let tenantry_core::Actor::User(user) = *world.boss().actor() else { return Err("no user".into()) };
    let customers = app.vendor(world.boss().vendor_id(), user).customers();
    for lost in [1, 2] {
        faulty.set(Fault::Unknown(lost));
        customers.create(NewCustomer::new("Globex").external_id(lost.to_string())).wait()?;
        faulty.take();
    }
    ensure_eq!(world.names(CustomerFilter::new().text("globex"))?, ["Globex", "Globex"]);
    // Who is never answered is told so, and finds out by reading.
    faulty.set(Fault::Unknown(usize::MAX));
    refused(customers.create(NewCustomer::new("Initech").external_id("3")), "outcome_unknown")?;
    faulty.take();
    ensure_eq!(customers.find("3").wait()?.name, "Initech");
    Ok(())
}

/// Retrying what may have been applied would apply it twice.
fn a_commit_of_unknown_outcome_stays_so_when_the_next_sending_fails(store: &dyn Opened) -> Tried {
    let (world, faulty, app) = with_faults(store)?;
    let tenantry_core::Actor::User(user) = *world.boss().actor() else { return Err("no user".into()) };
    faulty.set(Fault::UnknownThenFull);
    let customers = app.vendor(world.boss().vendor_id(), user).customers();
    let error = refused(customers.create(NewCustomer::new("Once")), "outcome_unknown")?;
    ensure_eq!(error.is_retryable(), false);
    ensure_eq!(world.names(CustomerFilter::new().text("once"))?, ["Once"]);
    Ok(())
}

fn s3_nothing_is_resolved_that_cannot_be_put_on_record(store: &dyn Opened) -> Tried {
    let (world, faulty, app) = with_faults(store)?;
    let customer = &world.acme.customer;
    customer.secrets().set("KEY", "value").wait()?;
    let service = app.service(customer.place(), "deployer", "test");
    faulty.set(Fault::ReadOnly);
    refused(service.resolve(["KEY"]), "storage_read_only")?;
    faulty.set(Fault::ReadOnly);
    refused(service.resolve_all(), "storage_read_only")?;
    let recorded = || customer.audit().list(AuditQuery::new().action("secrets.resolved")).wait();
    ensure_eq!(recorded()?.items.len(), 0);
    service.resolve(["KEY"]).wait()?;
    ensure_eq!(recorded()?.items.len(), 1);
    Ok(())
}
