"""Refunds at the payment provider: asked for once, and followed until they have ended."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from functools import partial
from typing import Protocol

import structlog

from instasell_client.models.errors import InstaSellError, PaymentFailed
from instasell_server.db.connections import Database
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.ledger import rules as movements
from instasell_server.domains.ledger.postings import Hold
from instasell_server.domains.ledger.service import Ledger
from instasell_server.domains.payments import store
from instasell_server.domains.payments.provider_calls import AT_ONCE, call_provider
from instasell_server.domains.payments.store import Payment
from instasell_server.ports import PaymentProvider, RefundState

_log = structlog.get_logger("instasell.payments")


LIMIT = 1000
RECONCILE_SECONDS = 300.0
LOOK_BACK_SECONDS = 3 * 24 * 3600
"""Stripe sends a webhook again for three days, so that what is older has come or never will."""


class RefundsElsewhere(Protocol):
    """Record refunds that the market did not ask for, and money that could not be sent back."""

    async def record_refund(
        self, tx: Transaction, refund: RefundState, payment: Payment | None
    ) -> None:
        """Take what the provider says of a refund that the market did not ask for."""
        ...

    async def hold_unmatched(self, tx: Transaction, intent_id: str, amount: int) -> None:
        """Record that money of a payment that nothing waits for was put apart."""
        ...

    async def release_unmatched(self, tx: Transaction, intent_id: str) -> int:
        """Take what is kept apart of a payment of the provider's, to send it back."""
        ...


