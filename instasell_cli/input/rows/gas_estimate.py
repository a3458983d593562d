"""Work out what auctions would cost in gas, and what the wallet has for them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class GasPlan:
    """The gas of a dry run: the market's `fee` for an auction, and the `balance` of the wallet."""

    fee: int = 0
    balance: int = 0
    auctions: int = 0
    is_known: bool = False

    def begin(self, fee: int, balance: int) -> None:
        """Note what the market says; a wallet may be topped up meanwhile."""
        self.fee, self.balance, self.is_known = fee, balance, True

    def take(self) -> list[tuple[str, str]]:
        """Count an auction. Returns what is wrong with it once the gas is used up."""
        self.auctions += 1
        if self.missing == 0:
            return []
        return [("row", f"the gas is used up by then; {self.missing} more is needed")]

    @property
    def needed(self) -> int:
        """Return what all auctions cost that could be created."""
        return self.fee * self.auctions

    @property
    def missing(self) -> int:
        """Return what the wallet has too little for all of them."""
        return max(0, self.needed - self.balance)

    def summary(self) -> str:
        """Return one line for a person; a minor unit of money buys one unit of gas."""
        said = f"{self.auctions} auctions cost {self.needed} gas; the wallet has {self.balance}"
        return f"{said}, {self.missing} too little" if self.missing else said
