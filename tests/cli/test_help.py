"""Every help begins with examples that the commands themselves take, and is documented."""

from __future__ import annotations

import itertools
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from instasell_cli.command_tree import HELP_TOPICS, PROGRAM, CommandEntry, commands_by_section
from instasell_cli.commands.help import text_of
from instasell_cli.exit_codes import ExitCode
from instasell_cli.main import NOUNS, SECTIONS, all_entries, app
from instasell_cli.options import command, group
from instasell_cli.reference.pages import pages
from instasell_client.errors import errors_by_code

ROOT = Path(__file__).parents[2]
ENTRIES = {entry.path: entry for entry in all_entries()}
SUMMARY_MAX = 79
_CALL = re.compile(r"""(?:^|[;&|(]\s*)instasell\b((?:"[^"]*"|'[^']*'|[^"'\n;|)])*)""")


def calls_in(example: str) -> Iterator[list[str]]:
    """The words of every call of the program in a line for a shell, without redirections."""
    for call in _CALL.findall(example.replace("\\\n", " ")):
        lexer = shlex.shlex(call, posix=True)
        lexer.whitespace_split = True
        lexer.commenters = ""
        yield [*itertools.takewhile(lambda word: word[0] not in "<>&", lexer)]


def parsed(entry: CommandEntry, words: list[str], above: Any = None) -> str:
    """Have the command's own parser read the words; return the path of the command they name."""
    name = entry.words[-1] if entry.words else PROGRAM
    context = entry.command.make_context(name, [*words], parent=above)
    left = [*context._protected_args, *context.args]
    if (not left and entry.is_command) or not entry.is_group:
        return entry.path
    # A command's name may have two words.
    for count in (2, 1):
        name = " ".join(left[:count])
        below = ENTRIES.get(f"{entry.path} {name}".strip())
        if below is not None and below.words[-1] == name:
            return parsed(below, left[count:], context)
    raise KeyError(left[0])


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda entry: entry.path or PROGRAM)
def test_help_begins_with_examples_that_work(entry: CommandEntry) -> None:
    assert entry.examples
    for example in entry.examples:
        # The root explains its examples beside them.
        line = example if entry.words else example.partition("   ")[0]
        named = [parsed(ENTRIES[""], words) for words in calls_in(line)]
        assert any(f"{each} ".startswith(f"{entry.path} ".lstrip()) for each in named), example
    assert 0 < len(entry.summary) <= SUMMARY_MAX, entry.summary
    assert entry.description
    for param in entry.command.params:
        assert getattr(param, "help", None), f"{entry.path} {param.name} has no help"


def test_an_example_with_a_wrong_option_is_noticed() -> None:
    with pytest.raises(Exception, match="No such option"):
        parsed(ENTRIES[""], ["auctions", "live", "--wrong"])
    with pytest.raises(KeyError):
        parsed(ENTRIES[""], ["auctions", "fly"])
    line = 'T="$(instasell auth token)" x | instasell listings import - < listings.csv'
    assert [*calls_in(line)] == [["auth", "token"], ["listings", "import", "-"]]


def test_every_command_is_in_one_section_of_its_group() -> None:
    """A group has sections for all of its commands, or for none."""
    groups = [entry for entry in ENTRIES.values() if entry.is_group and entry.command.sections]
    assert {"", "auctions", "orders", "listings", "admin"} <= {entry.path for entry in groups}
    for entry in groups:
        named = [name for names in entry.command.sections.values() for name in names]
        assert sorted(named) == sorted(entry.command.commands), entry.path or PROGRAM


def test_a_command_without_a_section_is_listed_last() -> None:
    tried = group("Try sections.", "try", sections={"First": ("one",)})
    for name in ("two", "one"):
        command(tried, name, f"Do {name}.", name)(lambda: None)
    found = typer.main.get_group(tried)
    assert [*commands_by_section(found)] == [("First", ("one",)), ("Other commands", ["two"])]


def test_the_help_of_the_root_has_its_sections_in_order_and_builds_no_group() -> None:
    root = typer.main.get_command(app)
    shown = root.make_context(PROGRAM, [], terminal_width=80, resilient_parsing=True).get_help()
    assert max(map(len, shown.splitlines())) <= 80
    lists = shown[shown.index("Buy and sell:") :].splitlines()
    headings = [line for line in lists if line and not line.startswith(" ")]
    assert headings == [f"{title}:" for title in SECTIONS]
    named = [line.split()[0] for line in lists if line.startswith("  ")]
    assert named == [name for names in SECTIONS.values() for name in names]
    assert not {*NOUNS} & {*root.commands._built}  # type: ignore[attr-defined]


def test_every_topic_has_a_text() -> None:
    for topic in HELP_TOPICS:
        assert text_of(topic)


def test_every_error_code_is_listed_with_its_exit_code() -> None:
    lines = [line.split(None, 2) for line in text_of("errors").splitlines()[3:]]
    assert {line[0] for line in lines} == set(errors_by_code())
    assert {"insta_sell_error", "bid_too_low"} <= {line[0] for line in lines}
    assert {int(line[1]) for line in lines} <= {code.value for code in ExitCode}
    assert all(line[2] for line in lines)
    assert next(line[:2] for line in lines if line[0] == "not_found") == ["not_found", "5"]


@pytest.mark.parametrize("name", sorted(pages()))
def test_the_documents_are_current(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == pages()[name], "run `make docs`"


def test_the_documents_have_every_command_and_option() -> None:
    page, manual = pages()["docs/cli.md"], pages()["docs/instasell.1"]
    plain = manual.replace("\\-", "-")
    for entry in ENTRIES.values():
        assert f"{PROGRAM} {entry.path}".strip() in page
        assert f".SS {PROGRAM} {entry.path}\n" in plain or not entry.words
        for param in entry.command.params:
            if param.param_type_name == "option" and not param.name.startswith("shared_"):
                assert all(name in page and name in plain for name in param.opts), param.opts


def test_the_manual_page_is_plain_roff() -> None:
    """Find what groff would warn of: lines that are no requests, characters that it cannot read."""
    manual = pages()["docs/instasell.1"]
    assert manual.isascii()
    requests = {".TH", ".SH", ".SS", ".B", ".I", ".RI", ".TP", ".PP", ".RS", ".RE", ".nf", ".fi"}
    for line in manual.splitlines():
        if line.startswith((".", "'")) and not line.startswith('.\\"'):
            assert line.split()[0] in requests, line
    assert manual.count("\n.nf\n") == manual.count("\n.fi\n")
    assert manual.count("\n.RS 4\n") == manual.count("\n.RE\n")


def test_the_command_writes_them(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "instasell_cli.reference", str(tmp_path)], check=True, cwd=ROOT
    )
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")}
    assert written == {*pages()}


def test_the_comparison_names_a_command_for_every_feature() -> None:
    """That the commands exist is looked at with those of all documents."""
    lines = (ROOT / "docs/comparison-cli.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    without = {"where the token is", "without signing in", "how it is installed"}
    for feature, here, *others in rows[2:]:
        assert len(others) == 5, feature
        assert "`instasell " in here or feature in without, feature
