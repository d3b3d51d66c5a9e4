"""A copy of a store that is used: whole, or not there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tenantry import AlreadyExistsError, Backup, CannotBackUpError, RootKey, Tenantry, VerifiedEmail, aio

KEY = RootKey.generate()


def names(app: Tenantry) -> list[str]:
    vendor = app.find_vendor("acme")
    assert vendor
    ada = app.identify(vendor.id, VerifiedEmail("ada@acme.test"))
    assert ada
    return [customer.name for customer in app.vendor(vendor.id, ada.user).customers.list()]


def test_a_backup_opens_as_the_store_of_its_moment(tmp_path: Path) -> None:
    app, copy = Tenantry.open(tmp_path / "store.db", root_key=KEY), tmp_path / "copy.db"
    customers = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").customers
    customers.create("Globex")
    heard: list[Backup] = []
    backup = app.maintenance("nightly").backup(copy, report=heard.append)
    assert backup == Backup(copy.stat().st_size, 0)
    assert heard[-1] == backup
    customers.create("Initech")
    with pytest.raises(AlreadyExistsError) as taken:
        app.maintenance("nightly").backup(copy)
    assert (taken.value.field, taken.value.value) == ("backup file", str(copy))
    with Tenantry.open(copy, root_key=KEY) as opened:
        assert names(opened) == ["Globex"]
        assert opened.maintenance("check").verify() == ()
    app.maintenance("nightly").backup(str(copy), replace=True)
    with Tenantry.open(copy, root_key=KEY) as opened:
        assert names(opened) == ["Globex", "Initech"]


def test_a_store_is_not_copied_into_itself_and_one_in_memory_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    app = Tenantry.open(path, root_key=KEY)
    with pytest.raises(CannotBackUpError, match="is the store itself") as refused:
        app.maintenance("nightly").backup(path, replace=True)
    assert (refused.value.code, refused.value.is_retryable) == ("cannot_back_up", False)
    with pytest.raises(CannotBackUpError, match="in memory"):
        Tenantry.open_in_memory().maintenance("nightly").backup(tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_what_report_raises_is_raised_when_the_backup_is_over(tmp_path: Path) -> None:
    def report(_: Backup) -> None:
        raise ZeroDivisionError

    app, copy = Tenantry.open(tmp_path / "store.db", root_key=KEY), tmp_path / "copy.db"
    with pytest.raises(ZeroDivisionError):
        app.maintenance("nightly").backup(copy, report=report)
    assert copy.exists()


def test_it_is_awaited_like_everything_else(tmp_path: Path) -> None:
    async def main() -> None:
        async with await aio.Tenantry.open(tmp_path / "store.db", root_key=KEY) as app:
            ada = await app.bootstrap("acme", "Acme", "Ada", "ada@acme.test")
            heard: list[Backup] = []
            creates = [ada.customers.create(f"Customer {number}") for number in range(20)]
            backup, *_ = await asyncio.gather(
                app.maintenance("nightly").backup(tmp_path / "copy.db", report=heard.append), *creates
            )
            assert heard[-1] == backup

    asyncio.run(main())
    with Tenantry.open(tmp_path / "copy.db", root_key=KEY) as opened:
        assert opened.maintenance("check").verify() == ()
