"""The first session of the README, typed by a shell against the server that it starts."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.terminals import PROGRAMS, serving
from tests.repository.source_tree import ROOT, Block, blocks

SERVE = "instasell serve"
SESSION_SECONDS = 110
RUNS_FOR, RUNS_HERE = "--duration 30s", "--duration 8s"
"""Of its auction: a person who types the commands takes longer than a shell."""

PARTLY = 7
"""The exit code of a bulk command that refused some rows."""


def chapter_blocks(title: str) -> list[Block]:
    """Return the blocks of a chapter of the README."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    chapter = text.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return [block for block in blocks(Path("README.md")) if block.text in chapter]


def run_bulk_commands(environment: dict[str, str], folder: Path) -> None:
    """Run the commands for many listings; the examples hold a few rows that are refused."""
    (folder / "examples").symlink_to(ROOT / "examples")
    [block] = chapter_blocks("Many listings at once")
    printed = []
    for line in block.text.strip().splitlines():
        ran = subprocess.run(
            shlex.split(line),
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=SESSION_SECONDS,
            check=False,
        )
        assert ran.returncode in (0, PARTLY), f"{line}: {ran.stdout}{ran.stderr}"
        printed.append(ran.stdout + ran.stderr)
    assert "dry run, nothing was written" in printed[1]
    assert (folder / "rejects.csv").exists()
    assert "0 created" not in printed[2] + printed[3]


def pattern_of(line: str) -> str:
    """A line of the README's sample, at any time of any day."""
    pieces = re.split(r"\d\d:\d\d:\d\d|\d{4}-\d\d-\d\d", line)
    return r"[\d:-]+".join(re.escape(piece) for piece in pieces)


def run_python(environment: dict[str, str], profile: str) -> str:
    """Return what the README's lines of Python print for a user who is signed in."""
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
def test_the_first_session_works_as_the_readme_says(folder: Path) -> None:
    told = chapter_blocks("A first session")
    scripts = [block.text for block in told if block.language == "sh"]
    assert scripts[0].strip() == SERVE
    typing = "\n".join(scripts[1:])
    assert typing.count(RUNS_FOR) == 1
    with serving(SERVE, folder) as environment:
        typed = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", typing.replace(RUNS_FOR, RUNS_HERE)],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=SESSION_SECONDS,
            check=False,
        )
        assert typed.returncode == 0, typed.stdout + typed.stderr
        printed = run_python(environment, "bea")
        run_bulk_commands(environment, folder)
    assert re.fullmatch(r"(?:.+ \d+\n)+", printed), "a title and a minimum in each line"
    assert "refused with exit code 6" in typed.stdout
    assert " 0 differences" in typed.stdout
    (sample,) = [block.text for block in told if block.language == "text"]
    for line in sample.splitlines():
        assert re.search(pattern_of(line), typed.stdout), f"{line!r} is not in {typed.stdout}"
