"""The first session of the README, typed by a shell against the server that it starts."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.terminals import PROGRAMS, serving
from tests.house.repository import ROOT, Block, blocks

SERVE = "instasell serve"
SESSION_SECONDS = 110


def session() -> list[Block]:
    """The blocks of the README's first session."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    chapter = text.split("\n## A first session\n")[1].split("\n## ")[0]
    return [block for block in blocks(Path("README.md")) if block.text in chapter]


def pattern_of(line: str) -> str:
    """A line of the README's sample, at any time of any day."""
    pieces = re.split(r"\d\d:\d\d:\d\d|\d{4}-\d\d-\d\d", line)
    return r"[\d:-]+".join(re.escape(piece) for piece in pieces)


def run_python(environment: dict[str, str], profile: str) -> str:
    """What the README's lines of Python print for somebody who is signed in."""
    token = subprocess.run(
        [PROGRAMS / "instasell", "auth", "token", "--profile", profile],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    (lines,) = [each.text for each in blocks(Path("README.md")) if each.language == "python"]
    assert "http://127.0.0.1:8780" in lines
    program = lines.replace("http://127.0.0.1:8780", environment["INSTASELL_URL"])
    ran = subprocess.run(
        [sys.executable, "-c", f"token = {token.stdout.strip()!r}\n{program}"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.timeout(SESSION_SECONDS + 100)
def test_the_first_session_goes_as_it_is_told(folder: Path) -> None:
    told = session()
    scripts = [block.text for block in told if block.language == "sh"]
    assert scripts[0].strip() == SERVE
    with serving(SERVE, folder) as environment:
        typed = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(scripts[1:])],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=SESSION_SECONDS,
            check=False,
        )
        assert typed.returncode == 0, typed.stdout + typed.stderr
        printed = run_python(environment, "bea")
    assert re.fullmatch(r"(?:.+ \d+\n)+", printed), "a title and a minimum in each line"
    assert "refused with exit code 6" in typed.stdout
    assert " 0 differences" in typed.stdout
    (sample,) = [block.text for block in told if block.language == "text"]
    for line in sample.splitlines():
        assert re.search(pattern_of(line), typed.stdout), f"{line!r} is not in {typed.stdout}"
