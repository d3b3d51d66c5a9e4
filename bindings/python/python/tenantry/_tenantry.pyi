# Written by stub.py: do not edit.

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from os import PathLike
from types import EllipsisType
from typing import Any, NoReturn, final

from tenantry._courier import Courier
from tenantry._provider import RootKeyProvider
from tenantry._query import AsyncQuery, Query
from tenantry._records.audit import AuditEntry, ChainHead
from tenantry._records.catalog import Feature, Permission, Section, StoredChange, StoredFeatures
from tenantry._records.customers import Customer, FeatureChange, Features, ImportSummary, ImportedRow, NewCustomer, PortalSection
from tenantry._records.maintenance import Backup, RootKeyInfo, Rotation, Violation
from tenantry._records.members import Explanation, Identity, Invitation, Invited, Member, OpenInvitation
from tenantry._records.outbox import Delivered
from tenantry._records.places import Place, Vendor
from tenantry._records.secrets import Deployment, Rendered, Resolved, SecretChange, SecretInfo, SecretUse, SecretVersion, TemplateProblem
from tenantry._records.words import CustomerId, CustomerStatus, Durability, Format, InvitationId, MemberId, Portal, Role, UserId, VendorId, VerifiedEmail

__all__ = ['AsyncAudit', 'AsyncCustomerScope', 'AsyncCustomers', 'AsyncDeployments', 'AsyncFeatureSwitches', 'AsyncInvitations', 'AsyncMaintenance', 'AsyncMembers', 'AsyncOutbox', 'AsyncSecrets', 'AsyncServiceScope', 'AsyncTenantry', 'AsyncVendorScope', 'Audit', 'Catalog', 'CatalogBuilder', 'CountingIds', 'CustomerScope', 'Customers', 'Deployments', 'FeatureSwitches', 'FixedClock', 'Invitations', 'KeyRing', 'Maintenance', 'Members', 'Outbox', 'Passphrase', 'RedactionStream', 'Redactor', 'RootKey', 'Secret', 'Secrets', 'ServiceScope', 'Snapshot', 'Template', 'Tenantry', 'VendorScope', 'error_codes', 'nothing', 'operations']

@final
class AsyncAudit:
    """
    The audit log: of one place, or of the vendor's whole.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def follow(self, /, *, actor: str | None=None, action: str | None=None, customer: CustomerId | None=None, newest_first: bool=False) -> AsyncQuery[AuditEntry]:
        """
        The entries of the whole vendor, in the order in which they were committed.

        A page always has a cursor to go on from: what commits later never stands before it. A page without items says that
        there is nothing new; ask again later with its cursor. Needs `audit.view` on the vendor; from a customer's scope
        nobody has it. With the newest first it goes back instead, and the last page has no cursor.

        Args:
            actor: Only those of this actor, as the log writes actors.
            action: Only those of this action, for example `member.removed`.
            customer: Only those of this customer, deleted ones included.
            newest_first: The newest entries first.

        Returns:
            A query: iterate it, or ask for a page.

        Raises:
            PermissionDeniedError: The actor may not; raised when a page is read.
        """

    def list(self, /, *, actor: str | None=None, action: str | None=None, newest_first: bool=False) -> AsyncQuery[AuditEntry]:
        """
        The entries of this place, oldest first unless told otherwise. Needs `audit.view`.

        Args:
            actor: Only those of this actor, as the log writes actors.
            action: Only those of this action, for example `member.removed`.
            newest_first: The newest entries first.

        Returns:
            A query: iterate it, or ask for a page.

        Raises:
            PermissionDeniedError: The actor may not; raised when a page is read.
        """

@final
class AsyncCustomerScope:
    """
    A person acting on one customer: one of its members, or the vendor's staff.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def __repr__(self, /) -> str:
        ...

    @property
    def actor(self, /) -> str:
        """
        Who acts, as the audit log writes actors.
        """

    def archive(self, /) -> Awaitable[Customer]:
        """
        Archives the customer: it is hidden from lists, and its members and services are refused. Needs `customers.manage`.

        Returns:
            The customer as it is now.

        Raises:
            CustomerArchivedError: It is archived already.
        """

    @property
    def audit(self, /) -> AsyncAudit:
        """
        The audit log of the customer.
        """

    def can(self, /, permission: str) -> Awaitable[bool]:
        """
        Whether the actor has the permission here.

        Args:
            permission: Its name in the catalogue, for example `deployments.edit`.

        Returns:
            Whether the actor has it.

        Raises:
            UnknownNameError: The catalogue does not know the permission. Never raised for a "no".
        """

    @property
    def customer_id(self, /) -> CustomerId:
        """
        The customer's id.
        """

    def delete(self, /, name: str) -> Awaitable[None]:
        """
        Deletes the customer with its members, invitations, secrets and keys. Needs `customers.delete`.

        Its audit log stays, without details. A person who is left without any membership is erased in the same commit.

        Args:
            name: Repeats the customer's name, as a safeguard.

        Raises:
            InvalidInputError: The name is not the customer's.
        """

    @property
    def deployments(self, /) -> AsyncDeployments:
        """
        The deployments of the customer that services registered.
        """

    def explain(self, /, permission: str) -> Awaitable[Explanation]:
        """
        Why the actor has the permission here or not, and what would give it.

        Args:
            permission: Its name in the catalogue, for example `deployments.edit`.

        Returns:
            What was decided and by which condition, who has the permission, and what would give it.

        Raises:
            UnknownNameError: The catalogue does not know the permission.
            NotFoundError: There is no such place, or the actor is no member of it.
        """

    def explain_for(self, /, user: UserId, permission: str) -> Awaitable[Explanation]:
        """
        Why one of the customer's members has a permission or not, and what would give it: for the vendor's support.

        Needs `customer_users.view` on the vendor's side.

        Args:
            user: The member, as a person.
            permission: Its name in the catalogue, for example `deployments.edit`.

        Returns:
            What was decided and by which condition, who has the permission, and what would give it.

        Raises:
            UnknownNameError: The catalogue does not know the permission.
        """

    @property
    def features(self, /) -> AsyncFeatureSwitches:
        """
        The customer's features.
        """

    def get(self, /) -> Awaitable[Customer]:
        """
        The customer. Needs `customers.view` of staff, `dashboard.view` of the customer's members.

        Returns:
            The customer.

        Raises:
            NotFoundError: There is no such customer, or the actor is no member of it.
        """

    @property
    def invitations(self, /) -> AsyncInvitations:
        """
        The invitations into the customer.
        """

    @property
    def members(self, /) -> AsyncMembers:
        """
        The customer's members.
        """

    @property
    def place(self, /) -> Place:
        """
        What is acted on.
        """

    def portal(self, /) -> Awaitable[tuple[PortalSection, ...]]:
        """
        The sections of the customer portal that the actor may open, in order.

        The vendor's staff see what an Administrator of the customer would see: nothing while it is archived. Needs
        `customers.view` of staff; of the customer's members, to be active.

        Returns:
            The sections.

        Raises:
            PermissionDeniedError: The actor may not.
        """

    def require(self, /, permission: str) -> Awaitable[None]:
        """
        Passes if the actor has the permission here: the call by which a host guards its own operations.

        Args:
            permission: Its name in the catalogue, for example `deployments.edit`.

        Raises:
            NotFoundError: There is no such place, or the actor is no member of it.
            PermissionDeniedError: The member is suspended, or the role lacks the permission.
            CustomerArchivedError: The customer is archived.
            FeatureDisabledError: The feature that the permission belongs to is off.
            UnknownNameError: The catalogue does not know the permission.
        """

    @property
    def secrets(self, /) -> AsyncSecrets:
        """
        The customer's secrets; they serve this customer's deployments only.
        """

    def snapshot(self, /) -> Awaitable[Snapshot]:
        """
        What the actor may do here at this moment: for many questions in one request.

        Returns:
            The snapshot, which decides in memory.

        Raises:
            NotFoundError: There is no such place, or the actor is no member of it.
            PermissionDeniedError: The member is suspended.
            CustomerArchivedError: The customer is archived, and the actor is not the vendor's staff.
        """

    def unarchive(self, /) -> Awaitable[Customer]:
        """
        Takes the customer back into use; nothing but the status changes. Needs `customers.manage`.

        Returns:
            The customer as it is now.

        Raises:
            PermissionDeniedError: The actor may not.
        """

    def update(self, /, *, name: str | None=None, external_id: str | EllipsisType | None=..., at_revision: int | None=None) -> Awaitable[Customer]:
        """
        Changes what is named, and nothing else. Needs `customers.manage`.

        Args:
            name: The new name.
            external_id: The new external id; `None` takes it away. An archived customer keeps its own.
            at_revision: Only if the record is still at this revision.

        Returns:
            The customer as it is now.

        Raises:
            InvalidInputError: A field does not follow its rules.
            StaleRevisionError: The record moved.
            AlreadyExistsError: The external id is taken.
        """

    @property
    def user_id(self, /) -> UserId | None:
        """
        The person who acts.
        """

@final
class AsyncCustomers:
    """
    The customers of a vendor, as its staff see them.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def create(self, /, name: str, *, external_id: str | None=None) -> Awaitable[Customer]:
        """
        Creates a customer with the features that are on by default. Needs `customers.manage`.

        Args:
            name: 1 to 200 characters; names may repeat.
            external_id: Your own id of it: 1 to 200 characters, unique within the vendor.

        Returns:
            The customer.

        Raises:
            InvalidInputError: A field does not follow its rules.
            AlreadyExistsError: The external id is taken.
        """

    def find(self, /, external_id: str) -> Awaitable[Customer]:
        """
        The customer with this external id, active or archived. Needs `customers.view`.

        Args:
            external_id: Your own id of it, compared exactly.

        Returns:
            The customer.

        Raises:
            NotFoundError: There is none.
        """

    def import_rows(self, /, rows: Iterable[NewCustomer | ValueError], report: Callable[[ImportedRow], object] | None=None) -> Awaitable[ImportSummary]:
        """
        Creates customers from rows, hundreds in one commit, and reports each row as soon as it is decided.

        A row is created, skipped because its external id exists, or refused; a row without an external id is refused, so that
        a repeated run creates nothing new. A row that its reader could not make out stands as a `ValueError` with the reason.
        A bad row never stops the others. What the iterable or `report` raises ends the import and is raised from here; the
        rows reported until then are done. Needs `customers.manage`.

        Args:
            rows: What to create.
            report: Called with what became of each row; with asyncio, on another thread.

        Returns:
            What became of the rows, by number.

        Raises:
            PermissionDeniedError: The actor may not; also when there is no row.
        """

    def list(self, /, *, text: str=..., features: Sequence[str]=..., status: CustomerStatus | None=...) -> AsyncQuery[Customer]:
        """
        The customers that pass the filter, in the order of their folded names. Needs `customers.view`.

        Args:
            text: What the name, the external id or a member's e-mail contains, whatever its case.
            features: Features that the customer has.
            status: Active ones unless told otherwise; `None` for any.

        Returns:
            A query: iterate it, or ask for a page.

        Raises:
            UnknownNameError: The catalogue does not know a feature; raised when a page is read.
            PermissionDeniedError: The actor may not; raised when a page is read.
        """

@final
class AsyncDeployments:
    """
    The deployments that services registered in a place. Reading needs `deployments.view`.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def list(self, /) -> AsyncQuery[Deployment]:
        """
        The deployments in the order of their ids, each with the secrets that it uses and the versions that it runs.

        Needs `deployments.view`.

        Returns:
            A query: iterate it, or ask for a page.

        Raises:
            PermissionDeniedError: The actor may not; raised when a page is read.
        """

