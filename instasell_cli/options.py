"""The options that all or several commands take, and how commands are declared."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Annotated, Any, ClassVar, TypeVar

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup, TyperOption

from instasell_cli.command_tree import KEY, Sections, commands_by_section
from instasell_cli.output.schema import RecordSchema
from instasell_cli.output.writer import Format

Limit = Annotated[
    int, typer.Option("--limit", min=0, help="Limit the number of results; 0 is all.")
]
Key = Annotated[
    str | None, typer.Option("--key", help="Run again with the same key, it happens once.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Skip the confirmation.")]

PAGE_SIZE_MAX = 100

Command = TypeVar("Command", bound=Callable[..., Any])
Kind = TypeVar("Kind", "MarketCommand", "MarketGroup")


def page_size(limit: int) -> int:
    """Return how many of `limit` results, 0 for all, to ask for at once."""
    return min(limit, PAGE_SIZE_MAX) or PAGE_SIZE_MAX


def shared_options() -> list[Any]:
    """Return new options; their values gather in `Context.meta`, where the last one given wins."""
    return [
        _shared(
            "output",
            *("-o", "--output"),
            help="table, wide, json, jsonl, yaml, csv, or name for ids alone.",
            check=_format,
        ),
        _flag("wide", "--wide", help="The same as -o wide: all columns, uncut."),
        _shared("fields", "--fields", help="Show only these fields, separated by commas."),
        _shared("jq", "--jq", help="Filter the JSON with an expression of jq.", metavar="EXPR"),
        _shared(
            "template", "--template", help="Format the JSON with a Jinja template.", metavar="TMPL"
        ),
        _shared("url", "--url", help="The server, instead of the profile's."),
        _shared("profile", "--profile", help="The profile to use."),
        _flag("debug", "--debug", help="Print on stderr what is sent, without secrets."),
    ]


class MarketCommand(TyperCommand):
    """A command with the shared options.

    typer passes no values of ours to the classes that it makes commands of, so that each command
    has a class, and its declaration is in the attributes.
    """

    records: ClassVar[RecordSchema | None] = None
    bare: ClassVar[Mapping[str, str]] = {}

    def __init__(self, *args: Any, params: list[Any] | None = None, **kwargs: Any) -> None:
        for param in params or ():
            if param.metavar is None and param.type.name in ("int", "int range"):
                param.metavar = "NUMBER"
        super().__init__(*args, params=[*(params or []), *shared_options()], **kwargs)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments, after the values that options are left without are put in."""
        # typer knows no options whose value may be left out.
        completed: list[str] = []
        for word, following in itertools.zip_longest(args, args[1:]):
            completed.append(word)
            if word in self.bare and (following is None or following.startswith("-")):
                completed.append(self.bare[word])
        return super().parse_args(ctx, completed)

    def invoke(self, ctx: Any) -> Any:
        """Run the command once its parameters are prepared, as by whole ids for titles."""
        ctx.find_root().command.prepare(ctx)
        return super().invoke(ctx)


class MarketGroup(TyperGroup):
    """A group that takes the shared options before its commands, and lists them by section."""

    records: ClassVar[RecordSchema | None] = None
    sections: ClassVar[Sections] = {}

    def __init__(self, *, params: list[Any] | None = None, **kwargs: Any) -> None:
        super().__init__(params=[*(params or []), *shared_options()], **kwargs)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find a command, also one whose name has two words."""
        name = " ".join(args[:2])
        if len(args) > 1 and name in self.commands:
            return name, self.commands[name], args[2:]
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands below the heading of their section, with one column for the names."""
        width = max((len(name) for name in self.commands), default=0)
        for title, names in commands_by_section(self):
            with formatter.section(title):
                rows = [(f"{name:<{width}}", self.short_help_of(name)) for name in names]
                formatter.write_dl(rows)

    def short_help_of(self, name: str) -> str:
        """Return the line of a command in this group's help."""
        return str(self.commands[name].get_short_help_str())


class _Nouns(MutableMapping[str, Any]):
    """Map commands by name, and build a group only when it is asked for.

    Building them all takes longer than most commands do.
    """

    def __init__(self, built: Mapping[str, Any], nouns: Mapping[str, typer.Typer]) -> None:
        self._built = {**built}
        self._nouns = nouns

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            found = typer.main.get_group(self._nouns[name])
            found.name = name
            self._built[name] = found
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        yield from (name for name in self._built if name not in self._nouns)
        yield from self._nouns

    def __len__(self) -> int:
        return len({*self._built, *self._nouns})

    def __setitem__(self, name: str, command: Any) -> None:
        self._built[name] = command

    def __delitem__(self, name: str) -> None:
        del self._built[name]


