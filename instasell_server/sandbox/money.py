"""Amounts for people to read: `€1,234.50`."""

from __future__ import annotations

_WHOLE = frozenset(
    (
        "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga",
        "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf",
    )
)  # fmt: skip
_THOUSANDTHS = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))
_SYMBOLS = {"eur": "€", "gbp": "£", "inr": "₹", "jpy": "¥", "usd": "$"}


def decimals_of(currency: str) -> int:
    """Return the number of digits of a currency behind the point."""
    if currency in _WHOLE:
        return 0
    return 3 if currency in _THOUSANDTHS else 2


def format_amount(amount: int, currency: str) -> str:
    """Return minor units as text, with the currency's sign or, if it has none, with its code."""
    digits = decimals_of(currency)
    major, minor = divmod(amount, 10**digits)
    text = f"{major:,}" + (f".{minor:0{digits}d}" if digits else "")
    symbol = _SYMBOLS.get(currency)
    return f"{symbol}{text}" if symbol else f"{text} {currency.upper()}"