@final
class AsyncFeatureSwitches:
    """
    Switches the features of a customer on and off. What is off is hidden from its members, and refused.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def disable(self, /, feature: str) -> Awaitable[FeatureChange]:
        """
        Disables a feature and all that require it, at any depth. Needs `features.manage`.

        Args:
            feature: Its name in the catalogue, for example `alerts`.

        Returns:
            What changed, in dependency order.

        Raises:
            UnknownNameError: The catalogue does not know the feature.
        """

    def enable(self, /, feature: str) -> Awaitable[FeatureChange]:
        """
        Enables a feature and all that it requires. Needs `features.manage`.

        Args:
            feature: Its name in the catalogue, for example `alerts`.

        Returns:
            What changed, in dependency order.

        Raises:
            UnknownNameError: The catalogue does not know the feature.
        """

    def list(self, /) -> Awaitable[Features]:
        """
        The features of the customer, in dependency order. Its own members see the enabled ones only.

        Needs `customers.view` of staff, `dashboard.view` of the customer's members.

        Returns:
            The features, and what is stored without being on.

        Raises:
            PermissionDeniedError: The actor may not.
        """

    def preview_disable(self, /, feature: str) -> Awaitable[FeatureChange]:
        """
        What `disable` would answer; nothing changes. Needs `features.manage`.

        Args:
            feature: Its name in the catalogue, for example `alerts`.

        Returns:
            What would change, in dependency order.

        Raises:
            UnknownNameError: The catalogue does not know the feature.
        """

    def preview_enable(self, /, feature: str) -> Awaitable[FeatureChange]:
        """
        What `enable` would answer; nothing changes. Needs `features.manage`.

        Args:
            feature: Its name in the catalogue, for example `alerts`.

        Returns:
            What would change, in dependency order.

        Raises:
            UnknownNameError: The catalogue does not know the feature.
        """

@final
class AsyncInvitations:
    """
    The invitations into a place: the vendor itself, or one customer.

    Reading needs `users.view`, changing `users.manage`; of staff who act on a customer `customer_users.view` and
    `customer_users.manage`.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def get(self, /, invitation: InvitationId) -> Awaitable[Invitation]:
        """
        One invitation. Needs `users.view`; of staff who act on a customer `customer_users.view`.

        Args:
            invitation: The invitation.

        Returns:
            The invitation.

        Raises:
            NotFoundError: The place has no such invitation.
        """

    def list(self, /) -> AsyncQuery[Invitation]:
        """
        The invitations, those that ended included, in the order in which they were made; each with its true state.

        Needs `users.view`; of staff who act on a customer `customer_users.view`.

        Returns:
            A query: iterate it, or ask for a page.

        Raises:
            PermissionDeniedError: The actor may not; raised when a page is read.
        """

    def resend(self, /, invitation: InvitationId) -> Awaitable[Invited]:
        """
        Makes a new token for an invitation that was not accepted, and kills the old one.

        It is open for as long as before, from now on; also when it had expired. Needs `users.manage`; of staff who act
        on a customer `customer_users.manage`.

        Args:
            invitation: The invitation.

        Returns:
            The member, the invitation, and the new token, this once.

        Raises:
            NotFoundError: The place has no such invitation.
            InvalidInputError: The invitation has ended.
            TooManyInvitationsError: It was repeated three times in ten minutes.
        """

    def revoke(self, /, invitation: InvitationId) -> Awaitable[None]:
        """
        Revokes an invitation that was not accepted: its token no longer works and its member goes.

        Needs `users.manage`; of staff who act on a customer `customer_users.manage`.

        Args:
            invitation: The invitation.

        Raises:
            NotFoundError: The place has no such invitation.
            InvalidInputError: The invitation has ended.
        """

@final
class AsyncMaintenance:
    """
    The host's maintenance of a store: it sees the whole of it, and no permission guards it.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def backup(self, /, path: str | PathLike[str], *, replace: bool=False, report: Callable[[Backup], object] | None=None) -> Awaitable[Backup]:
        """
        Copies the whole store into another file while it is used: the store of one moment, with every change that was
        answered before the call.

        Under the name of the file stands nothing before the copy is whole and on the disk. To restore, close the store in
        every process, delete the files beside it that end with `-wal` and `-shm`, put the backup in the place of its file,
        and open it: with the root key that it had then, beside today's in a `KeyRing` if that is another one. Without it
        the secrets in a backup open for nobody. Persons who were erased since must be erased again.

        Args:
            path: The file, in a folder that exists.
            replace: Takes the place of a file that exists, at the moment when the copy is whole.
            report: Hears how far it is, in bytes; what it raises is raised when the backup is over.

        Returns:
            How many bytes the copy has.

        Raises:
            AlreadyExistsError: There is a file of this name, and it is not to be replaced.
            CannotBackUpError: The path is that of the store or of another one that is open, its folder does not do, or the
                store is in memory.
            StorageUnavailableError: The disk is full, for example.
        """

    def close(self, /) -> Awaitable[None]:
        """
        Closes the store; every later call of any handle raises `ClosedError`.

        Raises:
            StorageError: What is open cannot be closed in order.
        """

    def heads(self, /, vendor: VendorId) -> Awaitable[tuple[ChainHead, ...]]:
        """
        The last entry of every chain of a vendor: keep it elsewhere, and hand it to `verify`.

        Args:
            vendor: The vendor.

        Returns:
            The heads.

        Raises:
            StorageError: The store cannot be read.
        """

    def root_keys(self, /) -> Awaitable[tuple[RootKeyInfo, ...]]:
        """
        The root keys that the store was used with, in the order of their ids, and how many keys of places each still wraps.

        Returns:
            The root keys; never the keys themselves.

        Raises:
            StorageError: The store cannot be read.
        """

    def rotate_place_key(self, /, place: Place, report: Callable[[Rotation], object] | None=None) -> Awaitable[Rotation]:
        """
        Gives a place a new key while its secrets are used, and destroys the old one. A rotation that was broken off is taken
        up where it was.

        Args:
            place: The vendor itself, or one customer.
            report: Hears after each commit how far it is; what it raises is raised when the rotation is over.

        Returns:
            How many secrets were moved, and how many are left.

        Raises:
            NotFoundError: There is no such place.
            SecretKeyError: A key is not at hand, or a value was altered. What was moved until then stays.
            KeyProviderError: The provider gave none.
        """

    def rotate_root_key(self, /, report: Callable[[Rotation], object] | None=None) -> Awaitable[Rotation]:
        """
        Goes over to another root key while the store is used. A rotation that was broken off is taken up where it was.

        Args:
            report: Hears after each commit how far it is; what it raises is raised when the rotation is over.

        Returns:
            How many keys of places were moved, and how many are left.

        Raises:
            SecretKeyError: The old or the new key is not at hand. What was moved until then stays.
            KeyProviderError: The provider gave none.
        """

    def schema_version(self, /) -> Awaitable[int]:
        """
        The version of the store's schema.

        Returns:
            The version.

        Raises:
            StorageError: The store cannot be read.
        """

    def stage_root_key(self, /) -> Awaitable[bool]:
        """
        Notes the root key that the next rotation goes to: the time to hand it to every process.

        Returns:
            Whether there is one to go to.

        Raises:
            SecretKeyError: The store was opened without a root key.
            KeyProviderError: The provider gave none.
        """

    def unstage_root_key(self, /) -> Awaitable[bool]:
        """
        Lets go of a root key that was staged and is not to be gone to, for example because it was lost.

        Returns:
            Whether there was one.

        Raises:
            StorageError: The store cannot be written.
        """

    def verify(self, /, kept_heads: Sequence[ChainHead]=...) -> Awaitable[tuple[Violation, ...]]:
        """
        Checks the whole store: the database itself, every rule that spans rows, every audit chain, every secret.

        Args:
            kept_heads: What `heads` answered earlier: only so entries that were cut off at the end are found.

        Returns:
            What is wrong; nothing when all is well.

        Raises:
            StorageError: The store cannot be read.
        """

@final
class AsyncMembers:
    """
    The members of a place: the vendor itself, or one customer.

    Reading needs `users.view`, changing `users.manage`; of staff who act on a customer `customer_users.view` and
    `customer_users.manage`.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def change_role(self, /, member: MemberId, role: Role, *, at_revision: int | None=None) -> Awaitable[Member]:
        """
        Gives a member another role; it counts with their next operation.

        Needs `users.manage`; of staff who act on a customer `customer_users.manage`.

        Args:
            member: The member.
            role: The new role.
            at_revision: Only if the record is still at this revision.

        Returns:
            The member as it is now.

        Raises:
            NotFoundError: The place has no such member.
            OwnMembershipError: Nobody changes their own role.
            LastAdministratorError: The place would be left without an active Administrator.
            StaleRevisionError: The record moved.
        """

    def find(self, /, user: UserId) -> Awaitable[Member]:
        """
        The member that is this person, for example to name who did what the audit log says.

        Needs `users.view`; of staff who act on a customer `customer_users.view`.

        Args:
            user: The person.

        Returns:
            The member.

        Raises:
            NotFoundError: The place has no such member, or the person has not accepted yet.
        """

    def get(self, /, member: MemberId) -> Awaitable[Member]:
        """
        One member. Needs `users.view`; of staff who act on a customer `customer_users.view`.

        Args:
            member: The member.

        Returns:
            The member.

        Raises:
            NotFoundError: The place has no such member.
        """

    def invite(self, /, name: str, email: str, role: Role, *, valid_for: timedelta | None=None) -> Awaitable[Invited]:
        """
        Invites a person. Into a place that has no Administrator, active or invited, the role becomes Administrator, whatever
        was asked for; the answer says so.

        Needs `users.manage`; of staff who act on a customer `customer_users.manage`.

        Args:
            name: 1 to 200 characters.
            email: Where you send the invitation.
            role: The role to give.
            valid_for: 1 second to 90 days; 7 days unless told otherwise.

        Returns:
            The member, the invitation, and the token for the link that you mail, this once.

        Raises:
            InvalidInputError: A field does not follow its rules.
            AlreadyMemberError: The person is a member already.
            AlreadyInvitedError: The person is invited already; the invitation can be resent.
            TooManyInvitationsError: Too many were sent to this e-mail lately.
        """

    def list(self, /) -> AsyncQuery[Member]:
        """
        The members in the order in which they were invited.

        Needs `users.view`; of staff who act on a customer `customer_users.view`.

        Returns:
            A query: iterate it, or ask for a page.

        Raises:
            PermissionDeniedError: The actor may not; raised when a page is read.
        """

    def remove(self, /, member: MemberId) -> Awaitable[None]:
        """
        Removes a member; an open invitation no longer works. A person without any other membership is erased.

        Needs `users.manage`; of staff who act on a customer `customer_users.manage`.

        Args:
            member: The member.

        Raises:
            NotFoundError: The place has no such member.
            OwnMembershipError: Nobody removes themselves.
            LastAdministratorError: The place would be left without an active Administrator.
        """

    def rename(self, /, member: MemberId, name: str, *, at_revision: int | None=None) -> Awaitable[Member]:
        """
        Renames a member in this place; elsewhere the person keeps their name.

        Needs `users.manage`; of staff who act on a customer `customer_users.manage`.

        Args:
            member: The member.
            name: 1 to 200 characters.
            at_revision: Only if the record is still at this revision.

        Returns:
            The member as it is now.

        Raises:
            NotFoundError: The place has no such member.
            InvalidInputError: The name does not follow the rules.
            StaleRevisionError: The record moved.
        """

    def resume(self, /, member: MemberId) -> Awaitable[Member]:
        """
        Lets a suspended member act again.

        Needs `users.manage`; of staff who act on a customer `customer_users.manage`.

        Args:
            member: The member.

        Returns:
            The member as it is now.

        Raises:
            NotFoundError: The place has no such member.
            OwnMembershipError: Nobody resumes themselves.
            InvalidInputError: The member has not accepted yet.
        """

    def suspend(self, /, member: MemberId) -> Awaitable[Member]:
        """
        Suspends a member: they cannot act, and count as no Administrator, until resumed.

        Needs `users.manage`; of staff who act on a customer `customer_users.manage`.

        Args:
            member: The member.

        Returns:
            The member as it is now.

        Raises:
            NotFoundError: The place has no such member.
            OwnMembershipError: Nobody suspends themselves.
            LastAdministratorError: The place would be left without an active Administrator.
            InvalidInputError: The member has not accepted yet.
        """

