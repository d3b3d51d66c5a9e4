"""Processes: each opens the store for itself, after it was forked or spawned, and all write to one file."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest

from tenantry import Durability, Tenantry, VerifiedEmail


def write(file: str, worker: int) -> None:
    """What a worker does: opens the store, and creates customers."""
    with Tenantry.open(file, durability=Durability.PROCESS_CRASH) as app:
        vendor = app.find_vendor("acme")
        assert vendor is not None
        identity = app.identify(vendor.id, VerifiedEmail("ada@acme.test"))
        assert identity is not None
        customers = app.vendor(vendor.id, identity.user).customers
        for number in range(20):
            customers.create(f"{worker}-{number}", external_id=f"{worker}-{number}")


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_workers_of_every_start_method_write_to_one_file(method: str, file: Path) -> None:
    with Tenantry.open(file) as app:
        app.bootstrap("acme", "Acme", "Ada", "ada@acme.test")
    context = multiprocessing.get_context(method)
    workers = [context.Process(target=write, args=(str(file), worker)) for worker in range(4)]  # type: ignore[attr-defined]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    with Tenantry.open(file) as app:
        vendor = app.find_vendor("acme")
        assert vendor is not None
        assert app.maintenance("test").verify() == ()
        identity = app.identify(vendor.id, VerifiedEmail("ada@acme.test"))
        assert identity is not None
        assert len(list(app.vendor(vendor.id, identity.user).customers.list())) == 4 * 20


AFTER_A_FORK = """
import asyncio, os, signal, sys
from tenantry import aio

async def work(file):
    async with await aio.Tenantry.open(file) as app:
        ada = await app.bootstrap(f"acme-{os.getpid()}", "Acme", "Ada", "ada@acme.test")
        await asyncio.gather(*(ada.customers.create(str(number)) for number in range(20)))
        print(len([customer async for customer in ada.customers.list()]), flush=True)

asyncio.run(work(sys.argv[1]))
child = os.fork()
if child == 0:
    # The threads that awaited writes were done on are not in this process.
    signal.alarm(60)
    asyncio.run(work(sys.argv[1]))
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


if sys.platform != "win32":

    def test_asyncio_goes_on_in_a_child_of_a_process_that_used_it(file: Path) -> None:
        ran = subprocess.run([sys.executable, "-c", AFTER_A_FORK, file], capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stdout.split()) == (0, ["20", "20"]), ran.stderr
