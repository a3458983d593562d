"""Payments: what is asked of the provider, and what its word brings about.

Nothing is paid because a caller says so. A row is written before each request is sent, with its
id as the provider's key, so that a crash anywhere leaves work to resume, and nothing happens twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial

import structlog

from instasell_client.models.errors import BadSignature, InstaSellError, PaymentFailed, Unavailable
from instasell_client.models.wallets import WalletAccount
from instasell_server import metrics
from instasell_server.db.connections import Database, DbConnection
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.ledger import rules as movements
from instasell_server.domains.ledger.service import Ledger
from instasell_server.domains.payments import store
from instasell_server.domains.payments.counterparts import (
    Chargebacks,
    PaidMeanwhile,
    PaidOrders,
    PayableOrder,
    SentPayouts,
)
from instasell_server.domains.payments.provider_calls import AT_ONCE, call_provider
from instasell_server.domains.payments.refunds import RefundService
from instasell_server.domains.payments.return_address import ReturnAddress
from instasell_server.domains.payments.store import Payment
from instasell_server.ports import (
    ChargebackChanged,
    ChargeRefunded,
    Checkout,
    CheckoutExpired,
    CheckoutRequest,
    Paid,
    PaymentDeclined,
    PaymentProvider,
    PayoutFailed,
    ProviderEvent,
    RefundChanged,
    TransferReversed,
    UnknownEvent,
    WebhookRefused,
)

TRIES = 5
"""Transactions of one webhook, while a top-up that a bank takes back pays another order."""

_log = structlog.get_logger("instasell.payments")


class PaymentService:
    """Ask the provider, listen to it, and find out what a crash left open."""

    def __init__(
        self,
        database: Database,
        provider: PaymentProvider,
        ledger: Ledger,
        *,
        orders: PaidOrders,
        chargebacks: Chargebacks,
        withdrawals: SentPayouts,
        return_address: ReturnAddress,
    ) -> None:
        self._database = database
        self._provider = provider
        self._ledger = ledger
        self.return_address = return_address
        self.refunds = RefundService(database, provider, ledger, chargebacks)
        self._orders = orders
        self._chargebacks = chargebacks
        self._withdrawals = withdrawals
        self._opening: dict[str, asyncio.Task[str | None]] = {}

    # Paying -----------------------------------------------------------------------------------

    async def begin(
        self, tx: Transaction, user_id: str, purpose: str, amount: int, order_id: str | None = None
    ) -> str:
        """Begin a payment to open after the commit; an order has at most one that waits."""
        if order_id is not None:
            waiting = await store.find_open_payment_of_order(tx, order_id)
            if waiting is not None:
                return waiting
        return await store.insert_payment(
            tx, user_id, purpose, order_id, amount, self._ledger.currency
        )

    async def open(self, payment_id: str) -> str | None:
        """Open the provider's page for a payment; None when it waits for nobody any more.

        Raises PaymentFailed when the provider refuses, Unavailable when it does not answer; the
        payment is then taken up again by itself. Callers at the same moment share one question.
        """
        task = self._opening.get(payment_id)
        if task is None:
            task = self._opening[payment_id] = asyncio.create_task(self._open(payment_id))
            task.add_done_callback(lambda _: self._opening.pop(payment_id, None))
        return await asyncio.shield(task)

    async def _open(self, payment_id: str) -> str | None:
        async with self._database.connection() as connection:
            payment = await store.find_payment(connection, payment_id)
        if payment is None or payment.status != "opening":
            return payment.checkout_url if payment and payment.status == "open" else None
        wish = CheckoutRequest(
            payment.id,
            payment.amount,
            payment.currency,
            _description(payment),
            self.return_address.url,
        )
        try:
            found = await call_provider(self._provider.open_checkout(wish))
        except PaymentFailed as error:
            async with self._database.connection() as connection:
                await _fail(connection, payment_id, str(error))
            raise
        async with self._database.connection() as connection:
            await store.update_open(connection, payment_id, found.session_id, found.url)
        return found.url

    async def abandon(self, tx: Transaction, order_id: str, *, is_paid: bool = False) -> None:
        """Close the open page of an order that is paid another way or cancelled.

        A payer who is quicker than this gets the money back, as its order does not wait for it.
        That of an order which `is_paid` counts as no failure.
        """
        payment_id = await store.find_open_payment_of_order(tx, order_id)
        if payment_id is None:
            return
        payment = await store.lock_payment(tx, payment_id)
        fail = store.update_failed if is_paid else _fail
        await fail(tx, payment_id, "the order waits for no payment any more")
        if payment is not None and payment.session_id is not None:
            session_id = payment.session_id
            tx.after_commit(partial(self._expire, session_id))

    async def _expire(self, session_id: str) -> None:
        try:
            await call_provider(self._provider.expire(session_id))
        except InstaSellError as error:
            _log.warning("checkout_not_expired", code=error.code)

    async def check_order(self, order_id: str) -> None:
        """Ask the provider about the payment that an order waits for, and book it if it was paid.

        No connection is held meanwhile: as many waiting payers as the pool has would stop all else.
        """

        async def find(tx: Transaction) -> Payment | None:
            payment_id = await store.find_open_payment_of_order(tx, order_id)
            return await store.find_payment(tx, payment_id) if payment_id is not None else None

        payment = await transact(self._database, find)
        if payment is not None and payment.status == "open" and payment.session_id is not None:
            await self._look_up(payment)

    async def _look_up(self, payment: Payment) -> None:
        assert payment.session_id is not None
        found = await call_provider(self._provider.look_up(payment.session_id))
        await self._take_checkout(payment, found)

    async def _take_checkout(self, payment: Payment, found: Checkout) -> None:
        if found.status == "paid" and found.intent_id is not None:
            paid = Paid(payment.id, found.intent_id, found.amount, found.currency)
            await transact(self._database, lambda tx: self._settle(tx, paid))
        elif found.status == "expired":
            async with self._database.connection() as connection:
                await _fail(connection, payment.id, "the page expired unpaid")

    # What the provider says -------------------------------------------------------------------

    async def handle_webhook(self, payload: bytes, signature: str) -> None:
        """Book a message of the provider, each once. Raises BadSignature, Unavailable."""
        try:
            event = self._provider.read_event(payload, signature)
        except WebhookRefused as error:
            raise BadSignature(str(error)) from None

        if isinstance(event.change, ChargeRefunded):
            # It does not say which refunds: the provider does. Without an answer it is sent again.
            await self.refunds.check(event.change.intent_id, event.change.amount)

        async def work(tx: Transaction) -> None:
            if await store.insert_event(tx, event.id, event.type):
                await self._book(tx, event)

        for _ in range(TRIES):
            with contextlib.suppress(PaidMeanwhile):
                return await transact(self._database, work)
        # The provider sends a message again that got no answer.
        raise Unavailable

    async def _book(self, tx: Transaction, event: ProviderEvent) -> None:
        change = event.change
        if isinstance(change, Paid):
            await self._settle(tx, change)
        elif isinstance(change, CheckoutExpired):
            if change.payment_id is not None:
                await _fail(tx, change.payment_id, "the page expired unpaid")
        elif isinstance(change, PaymentDeclined):
            # Not every payment at the provider has to be one of the market's.
            if change.payment_id is not None:
                tx.after_commit(_count_failure)
        elif isinstance(change, RefundChanged):
            await self.refunds.settle_refund(tx, change.refund)
        elif isinstance(change, TransferReversed):
            await self._withdrawals.take_back(tx, change)
        elif isinstance(change, PayoutFailed):
            await self._withdrawals.note_failed_payout(tx, change)
        elif isinstance(change, UnknownEvent):
            details = {"type": event.type, "problem": change.problem}
            await store.insert_alert(tx, "webhook_not_understood", event.id, details)
        elif isinstance(change, ChargebackChanged):
            await store.lock_intent(tx, change.intent_id)
            payment_id = await store.find_payment_of_intent(tx, change.intent_id)
            payment = await store.find_payment(tx, payment_id) if payment_id else None
            await self._chargebacks.record_chargeback(tx, change, payment)

    async def _settle(self, tx: Transaction, paid: Paid) -> None:
        """Book a payment that the provider reports as paid; a repeat changes nothing."""
        await store.lock_intent(tx, paid.intent_id)
        payment, order = await self._lock(tx, paid)
        if payment is None:
            details = {"amount": paid.amount, "currency": paid.currency}
            is_new = await store.insert_alert(tx, "unknown_payment", paid.intent_id, details)
            # The ledger has one currency; of another one the alert is all that there is.
            if is_new and paid.currency == self._ledger.currency:
                await self._ledger.post(
                    tx, [movements.unmatched_payment(paid.intent_id, paid.amount)]
                )
                await self._chargebacks.hold_unmatched(tx, paid.intent_id, paid.amount)
            return
        if payment.intent_id is not None:
            # Booked before, from this or another event.
            return
        fits = (paid.amount, paid.currency) == (payment.amount, payment.currency)
        if fits and await self._credit(tx, payment, order):
            await store.update_succeeded(tx, payment.id, paid.intent_id)
            tx.after_commit(_count_success)
        else:
            await self._send_back(tx, payment, paid)
        booked = await store.find_payment(tx, payment.id)
        assert booked is not None
        await self._chargebacks.attach(tx, booked)

    async def _lock(
        self, tx: Transaction, paid: Paid
    ) -> tuple[Payment | None, PayableOrder | None]:
        # A payment of the provider's pays once, whatever name of ours a later message gives it.
        known = await store.find_payment_of_intent(tx, paid.intent_id)
        payment_id = known or paid.payment_id
        found = await store.find_payment(tx, payment_id) if payment_id else None
        if found is None:
            return None, None
        # Orders are locked before payments everywhere, or two transactions could wait for each
        # other: a buyer who cancels holds the order and wants the payment.
        order = await self._orders.lock(tx, found.order_id) if found.order_id else None
        return await store.lock_payment(tx, found.id), order

    async def _credit(self, tx: Transaction, payment: Payment, order: PayableOrder | None) -> bool:
        if payment.order_id is not None:
            if order is None or payment.status == "failed":
                return False
            return await order.record_payment(tx, payment.id, payment.amount)
        target, hold = WalletAccount(payment.purpose), self._ledger.hold_of_top_up(payment.id)
        await self._ledger.post(
            tx, [movements.top_up(payment.id, payment.user_id, payment.amount, target, hold)]
        )
        return True

    async def _send_back(self, tx: Transaction, payment: Payment, paid: Paid) -> None:
        await _fail(tx, payment.id, "it was sent back", paid.intent_id)
        refund_id = await store.insert_refund(tx, payment.id, None, paid.amount)
        await self._ledger.post(
            tx,
            [
                movements.unmatched_payment(payment.id, paid.amount),
                movements.unmatched_payment_refunded(refund_id, paid.amount),
            ],
        )
        details = {
            "payment_id": payment.id,
            "order_id": payment.order_id,
            "expected": [payment.amount, payment.currency],
            "came": [paid.amount, paid.currency],
        }
        await store.insert_alert(tx, "stray_payment", paid.intent_id, details)

    # What a crash left ------------------------------------------------------------------------

    async def reconcile(self) -> int:
        """Take up payments that nobody has looked at for a minute; return how many."""
        async with self._database.connection() as connection:
            found = await store.lease_unfinished(connection, AT_ONCE)
        await asyncio.gather(*(self.resume(each) for each in found))
        return len(found)

    async def resume(self, payment: Payment) -> None:
        try:
            if payment.status == "opening":
                await self.open(payment.id)
            else:
                await self._look_up(payment)
        except InstaSellError as error:
            _log.warning("payment_not_reconciled", payment_id=payment.id, code=error.code)


async def _fail(
    connection: DbConnection, payment_id: str, failure: str, intent_id: str | None = None
) -> None:
    """Mark a payment as failed, and count it if that is news: once it is durable."""
    is_news = await store.update_failed(connection, payment_id, failure, intent_id)
    if is_news and isinstance(connection, Transaction):
        connection.after_commit(_count_failure)
    elif is_news:
        await _count_failure()


async def _count_success() -> None:
    metrics.PAYMENTS_SUCCEEDED.inc()


async def _count_failure() -> None:
    metrics.PAYMENTS_FAILED.inc()


def _description(payment: Payment) -> str:
    if payment.order_id is not None:
        return f"InstaSell order {payment.order_id}"
    return "InstaSell gas" if payment.purpose == "gas" else "InstaSell balance"


__all__ = ["Chargebacks", "PaidMeanwhile", "PaidOrders", "Payment", "PaymentService"]