@final
class AsyncOutbox:
    """
    The outbox of a store, with the courier that delivers it.

    Any number of processes may deliver from the same store: each mail is in the hands of one of them.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def deliver(self, /) -> Awaitable[Delivered]:
        """
        Delivers what is due, one mail after another. Call it again when the next one is due, and whenever somebody was
        invited.

        A mail that fails is tried again after longer and longer pauses, 12 times in all, as long as its invitation is open.

        Returns:
            What became of the mails, and when the next one is due.

        Raises:
            SecretKeyError: A token does not open; all others were delivered.
            KeyProviderError: The provider of the root key gave none.
            StorageError: The store cannot be read or written.
        """

@final
class AsyncSecrets:
    """
    The secrets of a place: the vendor itself, or one customer.

    Nothing here answers a value; a service resolves them. Reading needs `secrets.view`, changing `secrets.manage`.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def check(self, /, template: str) -> Awaitable[tuple[TemplateProblem, ...]]:
        """
        Everything that is wrong with a template in this place: mistakes, and secrets that it needs and that there are not.

        Needs `secrets.view`.

        Args:
            template: A text with `{{ .Secrets.KEY }}` in it.

        Returns:
            The problems in the order of the text; none when all is well.

        Raises:
            PermissionDeniedError: The actor may not.
        """

    def delete(self, /, key: str, *, although_used: bool=False) -> Awaitable[None]:
        """
        Deletes a secret with all its versions, unless a deployment uses it. Needs `secrets.manage`.

        Args:
            key: The secret's key.
            although_used: Deletes it also when deployments use it; their next rendering fails.

        Raises:
            NotFoundError: There is no such secret.
            SecretInUseError: With the names of the deployments.
        """

    def destroy(self, /, key: str, version: int) -> Awaitable[None]:
        """
        Destroys the value of an earlier version; that it was there stays listed. Needs `secrets.manage`.

        Args:
            key: The secret's key.
            version: The earlier version.

        Raises:
            NotFoundError: There is no such secret, or the version is not kept.
            InvalidInputError: It is the current version.
        """

    def list(self, /) -> AsyncQuery[SecretInfo]:
        """
        The secrets in the order of their keys, without their values. Needs `secrets.view`.

        Returns:
            A query: iterate it, or ask for a page.

        Raises:
            PermissionDeniedError: The actor may not; raised when a page is read.
        """

    def roll_back(self, /, key: str, version: int) -> Awaitable[SecretChange]:
        """
        Gives a secret the value of an earlier version, as a new version. Needs `secrets.manage`.

        Args:
            key: The secret's key.
            version: The earlier version.

        Returns:
            The secret, and the deployments that use it.

        Raises:
            NotFoundError: There is no such secret, or the version is not kept.
            InvalidInputError: It is the current version, or one that was destroyed.
        """

    def set(self, /, key: str, value: str | Secret, *, at_version: int | None=None) -> Awaitable[SecretChange]:
        """
        Sets a secret: makes it, or gives it a new version. It is encrypted before it reaches the store.

        Needs `secrets.manage`.

        Args:
            key: A letter, then letters, digits and underscores, 128 characters at most; it never changes.
            value: 1 byte to 64 KiB of text.
            at_version: Only if its current version is still this one; 0 stands for a secret that there is not yet.

        Returns:
            The secret, and the deployments that use it.

        Raises:
            InvalidInputError: The key or the value does not follow its rules.
            StaleRevisionError: It has another version.
            SecretKeyError: The store was opened without a root key.
        """

    def used_by(self, /, key: str) -> AsyncQuery[SecretUse]:
        """
        The deployments that use a secret, in the order of their ids, with the version that each runs. The secret itself need
        not exist.

        Needs `secrets.view`.

        Args:
            key: The secret's key.

        Returns:
            A query: iterate it, or ask for a page.

        Raises:
            PermissionDeniedError: The actor may not; raised when a page is read.
        """

    def versions(self, /, key: str) -> AsyncQuery[SecretVersion]:
        """
        The versions of a secret that are kept, newest first; never their values. Needs `secrets.view`.

        Args:
            key: The secret's key.

        Returns:
            A query: iterate it, or ask for a page.

        Raises:
            NotFoundError: There is no such secret; raised when a page is read.
        """

@final
class AsyncServiceScope:
    """
    A service of the host application, acting on one place: the only one who gets values of secrets.

    It may do what the catalogue's service rows say, and nothing else. Whatever it reads of values stands in the audit log
    before it gets them.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def __repr__(self, /) -> str:
        ...

    @property
    def actor(self, /) -> str:
        """
        Who acts, as the audit log writes actors.
        """

    def can(self, /, permission: str) -> Awaitable[bool]:
        """
        Whether the actor has the permission here.

        Args:
            permission: Its name in the catalogue, for example `deployments.edit`.

        Returns:
            Whether the actor has it.

        Raises:
            UnknownNameError: The catalogue does not know the permission. Never raised for a "no".
        """

    def explain(self, /, permission: str) -> Awaitable[Explanation]:
        """
        Why the actor has the permission here or not, and what would give it.

        Args:
            permission: Its name in the catalogue, for example `deployments.edit`.

        Returns:
            What was decided and by which condition, who has the permission, and what would give it.

        Raises:
            UnknownNameError: The catalogue does not know the permission.
            NotFoundError: There is no such place, or the actor is no member of it.
        """

    @property
    def place(self, /) -> Place:
        """
        What is acted on.
        """

    def redactor(self, /) -> Awaitable[Redactor]:
        """
        What takes the values of the place's secrets out of logs, all versions that are kept included.

        It holds copies of the values: make it when it is needed, and drop it soon. Writes one audit entry. Needs
        `secrets.resolve`; of a customer, the feature that it belongs to.

        Returns:
            The redactor.

        Raises:
            RedactorTooLargeError: The values are too many or too large to be looked for at once.
        """

    def register_deployment(self, /, id: str, name: str, templates: Sequence[str]=...) -> Awaitable[Deployment]:
        """
        Registers a deployment of the place with its templates, or registers it anew. Needs `deployments.register`.

        Args:
            id: Your own id of it, unique in the place.
            name: Its name.
            templates: The templates that are rendered for it. Only the keys that they refer to are kept.

        Returns:
            The deployment.

        Raises:
            InvalidInputError: A field does not follow its rules.
            TemplateError: The first mistake of a template.
        """

    def remove_deployment(self, /, deployment: str) -> Awaitable[None]:
        """
        Forgets a deployment: it uses no secret any more. Needs `deployments.register`.

        Args:
            deployment: Your own id of it.

        Raises:
            NotFoundError: There is no such deployment.
        """

    def render(self, /, template: str, format: Format) -> Awaitable[Rendered]:
        """
        Fills a template with the secrets that it refers to, in the form that the file wants.

        Writes one audit entry that names place and keys. Needs `secrets.resolve`; of a customer, the feature that it belongs
        to.

        Args:
            template: A text with `{{ .Secrets.KEY }}` in it.
            format: How a value is written.

        Returns:
            The text, and which versions were filled in.

        Raises:
            TemplateError: A mistake, or a secret that it needs and that there is not, with line and column.
        """

    def report_running(self, /, deployment: str, versions: Mapping[str, int] | Iterable[tuple[str, int]]) -> Awaitable[Deployment]:
        """
        Notes which versions of its secrets a deployment runs with, as `resolve` and `render` answered them.

        Needs `deployments.register`.

        Args:
            deployment: Your own id of it.
            versions: The version of each key.

        Returns:
            The deployment as it is now.

        Raises:
            NotFoundError: There is no such deployment, or it does not use such a secret.
        """

    def require(self, /, permission: str) -> Awaitable[None]:
        """
        Passes if the actor has the permission here: the call by which a host guards its own operations.

        Args:
            permission: Its name in the catalogue, for example `deployments.edit`.

        Raises:
            NotFoundError: There is no such place, or the actor is no member of it.
            PermissionDeniedError: The member is suspended, or the role lacks the permission.
            CustomerArchivedError: The customer is archived.
            FeatureDisabledError: The feature that the permission belongs to is off.
            UnknownNameError: The catalogue does not know the permission.
        """

    def resolve(self, /, keys: Sequence[str]) -> Awaitable[tuple[Resolved, ...]]:
        """
        The values of these secrets of the place, in the order of the keys given.

        Writes one audit entry that names place and keys. Needs `secrets.resolve`; of a customer, the feature that it belongs
        to.

        Args:
            keys: The keys of the secrets.

        Returns:
            Key, version and value of each.

        Raises:
            NotFoundError: There is no such place, or no such key.
            CustomerArchivedError: The customer is archived.
            FeatureDisabledError: The feature that secrets belong to is off.
            SecretKeyError: The key that sealed a value is not at hand, or the value was altered.
            InvalidInputError: The name of the service or the reason does not follow its rules.
        """

    def resolve_all(self, /) -> Awaitable[tuple[Resolved, ...]]:
        """
        The values of all secrets of the place, in the order of their keys; otherwise like `resolve`.

        Needs `secrets.resolve`; of a customer, the feature that it belongs to.

        Returns:
            Key, version and value of each.

        Raises:
            SecretKeyError: The key that sealed a value is not at hand, or the value was altered.
        """

    def snapshot(self, /) -> Awaitable[Snapshot]:
        """
        What the actor may do here at this moment: for many questions in one request.

        Returns:
            The snapshot, which decides in memory.

        Raises:
            NotFoundError: There is no such place, or the actor is no member of it.
            PermissionDeniedError: The member is suspended.
            CustomerArchivedError: The customer is archived, and the actor is not the vendor's staff.
        """

    @property
    def user_id(self, /) -> UserId | None:
        """
        `None`: a service is no person.
        """

@final
class AsyncTenantry:
    """
    An open store with its catalogue and keys.

    It has the host's own operations and the ways to a scope. Everything else is done through a scope, which knows who
    acts. Use it in a `with` block, or close it.
    """

    def __aenter__(self, /) -> Awaitable[AsyncTenantry]:
        ...

    def __aexit__(self, exc_type: object, exc_value: object, traceback: object, /) -> Awaitable[None]:
        ...

    def __reduce__(self, /) -> NoReturn:
        ...

    def __repr__(self, /) -> str:
        ...

    def accept_invitation(self, /, token: Secret | str, email: VerifiedEmail) -> Awaitable[AsyncVendorScope | AsyncCustomerScope]:
        """
        Accepts an invitation for the person who is signed in.

        Args:
            token: The token, as it came in the link.
            email: The e-mail of the person, which the host has verified.

        Returns:
            The person's scope, on the vendor or on a customer.

        Raises:
            InvitationInvalidError: For every token that this person cannot use, whatever the reason.
        """

    def bootstrap(self, /, key: str, name: str, first_member: str, email: str) -> Awaitable[AsyncVendorScope]:
        """
        Makes a vendor with its first member, an active Administrator. The host states that it has verified the e-mail.

        Args:
            key: By it the vendor is found again: a lower-case letter, then such letters, digits and hyphens, 64 at most.
            name: The name of the vendor.
            first_member: The name of the person.
            email: The e-mail of the person.

        Returns:
            The person's scope on the vendor.

        Raises:
            AlreadyExistsError: The key is taken.
            InvalidInputError: A key, name or e-mail does not follow the rules.
        """

    @property
    def catalog(self, /) -> Catalog:
        """
        The catalogue of this process.
        """

    def change_email(self, /, vendor: VendorId, user: UserId, email: VerifiedEmail) -> Awaitable[None]:
        """
        Changes the e-mail of a person, who has proved to the host that they read it.

        Args:
            vendor: The vendor.
            user: The person.
            email: The new e-mail, which the host has verified.

        Raises:
            AlreadyExistsError: Another person of the vendor has it.
            NotFoundError: There is no such person.
            InvalidInputError: It is no e-mail address.
        """

    def close(self, /) -> Awaitable[None]:
        """
        Closes the store; every later call of any handle raises `ClosedError`.

        Raises:
            StorageError: What is open cannot be closed in order.
        """

    def customer(self, /, vendor: VendorId, customer: CustomerId, user: UserId) -> AsyncCustomerScope:
        """
        A person acting as a member of one customer. Whether they may is decided with every operation.

        Args:
            vendor: The vendor.
            customer: The customer.
            user: The person.

        Returns:
            The person's scope on the customer.

        Raises:
            InvalidInputError: An id does not read.
        """

    def decline_invitation(self, /, token: Secret | str, email: VerifiedEmail) -> Awaitable[None]:
        """
        Declines an invitation for the person who is signed in; its member goes.

        Args:
            token: The token, as it came in the link.
            email: The e-mail of the person, which the host has verified.

        Raises:
            InvitationInvalidError: For every token that this person cannot use, whatever the reason.
        """

    def find_invitation(self, /, token: Secret | str) -> Awaitable[OpenInvitation]:
        """
        What an invitation is for, for the page behind its link: nothing changes.

        It tells the invited e-mail and the names of the place to whoever has the token, so that the person can be asked to sign
        in, or to sign up, with that e-mail. Whether they read it is yours to verify before they accept.

        Args:
            token: The token, as it came in the link.

        Returns:
            The invitation, as the person invited may see it.

        Raises:
            InvitationInvalidError: For every token that nobody can use, whatever the reason.
        """

    def find_vendor(self, /, key: str) -> Awaitable[Vendor | None]:
        """
        The vendor with this key.

        Args:
            key: The key that it was made with.

        Returns:
            The vendor; `None` when there is none.

        Raises:
            StorageError: The store cannot be read.
        """

    def identify(self, /, vendor: VendorId, email: VerifiedEmail) -> Awaitable[Identity | None]:
        """
        Who a signed-in person is: their id, where they are an active member, and what they can still accept.

        Args:
            vendor: The vendor.
            email: The e-mail, which the host has verified.

        Returns:
            The identity; `None` when the vendor does not know the e-mail.

        Raises:
            InvalidInputError: It is no e-mail address.
        """

    def maintenance(self, /, reason: str) -> AsyncMaintenance:
        """
        The host's maintenance of the store.

        Args:
            reason: 1 to 200 characters, for the log of each operation.

        Returns:
            The maintenance of the store.
        """

    @classmethod
    def open(cls, /, path: str | PathLike[str], *, root_key: RootKey | KeyRing | Passphrase | RootKeyProvider | None=None, catalog: Catalog | None=None, durability: Durability=..., busy_deadline: timedelta=..., allow_network_file_system: bool=False, migrate: bool=True, kept_versions: int=10, outbox: bool=False, clock: FixedClock | None=None, ids: CountingIds | None=None) -> Awaitable[AsyncTenantry]:
        """
        Opens the store in this file, which is made if it does not exist; its folder must.

        Args:
            path: The file. SQLite keeps two more files beside it while it is open.
            root_key: Protects the secrets; without one only secrets do not work.
            catalog: What the product has; the standard catalogue unless told otherwise.
            durability: What an acknowledged commit survives.
            busy_deadline: How long a commit waits for other processes.
            allow_network_file_system: Data may be lost there, so it is refused unless this is true.
            migrate: Whether a file of an older release may be changed; otherwise it is refused.
            kept_versions: How many versions of each secret are kept.
            outbox: Whether invitations are written to an outbox, in the same commit, from which `outbox(…).deliver()` sends
                them. It needs a root key.
            clock: A clock for tests.
            ids: A source of ids for tests.

        Returns:
            The open store.

        Raises:
            CannotOpenError: It says why the file does not do; it is as it was.
            SecretKeyError: With `code` `wrong_root_key`: the store was written with another root key.
            KeyProviderError: The provider of the root key gave none.
        """

    @classmethod
    def open_in_memory(cls, /, *, root_key: RootKey | KeyRing | Passphrase | RootKeyProvider | None=None, catalog: Catalog | None=None, kept_versions: int=10, outbox: bool=False, clock: FixedClock | None=None, ids: CountingIds | None=None) -> Awaitable[AsyncTenantry]:
        """
        Opens a new store in memory: for tests and first steps. It is gone with the last handle.

        Args:
            root_key: Protects the secrets; without one only secrets do not work.
            catalog: What the product has; the standard catalogue unless told otherwise.
            kept_versions: How many versions of each secret are kept.
            outbox: Whether invitations are written to an outbox, in the same commit, from which `outbox(…).deliver()` sends
                them. It needs a root key.
            clock: A clock for tests.
            ids: A source of ids for tests.

        Returns:
            The open store.

        Raises:
            StorageUnavailableError: The operating system gives no random numbers.
        """

    def outbox(self, /, courier: Courier) -> AsyncOutbox:
        """
        The outbox, delivered by this courier. Which invitations are in it, `outbox=` says when the store is opened.

        Args:
            courier: A function that brings one mail, or raises `DeliveryError`. It is called on threads of a pool.

        Returns:
            The outbox.
        """

    def service(self, /, place: Place, name: str, reason: str) -> AsyncServiceScope:
        """
        A service of the host acting on one place: it may do what the catalogue's service rows say.

        Args:
            place: The vendor itself, or one customer.
            name: 1 to 64 letters, digits, `.`, `_` and `-`.
            reason: 1 to 200 characters, for the audit log.

        Returns:
            The service's scope. Whether name and reason follow their rules is said by its operations.

        Raises:
            InvalidInputError: An id of the place does not read.
        """

    def vendor(self, /, vendor: VendorId, user: UserId) -> AsyncVendorScope:
        """
        A person acting as the vendor's staff. Whether they may is decided with every operation.

        Args:
            vendor: The vendor.
            user: The person.

        Returns:
            The person's scope on the vendor.

        Raises:
            InvalidInputError: An id does not read.
        """

    def vendors(self, /) -> AsyncQuery[Vendor]:
        """
        The vendors of the store, in the order of their keys.

        Returns:
            A query: iterate it, or ask for a page.

        Raises:
            StorageError: The store cannot be read; raised when a page is read.
        """

@final
class AsyncVendorScope:
    """
    A member of the vendor's staff, acting on the vendor.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def __repr__(self, /) -> str:
        ...

    @property
    def actor(self, /) -> str:
        """
        Who acts, as the audit log writes actors.
        """

    @property
    def audit(self, /) -> AsyncAudit:
        """
        The audit log of the vendor.
        """

    def can(self, /, permission: str) -> Awaitable[bool]:
        """
        Whether the actor has the permission here.

        Args:
            permission: Its name in the catalogue, for example `deployments.edit`.

        Returns:
            Whether the actor has it.

        Raises:
            UnknownNameError: The catalogue does not know the permission. Never raised for a "no".
        """

    def customer(self, /, customer: CustomerId) -> AsyncCustomerScope:
        """
        The same person, acting on one customer of the vendor. Whether it exists is decided with every operation.

        Args:
            customer: The customer.

        Returns:
            The person's scope on the customer.

        Raises:
            InvalidInputError: The id does not read.
        """

    @property
    def customers(self, /) -> AsyncCustomers:
        """
        The customers: create, find, import.
        """

    @property
    def deployments(self, /) -> AsyncDeployments:
        """
        The deployments of the vendor itself that services registered.
        """

    def erase_user(self, /, user: UserId) -> Awaitable[None]:
        """
        Erases a person in every place of the vendor: name, e-mail, memberships, invitations, and what the log says of them.

        Their id stays as a pseudonym, and the log still verifies. Needs `users.manage` on the vendor.

        Args:
            user: The person.

        Raises:
            NotFoundError: There is no such person.
            OwnMembershipError: Nobody erases themselves.
            SoleAdministratorError: With the places that would be left without an active Administrator.
        """

    def explain(self, /, permission: str) -> Awaitable[Explanation]:
        """
        Why the actor has the permission here or not, and what would give it.

        Args:
            permission: Its name in the catalogue, for example `deployments.edit`.

        Returns:
            What was decided and by which condition, who has the permission, and what would give it.

        Raises:
            UnknownNameError: The catalogue does not know the permission.
            NotFoundError: There is no such place, or the actor is no member of it.
        """

    @property
    def invitations(self, /) -> AsyncInvitations:
        """
        The invitations to the vendor itself.
        """

    @property
    def members(self, /) -> AsyncMembers:
        """
        The vendor's own members.
        """

    @property
    def place(self, /) -> Place:
        """
        What is acted on.
        """

    def require(self, /, permission: str) -> Awaitable[None]:
        """
        Passes if the actor has the permission here: the call by which a host guards its own operations.

        Args:
            permission: Its name in the catalogue, for example `deployments.edit`.

        Raises:
            NotFoundError: There is no such place, or the actor is no member of it.
            PermissionDeniedError: The member is suspended, or the role lacks the permission.
            CustomerArchivedError: The customer is archived.
            FeatureDisabledError: The feature that the permission belongs to is off.
            UnknownNameError: The catalogue does not know the permission.
        """

    @property
    def secrets(self, /) -> AsyncSecrets:
        """
        The vendor's own secrets; they serve the vendor's own deployments only.
        """

    def snapshot(self, /) -> Awaitable[Snapshot]:
        """
        What the actor may do here at this moment: for many questions in one request.

        Returns:
            The snapshot, which decides in memory.

        Raises:
            NotFoundError: There is no such place, or the actor is no member of it.
            PermissionDeniedError: The member is suspended.
            CustomerArchivedError: The customer is archived, and the actor is not the vendor's staff.
        """

    @property
    def user_id(self, /) -> UserId | None:
        """
        The person who acts.
        """

    @property
    def vendor_id(self, /) -> VendorId:
        """
        The vendor's id.
        """

