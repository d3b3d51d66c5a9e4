//! What the vendor and a customer have alike: members, invitations, secrets, deployments, the audit log.

use std::time::Duration;

use pyo3::prelude::*;
use tenantry::AuditQuery;

use crate::answer::{Mode, handle};
use crate::arguments::{Customer, Invitation, Member, RoleName, SecretText, User};
use crate::pages;

handle! {
    /// The members of a place: the vendor itself, or one customer.
    ///
    /// Reading needs `users.view`, changing `users.manage`; of staff who act on a customer `customer_users.view` and
    /// `customer_users.manage`.
    Members of tenantry::Members: "Members" as BlockingMembers, "AsyncMembers" as AsyncMembers, "_Members"
}

#[pymethods]
impl Members {
    /// The members in the order in which they were invited.
    ///
    /// Needs `users.view`; of staff who act on a customer `customer_users.view`.
    ///
    /// Returns:
    ///     A query: iterate it, or ask for a page.
    ///
    /// Raises:
    ///     PermissionDeniedError: The actor may not; raised when a page is read.
    #[pyo3(signature = () -> "Query[Member]")]
    fn list(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let members = self.inner.clone();
        pages::query(py, self.mode, move |page| members.list(page))
    }

    /// One member. Needs `users.view`; of staff who act on a customer `customer_users.view`.
    ///
    /// Args:
    ///     member: The member.
    ///
    /// Returns:
    ///     The member.
    ///
    /// Raises:
    ///     NotFoundError: The place has no such member.
    #[pyo3(signature = (member: "MemberId") -> "Call[Member]")]
    fn get(&self, py: Python<'_>, member: Member) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.get(member.0))
    }

    /// The member that is this person, for example to name who did what the audit log says.
    ///
    /// Needs `users.view`; of staff who act on a customer `customer_users.view`.
    ///
    /// Args:
    ///     user: The person.
    ///
    /// Returns:
    ///     The member.
    ///
    /// Raises:
    ///     NotFoundError: The place has no such member, or the person has not accepted yet.
    #[pyo3(signature = (user: "UserId") -> "Call[Member]")]
    fn find(&self, py: Python<'_>, user: User) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.find(user.0))
    }

    /// Invites a person. Into a place that has no Administrator, active or invited, the role becomes Administrator, whatever
    /// was asked for; the answer says so.
    ///
    /// Needs `users.manage`; of staff who act on a customer `customer_users.manage`.
    ///
    /// Args:
    ///     name: 1 to 200 characters.
    ///     email: Where you send the invitation.
    ///     role: The role to give.
    ///     valid_for: 1 second to 90 days; 7 days unless told otherwise.
    ///
    /// Returns:
    ///     The member, the invitation, and the token for the link that you mail, this once.
    ///
    /// Raises:
    ///     InvalidInputError: A field does not follow its rules.
    ///     AlreadyMemberError: The person is a member already.
    ///     AlreadyInvitedError: The person is invited already; the invitation can be resent.
    ///     TooManyInvitationsError: Too many were sent to this e-mail lately.
    #[pyo3(signature = (name, email, role: "Role", *, valid_for: "timedelta | None" = None) -> "Call[Invited]")]
    fn invite(
        &self,
        py: Python<'_>,
        name: &str,
        email: &str,
        role: RoleName,
        valid_for: Option<Duration>,
    ) -> PyResult<Py<PyAny>> {
        let answering = self.mode.with(py)?;
        let call = match valid_for {
            Some(validity) => self.inner.invite_for(name, email, role.0, validity),
            None => self.inner.invite(name, email, role.0),
        };
        answering.answer(call)
    }

