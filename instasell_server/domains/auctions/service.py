"""Auctions: what sellers, bidders and watchers ask for. The auctioneer takes the bids."""

from __future__ import annotations

import asyncio
import uuid
from datetime import datetime
from functools import partial
from typing import Any

from pydantic import ValidationError

from instasell_client.models.auctions import (
    AuctionOrder,
    AuctionsQuery,
    AuctionState,
    AuctionStatusReply,
    AuctionView,
    BidList,
    BidReceipt,
    BidsQuery,
    BuyNow,
    CancelAuction,
    CreateAuction,
    LivePage,
    LiveQuery,
    LiveSort,
    PlaceBid,
    UpdateAuction,
    You,
)
from instasell_client.models.base import Paging
from instasell_client.models.errors import (
    AuctionHasBids,
    AuctionNotFound,
    AuctionNotOpen,
    Forbidden,
    InstaSellError,
)
from instasell_server.db import clock
from instasell_server.db.connections import Database
from instasell_server.db.idempotency import RequestKey, once
from instasell_server.db.transaction import Transaction
from instasell_server.domains.auctions import locked_store, store
from instasell_server.domains.auctions.bid_records import BidCommand
from instasell_server.domains.auctions.bidding.auctioneer import Auctioneer
from instasell_server.domains.auctions.bidding.bid_batch import Answer
from instasell_server.domains.auctions.closing.lifecycle import (
    STATUS_TTL_SECONDS,
    Lifecycle,
    status_key,
)
from instasell_server.domains.auctions.events import AuctionEvent, AuctionUpdated
from instasell_server.domains.auctions.formats.base import BidRowKind
from instasell_server.domains.auctions.selling import create, terms
from instasell_server.domains.auctions.views import make_view
from instasell_server.domains.orders.service import OrderService
from instasell_server.domains.sellers.service import record_of
from instasell_server.paging import INSTANT, INTEGER, ROW_ID, Cursor
from instasell_server.ports import Cache, Limiter, Unreachable
from instasell_server.ports.principal import Principal
from instasell_server.ports.quotas import require_quota

BID_WINDOW_SECONDS = 60
_LIVE_PAGES = {sort: Cursor(f"live auctions by {sort}", INTEGER, ROW_ID) for sort in LiveSort}
_NEWEST_PAGES = Cursor("auctions", INSTANT, ROW_ID)
_WATCHED_PAGES = Cursor("watched", INTEGER, ROW_ID)