class RefundService:
    """Send money back to the cards that it came from."""

    def __init__(
        self,
        database: Database,
        provider: PaymentProvider,
        ledger: Ledger,
        elsewhere: RefundsElsewhere,
    ) -> None:
        self._database = database
        self._provider = provider
        self._ledger = ledger
        self._elsewhere = elsewhere
        self._reconcile_at = 0.0

    async def refund_order(
        self, tx: Transaction, order_id: str, buyer_id: str, amount: int
    ) -> bool:
        """Send held money of an order back to its card; False if no card paid it."""
        payment = await store.find_paid_payment_of_order(tx, order_id)
        if payment is None:
            return False
        refund_id = await store.insert_refund(tx, payment.id, order_id, amount)
        await self._ledger.post(tx, movements.refund_to_card(refund_id, order_id, buyer_id, amount))
        return True

    async def hold_of_order(
        self, tx: Transaction, order_id: str, paid_at: datetime | None
    ) -> Hold | None:
        """Return how long a refund to the wallet is held; None for an order no card paid."""
        payment = await store.find_paid_payment_of_order(tx, order_id)
        return None if payment is None else self._ledger.hold_of_refund(payment.id, paid_at)

    async def send_refunds(self) -> int:
        """Ask the provider for refunds, once for each however often it is asked."""
        async with self._database.connection() as connection:
            found = await store.lease_refunds(connection, AT_ONCE)
        await asyncio.gather(*(self._send_refund(each) for each in found))
        return len(found)

    async def _send_refund(self, refund: store.Refund) -> None:
        try:
            if refund.status == "asked" and refund.provider_id is not None:
                asking = self._provider.look_up_refund(refund.provider_id)
            else:
                assert refund.intent_id is not None, "what comes back has been paid"
                asking = self._provider.refund(refund.id, refund.intent_id, refund.amount)
            state = await call_provider(asking)
        except PaymentFailed as error:
            _log.warning("refund_refused", refund_id=refund.id, reason=str(error))
            state = RefundState("", refund.id, "failed")
        except InstaSellError as error:
            # The lease runs out, and it is asked again.
            _log.warning("refund_waits", refund_id=refund.id, code=error.code)
            return
        await transact(self._database, lambda tx: self.settle_refund(tx, state))

    async def settle_refund(self, tx: Transaction, state: RefundState) -> None:
        """Book how far a refund has come, as the provider says."""
        found = await store.lock_refund(tx, state.refund_id, state.provider_id)
        if found is None:
            await self._take_elsewhere(tx, state)
            return
        if found.status == "failed":
            return
        if found.status == "succeeded":
            # A refund that has gone out can still come back; nothing else follows its success.
            if state.status != "failed":
                return
            await self._ledger.post(tx, [movements.refund_returned(found.id, found.amount)])
        after = {"succeeded": "succeeded", "failed": "failed"}.get(state.status, "asked")
        await store.update_refund(tx, found.id, after, state.provider_id or None)
        if after == "succeeded":
            await self._ledger.post(tx, [movements.refund_settled(found.id, found.amount)])
        elif after == "failed":
            await self._record_failure(tx, found)

    async def _record_failure(self, tx: Transaction, refund: store.Refund) -> None:
        """Keep what could not be sent back: with the buyer, or apart if nobody's."""
        if refund.order_id is not None:
            assert refund.payment_id is not None, "a payment has paid the order"
            assert refund.user_id is not None, "a payment has paid the order"
            hold = self._ledger.hold_of_refund(refund.payment_id, refund.paid_at)
            back = movements.refund_failed(
                refund.id, refund.order_id, refund.user_id, refund.amount, hold
            )
        else:
            back = movements.unmatched_payment_kept(refund.id, refund.amount)
        await self._ledger.post(tx, [back])
        if refund.order_id is None and refund.intent_id is not None:
            await self._elsewhere.hold_unmatched(tx, refund.intent_id, refund.amount)
        await store.insert_alert(tx, "refund_failed", refund.id, {"amount": refund.amount})

    # Refunds made at the provider -------------------------------------------------------------

    async def _take_elsewhere(self, tx: Transaction, state: RefundState) -> None:
        if state.intent_id is None:
            return
        await store.lock_intent(tx, state.intent_id)
        payment_id = await store.find_payment_of_intent(tx, state.intent_id)
        payment = await store.find_payment(tx, payment_id) if payment_id else None
        await self._elsewhere.record_refund(tx, state, payment)

    async def send_kept_back(self, tx: Transaction, intent_id: str) -> int:
        """Send back what is kept apart of a payment that nothing waits for; returns how much."""
        await store.lock_intent(tx, intent_id)
        amount = await self._elsewhere.release_unmatched(tx, intent_id)
        if amount:
            refund_id = await store.insert_refund_of_intent(tx, intent_id, amount)
            await self._ledger.post(tx, [movements.unmatched_payment_refunded(refund_id, amount)])
        return amount

    async def find_intent(self, tx: Transaction, refund_id: str) -> str | None:
        """Return the provider's payment that a refund of ours, or one made there, is of."""
        return await store.find_intent_of_refund(tx, refund_id)

    async def check(self, intent_id: str, amount: int | None = None) -> None:
        """Ask the provider which refunds a payment has had, and book those that are not known.

        Nothing is asked where those that are known sum to `amount`. Raises PaymentFailed,
        Unavailable.
        """
        async with self._database.connection() as connection:
            known = await store.sum_refunds(connection, intent_id)
        if amount is not None and known >= amount:
            return
        found = await call_provider(self._provider.list_refunds(LIMIT, intent_id=intent_id))
        await self._take_all(found)

    async def reconcile(self) -> int:
        """Ask the provider every five minutes for its newest refunds; returns 0 until then."""
        if time.monotonic() < self._reconcile_at:
            return 0
        self._reconcile_at = time.monotonic() + RECONCILE_SECONDS
        since = int(time.time()) - LOOK_BACK_SECONDS
        try:
            found = await call_provider(self._provider.list_refunds(LIMIT, since=since))
        except PaymentFailed as error:
            # No key, or one without the right to list refunds: it stays so until an operator acts.
            _log.info("refunds_not_listed", reason=str(error))
            return 0
        except InstaSellError as error:
            _log.warning("refunds_not_reconciled", code=error.code)
            return 0
        await self._take_all(found)
        return 0

    async def _take_all(self, found: list[RefundState]) -> None:
        async with self._database.connection() as connection:
            ours = await store.list_known_refunds(connection, [each.provider_id for each in found])
        for state in found:
            if state.provider_id not in ours:
                await transact(self._database, partial(self._settle, state))

    async def _settle(self, state: RefundState, tx: Transaction) -> None:
        await self.settle_refund(tx, state)
