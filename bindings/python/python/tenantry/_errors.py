"""The exceptions, by what a caller does next. Each has `code`, the stable name that logs use, and fields of its own."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import ClassVar

    from tenantry._records.members import RemainingMember
    from tenantry._records.places import Place
    from tenantry._records.words import CustomerId, Denial, InvitationId, MemberId, Role


class TenantryError(Exception):
    """Why an operation did not happen. Nothing was changed, unless it is an `OutcomeUnknownError`."""

    codes: ClassVar[tuple[str, ...]] = ()
    """The codes that this class stands for."""

    code: str
    """A stable name of the kind of error."""
    is_retryable: bool
    """Whether the same call may succeed later although nothing is corrected."""

    def __init__(self, message: str, code: str, is_retryable: bool, *fields: object) -> None:
        # All of it, so that an exception is pickled and copied whole.
        super().__init__(message, code, is_retryable, *fields)
        self.code = code
        self.is_retryable = is_retryable

    def __str__(self) -> str:
        return str(self.args[0])

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.args == getattr(other, "args", None)

    def __hash__(self) -> int:
        return hash((type(self), self.args))


class InvalidInputError(TenantryError):
    """What was given does not follow the rules of its field: correct it."""

    codes: ClassVar[tuple[str, ...]] = ("invalid_input",)
    field: str
    reason: str

    def __init__(self, message: str, code: str, is_retryable: bool, field: str, reason: str) -> None:
        super().__init__(message, code, is_retryable, field, reason)
        self.field, self.reason = field, reason


class UnknownNameError(TenantryError):
    """A permission or feature that the catalogue does not know: a mistake in the program."""

    codes: ClassVar[tuple[str, ...]] = ("unknown_name",)
    kind: str
    name: str

    def __init__(self, message: str, code: str, is_retryable: bool, kind: str, name: str) -> None:
        super().__init__(message, code, is_retryable, kind, name)
        self.kind, self.name = kind, name


class TemplateError(TenantryError):
    """A template has a mistake, or needs a secret that there is not."""

    codes: ClassVar[tuple[str, ...]] = ("invalid_template", "missing_secret")
    line: int
    column: int
    key: str | None
    """The key of the secret that is missing."""

    def __init__(self, message: str, code: str, is_retryable: bool, line: int, column: int, key: str | None) -> None:
        super().__init__(message, code, is_retryable, line, column, key)
        self.line, self.column, self.key = line, column, key


class NotFoundError(TenantryError):
    """It does not exist, or is not the caller's to know."""

    codes: ClassVar[tuple[str, ...]] = ("not_found",)
    kind: str
    """What was looked for, for example `customer`."""

    def __init__(self, message: str, code: str, is_retryable: bool, kind: str) -> None:
        super().__init__(message, code, is_retryable, kind)
        self.kind = kind


class InvitationInvalidError(TenantryError):
    """The token cannot be used by this person, for whatever reason."""

    codes: ClassVar[tuple[str, ...]] = ("invitation_invalid",)


class DeniedError(TenantryError):
    """The actor may not, here and now."""


class PermissionDeniedError(DeniedError):
    """The actor may not do this."""

    codes: ClassVar[tuple[str, ...]] = ("permission_denied",)
    actor: str
    permission: str
    denial: Denial
    role: Role | None
    """The role that lacks the permission."""

    def __init__(
        self,
        message: str,
        code: str,
        is_retryable: bool,
        actor: str,
        permission: str,
        denial: Denial,
        role: Role | None,
    ) -> None:
        super().__init__(message, code, is_retryable, actor, permission, denial, role)
        self.actor, self.permission, self.denial, self.role = actor, permission, denial, role


class CustomerArchivedError(DeniedError):
    """The customer is archived: its members and services are refused, staff may do little."""

    codes: ClassVar[tuple[str, ...]] = ("customer_archived",)
    customer: CustomerId

    def __init__(self, message: str, code: str, is_retryable: bool, customer: CustomerId) -> None:
        super().__init__(message, code, is_retryable, customer)
        self.customer = customer


class FeatureDisabledError(DeniedError):
    """The customer does not have the feature that a permission belongs to."""

    codes: ClassVar[tuple[str, ...]] = ("feature_disabled",)
    permission: str
    feature: str
    enable: tuple[str, ...]
    """The features that must be enabled, in dependency order."""

    def __init__(
        self, message: str, code: str, is_retryable: bool, permission: str, feature: str, enable: tuple[str, ...]
    ) -> None:
        super().__init__(message, code, is_retryable, permission, feature, enable)
        self.permission, self.feature, self.enable = permission, feature, enable


class OwnMembershipError(DeniedError):
    """Nobody changes their own role, or suspends, removes or erases themselves."""

    codes: ClassVar[tuple[str, ...]] = ("own_membership",)


class ConflictError(TenantryError):
    """It does not go together with what there is: look again, and decide."""


class AlreadyExistsError(ConflictError):
    """A value that must be unique is taken."""

    codes: ClassVar[tuple[str, ...]] = ("already_exists",)
    field: str
    value: str

    def __init__(self, message: str, code: str, is_retryable: bool, field: str, value: str) -> None:
        super().__init__(message, code, is_retryable, field, value)
        self.field, self.value = field, value


class StaleRevisionError(ConflictError):
    """The record moved since it was read."""

    codes: ClassVar[tuple[str, ...]] = ("stale_revision",)
    expected: int
    found: int

    def __init__(self, message: str, code: str, is_retryable: bool, expected: int, found: int) -> None:
        super().__init__(message, code, is_retryable, expected, found)
        self.expected, self.found = expected, found