class AuctionService:
    """The use cases of auctions."""

    def __init__(
        self,
        database: Database,
        reader: Database,
        cache: Cache,
        limiter: Limiter,
        auctioneer: Auctioneer,
        lifecycle: Lifecycle,
        orders: OrderService,
        opening: create.AuctionCreation,
        *,
        currency: str,
        max_days: int,
        bids_per_minute: int,
    ) -> None:
        self._database = database
        self._reader = reader
        self._cache = cache
        self._limiter = limiter
        self._auctioneer = auctioneer
        self._lifecycle = lifecycle
        self._orders = orders
        self._opening = opening
        self._currency = currency
        self._max_days = max_days
        self._bids_per_minute = bids_per_minute

    # What sellers do --------------------------------------------------------------------------

    async def create(
        self, seller: Principal, wish: CreateAuction, key: RequestKey | None
    ) -> AuctionStatusReply:
        """Create an auction of a listing, and charge its gas fee.

        Raises ListingNotFound, OutOfStock, ListingHasAuction, InsufficientGas, Invalid.
        """

        async def work(tx: Transaction) -> AuctionStatusReply:
            await create.claim_listing(tx, seller, wish.listing_id)
            now = await clock.get_now(tx)
            return await self._opening.open(tx, seller, wish, now)

        return await once(self._database, key, AuctionStatusReply, work)

    async def update(
        self, seller: Principal, auction_id: str, wish: UpdateAuction, key: RequestKey | None
    ) -> AuctionStatusReply:
        """Edit or reschedule an auction without bids. Raises AuctionHasBids, AuctionNotOpen."""

        async def work(tx: Transaction) -> AuctionStatusReply:
            auction, now = await self._lock_own(tx, seller, auction_id)
            if auction.standing.seq:
                raise AuctionHasBids
            values = terms.updated_values(wish, auction, now, self._max_days)
            await store.update_auction(tx, {**values, "auction_id": auction_id})
            reply = await create.status_of(tx, auction_id, now)
            self._publish_after_commit(tx, [AuctionUpdated(reply.state, now)])
            return reply

        return await once(self._database, key, AuctionStatusReply, work)

    async def cancel(
        self,
        principal: Principal,
        auction_id: str,
        wish: CancelAuction,
        key: RequestKey | None,
        *,
        dry_run: bool = False,
    ) -> AuctionStatusReply:
        """Cancel an auction: its seller while it has no bids, an admin at any time."""

        async def work(tx: Transaction) -> AuctionStatusReply:
            auction, now = await self._lock_own(tx, principal, auction_id)
            if auction.standing.seq and not principal.is_admin:
                raise AuctionHasBids("ask an admin to cancel it", bid_count=auction.standing.seq)
            mine = auction.terms.seller_id == principal.user_id
            await self._lifecycle.cancel(tx, auction, now, wish.reason, by_seller=mine)
            return await create.status_of(tx, auction_id, now)

        return await once(self._database, key, AuctionStatusReply, work, dry_run=dry_run)

    async def _lock_own(
        self, tx: Transaction, principal: Principal, auction_id: str
    ) -> tuple[Any, datetime]:
        locked = await locked_store.lock_waiting(tx, [auction_id])
        auction = locked.get(auction_id)
        mine = auction is not None and auction.terms.seller_id == principal.user_id
        if auction is None or not (mine or principal.is_admin):
            raise AuctionNotFound
        now = await clock.get_now(tx)
        if auction.standing.status not in ("pending", "live") or auction.standing.end_at <= now:
            raise AuctionNotOpen("the auction is over", auction_status=auction.standing.status)
        return auction, now

    def _publish_after_commit(self, tx: Transaction, events: list[AuctionEvent]) -> None:
        tx.after_commit(partial(self._lifecycle.publish, events))

    # What bidders do --------------------------------------------------------------------------

    def try_count_bid(self, bidder: Principal) -> bool:
        """Count a bid without waiting; False where that takes a query to Redis, as `bid` does."""
        if self._bids_per_minute == 0:
            return True
        quota = self._limiter.try_hit(
            "bids",
            bidder.user_id,
            limit=self._bids_per_minute,
            window_seconds=BID_WINDOW_SECONDS,
        )
        return quota is not None

    def submit_bid(
        self, bidder: Principal, auction_id: str, wish: PlaceBid, key: str | None
    ) -> asyncio.Future[Answer]:
        """Queue a bid that was counted or need not be. The verdict comes as a value."""
        return self._auctioneer.submit(
            BidCommand(
                auction_id,
                bidder.user_id,
                bidder.session_id,
                BidRowKind.BID,
                wish.amount,
                wish.max_amount,
                key or wish.idempotency_key or str(uuid.uuid4()),
            )
        )

    async def bid(
        self, bidder: Principal, auction_id: str, wish: PlaceBid, key: str | None
    ) -> BidReceipt:
        """Place a bid and wait for its verdict. Raises the refusal, or RateLimited."""
        if not self.try_count_bid(bidder):
            await self._count_bid(bidder)
        return _receipt(await self.submit_bid(bidder, auction_id, wish, key))

    async def buy_now(
        self, bidder: Principal, auction_id: str, wish: BuyNow, key: str | None
    ) -> BidReceipt:
        """Take the auction at its buy-now price, which ends it. Raises BuyNowUnavailable."""
        if not self.try_count_bid(bidder):
            await self._count_bid(bidder)
        command = BidCommand(
            auction_id,
            bidder.user_id,
            bidder.session_id,
            BidRowKind.BUY_NOW,
            wish.amount,
            None,
            key or str(uuid.uuid4()),
        )
        receipt = _receipt(await self._auctioneer.submit(command))
        async with self._database.connection() as connection:
            order_id = await self._orders.find_of_auction(connection, auction_id, bidder.user_id)
        return receipt.model_copy(update={"order_id": order_id})

    async def _count_bid(self, bidder: Principal) -> None:
        quota = await self._limiter.hit(
            "bids",
            bidder.user_id,
            limit=self._bids_per_minute,
            window_seconds=BID_WINDOW_SECONDS,
            in_parts=True,
        )
        require_quota(quota, "bids by your account")

    # What anybody sees ------------------------------------------------------------------------

    async def view(self, principal: Principal | None, auction_id: str) -> AuctionView:
        """Read an auction with its listing, and how it relates to the caller."""
        async with self._database.connection() as connection:
            row = await store.find_view(connection, auction_id)
            if row is None:
                raise AuctionNotFound
            you: You | None = None
            order_id: str | None = None
            sold: list[AuctionOrder] | None = None
            if principal is not None:
                you = await store.find_you(connection, auction_id, principal.user_id)
                order_id = await self._orders.find_of_auction(
                    connection, auction_id, principal.user_id
                )
                if principal.is_admin or (you is not None and you.is_seller):
                    sold = await self._orders.list_of_auction(connection, auction_id)
            seller = await record_of(connection, row["seller_id"])
        return make_view(row, seller, self._currency, you=you, order_id=order_id, orders=sold)

    async def status(self, auction_id: str) -> AuctionStatusReply:
        """Return the state, from the cache where it is fresh."""
        cached = await self._cached_state(auction_id)
        async with self._database.connection() as connection:
            if cached is None:
                states = await store.list_states(connection, [auction_id])
                if not states:
                    raise AuctionNotFound
                cached = states[0]
                await self._cache.put(
                    status_key(auction_id),
                    cached.model_dump_json().encode(),
                    version=cached.version,
                    ttl_seconds=STATUS_TTL_SECONDS,
                )
            now = await clock.get_now(connection)
        return AuctionStatusReply(state=cached, server_time=now)

    async def _cached_state(self, auction_id: str) -> AuctionState | None:
        try:
            found = await self._cache.get(status_key(auction_id))
            return AuctionState.model_validate_json(found) if found else None
        except (Unreachable, ValidationError):
            return None

    async def live(self, query: LiveQuery) -> LivePage:
        """Open auctions, a page at a time."""
        pages = _LIVE_PAGES[query.sort]
        after_key, after_id = pages.read(query.cursor)
        filters = {
            "sort": query.sort.value,
            "category": query.category,
            "seller": query.seller,
            "price_min": query.price_min,
            "price_max": query.price_max,
            "q": query.q or None,
            "after_key": after_key,
            "after_id": after_id,
        }
        async with self._reader.connection() as connection:
            found = await store.list_live(connection, filters, query.limit + 1)
            now = await clock.get_now(connection)
        return self._page(pages, found, query.limit, now)

    async def list_newest(self, query: AuctionsQuery) -> LivePage:
        """Return auctions of every status, newest first. Raises Invalid for a foreign cursor."""
        before_at, before_id = _NEWEST_PAGES.read(query.cursor)
        filters = {
            "status": query.status.value if query.status else None,
            "seller": query.seller,
            "before_at": before_at,
            "before_id": before_id,
        }
        async with self._reader.connection() as connection:
            found = await store.list_newest(connection, filters, query.limit + 1)
            now = await clock.get_now(connection)
        shown, following = _NEWEST_PAGES.cut(
            found, query.limit, lambda last: (last[1], last[0].auction_id)
        )
        return LivePage(
            items=[state for state, _ in shown],
            next=following,
            server_time=now,
            currency=self._currency,
        )

    async def watched(self, user: Principal, query: Paging) -> LivePage:
        """List the auctions that the user watches, newest watch first."""
        after_key, after_id = _WATCHED_PAGES.read(query.cursor)
        async with self._database.connection() as connection:
            found = await store.list_watched(
                connection, user.user_id, after_key, after_id, query.limit + 1
            )
            now = await clock.get_now(connection)
        return self._page(_WATCHED_PAGES, found, query.limit, now)

    def _page(
        self,
        pages: Cursor[int, str],
        found: list[tuple[AuctionState, store.StateKey]],
        limit: int,
        now: datetime,
    ) -> LivePage:
        shown, following = pages.cut(found, limit, lambda last: last[1])
        return LivePage(
            items=[state for state, _ in shown],
            next=following,
            server_time=now,
            currency=self._currency,
        )

    async def bids(self, principal: Principal | None, auction_id: str, query: BidsQuery) -> BidList:
        """Return the bids in order of seq, with names for the seller and for admins."""
        async with self._database.connection() as connection:
            seller_id = await store.find_seller(connection, auction_id)
            if seller_id is None:
                raise AuctionNotFound
            with_names = principal is not None and (
                principal.is_admin or principal.user_id == seller_id
            )
            bids = await store.list_bids(
                connection, auction_id, query.after_seq, query.limit + 1, with_names=with_names
            )
        more = len(bids) > query.limit
        bids = bids[: query.limit]
        return BidList(items=bids, next=bids[-1].seq if more else None)

    async def watch(self, user: Principal, auction_id: str, *, on: bool) -> None:
        """Put an auction on the user's watch list, or take it off."""
        if user.is_admin:
            raise Forbidden("an admin neither lists, bids nor buys")
        async with self._database.connection() as connection:
            if await store.find_seller(connection, auction_id) is None:
                raise AuctionNotFound
            change = store.insert_watch if on else store.delete_watch
            await change(connection, user.user_id, auction_id)


def _receipt(answer: Answer) -> BidReceipt:
    if isinstance(answer, InstaSellError):
        raise answer
    return answer
