"""What is looked at most often starts without the heavy libraries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("httpx", "pydantic", "textual", "websockets", "keyring", "rich", "python_calamine")
PROGRAM = """
import sys
from instasell_cli.main import run
try:
    run()
finally:
    print("LOADED", *(name for name in %r if name in sys.modules), file=sys.stderr)
"""


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM % (HEAVY,), *arguments],
        env={"PYTHONPATH": str(ROOT), "PATH": "", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["--help"],
        ["listings", "--help"],
        ["auctions", "bid", "-h"],
        ["help", "exit-codes"],
    ],
    ids=" ".join,
)
def test_nothing_heavy_is_loaded(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert done.stderr.splitlines()[-1].strip() == "LOADED"


def test_completion_loads_nothing_heavy_and_knows_the_commands() -> None:
    done = run(
        _INSTASELL_COMPLETE="complete_bash", COMP_WORDS="instasell auctions b", COMP_CWORD="2"
    )
    assert done.stdout.split() == ["bids", "bid", "buy-now"]
    assert done.stderr.splitlines()[-1].strip() == "LOADED"


def test_the_check_notices_what_is_loaded() -> None:
    done = run("auctions", "show", "..", INSTASELL_URL="http://127.0.0.1:9")
    assert "httpx" in done.stderr.splitlines()[-1]
    assert "pydantic" in done.stderr.splitlines()[-1]


def test_every_command_has_help_that_begins_with_examples() -> None:
    import typer.main

    from instasell_cli.main import app

    def walk(command: object, words: list[str]) -> list[tuple[str, object]]:
        below = getattr(command, "commands", None)
        if below is None:
            return [(" ".join(words), command)]
        return [found for name, each in below.items() for found in walk(each, [*words, str(name)])]

    found = walk(typer.main.get_command(app), [])
    assert len(found) > 25
    for name, command in found:
        text = getattr(command, "help", "")
        assert text.startswith("\b\nExamples:\n  $ instasell "), name
        assert f"{name}" in text, name
