"""What the documents show works: doctests of the package, and every Python block of every Markdown file."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tenantry

ROOT = Path(__file__).parents[3]
BLOCKS = [
    (path.relative_to(ROOT), number, block)
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bindings/python/*.md")])
    for number, block in enumerate(re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S))
]


@pytest.mark.parametrize(("path", "number", "block"), BLOCKS, ids=lambda value: str(value)[:40].split("\n")[0])
def test_a_block_of_a_document_runs_as_a_script(path: Path, number: int, block: str, tmp_path: Path) -> None:
    script = tmp_path / "block.py"
    script.write_text(block, encoding="utf-8")
    ran = subprocess.run([sys.executable, "-W", "error", script], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, f"{path}, block {number}: {ran.stderr}"


def test_there_are_blocks() -> None:
    assert {"README.md", "bindings/python/README.md"} <= {str(path) for path, _, _ in BLOCKS}


MODULES = [module.name for module in pkgutil.iter_modules(tenantry.__path__, "tenantry.")]


@pytest.mark.parametrize("name", ["tenantry", *MODULES])
def test_the_examples_of_a_module_work(name: str) -> None:
    module = importlib.import_module(name)
    result = doctest.testmod(module)
    assert result.failed == 0
    assert result.attempted > 0 or name in {"tenantry._tenantry"} or "_" in name