def with_nouns(
    nouns: Mapping[str, typer.Typer], prepare: Callable[[Any], None], sections: Sections
) -> type[MarketGroup]:
    """Return the class of the root, which has these groups below it.

    `prepare` gets the context of every command before it runs.
    """

    class Root(MarketGroup):
        def __init__(self, *, commands: Any = None, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.nouns = nouns
            self.commands = _Nouns(commands or {}, nouns)

        def prepare(self, ctx: Any) -> None:
            prepare(ctx)

        def short_help_of(self, name: str) -> str:
            # The help of the root needs a line of each group, and builds none for it.
            if name in nouns:
                return str(nouns[name].info.short_help)
            return super().short_help_of(name)

    Root.sections = sections
    return Root


def group(summary: str, *examples: str, sections: Sections | None = None) -> typer.Typer:
    """Return the commands of a noun; their help begins with examples, too.

    `sections` has the headings of the help, each with the names of its commands.
    """
    text, short = _help_of(summary, examples)
    return typer.Typer(
        cls=_declared(MarketGroup, sections=sections or {}),
        help=text,
        short_help=short,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
    )


def command(
    app: typer.Typer,
    name: str,
    summary: str,
    *examples: str,
    records: RecordSchema | None = None,
    bare: Mapping[str, str] | None = None,
    **settings: Any,
) -> Callable[[Command], Command]:
    """Declare a command whose help begins with examples: `name --option`, or `$ whole line`.

    Args:
        app: The group of the command.
        name: Its name, of one or two words.
        summary: Its help; the first sentence is its line in the group's help.
        examples: Calls that its parser takes.
        records: The records that it writes, for `--fields` and the documents; none by default.
        bare: The options whose value may be left out, and the value that they have then.
        settings: What typer's `command` takes besides.
    """
    text, short = _help_of(summary, examples)
    kind = _declared(MarketCommand, records=records, bare=bare or {})
    return app.command(name, cls=kind, help=text, short_help=short, **settings)


def called_alone(
    app: typer.Typer, summary: str, *examples: str, records: RecordSchema
) -> Callable[[Command], Command]:
    """Declare what a group does when none of its commands is named."""
    text, short = _help_of(summary, examples)
    return app.callback(
        cls=_declared(MarketGroup, records=records),
        invoke_without_command=True,
        no_args_is_help=False,
        help=text,
        short_help=short,
    )


def _declared(kind: type[Kind], **attributes: Any) -> type[Kind]:
    """Return a class of commands of its own, with the attributes of a declaration."""
    return type(kind.__name__, (kind,), attributes)


def _help_of(summary: str, examples: Sequence[str]) -> tuple[str, str]:
    # An example that begins with a prompt is a whole line of the shell.
    whole = (each if each.startswith("$ ") else f"$ instasell {each}" for each in examples)
    shown = "\n".join(f"  {each}" for each in whole)
    # A paragraph that begins with \b keeps its line breaks.
    text = f"\b\nExamples:\n{shown}\n\n{summary}" if examples else summary
    short = summary.partition(". ")[0].rstrip(".") + "."
    return text, short


def _shared(
    name: str,
    *declarations: str,
    help: str,  # noqa: A002 - the parameter's name in typer
    check: Callable[[str], None] | None = None,
    metavar: str | None = None,
) -> TyperOption:
    def remember(ctx: typer.Context, value: str | None) -> None:
        if value is not None:
            if check is not None:
                check(value)
            ctx.meta[KEY + name] = value

    return TyperOption(
        # A name of its own: a command may have a parameter that is called the same.
        param_decls=[f"shared_{name}", *declarations],
        help=help,
        expose_value=False,
        callback=lambda ctx, _, value: remember(ctx, value),
        metavar=metavar or (name.upper() if name != "output" else "FORMAT"),
    )


def _flag(name: str, declaration: str, *, help: str) -> TyperOption:  # noqa: A002
    def remember(ctx: typer.Context, _: object, value: bool | None) -> None:
        if value:
            ctx.meta[KEY + name] = True

    return TyperOption(
        param_decls=[f"shared_{name}", declaration],
        help=help,
        expose_value=False,
        is_flag=True,
        default=False,
        callback=remember,
    )


def _format(value: str) -> None:
    if value not in Format.__members__.values():
        raise typer.BadParameter(f"{value!r} is not one of {', '.join(Format)}.")
