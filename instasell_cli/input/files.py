"""Opening files that a person named, or stdin."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from io import BufferedReader, TextIOWrapper
from typing import TextIO, cast

from instasell_cli.exit_codes import UsageProblem

STDIN = "-"


@contextlib.contextmanager
def opened_bytes(name: str) -> Iterator[BufferedReader]:
    """Open a file, or stdin for "-", as bytes. Raises UsageProblem when it cannot be read."""
    if name == STDIN:
        if sys.stdin.isatty():
            raise UsageProblem("- reads stdin; pipe a file into it, or name one")
        # Not closed here: stdin belongs to the process.
        yield cast(BufferedReader, sys.stdin.buffer)
        return
    try:
        file = open(name, "rb")  # noqa: SIM115 - closed by the `with` below
    except OSError as error:
        raise UsageProblem(f"{name}: {error.strerror}") from error
    with file:
        yield file


@contextlib.contextmanager
def opened_text(name: str) -> Iterator[TextIO]:
    """Open the same as UTF-8 text, with or without a byte order mark."""
    with opened_bytes(name) as raw:
        text = TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        try:
            yield text
        except UnicodeDecodeError as error:
            raise UsageProblem(f"{name}: it is not UTF-8 text ({error.reason})") from error
        finally:
            text.detach()
