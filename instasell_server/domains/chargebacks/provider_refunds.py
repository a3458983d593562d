"""Refunds that were made at the provider, and not by the market: by hand, on its dashboard.

The money is gone when the market hears of it, so that it is booked at once, as a chargeback is:
from what was kept apart, from escrow, and the rest is owed. An order of which nothing is held any
more is cancelled; of a part the rest goes on. Nobody is suspected, so no wallet is closed.
"""

from __future__ import annotations

from datetime import datetime

from instasell_client.models.money import format_amount
from instasell_client.models.wallets import EntryType
from instasell_server.db import clock
from instasell_server.db.transaction import Transaction
from instasell_server.domains.chargebacks import store
from instasell_server.domains.chargebacks.debts import Debts
from instasell_server.domains.chargebacks.store import Chargeback, Debt
from instasell_server.domains.disputes.order_disputes import OrderDisputes
from instasell_server.domains.ledger import claims as movements
from instasell_server.domains.ledger.postings import LedgerAccount, Posting
from instasell_server.domains.ledger.service import Ledger
from instasell_server.domains.orders.bank_claims import BankClaims, LockedOrder
from instasell_server.domains.payments.service import Payment
from instasell_server.ports import RefundState


class ProviderRefunds:
    """Book refunds that the market did not ask for."""

    def __init__(
        self, claims: BankClaims, disputes: OrderDisputes, ledger: Ledger, debts: Debts
    ) -> None:
        self._claims = claims
        self._disputes = disputes
        self._ledger = ledger
        self._debts = debts

    async def take(
        self,
        tx: Transaction,
        refund: RefundState,
        payment: Payment | None,
        order: LockedOrder | None,
    ) -> None:
        """Book what the provider says of a refund, whose order is locked: new, or failed."""
        if refund.currency != self._ledger.currency:
            details = {"amount": refund.amount, "currency": refund.currency}
            await store.insert_alert(tx, "refund_currency", refund.provider_id, details)
            return
        found = await store.find_refund(tx, refund.provider_id)
        now = await clock.get_now(tx)
        if found is None and refund.status != "failed":
            await self._book(tx, refund, payment, order, now)
        elif found is not None and found.status == "lost" and refund.status == "failed":
            await self._return(tx, found, order, now)

    async def _book(
        self,
        tx: Transaction,
        refund: RefundState,
        payment: Payment | None,
        order: LockedOrder | None,
        now: datetime,
    ) -> None:
        assert refund.intent_id is not None
        made = await store.insert_chargeback(
            tx, refund.provider_id, refund.intent_id, refund.amount, now, "refund"
        )
        kept = await store.take_kept(tx, refund.intent_id, refund.amount)
        made = made._replace(status="lost", suspense_amount=kept, owed_amount=refund.amount - kept)
        bound = await self.bind(tx, made, payment, order)
        await store.update_chargeback(tx, bound, now)
        moved = movements.refund_elsewhere(
            bound.id,
            bound.order_id,
            from_escrow=bound.escrow_amount,
            from_suspense=bound.suspense_amount,
            owed=bound.owed_amount,
        )
        await self._ledger.post(tx, [moved])
        details = {
            "intent_id": bound.intent_id,
            "payment_id": bound.payment_id,
            "order_id": bound.order_id,
            "amount": bound.amount,
            "from_escrow": bound.escrow_amount,
            "owed": bound.owed_amount,
        }
        await store.insert_alert(tx, "refund_at_provider", refund.provider_id, details)
        await self.settle(tx, bound, payment, order, now)

    async def bind(
        self,
        tx: Transaction,
        found: Chargeback,
        payment: Payment | None,
        order: LockedOrder | None,
    ) -> Chargeback:
        """Tie a refund to its payment, and write down who owes what of it."""
        if payment is None:
            return found
        found = found._replace(payment_id=payment.id)
        owed = found.owed_amount
        if order is None:
            if payment.status == "succeeded" and owed:
                # A top-up: the card has it, and the wallet, too.
                await store.insert_debt(tx, found.id, Debt(payment.user_id, owed, 0, is_due=True))
            return found
        escrow = min(owed, order.state.held_amount)
        others = await store.get_claims(tx, order.id, order.seller_id)
        had = max(0, order.state.refunded_amount - others.refunded_amount)
        twice = min(owed - escrow, had)
        if twice:
            await store.insert_debt(tx, found.id, Debt(order.buyer_id, twice, 0, is_due=True))
        return found._replace(
            order_id=order.id,
            escrow_amount=escrow,
            refunded_amount=twice,
            owed_amount=owed - escrow,
        )

    async def settle(
        self,
        tx: Transaction,
        found: Chargeback,
        payment: Payment | None,
        order: LockedOrder | None,
        now: datetime,
    ) -> None:
        """Do what follows from a refund that is booked: to its order, and to who owes it."""
        if order is not None and found.escrow_amount:
            shown = format_amount(found.escrow_amount, self._ledger.currency)
            reason = f"refunded at the payment provider: {shown}"
            if await self._claims.refunded_elsewhere(tx, order, found.escrow_amount, reason, now):
                await self._disputes.close(
                    tx, order.id, found.escrow_amount, actor_id=None, reason=reason, now=now
                )
                await self._claims.cancel(tx, order, reason, now)
        if payment is not None:
            await self._debts.recover_within(tx, found, payment.user_id, now)

    async def charge(self, tx: Transaction, provider_id: str, order: LockedOrder) -> int:
        """Have the seller of a locked order owe what nobody owes of a refund; returns how much."""
        found = await store.find_refund(tx, provider_id)
        if found is None or found.status != "lost":
            return 0
        debts = await store.list_debts(tx, found.id)
        if any(each.debtor_id == order.seller_id for each in debts):
            return 0
        others = await store.get_claims(tx, order.id, order.seller_id)
        state = order.state
        brought = state.total_amount - state.held_amount - state.refunded_amount
        brought -= others.escrow_amount + others.seller_amount
        uncovered = found.owed_amount - sum(each.owed_amount for each in debts)
        amount = min(uncovered, brought)
        if amount <= 0:
            return 0
        await store.insert_debt(tx, found.id, Debt(order.seller_id, amount, 0, is_due=True))
        await self._debts.recover_within(tx, found, order.seller_id, await clock.get_now(tx))
        return amount

    async def _return(
        self, tx: Transaction, found: Chargeback, order: LockedOrder | None, now: datetime
    ) -> None:
        """Book a refund back that the card did not take; what was held is the buyer's now."""
        done = found._replace(status="won", owed_amount=0, recovered_amount=0)
        await store.update_chargeback(tx, done, now)
        recovered = await self._debts.forgive(tx, found.id)
        to_buyer = None
        if found.escrow_amount and order is not None and found.payment_id is not None:
            hold = self._ledger.hold_of_refund(found.payment_id, order.state.paid_at)
            to_buyer = Posting(
                LedgerAccount.BALANCE,
                found.escrow_amount,
                EntryType.REFUND,
                order.buyer_id,
                order.id,
                hold,
            )
        if found.suspense_amount:
            await store.keep(tx, found.intent_id, found.suspense_amount)
        back = movements.refund_elsewhere_failed(
            found.id,
            found.order_id,
            to_buyer=to_buyer,
            to_suspense=found.suspense_amount,
            owed=found.owed_amount,
            recovered=recovered,
        )
        await self._ledger.post(tx, [back])
        await store.insert_alert(tx, "refund_failed", found.provider_id, {"amount": found.amount})


__all__ = ["ProviderRefunds"]
