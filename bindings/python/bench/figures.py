"""The figures of the Python package, each beside its floor: `python bench/figures.py [--json]`.

Ours and the floor by turns, medians compared. It measures and does not judge: it ends with 0 whatever the figures are.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from tenantry import NewCustomer, Role, RootKey, Tenantry, VerifiedEmail, _tenantry

ROUNDS = 61
"""Many short ones: what else the machine does then meets both sides alike."""


def by_turns(operations: int, ours: Callable[[int], None], floor: Callable[[int], None]) -> tuple[float, float]:
    """The median time of one operation of each, in seconds. A first round warms up and does not count."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS + 1):
        for side, work in enumerate((ours, floor)):
            begin = time.perf_counter()
            work(operations)
            times[side].append((time.perf_counter() - begin) / operations)
    return statistics.median(times[0][1:]), statistics.median(times[1][1:])


class Floor:
    """The rows of a new customer, written by Python's own `sqlite3` into a copy of the store that tenantry made."""

    def __init__(self, store: Path, copy: Path, vendor: str) -> None:
        with sqlite3.connect(store) as source:
            source.execute("VACUUM INTO ?", [str(copy)])
        source.close()
        self.connection = sqlite3.connect(copy, isolation_level=None)
        for pragma in (
            "journal_mode=wal",
            "synchronous=FULL",
            "secure_delete=ON",
            "foreign_keys=ON",
            "cell_size_check=ON",
            "wal_autocheckpoint=4000",
        ):
            self.connection.execute(f"PRAGMA {pragma}").fetchall()
        self.vendor = uuid.UUID(vendor.removeprefix("ven_")).bytes
        # After every id that the store has made: UUIDv7 begins with the time.
        self.next = 0x7FFF000000007000B000000000000000
        self.columns = [row[1] for row in self.connection.execute("PRAGMA table_info(customers)")]
        sample = "SELECT * FROM customers WHERE vendor_id = ? LIMIT 1"
        self.row = dict(zip(self.columns, self.connection.execute(sample, [self.vendor]).fetchone(), strict=True))
        self.insert = f"INSERT INTO customers ({', '.join(self.columns)}) VALUES ({', '.join('?' * len(self.columns))})"
        self.begin_index()

    def begin_index(self) -> None:
        """An index like the store's, which an SQLite older than 3.42 cannot write to."""
        run = self.connection.execute
        options = "content = '', columnsize = 0, detail = none, tokenize = 'trigram case_sensitive 1'"
        run(f"CREATE VIRTUAL TABLE floor_index USING fts5 (text, more, {options})")
        if sqlite3.sqlite_version_info >= (3, 42):
            run("INSERT INTO floor_index (floor_index, rank) VALUES ('secure-delete', 1)")
        texts = "SELECT number, name_folded || char(1, 1), external_id_folded || char(1, 1) FROM search_customers"
        run(f"INSERT INTO floor_index (rowid, text, more) {texts}")

    def id(self) -> bytes:
        """Ids that rise, like UUIDv7."""
        self.next += 1
        return self.next.to_bytes(16, "big")

    def create(self) -> None:
        """One customer, durable, with its entry in the audit log and its place in the search index: the same rows and hashes."""
        run = self.connection.execute
        customer, commit = self.id(), self.id()
        name = "Initech Corporation"
        folded = {"name_folded": name.lower(), "external_id_folded": None}
        row = {**self.row, **folded, "id": customer, "name": name, "external_id": None}
        detail = json.dumps({"before": None, "after": {"name": name, "external_id": None}})
        run("BEGIN IMMEDIATE")
        next_number = "UPDATE search_numbers SET next = next + 1 WHERE vendor_id = ? RETURNING first + next - 1"
        [[row["number"]]] = run(next_number, [self.vendor]).fetchall()
        run(self.insert, [row[column] for column in self.columns])
        head = "SELECT number, hash FROM audit_heads WHERE vendor_id = ? AND place_id = ?"
        assert run(head, [self.vendor, customer]).fetchone() is None
        last = "SELECT coalesce(max(position), 0) + 1 FROM audit_entries WHERE vendor_id = ?"
        [position] = run(last, [self.vendor]).fetchone()
        salt = os.urandom(32)
        actor, target = "usr_" + "0" * 32, "cus_" + "0" * 32
        digest = hashlib.sha256(salt + detail.encode()).digest()
        parts = [commit, actor.encode(), b"customer.created", self.vendor, customer, target.encode(), digest]
        entry = hashlib.sha256(b"".join(parts)).digest()
        chain = hashlib.sha256(bytes(32) + entry).digest()
        run(
            "INSERT INTO audit_entries (vendor_id, place_id, number, position, commit_id, ordinal, time, actor, action,"
            " target, detail_digest, hash) VALUES (?, ?, 1, ?, ?, 0, 1893456000000000, ?, 'customer.created', ?, ?, ?)",
            [self.vendor, customer, position, commit, actor, target, digest, chain],
        )
        run(
            "INSERT INTO audit_details (vendor_id, place_id, number, salt, subject, body) VALUES (?, ?, 1, ?, ?, ?)",
            [self.vendor, customer, salt, target, detail],
        )
        new_head = "INSERT INTO audit_heads (vendor_id, place_id, number, hash) VALUES (?, ?, 1, ?)"
        run(new_head, [self.vendor, customer, chain])
        text = "INSERT INTO search_customers (number, customer_id, name_folded, external_id_folded) VALUES (?, ?, ?, NULL)"
        run(text, [row["number"], customer, row["name_folded"]])
        run("INSERT INTO floor_index (rowid, text) VALUES (?, ?)", [row["number"], row["name_folded"] + "\1\1"])
        run("COMMIT")


