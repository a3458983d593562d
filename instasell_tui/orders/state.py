"""Hold the orders and the wallet of the user, and do each step that moves money or items.

It is a part of the feed: it holds what was read last, by version, and notifies the screens.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Literal, TypeVar

from pydantic import ValidationError

from instasell_client import (
    AccountEvent,
    InstaSellError,
    OrderNotReady,
)
from instasell_client.models.base import Page
from instasell_client.models.disputes import DisputeReason, DisputeView
from instasell_client.models.media import Evidence
from instasell_client.models.orders import Order, OrderStatus, OrderView
from instasell_client.models.wallets import TopUpReply, Wallet, WalletAccount, WalletEntry
from instasell_tui.market import messages
from instasell_tui.market.pending_keys import UNANSWERED, Request
from instasell_tui.orders.evidence import EvidenceFile

if TYPE_CHECKING:
    from instasell_tui.market.connection import MarketConnection

log = logging.getLogger("instasell_tui")

VIEWS_KEPT_MAX = 50

PAGE = 100
OPEN_MAX = 300
"""How many orders of one open status are read, beside the newest of all."""
RECENT_ENTRIES = 50
_OPEN = (
    OrderStatus.PENDING,
    OrderStatus.PROCESSING,
    OrderStatus.SHIPPED,
    OrderStatus.DISPUTED,
)
T = TypeVar("T")


class OrdersState:
    """Serves the screens of orders and of the wallet. All that writes raises under read-only."""

    def __init__(self, feed: MarketConnection) -> None:
        self._feed = feed
        self.wallet: Wallet | None = None
        self.orders: dict[str, Order] = {}
        self.views: dict[str, OrderView] = {}
        self.loaded = False
        self._next: str | None = None
        self._uploaded: dict[object, str] = {}
        self._asking: set[str] = set()
        feed.on_forget(self.forget_person)
        feed.on_account_event(self._take_event)

    def forget_person(self) -> None:
        """Forget the person, so that another sees nothing of them."""
        self.wallet = None
        self.orders, self.loaded, self._next = {}, False, None
        self.views.clear()
        self._uploaded.clear()

    # Reading ----------------------------------------------------------------------------------

    def _take_event(self, event: AccountEvent) -> None:
        """Take in what the market sends to this user alone."""
        try:
            wallet = event.wallet
        except ValidationError as error:
            log.warning("a wallet that does not fit the contract was passed over: %s", error)
            return
        if wallet is not None:
            self._take_wallet(wallet)
        else:
            self._look_again(event)

    def _look_again(self, notice: AccountEvent) -> None:
        """Read an order again that a notification reports as changed, or as new."""
        payload = notice.data.get("payload")
        order_id = payload.get("order_id") if isinstance(payload, dict) else None
        seen = self.loaded or order_id in self.orders
        if isinstance(order_id, str) and seen and order_id not in self._asking:
            self._asking.add(order_id)
            self._feed.spawn(self._fetch(order_id))

    async def _fetch(self, order_id: str) -> None:
        try:
            await self.look_at(order_id)
        except InstaSellError as error:
            log.info("order %s is not read again: %s", order_id, error)
        finally:
            self._asking.discard(order_id)

    def _take_wallet(self, wallet: Wallet) -> None:
        user = self._feed.user
        if user is not None and wallet.user_id != user.id:
            return
        if self.wallet is None or wallet.version > self.wallet.version:
            self.wallet = wallet
            self._feed.post(messages.WalletChanged)

    async def look_at_wallet(self) -> Wallet:
        """Read the wallet."""
        wallet = await self._feed.client.wallet.get()
        self._take_wallet(wallet)
        return wallet

    async def entries(
        self, account: WalletAccount | None, cursor: str | None = None
    ) -> Page[WalletEntry]:
        """Return one page of the wallet's rows, the newest first."""
        return await self._feed.client.wallet.entries_page(
            account=account, cursor=cursor, limit=RECENT_ENTRIES
        )

    @property
    def has_more(self) -> bool:
        """Return whether there are older orders that have not been read."""
        return self._next is not None

    async def look_at_orders(self) -> None:
        """Read the newest orders; what is still open is read however old it is."""
        client, token = self._feed.client, self._feed.client.token
        page = await client.orders.page(limit=PAGE)
        found = list(page.items)
        if page.next is not None:
            for status in _OPEN:
                found += await self._open_orders(status)
        if token != client.token:
            return
        if not any(each.id in self.orders for each in page.items):
            self._next = page.next
        self._take(found)

    async def _open_orders(self, status: OrderStatus) -> list[Order]:
        found: list[Order] = []
        async for order in self._feed.client.orders.list(status=status):
            found.append(order)
            if len(found) == OPEN_MAX:
                log.warning("only %d orders that are %s are shown", OPEN_MAX, status)
                break
        return found

    async def load_more(self) -> None:
        """Read the next page of older orders, if there is one."""
        client, cursor = self._feed.client, self._next
        if cursor is None:
            return
        token = client.token
        page = await client.orders.page(cursor=cursor, limit=PAGE)
        if token == client.token and cursor == self._next:
            self._next = page.next
            self._take(page.items)

    def _take(self, orders: list[Order]) -> None:
        self.loaded = True
        for order in orders:
            self._put(order)
        self._feed.post(messages.OrdersChanged)

    def _put(self, order: Order) -> None:
        """Keep the newest; drop what arrives after the user has signed out."""
        user, known = self._feed.user, self.orders.get(order.id)
        if user is None or user.id not in (order.buyer_id, order.seller_id):
            return
        if known is None or order.version >= known.version:
            self.orders[order.id] = order

    async def look_at(self, order_id: str) -> OrderView:
        """Read one order with its history."""
        return self._seen(await self._feed.client.orders.get(order_id))

    def _seen(self, view: OrderView) -> OrderView:
        self._put(view.order)
        self.views.pop(view.order.id, None)
        self.views[view.order.id] = view
        while len(self.views) > VIEWS_KEPT_MAX:
            del self.views[next(iter(self.views))]
        self._feed.post(messages.OrdersChanged)
        return view

    # Steps ------------------------------------------------------------------------------------

    async def pay_from_wallet(self, order_id: str) -> OrderView:
        """Pay at once. Raises InsufficientFunds(missing), OrderNotReady."""
        return await self._pay(order_id, "wallet")

    async def pay_by_card(self, order_id: str) -> OrderView:
        """Open the provider's page: `checkout_url`. Raises PaymentFailed, OrderNotReady."""
        return await self._pay(order_id, "card")

    async def _pay(self, order_id: str, method: Literal["wallet", "card"]) -> OrderView:
        async def send(key: str) -> OrderView:
            return await self._feed.client.orders.pay(order_id, method, idempotency_key=key)

        return self._seen(await self._send_once(("pay", order_id, method), send))

    async def is_paid(self, order_id: str) -> bool:
        """Have the market ask the provider. Raises OrderNotReady, PaymentFailed, Unavailable."""
        self._feed.require_writable()
        order = self._seen(await self._feed.client.orders.confirm_payment(order_id)).order
        if order.paid_at is None and order.status is not OrderStatus.PENDING:
            raise OrderNotReady("the order was cancelled", order_status=order.status.value)
        return order.paid_at is not None

    async def set_address(self, order_id: str, address: Mapping[str, str]) -> OrderView:
        """Set the delivery address. Raises OrderNotReady, Invalid."""
        self._feed.require_writable()
        return self._seen(await self._feed.client.orders.set_address(order_id, address))

    async def ship(self, order_id: str, carrier: str, tracking: str) -> OrderView:
        """Mark the order as shipped. Raises OrderNotReady, Invalid."""
        self._feed.require_writable()
        client = self._feed.client
        return self._seen(await client.orders.ship(order_id, carrier=carrier, tracking=tracking))

    async def confirm_delivery(self, order_id: str) -> OrderView:
        """Confirm the delivery. Raises OrderNotReady."""
        self._feed.require_writable()
        return self._seen(await self._feed.client.orders.confirm_delivery(order_id))

    async def cancel(self, order_id: str, reason: str | None) -> OrderView:
        """Cancel an order. Raises OrderNotReady, Forbidden."""
        self._feed.require_writable()
        return self._seen(await self._feed.client.orders.cancel(order_id, reason))

    async def refund(
        self, order_id: str, amount: int, *, to_wallet: bool, reason: str | None
    ) -> OrderView:
        """Give `amount` minor units of what is held back. Raises OrderNotReady, Invalid."""
        to: Literal["wallet", "original"] = "wallet" if to_wallet else "original"

        async def send(key: str) -> OrderView:
            return await self._feed.client.orders.refund(
                order_id, amount, to=to, reason=reason, idempotency_key=key
            )

        return self._seen(await self._send_once(("refund", order_id, amount, to, reason), send))

    async def top_up(self, amount: int, target: WalletAccount) -> TopUpReply:
        """Begin a payment into the wallet. Raises PaymentFailed, Unavailable, Invalid."""

        async def send(key: str) -> TopUpReply:
            return await self._feed.client.wallet.top_up(amount, target, idempotency_key=key)

        return await self._send_once(("top_up", amount, target), send)

    # Disputes ---------------------------------------------------------------------------------

    async def dispute(self, order_id: str, reason: DisputeReason, text: str) -> DisputeView:
        """Complain of an order. Raises OrderNotReady, Invalid."""

        async def send(key: str) -> DisputeView:
            return await self._feed.client.disputes.open(
                order_id, reason, text, idempotency_key=key
            )

        return await self._send_once(("dispute", order_id, reason, text), send)

    async def dispute_of(self, order_id: str) -> DisputeView | None:
        """Read the newest dispute of an order, if it ever had one."""
        client = self._feed.client
        page = await client.disputes.page(order_id=order_id, limit=1)
        return await client.disputes.get(page.items[0].id) if page.items else None

    async def answer(self, dispute_id: str, text: str) -> DisputeView:
        """Say something in a dispute. Raises DisputeClosed, Invalid."""

        async def send(key: str) -> DisputeView:
            return await self._feed.client.disputes.reply(dispute_id, text, idempotency_key=key)

        return await self._send_once(("answer", dispute_id, text), send)

    async def attach(
        self, dispute_id: str, file: EvidenceFile, tell: Callable[[str], None]
    ) -> Evidence:
        """Send a file to a dispute, and tell how far that is.

        Raises DisputeClosed, TooManyFiles, Unsupported, Invalid. Without an answer to the last
        step the file stays where it is, and sending it again does that step alone.
        """
        self._feed.require_writable()
        media, upload = self._feed.client.media, (dispute_id, file.name, file.digest)
        size = f"{len(file.data):,} bytes"
        evidence_id = self._uploaded.get(upload)
        if evidence_id is None:
            tell(f"1/3 Announcing {size} …")
            made = await media.announce_evidence(
                dispute_id, file.name, file.content_type, len(file.data)
            )
            tell(f"2/3 Sending {size} …")
            await media.send(made.upload, file.data)
            evidence_id = self._uploaded[upload] = made.evidence_id
        tell("3/3 The market looks at the file …")
        try:
            sent = await media.complete_evidence(dispute_id, evidence_id)
        except UNANSWERED:
            raise
        except InstaSellError:
            self._uploaded.pop(upload, None)
            raise
        self._uploaded.pop(upload, None)
        return sent

    async def has_arrived(self, payment_id: str, account: WalletAccount) -> bool:
        """Return whether a top-up is in the wallet."""
        page = await self.entries(account)
        arrived = any(each.reference == payment_id for each in page.items)
        if arrived:
            await self.look_at_wallet()
        return arrived

    async def _send_once(self, request: Request, send: Callable[[str], Awaitable[T]]) -> T:
        self._feed.require_writable()
        return await self._feed.keys.send_once(request, send)