    /// Renames a member in this place; elsewhere the person keeps their name.
    ///
    /// Needs `users.manage`; of staff who act on a customer `customer_users.manage`.
    ///
    /// Args:
    ///     member: The member.
    ///     name: 1 to 200 characters.
    ///     at_revision: Only if the record is still at this revision.
    ///
    /// Returns:
    ///     The member as it is now.
    ///
    /// Raises:
    ///     NotFoundError: The place has no such member.
    ///     InvalidInputError: The name does not follow the rules.
    ///     StaleRevisionError: The record moved.
    #[pyo3(signature = (member: "MemberId", name, *, at_revision: "int | None" = None) -> "Call[Member]")]
    fn rename(&self, py: Python<'_>, member: Member, name: &str, at_revision: Option<u64>) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.rename(member.0, name, at_revision))
    }

    /// Gives a member another role; it counts with their next operation.
    ///
    /// Needs `users.manage`; of staff who act on a customer `customer_users.manage`.
    ///
    /// Args:
    ///     member: The member.
    ///     role: The new role.
    ///     at_revision: Only if the record is still at this revision.
    ///
    /// Returns:
    ///     The member as it is now.
    ///
    /// Raises:
    ///     NotFoundError: The place has no such member.
    ///     OwnMembershipError: Nobody changes their own role.
    ///     LastAdministratorError: The place would be left without an active Administrator.
    ///     StaleRevisionError: The record moved.
    #[pyo3(signature = (member: "MemberId", role: "Role", *, at_revision: "int | None" = None) -> "Call[Member]")]
    fn change_role(
        &self,
        py: Python<'_>,
        member: Member,
        role: RoleName,
        at_revision: Option<u64>,
    ) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.change_role(member.0, role.0, at_revision))
    }

    /// Suspends a member: they cannot act, and count as no Administrator, until resumed.
    ///
    /// Needs `users.manage`; of staff who act on a customer `customer_users.manage`.
    ///
    /// Args:
    ///     member: The member.
    ///
    /// Returns:
    ///     The member as it is now.
    ///
    /// Raises:
    ///     NotFoundError: The place has no such member.
    ///     OwnMembershipError: Nobody suspends themselves.
    ///     LastAdministratorError: The place would be left without an active Administrator.
    ///     InvalidInputError: The member has not accepted yet.
    #[pyo3(signature = (member: "MemberId") -> "Call[Member]")]
    fn suspend(&self, py: Python<'_>, member: Member) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.suspend(member.0))
    }

    /// Lets a suspended member act again.
    ///
    /// Needs `users.manage`; of staff who act on a customer `customer_users.manage`.
    ///
    /// Args:
    ///     member: The member.
    ///
    /// Returns:
    ///     The member as it is now.
    ///
    /// Raises:
    ///     NotFoundError: The place has no such member.
    ///     OwnMembershipError: Nobody resumes themselves.
    ///     InvalidInputError: The member has not accepted yet.
    #[pyo3(signature = (member: "MemberId") -> "Call[Member]")]
    fn resume(&self, py: Python<'_>, member: Member) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.resume(member.0))
    }

    /// Removes a member; an open invitation no longer works. A person without any other membership is erased.
    ///
    /// Needs `users.manage`; of staff who act on a customer `customer_users.manage`.
    ///
    /// Args:
    ///     member: The member.
    ///
    /// Raises:
    ///     NotFoundError: The place has no such member.
    ///     OwnMembershipError: Nobody removes themselves.
    ///     LastAdministratorError: The place would be left without an active Administrator.
    #[pyo3(signature = (member: "MemberId") -> "Call[None]")]
    fn remove(&self, py: Python<'_>, member: Member) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.remove(member.0))
    }
}

handle! {
    /// The invitations into a place: the vendor itself, or one customer.
    ///
    /// Reading needs `users.view`, changing `users.manage`; of staff who act on a customer `customer_users.view` and
    /// `customer_users.manage`.
    Invitations of tenantry::Invitations: "Invitations" as BlockingInvitations,
    "AsyncInvitations" as AsyncInvitations, "_Invitations"
}

