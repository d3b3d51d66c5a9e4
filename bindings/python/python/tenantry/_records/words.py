"""The ids, and the enums: what is one word."""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

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
