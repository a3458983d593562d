"""Start, end and cancel auctions. Each change is one version and one event."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from instasell_client.models.auctions import AuctionStatusReply
from instasell_client.models.errors import AuctionNotFound, AuctionNotOpen, Unavailable
from instasell_server import metrics
from instasell_server.db import clock
from instasell_server.db.after_commit import Effect
from instasell_server.db.connections import Database, DbConnection
from instasell_server.db.outbox import OutboxHandler, OutboxTask, handler_of
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.accounts.service import CancelAuctionsOfSeller
from instasell_server.domains.auctions import locked_store, store
from instasell_server.domains.auctions.events import (
    AuctionCancelled,
    AuctionEvent,
    AuctionStarted,
    EventPublisher,
    auction_ended,
)
from instasell_server.domains.auctions.formats import format_of
from instasell_server.domains.auctions.formats.base import is_due_to_end, is_due_to_start
from instasell_server.domains.auctions.history import AuctionHistory
from instasell_server.domains.auctions.listing_fees import ListingFees
from instasell_server.domains.auctions.records import (
    ChangedAuction,
    Closing,
    LockedAuction,
    close_auction,
)
from instasell_server.domains.listings.service import ListingService
from instasell_server.domains.orders.service import OrderService
from instasell_server.ports import Cache

STATUS_TTL_SECONDS = 3600
DUE_BATCH = 500
NO_BIDS_ABOVE = 2**53

_Lock = Callable[[Transaction], Awaitable[dict[str, LockedAuction]]]
_COPIES_LEFT = "the copies of changed auctions could not be invalidated; it is tried again"
_log = structlog.get_logger(__name__)


def status_key(auction_id: str) -> str:
    """Return the seed's cache key of an auction's state."""
    return f"auction:{auction_id}"


@dataclass(frozen=True)
class _PublishClosing(OutboxTask):
    auction_id: str
    version: int
    seq: int = NO_BIDS_ABOVE
    """What lies above came with the end itself, as a buy-now does."""


@dataclass(frozen=True)
class PublishEnd(_PublishClosing):
    """Publish the end of an auction that its commit was not followed by."""

    kind = "auction_ended"


@dataclass(frozen=True)
class PublishCancellation(_PublishClosing):
    """Publish that an auction was cancelled, if its commit was not followed by it."""

    kind = "auction_cancelled"


class Lifecycle:
    """Start and end auctions by time, and carry out what follows from an end."""

    def __init__(
        self,
        database: Database,
        cache: Cache,
        publisher: EventPublisher,
        history: AuctionHistory,
        orders: OrderService,
        listings: ListingService,
        gas: ListingFees,
    ) -> None:
        self._database = database
        self._cache = cache
        self._publisher = publisher
        self._history = history
        self._orders = orders
        self._listings = listings
        self._gas = gas
        self.outbox_handlers: Sequence[OutboxHandler] = (
            handler_of(PublishEnd, self._publish_missed),
            handler_of(PublishCancellation, self._publish_missed),
            handler_of(CancelAuctionsOfSeller, self._cancel_all_of_seller),
        )

    async def record_closings(
        self, tx: Transaction, closings: Sequence[Closing], publish: Effect | None = None
    ) -> None:
        """Make the orders of auctions that end in this transaction, and have their ends published.

        The rows of the auctions are locked. A suspended winner's order is cancelled at once, and
        the item is offered to the runner-up if the reserve allows. The outbox publishes the ends
        when `publish` fails, or when the caller gives none and publishes in its own way.
        """
        self.show_on_listings(tx, [each.auction.listing_id for each in closings])
        won = [each for each in closings if each.winner_id is not None]
        if won:
            await store.take_stock(tx, [each.auction.listing_id for each in won])
            barred = await store.list_suspended(tx, [str(each.winner_id) for each in won])
            await self._orders.record_won(
                tx, [_sale(each) for each in won if each.winner_id not in barred]
            )
            await self._offer_to_runners_up(tx, [each for each in won if each.winner_id in barred])
        await locked_store.insert_notice_causes(
            tx, "auction_ended", [{"auction_id": each.auction.id} for each in closings]
        )
        tx.after_commit(partial(_log_closings, closings))
        ends = [
            PublishEnd(each.auction.id, each.auction.version + 1, each.auction.standing.seq)
            for each in closings
        ]
        tx.after_commit(publish, durable=ends)

    def show_on_listings(self, tx: Transaction, listing_ids: Sequence[str]) -> None:
        """Show auctions on listings: after the commit no cached page has them as they were."""
        if listing_ids:
            tx.after_commit(partial(self._listings.retire_pages_of, listing_ids))

    async def _offer_to_runners_up(self, tx: Transaction, forfeited: Sequence[Closing]) -> None:
        await self._orders.record_forfeited(tx, [_sale(each) for each in forfeited])
        for each in forfeited:
            runner_up = await store.find_runner_up(tx, each.auction.id, str(each.winner_id))
            bidder_id, goes_to = runner_up or (None, None)
            standing = each.standing._replace(runner_up_max=goes_to)
            terms = each.auction.terms
            price = format_of(terms).runner_up_price(terms, standing)
            if bidder_id is not None and price is not None:
                await self._orders.record_offered(tx, each.auction.id, bidder_id, price, each.at)
            else:
                await store.give_back_stock(tx, [each.auction.listing_id])

    async def carry_out_due(self) -> int:
        """Start and end what is due, skipping rows that are locked; return how many."""
        return await self._carry_out(lambda tx: locked_store.lock_due(tx, DUE_BATCH))

    async def carry_out(self, auction_id: str) -> int:
        """Start or end one auction if it is due, waiting for its lock."""
        return await self._carry_out(lambda tx: locked_store.lock_waiting(tx, [auction_id]))

    async def _carry_out(self, lock: _Lock) -> int:
        async def work(tx: Transaction) -> int:
            locked = await lock(tx)
            if not locked:
                return 0
            now = await clock.get_now(tx)
            ending = [
                close_auction(each, each.standing, now)
                for each in locked.values()
                if _ends(each, now)
            ]
            starting = [each for each in locked.values() if _starts(each, now)]
            changes = [_ended(each) for each in ending] + [_started(each) for each in starting]
            if not changes:
                return 0
            await locked_store.write_auctions(tx, changes)
            events: list[AuctionEvent] = [
                *(auction_ended(each, each.auction.leader_no) for each in ending),
                *await started_events(tx, [each.id for each in starting], now),
            ]
            await self.record_closings(tx, ending, partial(self.publish, events))
            for each in ending:
                late = now - each.auction.standing.end_at
                metrics.CLOSING_LATENESS_SECONDS.observe(late.total_seconds())
            return len(changes)

        return await transact(self._database, work, begin=locked_store.BEGIN)

    async def cancel(
        self,
        tx: Transaction,
        auction: LockedAuction,
        now: datetime,
        reason: str | None,
        *,
        by_seller: bool = False,
    ) -> None:
        """Cancel an open auction whose row is locked, and publish it after the commit.

        Bidders and watchers are notified, and the seller too unless they cancelled it themselves.
        """
        auction_id = auction.id
        self.show_on_listings(tx, [auction.listing_id])
        version, seq = await store.cancel_auction(tx, auction_id, now, reason)
        if not seq:
            await self._gas.give_back(tx, auction_id, auction.terms.seller_id)
        cause: dict[str, object] = {
            "auction_id": auction_id,
            "reason": reason,
            "by_seller": by_seller,
        }
        await locked_store.insert_notice_causes(tx, "auction_cancelled", [cause])
        event = AuctionCancelled(auction_id, version, seq, now, reason)
        tx.after_commit(
            partial(self.publish, [event]), durable=[PublishCancellation(auction_id, version)]
        )

    async def cancel_open(
        self, tx: Transaction, auction_id: str, reason: str
    ) -> AuctionStatusReply:
        """Cancel anybody's open auction, with bids or without, for admins.

        Raises AuctionNotFound, AuctionNotOpen.
        """
        locked = await locked_store.lock_waiting(tx, [auction_id])
        auction = locked.get(auction_id)
        if auction is None:
            raise AuctionNotFound
        now = await clock.get_now(tx)
        if not _is_running(auction, now):
            raise AuctionNotOpen("the auction is over", auction_status=auction.standing.status)
        await self.cancel(tx, auction, now, reason)
        [state] = await store.list_states(tx, [auction_id])
        return AuctionStatusReply(state=state, server_time=now)

    async def _cancel_all_of_seller(self, task: CancelAuctionsOfSeller) -> None:
        """Cancel a suspended seller's open auctions for the outbox, each in its own transaction."""
        async with self._database.connection() as connection:
            ids = await store.list_open_of_seller(connection, task.user_id)
        for auction_id in ids:

            async def work(tx: Transaction, auction_id: str = auction_id) -> None:
                locked = await locked_store.lock_waiting(tx, [auction_id])
                now = await clock.get_now(tx)
                auction = locked.get(auction_id)
                if auction is not None and _is_running(auction, now):
                    await self.cancel(tx, auction, now, "the seller is suspended")

            await transact(self._database, work)

    async def _publish_missed(self, task: _PublishClosing) -> None:
        """Publish for the outbox what a crash after the commit left. Rooms drop a repeat."""
        events = await self._history.events_since(task.auction_id, task.version - 1, task.seq)
        # Stale copies first: while Redis is away the row comes back again and again, and watchers
        # of this server, who have the event or find it by themselves, are not to get each repeat.
        if not await self.invalidate(events):
            raise Unavailable(_COPIES_LEFT)
        await self.broadcast(events)

    async def publish(self, events: Sequence[AuctionEvent]) -> None:
        """Invalidate stale caches after a commit, then broadcast the events to subscribers.

        Raises Unavailable, after the broadcast, when stale copies may be left.
        """
        is_invalidated = await self.invalidate(events)
        await self.broadcast(events)
        if not is_invalidated:
            raise Unavailable(_COPIES_LEFT)

    async def invalidate(self, events: Sequence[AuctionEvent]) -> bool:
        """Make cached states older than these events count as absent; False if that failed."""
        versions = {status_key(each.auction_id): each.version for each in events}
        return await self._cache.invalidate(versions, ttl_seconds=STATUS_TTL_SECONDS)

    async def broadcast(self, events: Sequence[AuctionEvent]) -> None:
        """Send events to everybody who watches, on all servers."""
        await self._publisher.publish(events)


