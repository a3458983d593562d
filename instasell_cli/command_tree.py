"""The tree of commands, to walk and to read: for documents, completion and tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PROGRAM = "instasell"
COMPLETION_ASKED = "_INSTASELL_COMPLETE"
"""The variable by which a shell asks for completions, as `complete_bash`."""

KEY = "instasell."
"""Before the names of the shared options in `Context.meta`."""

HELP_TOPICS = {
    "errors": "every error code of the market",
    "ids": "what may be typed where an id is asked for",
    "exit-codes": "what the exit code of a command says",
    "environment": "the variables that are read",
    "output": "the formats, and what goes where",
    "questions": "what is asked before it is done, and --yes",
    "completion": "ids, titles and fields in the shell",
}
"""Every topic of `instasell help`, and what it is about."""

OTHER_COMMANDS = "Other commands"
"""The section of a help for what none of its sections names."""

Sections = Mapping[str, Sequence[str]]
"""The headings of a group's help, in their order, each with the names of its commands."""

_HEAD = "\b\nExamples:\n"
_PROMPT = "  $ "


@dataclass(frozen=True)
class CommandEntry:
    """A command, or a group of them, with the words that lead to it."""

    words: tuple[str, ...]
    # typer carries a click of its own, whose classes have no public names.
    command: Any

    @property
    def path(self) -> str:
        """Return the words of the command, as `auctions bid`; the root's is empty."""
        return " ".join(self.words)

    @property
    def is_group(self) -> bool:
        """Return whether there are commands below it."""
        return hasattr(self.command, "commands")

    @property
    def is_command(self) -> bool:
        """Return whether it does something by itself; a group may, too."""
        return not self.is_group or bool(self.command.invoke_without_command)

    @property
    def examples(self) -> tuple[str, ...]:
        """Return the examples of the help, without the prompt; one may have several lines."""
        text = str(self.command.help or "")
        if not text.startswith(_HEAD):
            return ()
        found: list[str] = []
        for line in text.removeprefix(_HEAD).partition("\n\n")[0].split("\n"):
            if line.startswith(_PROMPT):
                found.append(line.removeprefix(_PROMPT))
            else:
                found[-1] += f"\n{line}"
        return tuple(found)

    @property
    def description(self) -> str:
        """Return the part of the help that follows the examples."""
        text = str(self.command.help or "")
        return text.partition("\n\n")[2] if text.startswith(_HEAD) else text

    @property
    def summary(self) -> str:
        """Return the line for lists of commands."""
        return str(self.command.short_help or self.description)


def path_of(ctx: Any) -> str:
    """Return the words of the command that runs, as `auctions bid`."""
    words: list[str] = []
    while ctx.parent is not None:
        words.insert(0, ctx.info_name or "")
        ctx = ctx.parent
    return " ".join(words)


def entries(root: Any) -> Iterator[CommandEntry]:
    """Yield the root command, then every group and command, in the order of the help."""
    yield from _below(CommandEntry((), root))


def _below(entry: CommandEntry) -> Iterator[CommandEntry]:
    yield entry
    if entry.is_group:
        for _, names in commands_by_section(entry.command):
            for name in names:
                yield from _below(CommandEntry((*entry.words, name), entry.command.commands[name]))


def commands_by_section(group: Any) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the headings of a group's help, each with the names of its commands.

    What no section names comes last, below `OTHER_COMMANDS`.
    """
    sections: Sections = group.sections
    yield from sections.items()
    named = {name for names in sections.values() for name in names}
    if left := [name for name in group.commands if name not in named]:
        yield OTHER_COMMANDS if sections else "Commands", left
