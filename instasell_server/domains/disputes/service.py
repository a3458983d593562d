"""Disputes: opened by buyers, answered by sellers, decided by admins.

The order is what money and rivals wait for, so it is locked before its dispute: who locks it
first, a buyer who complains or the release that comes by itself, finds it as it was.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from instasell_client.models.base import Page
from instasell_client.models.disputes import (
    Dispute,
    DisputeKind,
    DisputeReason,
    DisputesQuery,
    DisputeView,
    OpenDispute,
    ReplyToDispute,
    ResolveDispute,
)
from instasell_client.models.errors import DisputeNotFound
from instasell_server.db import clock
from instasell_server.db.connections import Database, DbConnection
from instasell_server.db.idempotency import RequestKey, once
from instasell_server.db.transaction import Transaction
from instasell_server.domains.disputes import rules, store
from instasell_server.domains.disputes.store import DisputeKey, NewDispute, Resolution
from instasell_server.domains.media.service import MediaService
from instasell_server.domains.orders.fulfilment import OrderFulfilment
from instasell_server.paging import INTEGER, ROW_ID, Cursor
from instasell_server.ports.principal import Principal

_Find = Callable[
    [DbConnection, dict[str, Any], int, str], Awaitable[list[tuple[Dispute, DisputeKey]]]
]
_PAGES = Cursor("disputes", INTEGER, ROW_ID)
_PAGES_OF_ALL = Cursor("all disputes", INTEGER, ROW_ID)


class AuditLog(Protocol):
    """Record what admins do."""

    async def note_resolution(
        self,
        tx: Transaction,
        admin: Principal,
        dispute_id: str,
        reason: str,
        details: Mapping[str, Any],
    ) -> None:
        """Note an admin's decision of a dispute, in the transaction that made it."""
        ...


