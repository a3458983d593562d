"""What a command works with: the server and account that are meant, a client, the output."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import typer

from instasell_cli.options import KEY
from instasell_cli.output import Format, Output

if TYPE_CHECKING:
    from instasell_client import AsyncInstaSell, InstaSell
    from instasell_client.profiles import ProfileStore, Target


@dataclass(frozen=True)
class Invocation:
    """The shared options of one run of a command."""

    form: Format | None = None
    fields: tuple[str, ...] = ()
    url: str | None = None
    profile: str | None = None
    debug: bool = False

    @cached_property
    def store(self) -> ProfileStore:
        """The profiles on this machine."""
        from instasell_client.profiles import ProfileStore

        return ProfileStore()

    @cached_property
    def target(self) -> Target:
        """The server, and the token. Raises ProfileError for a profile that does not exist."""
        from instasell_client.profiles import resolve_target

        return resolve_target(self.profile, self.url, store=self.store)

    @cached_property
    def output(self) -> Output:
        """Where records and messages go."""
        return Output(self.form or Format.TABLE, self.fields)

    def client(self) -> InstaSell:
        """A client for `with`."""
        from instasell_client import InstaSell

        return InstaSell(self.target.url, self.target.token)

    def async_client(self) -> AsyncInstaSell:
        """A client for `async with`."""
        from instasell_client import AsyncInstaSell

        return AsyncInstaSell(self.target.url, self.target.token)


def invocation(ctx: typer.Context) -> Invocation:
    """The shared options as they were given."""
    meta = ctx.meta
    form, fields = meta.get(KEY + "output"), meta.get(KEY + "fields")
    names = tuple(name.strip() for name in (fields or "").split(",") if name.strip())
    found = Invocation(
        Format(form) if form else None,
        names,
        meta.get(KEY + "url"),
        meta.get(KEY + "profile"),
        bool(meta.get(KEY + "debug")),
    )
    if found.debug:
        from instasell_cli.debugging import start_telling

        start_telling()
    return found


@contextmanager
def opened(ctx: typer.Context) -> Iterator[tuple[InstaSell, Output]]:
    """A client and the output, for the length of a command."""
    found = invocation(ctx)
    with found.client() as client:
        yield client, found.output
