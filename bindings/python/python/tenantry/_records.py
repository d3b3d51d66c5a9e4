"""The records and enums that operations take and answer. The native half makes them in the order of their fields."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, NewType, TypeVar

from tenantry._tenantry import RootKey, Secret

VendorId = NewType("VendorId", str)
"""A vendor: who sells software."""
CustomerId = NewType("CustomerId", str)
"""A customer of a vendor."""
UserId = NewType("UserId", str)
"""A person, known by e-mail within one vendor."""
MemberId = NewType("MemberId", str)
"""One membership of a person in one place."""
InvitationId = NewType("InvitationId", str)
"""An invitation of a person into a place."""
DeliveryId = NewType("DeliveryId", str)
"""One delivery from the outbox: the same in all its attempts, a new one with every token."""
SecretId = NewType("SecretId", str)
"""A secret of a place."""
VerifiedEmail = NewType("VerifiedEmail", str)
"""An e-mail that the host has verified to be that of the person who is signed in. tenantry takes the host's word for it."""

T = TypeVar("T")


class Role(StrEnum):
    """What a member of a place may do."""

    ADMINISTRATOR = "administrator"
    USER = "user"
    VIEWER = "viewer"


class Portal(StrEnum):
    """The side from which something is asked."""

    VENDOR = "vendor"
    CUSTOMER = "customer"
    SERVICE = "service"


class CustomerStatus(StrEnum):
    """Whether a customer is in use."""

    ACTIVE = "active"
    ARCHIVED = "archived"


class MemberState(StrEnum):
    """Where a member stands."""

    INVITED = "invited"
    ACTIVE = "active"
    SUSPENDED = "suspended"


class InvitationStatus(StrEnum):
    """What became of an invitation."""

    PENDING = "pending"
    EXPIRED = "expired"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    REVOKED = "revoked"
    REPLACED = "replaced"


class DeliveryState(StrEnum):
    """Where the delivery of an invitation stands."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


class DeliveryFailure(StrEnum):
    """How an attempt to deliver ended that did not succeed."""

    POSTPONED = "postponed"
    """It was not sent, and may be later: it is tried again."""
    REFUSED = "refused"
    """It was refused for good: it is not tried again."""
    UNKNOWN = "unknown"
    """It may have been sent. It is tried again, as the same message."""


class RootKeyState(StrEnum):
    """Where a root key stands in its life."""

    STAGED = "staged"
    PROMOTED = "promoted"
    SUPERSEDED = "superseded"
    RETIRED = "retired"


class Decision(StrEnum):
    """What was decided, and by which condition: the first that does not hold."""

    ALLOWED = "allowed"
    NOT_FOUND = "not_found"
    SUSPENDED = "suspended"
    ARCHIVED = "archived"
    ROLE = "role"
    FEATURE = "feature"


class Denial(StrEnum):
    """Why a permission was denied to a member."""

    SUSPENDED = "suspended"
    ROLE = "role"
    PORTAL = "portal"


class ImportOutcome(StrEnum):
    """What became of a row of an import."""

    CREATED = "created"
    SKIPPED = "skipped"
    REFUSED = "refused"


class Durability(StrEnum):
    """What an acknowledged commit survives."""

    POWER_LOSS = "power_loss"
    PROCESS_CRASH = "process_crash"


class Format(StrEnum):
    """For what a template is rendered."""

    PLAIN = "plain"
    ENV = "env"
    YAML = "yaml"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list."""

    items: tuple[T, ...]
    """The items, in the order of the list."""
    next_cursor: str | None
    """Hand it back to get the next page; `None` on the last one."""


