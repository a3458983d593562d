"""Read the cells of a file: one reader for each kind of field.

Each takes the cell and the notation of amounts in the file, and raises ValueError with what to
write instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from instasell_cli.exit_codes import UsageProblem

if TYPE_CHECKING:
    from instasell_client.models.money import DecimalMark

_LINE_END = re.compile(r"\r\n?")
_COUNT = re.compile(r"\d{1,12}(?:\.0+)?", re.ASCII)


@dataclass(frozen=True)
class Notation:
    """Hold the notation of amounts in a file: the market's currency, and the decimal mark.

    Without a mark, a number that can be read in two ways is refused.
    """

    currency: str = "USD"
    decimal_mark: DecimalMark | None = None


class NumberText(str):
    """The text of a number that a workbook holds as one: its decimals follow a point.

    `unit` is what the workbook shows beside it, such as a currency's sign.
    """

    unit: str

    def __new__(cls, value: object, unit: str = "") -> NumberText:
        """Make the text of a number."""
        made = super().__new__(cls, str(value))
        made.unit = unit
        return made

    @property
    def shown(self) -> str:
        """Return the number with its unit: "€12", "CHF 12"."""
        return f"{self.unit} {self}" if self.unit[-1:].isalpha() else f"{self.unit}{self}"


def text(value: object, notation: Notation) -> str:
    """Return text with line feeds between its lines, as the market keeps them."""
    if not isinstance(value, str):
        raise ValueError("write text here")
    return _LINE_END.sub("\n", value)


def word(value: object, notation: Notation) -> str:
    """Read one of a few words; users write them in upper and lower case."""
    return text(value, notation).strip().lower()


def condition(value: object, notation: Notation) -> str:
    """Read the condition of an item, also in the words of other markets: "Used - Like New"."""
    from instasell_client.models.listings import parse_condition

    return parse_condition(text(value, notation)).value


def amount(value: object, notation: Notation) -> int:
    """Read an amount: text as people write it, a JSON integer in minor units as on the wire."""
    from instasell_client.models.money import (
        AmbiguousAmountError,
        DecimalMark,
        format_amount,
        parse_amount,
    )

    if isinstance(value, str):
        mark = notation.decimal_mark
        if isinstance(value, NumberText):
            value, mark = value.shown, DecimalMark.POINT
        try:
            return parse_amount(value, notation.currency, mark)
        except AmbiguousAmountError as error:
            hint = "or give --decimal-comma or --decimal-point"
            raise AmbiguousAmountError(f"{error}, {hint}", f"{error.reason}; {hint[3:]}") from None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    shown = format_amount(1250, notation.currency)
    raise ValueError(f'{shorten(value)} is not an amount; write it as text, "{shown}"')


def price(value: object, notation: Notation) -> int:
    """Read an amount above zero."""
    from instasell_client.models.money import format_amount

    found = amount(value, notation)
    if found == 0 and isinstance(value, str):
        least = format_amount(1, notation.currency)
        raise ValueError(f"{value!r} is too little; write {least} or more")
    return found


def count(value: object, notation: Notation) -> int:
    """Read a number of items."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _COUNT.fullmatch(value.strip()):
        return int(value.strip().partition(".")[0])
    raise ValueError(f"{shorten(value)} is not a number of pieces; write digits")


def seconds(value: object, notation: Notation) -> int:
    """Read a span as "90s", "10m" or "7d"; a number is seconds."""
    from instasell_cli.input.times import parse_seconds

    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        return parse_seconds(text(value, notation), "span")
    except UsageProblem as error:
        raise ValueError(_without_name(error)) from error


def moment(value: object, notation: Notation) -> str:
    """Read a time as ISO 8601 (local without a zone), or "+10m"; it stays text until needed."""
    from instasell_cli.input.times import parse_instant

    written = text(value, notation).strip()
    try:
        parse_instant(written, "time")
    except UsageProblem as error:
        raise ValueError(_without_name(error)) from error
    return written


def shorten(value: object) -> str:
    """Return a value as a message repeats it: a cell may be as long as a book."""
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _without_name(error: UsageProblem) -> str:
    return str(error).partition(": ")[2]