@final
class Audit:
    """
    The audit log: of one place, or of the vendor's whole.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def follow(self, /, *, actor: str | None=None, action: str | None=None, customer: CustomerId | None=None, newest_first: bool=False) -> Query[AuditEntry]:
        """
        The entries of the whole vendor, in the order in which they were committed.

        A page always has a cursor to go on from: what commits later never stands before it. A page without items says that
        there is nothing new; ask again later with its cursor. Needs `audit.view` on the vendor; from a customer's scope
        nobody has it. With the newest first it goes back instead, and the last page has no cursor.

        Args:
            actor: Only those of this actor, as the log writes actors.
            action: Only those of this action, for example `member.removed`.
            customer: Only those of this customer, deleted ones included.
            newest_first: The newest entries first.

        Returns:
            A query: iterate it, or ask for a page.

        Raises:
            PermissionDeniedError: The actor may not; raised when a page is read.
        """

    def list(self, /, *, actor: str | None=None, action: str | None=None, newest_first: bool=False) -> Query[AuditEntry]:
        """
        The entries of this place, oldest first unless told otherwise. Needs `audit.view`.

        Args:
            actor: Only those of this actor, as the log writes actors.
            action: Only those of this action, for example `member.removed`.
            newest_first: The newest entries first.

        Returns:
            A query: iterate it, or ask for a page.

        Raises:
            PermissionDeniedError: The actor may not; raised when a page is read.
        """

@final
class Catalog:
    """
    The features, permissions and sections of one product.

    A catalogue is code: built once when the host starts, checked as a whole, then shared and never changed.
    """

    def allows(self, /, portal: Portal, name: str, role: Role) -> bool:
        """
        Whether the role has the permission on this side, whatever the features; `False` for a name that the side has not.

        Args:
            portal: The side.
            name: The name of a permission.
            role: The role.

        Returns:
            Whether the role has it.
        """

    @staticmethod
    def builder() -> CatalogBuilder:
        """
        A builder that begins with the standard content, for a host that adds to it.

        Returns:
            The builder.
        """

    @property
    def default_features(self, /) -> tuple[str, ...]:
        """
        The features of a new customer with all that they require, in dependency order.
        """

    def disable(self, /, stored: Sequence[str], feature: str) -> StoredChange:
        """
        What disabling a feature would change, and what would be stored from then on.

        Args:
            stored: The names that are stored.
            feature: The feature.

        Returns:
            What would be stored, and what changes.

        Raises:
            UnknownNameError: The catalogue does not know the feature.
        """

    @staticmethod
    def empty() -> CatalogBuilder:
        """
        A builder that begins with nothing, for a host with features and permissions all its own.

        Returns:
            The builder.
        """

    def enable(self, /, stored: Sequence[str], feature: str) -> StoredChange:
        """
        What enabling a feature would change, and what would be stored from then on.

        Args:
            stored: The names that are stored.
            feature: The feature.

        Returns:
            What would be stored, and what changes.

        Raises:
            UnknownNameError: The catalogue does not know the feature.
        """

    def feature(self, /, name: str) -> Feature | None:
        """
        The feature with this name; `None` when the catalogue has none.

        Args:
            name: Its name.

        Returns:
            The feature, or `None`.
        """

    @property
    def features(self, /) -> tuple[Feature, ...]:
        """
        Every feature, in dependency order.
        """

    def knows_permission(self, /, name: str) -> bool:
        """
        Whether any side has a permission of this name.

        Args:
            name: The name of a permission.

        Returns:
            Whether there is one.
        """

    @property
    def permissions(self, /) -> tuple[Permission, ...]:
        """
        Every permission of every side, as they were added.
        """

    def resolve(self, /, stored: Sequence[str]) -> StoredFeatures:
        """
        What the names stored for a customer mean to this catalogue.

        Args:
            stored: The names that are stored.

        Returns:
            What is on, waits for a requirement, and is unknown.
        """

    @property
    def sections(self, /) -> tuple[Section, ...]:
        """
        The sections of the customer portal, in the order in which they are shown.
        """

    @staticmethod
    def standard() -> Catalog:
        """
        The standard catalogue: four features, the permissions of the three sides, the nine sections.

        Returns:
            The catalogue.
        """

@final
class CatalogBuilder:
    """
    Collects features, permissions and sections, in the order in which they are to be shown. Each method answers a new builder.
    """

    def build(self, /) -> Catalog:
        """
        Checks everything and makes the catalogue.

        Returns:
            The catalogue.

        Raises:
            CatalogError: The first thing that is wrong.
        """

    def feature(self, /, feature: Feature) -> CatalogBuilder:
        """
        Adds a feature; it may require features that are added later.

        Args:
            feature: The feature.

        Returns:
            A builder that has it.
        """

    def permission(self, /, permission: Permission) -> CatalogBuilder:
        """
        Adds a permission; its feature may be added later.

        Args:
            permission: The permission.

        Returns:
            A builder that has it.
        """

    def section(self, /, section: Section) -> CatalogBuilder:
        """
        Adds a section after those that are there; its permission may be added later.

        Args:
            section: The section.

        Returns:
            A builder that has it.
        """

@final
class CountingIds:
    """
    Ids that are the same in every run: they count.
    """

    def __new__(cls, /) -> CountingIds:
        ...

@final
class CustomerScope:
    """
    A person acting on one customer: one of its members, or the vendor's staff.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def __repr__(self, /) -> str:
        ...

    @property
    def actor(self, /) -> str:
        """
        Who acts, as the audit log writes actors.
        """

    def archive(self, /) -> Customer:
        """
        Archives the customer: it is hidden from lists, and its members and services are refused. Needs `customers.manage`.

        Returns:
            The customer as it is now.

        Raises:
            CustomerArchivedError: It is archived already.
        """

    @property
    def audit(self, /) -> Audit:
        """
        The audit log of the customer.
        """

    def can(self, /, permission: str) -> bool:
        """
        Whether the actor has the permission here.

        Args:
            permission: Its name in the catalogue, for example `deployments.edit`.

        Returns:
            Whether the actor has it.

        Raises:
            UnknownNameError: The catalogue does not know the permission. Never raised for a "no".
        """

    @property
    def customer_id(self, /) -> CustomerId:
        """
        The customer's id.
        """

    def delete(self, /, name: str) -> None:
        """
        Deletes the customer with its members, invitations, secrets and keys. Needs `customers.delete`.

        Its audit log stays, without details. A person who is left without any membership is erased in the same commit.

        Args:
            name: Repeats the customer's name, as a safeguard.

        Raises:
            InvalidInputError: The name is not the customer's.
        """

    @property
    def deployments(self, /) -> Deployments:
        """
        The deployments of the customer that services registered.
        """

    def explain(self, /, permission: str) -> Explanation:
        """
        Why the actor has the permission here or not, and what would give it.

        Args:
            permission: Its name in the catalogue, for example `deployments.edit`.

        Returns:
            What was decided and by which condition, who has the permission, and what would give it.

        Raises:
            UnknownNameError: The catalogue does not know the permission.
            NotFoundError: There is no such place, or the actor is no member of it.
        """

    def explain_for(self, /, user: UserId, permission: str) -> Explanation:
        """
        Why one of the customer's members has a permission or not, and what would give it: for the vendor's support.

        Needs `customer_users.view` on the vendor's side.

        Args:
            user: The member, as a person.
            permission: Its name in the catalogue, for example `deployments.edit`.

        Returns:
            What was decided and by which condition, who has the permission, and what would give it.

        Raises:
            UnknownNameError: The catalogue does not know the permission.
        """

    @property
    def features(self, /) -> FeatureSwitches:
        """
        The customer's features.
        """

    def get(self, /) -> Customer:
        """
        The customer. Needs `customers.view` of staff, `dashboard.view` of the customer's members.

        Returns:
            The customer.

        Raises:
            NotFoundError: There is no such customer, or the actor is no member of it.
        """

    @property
    def invitations(self, /) -> Invitations:
        """
        The invitations into the customer.
        """

    @property
    def members(self, /) -> Members:
        """
        The customer's members.
        """

    @property
    def place(self, /) -> Place:
        """
        What is acted on.
        """

    def portal(self, /) -> tuple[PortalSection, ...]:
        """
        The sections of the customer portal that the actor may open, in order.

        The vendor's staff see what an Administrator of the customer would see: nothing while it is archived. Needs
        `customers.view` of staff; of the customer's members, to be active.

        Returns:
            The sections.

        Raises:
            PermissionDeniedError: The actor may not.
        """

    def require(self, /, permission: str) -> None:
        """
        Passes if the actor has the permission here: the call by which a host guards its own operations.

        Args:
            permission: Its name in the catalogue, for example `deployments.edit`.

        Raises:
            NotFoundError: There is no such place, or the actor is no member of it.
            PermissionDeniedError: The member is suspended, or the role lacks the permission.
            CustomerArchivedError: The customer is archived.
            FeatureDisabledError: The feature that the permission belongs to is off.
            UnknownNameError: The catalogue does not know the permission.
        """

    @property
    def secrets(self, /) -> Secrets:
        """
        The customer's secrets; they serve this customer's deployments only.
        """

    def snapshot(self, /) -> Snapshot:
        """
        What the actor may do here at this moment: for many questions in one request.

        Returns:
            The snapshot, which decides in memory.

        Raises:
            NotFoundError: There is no such place, or the actor is no member of it.
            PermissionDeniedError: The member is suspended.
            CustomerArchivedError: The customer is archived, and the actor is not the vendor's staff.
        """

    def unarchive(self, /) -> Customer:
        """
        Takes the customer back into use; nothing but the status changes. Needs `customers.manage`.

        Returns:
            The customer as it is now.

        Raises:
            PermissionDeniedError: The actor may not.
        """

    def update(self, /, *, name: str | None=None, external_id: str | EllipsisType | None=..., at_revision: int | None=None) -> Customer:
        """
        Changes what is named, and nothing else. Needs `customers.manage`.

        Args:
            name: The new name.
            external_id: The new external id; `None` takes it away. An archived customer keeps its own.
            at_revision: Only if the record is still at this revision.

        Returns:
            The customer as it is now.

        Raises:
            InvalidInputError: A field does not follow its rules.
            StaleRevisionError: The record moved.
            AlreadyExistsError: The external id is taken.
        """

    @property
    def user_id(self, /) -> UserId | None:
        """
        The person who acts.
        """