#[pymethods]
impl Invitations {
    /// The invitations, those that ended included, in the order in which they were made; each with its true state.
    ///
    /// Needs `users.view`; of staff who act on a customer `customer_users.view`.
    ///
    /// Returns:
    ///     A query: iterate it, or ask for a page.
    ///
    /// Raises:
    ///     PermissionDeniedError: The actor may not; raised when a page is read.
    #[pyo3(signature = () -> "Query[Invitation]")]
    fn list(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let invitations = self.inner.clone();
        pages::query(py, self.mode, move |page| invitations.list(page))
    }

    /// One invitation. Needs `users.view`; of staff who act on a customer `customer_users.view`.
    ///
    /// Args:
    ///     invitation: The invitation.
    ///
    /// Returns:
    ///     The invitation.
    ///
    /// Raises:
    ///     NotFoundError: The place has no such invitation.
    #[pyo3(signature = (invitation: "InvitationId") -> "Call[Invitation]")]
    fn get(&self, py: Python<'_>, invitation: Invitation) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.get(invitation.0))
    }

    /// Makes a new token for an invitation that was not accepted, and kills the old one.
    ///
    /// It is open for as long as before, from now on; also when it had expired. Needs `users.manage`; of staff who act
    /// on a customer `customer_users.manage`.
    ///
    /// Args:
    ///     invitation: The invitation.
    ///
    /// Returns:
    ///     The member, the invitation, and the new token, this once.
    ///
    /// Raises:
    ///     NotFoundError: The place has no such invitation.
    ///     InvalidInputError: The invitation has ended.
    ///     TooManyInvitationsError: It was repeated three times in ten minutes.
    #[pyo3(signature = (invitation: "InvitationId") -> "Call[Invited]")]
    fn resend(&self, py: Python<'_>, invitation: Invitation) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.resend(invitation.0))
    }

    /// Revokes an invitation that was not accepted: its token no longer works and its member goes.
    ///
    /// Needs `users.manage`; of staff who act on a customer `customer_users.manage`.
    ///
    /// Args:
    ///     invitation: The invitation.
    ///
    /// Raises:
    ///     NotFoundError: The place has no such invitation.
    ///     InvalidInputError: The invitation has ended.
    #[pyo3(signature = (invitation: "InvitationId") -> "Call[None]")]
    fn revoke(&self, py: Python<'_>, invitation: Invitation) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.revoke(invitation.0))
    }
}

handle! {
    /// The secrets of a place: the vendor itself, or one customer.
    ///
    /// Nothing here answers a value; a service resolves them. Reading needs `secrets.view`, changing `secrets.manage`.
    Secrets of tenantry::Secrets: "Secrets" as BlockingSecrets, "AsyncSecrets" as AsyncSecrets, "_Secrets"
}

#[pymethods]
impl Secrets {
    /// The secrets in the order of their keys, without their values. Needs `secrets.view`.
    ///
    /// Returns:
    ///     A query: iterate it, or ask for a page.
    ///
    /// Raises:
    ///     PermissionDeniedError: The actor may not; raised when a page is read.
    #[pyo3(signature = () -> "Query[SecretInfo]")]
    fn list(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let secrets = self.inner.clone();
        pages::query(py, self.mode, move |page| secrets.list(page))
    }

    /// Sets a secret: makes it, or gives it a new version. It is encrypted before it reaches the store.
    ///
    /// Needs `secrets.manage`.
    ///
    /// Args:
    ///     key: A letter, then letters, digits and underscores, 128 characters at most; it never changes.
    ///     value: 1 byte to 64 KiB of text.
    ///     at_version: Only if its current version is still this one; 0 stands for a secret that there is not yet.
    ///
    /// Returns:
    ///     The secret, and the deployments that use it.
    ///
    /// Raises:
    ///     InvalidInputError: The key or the value does not follow its rules.
    ///     StaleRevisionError: It has another version.
    ///     SecretKeyError: The store was opened without a root key.
    #[pyo3(signature = (key, value: "str | Secret", *, at_version: "int | None" = None) -> "Call[SecretChange]")]
    fn set(&self, py: Python<'_>, key: &str, value: SecretText, at_version: Option<u64>) -> PyResult<Py<PyAny>> {
        let answering = self.mode.with(py)?;
        let call = match at_version {
            Some(version) => self.inner.set_at(key, value.0, version),
            None => self.inner.set(key, value.0),
        };
        answering.answer(call)
    }

