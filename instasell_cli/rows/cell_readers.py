"""What a cell of a file means: one reader for each kind of field.

Each takes the cell and the market's currency, and raises ValueError with what to write instead.
"""

from __future__ import annotations

import re

from instasell_cli.exits import UsageProblem

_COUNT = re.compile(r"\d{1,12}(?:\.0+)?", re.ASCII)


def text(value: object, currency: str) -> str:
    """Text as it is."""
    if not isinstance(value, str):
        raise ValueError("write text here")
    return value


def word(value: object, currency: str) -> str:
    """One of a few words; people write them in upper and lower case."""
    return text(value, currency).strip().lower()


def amount(value: object, currency: str) -> int:
    """Text is an amount as people write it; a JSON integer is in minor units, as on the wire."""
    from instasell_client.models.money import format_amount, parse_amount

    if isinstance(value, str):
        return parse_amount(value, currency)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    shown = format_amount(1250, currency)
    raise ValueError(f'{value!r} is not an amount; write it as text, "{shown}"')


def count(value: object, currency: str) -> int:
    """A number of pieces."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _COUNT.fullmatch(value.strip()):
        return int(value.strip().partition(".")[0])
    raise ValueError(f"{value!r} is not a number of pieces; write digits")


def seconds(value: object, currency: str) -> int:
    """A span as "90s", "10m" or "7d"; a number is seconds."""
    from instasell_cli.instants import parse_seconds

    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        return parse_seconds(text(value, currency), "span")
    except UsageProblem as error:
        raise ValueError(_without_name(error)) from error


def moment(value: object, currency: str) -> str:
    """A time as ISO 8601 (local without a zone), or "+10m"; it stays text until it is needed."""
    from instasell_cli.instants import parse_instant

    written = text(value, currency).strip()
    try:
        parse_instant(written, "time")
    except UsageProblem as error:
        raise ValueError(_without_name(error)) from error
    return written


def _without_name(error: UsageProblem) -> str:
    return str(error).partition(": ")[2]