def durable_create(folder: Path) -> tuple[float, float]:
    """P14: create a customer, durable. Floor: the same rows by Python's `sqlite3`."""
    store = folder / "ours.db"
    with Tenantry.open(store) as app:
        ada = app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test")
        ada.customers.import_rows(NewCustomer(f"Customer {row}", str(row)) for row in range(1_000))
    # The copy is made while the store is closed: two copies of SQLite must not have one file open.
    floor = Floor(store, folder / "floor.db", ada.vendor_id)
    with Tenantry.open(store) as app:
        vendor = app.find_vendor("acme")
        assert vendor is not None
        identity = app.identify(vendor.id, VerifiedEmail("ada@acme.test"))
        assert identity is not None
        customers = app.vendor(vendor.id, identity.user).customers

        def ours(operations: int) -> None:
            for _ in range(operations):
                customers.create("Initech Corporation")

        def theirs(operations: int) -> None:
            for _ in range(operations):
                floor.create()

        return by_turns(25, ours, theirs)


def decision_from_a_snapshot(folder: Path) -> tuple[float, float]:
    """P15: one decision from a snapshot. Floor: an empty native call with the same argument."""
    app = Tenantry.open_in_memory(root_key=RootKey.generate())
    ada = app.bootstrap("acme", "Acme Software", "Ada", "ada@acme.test")
    scope = ada.customer(ada.customers.create("Globex").id)
    invited = scope.members.invite("Hank", "hank@globex.test", Role.USER)
    can = app.accept_invitation(invited.token, VerifiedEmail("hank@globex.test")).snapshot().can
    nothing = _tenantry.nothing

    def ours(operations: int) -> None:
        for _ in range(operations):
            can("deployments.edit")

    def theirs(operations: int) -> None:
        for _ in range(operations):
            nothing("deployments.edit")

    return by_turns(20_000, ours, theirs)


FIGURES = [
    ("P14", "python_durable_create", durable_create, 1.0),
    ("P15", "python_decision", decision_from_a_snapshot, 3.0),
]


def main(arguments: list[str]) -> None:
    """Measures, and prints a line for each figure."""
    measured = []
    for id, name, measure, goal in FIGURES:
        with tempfile.TemporaryDirectory() as folder:
            ours, floor = measure(Path(folder))
        ratio = ours / floor
        figure = {"id": id, "name": name, "ours": ours, "floor": floor, "ratio": ratio, "goal": goal, "ok": ratio <= goal}
        measured.append(figure)
        unit, factor = ("ns", 1e9) if ours < 1e-6 else ("us", 1e6)
        line = f"{id} {name:<24} ours {ours * factor:.1f} {unit}  floor {floor * factor:.1f} {unit}  ratio {ratio:.2f}"
        if "--json" not in arguments:
            print(f"{line}  goal {goal}  {'ok' if ratio <= goal else 'missed'}")
    if "--json" in arguments:
        print(json.dumps({"figures": measured}))
    else:
        version = sys.version.split()[0]
        print(f"Python {version}, its SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores, {ROUNDS} rounds")


if __name__ == "__main__":
    main(sys.argv[1:])
