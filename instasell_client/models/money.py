"""Money: integer minor units everywhere; decimal strings only where a person types or reads.

All amounts are in the market's one currency. The decimals of a currency come from ISO 4217.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import Field

MAX_AMOUNT = 10**12
"""The largest amount that the market takes, in minor units."""

Amount = Annotated[int, Field(strict=True, ge=1, le=MAX_AMOUNT, examples=[1250])]
"""Minor units, at least 1. Strict: no booleans, no fractions, no strings."""

AmountOrZero = Annotated[int, Field(strict=True, ge=0, le=MAX_AMOUNT, examples=[0])]
"""Minor units, zero allowed where no price is meant (shipping, for one)."""

_WITHOUT_DECIMALS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"}
    | {"RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"}
)
_THREE_DECIMALS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
_TYPED = re.compile(
    r"^(?P<sign>[-+]?)[^\d.,+\-\s]{0,3}\s*(?P<number>\d{1,3}(?:,\d{3})+|\d+)(?:\.(?P<fraction>\d+))?$",
    re.ASCII,
)


def decimals_of(currency: str) -> int:
    """The number of decimals of `currency` (an ISO 4217 code)."""
    if currency in _WITHOUT_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2


def format_amount(amount: int, currency: str = "USD", *, grouping: bool = False) -> str:
    """Minor units as a decimal string without a symbol: 1250 becomes "12.50"."""
    places = decimals_of(currency)
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(places + 1, "0")
    whole = digits[: len(digits) - places]
    if grouping:
        whole = f"{int(whole):,}"
    return sign + whole + (f".{digits[-places:]}" if places else "")


def parse_amount(text: str, currency: str = "USD") -> int:
    """Minor units from what a person typed: "12.50", "$1,234.00", "12".

    Raises ValueError, with a sentence for the person, for anything that is not an exact amount of
    the currency: signs, exponents, too many decimals, more than `MAX_AMOUNT`.
    """
    places = decimals_of(currency)
    example = format_amount(1250, currency)
    found = _TYPED.match(text.strip())
    if found is None or found["sign"]:
        raise ValueError(f"{text!r} is not an amount; write it as {example}")
    fraction = found["fraction"] or ""
    if len(fraction) > places and fraction[places:].strip("0"):
        raise ValueError(f"{text!r} has more than {places} decimals; write it as {example}")
    try:
        value = Decimal(found["number"].replace(",", "") + "." + (fraction or "0"))
    except InvalidOperation as error:  # pragma: no cover - the pattern admits digits only
        raise ValueError(f"{text!r} is not an amount; write it as {example}") from error
    minor = int(value.scaleb(places))
    if minor > MAX_AMOUNT:
        raise ValueError(f"{text!r} is more than {format_amount(MAX_AMOUNT, currency)}")
    return minor
