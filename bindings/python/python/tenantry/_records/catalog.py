"""What a catalogue is made of, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass

from tenantry._records.words import Portal, Role


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
