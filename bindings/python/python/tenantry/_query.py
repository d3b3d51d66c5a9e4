"""Lists, page by page; and how a future of asyncio is completed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    import asyncio

    from tenantry._records.places import Page

T = TypeVar("T")


class Query(Generic[T]):
    """A list that has not been read: iterate it to walk all of it, or ask for one page.

    Each iteration, and each page, reads the store anew.
    """

    __slots__ = ("_fetch",)

    def __init__(self, fetch: Callable[[int, str | None], Page[T]], /) -> None:
        self._fetch = fetch

    def page(self, *, limit: int = 50, after: str | None = None) -> Page[T]:
        """One page.

        Args:
            limit: How many items, 1 to 1,000.
            after: The `next_cursor` of the page before.

        Returns:
            The page.

        Raises:
            InvalidInputError: The cursor is not one of this list, or the limit is out of bounds.
        """
        return self._fetch(limit, after)

    def __iter__(self) -> Iterator[T]:
        cursor = None
        while True:
            page = self._fetch(1_000, cursor)
            yield from page.items
            cursor = page.next_cursor
            # A log that is followed always has a cursor; a page without items is where it ends today.
            if cursor is None or not page.items:
                return


class AsyncQuery(Generic[T]):
    """A list that has not been read: iterate it with `async for` to walk all of it, or await one page.

    Each iteration, and each page, reads the store anew.
    """

    __slots__ = ("_fetch",)

    def __init__(self, fetch: Callable[[int, str | None], Awaitable[Page[T]]], /) -> None:
        self._fetch = fetch

    async def page(self, *, limit: int = 50, after: str | None = None) -> Page[T]:
        """One page.

        Args:
            limit: How many items, 1 to 1,000.
            after: The `next_cursor` of the page before.

        Returns:
            The page.

        Raises:
            InvalidInputError: The cursor is not one of this list, or the limit is out of bounds.
        """
        return await self._fetch(limit, after)

    async def __aiter__(self) -> AsyncIterator[T]:
        cursor = None
        while True:
            page = await self._fetch(1_000, cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None or not page.items:
                return


def settle(future: asyncio.Future[Any], answer: object, error: BaseException | None) -> None:
    """Completes a future on its loop's thread, unless it was cancelled; the operation itself is done or not done by then."""
    if future.done():
        return
    if error is None:
        future.set_result(answer)
    else:
        future.set_exception(error)
