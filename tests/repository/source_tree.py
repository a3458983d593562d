"""Find the files of this repository, and the code blocks of its texts."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGES = ("instasell_client", "instasell_server", "instasell_cli", "instasell_tui")

_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block of a Markdown text."""

    language: str
    text: str


@cache
def files() -> tuple[Path, ...]:
    """Every file that is committed or about to be, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    names = [name for name in listed.stdout.split("\0") if name]
    return tuple(path for path in map(Path, sorted(names)) if (ROOT / path).is_file())


def texts() -> list[tuple[Path, str]]:
    """The files that are text, with what they hold."""
    found = []
    for path in files():
        content = (ROOT / path).read_bytes()
        if b"\0" not in content:
            found.append((path, content.decode("utf-8")))
    return found


def blocks(path: Path) -> list[Block]:
    """The fenced blocks of a Markdown file, in order."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return [Block(match[2], match[3]) for match in _BLOCK.finditer(text)]
