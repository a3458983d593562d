"""Money: integer minor units everywhere; decimal strings only where a person types or reads.

All amounts are in the market's one currency. The decimals of a currency come from ISO 4217.
"""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from instasell_client.models.currencies import currencies_of, decimals_of

MAX_AMOUNT = 10**12
"""The largest amount that the market takes, in minor units."""

Amount = Annotated[int, Field(strict=True, ge=1, le=MAX_AMOUNT, examples=[1250])]
"""Minor units, at least 1. Strict: no booleans, no fractions, no strings."""

AmountOrZero = Annotated[int, Field(strict=True, ge=0, le=MAX_AMOUNT, examples=[0])]
"""Minor units, zero allowed where no price is meant (shipping, for one)."""

_WRITTEN = re.compile(
    r"(?P<before>[^\d,+\-]{0,8}?)\s*(?P<number>\d[\d.,]*)\s*(?P<after>[^\d,+\-]{0,8})", re.ASCII
)
_WITH_POINT = re.compile(r"(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?:\.(?P<fraction>\d+))?", re.ASCII)
_WITH_COMMA = re.compile(r"(?P<whole>\d{1,3}(?:\.\d{3})+|\d+)(?:,(?P<fraction>\d+))?", re.ASCII)
_GROUP_OR_FRACTION = re.compile(r"[1-9]\d{0,2}(?P<mark>[.,])\d{3}", re.ASCII)
_SHOWN_MAX = 40
"""How much of a text a message repeats: a cell of a file may be as long as a book."""


class DecimalMark(StrEnum):
    """Name the decimal separator: 1,234.50 has a point, 1.234,50 a comma."""

    POINT = "point"
    COMMA = "comma"


class AmountError(ValueError):
    """Refuse a text that is no amount of the market's currency, and say what to write instead.

    `reason` is the same for all texts with the same fault, so that many can be counted.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class AmbiguousAmountError(AmountError):
    """Refuse a number that can be read in two ways, as 1.250 is 1250 or 1.25."""


def format_amount(amount: int, currency: str = "USD", *, grouping: bool = False) -> str:
    """Return minor units as a decimal string without a symbol: 1250 becomes "12.50"."""
    places = decimals_of(currency)
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(places + 1, "0")
    whole = digits[: len(digits) - places]
    if grouping:
        whole = f"{int(whole):,}"
    return sign + whole + (f".{digits[-places:]}" if places else "")


def parse_amount(text: str, currency: str = "USD", decimal_mark: DecimalMark | None = None) -> int:
    """Return the minor units of what a person typed: "12.50", "$1,234.00", "12 USD".

    Without a `decimal_mark` the decimals come after a point, and a number that could also have
    a comma for them is refused: "1.250" and "1,250" are 1250 to some and 1.25 to others.

    Raises:
        AmbiguousAmountError: The number can be read in two ways.
        AmountError: The text is in another currency, is no amount, has too many decimals, or is
            more than `MAX_AMOUNT`. Signs and exponents are no amounts.
    """
    shown = repr(text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "...")
    example = format_amount(1250, currency)
    parts = _WRITTEN.fullmatch(text.strip())
    if parts is None:
        raise AmountError(f"{shown} is not an amount; write it as {example}", "is not an amount")
    for marker in (parts["before"], parts["after"]):
        _check_marker(marker.strip(), shown, currency)
    number = _number(parts["number"], shown, currency, decimal_mark)
    minor = int(number.scaleb(decimals_of(currency)))
    if minor > MAX_AMOUNT:
        most = format_amount(MAX_AMOUNT, currency)
        raise AmountError(f"{shown} is more than {most}", f"is more than {most}")
    return minor


def _check_marker(marker: str, shown: str, currency: str) -> None:
    """Raise AmountError for what beside a number is not the market's currency."""
    currencies = currencies_of(marker)
    if not marker or currency in currencies:
        return
    example = format_amount(1250, currency)
    if not currencies:
        raise AmountError(f"{shown} is not an amount; write it as {example}", "is not an amount")
    theirs = f"in {currencies[0]}" if len(currencies) == 1 else "in another currency"
    raise AmountError(
        f"{shown} is {theirs}, and amounts of this market are in {currency}; convert it, and"
        f" write it as {example}",
        f"is in another currency; amounts of this market are in {currency}",
    )


def _number(written: str, shown: str, currency: str, decimal_mark: DecimalMark | None) -> Decimal:
    places, example = decimals_of(currency), format_amount(1250, currency)
    if decimal_mark is None:
        _check_one_meaning(written, shown, places)
    pattern, other, group = _WITH_POINT, _WITH_COMMA, ","
    if decimal_mark is DecimalMark.COMMA:
        pattern, other, group, example = _WITH_COMMA, _WITH_POINT, ".", example.replace(".", ",")
    parts = pattern.fullmatch(written)
    if parts is None:
        mark = "point" if group == "." else "comma"
        why = f"has a decimal {mark}" if other.fullmatch(written) else "is not an amount"
        raise AmountError(f"{shown} {why}; write it as {example}", why)
    fraction = parts["fraction"] or ""
    if fraction[places:].strip("0"):
        why = f"has more than {places} decimals"
        raise AmountError(f"{shown} {why}; write it as {example}", why)
    return Decimal(f"{parts['whole'].replace(group, '')}.{fraction[:places] or '0'}")


def _check_one_meaning(written: str, shown: str, places: int) -> None:
    """Raise AmbiguousAmountError for a number whose last three digits may be decimals or not.

    In a currency with three decimals the point is not in doubt, for the market itself writes
    its amounts so; in one without decimals the comma can only group.
    """
    parts = _GROUP_OR_FRACTION.fullmatch(written)
    if parts is None or (places, parts["mark"]) in ((3, "."), (0, ",")):
        return
    whole, _, last = written.partition(parts["mark"])
    fraction = f"{whole}.{last[:places].ljust(places, '0')}" if places else whole
    raise AmbiguousAmountError(
        f"{shown} can be read in two ways; write {whole}{last} or {fraction}",
        "can be read in two ways",
    )


__all__ = [
    "MAX_AMOUNT",
    "AmbiguousAmountError",
    "Amount",
    "AmountError",
    "AmountOrZero",
    "DecimalMark",
    "decimals_of",
    "format_amount",
    "parse_amount",
]
