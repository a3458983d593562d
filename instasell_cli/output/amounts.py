"""Amounts as people read them: 12.50. The wire has integers in minor units."""

from __future__ import annotations

import os
import re
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


def shown_amount(amount: int, currency: str | None = None) -> str:
    """Return minor units as a person reads them."""
    from instasell_client.models.money import format_amount

    return format_amount(amount, currency or default_currency())
