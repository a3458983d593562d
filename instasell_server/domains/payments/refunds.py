"""Refunds at the payment provider: asked for once, and followed until they have ended."""

from __future__ import annotations

import asyncio
from datetime import datetime

import structlog

from instasell_server.db.connections import Database
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.ledger import rules as movements
from instasell_server.domains.ledger.postings import Hold
from instasell_server.domains.ledger.service import Ledger
from instasell_server.domains.payments import store
from instasell_server.domains.payments.provider_calls import AT_ONCE, answered
from instasell_server.errors import InstaSellError, PaymentFailed
from instasell_server.ports import Payments, RefundState

_log = structlog.get_logger("instasell.payments")


class RefundService:
    """Sends money back to the cards that it came from."""

    def __init__(self, database: Database, provider: Payments, ledger: Ledger) -> None:
        self._database = database
        self._provider = provider
        self._ledger = ledger

    async def refund_order(
        self, tx: Transaction, order_id: str, buyer_id: str, amount: int
    ) -> bool:
        """Sends held money of an order back to its card; False if no card paid it."""
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
        """Asks the provider for refunds, once for each however often it is asked."""
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
            state = await answered(asking)
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
        if found is None or found.status == "failed":
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
            await self._keep(tx, found)

    async def _keep(self, tx: Transaction, refund: store.Refund) -> None:
        """What could not be sent back stays here: with the buyer, or apart if nobody's."""
        if refund.order_id is not None:
            hold = self._ledger.hold_of_refund(refund.payment_id, refund.paid_at)
            back = movements.refund_failed(
                refund.id, refund.order_id, refund.user_id, refund.amount, hold
            )
        else:
            back = movements.stray_kept(refund.id, refund.amount)
        await self._ledger.post(tx, [back])
        await store.insert_alert(tx, "refund_failed", refund.id, {"amount": refund.amount})