@dataclass(frozen=True, slots=True)
class Place:
    """The vendor itself, or one customer of it."""

    vendor: VendorId
    customer: CustomerId | None = None


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor."""

    id: VendorId
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of a vendor."""

    id: CustomerId
    name: str
    external_id: str | None
    """The vendor's own id of it, unique within the vendor."""
    status: CustomerStatus
    features: tuple[str, ...]
    """The features it has, in dependency order."""
    members: int
    secrets: int
    revision: int
    """Moves with name, external id and status; hand it back to change just what you saw."""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """What a customer is imported from."""

    name: str
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """A row of an import and what became of it."""

    row: int
    """1, 2, 3 … in the input."""
    outcome: ImportOutcome
    customer: CustomerId | None
    """The customer that was created."""
    code: str | None
    """Why it was refused, as exceptions name it."""
    reason: str | None
    """Why it was refused, in words."""


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What became of the rows of an import, by number."""

    rows: int
    created: int
    skipped: int
    refused: int


@dataclass(frozen=True, slots=True)
class CustomerFeature:
    """One feature, as a customer has it or not."""

    name: str
    title: str
    enabled: bool
    requires: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Features:
    """The features of a customer, and how what is stored differs from this process's catalogue."""

    features: tuple[CustomerFeature, ...]
    waiting: tuple[str, ...]
    """Stored, but off, because a requirement is off."""
    unknown: tuple[str, ...]
    """Stored, but unknown to this catalogue."""


@dataclass(frozen=True, slots=True)
class FeatureChange:
    """What enabling or disabling a feature changes."""

    enabled: bool
    changed: tuple[str, ...]
    """Every feature that changes, in dependency order."""


@dataclass(frozen=True, slots=True)
class PortalSection:
    """A section of the customer portal that a member may open."""

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class Member:
    """A person in one place."""

    id: MemberId
    user: UserId | None
    """The person; `None` until they accept."""
    name: str
    email: str
    role: Role
    state: MemberState
    revision: int
    invited_by: str | None
    """Who invited, as the audit log writes actors."""
    expires_at: datetime | None
    """When the open invitation expires."""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class RemainingMember:
    """A member that would remain in a place without an active Administrator."""

    id: MemberId
    role: Role
    state: MemberState


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of the mail of an invitation."""

    state: DeliveryState
    attempts: int
    """How many attempts were begun."""
    reason: str | None
    """Why the last attempt failed, as the courier says."""
    next_attempt_at: datetime | None
    """When it is tried next; `None` when it is not."""
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a run through the outbox did."""

    sent: int
    postponed: int
    """How many were not sent, or nobody knows, and are tried again."""
    failed: int
    """How many are not tried any more."""
    next_attempt_at: datetime | None
    """When the next one is due; `None` when none waits."""


@dataclass(frozen=True, slots=True)
class InvitationMail:
    """What a courier brings: the token of an invitation, and what a mail says of it."""

    delivery: DeliveryId
    """The same in every attempt."""
    attempt: int
    """1, 2, 3 …"""
    invitation: InvitationId
    place: Place
    vendor_name: str
    customer_name: str | None
    """`None` for an invitation into the vendor itself."""
    name: str
    """The name of the person invited, as the inviter gave it."""
    email: str
    """The address, as the inviter gave it: mail goes only there."""
    role: Role
    token: Secret
    """Put it into the link, and nowhere else."""
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation of a person into a place; never its token."""

    id: InvitationId
    place: Place
    member: MemberId
    email: str | None
    """Who is invited; `None` once the member is gone."""
    asked: Role
    """The role that was asked for."""
    role: Role
    """The role that it gives."""
    status: InvitationStatus
    invited_by: str
    sent_at: datetime
    expires_at: datetime
    created_at: datetime
    delivery: Delivery | None
    """What became of its mail; `None` when the outbox has none for it, and when the invitation has ended."""


@dataclass(frozen=True, slots=True)
class Invited:
    """What inviting or resending answers."""

    member: Member
    invitation: Invitation
    token: Secret
    """The token for the link in the e-mail. It is handed out this once."""
    raised: bool
    """Whether the role was raised to Administrator because the place had none."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A person within one vendor, as found by their verified e-mail."""

    user: UserId
    places: tuple[Place, ...]
    """Where the person is an active member."""
    invitations: tuple[Invitation, ...]
    """What the person can still accept."""


