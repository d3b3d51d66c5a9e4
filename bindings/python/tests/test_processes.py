"""Processes: they open the store for themselves, or go on with the one that was open when they were forked."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import count
from pathlib import Path

import pytest

from tenantry import Durability, RootKey, Tenantry, VendorScope, VerifiedEmail

from .watched import LONGEST, watched

KEY = RootKey.from_bytes(bytes(32))


def ada(app: Tenantry) -> VendorScope:
    vendor = app.find_vendor("acme")
    assert vendor is not None
    identity = app.identify(vendor.id, VerifiedEmail("ada@acme.test"))
    assert identity is not None
    return app.vendor(vendor.id, identity.user)


def names(file: Path) -> set[str]:
    """What is in the store when it is opened again; all is well with it otherwise."""
    with Tenantry.open(file, root_key=KEY) as app:
        assert app.maintenance("test").verify() == ()
        return {customer.name for customer in ada(app).customers.list()}


def write(file: str, worker: int) -> None:
    """What a worker does: opens the store, and creates customers."""
    with Tenantry.open(file, root_key=KEY, durability=Durability.PROCESS_CRASH) as app:
        customers = ada(app).customers
        for number in range(20):
            customers.create(f"{worker}-{number}", external_id=f"{worker}-{number}")


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_workers_of_every_start_method_write_to_one_file(method: str, file: Path) -> None:
    with Tenantry.open(file, root_key=KEY) as app:
        app.bootstrap("acme", "Acme", "Ada", "ada@acme.test")
    context = multiprocessing.get_context(method)
    tasks = [(str(file), worker) for worker in range(4)]
    # Daemons, so that none which hangs keeps the tests from ending.
    workers = [context.Process(target=write, args=task, daemon=True) for task in tasks]  # type: ignore[attr-defined]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(LONGEST)
        assert worker.exitcode == 0
    assert names(file) == {f"{worker}-{number}" for worker in range(4) for number in range(20)}


def test_what_is_open_is_not_handed_to_another_process() -> None:
    app = Tenantry.open_in_memory()
    boss = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test")
    for value in (app, boss, boss.customers, app.maintenance("test")):
        with pytest.raises(TypeError, match=f"a {type(value).__name__} is not pickled: each process opens the store"):
            pickle.dumps(value)


OPENED = """
import os, signal, sys, threading
from tenantry import RootKey, Tenantry, TenantryError

file = sys.argv[1]
app = Tenantry.open(file, root_key=RootKey.from_bytes(bytes(32)))
ada = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test")

def create(name):
    ada.customers.create(name, external_id=name)
    os.write(1, f"{name}\\n".encode())  # acknowledged

def child(work, leave=os._exit):
    process = os.fork()
    if process == 0:
        signal.alarm(60)
        work()
        leave(0)
    return process

def wait(*children):
    for process in children:
        assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
"""
IN_THE_MIDDLE_OF_WORK = f"""{OPENED}
ada.secrets.set("KEY", "value")
stop = threading.Event()

def write(thread):
    number = 0
    while not stop.is_set():
        create(f"thread-{{thread}}-{{number}}")
        ada.customers.list(text="thread").page(limit=5)
        number += 1

def in_child():
    for number in range(3):
        create(f"child-{{os.getpid()}}-{{number}}")
    ada.secrets.set("KEY", str(os.getpid()))
    assert ada.customers.list(text=f"child-{{os.getpid()}}").page().items[2].name.endswith("-2")
    assert app.service(ada.place, "child", "test").resolve(["KEY"])[0].value.reveal().isdigit()

threads = [threading.Thread(target=write, args=(thread,)) for thread in range(4)]
for thread in threads:
    thread.start()
try:
    for turn in range(30):
        # One that ends at once, and one that ends in order, which lets go of all that it inherited.
        wait(child(in_child), child(in_child, sys.exit))
finally:
    stop.set()
for thread in threads:
    thread.join()
create("end")
"""
FAMILY = f"""{OPENED}
def grandchild():
    create("grandchild")

def in_child():
    create("child")
    wait(child(grandchild))
    app.close()
    wait(child(still_closed))

def still_closed():
    try:
        create("closed")
    except TenantryError as error:
        assert error.code == "closed", error.code

wait(child(in_child))
create("parent")
# Whoever is left goes on.
go_on, told = os.pipe()
def orphan():
    os.close(told)
    os.read(go_on, 1)
    create("orphan")
child(orphan)
app.close()
"""
IN_MEMORY = """
import os, signal, sys
from tenantry import Tenantry, TenantryError

