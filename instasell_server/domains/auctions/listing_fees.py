"""Calculate what auctions cost in gas: creating one, and promoting it."""

from __future__ import annotations

from instasell_server.db.transaction import Transaction
from instasell_server.domains.auctions import store
from instasell_server.domains.ledger import rules as movements
from instasell_server.domains.ledger.service import Ledger


class ListingFees:
    """Takes gas for auctions. Fees are whole units of gas; 0 is free."""

    def __init__(self, ledger: Ledger, *, auction_fee: int, feature_fee: int) -> None:
        self._ledger = ledger
        self._auction_fee = auction_fee
        self._feature_fee = feature_fee

    async def charge(self, tx: Transaction, auction_id: str, seller_id: str) -> None:
        """Charge the fee of a new auction. Raises InsufficientGas with what is missing."""
        fee = self._auction_fee
        if fee:
            await store.update_gas_fee(tx, auction_id, fee)
            await self._ledger.post(tx, [movements.gas_fee("auction", auction_id, seller_id, fee)])

    async def give_back(self, tx: Transaction, auction_id: str, seller_id: str) -> None:
        """Refund the fee of an auction that is cancelled without bids."""
        fee = await store.get_gas_fee(tx, auction_id)
        if fee:
            await self._ledger.post(
                tx, [movements.gas_refund("auction", auction_id, seller_id, fee)]
            )

    async def charge_feature(
        self, tx: Transaction, auction_id: str, version: int, seller_id: str
    ) -> None:
        """Charge the fee of promoting an auction. Raises InsufficientGas.

        `version` is the auction's after it: each time is paid for once.
        """
        if self._feature_fee:
            await self._ledger.post(
                tx,
                [
                    movements.gas_fee(
                        "feature", f"{auction_id}:{version}", seller_id, self._feature_fee
                    )
                ],
            )
