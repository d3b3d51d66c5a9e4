"""Members, invitations, and why somebody may."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tenantry._records.outbox import Delivery
from tenantry._records.places import Place
from tenantry._records.words import Decision, InvitationId, InvitationStatus, MemberId, MemberState, Role, UserId
from tenantry._tenantry import Secret


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
    invitation: InvitationId | None
    """The invitation that waits to be accepted, expired or not; `None` unless the member is invited."""
    expires_at: datetime | None
    """When that invitation expires."""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class RemainingMember:
    """A member that would remain in a place without an active Administrator."""

    id: MemberId
    role: Role
    state: MemberState


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
class OpenInvitation:
    """What an invitation that works is for."""

    place: Place
    vendor: str
    """The vendor's name."""
    customer: str | None
    """The customer's name, if it is into one."""
    name: str
    """The name of the person, as whoever invited gave it."""
    email: str
    """The e-mail that was invited: who accepts must have verified it."""
    role: Role
    raised: bool
    """Whether the role was raised to Administrator because the place had none."""
    invited_by: str | None
    """The name of who invited; `None` when they are gone."""
    expires_at: datetime


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
