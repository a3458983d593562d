"""Starting `instasell_tui`: its options, its keys, and what it imports."""

from __future__ import annotations

import ast
import gc
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.segment import Segments

import instasell_tui
from instasell_tui.__main__ import collect_and_keep
from instasell_tui.app import InstaSellApp

PACKAGE = Path(instasell_tui.__file__).parent
# State and connections have nothing of Textual but its messages.
DRAWN = [
    path
    for path in sorted(PACKAGE.glob("*/*.py"))
    if re.search(r"from textual(?:\.(?!message)\w+)? import", path.read_text())
]


def run(*arguments: str, folder: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """The program off a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "instasell_tui", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=PACKAGE.parent,
        env={"INSTASELL_CONFIG_DIR": str(folder), "PATH": ""},
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "stdin", "told"),
    [
        ((), "", "a terminal is needed"),
        (("--url", "ftp://x"), "", "ftp://x"),
        (("--profile", "nobody"), "", "there is no profile 'nobody'"),
        (("--token-stdin",), "", "stdin is empty"),
        (("--theme", "pink"), "", "invalid choice: 'pink'"),
    ],
)
def test_a_start_that_cannot_be_says_why(
    tmp_path: Path, arguments: tuple[str, ...], stdin: str, told: str
) -> None:
    result = run(*arguments, folder=tmp_path, stdin=stdin)
    assert result.returncode == 2
    assert told in result.stderr
    assert result.stdout == ""


def test_help_needs_neither_a_terminal_nor_textual(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['instasell-tui', '--help']\n"
        "from instasell_tui.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: print([name for name in ('textual', 'httpx') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    assert "--read-only" in result.stdout
    assert result.stdout.splitlines()[-1] == "[]"


def test_neither_server_nor_command_line_nor_other_screens_are_imported() -> None:
    code = (
        "import sys, instasell_tui.app\n"
        "print([name for name in sys.modules if name.split('.')[0] in"
        " ('instasell_server', 'instasell_cli', 'aiohttp', 'aiopg', 'typer')"
        " or name in ('instasell_tui.wallet.screen', 'instasell_tui.auction.screen')])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("path", DRAWN, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_screens_and_widgets_hold_no_client(path: Path) -> None:
    tree = ast.parse(path.read_text())
    names = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "instasell_client"
        for alias in node.names
    ]
    assert not {"AsyncInstaSell", "InstaSell", "LiveSession"} & set(names)
    text = path.read_text()
    assert "feed.client.a" not in text
    assert "httpx" not in text


def test_garbage_is_looked_for_once_the_screen_is_up() -> None:
    gc.disable()
    try:
        collect_and_keep()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 1000
    finally:
        gc.enable()
        gc.unfreeze()


def test_a_crash_shows_no_values_of_variables() -> None:
    app = InstaSellApp()
    try:
        secret = "-".join(("hidden", "from", "view"))
        raise RuntimeError(len(secret))
    except RuntimeError:
        app._fatal_error()
    [crash] = app._exit_renderables
    assert isinstance(crash, Segments)
    text = "".join(segment.text for segment in crash.segments)
    assert "RuntimeError" in text
    assert "hidden-from-view" not in text
