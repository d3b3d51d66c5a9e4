"""Every operation and every error of Rust exists in Python, and the other way round."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
from collections.abc import Iterator
from typing import Any

import pytest

import tenantry
from tenantry import AsyncQuery, CannotBackUpError, Query, RootKey, TenantryError, _tenantry, aio

from .operations import CALLS, World

HANDLES = [
    "Audit",
    "CustomerScope",
    "Customers",
    "Deployments",
    "FeatureSwitches",
    "Invitations",
    "Maintenance",
    "Members",
    "Outbox",
    "Secrets",
    "ServiceScope",
    "Tenantry",
    "VendorScope",
]
"""The classes that stand for a handle of Rust."""
WITHOUT_STORE = {
    "Tenantry.vendor",
    "Tenantry.customer",
    "Tenantry.service",
    "Tenantry.maintenance",
    "Tenantry.outbox",
    "VendorScope.customer",
}
"""The ways to a scope: they touch no store, so they are no operations."""
OPENINGS = {"Tenantry.open", "Tenantry.open_in_memory"}
CASES = [(operation, method, call) for operation, calls in CALLS.items() for method, call in calls]
NAMES = [f"{operation}-{method}" for operation, method, _ in CASES]


@pytest.fixture
def operations(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """The operations that are logged, as their spans have them."""
    seen: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "operation=" in record.getMessage():
                seen.append(record.getMessage().split('operation="')[1].split('"')[0])

    caplog.set_level(logging.DEBUG, "tenantry")
    listener = Listener()
    logging.getLogger("tenantry").addHandler(listener)
    yield seen
    logging.getLogger("tenantry").removeHandler(listener)


def test_every_operation_of_rust_has_its_calls_and_there_are_no_others() -> None:
    assert sorted(CALLS) == sorted(_tenantry.operations())


def test_every_method_of_a_handle_is_an_operation() -> None:
    methods = {
        f"{name}.{method}"
        for name in HANDLES
        for method, value in inspect.getmembers(getattr(tenantry, name))
        if callable(value) and not method.startswith("_")
    }
    assert methods == {method for _, method, _ in CASES} | WITHOUT_STORE | OPENINGS


@pytest.mark.parametrize(("operation", "method", "call"), CASES, ids=NAMES)
def test_a_call_is_the_operation_that_it_says(operation: str, method: str, call: Any, operations: list[str]) -> None:
    async def wait(answer: Any) -> Any:
        return answer

    app = tenantry.Tenantry.open_in_memory(root_key=RootKey.generate())
    world = asyncio.run(World.make(app, wait))
    operations.clear()
    # A store in memory has no file to copy.
    with contextlib.suppress(CannotBackUpError):
        answer = call(world)
        if isinstance(answer, Query):
            answer.page(limit=3)
    assert set(operations) == {operation}


@pytest.mark.parametrize(("operation", "method", "call"), CASES, ids=NAMES)
def test_an_awaited_call_is_the_same_operation(operation: str, method: str, call: Any, operations: list[str]) -> None:
    async def wait(answer: Any) -> Any:
        return await answer

    async def main() -> None:
        app = await aio.Tenantry.open_in_memory(root_key=RootKey.generate())
        world = await World.make(app, wait)
        operations.clear()
        with contextlib.suppress(CannotBackUpError):
            answer = call(world)
            await (answer.page(limit=3) if isinstance(answer, AsyncQuery) else answer)

    asyncio.run(main())
    assert set(operations) == {operation}


def test_asyncio_has_the_same_names_and_signatures() -> None:
    assert set(aio.__all__) == {*HANDLES, "Query"}
    for name in HANDLES:
        blocking, awaited = getattr(tenantry, name), getattr(aio, name)
        assert not issubclass(awaited, blocking)
        public = {member for member in dir(blocking) if not member.startswith("_")}
        assert public == {member for member in dir(awaited) if not member.startswith("_")}
        for member in public:
            if callable(getattr(blocking, member)):
                assert inspect.signature(getattr(blocking, member)) == inspect.signature(getattr(awaited, member))


def classes(base: type[TenantryError] = TenantryError) -> Iterator[type[TenantryError]]:
    yield base
    for derived in base.__subclasses__():
        yield from classes(derived)


def test_every_code_of_rust_has_one_class_and_every_class_its_codes() -> None:
    codes = [code for kind in classes() for code in vars(kind).get("codes", ())]
    assert len(codes) == len(set(codes))
    # What a catalogue or a key file says are errors of their own in Rust, without codes.
    others = {*tenantry.CatalogError.codes, *tenantry.RootKeyError.codes}
    assert set(codes) == set(_tenantry.error_codes()) | others
    for kind in classes():
        assert getattr(tenantry, kind.__name__) is kind
        assert not issubclass(kind, OSError | ValueError | KeyError)


def test_everything_public_is_documented() -> None:
    for name in tenantry.__all__:
        value = getattr(tenantry, name)
        if inspect.isclass(value):
            assert value.__doc__, name
            for member, of_class in inspect.getmembers(value):
                if callable(of_class) and not member.startswith("_") and name in HANDLES:
                    assert of_class.__doc__ and of_class.__doc__[0].isupper(), f"{name}.{member}"
                    operation = f"{name}.{member}"
                    if operation not in WITHOUT_STORE and not operation.endswith(".can"):
                        assert "Raises:" in of_class.__doc__ or "Returns:" in of_class.__doc__, operation


def test_all_names_what_is_public_and_where_it_is_from() -> None:
    assert sorted(tenantry.__all__) == list(tenantry.__all__)
    for name in HANDLES:
        assert getattr(tenantry, name).__module__ == "tenantry"
        assert getattr(aio, name).__module__ == "tenantry.aio"
