"""Customers, how they are imported, and their features."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tenantry._records.words import CustomerId, CustomerStatus, ImportOutcome


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
