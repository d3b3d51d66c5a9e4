//! Every public operation, each once, on a store that has something of everything.

use std::path::PathBuf;

use tenantry::{
    AuditQuery, CustomerFilter, CustomerId, CustomerPatch, CustomerScope, Durability, Error, Format, InvitationId,
    InvitationToken, MemberId, NewCustomer, NewDeployment, PageRequest, Place, Role, ServiceScope, Tenantry, UserId,
    VendorId, VendorScope, VerifiedEmail,
};

use crate::mail::Telling;
use crate::report::Folder;
use crate::{Failure, work};

/// The store that every case begins with, and who is in it.
pub(super) struct Stage {
    pub(super) path: PathBuf,
    pub(super) vendor: VendorId,
    pub(super) staff: UserId,
    customer: CustomerId,
    archived: CustomerId,
    /// A member with a role to lose.
    member: MemberId,
    suspended: MemberId,
    user: UserId,
    invitation: InvitationId,
    token: String,
    _folder: Folder,
}

/// How an operation is called.
#[derive(Clone, Copy)]
pub(super) enum Act {
    /// On the open store; what it answers, as text.
    On(fn(&Stage, &Tenantry) -> Result<String, Error>),
    /// The store is opened.
    Open,
    /// The store is made.
    OpenNew,
    /// The store is closed.
    Close,
    /// The store is copied into a file beside it.
    BackUp,
}

pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) act: Act,
    /// Whether it changes something.
    pub(super) changes: bool,
    /// Whether it is many commits, some of which may be there when it fails.
    pub(super) in_steps: bool,
}

const fn read(name: &'static str, act: fn(&Stage, &Tenantry) -> Result<String, Error>) -> Operation {
    Operation { name, act: Act::On(act), changes: false, in_steps: false }
}

const fn write(name: &'static str, act: fn(&Stage, &Tenantry) -> Result<String, Error>) -> Operation {
    Operation { name, act: Act::On(act), changes: true, in_steps: false }
}

const fn steps(name: &'static str, act: fn(&Stage, &Tenantry) -> Result<String, Error>) -> Operation {
    Operation { name, act: Act::On(act), changes: true, in_steps: true }
}

const fn other(name: &'static str, act: Act) -> Operation {
    Operation { name, act, changes: false, in_steps: true }
}

fn shown<T: std::fmt::Debug>(answer: T) -> String {
    format!("{answer:?}")
}

impl Stage {
    pub(super) fn new() -> Result<Self, Failure> {
        let folder = Folder::in_memory("stage")?;
        let path = folder.path().join("torture.db");
        // With the first root key, so that there is another to go to.
        let app = work::open(&path, Durability::ProcessCrash, 0)?;
        let staff = work::staff_or_bootstrap(&app)?;
        let customers = staff.customers();
        let customer = customers.create(NewCustomer::new("Globex").external_id("globex")).wait()?.id;
        let archived = customers.create(NewCustomer::new("Initech").external_id("initech")).wait()?.id;
        for number in 0..20 {
            customers.create(NewCustomer::new(format!("Customer {number}"))).wait()?;
        }
        let scope = staff.customer(customer);
        let join = |email: &str, role| -> Result<_, Failure> {
            let invited = scope.members().invite("Person", email, role).wait()?;
            let joined = app.accept_invitation(&invited.token, VerifiedEmail::new(email)).wait()?;
            let user = joined.customer().and_then(|joined| joined.user_id()).ok_or("no user")?;
            Ok((invited.member.id, user))
        };
        join("hank@globex.test", Role::Administrator)?;
        let (member, user) = join("vera@globex.test", Role::User)?;
        let (suspended, _) = join("carl@globex.test", Role::Viewer)?;
        scope.members().suspend(suspended).wait()?;
        let invited = scope.members().invite("Lena", "lena@globex.test", Role::Viewer).wait()?;
        for number in 0..3 {
            scope.secrets().set("PASSWORD", format!("value {number}").as_str()).wait()?;
            scope.secrets().set(&format!("KEY_{number}"), "long ".repeat(2_000).as_str()).wait()?;
        }
        scope.features().enable("alerts").wait()?;
        let service = app.service(scope.place(), "deployer", "test");
        service.register_deployment(NewDeployment::new("eu", "Europe").template(TEMPLATE)).wait()?;
        staff.customer(archived).archive().wait()?;
        app.maintenance("torture").close().wait()?;
        Ok(Self {
            path,
            vendor: staff.vendor_id(),
            staff: staff.user_id().ok_or("no user")?,
            customer,
            archived,
            member,
            suspended,
            user,
            invitation: invited.invitation.id,
            token: invited.token.expose().to_owned(),
            _folder: folder,
        })
    }

    fn of_vendor(&self, app: &Tenantry) -> VendorScope {
        app.vendor(self.vendor, self.staff)
    }

    fn of_customer(&self, app: &Tenantry) -> CustomerScope {
        self.of_vendor(app).customer(self.customer)
    }

    fn service(&self, app: &Tenantry) -> ServiceScope {
        app.service(Place::Customer(self.vendor, self.customer), "deployer", "test")
    }

