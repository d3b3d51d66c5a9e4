"""The mails of invitations, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tenantry._records.places import Place
from tenantry._records.words import DeliveryId, DeliveryState, InvitationId, Role
from tenantry._tenantry import Secret


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
