"""Answer the requests of each shell for completions, in the form that the shell expects.

The scripts are typer's; they ask through the environment. The answers are our own, for zsh runs
its answer as a program: titles are other people's words, and are quoted so that they stay words.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from typing import Any, NoReturn

import typer.main
from typer._click.core import Parameter
from typer._click.shell_completion import (
    CompletionItem,
    ShellComplete,
    _resolve_context,
    _resolve_incomplete,
)
from typer._completion_classes import BashComplete, FishComplete, ZshComplete

from instasell_cli.command_tree import COMPLETION_ASKED, PROGRAM
from instasell_cli.completion.parameters import Offer, offer_for
from instasell_cli.completion.sources import TypedWords
from instasell_cli.output.schema import records_of


class _CompletionShell(ShellComplete):
    """Offers what typer knows, and what the market knows."""

    def found_place(self) -> tuple[Any, Any, str, Offer | None]:
        """Return the context, what is completed there, the word so far, and its values."""
        args, incomplete = self.get_completion_args()
        context = _resolve_context(self.cli, self.ctx_args, self.prog_name, args)
        place, word = _resolve_incomplete(context, args, incomplete)
        if not isinstance(place, Parameter):
            return context, place, word, None
        return context, place, word, offer_for(_path(context), place.name or "")

    def items(self) -> tuple[list[CompletionItem], str]:
        """Return the completions, and the word that they are for."""
        context, place, word, offer = self.found_place()
        if offer is None:
            return place.shell_complete(context, word), word
        nouns = context.find_root().command.nouns
        records = records_of(context.command)
        fields = records.fields if records is not None else ()
        typed = TypedWords(_path(context), word, nouns, context.params, context.meta, fields)
        return [CompletionItem(each.value, help=each.title) for each in offer(typed)], word


class Bash(_CompletionShell, BashComplete):
    """A value in each line; bash shows no titles."""

    def complete(self) -> str:
        """Return the answer."""
        # bash takes each line for a word of the command line; within quotes it quotes by itself.
        quoted = _ends_in_quotes(os.environ.get("COMP_WORDS", ""))
        values = (item.value for item in self.items()[0])
        return "\n".join(value if quoted else _escaped(value) for value in values)


class Fish(_CompletionShell, FishComplete):
    """A value and its title in each line."""

    def complete(self) -> str:
        """Answer whether there are values. Raises SystemExit, 0 or 1."""
        if os.environ.get("_TYPER_COMPLETE_FISH_ACTION") == "is-args":
            # What has values of its own takes no files, and the server need not be asked for that.
            has_values = self.found_place()[3] is not None or bool(self.items()[0])
            raise SystemExit(0 if has_values else 1)
        lines = (f"{item.value}\t{_line(item.help)}".rstrip() for item in self.items()[0])
        return "\n".join(lines)


class Zsh(_CompletionShell, ZshComplete):
    """A program that offers values with their titles."""

    def complete(self) -> str:
        """Return the answer. Values that do not begin as the word does replace it from a menu."""
        items, word = self.items()
        if not items:
            return "" if self.found_place()[3] is not None else "_files"
        shown = " ".join(_quoted(_described(item)) for item in items)
        if all(item.value.startswith(word) for item in items):
            return f"local -a found; found=({shown}); _describe -V {PROGRAM} found"
        menu = "compstate[insert]=menu"
        return f"local -a found; found=({shown}); {menu}; _describe -V {PROGRAM} found -U"


SHELLS: dict[str, type[_CompletionShell]] = {"bash": Bash, "fish": Fish, "zsh": Zsh}


def answers(asked: str) -> bool:
    """Return whether this module answers a request of a shell; typer has the scripts and other
    shells.
    """
    instruction, _, shell = asked.partition("_")
    return instruction == "complete" and shell in SHELLS


def answer(app: typer.Typer, asked: str) -> NoReturn:
    """Write the completions that a shell asks for, and nothing else whatever happens."""
    code = 0
    text = ""
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        try:
            shell = SHELLS[asked.partition("_")[2]]
            text = shell(typer.main.get_command(app), {}, PROGRAM, COMPLETION_ASKED).complete()
        except SystemExit as end:
            code = int(end.code or 0)
        except (Exception, KeyboardInterrupt):
            # The user is typing on this line; a report would only tear it apart.
            code = 1
    sys.stdout.write(text + "\n" if text else "")
    sys.stdout.flush()
    sys.exit(code)


def _escaped(text: str) -> str:
    return re.sub(r"[^\w@%+=:,./-]", r"\\\g<0>", text)


def _ends_in_quotes(line: str) -> bool:
    """Return whether the last word of a line has a quote that is still open."""
    open_quote = ""
    escaped = False
    for char in line:
        if escaped:
            escaped = False
        elif char == "\\" and open_quote != "'":
            escaped = True
        elif open_quote:
            open_quote = "" if char == open_quote else open_quote
        elif char in "'\"":
            open_quote = char
    return bool(open_quote)


def _path(context: Any) -> str:
    return " ".join(str(context.command_path).split()[1:])


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def _described(item: CompletionItem) -> str:
    value = item.value.replace("\\", "\\\\").replace(":", "\\:")
    return f"{value}:{_line(item.help)}" if item.help else value


def _quoted(text: str) -> str:
    inner = text.replace("'", "'\\''")
    return f"'{inner}'"
