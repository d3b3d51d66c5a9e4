"""A writer that takes secret values out of what is written to it."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol

from tenantry._tenantry import Redactor


class Writable(Protocol):
    """What takes bytes, for example a file opened with `"wb"`."""

    def write(self, data: bytes, /) -> object:
        """Takes bytes."""
        ...


class RedactingWriter:
    """Writes to another writer what a `Redactor` leaves of what is written to it. Use it in a `with` block, or finish it."""

    __slots__ = ("_stream", "_inner")

    def __init__(self, redactor: Redactor, inner: Writable) -> None:
        self._stream = redactor.stream()
        self._inner = inner

    def write(self, data: bytes) -> int:
        """Writes what is decided; an end that may be the beginning of a value is held back."""
        self._inner.write(self._stream.push(data))
        return len(data)

    def finish(self) -> None:
        """Writes what was held back. The other writer stays open."""
        self._inner.write(self._stream.finish())

    def __enter__(self) -> RedactingWriter:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.finish()
