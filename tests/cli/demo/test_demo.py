"""`instasell demo` from end to end: real processes, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from instasell_cli.demo.payments import Settled
from instasell_cli.demo.story import StoryEvents
from tests.cli.conftest import ROOT, Shell


@pytest.fixture
def own_shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell with a folder of its own for what is temporary."""
    # Under root the engines run as another user, who has to pass through this folder.
    folder = Path(tempfile.mkdtemp(prefix="is-demo-test-"))
    folder.chmod(0o711)
    shell = Shell("http://127.0.0.1:9", tmp_path)
    shell.extra = {
        "TMPDIR": str(folder),
        # What belongs to other markets must not leak into this one.
        "INSTASELL_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing",
        "INSTASELL_RATE_LIMIT_ANONYMOUS": "1",
    }
    yield shell
    left = [*folder.iterdir()]
    assert left == []
    folder.rmdir()


def processes_of(folder: str) -> list[psutil.Process]:
    """Every process that names a folder in its command line."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(folder in part for part in process.info["cmdline"] or ()):
            found.append(process)
    return found


@pytest.mark.e2e
async def test_the_demo_tells_its_story_and_leaves_nothing(own_shell: Shell) -> None:
    done = await own_shell.run("demo")
    assert done.code == 0, done.err
    for wanted in (
        "12 created, 0 updated, 0 unchanged, 2 rejected",
        "0 created, 0 updated, 12 unchanged, 2 rejected",
        "extended, it ends",
        "on the provider's page",
        "is released: delivered",
        "opens a dispute, Sally answers, and the admin decides",
        "goes back to the card",
        "0 differences",
    ):
        assert wanted in done.out
    assert len(re.findall(r"ended, bidder-\d+ won at \d+\.\d\d", done.out)) == 3
    assert len(re.findall(r"bidder-\d+ bids \d+\.\d\d", done.out)) >= 3
    assert "\x1b" not in done.out + done.err
    assert processes_of(own_shell.extra["TMPDIR"]) == []


@pytest.mark.e2e
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_demo_leaves_nothing(own_shell: Shell, number: int) -> None:
    process = await own_shell.start("demo")
    assert process.stdout is not None
    assert b"A market runs at" in await process.stdout.readline()
    assert processes_of(own_shell.extra["TMPDIR"])
    process.send_signal(number)
    _, err = await process.communicate()
    # Interrupted while a library is being loaded, CPython itself may end by the signal after our
    # own clean end; a shell shows the same 130 for both.
    assert process.returncode in (128 + number, -number)
    assert b"Traceback" not in err
    assert processes_of(own_shell.extra["TMPDIR"]) == []


@pytest.mark.e2e
async def test_a_market_that_cannot_start_is_reported(own_shell: Shell) -> None:
    program = (
        "import instasell_cli.demo.market as market, instasell_cli.main as main\n"
        "market._SETTINGS['INSTASELL_CURRENCY'] = 'nonsense'\n"
        "main.run()\n"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, "demo"),
        env={**own_shell.environment, "PYTHONPATH": os.fspath(ROOT)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert (process.returncode, out) == (1, b"")
    assert b"the market did not start" in err
    assert b"CURRENCY" in err


def test_a_story_that_did_not_happen_is_noticed() -> None:
    nothing = StoryEvents()
    assert len(nothing.missing(3)) == 7
    whole = StoryEvents(12, 2, 12, 1, {"a": "bidder-1"}, 9, Settled(500, 100, 500, 1))
    assert list(whole.missing(1)) == []
    assert list(whole.missing(2)) == ["a winner of every auction"]
    whole.settled.earned = 499
    assert list(whole.missing(1)) == ["the seller's money"]
