"""What a provider of root keys looks like."""

from __future__ import annotations

from typing import Protocol

from tenantry._records.secrets import NewRootKey
from tenantry._tenantry import RootKey


class RootKeyProvider(Protocol):
    """Gives a store its root keys, for example from a KMS. It is called on threads of a pool.

    A KMS makes a data key and hands it out twice, in the clear and sealed. The clear one is the root key; the sealed one is
    what the store keeps, and what `key` hands back to the KMS. Raise `TimeoutError` after your own time limit.
    """

    def new_key(self) -> NewRootKey:
        """The root key for a store that has none, or for one whose root key is rotated."""
        ...

    def key(self, id: str, kept: bytes, /) -> RootKey | None:
        """The root key with this id again; `kept` is what `new_key` asked to keep. `None` when there is no such key."""
        ...
