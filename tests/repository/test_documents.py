"""The commands in the documents exist, and their links lead somewhere."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from instasell_cli.main import app as cli
from instasell_server.__main__ import app as server
from instasell_server.config.settings import Settings
from tests.repository.source_tree import ROOT, blocks, files

DOCUMENTS = [path for path in files() if path.suffix == ".md"]
# typer carries a click of its own, whose classes have no public names.
PROGRAMS: dict[str, Any] = {
    "instasell": typer.main.get_command(cli),
    "instasell-server": typer.main.get_command(server),
}
SHELL = {"sh", "console", "bash"}

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_INLINE = re.compile(r"`((?:instasell|instasell-server|make) [^`\n]+)`")
_COMMAND = re.compile(r"(?:^|[;&|(]\s*|\$\()((?:instasell-server|instasell|make)\b[^\n;|)]*)", re.M)
_TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)
_SETTING = re.compile(r"\bINSTASELL_[A-Z_]+[A-Z]\b")

# Variables that are no settings of the server: of the command line, the tests and the proxy.
OTHER_VARIABLES = {
    "INSTASELL_TOKEN",
    "INSTASELL_URL",
    "INSTASELL_THEME",
    "INSTASELL_CONFIG_DIR",
    "INSTASELL_ADMIN_TOKEN",
    "INSTASELL_COMPLETION_SECONDS",
    "INSTASELL_CURRENCY",
    "INSTASELL_LISTEN_SECRET",
    "INSTASELL_SEED_PASSWORD",
    "INSTASELL_TEST_DATABASE_URL",
    "INSTASELL_TEST_REDIS_URL",
    "INSTASELL_REAL_DATA",
    "INSTASELL_SITE",
    "INSTASELL_MACHINE_SHRINK",
    "INSTASELL_ATTACKS",
}


def commands_in(path: Path) -> Iterator[str]:
    """The command lines of a document, in its shell blocks and in its sentences."""
    for block in blocks(path):
        if block.language in SHELL:
            joined = block.text.replace("\\\n", " ").replace("$ ", "")
            yield from _COMMAND.findall(joined)
    text = (ROOT / path).read_text(encoding="utf-8")
    yield from _INLINE.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def words_of(command: str) -> list[str]:
    """The words before any redirection, comment or next command."""
    lexer = shlex.shlex(command, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    return list(itertools.takewhile(lambda word: word[0] not in "<>#&", lexer))


def check_program(words: list[str]) -> None:
    """Follow the words down the tree of commands, and look every option up."""
    command = PROGRAMS[words[0]]
    options = options_of(command)
    rest = words[1:]
    while rest and not rest[0].startswith("-") and hasattr(command, "commands"):
        name = rest.pop(0)
        if rest and f"{name} {rest[0]}" in command.commands:
            name = f"{name} {rest.pop(0)}"
        assert name in command.commands, f"there is no command {name!r}"
        command = command.commands[name]
        options |= options_of(command)
    if command.context_settings.get("ignore_unknown_options"):
        # It hands its options on to instasell-server.
        return
    for word in rest:
        if word.startswith("-") and word != "-":
            assert word.split("=")[0] in options, f"there is no option {word}"


def options_of(command: Any) -> set[str]:
    """The names of a command's options."""
    names = {"-h", "--help"}
    for each in command.params:
        names |= {*each.opts, *each.secondary_opts}
    return names


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_commands_exist(path: Path) -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    for command in commands_in(path):
        words = words_of(command)
        if words[0] == "make":
            named = {word for word in words[1:] if "=" not in word}
            assert named <= targets, f"{command}: {named - targets}"
            continue
        try:
            check_program(words)
        except AssertionError as error:
            raise AssertionError(f"{path}: {command}: {error}") from None


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_links_lead_somewhere(path: Path) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    for link in _LINK.findall(text):
        if "://" in link or link.startswith("#"):
            continue
        target = (ROOT / path).parent / link.partition("#")[0]
        assert target.exists(), f"{path} links to {link}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_settings_exist(path: Path) -> None:
    known = {f"INSTASELL_{name.upper()}" for name in Settings.model_fields} | OTHER_VARIABLES
    text = (ROOT / path).read_text(encoding="utf-8")
    assert set(_SETTING.findall(text)) <= known


def test_the_readme_says_how_to_start() -> None:
    commands = list(commands_in(Path("README.md")))
    assert "make demo" in commands
    assert "instasell-server run" in commands


def test_decisions_are_numbered_without_gaps() -> None:
    names = sorted(path.name for path in (ROOT / "docs/decisions").glob("*.md"))
    assert [name[:4] for name in names] == [f"{n:04}" for n in range(1, len(names) + 1)]
    for name in names:
        text = (ROOT / "docs/decisions" / name).read_text(encoding="utf-8")
        assert text.startswith(f"# {name[:4]}: "), name
        for part in ("## Context", "## Decision", "## Consequence"):
            assert f"\n{part}\n" in text, f"{name} lacks {part}"
