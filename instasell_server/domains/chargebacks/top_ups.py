"""Chargebacks of top-ups: what is left of one goes first, then the open orders that it paid.

An order that was paid from the wallet is frozen as one that was paid by card: what the top-up has
put into its escrow is taken out until the bank's verdict. The held money that it was paid with
tells which top-up that was (`wallet_hold_uses`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from instasell_client.models.money import format_amount
from instasell_server.db.transaction import Transaction
from instasell_server.domains.chargebacks import rules, store
from instasell_server.domains.chargebacks.rules import PaidPart
from instasell_server.domains.chargebacks.store import Chargeback, ClaimedOrder
from instasell_server.domains.disputes.order_disputes import OrderDisputes
from instasell_server.domains.ledger.service import Ledger
from instasell_server.domains.orders.bank_claims import BankClaims, LockedOrder
from instasell_server.domains.payments.counterparts import PaidMeanwhile
from instasell_server.domains.payments.store import Payment

MOST_ORDERS = 1_000
"""Orders that one chargeback freezes, those with the most of its money first.

It bounds the transaction: 1,000 of them take seconds, and buying so many takes a buyer longer than
confirming one delivery, which frees money for good. The rest is owed by the payer all the same.
"""


class TopUpClaims:
    """Take the money of a top-up out of the open orders that it paid."""

    def __init__(self, claims: BankClaims, disputes: OrderDisputes, ledger: Ledger) -> None:
        self._claims = claims
        self._disputes = disputes
        self._ledger = ledger

    async def lock(
        self, tx: Transaction, provider_id: str, payment: Payment | None
    ) -> list[LockedOrder]:
        """Lock the orders that a chargeback of a top-up is about, before the chargeback."""
        order_ids = await store.list_claimed_ids(tx, provider_id)
        if payment is not None and payment.order_id is None:
            parts = await store.list_paid_parts(tx, payment.id, MOST_ORDERS)
            order_ids = sorted({*order_ids, *parts})
        return await self._claims.lock_all(tx, order_ids) if order_ids else []

    async def bind(
        self,
        tx: Transaction,
        found: Chargeback,
        payment: Payment,
        locked: Sequence[LockedOrder],
        now: datetime,
    ) -> Chargeback:
        """Freeze the open orders that a top-up paid, and count what it takes out of them.

        The money is moved by the caller. Raises PaidMeanwhile when the top-up has paid an order
        that is not locked; the wallet, which is locked here, has it pay no more of them.
        """
        shares = await self._take(tx, found, payment.id, payment.user_id, found.amount, locked, now)
        taken = sum(shares.values())
        return found._replace(escrow_amount=taken, owed_amount=found.owed_amount - taken)

    async def take_more(
        self,
        tx: Transaction,
        found: Chargeback,
        payer_id: str,
        amount: int,
        locked: Sequence[LockedOrder],
        now: datetime,
    ) -> dict[str, int]:
        """Take `amount` more than before for a chargeback that has no verdict yet.

        Returns what each order loses of it, which the caller books. Raises PaidMeanwhile as
        `bind` does.
        """
        assert found.payment_id is not None
        return await self._take(tx, found, found.payment_id, payer_id, amount, locked, now)

    async def _take(
        self,
        tx: Transaction,
        found: Chargeback,
        payment_id: str,
        payer_id: str,
        amount: int,
        locked: Sequence[LockedOrder],
        now: datetime,
    ) -> dict[str, int]:
        balance = await self._ledger.lock_balance(tx, payer_id)
        parts = await store.list_paid_parts(tx, payment_id, MOST_ORDERS)
        orders = {each.id: each for each in locked}
        if not orders.keys() >= parts.keys():
            raise PaidMeanwhile
        shares = rules.share_of_top_up(
            amount,
            min(balance, await self._ledger.find_left(tx, payment_id)),
            [PaidPart(each, part, orders[each].state) for each, part in parts.items()],
        )
        claimed = {each.order_id: each for each in await store.list_claimed_orders(tx, found)}
        for order_id, share in shares.items():
            before = claimed.get(order_id)
            if before is None:
                dispute_id = await self._freeze(tx, orders[order_id], share, now)
                after = ClaimedOrder(order_id, dispute_id, share, holds_order=True)
                await store.insert_claimed_order(tx, found.id, after)
            else:
                dispute_id = str(before.dispute_id)
                whole = before.escrow_amount + share
                await store.update_claimed_order(tx, found.id, order_id, whole)
            # So that a refund of the rest holds none of the buyer's other money.
            await self._ledger.move_use(tx, payment_id, order_id, dispute_id, share)
        return shares

    async def _freeze(self, tx: Transaction, order: LockedOrder, amount: int, now: datetime) -> str:
        """Hold an order until the verdict; returns the dispute that says so."""
        shown = format_amount(amount, self._ledger.currency)
        text = f"the buyer's bank has taken back {shown} of what paid this order"
        dispute_id = await self._disputes.open_of_bank(
            tx, order.id, buyer_id=order.buyer_id, seller_id=order.seller_id, text=text, now=now
        )
        await self._claims.hold_release(tx, order, text, now)
        return dispute_id

    async def give_back(
        self, tx: Transaction, found: Chargeback, claimed: Sequence[ClaimedOrder]
    ) -> None:
        """Note that a top-up that was taken back pays its orders again."""
        assert found.payment_id is not None
        for each in claimed:
            assert each.dispute_id is not None
            await self._ledger.move_use(
                tx, found.payment_id, each.dispute_id, each.order_id, each.escrow_amount
            )


__all__ = ["TopUpClaims"]