    fn token(&self) -> Result<InvitationToken, Error> {
        Ok(InvitationToken::parse(&self.token)?)
    }
}

const TEMPLATE: &str = "password={{ .Secrets.PASSWORD }}";

/// More than a commit of a bulk creation holds.
const BULK: u64 = 501;

fn import(stage: &Stage, app: &Tenantry, rows: u64) -> Result<String, Error> {
    let rows: Vec<_> = (0..rows).map(|row| Ok(NewCustomer::new("Row").external_id(format!("row {row}")))).collect();
    stage.of_vendor(app).customers().import(rows, |_| ()).wait().map(shown)
}

pub(super) const OPERATIONS: &[Operation] = &[
    other("open", Act::Open),
    other("open, new", Act::OpenNew),
    other("close", Act::Close),
    write("vendors.bootstrap", |_, app| {
        app.bootstrap("other", "Other", "Bob", "bob@other.test").wait().map(|_| String::new())
    }),
    read("vendors.list", |_, app| app.vendors(PageRequest::first()).wait().map(shown)),
    read("vendors.find", |_, app| app.find_vendor("torture").wait().map(shown)),
    read("users.identify", |s, app| app.identify(s.vendor, VerifiedEmail::new("lena@globex.test")).wait().map(shown)),
    write("users.change_email", |s, app| {
        app.change_email(s.vendor, s.user, VerifiedEmail::new("vera@example.test")).wait().map(shown)
    }),
    read("invitations.find", |s, app| app.find_invitation(&s.token()?).wait().map(shown)),
    write("invitations.accept", |s, app| {
        app.accept_invitation(&s.token()?, VerifiedEmail::new("lena@globex.test")).wait().map(|_| String::new())
    }),
    write("invitations.decline", |s, app| {
        app.decline_invitation(&s.token()?, VerifiedEmail::new("lena@globex.test")).wait().map(shown)
    }),
    steps("outbox.deliver", |_, app| app.outbox(Telling::new(|_, _| ())).deliver().wait().map(shown)),
    read("access.require", |s, app| s.of_customer(app).require("customers.view").wait().map(shown)),
    read("access.can", |s, app| s.of_customer(app).can("customers.view").wait().map(shown)),
    read("access.explain", |s, app| s.of_customer(app).explain("customers.view").wait().map(shown)),
    read("access.explain_for", |s, app| s.of_customer(app).explain_for(s.user, "alerts.view").wait().map(shown)),
    read("access.snapshot", |s, app| s.of_customer(app).snapshot().wait().map(|snapshot| shown(snapshot.sections()))),
    write("customers.create", |s, app| s.of_vendor(app).customers().create(NewCustomer::new("X")).wait().map(shown)),
    write("customers.import", |s, app| import(s, app, 20)),
    steps("customers.import, many", |s, app| import(s, app, BULK)),
    read("customers.list", |s, app| s.of_vendor(app).customers().list(CustomerFilter::new()).wait().map(shown)),
    read("customers.list, text", |s, app| {
        s.of_vendor(app).customers().list(CustomerFilter::new().text("omer 1")).wait().map(shown)
    }),
    read("customers.list, feature", |s, app| {
        s.of_vendor(app).customers().list(CustomerFilter::new().feature("alerts")).wait().map(shown)
    }),
    read("customers.find", |s, app| s.of_vendor(app).customers().find("globex").wait().map(shown)),
    read("customers.get", |s, app| s.of_customer(app).get().wait().map(shown)),
    read("portal.sections", |s, app| s.of_customer(app).portal().wait().map(shown)),
    write("customers.update", |s, app| {
        s.of_customer(app).update(CustomerPatch::new().name("Y").external_id("y")).wait().map(shown)
    }),
    write("customers.archive", |s, app| s.of_customer(app).archive().wait().map(shown)),
    write("customers.unarchive", |s, app| s.of_vendor(app).customer(s.archived).unarchive().wait().map(shown)),
    write("customers.delete", |s, app| s.of_customer(app).delete("Globex").wait().map(shown)),
    read("members.list", |s, app| s.of_customer(app).members().list(PageRequest::first()).wait().map(shown)),
    read("members.get", |s, app| s.of_customer(app).members().get(s.member).wait().map(shown)),
    read("members.find", |s, app| s.of_customer(app).members().find(s.user).wait().map(shown)),
    write("members.invite", |s, app| {
        s.of_customer(app).members().invite("New", "new@globex.test", Role::User).wait().map(shown)
    }),
    write("members.rename", |s, app| s.of_customer(app).members().rename(s.member, "V", None).wait().map(shown)),
    write("members.change_role", |s, app| {
        s.of_customer(app).members().change_role(s.member, Role::Viewer, None).wait().map(shown)
    }),
    write("members.suspend", |s, app| s.of_customer(app).members().suspend(s.member).wait().map(shown)),
    write("members.resume", |s, app| s.of_customer(app).members().resume(s.suspended).wait().map(shown)),
    write("members.remove", |s, app| s.of_customer(app).members().remove(s.member).wait().map(shown)),
    write("users.erase", |s, app| s.of_vendor(app).erase_user(s.user).wait().map(shown)),
    read("invitations.list", |s, app| s.of_customer(app).invitations().list(PageRequest::first()).wait().map(shown)),
    read("invitations.get", |s, app| s.of_customer(app).invitations().get(s.invitation).wait().map(shown)),
    write("invitations.resend", |s, app| s.of_customer(app).invitations().resend(s.invitation).wait().map(shown)),
    write("invitations.revoke", |s, app| s.of_customer(app).invitations().revoke(s.invitation).wait().map(shown)),
    read("secrets.list", |s, app| s.of_customer(app).secrets().list(PageRequest::first()).wait().map(shown)),
    read("secrets.versions", |s, app| {
        s.of_customer(app).secrets().versions("PASSWORD", PageRequest::first()).wait().map(shown)
    }),
    read("secrets.used_by", |s, app| {
        s.of_customer(app).secrets().used_by("PASSWORD", PageRequest::first()).wait().map(shown)
    }),
    read("secrets.check", |s, app| s.of_customer(app).secrets().check(TEMPLATE).wait().map(shown)),
    write("secrets.set", |s, app| s.of_customer(app).secrets().set("PASSWORD", "new").wait().map(shown)),
    write("secrets.set, long", |s, app| {
        s.of_customer(app).secrets().set("LONG", "x".repeat(60_000).as_str()).wait().map(shown)
    }),
    write("secrets.set, first of a place", |s, app| s.of_vendor(app).secrets().set("KEY", "x").wait().map(shown)),
    write("secrets.roll_back", |s, app| s.of_customer(app).secrets().roll_back("PASSWORD", 1).wait().map(shown)),
    write("secrets.destroy", |s, app| s.of_customer(app).secrets().destroy("PASSWORD", 1).wait().map(shown)),
    write("secrets.delete", |s, app| s.of_customer(app).secrets().delete("KEY_1").wait().map(shown)),
    write("secrets.delete_although_used", |s, app| {
        s.of_customer(app).secrets().delete_although_used("PASSWORD").wait().map(shown)
    }),
    write("secrets.resolve", |s, app| s.service(app).resolve(["PASSWORD"]).wait().map(shown)),
    write("secrets.resolve_all", |s, app| s.service(app).resolve_all().wait().map(shown)),
    write("secrets.render", |s, app| s.service(app).render(TEMPLATE, Format::Plain).wait().map(|_| String::new())),
    write("secrets.redactor", |s, app| s.service(app).redactor().wait().map(|_| String::new())),
    read("deployments.list", |s, app| s.of_customer(app).deployments().list(PageRequest::first()).wait().map(shown)),
    write("deployments.register", |s, app| {
        s.service(app).register_deployment(NewDeployment::new("us", "America").template(TEMPLATE)).wait().map(shown)
    }),
    write("deployments.report", |s, app| s.service(app).report_running("eu", [("PASSWORD", 3)]).wait().map(shown)),
    write("deployments.remove", |s, app| s.service(app).remove_deployment("eu").wait().map(shown)),
    read("features.list", |s, app| s.of_customer(app).features().list().wait().map(shown)),
    write("features.enable", |s, app| s.of_customer(app).features().enable("support_bundles").wait().map(shown)),
    write("features.disable", |s, app| s.of_customer(app).features().disable("deployments").wait().map(shown)),
    read("features.preview", |s, app| s.of_customer(app).features().preview_disable("deployments").wait().map(shown)),
    read("audit.list", |s, app| s.of_customer(app).audit().list(AuditQuery::new()).wait().map(shown)),
    read("audit.follow", |s, app| s.of_vendor(app).audit().follow(AuditQuery::new()).wait().map(shown)),
    read("maintenance, verify", |_, app| app.maintenance("torture").verify(Vec::new()).wait().map(shown)),
    other("maintenance, backup", Act::BackUp),
    read("maintenance, heads", |s, app| app.maintenance("torture").heads(s.vendor).wait().map(shown)),
    read("maintenance, schema version", |_, app| app.maintenance("torture").schema_version().wait().map(shown)),
    read("maintenance, root keys", |_, app| app.maintenance("torture").root_keys().wait().map(shown)),
    write("maintenance, stage root key", |_, app| app.maintenance("torture").stage_root_key().wait().map(shown)),
    steps("maintenance, rotate root key", |_, app| {
        app.maintenance("torture").rotate_root_key(|_| ()).wait().map(shown)
    }),
    steps("maintenance, rotate place key", |s, app| {
        let place = Place::Customer(s.vendor, s.customer);
        app.maintenance("torture").rotate_place_key(place, |_| ()).wait().map(shown)
    }),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_public_operation_meets_a_disk_that_fails() {
        for operation in tenantry::access::OPERATIONS {
            let is_it = |name: &str| name.split(',').next() == Some(operation.name);
            assert!(OPERATIONS.iter().any(|case| is_it(case.name)), "{}", operation.name);
        }
    }
}
