"""Provide commands of `instasell-server` with settings, engines and a way to fail."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError

from instasell_client.models.validation import field_errors
from instasell_server import logs
from instasell_server.commands.standalone import borrowed_engines, has_market
from instasell_server.config.settings import Settings
from instasell_server.embedded import EmbeddedError

FAILURE = 1
USAGE = 2

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Data folder of the embedded engines.")
]


def read_settings(**given: Any) -> Settings:
    """Read the settings, with the options given. Exits 2 if one is wrong."""
    options = {name: value for name, value in given.items() if value is not None}
    try:
        settings = Settings(**options)
        logs.configure(settings.model_copy(update={"log_level": "warning"}))
        return settings
    except ValidationError as error:
        lines = []
        for field, message in field_errors(error, ""):
            name = field.partition(".")[0]
            shown = f"INSTASELL_{name.upper()}: " if name else ""
            lines.append(shown + message)
        fail("\n".join(lines), USAGE)


@contextlib.contextmanager
def engines_beside(settings: Settings) -> Iterator[Settings]:
    """Lend a command the engines of the market. Ends the program when there are none."""
    with contextlib.ExitStack() as stack:
        try:
            complete = stack.enter_context(borrowed_engines(settings))
        except EmbeddedError as error:
            fail(str(error))
        yield complete


def need_market(settings: Settings) -> None:
    """End the program when there is no market; engines would create an empty one."""
    if not has_market(settings):
        fail(
            f"there is no market in {settings.data_folder}; name its folder with --data-dir,"
            " or its database with INSTASELL_DATABASE_URL"
        )


def url_of(settings: Settings) -> str:
    """Return the address of the database."""
    assert settings.database_url is not None
    return settings.database_url.get_secret_value()


def fail(text: str, code: int = FAILURE) -> NoReturn:
    """Print on stderr what is wrong, and end the program."""
    print(f"instasell-server: {text}", file=sys.stderr)
    raise typer.Exit(code)
