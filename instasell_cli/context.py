"""Hold the context of a command: the server and account that are meant, a client, the output."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import typer

from instasell_cli.command_tree import KEY
from instasell_cli.exit_codes import UsageProblem
from instasell_cli.output.transforms import transform_of, written_by
from instasell_cli.output.writer import Format, OutputWriter, Transform

if TYPE_CHECKING:
    from instasell_client import AsyncInstaSell, InstaSell
    from instasell_client.profiles import ProfileStore, ServerTarget


@dataclass(frozen=True)
class Invocation:
    """The shared options of one run of a command."""

    form: Format | None = None
    fields: tuple[str, ...] = ()
    url: str | None = None
    profile: str | None = None
    debug: bool = False
    transform: Transform | None = None

    @cached_property
    def store(self) -> ProfileStore:
        """Return the profiles on this machine."""
        from instasell_client.profiles import ProfileStore

        return ProfileStore()

    @cached_property
    def target(self) -> ServerTarget:
        """Return the server, and the token. Raises ProfileError for an unknown profile."""
        from instasell_client.profiles import resolve_target

        return resolve_target(self.profile, self.url, store=self.store)

    @cached_property
    def output(self) -> OutputWriter:
        """Return the writer for records and messages."""
        return OutputWriter(self.form or Format.TABLE, self.fields, transform=self.transform)

    def as_event_lines(self, asked: bool) -> bool:
        """Tell if events are written as JSON, one a line. Raises UsageProblem for other formats."""
        plain = self.transform is not None or self.form in (None, Format.TABLE, Format.JSONL)
        if self.fields or not plain:
            raise UsageProblem("events come as lines of text, with --jsonl or --jq, and whole")
        return asked or self.transform is not None or self.form is Format.JSONL

    def client(self) -> InstaSell:
        """Return a client for `with`."""
        from instasell_client import InstaSell

        return InstaSell(self.target.url, self.target.token)

    def async_client(self) -> AsyncInstaSell:
        """Return a client for `async with`."""
        from instasell_client import AsyncInstaSell

        return AsyncInstaSell(self.target.url, self.target.token)


def invocation(ctx: typer.Context) -> Invocation:
    """Return the shared options as they were given.

    Raises UsageProblem for what the command's records cannot be shown by, before it does anything.
    """
    meta = ctx.meta
    fields = meta.get(KEY + "fields")
    names = tuple(name.strip() for name in (fields or "").split(",") if name.strip())
    transform = transform_of(ctx)
    found = Invocation(
        _form_of(ctx, transform),
        names,
        meta.get(KEY + "url"),
        meta.get(KEY + "profile"),
        bool(meta.get(KEY + "debug")),
        transform,
    )
    if (shape := written_by(ctx)) is not None:
        found.output.chosen(shape)
    if found.debug:
        from instasell_cli.output.debug_log import start_debug_log

        start_debug_log()
    return found


def _form_of(ctx: typer.Context, transform: Transform | None) -> Format | None:
    given = ctx.meta.get(KEY + "output")
    form = Format(given) if given else None
    if ctx.meta.get(KEY + "wide"):
        if form not in (None, Format.TABLE, Format.WIDE):
            raise UsageProblem(f"give --wide or -o {form}, not both")
        form = Format.WIDE
    if transform is None:
        return form
    if form not in (None, Format.JSON, Format.JSONL):
        raise UsageProblem(f"--jq and --template take JSON; leave -o {form} out")
    return form or Format.JSON


@contextmanager
def open_client(ctx: typer.Context) -> Iterator[tuple[InstaSell, OutputWriter]]:
    """Provide a client and the output, for the length of a command."""
    found = invocation(ctx)
    with found.client() as client:
        yield client, found.output