class AlreadyMemberError(ConflictError):
    """The person is a member of the place already."""

    codes: ClassVar[tuple[str, ...]] = ("already_member",)
    member: MemberId

    def __init__(self, message: str, code: str, is_retryable: bool, member: MemberId) -> None:
        super().__init__(message, code, is_retryable, member)
        self.member = member


class AlreadyInvitedError(ConflictError):
    """The person has an open invitation into the place; it can be resent."""

    codes: ClassVar[tuple[str, ...]] = ("already_invited",)
    invitation: InvitationId

    def __init__(self, message: str, code: str, is_retryable: bool, invitation: InvitationId) -> None:
        super().__init__(message, code, is_retryable, invitation)
        self.invitation = invitation


class LastAdministratorError(ConflictError):
    """The place would be left without an active Administrator."""

    codes: ClassVar[tuple[str, ...]] = ("last_administrator",)
    remaining: tuple[RemainingMember, ...]
    """The members that are not the one acted on, at most the first 100."""

    def __init__(
        self, message: str, code: str, is_retryable: bool, remaining: tuple[RemainingMember, ...]
    ) -> None:
        super().__init__(message, code, is_retryable, remaining)
        self.remaining = remaining


class SoleAdministratorError(ConflictError):
    """The person is the last active Administrator of some places that others are members of."""

    codes: ClassVar[tuple[str, ...]] = ("sole_administrator",)
    places: tuple[Place, ...]

    def __init__(self, message: str, code: str, is_retryable: bool, places: tuple[Place, ...]) -> None:
        super().__init__(message, code, is_retryable, places)
        self.places = places


class SecretInUseError(ConflictError):
    """Deployments use the secret."""

    codes: ClassVar[tuple[str, ...]] = ("secret_in_use",)
    key: str
    deployments: tuple[str, ...]
    """Their names, at most the first 100."""
    has_more: bool

    def __init__(
        self, message: str, code: str, is_retryable: bool, key: str, deployments: tuple[str, ...], has_more: bool
    ) -> None:
        super().__init__(message, code, is_retryable, key, deployments, has_more)
        self.key, self.deployments, self.has_more = key, deployments, has_more


class RetryLaterError(TenantryError):
    """The same call may succeed later although nothing is corrected."""


class TooManyInvitationsError(RetryLaterError):
    """Too many invitations were sent to one e-mail for one place lately."""

    codes: ClassVar[tuple[str, ...]] = ("too_many_invitations",)
    retry_at: datetime

    def __init__(self, message: str, code: str, is_retryable: bool, retry_at: datetime) -> None:
        super().__init__(message, code, is_retryable, retry_at)
        self.retry_at = retry_at


class ContendedError(RetryLaterError):
    """Others changed the same place again and again, or too many commits wait."""

    codes: ClassVar[tuple[str, ...]] = ("contended", "overloaded")


class KeyProviderError(RetryLaterError):
    """The provider of the root key did not give one; the cause is what it raised."""

    codes: ClassVar[tuple[str, ...]] = ("key_provider_failed", "key_provider_timed_out")


class StorageUnavailableError(RetryLaterError):
    """The store could not answer now, for example because the disk is full."""

    codes: ClassVar[tuple[str, ...]] = ("storage_unavailable",)


class SecretKeyError(TenantryError):
    """A secret cannot be opened or sealed: the key is not at hand, or is not the right one, or the value was altered."""

    codes: ClassVar[tuple[str, ...]] = ("key_not_available", "unsupported_format", "decryption_failed", "wrong_root_key")


class RedactorTooLargeError(TenantryError):
    """The secrets of the place are too many or too large to be looked for at once."""

    codes: ClassVar[tuple[str, ...]] = ("redactor_too_large",)


class StorageError(TenantryError):
    """The store failed: it is read-only, or corrupt, or does not keep its contract."""

    codes: ClassVar[tuple[str, ...]] = ("storage_read_only", "storage_corrupt", "storage_contract")


class OutcomeUnknownError(StorageError):
    """The change may or may not have been made; read before you repeat it."""

    codes: ClassVar[tuple[str, ...]] = ("outcome_unknown",)


class CannotOpenError(StorageError):
    """The store could not be opened; its files are as they were."""

    codes: ClassVar[tuple[str, ...]] = ("cannot_open",)


class CannotBackUpError(StorageError):
    """The store cannot be copied, or not into this file; what stands there is as it was."""

    codes: ClassVar[tuple[str, ...]] = ("cannot_back_up",)


class ClosedError(StorageError):
    """The store was closed, or is in the memory of the process that this one is a fork of: open one."""

    codes: ClassVar[tuple[str, ...]] = ("closed", "forked")


class CatalogError(TenantryError):
    """A catalogue could not be built."""

    codes: ClassVar[tuple[str, ...]] = (
        "catalog_cycle",
        "catalog_unknown_name",
        "catalog_duplicate",
        "catalog_invalid_name",
        "catalog_invalid_permission",
    )
    names: tuple[str, ...]
    """The names that it is about; of a cycle, each requires the next."""

    def __init__(self, message: str, code: str, is_retryable: bool, names: tuple[str, ...]) -> None:
        super().__init__(message, code, is_retryable, names)
        self.names = names


class RootKeyError(TenantryError):
    """There is no root key to be had: no such variable or file, or no key in it."""

    codes: ClassVar[tuple[str, ...]] = ("root_key_unset", "root_key_malformed", "root_key_file", "root_key_random")
