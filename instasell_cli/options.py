"""The options that every command takes, before or after its name, and how commands are declared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from instasell_cli.output import Format

KEY = "instasell."
Command = TypeVar("Command", bound=Callable[..., Any])


def shared_options() -> list[Any]:
    """Fresh options; their values gather in `Context.meta`, where the last one given wins."""
    return [
        _shared("output", "-o", "--output", help="table, json, jsonl or csv.", check=_format),
        _shared("fields", "--fields", help="Only these fields, separated by commas."),
        _shared("url", "--url", help="The server, instead of the profile's."),
        _shared("profile", "--profile", help="The profile to use."),
        _flag("debug", "--debug", help="Tell on stderr what is sent, without secrets."),
    ]


class MarketCommand(TyperCommand):
    """A command with the shared options."""

    def __init__(self, *args: Any, params: list[Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, params=[*(params or []), *shared_options()], **kwargs)


class MarketGroup(TyperGroup):
    """A group that takes the shared options before its commands."""

    def __init__(self, *, params: list[Any] | None = None, **kwargs: Any) -> None:
        super().__init__(params=[*(params or []), *shared_options()], **kwargs)


def group(summary: str) -> typer.Typer:
    """The commands of a noun."""
    return typer.Typer(
        cls=MarketGroup,
        help=summary,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
    )


def command(
    app: typer.Typer, name: str, summary: str, *examples: str, **settings: Any
) -> Callable[[Command], Command]:
    """Declares a command whose help begins with examples."""
    text, short = _help_of(summary, examples)
    return app.command(name, cls=MarketCommand, help=text, short_help=short, **settings)


def called_alone(app: typer.Typer, summary: str, *examples: str) -> Callable[[Command], Command]:
    """Declares what a group does when none of its commands is named."""
    text, short = _help_of(summary, examples)
    return app.callback(
        cls=MarketGroup,
        invoke_without_command=True,
        no_args_is_help=False,
        help=text,
        short_help=short,
    )


def _help_of(summary: str, examples: Sequence[str]) -> tuple[str, str]:
    shown = "\n".join(f"  $ instasell {example}" for example in examples)
    # A paragraph that begins with \b keeps its line breaks.
    text = f"\b\nExamples:\n{shown}\n\n{summary}" if examples else summary
    short = summary.partition(". ")[0].rstrip(".") + "."
    return text, short


def _shared(
    name: str,
    *declarations: str,
    help: str,  # noqa: A002 - the parameter's name in typer
    check: Callable[[str], None] | None = None,
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
        metavar=name.upper() if name != "output" else "FORMAT",
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