    /// The versions of a secret that are kept, newest first; never their values. Needs `secrets.view`.
    ///
    /// Args:
    ///     key: The secret's key.
    ///
    /// Returns:
    ///     A query: iterate it, or ask for a page.
    ///
    /// Raises:
    ///     NotFoundError: There is no such secret; raised when a page is read.
    #[pyo3(signature = (key) -> "Query[SecretVersion]")]
    fn versions(&self, py: Python<'_>, key: String) -> PyResult<Py<PyAny>> {
        let secrets = self.inner.clone();
        pages::query(py, self.mode, move |page| secrets.versions(&key, page))
    }

    /// Gives a secret the value of an earlier version, as a new version. Needs `secrets.manage`.
    ///
    /// Args:
    ///     key: The secret's key.
    ///     version: The earlier version.
    ///
    /// Returns:
    ///     The secret, and the deployments that use it.
    ///
    /// Raises:
    ///     NotFoundError: There is no such secret, or the version is not kept.
    ///     InvalidInputError: It is the current version, or one that was destroyed.
    #[pyo3(signature = (key, version: "int") -> "Call[SecretChange]")]
    fn roll_back(&self, py: Python<'_>, key: &str, version: u64) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.roll_back(key, version))
    }

    /// Destroys the value of an earlier version; that it was there stays listed. Needs `secrets.manage`.
    ///
    /// Args:
    ///     key: The secret's key.
    ///     version: The earlier version.
    ///
    /// Raises:
    ///     NotFoundError: There is no such secret, or the version is not kept.
    ///     InvalidInputError: It is the current version.
    #[pyo3(signature = (key, version: "int") -> "Call[None]")]
    fn destroy(&self, py: Python<'_>, key: &str, version: u64) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.destroy(key, version))
    }

    /// Deletes a secret with all its versions, unless a deployment uses it. Needs `secrets.manage`.
    ///
    /// Args:
    ///     key: The secret's key.
    ///     although_used: Deletes it also when deployments use it; their next rendering fails.
    ///
    /// Raises:
    ///     NotFoundError: There is no such secret.
    ///     SecretInUseError: With the names of the deployments.
    #[pyo3(signature = (key, *, although_used = false) -> "Call[None]")]
    fn delete(&self, py: Python<'_>, key: &str, although_used: bool) -> PyResult<Py<PyAny>> {
        let answering = self.mode.with(py)?;
        let call = if although_used { self.inner.delete_although_used(key) } else { self.inner.delete(key) };
        answering.answer(call)
    }

    /// The deployments that use a secret, in the order of their ids, with the version that each runs. The secret itself need
    /// not exist.
    ///
    /// Needs `secrets.view`.
    ///
    /// Args:
    ///     key: The secret's key.
    ///
    /// Returns:
    ///     A query: iterate it, or ask for a page.
    ///
    /// Raises:
    ///     PermissionDeniedError: The actor may not; raised when a page is read.
    #[pyo3(signature = (key) -> "Query[SecretUse]")]
    fn used_by(&self, py: Python<'_>, key: String) -> PyResult<Py<PyAny>> {
        let secrets = self.inner.clone();
        pages::query(py, self.mode, move |page| secrets.used_by(&key, page))
    }

    /// Everything that is wrong with a template in this place: mistakes, and secrets that it needs and that there are not.
    ///
    /// Needs `secrets.view`.
    ///
    /// Args:
    ///     template: A text with `{{ .Secrets.KEY }}` in it.
    ///
    /// Returns:
    ///     The problems in the order of the text; none when all is well.
    ///
    /// Raises:
    ///     PermissionDeniedError: The actor may not.
    #[pyo3(signature = (template) -> "Call[tuple[TemplateProblem, ...]]")]
    fn check(&self, py: Python<'_>, template: &str) -> PyResult<Py<PyAny>> {
        self.mode.with(py)?.answer(self.inner.check(template))
    }
}

