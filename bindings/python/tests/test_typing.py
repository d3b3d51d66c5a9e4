"""The types: complete, right about the native module, and strict enough to refuse what is wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]
EXAMPLES = sorted((HERE.parents[1] / "examples" / "python").glob("*.py"))
ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
MARK = "# error"


def run(*words: str | Path, folder: Path = HERE) -> tuple[int, str]:
    """Runs a module of Python in the environment that the package is installed in."""
    # From a folder of its own where a tool would take what lies around for the package.
    ran = subprocess.run([sys.executable, "-m", *words], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    return ran.returncode, ran.stdout + ran.stderr


def errors(printed: str, pattern: str) -> dict[int, int]:
    """How many errors each line of `bad.py` has."""
    found: dict[int, int] = {}
    for number in re.findall(pattern, printed, re.M):
        found[int(number)] = found.get(int(number), 0) + 1
    return found


def test_the_stub_says_what_the_native_module_is(tmp_path: Path) -> None:
    status, printed = run("mypy.stubtest", "tenantry._tenantry", folder=tmp_path)
    assert status == 0, printed


def test_the_package_its_tests_and_the_examples_are_strict(tmp_path: Path) -> None:
    status, printed = run("mypy", "--strict", "-p", "tenantry", folder=tmp_path)
    assert status == 0, printed
    status, printed = run("mypy", "tests", "bench", "stub.py", *EXAMPLES)
    assert status == 0, printed


def test_everything_public_has_a_type(tmp_path: Path) -> None:
    status, printed = run("pyright", "--verifytypes", "tenantry", "--ignoreexternal", folder=tmp_path)
    assert "Type completeness score: 100%" in printed, printed
    assert status == 0, printed


@pytest.mark.parametrize(
    ("tool", "pattern"),
    [("mypy", r"bad\.py:(\d+): error"), ("pyright", r"bad\.py:(\d+):\d+ - error")],
    ids=["mypy", "pyright"],
)
def test_good_is_accepted_and_bad_is_refused(tool: str, pattern: str) -> None:
    status, printed = run(tool, "typing_tests/good.py")
    assert status == 0, printed
    lines = enumerate((HERE / "typing_tests" / "bad.py").read_text().splitlines()[2:], 3)
    marked = {number: line.count(MARK) for number, line in lines if MARK in line}
    assert sum(marked.values()) == 20
    status, printed = run(tool, "typing_tests/bad.py")
    assert status == 1
    found = errors(printed, pattern)
    if tool == "mypy":
        assert found == marked, printed
    else:
        # One mistake may be several errors to it, also where the wrong value is used.
        assert set(marked) <= set(found), printed
