"""Python's own `sqlite3` opens, reads and closes the file of a store that is open in the same process.

It is another copy of SQLite than the one of tenantry. Locks of POSIX belong to the process: by closing the file, one copy
takes those of the other away, and by believing itself alone it removes the log that the other still writes to.
"""

from __future__ import annotations

import signal
import sqlite3
import sys
from pathlib import Path

import pytest

from tenantry import Tenantry, VerifiedEmail

from .watched import Ran, watched

if sys.platform == "win32":
    pytest.skip("locks belong to the handle there", allow_module_level=True)

TAKEN_AWAY = "something else in this process closed the store's file and took its locks away"
"""What is logged when that happened in the middle of a transaction, which was done again."""
LOOKED_AT = """
import os, signal, sqlite3, sys, threading

file, name, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])

def look():
    connection = sqlite3.connect(file, timeout=60)
    try:
        connection.execute("SELECT count(*) FROM customers").fetchone()
    except sqlite3.DatabaseError:
        pass  # its own locks are taken away, too, when the other thread closes the file: it may read what moves
    finally:
        connection.close()

def look_again_and_again():
    while True:
        look()

def work(create):
    threading.Thread(target=look_again_and_again, daemon=True).start()
    for number in range(rounds):
        create(f"{name}-{number}")
        os.write(1, f"{name}-{number}\\n".encode())  # acknowledged
        look()
    os.kill(os.getpid(), signal.SIGKILL)
"""
WITH_TENANTRY = f"""{LOOKED_AT}
from tenantry import Tenantry

customers = Tenantry.open(file).bootstrap(name, "Acme", "Ada", "ada@acme.test").customers
work(lambda name: customers.create(name, external_id=name))
"""
WITH_TWO_HANDLES = f"""{LOOKED_AT}
from tenantry import Tenantry

ada = Tenantry.open(file).bootstrap(name, "Acme", "Ada", "ada@acme.test")

def create(name):
    # What another handle on the file takes along when it is closed is not this handle's.
    with Tenantry.open(file) as other:
        other.vendor(ada.vendor_id, ada.user_id).customers.create(f"{{name}}-other", external_id=f"{{name}}-other")
    ada.customers.create(name, external_id=name)

work(create)
"""
WITHOUT_GUARD = f"""{LOOKED_AT}
import apsw

writer = apsw.Connection(file)
writer.pragma("journal_mode", "wal")
writer.pragma("synchronous", "full")
writer.execute("CREATE TABLE customers (name TEXT)")
work(lambda name: writer.execute("INSERT INTO customers VALUES (?)", (name,)))
"""


def names(file: Path, *vendors: str) -> set[str]:
    """What is in the store when it is opened again; all is well with it otherwise."""
    with Tenantry.open(file) as app:
        assert app.maintenance("after the kill").verify() == ()
        found = set()
        for key in vendors:
            vendor = app.find_vendor(key)
            assert vendor is not None
            identity = app.identify(vendor.id, VerifiedEmail("ada@acme.test"))
            assert identity is not None
            found |= {customer.name for customer in app.vendor(vendor.id, identity.user).customers.list()}
        return found


def assert_killed(ran: Ran) -> None:
    """It did all that it had to, and nothing happened but what must."""
    assert ran.status == -signal.SIGKILL, ran.errors
    assert set(ran.errors.splitlines()) <= {TAKEN_AWAY}


def test_nothing_is_lost_in_a_thousand_rounds(file: Path) -> None:
    ran = watched("-c", WITH_TENANTRY, file, "acme", "1000")
    assert_killed(ran)
    assert len(ran.lines) == 1_000
    assert set(ran.lines) == names(file, "acme")


def test_nothing_is_lost_by_another_handle_that_is_closed(file: Path) -> None:
    ran = watched("-c", WITH_TWO_HANDLES, file, "acme", "100")
    assert_killed(ran)
    assert len(ran.lines) == 100
    assert {*ran.lines, *(f"{name}-other" for name in ran.lines)} == names(file, "acme")


def test_nothing_is_lost_by_processes_that_write_at_once(file: Path) -> None:
    Tenantry.open(file).close()
    programs = f"""
import subprocess, sys
words = [[sys.executable, "-c", {WITH_TENANTRY!r}, {str(file)!r}, name, "200"] for name in ("acme", "globex", "initech")]
print(*(program.wait() for program in [subprocess.Popen(program) for program in words]))
"""
    ran = watched("-c", programs)
    assert set(ran.errors.splitlines()) <= {TAKEN_AWAY}
    assert ran.lines.pop() == " ".join([str(-signal.SIGKILL)] * 3)
    assert len(ran.lines) == 3 * 200
    assert set(ran.lines) == names(file, "acme", "globex", "initech")


def test_without_the_guard_the_same_loses_rows(file: Path) -> None:
    # A third copy of SQLite writes here, as tenantry would without its guard: so these tests can fail.
    ran = watched("-c", WITHOUT_GUARD, file, "acme", "100")
    assert ran.lines, ran.errors
    connection = sqlite3.connect(file)
    try:
        kept = {name for [name] in connection.execute("SELECT name FROM customers")}
    except sqlite3.DatabaseError:
        kept = set()  # not even a database was left
    connection.close()
    assert set(ran.lines) - kept
