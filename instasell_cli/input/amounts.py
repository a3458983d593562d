"""Amounts as a person types and reads them: 12.50. The wire has integer minor units."""

from __future__ import annotations

import os
import re
from functools import cached_property
from typing import TYPE_CHECKING

from instasell_cli.exit_codes import UsageProblem

if TYPE_CHECKING:
    from instasell_client import InstaSell

CURRENCY_VARIABLE = "INSTASELL_CURRENCY"


def default_currency() -> str:
    """Return the currency where no reply has it; the server reads the same variable."""
    found = os.environ.get(CURRENCY_VARIABLE) or "USD"
    if re.fullmatch("[A-Z]{3}", found) is None:
        raise UsageProblem(f"{CURRENCY_VARIABLE}: {found!r} is not a currency; write USD")
    return found


def market_currency(client: InstaSell) -> str:
    """Ask the market for its currency; one that does not tell has that of INSTASELL_CURRENCY.

    A wrong one would make 1,250 yen of what was meant as 12.50 dollars, so the variable does not
    win over the market.
    """
    return client.auctions.live_page(limit=1).currency or default_currency()


class AmountReader:
    """Reads the amounts that a person typed, in the market's currency.

    The market is asked for it once, and only if there is an amount to read.
    """

    def __init__(self, client: InstaSell) -> None:
        self._client = client

    @cached_property
    def currency(self) -> str:
        """Return the market's currency."""
        return market_currency(self._client)

    def read(self, text: str | None, option: str, *, least: int = 1) -> int | None:
        """Return minor units, or None for an option that is absent.

        Raises UsageProblem that names the option, also for less than `least` minor units.
        """
        return None if text is None else typed_amount(text, option, self.currency, least=least)


def typed_amount(text: str, option: str, currency: str | None = None, *, least: int = 0) -> int:
    """Minor units of what was typed, `least` or more. Raises UsageProblem, naming the option."""
    from instasell_client.models.money import parse_amount

    currency = currency or default_currency()
    try:
        amount = parse_amount(text, currency)
    except ValueError as error:
        raise UsageProblem(f"{option}: {error}") from error
    if amount < least:
        lowest = shown_amount(least, currency)
        raise UsageProblem(f"{option}: {text!r} is too little; write {lowest} or more")
    return amount


def optional_amount(
    text: str | None, option: str, currency: str | None = None, *, least: int = 0
) -> int | None:
    """Read the amount of an option that may be absent."""
    return None if text is None else typed_amount(text, option, currency, least=least)


def shown_amount(amount: int, currency: str | None = None) -> str:
    """Minor units as a person reads them."""
    from instasell_client.models.money import format_amount

    return format_amount(amount, currency or default_currency())
