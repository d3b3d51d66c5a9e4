"""tenantry in a FastAPI application: a lifespan that opens and closes the store, dependencies that give the scope of who is
signed in, and a handler that answers every exception of tenantry with the status that fits.

```python
>>> from typing import Annotated
>>> from fastapi import Depends, FastAPI, Header
>>> from tenantry import Customer, Page, VerifiedEmail, aio
>>> from tenantry.fastapi import add_exception_handler, lifespan, staff
>>> app = FastAPI(lifespan=lifespan(aio.Tenantry.open_in_memory))
>>> add_exception_handler(app)
>>> def signed_in(x_email: Annotated[str, Header()]) -> VerifiedEmail:
...     return VerifiedEmail(x_email)  # put your own sign-in here, which verifies it
>>> @app.get("/customers")
... async def customers(scope: Annotated[aio.VendorScope, Depends(staff("acme", signed_in))]) -> Page[Customer]:
...     return await scope.customers.list().page()

```

It needs FastAPI: `pip install tenantry[fastapi]`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, cast

try:
    from fastapi import Depends, FastAPI, Request
    from fastapi.responses import JSONResponse
except ImportError as _missing:
    raise ImportError("tenantry.fastapi needs FastAPI: pip install tenantry[fastapi]") from _missing

from tenantry import _errors as errors
from tenantry import aio
from tenantry._records.words import CustomerId, VerifiedEmail

if TYPE_CHECKING:
    from tenantry._records.words import UserId, VendorId

__all__ = ["add_exception_handler", "lifespan", "member", "staff", "status_of", "store"]

# The first class that fits counts, so what is narrower stands first.
_STATUSES: tuple[tuple[type[errors.TenantryError], int], ...] = (
    (errors.NotFoundError, 404),
    (errors.InvitationInvalidError, 404),
    (errors.DeniedError, 403),
    (errors.ConflictError, 409),
    (errors.InvalidInputError, 422),
    (errors.TemplateError, 422),
    (errors.TooManyInvitationsError, 429),
    (errors.RetryLaterError, 503),
)


def status_of(error: errors.TenantryError) -> int:
    """The HTTP status that an exception is answered with.

    Args:
        error: The exception.

    Returns:
        403, 404, 409, 422, 429 or 503; 500 for what a client can do nothing about.
    """
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def lifespan(
    open_store: Callable[[], Awaitable[aio.Tenantry]],
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Opens the store when the application starts and closes it when it ends.

    Args:
        open_store: Opens the store, for example `lambda: aio.Tenantry.open("customers.db")`.

    Returns:
        What FastAPI takes as `lifespan`.
    """

    @asynccontextmanager
    async def span(app: FastAPI) -> AsyncIterator[None]:
        async with await open_store() as opened:
            app.state.tenantry = opened
            yield

    return span


def store(request: Request) -> aio.Tenantry:
    """The open store: a dependency."""
    return cast("aio.Tenantry", request.app.state.tenantry)


async def _identified(app: aio.Tenantry, vendor_key: str, email: VerifiedEmail) -> tuple[VendorId, UserId]:
    vendor = await app.find_vendor(vendor_key)
    if vendor is not None:
        identity = await app.identify(vendor.id, email)
        if identity is not None:
            return vendor.id, identity.user
    raise errors.NotFoundError("no such person", "not_found", False, "person")


def staff(vendor_key: str, signed_in: Callable[..., object]) -> Callable[..., Awaitable[aio.VendorScope]]:
    """A dependency that gives the scope of who is signed in, acting as the vendor's staff.

    Args:
        vendor_key: The key of the vendor.
        signed_in: Your dependency that answers the `VerifiedEmail` of who is signed in.

    Raises:
        NotFoundError: There is no such vendor, or it does not know the person; raised when a request comes.
    """

    async def scope(
        app: aio.Tenantry = Depends(store), email: VerifiedEmail = Depends(signed_in)
    ) -> aio.VendorScope:
        vendor, user = await _identified(app, vendor_key, email)
        return app.vendor(vendor, user)

    return scope


def member(vendor_key: str, signed_in: Callable[..., object]) -> Callable[..., Awaitable[aio.CustomerScope]]:
    """A dependency that gives the scope of who is signed in, acting as a member of the customer `customer` of the path.

    Args:
        vendor_key: The key of the vendor.
        signed_in: Your dependency that answers the `VerifiedEmail` of who is signed in.

    Raises:
        NotFoundError: There is no such vendor, or it does not know the person; raised when a request comes.
    """

    async def scope(
        customer: CustomerId, app: aio.Tenantry = Depends(store), email: VerifiedEmail = Depends(signed_in)
    ) -> aio.CustomerScope:
        vendor, user = await _identified(app, vendor_key, email)
        return app.customer(vendor, customer, user)

    return scope


def add_exception_handler(app: FastAPI) -> None:
    """Answers every exception of tenantry with `status_of` and a body of `code` and `message`.

    What is answered with 500 has no message, for it is not the client's to know.
    """

    async def handle(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, errors.TenantryError)
        status = status_of(error)
        body = {"code": error.code, "message": str(error) if status != 500 else "internal error"}
        headers = {}
        if isinstance(error, errors.RetryLaterError):
            headers["Retry-After"] = "60"
        return JSONResponse(body, status, headers)

    app.add_exception_handler(errors.TenantryError, handle)