async def started_events(
    connection: DbConnection, ids: Sequence[str], now: datetime
) -> list[AuctionStarted]:
    """Return the start of each auction, with its state for boards without it."""
    if not ids:
        return []
    return [AuctionStarted(state, now) for state in await store.list_states(connection, ids)]


async def _log_closings(closings: Sequence[Closing]) -> None:
    for each in closings:
        _log.info(
            "auction_closed",
            auction_id=each.auction.id,
            version=each.auction.version + 1,
            bids=each.standing.seq,
            price=each.price,
            winner_id=each.winner_id,
        )


def _sale(closing: Closing) -> tuple[str, str, int, datetime]:
    assert closing.winner_id is not None
    assert closing.price is not None
    return (closing.auction.id, closing.winner_id, closing.price, closing.at)


def _is_running(auction: LockedAuction, now: datetime) -> bool:
    return auction.standing.status in ("pending", "live") and not _ends(auction, now)


def _ends(auction: LockedAuction, now: datetime) -> bool:
    return is_due_to_end(auction.standing, now)


def _starts(auction: LockedAuction, now: datetime) -> bool:
    return not _ends(auction, now) and is_due_to_start(auction.terms, auction.standing, now)


def _ended(closing: Closing) -> ChangedAuction:
    auction = closing.auction
    return ChangedAuction(
        auction.id, auction.version, closing.standing, auction.leader_no, closing.winner_id,
        closing.at,
    )  # fmt: skip


def _started(auction: LockedAuction) -> ChangedAuction:
    standing = auction.standing._replace(status="live")
    return ChangedAuction(auction.id, auction.version, standing, auction.leader_no, None, None)
