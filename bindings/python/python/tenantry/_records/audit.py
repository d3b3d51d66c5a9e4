"""The audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tenantry._records.places import Place


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
