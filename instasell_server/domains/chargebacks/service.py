"""Chargebacks: payers' banks take money back, and say later for good who is right.

The provider has moved the money before it says so, and nobody here can keep it from doing that: it
is booked at once, whatever is known of the payment. What was held covers it. The rest is owed to
the platform by whoever has the money, and taken from what he has as soon as he has any, so that no
wallet is ever below zero.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

import structlog

from instasell_client.models.money import format_amount
from instasell_server.db.connections import Database
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.chargebacks import rules, store
from instasell_server.domains.chargebacks.rules import Debt
from instasell_server.domains.chargebacks.store import Chargeback
from instasell_server.domains.disputes.service import DisputeService
from instasell_server.domains.ledger import rules as movements
from instasell_server.domains.ledger.service import Ledger
from instasell_server.domains.orders.bank_claims import BankClaims, LockedOrder
from instasell_server.domains.payments.service import Payment
from instasell_server.errors import InstaSellError
from instasell_server.ports import Disputed

AT_ONCE = 100

_log = structlog.get_logger("instasell.chargebacks")


class ChargebackService:
    """Books chargebacks, and recovers what is owed. Implements `payments.Chargebacks`."""

    def __init__(
        self,
        database: Database,
        claims: BankClaims,
        disputes: DisputeService,
        ledger: Ledger,
    ) -> None:
        self._database = database
        self._claims = claims
        self._disputes = disputes
        self._ledger = ledger

    async def take(self, tx: Transaction, claim: Disputed, payment: Payment | None) -> None:
        """What the provider says of a chargeback: new, changed or decided, in any order.

        The caller keeps others who speak of the same payment waiting.
        """
        if claim.currency != self._ledger.currency:
            details = {"amount": claim.amount, "currency": claim.currency}
            await store.insert_alert(tx, "chargeback_currency", claim.dispute_id, details)
            return
        order = await self._lock_order(tx, payment)
        found = await store.lock_chargeback(tx, claim.dispute_id)
        now = await store.get_now(tx)
        if found is None:
            found = await self._open(tx, claim, payment, order, now)
        elif found.amount != claim.amount:
            details = {"booked": found.amount, "told": claim.amount}
            await store.insert_alert(tx, "chargeback_amount", claim.dispute_id, details)
        if found.status != "open":
            return
        found = await self._book_fee(tx, found, claim, now)
        if claim.verdict == "won":
            await self._win(tx, found, now)
        elif claim.verdict == "lost":
            await self._lose(tx, found, now)

    async def attach(self, tx: Transaction, payment: Payment) -> None:
        """A payment is booked whose chargeback may have come before it."""
        if payment.intent_id is None:
            return
        waiting = await store.lock_unattached(tx, payment.intent_id)
        for found in waiting:
            # The order was locked without its listing. Who holds that and waits for the order
            # makes the database end one of the two, and the provider says it again.
            order = await self._lock_order(tx, payment)
            now = await store.get_now(tx)
            if found.status == "won":
                await store.update_chargeback(tx, found._replace(payment_id=payment.id), now)
                continue
            bound = await self._bind(tx, found, payment, order, now)
            await store.update_chargeback(tx, bound, now)
            if bound.escrow_amount:
                assert order is not None
                await self._ledger.post(
                    tx,
                    [movements.chargeback_covered(found.id, order.id, bound.escrow_amount)],
                )
            if found.status == "lost":
                await self._lose(tx, bound, now)

    async def _lock_order(self, tx: Transaction, payment: Payment | None) -> LockedOrder | None:
        """The order that a payment has paid; one that went back has paid none."""
        if payment is None or payment.order_id is None or payment.status != "succeeded":
            return None
        return await self._claims.lock(tx, payment.order_id)

    async def _open(
        self,
        tx: Transaction,
        claim: Disputed,
        payment: Payment | None,
        order: LockedOrder | None,
        now: datetime,
    ) -> Chargeback:
        made = await store.insert_chargeback(
            tx, claim.dispute_id, claim.intent_id, claim.amount, now
        )
        bound = await self._bind(tx, made, payment, order, now)
        await store.update_chargeback(tx, bound, now)
        await self._ledger.post(
            tx,
            [
                movements.chargeback(
                    bound.id, bound.order_id, bound.escrow_amount, bound.owed_amount
                )
            ],
        )
        details = {
            "intent_id": claim.intent_id,
            "order_id": bound.order_id,
            "payment_id": bound.payment_id,
            "amount": bound.amount,
            "from_escrow": bound.escrow_amount,
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
        now: datetime,
    ) -> Chargeback:
        """A chargeback with what it is about: the order is frozen, and a dispute is open on it."""
        if payment is None:
            return found
        found = found._replace(payment_id=payment.id)
        if order is None:
            debt = rules.debt_of_payer(payment.user_id)
            return _owed_by(found, debt)
        shown = format_amount(found.amount, self._ledger.currency)
        text = f"the buyer's bank has taken {shown} back"
        dispute_id = await self._disputes.open_of_bank(
            tx, order.id, buyer_id=order.buyer_id, seller_id=order.seller_id, text=text, now=now
        )
        escrow_amount = rules.from_escrow(order.standing.held_amount, found.owed_amount)
        debt = rules.debt_of_order(order.standing.status, order.buyer_id, order.seller_id)
        return _owed_by(found, debt)._replace(
            order_id=order.id,
            dispute_id=dispute_id,
            escrow_amount=escrow_amount,
            owed_amount=found.owed_amount - escrow_amount,
            holds_order=await self._claims.freeze(tx, order, text, now),
        )

    async def _book_fee(
        self, tx: Transaction, found: Chargeback, claim: Disputed, now: datetime
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
        """All is as it was: the money is back where it was taken from."""
        decided = found._replace(status="won", owed_amount=0, recovered_amount=0, is_due=False)
        await store.update_chargeback(tx, decided, now)
        verdict = "the bank has decided against the buyer"
        if found.dispute_id is not None:
            await self._disputes.close_of_bank(tx, found.dispute_id, 0, verdict, now)
        back = movements.chargeback_won(
            found.id,
            found.order_id,
            to_escrow=found.escrow_amount,
            owed=found.owed_amount,
            debtor_id=found.debtor_id,
            recovered=found.recovered_amount,
        )
        await self._ledger.post(tx, [back])
        if found.holds_order and found.order_id is not None:
            await self._claims.thaw(tx, found.order_id, verdict, now)

    async def _lose(self, tx: Transaction, found: Chargeback, now: datetime) -> None:
        """The buyer keeps it. What is left of the order goes on; of nothing it is cancelled."""
        await store.update_chargeback(tx, found._replace(status="lost", is_due=True), now)
        verdict = "the bank has decided for the buyer"
        if found.dispute_id is not None:
            await self._disputes.close_of_bank(tx, found.dispute_id, found.amount, verdict, now)
        if not found.holds_order or found.order_id is None:
            return
        order = await self._claims.thaw(tx, found.order_id, verdict, now)
        if self._claims.is_lost(order):
            await self._disputes.close(tx, order.id, 0, actor_id=None, reason=verdict, now=now)
            await self._claims.call_off(tx, order, verdict, now)

    # What is owed -----------------------------------------------------------------------------

    async def recover(self) -> int:
        """Takes what is owed from who has something now; returns from how many."""
        async with self._database.connection() as connection:
            found = await store.list_recoverable(connection, AT_ONCE)
        recovered = 0
        for chargeback_id in found:
            try:
                recovered += await transact(self._database, partial(self._recover, chargeback_id))
            except InstaSellError as error:
                _log.warning("recovery_waits", chargeback_id=chargeback_id, code=error.code)
        return recovered

    async def _recover(self, chargeback_id: str, tx: Transaction) -> int:
        found = await store.lock_owed(tx, chargeback_id)
        if found is None or found.debtor_id is None:
            return 0
        amount = min(await self._ledger.lock_balance(tx, found.debtor_id), found.owed_amount)
        if not amount:
            return 0
        now = await store.get_now(tx)
        paid = movements.recovered(
            found.id, found.order_id, found.debtor_id, amount, found.owed_amount
        )
        await self._ledger.post(tx, [paid])
        rest = found._replace(
            owed_amount=found.owed_amount - amount,
            recovered_amount=found.recovered_amount + amount,
        )
        await store.update_chargeback(tx, rest, now)
        return 1


def _owed_by(found: Chargeback, debt: Debt) -> Chargeback:
    return found._replace(debtor_id=debt.debtor_id, is_due=debt.is_due)


__all__ = ["ChargebackService"]
