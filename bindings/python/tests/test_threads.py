"""Threads: the GIL is free while a store works, and a handle serves as many threads as there are."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from tenantry import ClosedError, Durability, NewCustomer, Passphrase, Tenantry
from tenantry.testing import Cast


def test_eight_threads_use_one_handle(file: Path) -> None:
    with Tenantry.open(file, durability=Durability.PROCESS_CRASH) as app:
        cast = Cast.of(app)

        def work(thread: int) -> int:
            customers = cast.staff_administrator.customers
            for number in range(200):
                if number % 4:
                    assert cast.viewer.can("dashboard.view")
                else:
                    customers.create(f"{thread}-{number}", external_id=f"{thread}-{number}")
            return thread

        with ThreadPoolExecutor(8) as pool:
            assert sorted(pool.map(work, range(8))) == list(range(8))
        assert len(list(cast.staff_administrator.customers.list())) == 8 * 50 + 1
        assert app.maintenance("test").verify() == ()


def test_the_gil_is_free_during_a_slow_call() -> None:
    counted = 0
    stop = threading.Event()

    def count() -> None:
        nonlocal counted
        while not stop.is_set():
            counted += 1

    slow = Passphrase("correct horse", memory=64 * 1024, passes=4, lanes=1)
    app = Tenantry.open_in_memory(root_key=slow)
    cast = Cast.of(app)
    counter = threading.Thread(target=count)
    counter.start()
    # Setting the first secret makes the root key from the passphrase.
    before, begin = counted, time.monotonic()
    cast.customer.secrets.set("KEY", "value")
    during, took = counted - before, time.monotonic() - begin
    stop.set()
    counter.join()
    # A thread that had to wait for the GIL would count a few thousand.
    assert during > 100_000 * took, (during, took)


def test_a_closed_store_says_so(file: Path) -> None:
    app = Tenantry.open(file)
    cast = Cast.of(app)
    with app:
        pass
    for call in (app.vendors().page, cast.customer.get, lambda: cast.viewer.can("dashboard.view"), app.close):
        if call == app.close:
            call()
        else:
            with pytest.raises(ClosedError):
                call()


def test_files_are_opened_in_every_way(file: Path, tmp_path: Path) -> None:
    options = {"busy_deadline": timedelta(seconds=1), "migrate": False, "kept_versions": 2}
    Tenantry.open(file).close()
    with Tenantry.open(str(file), **options) as app:  # type: ignore[arg-type]
        assert app.maintenance("test").schema_version() > 0
        assert app.catalog.feature("alerts") is not None
    with Tenantry.open(file, durability=Durability.PROCESS_CRASH, allow_network_file_system=True) as app:
        app.bootstrap("acme", "Acme", "Ada", "ada@acme.test").customers.import_rows([NewCustomer("G", "1")])
    with Tenantry.open(file) as app:
        assert [vendor.key for vendor in app.vendors()] == ["acme"]
    with pytest.raises(TypeError):
        Tenantry.open(file, unknown=True)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Tenantry()
