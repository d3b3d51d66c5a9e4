"""Every operation and every error of Rust exists in Python, and the other way round."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import re
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
WITHOUT_ANSWER = {
    *("CustomerScope.require", "VendorScope.require", "ServiceScope.require", "CustomerScope.delete"),
    *("Invitations.revoke", "Members.remove", "Secrets.delete", "Secrets.destroy", "ServiceScope.remove_deployment"),
    *("Maintenance.close", "Tenantry.close", "Tenantry.change_email", "Tenantry.decline_invitation"),
    "VendorScope.erase_user",
}
"""The methods that answer `None`."""
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


def test_everything_public_has_a_docstring() -> None:
    for name in tenantry.__all__:
        if inspect.isclass(value := getattr(tenantry, name)):
            assert value.__doc__, name


@pytest.mark.parametrize("name", [name for name in tenantry.__all__ if getattr(tenantry, name).__module__ == "tenantry"])
def test_a_docstring_says_arguments_answer_and_errors(name: str) -> None:
    for member, method in inspect.getmembers(getattr(tenantry, name), callable):
        if member.startswith("_"):
            continue
        method_name, doc = f"{name}.{member}", method.__doc__
        assert doc and doc[0].isupper(), method_name
        signature = inspect.signature(method)
        for parameter in signature.parameters.values():
            assert parameter.name == "self" or re.search(rf"^    {parameter.name}: \S", doc, re.M), (method_name, parameter)
        assert method_name in WITHOUT_ANSWER or re.search(r"^Returns:\n    \S", doc, re.M), method_name
        if name in HANDLES and method_name not in WITHOUT_STORE:
            assert re.search(r"^Raises:\n    [A-Z]\w+Error: \S", doc, re.M), method_name


@pytest.mark.parametrize(("operation", "method"), [case[:2] for case in CASES], ids=NAMES)
def test_a_docstring_says_what_permission_is_needed(operation: str, method: str) -> None:
    name, member = method.split(".")
    doc = getattr(getattr(tenantry, name), member).__doc__
    for permission in _tenantry.operations()[operation]:
        assert f"`{permission}`" in doc, permission


def test_all_names_what_is_public_and_where_it_is_from() -> None:
    assert sorted(tenantry.__all__) == list(tenantry.__all__)
    for name in HANDLES:
        assert getattr(tenantry, name).__module__ == "tenantry"
        assert getattr(aio, name).__module__ == "tenantry.aio"
