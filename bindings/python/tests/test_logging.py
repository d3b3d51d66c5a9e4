"""What the Rust half logs arrives in Python's logging, under the names of the package."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from tenantry import PermissionDeniedError, Tenantry
from tenantry.testing import Cast


def test_operations_and_refusals_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Tenantry.open_in_memory() as app:
        cast = Cast.of(app)
        caplog.clear()
        with pytest.raises(PermissionDeniedError):
            cast.viewer.require("settings.manage")
    assert all(record.name == "tenantry" or record.name.startswith("tenantry.") for record in caplog.records)
    told = [record for record in caplog.records if "access.require" in record.getMessage() or "refused" in record.getMessage()]
    [span, refusal] = told
    assert 'operation="access.require"' in span.getMessage()
    assert span.levelno == logging.DEBUG
    assert refusal.levelno == logging.INFO
    assert str(cast.viewer.actor) in refusal.getMessage()


def test_a_level_that_is_changed_counts_at_once() -> None:
    program = """
import logging
from tenantry import Tenantry
app = Tenantry.open_in_memory()
app.find_vendor("acme")
logging.basicConfig(level=logging.DEBUG)
app.find_vendor("acme")
logging.getLogger("tenantry").setLevel(logging.INFO)
app.find_vendor("acme")
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stderr.count("vendors.find") == 1
    assert ran.stderr.startswith("DEBUG:tenantry.")
