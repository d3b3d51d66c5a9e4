"""What the maintenance of a store answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tenantry._records.places import Place
from tenantry._records.words import RootKeyState


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
