"""Disputes: opened by buyers, answered by sellers, decided by admins.

The order is what money and rivals wait for, so it is locked before its dispute: who locks it
first, a buyer who complains or the release that comes by itself, finds it as it was.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from instasell_client.models.base import Page
from instasell_client.models.disputes import (
    Dispute,
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
from instasell_server.domains.disputes.access import DisputeAccess
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
    """Open, show and decide disputes."""

    def __init__(
        self,
        database: Database,
        fulfilment: OrderFulfilment,
        media: MediaService,
        access: DisputeAccess,
        actions: AuditLog,
        *,
        currency: str,
    ) -> None:
        self._database = database
        self._media = media
        self._fulfilment = fulfilment
        self._currency = currency
        self._access = access
        self._actions = actions

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
        """Add what one of the two sides says. Raises DisputeNotFound, DisputeClosed."""

        async def work(tx: Transaction) -> DisputeView:
            await self._access.lock_side(tx, author.user_id, dispute_id)
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
            rules.check_resolve(dispute.state, judge.user_id)
            now = await clock.get_now(tx)
            resolution = Resolution(wish.refund_amount, wish.reason, judge.user_id, now)
            await store.update_resolved(tx, dispute_id, resolution)
            await self._fulfilment.settle(
                tx, order, wish.refund_amount, actor_id=judge.user_id, reason=wish.reason, now=now
            )
            details = {"order_id": order_id, "refund_amount": wish.refund_amount}
            await self._actions.note_resolution(tx, judge, dispute_id, wish.reason, details)
            return await self._show(tx, judge, dispute_id)

        return await once(self._database, key, DisputeView, work)

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
        """Return everybody's disputes, for admins; who has waited longest comes first."""
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
