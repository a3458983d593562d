"""Read amounts as people type them: 12.50. The wire has integers in minor units."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from instasell_cli.exit_codes import UsageProblem
from instasell_cli.output.amounts import default_currency, market_currency, shown_amount

if TYPE_CHECKING:
    from instasell_client import InstaSell


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
    """Return typed text in minor units, `least` or more. Raises UsageProblem with the option."""
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
