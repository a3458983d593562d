"""The commands that are used most start without the heavy libraries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = (
    *("httpx", "pydantic", "textual", "websockets", "keyring", "rich", "python_calamine"),
    *("asyncio", "pygments", "instasell_client.models.auctions", "instasell_client.models.admin"),
    *("yaml", "jq", "jinja2"),
)
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
        ["auctions", "--help"],
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
    assert sorted(done.stdout.split()) == ["bid", "bidding", "bids", "buy-now"]
    assert done.stderr.splitlines()[-1].strip() == "LOADED"


def test_completion_of_ids_loads_nothing_heavy() -> None:
    done = run(
        _INSTASELL_COMPLETE="complete_fish",
        _TYPER_COMPLETE_ARGS="instasell orders show ",
        _TYPER_COMPLETE_FISH_ACTION="get-args",
        INSTASELL_URL="http://127.0.0.1:9",
        INSTASELL_TOKEN="none",
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[-1].strip() == "LOADED"


def test_the_check_notices_what_is_loaded() -> None:
    done = run(
        "auctions",
        "show",
        "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11",
        INSTASELL_URL="http://127.0.0.1:9",
    )
    assert "httpx" in done.stderr.splitlines()[-1]
    assert "pydantic" in done.stderr.splitlines()[-1]


def test_a_command_loads_what_it_needs_and_no_more() -> None:
    done = run(
        "auctions",
        "show",
        "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11",
        INSTASELL_URL="http://127.0.0.1:9",
    )
    loaded = done.stderr.splitlines()[-1].split()[1:]
    assert {"httpx", "instasell_client.models.auctions"} <= {*loaded}
    assert not {"rich", "pygments", "instasell_client.models.admin"} & {*loaded}
