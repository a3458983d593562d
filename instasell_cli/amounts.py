"""Amounts as a person types and reads them: 12.50. The wire has integer minor units."""

from __future__ import annotations

import os
import re

from instasell_cli.exits import UsageProblem

CURRENCY_VARIABLE = "INSTASELL_CURRENCY"


def default_currency() -> str:
    """The market's currency where no reply tells it; the server reads the same variable."""
    found = os.environ.get(CURRENCY_VARIABLE) or "USD"
    if re.fullmatch("[A-Z]{3}", found) is None:
        raise UsageProblem(f"{CURRENCY_VARIABLE}: {found!r} is not a currency; write USD")
    return found


def typed_amount(text: str, option: str, currency: str | None = None) -> int:
    """Minor units of what was typed. Raises UsageProblem that names the option."""
    from instasell_client.models.money import parse_amount

    try:
        return parse_amount(text, currency or default_currency())
    except ValueError as error:
        raise UsageProblem(f"{option}: {error}") from error


def optional_amount(text: str | None, option: str, currency: str | None = None) -> int | None:
    """The same for an option that may be absent."""
    return None if text is None else typed_amount(text, option, currency)


def shown_amount(amount: int, currency: str | None = None) -> str:
    """Minor units as a person reads them."""
    from instasell_client.models.money import format_amount

    return format_amount(amount, currency or default_currency())