@final
class Customers:
    """
    The customers of a vendor, as its staff see them.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def create(self, /, name: str, *, external_id: str | None=None) -> Customer:
        """
        Creates a customer with the features that are on by default. Needs `customers.manage`.

        Args:
            name: 1 to 200 characters; names may repeat.
            external_id: Your own id of it: 1 to 200 characters, unique within the vendor.

        Returns:
            The customer.

        Raises:
            InvalidInputError: A field does not follow its rules.
            AlreadyExistsError: The external id is taken.
        """

    def find(self, /, external_id: str) -> Customer:
        """
        The customer with this external id, active or archived. Needs `customers.view`.

        Args:
            external_id: Your own id of it, compared exactly.

        Returns:
            The customer.

        Raises:
            NotFoundError: There is none.
        """

    def import_rows(self, /, rows: Iterable[NewCustomer | ValueError], report: Callable[[ImportedRow], object] | None=None) -> ImportSummary:
        """
        Creates customers from rows, hundreds in one commit, and reports each row as soon as it is decided.

        A row is created, skipped because its external id exists, or refused; a row without an external id is refused, so that
        a repeated run creates nothing new. A row that its reader could not make out stands as a `ValueError` with the reason.
        A bad row never stops the others. What the iterable or `report` raises ends the import and is raised from here; the
        rows reported until then are done. Needs `customers.manage`.

        Args:
            rows: What to create.
            report: Called with what became of each row; with asyncio, on another thread.

        Returns:
            What became of the rows, by number.

        Raises:
            PermissionDeniedError: The actor may not; also when there is no row.
        """

    def list(self, /, *, text: str=..., features: Sequence[str]=..., status: CustomerStatus | None=...) -> Query[Customer]:
        """
        The customers that pass the filter, in the order of their folded names. Needs `customers.view`.

        Args:
            text: What the name, the external id or a member's e-mail contains, whatever its case.
            features: Features that the customer has.
            status: Active ones unless told otherwise; `None` for any.

        Returns:
            A query: iterate it, or ask for a page.

        Raises:
            UnknownNameError: The catalogue does not know a feature; raised when a page is read.
            PermissionDeniedError: The actor may not; raised when a page is read.
        """

@final
class Deployments:
    """
    The deployments that services registered in a place. Reading needs `deployments.view`.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def list(self, /) -> Query[Deployment]:
        """
        The deployments in the order of their ids, each with the secrets that it uses and the versions that it runs.

        Needs `deployments.view`.

        Returns:
            A query: iterate it, or ask for a page.

        Raises:
            PermissionDeniedError: The actor may not; raised when a page is read.
        """

@final
class FeatureSwitches:
    """
    Switches the features of a customer on and off. What is off is hidden from its members, and refused.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def disable(self, /, feature: str) -> FeatureChange:
        """
        Disables a feature and all that require it, at any depth. Needs `features.manage`.

        Args:
            feature: Its name in the catalogue, for example `alerts`.

        Returns:
            What changed, in dependency order.

        Raises:
            UnknownNameError: The catalogue does not know the feature.
        """

    def enable(self, /, feature: str) -> FeatureChange:
        """
        Enables a feature and all that it requires. Needs `features.manage`.

        Args:
            feature: Its name in the catalogue, for example `alerts`.

        Returns:
            What changed, in dependency order.

        Raises:
            UnknownNameError: The catalogue does not know the feature.
        """

    def list(self, /) -> Features:
        """
        The features of the customer, in dependency order. Its own members see the enabled ones only.

        Needs `customers.view` of staff, `dashboard.view` of the customer's members.

        Returns:
            The features, and what is stored without being on.

        Raises:
            PermissionDeniedError: The actor may not.
        """

    def preview_disable(self, /, feature: str) -> FeatureChange:
        """
        What `disable` would answer; nothing changes. Needs `features.manage`.

        Args:
            feature: Its name in the catalogue, for example `alerts`.

        Returns:
            What would change, in dependency order.

        Raises:
            UnknownNameError: The catalogue does not know the feature.
        """

    def preview_enable(self, /, feature: str) -> FeatureChange:
        """
        What `enable` would answer; nothing changes. Needs `features.manage`.

        Args:
            feature: Its name in the catalogue, for example `alerts`.

        Returns:
            What would change, in dependency order.

        Raises:
            UnknownNameError: The catalogue does not know the feature.
        """

@final
class FixedClock:
    """
    A clock that stands still until it is told to go on; it begins at 2030-01-01T00:00:00Z.
    """

    def __new__(cls, /) -> FixedClock:
        ...

    def advance(self, by: timedelta, /) -> None:
        """
        Goes on by this much.
        """

    def now(self, /) -> datetime:
        """
        The time that it shows.
        """

@final
class Invitations:
    """
    The invitations into a place: the vendor itself, or one customer.

    Reading needs `users.view`, changing `users.manage`; of staff who act on a customer `customer_users.view` and
    `customer_users.manage`.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def get(self, /, invitation: InvitationId) -> Invitation:
        """
        One invitation. Needs `users.view`; of staff who act on a customer `customer_users.view`.

        Args:
            invitation: The invitation.

        Returns:
            The invitation.

        Raises:
            NotFoundError: The place has no such invitation.
        """

    def list(self, /) -> Query[Invitation]:
        """
        The invitations, those that ended included, in the order in which they were made; each with its true state.

        Needs `users.view`; of staff who act on a customer `customer_users.view`.

        Returns:
            A query: iterate it, or ask for a page.

        Raises:
            PermissionDeniedError: The actor may not; raised when a page is read.
        """

    def resend(self, /, invitation: InvitationId) -> Invited:
        """
        Makes a new token for an invitation that was not accepted, and kills the old one.

        It is open for as long as before, from now on; also when it had expired. Needs `users.manage`; of staff who act
        on a customer `customer_users.manage`.

        Args:
            invitation: The invitation.

        Returns:
            The member, the invitation, and the new token, this once.

        Raises:
            NotFoundError: The place has no such invitation.
            InvalidInputError: The invitation has ended.
            TooManyInvitationsError: It was repeated three times in ten minutes.
        """

    def revoke(self, /, invitation: InvitationId) -> None:
        """
        Revokes an invitation that was not accepted: its token no longer works and its member goes.

        Needs `users.manage`; of staff who act on a customer `customer_users.manage`.

        Args:
            invitation: The invitation.

        Raises:
            NotFoundError: The place has no such invitation.
            InvalidInputError: The invitation has ended.
        """