@dataclass(frozen=True, slots=True)
class SecretInfo:
    """A secret of a place: everything but its value."""

    id: SecretId
    key: str
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True)
class SecretUse:
    """A deployment that uses a secret."""

    deployment: str
    """The host's own id of the deployment."""
    name: str
    running: int | None
    """The version that it said it runs with."""


@dataclass(frozen=True, slots=True)
class SecretChange:
    """What setting a secret, or rolling it back, answers."""

    secret: SecretInfo
    affected: Page[SecretUse]
    """The deployments that use it: the first page of `secrets.used_by`."""


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """One version of a secret, without its value."""

    version: int
    current: bool
    destroyed: bool
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """The value of a secret, as a service resolves it."""

    key: str
    version: int
    value: Secret


@dataclass(frozen=True, slots=True)
class Rendered:
    """A template with its secrets filled in."""

    text: Secret
    versions: tuple[tuple[str, int], ...]
    """The secrets that were filled in, and their versions."""


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """What is wrong with a template, and where."""

    code: str
    """`missing_secret` or `invalid_template`."""
    line: int
    column: int
    key: str | None
    """The key of the secret that is missing."""
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class DeploymentUse:
    """A secret that a deployment uses."""

    key: str
    running: int | None


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment of the host that uses secrets of its place."""

    id: str
    name: str
    secrets: tuple[DeploymentUse, ...]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of the audit log."""

    number: int
    """1, 2, 3 … in the chain of its place."""
    time: datetime
    actor: str
    """A user's id, `svc:` and the name of a service, or `host`."""
    action: str
    place: Place
    target: str
    detail: str | None
    """A JSON object with `before` and `after`."""


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The last entry of a chain of the audit log."""

    place: Place
    number: int
    hash: str
    """32 bytes in hexadecimal."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Something in a store that cannot have come about by commits."""

    place: Place | None
    entry: int | None
    what: str
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a permission is given or not, and what would give it."""

    permission: str
    decision: Decision
    role: Role | None
    roles: tuple[Role, ...]
    """The roles that have the permission from this side."""
    enable: tuple[str, ...]
    """The features to enable, in dependency order."""
    is_allowed: bool
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class RootKeyInfo:
    """A root key that the store was used with; not the key."""

    id: str
    state: RootKeyState
    wraps: int
    """How many keys of places it wraps."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Rotation:
    """How far a rotation is."""

    moved: int
    left: int


@dataclass(frozen=True, slots=True)
class Backup:
    """How far a backup is, in bytes."""

    copied: int
    left: int


@dataclass(frozen=True, slots=True)
class NewRootKey:
    """What a provider of root keys answers: a key, and what the store keeps so that it is found again."""

    key: RootKey
    kept: bytes = b""
    """Nothing that must be secret, for it stands readable in the store."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A part of the product that a customer has or has not."""

    name: str
    title: str
    requires: tuple[str, ...] = ()
    on_by_default: bool = False


@dataclass(frozen=True, slots=True)
class Permission:
    """What a member or a service may be allowed to do, from one side."""

    portal: Portal
    name: str
    roles: tuple[Role, ...] = ()
    needs: str | None = None
    """The feature where it is refused when that is off; for permissions of customers and services."""
    while_archived: bool = False
    """Allows it on an archived customer too; for permissions of the vendor's staff."""


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the customer portal, shown to members who could open it."""

    key: str
    title: str
    permission: str


@dataclass(frozen=True, slots=True)
class StoredFeatures:
    """What the names stored for a customer mean to a catalogue."""

    on: tuple[str, ...]
    waiting: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredChange:
    """What enabling or disabling a feature changes, and what would be stored."""

    stored: tuple[str, ...]
    changed: tuple[str, ...]