app = Tenantry.open_in_memory()
ada = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test")
process = os.fork()
if process == 0:
    signal.alarm(60)
    for call in (lambda: ada.customers.create("Globex"), lambda: app.find_vendor("acme"), app.vendors().page):
        try:
            call()
        except TenantryError as error:
            print(type(error).__name__, error.code, flush=True)
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
print(ada.customers.create("Globex").name)
"""
WITH_ASYNCIO = """
import asyncio, os, signal, sys
from tenantry import aio

async def fill(ada, name):
    made = await asyncio.gather(*(ada.customers.create(f"{name}-{number}") for number in range(20)))
    os.write(1, "".join(f"{customer.name}\\n" for customer in made).encode())
    return len([customer async for customer in ada.customers.list(text=f"{name}-")])

async def opened(name):
    async with await aio.Tenantry.open(sys.argv[1]) as app:
        vendor = await app.find_vendor("acme")
        assert await fill(app.vendor(vendor.id, person), name) == 20

async def main():
    global person
    async with await aio.Tenantry.open(sys.argv[1]) as app:
        ada = await app.bootstrap("acme", "Acme", "Ada", "ada@acme.test")
        person = ada.user_id
        filling = asyncio.ensure_future(fill(ada, "parent"))
        await asyncio.sleep(0)
        process = os.fork()  # while twenty calls are on their way
        if process == 0:
            # The threads that awaited calls are done on are not in this process.
            signal.alarm(60)
            assert asyncio.run(fill(ada, "child")) == 20
            asyncio.run(opened("opened"))
            os._exit(0)
        assert await filling == 20
        assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0

asyncio.run(main())
"""
SHARED = """
import multiprocessing, os, sys
from tenantry import Tenantry

def create(name):
    app.vendor(*who).customers.create(name, external_id=name)
    return name

if __name__ == "__main__":
    app = Tenantry.open(sys.argv[1])
    ada = app.bootstrap("acme", "Acme", "Ada", "ada@acme.test")
    who = ada.vendor_id, ada.user_id
    with multiprocessing.get_context("fork").Pool(4) as pool:
        print(*pool.map(create, [str(number) for number in range(200)]), sep="\\n")
    create("end")
    print("end")
"""


if sys.platform != "win32":

    @pytest.mark.parametrize(
        "program",
        [IN_THE_MIDDLE_OF_WORK, FAMILY, WITH_ASYNCIO, SHARED],
        ids=["in the middle of work", "children of children", "asyncio", "a pool of multiprocessing"],
    )
    def test_a_store_that_was_open_at_a_fork_is_used_on_both_sides(program: str, file: Path) -> None:
        ran = watched("-c", program, file)
        assert (ran.status, ran.errors) == (0, "")
        assert len(ran.lines) > 3
        assert len(ran.lines) == len(set(ran.lines))
        assert set(ran.lines) == names(file)

    def test_a_store_in_memory_is_not_there_after_a_fork() -> None:
        ran = watched("-c", IN_MEMORY)
        assert (ran.status, ran.errors) == (0, "")
        assert ran.lines == ["ClosedError forked"] * 3 + ["Globex"]

    @pytest.mark.parametrize("threads", ["1", "4"])
    def test_gunicorn_forks_four_workers_after_the_store_was_opened(threads: str, file: Path) -> None:
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        words = ["-m", "gunicorn", "--preload", "--workers", "4", "--threads", threads, "--timeout", str(LONGEST)]
        bind = ["--bind", f"fd://{listener.fileno()}", "--no-control-socket", "forking_portal:application"]
        server = subprocess.Popen(
            [sys.executable, *words, *bind],
            cwd=Path(__file__).parent,
            env={**os.environ, "STORE": str(file)},
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )
        workers: set[str] = set()
        asked: set[str] = set()
        numbers = count()

        def ask(client: int) -> None:
            for turn in numbers:
                if turn >= 200 and len(workers) == 4:
                    return
                connection = HTTPConnection("127.0.0.1", listener.getsockname()[1], timeout=LONGEST)
                connection.request("GET", f"/?{client}-{turn}")
                answer = connection.getresponse()
                body = answer.read().decode()
                connection.close()
                assert answer.status == 200, body
                workers.add(body)
                asked.add(f"{client}-{turn}")

        try:
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(ask, range(8)))
            server.send_signal(signal.SIGTERM)
            assert server.wait(LONGEST) == 0
        finally:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()
            listener.close()
        assert len(workers) == 4
        assert str(server.pid) not in workers
        assert names(file) == asked | {"loaded"}