@final
class KeyRing:
    """
    Root keys that the host holds itself: the current one, and others, for a rotation from one to the other.
    """

    def __new__(cls, current: RootKey, /, *others: RootKey) -> KeyRing:
        ...

    @property
    def ids(self, /) -> tuple[str, ...]:
        """
        The ids of its keys in hexadecimal, the current one first.
        """

@final
class Maintenance:
    """
    The host's maintenance of a store: it sees the whole of it, and no permission guards it.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def backup(self, /, path: str | PathLike[str], *, replace: bool=False, report: Callable[[Backup], object] | None=None) -> Backup:
        """
        Copies the whole store into another file while it is used: the store of one moment, with every change that was
        answered before the call.

        Under the name of the file stands nothing before the copy is whole and on the disk. To restore, close the store in
        every process, delete the files beside it that end with `-wal` and `-shm`, put the backup in the place of its file,
        and open it: with the root key that it had then, beside today's in a `KeyRing` if that is another one. Without it
        the secrets in a backup open for nobody. Persons who were erased since must be erased again.

        Args:
            path: The file, in a folder that exists.
            replace: Takes the place of a file that exists, at the moment when the copy is whole.
            report: Hears how far it is, in bytes; what it raises is raised when the backup is over.

        Returns:
            How many bytes the copy has.

        Raises:
            AlreadyExistsError: There is a file of this name, and it is not to be replaced.
            CannotBackUpError: The path is that of the store or of another one that is open, its folder does not do, or the
                store is in memory.
            StorageUnavailableError: The disk is full, for example.
        """

    def close(self, /) -> None:
        """
        Closes the store; every later call of any handle raises `ClosedError`.

        Raises:
            StorageError: What is open cannot be closed in order.
        """

    def heads(self, /, vendor: VendorId) -> tuple[ChainHead, ...]:
        """
        The last entry of every chain of a vendor: keep it elsewhere, and hand it to `verify`.

        Args:
            vendor: The vendor.

        Returns:
            The heads.

        Raises:
            StorageError: The store cannot be read.
        """

    def root_keys(self, /) -> tuple[RootKeyInfo, ...]:
        """
        The root keys that the store was used with, in the order of their ids, and how many keys of places each still wraps.

        Returns:
            The root keys; never the keys themselves.

        Raises:
            StorageError: The store cannot be read.
        """

    def rotate_place_key(self, /, place: Place, report: Callable[[Rotation], object] | None=None) -> Rotation:
        """
        Gives a place a new key while its secrets are used, and destroys the old one. A rotation that was broken off is taken
        up where it was.

        Args:
            place: The vendor itself, or one customer.
            report: Hears after each commit how far it is; what it raises is raised when the rotation is over.

        Returns:
            How many secrets were moved, and how many are left.

        Raises:
            NotFoundError: There is no such place.
            SecretKeyError: A key is not at hand, or a value was altered. What was moved until then stays.
            KeyProviderError: The provider gave none.
        """

    def rotate_root_key(self, /, report: Callable[[Rotation], object] | None=None) -> Rotation:
        """
        Goes over to another root key while the store is used. A rotation that was broken off is taken up where it was.

        Args:
            report: Hears after each commit how far it is; what it raises is raised when the rotation is over.

        Returns:
            How many keys of places were moved, and how many are left.

        Raises:
            SecretKeyError: The old or the new key is not at hand. What was moved until then stays.
            KeyProviderError: The provider gave none.
        """

    def schema_version(self, /) -> int:
        """
        The version of the store's schema.

        Returns:
            The version.

        Raises:
            StorageError: The store cannot be read.
        """

    def stage_root_key(self, /) -> bool:
        """
        Notes the root key that the next rotation goes to: the time to hand it to every process.

        Returns:
            Whether there is one to go to.

        Raises:
            SecretKeyError: The store was opened without a root key.
            KeyProviderError: The provider gave none.
        """

    def unstage_root_key(self, /) -> bool:
        """
        Lets go of a root key that was staged and is not to be gone to, for example because it was lost.

        Returns:
            Whether there was one.

        Raises:
            StorageError: The store cannot be written.
        """

    def verify(self, /, kept_heads: Sequence[ChainHead]=...) -> tuple[Violation, ...]:
        """
        Checks the whole store: the database itself, every rule that spans rows, every audit chain, every secret.

        Args:
            kept_heads: What `heads` answered earlier: only so entries that were cut off at the end are found.

        Returns:
            What is wrong; nothing when all is well.

        Raises:
            StorageError: The store cannot be read.
        """

@final
class Members:
    """
    The members of a place: the vendor itself, or one customer.

    Reading needs `users.view`, changing `users.manage`; of staff who act on a customer `customer_users.view` and
    `customer_users.manage`.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def change_role(self, /, member: MemberId, role: Role, *, at_revision: int | None=None) -> Member:
        """
        Gives a member another role; it counts with their next operation.

        Needs `users.manage`; of staff who act on a customer `customer_users.manage`.

        Args:
            member: The member.
            role: The new role.
            at_revision: Only if the record is still at this revision.

        Returns:
            The member as it is now.

        Raises:
            NotFoundError: The place has no such member.
            OwnMembershipError: Nobody changes their own role.
            LastAdministratorError: The place would be left without an active Administrator.
            StaleRevisionError: The record moved.
        """

    def find(self, /, user: UserId) -> Member:
        """
        The member that is this person, for example to name who did what the audit log says.

        Needs `users.view`; of staff who act on a customer `customer_users.view`.

        Args:
            user: The person.

        Returns:
            The member.

        Raises:
            NotFoundError: The place has no such member, or the person has not accepted yet.
        """

    def get(self, /, member: MemberId) -> Member:
        """
        One member. Needs `users.view`; of staff who act on a customer `customer_users.view`.

        Args:
            member: The member.

        Returns:
            The member.

        Raises:
            NotFoundError: The place has no such member.
        """

    def invite(self, /, name: str, email: str, role: Role, *, valid_for: timedelta | None=None) -> Invited:
        """
        Invites a person. Into a place that has no Administrator, active or invited, the role becomes Administrator, whatever
        was asked for; the answer says so.

        Needs `users.manage`; of staff who act on a customer `customer_users.manage`.

        Args:
            name: 1 to 200 characters.
            email: Where you send the invitation.
            role: The role to give.
            valid_for: 1 second to 90 days; 7 days unless told otherwise.

        Returns:
            The member, the invitation, and the token for the link that you mail, this once.

        Raises:
            InvalidInputError: A field does not follow its rules.
            AlreadyMemberError: The person is a member already.
            AlreadyInvitedError: The person is invited already; the invitation can be resent.
            TooManyInvitationsError: Too many were sent to this e-mail lately.
        """

    def list(self, /) -> Query[Member]:
        """
        The members in the order in which they were invited.

        Needs `users.view`; of staff who act on a customer `customer_users.view`.

        Returns:
            A query: iterate it, or ask for a page.

        Raises:
            PermissionDeniedError: The actor may not; raised when a page is read.
        """

    def remove(self, /, member: MemberId) -> None:
        """
        Removes a member; an open invitation no longer works. A person without any other membership is erased.

        Needs `users.manage`; of staff who act on a customer `customer_users.manage`.

        Args:
            member: The member.

        Raises:
            NotFoundError: The place has no such member.
            OwnMembershipError: Nobody removes themselves.
            LastAdministratorError: The place would be left without an active Administrator.
        """

    def rename(self, /, member: MemberId, name: str, *, at_revision: int | None=None) -> Member:
        """
        Renames a member in this place; elsewhere the person keeps their name.

        Needs `users.manage`; of staff who act on a customer `customer_users.manage`.

        Args:
            member: The member.
            name: 1 to 200 characters.
            at_revision: Only if the record is still at this revision.

        Returns:
            The member as it is now.

        Raises:
            NotFoundError: The place has no such member.
            InvalidInputError: The name does not follow the rules.
            StaleRevisionError: The record moved.
        """

    def resume(self, /, member: MemberId) -> Member:
        """
        Lets a suspended member act again.

        Needs `users.manage`; of staff who act on a customer `customer_users.manage`.

        Args:
            member: The member.

        Returns:
            The member as it is now.

        Raises:
            NotFoundError: The place has no such member.
            OwnMembershipError: Nobody resumes themselves.
            InvalidInputError: The member has not accepted yet.
        """

    def suspend(self, /, member: MemberId) -> Member:
        """
        Suspends a member: they cannot act, and count as no Administrator, until resumed.

        Needs `users.manage`; of staff who act on a customer `customer_users.manage`.

        Args:
            member: The member.

        Returns:
            The member as it is now.

        Raises:
            NotFoundError: The place has no such member.
            OwnMembershipError: Nobody suspends themselves.
            LastAdministratorError: The place would be left without an active Administrator.
            InvalidInputError: The member has not accepted yet.
        """

