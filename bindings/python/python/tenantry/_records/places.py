"""Pages of lists, and places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from tenantry._records.words import CustomerId, VendorId

T = TypeVar("T")


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
