"""Chargebacks: payers' banks take money back, and say later for good who is right.

The provider has moved the money before it says so, and nobody here can keep it from doing that: it
is booked at once, whatever is known of the payment. `rules.share_of_order` says whose it is: what
was refunded before is the buyer's, what is held covers it, the rest is owed by who has the money,
and taken from their wallets as soon as there is any, so that no wallet is ever below zero. Nothing
is paid out any more to an account whose bank has taken a payment back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from instasell_client.models.money import MAX_AMOUNT, format_amount
from instasell_client.models.wallets import EntryType
from instasell_server.db import clock
from instasell_server.db.connections import Database
from instasell_server.db.transaction import Transaction
from instasell_server.domains.chargebacks import rules, store
from instasell_server.domains.chargebacks.corrections import Corrections
from instasell_server.domains.chargebacks.debts import Debts
from instasell_server.domains.chargebacks.provider_refunds import ProviderRefunds
from instasell_server.domains.chargebacks.rules import ChargebackShares
from instasell_server.domains.chargebacks.store import Chargeback, Debt
from instasell_server.domains.chargebacks.top_ups import TopUpClaims
from instasell_server.domains.disputes.order_disputes import OrderDisputes
from instasell_server.domains.ledger import claims as movements
from instasell_server.domains.ledger.service import Ledger
from instasell_server.domains.orders.bank_claims import BankClaims, LockedOrder
from instasell_server.domains.payments.service import Payment
from instasell_server.ports import ChargebackChanged, RefundState

ORDERS_SHOWN = 20
"""Orders that an alert names."""


class ChargebackService:
    """Book chargebacks, and recover what is owed. Implements `payments.Chargebacks`."""

    def __init__(
        self,
        database: Database,
        claims: BankClaims,
        disputes: OrderDisputes,
        ledger: Ledger,
    ) -> None:
        self._database = database
        self._claims = claims
        self._disputes = disputes
        self._ledger = ledger
        self._debts = Debts(database, ledger)
        self._top_ups = TopUpClaims(claims, disputes, ledger)
        self._corrections = Corrections(claims, ledger, self._debts, self._top_ups)
        self._refunds = ProviderRefunds(claims, disputes, ledger, self._debts)

    async def record_chargeback(
        self, tx: Transaction, claim: ChargebackChanged, payment: Payment | None
    ) -> None:
        """Record a chargeback that the provider reports: new, changed or decided, in any order.

        The caller keeps others who speak of the same payment waiting.
        """
        if claim.currency != self._ledger.currency:
            details = {"amount": claim.amount, "currency": claim.currency}
            await store.insert_alert(tx, "chargeback_currency", claim.dispute_id, details)
            return
        order = await self._lock_order(tx, payment)
        spent_on = await self._top_ups.lock(tx, claim.dispute_id, payment)
        found = await store.lock_chargeback(tx, claim.dispute_id)
        now = await clock.get_now(tx)
        if found is None:
            found = await self._open(tx, claim, payment, order, spent_on, now)
        elif found.amount != claim.amount:
            details = {"booked": found.amount, "told": claim.amount}
            await store.insert_changed_alert(tx, "chargeback_amount", claim.dispute_id, details)
        if found.status != "open":
            return
        found = await self._book_fee(tx, found, claim, now)
        if claim.verdict == "won":
            await self._win(tx, found, now)
        elif claim.verdict == "lost":
            await self._lose(tx, found, now)

    async def record_refund(
        self, tx: Transaction, refund: RefundState, payment: Payment | None
    ) -> None:
        """Take what the provider says of a refund that the market did not ask for, in any order.

        The caller keeps others who speak of the same payment waiting.
        """
        order = await self._lock_order(tx, payment)
        await self._refunds.take(tx, refund, payment, order)

    async def hold_unmatched(self, tx: Transaction, intent_id: str, amount: int) -> None:
        """Record money of a payment that nothing waits for: count it, by its payment.

        What was taken of that payment before is covered by it.
        """
        await store.keep(tx, intent_id, amount)
        for found in await store.lock_uncovered(tx, intent_id):
            taken = await store.take_kept(tx, intent_id, found.owed_amount)
            if not taken:
                return
            covered = found._replace(
                suspense_amount=found.suspense_amount + taken,
                owed_amount=found.owed_amount - taken,
            )
            await store.update_chargeback(tx, covered, await clock.get_now(tx))
            moved = movements.covered_from_suspense(found.id, taken, found.owed_amount)
            await self._ledger.post(tx, [moved])

    async def is_kept(self, intent_id: str) -> bool:
        """Tell whether money of a payment of the provider's is kept apart."""
        async with self._database.connection() as connection:
            return await store.is_kept(connection, intent_id)

    async def release_unmatched(self, tx: Transaction, intent_id: str) -> int:
        """Take what is kept apart of a payment of the provider's, to send it back."""
        return await store.take_kept(tx, intent_id, MAX_AMOUNT)

    async def charge_seller(self, tx: Transaction, provider_id: str) -> int:
        """Have the seller owe what a refund at the provider has cost; returns how much."""
        order_id = await store.find_order_of_refund(tx, provider_id)
        order = await self._claims.lock(tx, order_id) if order_id else None
        return 0 if order is None else await self._refunds.charge(tx, provider_id, order)

    async def correct(self, tx: Transaction, provider_id: str, amount: int) -> int:
        """Book that a chargeback is of another amount; returns by how much it differs."""
        return await self._corrections.correct(tx, provider_id, amount)

    async def recover(self) -> int:
        """Take what is owed from who has something now; return from how many."""
        return await self._debts.recover()

    async def attach(self, tx: Transaction, payment: Payment) -> None:
        """Attach a booked payment to a chargeback that may have come before it."""
        if payment.intent_id is None:
            return
        waiting = await store.lock_unattached(tx, payment.intent_id)
        for found in waiting:
            # The order was locked without its listing. Who holds that and waits for the order
            # makes the database end one of the two, and the provider says it again.
            order = await self._lock_order(tx, payment)
            now = await clock.get_now(tx)
            if found.status == "won":
                await store.update_chargeback(tx, found._replace(payment_id=payment.id), now)
                continue
            if found.kind == "refund":
                await self._attach_refund(tx, found, payment, order, now)
                continue
            # A top-up that is booked now has paid no order yet.
            bound, payer_owes = await self._bind(tx, found, payment, order, [], now)
            await store.update_chargeback(tx, bound, now)
            if bound.escrow_amount:
                assert order is not None
                await self._ledger.post(
                    tx,
                    [movements.chargeback_covered(found.id, order.id, bound.escrow_amount)],
                )
            if payer_owes:
                bound = await self._debts.recover_within(tx, bound, payment.user_id, now)
            if found.status == "lost":
                await self._lose(tx, bound, now)

    async def _attach_refund(
        self,
        tx: Transaction,
        found: Chargeback,
        payment: Payment,
        order: LockedOrder | None,
        now: datetime,
    ) -> None:
        bound = await self._refunds.bind(tx, found, payment, order)
        await store.update_chargeback(tx, bound, now)
        if bound.escrow_amount and order is not None:
            covered = movements.chargeback_covered(
                found.id, order.id, bound.escrow_amount, EntryType.REFUND
            )
            await self._ledger.post(tx, [covered])
        await self._refunds.settle(tx, bound, payment, order, now)

    async def _lock_order(self, tx: Transaction, payment: Payment | None) -> LockedOrder | None:
        """Lock the order that a payment has paid; one that went back has paid none."""
        if payment is None or payment.order_id is None or payment.status != "succeeded":
            return None
        return await self._claims.lock(tx, payment.order_id)

    async def _open(
        self,
        tx: Transaction,
        claim: ChargebackChanged,
        payment: Payment | None,
        order: LockedOrder | None,
        spent_on: Sequence[LockedOrder],
        now: datetime,
    ) -> Chargeback:
        made = await store.insert_chargeback(
            tx, claim.dispute_id, claim.intent_id, claim.amount, now
        )
        bound, payer_owes = await self._bind(tx, made, payment, order, spent_on, now)
        await store.update_chargeback(tx, bound, now)
        from_escrow = {
            each.order_id: each.escrow_amount for each in await store.list_claimed_orders(tx, bound)
        }
        taken = movements.chargeback(bound.id, bound.order_id, from_escrow, bound.owed_amount)
        await self._ledger.post(tx, [taken])
        if payer_owes and payment is not None:
            bound = await self._debts.recover_within(tx, bound, payment.user_id, now)
        details = {
            "intent_id": claim.intent_id,
            "order_id": bound.order_id,
            "order_ids": list(from_escrow)[:ORDERS_SHOWN],
            "payment_id": bound.payment_id,
            "amount": bound.amount,
            "from_escrow": bound.escrow_amount,
            "from_refunds": bound.refunded_amount,
            "owed": bound.owed_amount,
            "reason": claim.reason,
        }
        await store.insert_alert(tx, "chargeback", claim.dispute_id, details)
        return bound

    async def _bind(
        self,
        tx: Transaction,
        found: Chargeback,
        payment: Payment | None,
        order: LockedOrder | None,
        spent_on: Sequence[LockedOrder],
        now: datetime,
    ) -> tuple[Chargeback, bool]:
        """Tie a chargeback to its payment: orders are frozen, and the debts are written down.

        Returns it with whether the payer owes something of it now. Nothing is paid out to the
        payer any more.
        """
        if payment is None:
            return found, False
        found = found._replace(payment_id=payment.id)
        if order is None:
            await self._ledger.stop_payouts(tx, payment.user_id)
            found = await self._top_ups.bind(tx, found, payment, spent_on, now)
            owed = found.owed_amount
            if owed:
                await store.insert_debt(tx, found.id, Debt(payment.user_id, owed, 0, True))
            return found, owed > 0
        shown = format_amount(found.amount, self._ledger.currency)
        text = f"the buyer's bank has taken {shown} back"
        dispute_id = await self._disputes.open_of_bank(
            tx, order.id, buyer_id=order.buyer_id, seller_id=order.seller_id, text=text, now=now
        )
        holds_order = await self._claims.hold_release(tx, order, text, now)
        others = await store.get_claims(tx, order.id, order.seller_id)
        await self._ledger.stop_payouts(tx, order.buyer_id)
        balance = await self._ledger.lock_balance(tx, order.buyer_id)
        shares = rules.share_of_order(found.amount, order.state, others, buyer_balance=balance)
        await self._write_debts(tx, found.id, order, shares)
        bound = found._replace(
            order_id=order.id,
            dispute_id=dispute_id,
            refunded_amount=shares.refunded,
            escrow_amount=shares.escrow,
            owed_amount=found.owed_amount - shares.escrow,
            holds_order=holds_order,
        )
        return bound, shares.refunded + shares.buyer > 0

    async def _write_debts(
        self, tx: Transaction, chargeback_id: str, order: LockedOrder, shares: ChargebackShares
    ) -> None:
        """Write the debts: the buyer pays at once, the seller once the bank has decided."""
        buyer_owes = shares.refunded + shares.buyer
        if buyer_owes:
            await store.insert_debt(
                tx, chargeback_id, Debt(order.buyer_id, buyer_owes, 0, is_due=True)
            )
        if shares.seller:
            await store.insert_debt(
                tx, chargeback_id, Debt(order.seller_id, shares.seller, 0, is_due=False)
            )

    async def _book_fee(
        self, tx: Transaction, found: Chargeback, claim: ChargebackChanged, now: datetime
    ) -> Chargeback:
        change = rules.fee_to_book(
            found.fee_amount, claim.fee_amount, decided=claim.verdict is not None
        )
        if not change:
            return found
        found = found._replace(fee_amount=found.fee_amount + change)
        await store.update_chargeback(tx, found, now)
        await self._ledger.post(tx, [movements.provider_fee(found.id, found.fee_amount, change)])
        return found

    async def _win(self, tx: Transaction, found: Chargeback, now: datetime) -> None:
        """Return the money to where it was taken from."""
        decided = found._replace(status="won", owed_amount=0, recovered_amount=0)
        await store.update_chargeback(tx, decided, now)
        recovered = await self._debts.forgive(tx, found.id)
        verdict = "the bank has decided against the buyer"
        claimed = await store.list_claimed_orders(tx, found)
        for each in claimed:
            if each.dispute_id is not None:
                await self._disputes.close_of_bank(tx, each.dispute_id, 0, verdict, now)
        if found.order_id is None and claimed:
            await self._top_ups.give_back(tx, found, claimed)
        back = movements.chargeback_won(
            found.id,
            found.order_id,
            to_escrow={each.order_id: each.escrow_amount for each in claimed},
            to_suspense=found.suspense_amount,
            owed=found.owed_amount,
            recovered=recovered,
        )
        if found.suspense_amount:
            await store.keep(tx, found.intent_id, found.suspense_amount)
        await self._ledger.post(tx, [back])
        for each in claimed:
            if each.holds_order:
                await self._claims.resume_release(tx, each.order_id, verdict, now)

    async def _lose(self, tx: Transaction, found: Chargeback, now: datetime) -> None:
        """Leave the money to the buyer. The order goes on with the rest, or is cancelled."""
        await store.update_chargeback(tx, found._replace(status="lost"), now)
        for debt in await store.list_debts(tx, found.id):
            await store.update_debt(tx, found.id, debt._replace(is_due=True))
        verdict = "the bank has decided for the buyer"
        for each in await store.list_claimed_orders(tx, found):
            if each.dispute_id is not None:
                got = each.escrow_amount if found.order_id is None else found.amount
                await self._disputes.close_of_bank(tx, each.dispute_id, got, verdict, now)
            if not each.holds_order:
                continue
            order = await self._claims.resume_release(tx, each.order_id, verdict, now)
            if self._claims.is_lost(order):
                await self._disputes.close(tx, order.id, 0, actor_id=None, reason=verdict, now=now)
                await self._claims.cancel(tx, order, verdict, now)


__all__ = ["ChargebackService"]