@final
class Outbox:
    """
    The outbox of a store, with the courier that delivers it.

    Any number of processes may deliver from the same store: each mail is in the hands of one of them.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def deliver(self, /) -> Delivered:
        """
        Delivers what is due, one mail after another. Call it again when the next one is due, and whenever somebody was
        invited.

        A mail that fails is tried again after longer and longer pauses, 12 times in all, as long as its invitation is open.

        Returns:
            What became of the mails, and when the next one is due.

        Raises:
            SecretKeyError: A token does not open; all others were delivered.
            KeyProviderError: The provider of the root key gave none.
            StorageError: The store cannot be read or written.
        """

@final
class Passphrase:
    """
    A passphrase from which the root key is made (Argon2id). Salt and cost stand in the store.

    It is as strong as the passphrase: whoever has the store can try passphrases, each at the cost given.
    """

    def __new__(cls, passphrase: str | Secret, /, *earlier: str | Secret, memory: int | None=None, passes: int | None=None, lanes: int | None=None) -> Passphrase:
        ...

@final
class RedactionStream:
    """
    Redacts a text that comes in pieces, cut anywhere, also inside a character.

    A piece comes out at once, but for an end that may be the beginning of a value. Finish it, or this end is lost.
    """

    def finish(self, /) -> bytes:
        """
        Ends the text.

        Returns:
            What was held back.

        Raises:
            ValueError: The stream is finished.
        """

    def push(self, piece: bytes, /) -> bytes:
        """
        Takes the next piece.

        Args:
            piece: The next bytes.

        Returns:
            What is decided.

        Raises:
            ValueError: The stream is finished.
        """

@final
class Redactor:
    """
    Takes the values of secrets out of texts: in every form that a value takes in a log. It holds copies of the values.
    """

    def __new__(cls, values: Iterable[tuple[str, str | Secret]], /) -> Redactor:
        ...

    @property
    def left_out(self, /) -> tuple[str, ...]:
        """
        The keys with a value that is not redacted because it has fewer than six characters.
        """

    def redact(self, text: str, /) -> str:
        """
        The text without the values.

        Args:
            text: What may hold values.

        Returns:
            The text with `********` in their place.
        """

    def stream(self, /) -> RedactionStream:
        """
        Redacts a text that comes in pieces.

        Returns:
            The stream, which takes the pieces.
        """

@final
class RootKey:
    """
    The key that protects all other keys of a store: 32 bytes, kept by the host outside the store.

    Whoever has it and the store can read every secret; without it no secret can be read again.
    """

    def __copy__(self, /) -> RootKey:
        ...

    def __deepcopy__(self, memo: Any, /) -> RootKey:
        ...

    def __reduce__(self, /) -> NoReturn:
        ...

    def __repr__(self, /) -> str:
        ...

    @staticmethod
    def from_bytes(key: bytes, /) -> RootKey:
        """
        The key with these 32 bytes, which must come from a good source of randomness, for example a KMS.

        Args:
            key: 32 bytes.

        Returns:
            The key.

        Raises:
            ValueError: They are not 32.
        """

    @staticmethod
    def from_env(variable: str) -> RootKey:
        """
        The key in an environment variable: 32 bytes in base64 or hexadecimal.

        Args:
            variable: The name of the variable.

        Returns:
            The key.

        Raises:
            RootKeyError: The variable is not set, or does not hold a key.
        """

    @staticmethod
    def from_file(path: str | PathLike[str]) -> RootKey:
        """
        The key in a file: 32 bytes in base64 or hexadecimal.

        Args:
            path: The file.

        Returns:
            The key.

        Raises:
            RootKeyError: The file cannot be read, or does not hold a key.
        """

    @staticmethod
    def from_file_or_create(path: str | PathLike[str]) -> RootKey:
        """
        The key in a file, which is made with a new key and mode 0600 if it does not exist. Keep a copy of the file elsewhere.

        Args:
            path: The file; its folder must exist.

        Returns:
            The key.

        Raises:
            RootKeyError: The file cannot be read or made, or does not hold a key.
        """

    @staticmethod
    def generate() -> RootKey:
        """
        A new random key. Keep it: once a store has secrets, it opens with no other.

        Returns:
            The key.

        Raises:
            RootKeyError: The operating system gave no random numbers.
        """

    @property
    def id(self, /) -> str:
        """
        The id of the key in hexadecimal, derived from it.
        """

@final
class Secret:
    """
    A secret text: the value of a secret, a rendered template, or the token of an invitation.

    It shows itself nowhere but in `reveal()`: not in `repr`, `str`, a format, or a traceback, and it refuses to be pickled. A
    copy of it is the same object. The extension keeps the value, and wipes it when the object goes; what `reveal()` answers
    is an ordinary `str`, which Python wipes never.
    """

    def __copy__(self, /) -> Secret:
        ...

    def __deepcopy__(self, memo: Any, /) -> Secret:
        ...

    def __format__(self, format_spec: str, /) -> str:
        ...

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any, /) -> Any:
        ...

    def __new__(cls, value: str | Secret, /) -> Secret:
        ...

    def __reduce__(self, /) -> NoReturn:
        ...

    def __repr__(self, /) -> str:
        ...

    def __str__(self, /) -> str:
        ...

    def reveal(self, /) -> str:
        """
        The value itself: hand it to what needs it, and to nothing that keeps or prints it.

        Returns:
            The text.
        """

@final
class Secrets:
    """
    The secrets of a place: the vendor itself, or one customer.

    Nothing here answers a value; a service resolves them. Reading needs `secrets.view`, changing `secrets.manage`.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def check(self, /, template: str) -> tuple[TemplateProblem, ...]:
        """
        Everything that is wrong with a template in this place: mistakes, and secrets that it needs and that there are not.

        Needs `secrets.view`.

        Args:
            template: A text with `{{ .Secrets.KEY }}` in it.

        Returns:
            The problems in the order of the text; none when all is well.

        Raises:
            PermissionDeniedError: The actor may not.
        """

    def delete(self, /, key: str, *, although_used: bool=False) -> None:
        """
        Deletes a secret with all its versions, unless a deployment uses it. Needs `secrets.manage`.

        Args:
            key: The secret's key.
            although_used: Deletes it also when deployments use it; their next rendering fails.

        Raises:
            NotFoundError: There is no such secret.
            SecretInUseError: With the names of the deployments.
        """

    def destroy(self, /, key: str, version: int) -> None:
        """
        Destroys the value of an earlier version; that it was there stays listed. Needs `secrets.manage`.

        Args:
            key: The secret's key.
            version: The earlier version.

        Raises:
            NotFoundError: There is no such secret, or the version is not kept.
            InvalidInputError: It is the current version.
        """

    def list(self, /) -> Query[SecretInfo]:
        """
        The secrets in the order of their keys, without their values. Needs `secrets.view`.

        Returns:
            A query: iterate it, or ask for a page.

        Raises:
            PermissionDeniedError: The actor may not; raised when a page is read.
        """

    def roll_back(self, /, key: str, version: int) -> SecretChange:
        """
        Gives a secret the value of an earlier version, as a new version. Needs `secrets.manage`.

        Args:
            key: The secret's key.
            version: The earlier version.

        Returns:
            The secret, and the deployments that use it.

        Raises:
            NotFoundError: There is no such secret, or the version is not kept.
            InvalidInputError: It is the current version, or one that was destroyed.
        """

    def set(self, /, key: str, value: str | Secret, *, at_version: int | None=None) -> SecretChange:
        """
        Sets a secret: makes it, or gives it a new version. It is encrypted before it reaches the store.

        Needs `secrets.manage`.

        Args:
            key: A letter, then letters, digits and underscores, 128 characters at most; it never changes.
            value: 1 byte to 64 KiB of text.
            at_version: Only if its current version is still this one; 0 stands for a secret that there is not yet.

        Returns:
            The secret, and the deployments that use it.

        Raises:
            InvalidInputError: The key or the value does not follow its rules.
            StaleRevisionError: It has another version.
            SecretKeyError: The store was opened without a root key.
        """

    def used_by(self, /, key: str) -> Query[SecretUse]:
        """
        The deployments that use a secret, in the order of their ids, with the version that each runs. The secret itself need
        not exist.

        Needs `secrets.view`.

        Args:
            key: The secret's key.

        Returns:
            A query: iterate it, or ask for a page.

        Raises:
            PermissionDeniedError: The actor may not; raised when a page is read.
        """

    def versions(self, /, key: str) -> Query[SecretVersion]:
        """
        The versions of a secret that are kept, newest first; never their values. Needs `secrets.view`.

        Args:
            key: The secret's key.

        Returns:
            A query: iterate it, or ask for a page.

        Raises:
            NotFoundError: There is no such secret; raised when a page is read.
        """

