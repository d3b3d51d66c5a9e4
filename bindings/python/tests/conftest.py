"""Stores that tests begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tenantry import RootKey, Tenantry
from tenantry.testing import Cast, FixedClock, in_memory


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def app(clock: FixedClock) -> Iterator[Tenantry]:
    with Tenantry.open_in_memory(root_key=RootKey.from_bytes(bytes(32)), clock=clock) as app:
        yield app
        assert app.maintenance("after the test").verify() == ()


@pytest.fixture
def cast(app: Tenantry) -> Cast:
    return Cast.of(app)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "customers.db"


@pytest.fixture
def memory() -> tuple[Tenantry, FixedClock]:
    return in_memory()