handle! {
    /// The deployments that services registered in a place. Reading needs `deployments.view`.
    Deployments of tenantry::Deployments: "Deployments" as BlockingDeployments,
    "AsyncDeployments" as AsyncDeployments, "_Deployments"
}

#[pymethods]
impl Deployments {
    /// The deployments in the order of their ids, each with the secrets that it uses and the versions that it runs.
    ///
    /// Needs `deployments.view`.
    ///
    /// Returns:
    ///     A query: iterate it, or ask for a page.
    ///
    /// Raises:
    ///     PermissionDeniedError: The actor may not; raised when a page is read.
    #[pyo3(signature = () -> "Query[Deployment]")]
    fn list(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let deployments = self.inner.clone();
        pages::query(py, self.mode, move |page| deployments.list(page))
    }
}

handle! {
    /// The audit log: of one place, or of the vendor's whole.
    Audit of tenantry::Audit: "Audit" as BlockingAudit, "AsyncAudit" as AsyncAudit, "_Audit"
}

#[pymethods]
impl Audit {
    /// The entries of this place, oldest first unless told otherwise. Needs `audit.view`.
    ///
    /// Args:
    ///     actor: Only those of this actor, as the log writes actors.
    ///     action: Only those of this action, for example `member.removed`.
    ///     newest_first: The newest entries first.
    ///
    /// Returns:
    ///     A query: iterate it, or ask for a page.
    ///
    /// Raises:
    ///     PermissionDeniedError: The actor may not; raised when a page is read.
    #[pyo3(signature = (
        *, actor: "str | None" = None, action: "str | None" = None, newest_first: "bool" = false,
    ) -> "Query[AuditEntry]")]
    fn list(
        &self,
        py: Python<'_>,
        actor: Option<String>,
        action: Option<String>,
        newest_first: bool,
    ) -> PyResult<Py<PyAny>> {
        let audit = self.inner.clone();
        let mut asked = AuditQuery::new();
        (asked.actor, asked.action, asked.newest_first) = (actor, action, newest_first);
        pages::query(py, self.mode, move |page| {
            let mut asked = asked.clone();
            asked.page = page;
            audit.list(asked)
        })
    }

    /// The entries of the whole vendor, in the order in which they were committed.
    ///
    /// A page always has a cursor to go on from: what commits later never stands before it. A page without items says that
    /// there is nothing new; ask again later with its cursor. Needs `audit.view` on the vendor; from a customer's scope
    /// nobody has it. With the newest first it goes back instead, and the last page has no cursor.
    ///
    /// Args:
    ///     actor: Only those of this actor, as the log writes actors.
    ///     action: Only those of this action, for example `member.removed`.
    ///     customer: Only those of this customer, deleted ones included.
    ///     newest_first: The newest entries first.
    ///
    /// Returns:
    ///     A query: iterate it, or ask for a page.
    ///
    /// Raises:
    ///     PermissionDeniedError: The actor may not; raised when a page is read.
    #[pyo3(signature = (
        *, actor: "str | None" = None, action: "str | None" = None, customer: "CustomerId | None" = None,
        newest_first: "bool" = false,
    ) -> "Query[AuditEntry]")]
    fn follow(
        &self,
        py: Python<'_>,
        actor: Option<String>,
        action: Option<String>,
        customer: Option<Customer>,
        newest_first: bool,
    ) -> PyResult<Py<PyAny>> {
        let audit = self.inner.clone();
        let mut asked = AuditQuery::new();
        (asked.actor, asked.action, asked.customer) = (actor, action, customer.map(|customer| customer.0));
        asked.newest_first = newest_first;
        pages::query(py, self.mode, move |page| {
            let mut asked = asked.clone();
            asked.page = page;
            audit.follow(asked)
        })
    }
}