@final
class ServiceScope:
    """
    A service of the host application, acting on one place: the only one who gets values of secrets.

    It may do what the catalogue's service rows say, and nothing else. Whatever it reads of values stands in the audit log
    before it gets them.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def __repr__(self, /) -> str:
        ...

    @property
    def actor(self, /) -> str:
        """
        Who acts, as the audit log writes actors.
        """

    def can(self, /, permission: str) -> bool:
        """
        Whether the actor has the permission here.

        Args:
            permission: Its name in the catalogue, for example `deployments.edit`.

        Returns:
            Whether the actor has it.

        Raises:
            UnknownNameError: The catalogue does not know the permission. Never raised for a "no".
        """

    def explain(self, /, permission: str) -> Explanation:
        """
        Why the actor has the permission here or not, and what would give it.

        Args:
            permission: Its name in the catalogue, for example `deployments.edit`.

        Returns:
            What was decided and by which condition, who has the permission, and what would give it.

        Raises:
            UnknownNameError: The catalogue does not know the permission.
            NotFoundError: There is no such place, or the actor is no member of it.
        """

    @property
    def place(self, /) -> Place:
        """
        What is acted on.
        """

    def redactor(self, /) -> Redactor:
        """
        What takes the values of the place's secrets out of logs, all versions that are kept included.

        It holds copies of the values: make it when it is needed, and drop it soon. Writes one audit entry. Needs
        `secrets.resolve`; of a customer, the feature that it belongs to.

        Returns:
            The redactor.

        Raises:
            RedactorTooLargeError: The values are too many or too large to be looked for at once.
        """

    def register_deployment(self, /, id: str, name: str, templates: Sequence[str]=...) -> Deployment:
        """
        Registers a deployment of the place with its templates, or registers it anew. Needs `deployments.register`.

        Args:
            id: Your own id of it, unique in the place.
            name: Its name.
            templates: The templates that are rendered for it. Only the keys that they refer to are kept.

        Returns:
            The deployment.

        Raises:
            InvalidInputError: A field does not follow its rules.
            TemplateError: The first mistake of a template.
        """

    def remove_deployment(self, /, deployment: str) -> None:
        """
        Forgets a deployment: it uses no secret any more. Needs `deployments.register`.

        Args:
            deployment: Your own id of it.

        Raises:
            NotFoundError: There is no such deployment.
        """

    def render(self, /, template: str, format: Format) -> Rendered:
        """
        Fills a template with the secrets that it refers to, in the form that the file wants.

        Writes one audit entry that names place and keys. Needs `secrets.resolve`; of a customer, the feature that it belongs
        to.

        Args:
            template: A text with `{{ .Secrets.KEY }}` in it.
            format: How a value is written.

        Returns:
            The text, and which versions were filled in.

        Raises:
            TemplateError: A mistake, or a secret that it needs and that there is not, with line and column.
        """

    def report_running(self, /, deployment: str, versions: Mapping[str, int] | Iterable[tuple[str, int]]) -> Deployment:
        """
        Notes which versions of its secrets a deployment runs with, as `resolve` and `render` answered them.

        Needs `deployments.register`.

        Args:
            deployment: Your own id of it.
            versions: The version of each key.

        Returns:
            The deployment as it is now.

        Raises:
            NotFoundError: There is no such deployment, or it does not use such a secret.
        """

    def require(self, /, permission: str) -> None:
        """
        Passes if the actor has the permission here: the call by which a host guards its own operations.

        Args:
            permission: Its name in the catalogue, for example `deployments.edit`.

        Raises:
            NotFoundError: There is no such place, or the actor is no member of it.
            PermissionDeniedError: The member is suspended, or the role lacks the permission.
            CustomerArchivedError: The customer is archived.
            FeatureDisabledError: The feature that the permission belongs to is off.
            UnknownNameError: The catalogue does not know the permission.
        """

    def resolve(self, /, keys: Sequence[str]) -> tuple[Resolved, ...]:
        """
        The values of these secrets of the place, in the order of the keys given.

        Writes one audit entry that names place and keys. Needs `secrets.resolve`; of a customer, the feature that it belongs
        to.

        Args:
            keys: The keys of the secrets.

        Returns:
            Key, version and value of each.

        Raises:
            NotFoundError: There is no such place, or no such key.
            CustomerArchivedError: The customer is archived.
            FeatureDisabledError: The feature that secrets belong to is off.
            SecretKeyError: The key that sealed a value is not at hand, or the value was altered.
            InvalidInputError: The name of the service or the reason does not follow its rules.
        """

    def resolve_all(self, /) -> tuple[Resolved, ...]:
        """
        The values of all secrets of the place, in the order of their keys; otherwise like `resolve`.

        Needs `secrets.resolve`; of a customer, the feature that it belongs to.

        Returns:
            Key, version and value of each.

        Raises:
            SecretKeyError: The key that sealed a value is not at hand, or the value was altered.
        """

    def snapshot(self, /) -> Snapshot:
        """
        What the actor may do here at this moment: for many questions in one request.

        Returns:
            The snapshot, which decides in memory.

        Raises:
            NotFoundError: There is no such place, or the actor is no member of it.
            PermissionDeniedError: The member is suspended.
            CustomerArchivedError: The customer is archived, and the actor is not the vendor's staff.
        """

    @property
    def user_id(self, /) -> UserId | None:
        """
        `None`: a service is no person.
        """

@final
class Snapshot:
    """
    What an actor may do at one moment: decides in memory, as often as one request needs.

    It does not follow later changes; take a new one for each request.
    """

    def can(self, permission: str, /) -> bool:
        """
        Whether the actor may do this.

        Args:
            permission: Its name in the catalogue, for example `deployments.edit`.

        Returns:
            Whether the actor has it.

        Raises:
            UnknownNameError: The catalogue does not know the permission.
        """

    @property
    def role(self, /) -> Role | None:
        """
        The role of the member; `None` for a service.
        """

    def sections(self, /) -> tuple[PortalSection, ...]:
        """
        The sections of the customer portal that the actor may open, in the catalogue's order.

        Returns:
            The sections; none for a service.
        """

    @property
    def state(self, /) -> int:
        """
        Which state of the place it was taken from: a number that moves with members, roles, features and status.
        """

@final
class Template:
    """
    A template that has been read: a closed subset of Go's `text/template`.
    """

    def __new__(cls, text: str, /) -> Template:
        ...

    @staticmethod
    def check(text: str, known: Sequence[str]=...) -> tuple[TemplateProblem, ...]:
        """
        Everything that is wrong with a template, in the order of its text.

        Args:
            text: The template.
            known: The keys of the secrets that there are.

        Returns:
            The problems; none when all is well.
        """

    @property
    def references(self, /) -> tuple[str, ...]:
        """
        The keys of the secrets that the template refers to, sorted, each once.
        """

    def render(self, /, secrets: Mapping[str, str | Secret], format: Format) -> Secret:
        """
        Renders the template with these secrets.

        Args:
            secrets: Values by key.
            format: How a value is written.

        Returns:
            The text.

        Raises:
            TemplateError: The output needs a secret that is missing, or a value cannot be written in its place.
        """

@final
class Tenantry:
    """
    An open store with its catalogue and keys.

    It has the host's own operations and the ways to a scope. Everything else is done through a scope, which knows who
    acts. Use it in a `with` block, or close it.
    """

    def __enter__(self, /) -> Tenantry:
        ...

    def __exit__(self, exc_type: object, exc_value: object, traceback: object, /) -> None:
        ...

    def __reduce__(self, /) -> NoReturn:
        ...

    def __repr__(self, /) -> str:
        ...

    def accept_invitation(self, /, token: Secret | str, email: VerifiedEmail) -> VendorScope | CustomerScope:
        """
        Accepts an invitation for the person who is signed in.

        Args:
            token: The token, as it came in the link.
            email: The e-mail of the person, which the host has verified.

        Returns:
            The person's scope, on the vendor or on a customer.

        Raises:
            InvitationInvalidError: For every token that this person cannot use, whatever the reason.
        """

    def bootstrap(self, /, key: str, name: str, first_member: str, email: str) -> VendorScope:
        """
        Makes a vendor with its first member, an active Administrator. The host states that it has verified the e-mail.

        Args:
            key: By it the vendor is found again: a lower-case letter, then such letters, digits and hyphens, 64 at most.
            name: The name of the vendor.
            first_member: The name of the person.
            email: The e-mail of the person.

        Returns:
            The person's scope on the vendor.

        Raises:
            AlreadyExistsError: The key is taken.
            InvalidInputError: A key, name or e-mail does not follow the rules.
        """

    @property
    def catalog(self, /) -> Catalog:
        """
        The catalogue of this process.
        """

    def change_email(self, /, vendor: VendorId, user: UserId, email: VerifiedEmail) -> None:
        """
        Changes the e-mail of a person, who has proved to the host that they read it.

        Args:
            vendor: The vendor.
            user: The person.
            email: The new e-mail, which the host has verified.

        Raises:
            AlreadyExistsError: Another person of the vendor has it.
            NotFoundError: There is no such person.
            InvalidInputError: It is no e-mail address.
        """

    def close(self, /) -> None:
        """
        Closes the store; every later call of any handle raises `ClosedError`.

        Raises:
            StorageError: What is open cannot be closed in order.
        """

    def customer(self, /, vendor: VendorId, customer: CustomerId, user: UserId) -> CustomerScope:
        """
        A person acting as a member of one customer. Whether they may is decided with every operation.

        Args:
            vendor: The vendor.
            customer: The customer.
            user: The person.

        Returns:
            The person's scope on the customer.

        Raises:
            InvalidInputError: An id does not read.
        """

    def decline_invitation(self, /, token: Secret | str, email: VerifiedEmail) -> None:
        """
        Declines an invitation for the person who is signed in; its member goes.

        Args:
            token: The token, as it came in the link.
            email: The e-mail of the person, which the host has verified.

        Raises:
            InvitationInvalidError: For every token that this person cannot use, whatever the reason.
        """

    def find_invitation(self, /, token: Secret | str) -> OpenInvitation:
        """
        What an invitation is for, for the page behind its link: nothing changes.

        It tells the invited e-mail and the names of the place to whoever has the token, so that the person can be asked to sign
        in, or to sign up, with that e-mail. Whether they read it is yours to verify before they accept.

        Args:
            token: The token, as it came in the link.

        Returns:
            The invitation, as the person invited may see it.

        Raises:
            InvitationInvalidError: For every token that nobody can use, whatever the reason.
        """

    def find_vendor(self, /, key: str) -> Vendor | None:
        """
        The vendor with this key.

        Args:
            key: The key that it was made with.

        Returns:
            The vendor; `None` when there is none.

        Raises:
            StorageError: The store cannot be read.
        """

    def identify(self, /, vendor: VendorId, email: VerifiedEmail) -> Identity | None:
        """
        Who a signed-in person is: their id, where they are an active member, and what they can still accept.

        Args:
            vendor: The vendor.
            email: The e-mail, which the host has verified.

        Returns:
            The identity; `None` when the vendor does not know the e-mail.

        Raises:
            InvalidInputError: It is no e-mail address.
        """

    def maintenance(self, /, reason: str) -> Maintenance:
        """
        The host's maintenance of the store.

        Args:
            reason: 1 to 200 characters, for the log of each operation.

        Returns:
            The maintenance of the store.
        """

    @classmethod
    def open(cls, /, path: str | PathLike[str], *, root_key: RootKey | KeyRing | Passphrase | RootKeyProvider | None=None, catalog: Catalog | None=None, durability: Durability=..., busy_deadline: timedelta=..., allow_network_file_system: bool=False, migrate: bool=True, kept_versions: int=10, outbox: bool=False, clock: FixedClock | None=None, ids: CountingIds | None=None) -> Tenantry:
        """
        Opens the store in this file, which is made if it does not exist; its folder must.

        Args:
            path: The file. SQLite keeps two more files beside it while it is open.
            root_key: Protects the secrets; without one only secrets do not work.
            catalog: What the product has; the standard catalogue unless told otherwise.
            durability: What an acknowledged commit survives.
            busy_deadline: How long a commit waits for other processes.
            allow_network_file_system: Data may be lost there, so it is refused unless this is true.
            migrate: Whether a file of an older release may be changed; otherwise it is refused.
            kept_versions: How many versions of each secret are kept.
            outbox: Whether invitations are written to an outbox, in the same commit, from which `outbox(…).deliver()` sends
                them. It needs a root key.
            clock: A clock for tests.
            ids: A source of ids for tests.

        Returns:
            The open store.

        Raises:
            CannotOpenError: It says why the file does not do; it is as it was.
            SecretKeyError: With `code` `wrong_root_key`: the store was written with another root key.
            KeyProviderError: The provider of the root key gave none.
        """

    @classmethod
    def open_in_memory(cls, /, *, root_key: RootKey | KeyRing | Passphrase | RootKeyProvider | None=None, catalog: Catalog | None=None, kept_versions: int=10, outbox: bool=False, clock: FixedClock | None=None, ids: CountingIds | None=None) -> Tenantry:
        """
        Opens a new store in memory: for tests and first steps. It is gone with the last handle.

        Args:
            root_key: Protects the secrets; without one only secrets do not work.
            catalog: What the product has; the standard catalogue unless told otherwise.
            kept_versions: How many versions of each secret are kept.
            outbox: Whether invitations are written to an outbox, in the same commit, from which `outbox(…).deliver()` sends
                them. It needs a root key.
            clock: A clock for tests.
            ids: A source of ids for tests.

        Returns:
            The open store.

        Raises:
            StorageUnavailableError: The operating system gives no random numbers.
        """

    def outbox(self, /, courier: Courier) -> Outbox:
        """
        The outbox, delivered by this courier. Which invitations are in it, `outbox=` says when the store is opened.

        Args:
            courier: A function that brings one mail, or raises `DeliveryError`. It is called on threads of a pool.

        Returns:
            The outbox.
        """

    def service(self, /, place: Place, name: str, reason: str) -> ServiceScope:
        """
        A service of the host acting on one place: it may do what the catalogue's service rows say.

        Args:
            place: The vendor itself, or one customer.
            name: 1 to 64 letters, digits, `.`, `_` and `-`.
            reason: 1 to 200 characters, for the audit log.

        Returns:
            The service's scope. Whether name and reason follow their rules is said by its operations.

        Raises:
            InvalidInputError: An id of the place does not read.
        """

    def vendor(self, /, vendor: VendorId, user: UserId) -> VendorScope:
        """
        A person acting as the vendor's staff. Whether they may is decided with every operation.

        Args:
            vendor: The vendor.
            user: The person.

        Returns:
            The person's scope on the vendor.

        Raises:
            InvalidInputError: An id does not read.
        """

    def vendors(self, /) -> Query[Vendor]:
        """
        The vendors of the store, in the order of their keys.

        Returns:
            A query: iterate it, or ask for a page.

        Raises:
            StorageError: The store cannot be read; raised when a page is read.
        """

@final
class VendorScope:
    """
    A member of the vendor's staff, acting on the vendor.
    """

    def __reduce__(self, /) -> NoReturn:
        ...

    def __repr__(self, /) -> str:
        ...

    @property
    def actor(self, /) -> str:
        """
        Who acts, as the audit log writes actors.
        """

    @property
    def audit(self, /) -> Audit:
        """
        The audit log of the vendor.
        """

    def can(self, /, permission: str) -> bool:
        """
        Whether the actor has the permission here.

        Args:
            permission: Its name in the catalogue, for example `deployments.edit`.

        Returns:
            Whether the actor has it.

        Raises:
            UnknownNameError: The catalogue does not know the permission. Never raised for a "no".
        """

    def customer(self, /, customer: CustomerId) -> CustomerScope:
        """
        The same person, acting on one customer of the vendor. Whether it exists is decided with every operation.

        Args:
            customer: The customer.

        Returns:
            The person's scope on the customer.

        Raises:
            InvalidInputError: The id does not read.
        """

    @property
    def customers(self, /) -> Customers:
        """
        The customers: create, find, import.
        """

    @property
    def deployments(self, /) -> Deployments:
        """
        The deployments of the vendor itself that services registered.
        """

    def erase_user(self, /, user: UserId) -> None:
        """
        Erases a person in every place of the vendor: name, e-mail, memberships, invitations, and what the log says of them.

        Their id stays as a pseudonym, and the log still verifies. Needs `users.manage` on the vendor.

        Args:
            user: The person.

        Raises:
            NotFoundError: There is no such person.
            OwnMembershipError: Nobody erases themselves.
            SoleAdministratorError: With the places that would be left without an active Administrator.
        """

    def explain(self, /, permission: str) -> Explanation:
        """
        Why the actor has the permission here or not, and what would give it.

        Args:
            permission: Its name in the catalogue, for example `deployments.edit`.

        Returns:
            What was decided and by which condition, who has the permission, and what would give it.

        Raises:
            UnknownNameError: The catalogue does not know the permission.
            NotFoundError: There is no such place, or the actor is no member of it.
        """

    @property
    def invitations(self, /) -> Invitations:
        """
        The invitations to the vendor itself.
        """

    @property
    def members(self, /) -> Members:
        """
        The vendor's own members.
        """

    @property
    def place(self, /) -> Place:
        """
        What is acted on.
        """

    def require(self, /, permission: str) -> None:
        """
        Passes if the actor has the permission here: the call by which a host guards its own operations.

        Args:
            permission: Its name in the catalogue, for example `deployments.edit`.

        Raises:
            NotFoundError: There is no such place, or the actor is no member of it.
            PermissionDeniedError: The member is suspended, or the role lacks the permission.
            CustomerArchivedError: The customer is archived.
            FeatureDisabledError: The feature that the permission belongs to is off.
            UnknownNameError: The catalogue does not know the permission.
        """

    @property
    def secrets(self, /) -> Secrets:
        """
        The vendor's own secrets; they serve the vendor's own deployments only.
        """

    def snapshot(self, /) -> Snapshot:
        """
        What the actor may do here at this moment: for many questions in one request.

        Returns:
            The snapshot, which decides in memory.

        Raises:
            NotFoundError: There is no such place, or the actor is no member of it.
            PermissionDeniedError: The member is suspended.
            CustomerArchivedError: The customer is archived, and the actor is not the vendor's staff.
        """

    @property
    def user_id(self, /) -> UserId | None:
        """
        The person who acts.
        """

    @property
    def vendor_id(self, /) -> VendorId:
        """
        The vendor's id.
        """

def error_codes() -> tuple[str, ...]:
    """
    The codes of all errors of the Rust API; the tests hold the exceptions against them.
    """

def nothing(argument: str, /) -> bool:
    """
    Does nothing: what a call into the extension costs at least, for the figures.
    """

def operations() -> dict[str, tuple[str, ...]]:
    """
    The names of all operations of the Rust API with the permissions that they need, from whatever side; the tests hold the
    package against them.
    """
