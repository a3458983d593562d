"""The programs whose libraries are extras, in an installation that has none of these."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
PROGRAM = """
import importlib, sys

class Hider:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hider())
sys.argv = [{name!r}, "--help"]
sys.exit(getattr(importlib.import_module({module!r}), {function!r})())
"""


@pytest.mark.parametrize(
    ("name", "extra", "hidden"),
    [
        ("instasell-server", "server", ("aiohttp", "aiopg", "bcrypt", "redis", "structlog")),
        ("instasell-server", "server", ("stripe",)),
        ("instasell-tui", "tui", ("textual", "PIL")),
    ],
)
def test_a_missing_extra_is_reported_with_the_line_for_pip(
    name: str, extra: str, hidden: tuple[str, ...]
) -> None:
    module, _, function = SCRIPTS[name].partition(":")
    code = PROGRAM.format(hidden=hidden, name=name, module=module, function=function)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith(f"{name}: {hidden[0]} is not installed; run: ")
    assert line.endswith(f'-m pip install "instasell[{extra}]"')


@pytest.mark.parametrize("name", ["instasell-server", "instasell-tui"])
def test_with_its_libraries_each_program_runs(name: str) -> None:
    module, _, function = SCRIPTS[name].partition(":")
    code = PROGRAM.format(hidden=("none",), name=name, module=module, function=function)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert (done.returncode, "sage: " in done.stdout) == (0, True), done.stderr