class DisputeService:
    """Open, show and decide disputes. Implements `orders.OpenDisputes`, `media.DisputeAccess`."""

    def __init__(
        self, database: Database, fulfilment: OrderFulfilment, media: MediaService, *, currency: str
    ) -> None:
        self._database = database
        self._media = media
        self._fulfilment = fulfilment
        self._currency = currency
        self._log: AuditLog | None = None

    def serve(self, log: AuditLog) -> None:
        """Set the log for decisions of admins; called once, when the services are wired."""
        self._log = log

    async def open(
        self, buyer: Principal, order_id: str, wish: OpenDispute, key: RequestKey | None
    ) -> DisputeView:
        """Hold the release of an order's money until an admin decides.

        Raises OrderNotFound, Forbidden for the seller, and OrderNotReady where nothing is held
        or a dispute is open already.
        """

        async def work(tx: Transaction) -> DisputeView:
            reason = wish.reason.value.replace("_", " ")
            order, now = await self._fulfilment.hold_for_dispute(
                tx, buyer, order_id, f"dispute opened: {reason}"
            )
            dispute_id = await store.insert_dispute(
                tx,
                NewDispute(order.id, order.buyer_id, order.seller_id, wish.reason, wish.text, now),
            )
            return await self._show(tx, buyer, dispute_id)

        return await once(self._database, key, DisputeView, work)

    async def reply(
        self, author: Principal, dispute_id: str, wish: ReplyToDispute, key: RequestKey | None
    ) -> DisputeView:
        """Adds what one of the two sides says. Raises DisputeNotFound, DisputeClosed."""

        async def work(tx: Transaction) -> DisputeView:
            await self.lock_side(tx, author.user_id, dispute_id)
            now = await clock.get_now(tx)
            await store.insert_message(tx, dispute_id, author.user_id, wish.text, now)
            return await self._show(tx, author, dispute_id)

        return await once(self._database, key, DisputeView, work)

    async def resolve(
        self, judge: Principal, dispute_id: str, wish: ResolveDispute, key: RequestKey | None
    ) -> DisputeView:
        """Decide a dispute: the refund goes to the buyer's wallet, the rest to the seller's.

        Raises DisputeNotFound, DisputeClosed, Invalid for more than is held, and Forbidden for an
        admin who is a side of it.
        """

        async def work(tx: Transaction) -> DisputeView:
            order_id = await store.find_order_of_dispute(tx, dispute_id)
            if order_id is None:
                raise DisputeNotFound
            order = await self._fulfilment.lock_disputed(tx, order_id)
            dispute = await store.lock_dispute(tx, dispute_id)
            assert dispute is not None
            rules.check_resolve(dispute.standing, judge.user_id)
            now = await clock.get_now(tx)
            resolution = Resolution(wish.refund_amount, wish.reason, judge.user_id, now)
            await store.update_resolved(tx, dispute_id, resolution)
            await self._fulfilment.settle(
                tx, order, wish.refund_amount, actor_id=judge.user_id, reason=wish.reason, now=now
            )
            assert self._log is not None
            details = {"order_id": order_id, "refund_amount": wish.refund_amount}
            await self._log.note_resolution(tx, judge, dispute_id, wish.reason, details)
            return await self._show(tx, judge, dispute_id)

        return await once(self._database, key, DisputeView, work)

    async def close(
        self,
        tx: Transaction,
        order_id: str,
        refund_amount: int,
        *,
        actor_id: str | None,
        reason: str,
        now: datetime,
    ) -> None:
        """Resolve the open dispute of a locked order that is refunded in full by itself."""
        dispute = await store.lock_open_dispute_of_order(tx, order_id)
        if dispute is not None:
            resolution = Resolution(refund_amount, reason, actor_id, now)
            await store.update_resolved(tx, dispute.id, resolution)

    async def open_of_bank(
        self,
        tx: Transaction,
        order_id: str,
        *,
        buyer_id: str,
        seller_id: str,
        text: str,
        now: datetime,
    ) -> str:
        """Open a chargeback on a locked order and return the dispute's id. It holds nothing."""
        reason, kind = DisputeReason.OTHER, DisputeKind.CHARGEBACK
        dispute = NewDispute(order_id, buyer_id, seller_id, reason, text, now, kind)
        return await store.insert_dispute(tx, dispute)

    async def close_of_bank(
        self, tx: Transaction, dispute_id: str, refund_amount: int, verdict: str, now: datetime
    ) -> None:
        """Close a dispute that the bank decided; `refund_amount` is what the buyer got of it."""
        await store.lock_dispute(tx, dispute_id)
        await store.update_resolved(tx, dispute_id, Resolution(refund_amount, verdict, None, now))

    # For files of a dispute -------------------------------------------------------------------

    async def lock_side(self, tx: Transaction, user_id: str, dispute_id: str) -> None:
        """Locks an open dispute. Raises DisputeNotFound for a stranger, DisputeClosed."""
        dispute = await store.lock_dispute(tx, dispute_id)
        if dispute is None:
            raise DisputeNotFound
        rules.check_reply(dispute.standing, user_id)

    async def get_buyer(self, connection: DbConnection, dispute_id: str) -> str:
        """Return the buyer's id, for `media.DisputeAccess`."""
        dispute = await store.find_dispute(connection, dispute_id, self._currency)
        if dispute is None:
            raise DisputeNotFound
        return dispute.buyer_id

    # Looking ----------------------------------------------------------------------------------

    async def get(self, reader: Principal, dispute_id: str) -> DisputeView:
        """Get a dispute with what was said. Raises DisputeNotFound for a stranger."""
        async with self._database.connection() as connection:
            return await self._show(connection, reader, dispute_id)

    async def _show(
        self, connection: DbConnection, reader: Principal, dispute_id: str
    ) -> DisputeView:
        dispute = await store.find_dispute(connection, dispute_id, self._currency)
        if dispute is None:
            raise DisputeNotFound
        if reader.user_id not in (dispute.buyer_id, dispute.seller_id) and not reader.is_admin:
            raise DisputeNotFound
        messages = await store.list_messages(connection, dispute_id)
        evidence = await self._media.evidence_of(connection, dispute_id, dispute.buyer_id)
        return DisputeView(dispute=dispute, messages=messages, evidence=evidence)

    async def list(self, reader: Principal, query: DisputesQuery) -> Page[Dispute]:
        """List the reader's disputes of both sides, the newest first."""
        return await self._page(_PAGES, store.list_disputes, query, user_id=reader.user_id)

    async def list_all(self, query: DisputesQuery) -> Page[Dispute]:
        """Everybody's disputes, for admins; who has waited longest comes first."""
        return await self._page(_PAGES_OF_ALL, store.list_all_disputes, query)

    async def _page(
        self, pages: Cursor[int, str], find: _Find, query: DisputesQuery, **filters: Any
    ) -> Page[Dispute]:
        after_key, after_id = pages.read(query.cursor)
        filters |= {
            "status": query.status.value if query.status else None,
            "order_id": query.order_id,
            "after_key": after_key,
            "after_id": after_id,
        }
        async with self._database.connection() as connection:
            found = await find(connection, filters, query.limit + 1, self._currency)
        shown, following = pages.cut(found, query.limit, lambda last: last[1])
        return Page[Dispute](items=[dispute for dispute, _ in shown], next=following)
