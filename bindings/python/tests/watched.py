"""Programs of Python in a process of their own. One that hangs is ended with everything that it forked, and fails the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

FORKS = "ignore:This process:DeprecationWarning"
LONGEST = 120
"""More seconds than this no program takes: it waits for something that does not come."""


@dataclass(frozen=True)
class Ran:
    """What came of a program."""

    status: int
    lines: list[str]
    errors: str


def watched(*words: str | Path, seconds: float = LONGEST) -> Ran:
    """Runs `python` with these words, until it and all that it forked have ended."""
    # From Python 3.12 on it warns of forks with several threads, which are what is tried.
    command = [sys.executable, "-X", "faulthandler", "-W", FORKS, *map(str, words)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        # Whoever is forked has the pipes as well, so this waits for the last of them.
        out, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        if sys.platform != "win32":
            # It tells where it hangs before it is ended.
            os.killpg(process.pid, signal.SIGABRT)
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        out, errors = process.communicate()
        pytest.fail(f"hangs:\n{out}\n{errors}")
    return Ran(process.returncode, out.splitlines(), errors)
