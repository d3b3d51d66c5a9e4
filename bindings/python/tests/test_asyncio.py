"""asyncio: calls are awaited, many at once, and go on when nobody awaits them."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import tenantry
from tenantry import NewCustomer, NotFoundError, Role, RootKey, VerifiedEmail, aio


@asynccontextmanager
async def opened(file: Path) -> AsyncIterator[tuple[aio.Tenantry, aio.VendorScope]]:
    async with await aio.Tenantry.open(file, root_key=RootKey.from_bytes(bytes(32))) as app:
        yield app, await app.bootstrap("acme", "Acme", "Ada", "ada@acme.test")
        assert await app.maintenance("test").verify() == ()
    with pytest.raises(tenantry.ClosedError):
        await app.find_vendor("acme")


def test_the_main_job_is_awaited(file: Path) -> None:
    async def main() -> None:
        async with opened(file) as (app, ada):
            globex = await ada.customers.create("Globex")
            scope = ada.customer(globex.id)
            assert isinstance(scope, aio.CustomerScope)
            invited = await scope.members.invite("Hank", "hank@globex.test", Role.VIEWER)
            hank = await app.accept_invitation(invited.token, VerifiedEmail("hank@globex.test"))
            assert isinstance(hank, aio.CustomerScope)
            await scope.secrets.set("KEY", "value")
            resolved = await app.service(scope.place, "deployer", "test").resolve_all()
            assert resolved[0].value.reveal() == "value"
            assert [section.key for section in await hank.portal()][0] == "home"
            assert (await hank.snapshot()).can("deployments.edit")
            with pytest.raises(NotFoundError):
                await ada.customers.find("77")

    asyncio.run(main())


def test_a_list_is_walked(file: Path) -> None:
    async def main() -> None:
        async with opened(file) as (_, ada):
            await ada.customers.import_rows(NewCustomer(f"{number:04}", str(number)) for number in range(1_100))
            names = [customer.name async for customer in ada.customers.list()]
            assert names == [f"{number:04}" for number in range(1_100)]
            page = await ada.customers.list().page(limit=2)
            assert [customer.name for customer in page.items] == names[:2]

    asyncio.run(main())


def test_two_hundred_tasks_at_once(file: Path) -> None:
    async def main() -> None:
        async with opened(file) as (_, ada):
            made = await asyncio.gather(*(ada.customers.create(f"{number}") for number in range(200)))
            assert len({customer.id for customer in made}) == 200
            scopes = [ada.customer(customer.id) for customer in made]
            assert all(await asyncio.gather(*(scope.can("customers.view") for scope in scopes)))

    asyncio.run(main())


def test_the_loop_goes_on_while_a_call_waits(file: Path) -> None:
    async def main() -> None:
        async with opened(file) as (_, ada):
            turns = 0

            async def turn() -> None:
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep(0)

            turning = asyncio.create_task(turn())
            await ada.customers.import_rows(NewCustomer(f"{number:04}", str(number)) for number in range(2_000))
            turning.cancel()
            assert turns > 10

    asyncio.run(main())


def test_a_write_goes_on_when_nobody_awaits_it(file: Path) -> None:
    async def main() -> None:
        async with opened(file) as (_, ada):
            forgotten = ada.customers.create("Forgotten", external_id="forgotten")
            cancelled = asyncio.ensure_future(ada.customers.create("Cancelled", external_id="cancelled"))
            await asyncio.sleep(0)
            cancelled.cancel()
            del forgotten
            gc.collect()
            with pytest.raises(asyncio.CancelledError):
                await cancelled

            async def found(external_id: str) -> bool:
                try:
                    await ada.customers.find(external_id)
                except NotFoundError:
                    return False
                return True

            async with asyncio.timeout(30):
                while not (await found("forgotten") and await found("cancelled")):
                    await asyncio.sleep(0)

    asyncio.run(main())


def test_a_loop_that_ended_is_not_called(file: Path) -> None:
    async def begin() -> None:
        app = await aio.Tenantry.open(file)
        ada = await app.bootstrap("acme", "Acme", "Ada", "ada@acme.test")
        ada.customers.create("Begun")

    asyncio.run(begin())


def test_without_a_loop_nothing_begins() -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        aio.Tenantry.open_in_memory()
