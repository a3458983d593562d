"""The pages of auctions that everybody sees, as bytes, each read once for all who wait for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from pydantic import ValidationError
from pydantic_core import to_json

from instasell_client.models.auctions import AuctionState, BidList, BidsQuery, LivePage, LiveQuery
from instasell_client.models.errors import AuctionNotFound
from instasell_server.db import clock
from instasell_server.db.connections import Database
from instasell_server.db.shared_read import SharedRead
from instasell_server.domains.auctions import store
from instasell_server.domains.auctions.closing.lifecycle import STATUS_TTL_SECONDS, status_key
from instasell_server.domains.auctions.views import make_view
from instasell_server.domains.sellers.service import records_of
from instasell_server.http.encoded_page import EncodedPage, FoundPage, Page, encode_page
from instasell_server.ports import Cache, CachedCopy, Unreachable

LIVE_PAGE_SECONDS = 0.25
LIVE_PAGES_MAX = 512
LIVE_READS_AT_ONCE = 8
READS_AT_ONCE = 2
"""Of one kind of page: what waits gathers meanwhile, and writers find room in the pool."""

BID_PAGES_AT_A_TIME = 32

BidPage = tuple[str, int, int]
"""The auction's id, the seq that the page begins above, and how many bids it has."""


class LivePages:
    """Pages of open auctions, which those who are not signed in get up to a quarter second old.

    A board that everybody polls costs four queries in a second, however many ask. Those who are
    signed in may have changed what the page shows, and get one that was read after they asked.
    """

    def __init__(self, load: Callable[[LiveQuery], Awaitable[LivePage]]) -> None:
        self._load = load
        self._reads = SharedRead[LiveQuery, EncodedPage](
            self._read, at_once=LIVE_READS_AT_ONCE, keys_max=1
        )
        self._kept: dict[LiveQuery, tuple[float, EncodedPage]] = {}
        self._loading: dict[LiveQuery, asyncio.Future[Page]] = {}

    def find(self, query: LiveQuery) -> FoundPage:
        """Find the page of a query that is at most `LIVE_PAGE_SECONDS` old."""
        kept = self._kept.get(query)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        loading = self._loading.get(query)
        if loading is None:
            loading = self._loading[query] = self._reads.submit(query)
            loading.add_done_callback(lambda _: self._loading.pop(query, None))
        # One that goes away must not take the page from those who wait for the same.
        return asyncio.shield(loading)

    def find_fresh(self, query: LiveQuery) -> asyncio.Future[Page]:
        """Find the page of a query, read from now on."""
        return self._reads.submit(query)

    async def _read(self, queries: Sequence[LiveQuery]) -> Mapping[LiveQuery, Page]:
        found: dict[LiveQuery, Page] = {}
        for query in queries:
            until = time.monotonic() + LIVE_PAGE_SECONDS
            page = found[query] = encode_page((await self._load(query)).model_dump_json().encode())
            if len(self._kept) >= LIVE_PAGES_MAX:
                self._kept.clear()
            self._kept[query] = (until, page)
        return found


class AuctionPages:
    """Find pages of auctions for those who are not signed in."""

    def __init__(
        self,
        database: Database,
        cache: Cache,
        load_live: Callable[[LiveQuery], Awaitable[LivePage]],
        *,
        currency: str,
    ) -> None:
        self._database = database
        self._cache = cache
        self._currency = currency
        self.live = LivePages(load_live)
        self._views = SharedRead[str, EncodedPage](self._read_views, at_once=READS_AT_ONCE)
        self._statuses = SharedRead[str, EncodedPage](self._read_statuses, at_once=READS_AT_ONCE)
        self._bids = SharedRead[BidPage, EncodedPage](
            self._read_bids, at_once=READS_AT_ONCE, keys_max=BID_PAGES_AT_A_TIME
        )

    def view(self, auction_id: str) -> FoundPage:
        """Read an auction with its listing."""
        return self._views.submit(auction_id)

    def status(self, auction_id: str) -> FoundPage:
        """Read the state of an auction."""
        return self._statuses.submit(auction_id)

    def bids(self, auction_id: str, query: BidsQuery) -> FoundPage:
        """Read bids in order of seq."""
        return self._bids.submit((auction_id, query.after_seq, query.limit))

    async def _read_views(self, ids: Sequence[str]) -> Mapping[str, Page]:
        async with self._database.connection() as connection:
            rows = await store.list_views(connection, ids)
            records = await records_of(connection, [row["seller_id"] for row in rows])
        found: dict[str, Page] = dict.fromkeys(ids, AuctionNotFound())
        for row in rows:
            view = make_view(row, records.get(row["seller_id"]), self._currency)
            found[row["auction_id"]] = encode_page(view.model_dump_json().encode())
        return found

    async def _read_statuses(self, ids: Sequence[str]) -> Mapping[str, Page]:
        states = await self._cached_states(ids)
        missing = [auction_id for auction_id in ids if auction_id not in states]
        fresh: dict[str, CachedCopy] = {}
        async with self._database.connection() as connection:
            if missing:
                for state in await store.list_states(connection, missing):
                    value = states[state.auction_id] = state.model_dump_json().encode()
                    fresh[status_key(state.auction_id)] = CachedCopy(state.version, value)
            now = to_json(await clock.get_now(connection))
        await self._cache.put_many(fresh, ttl_seconds=STATUS_TTL_SECONDS)
        return {
            auction_id: encode_page(
                b'{"state":' + states[auction_id] + b',"server_time":' + now + b"}"
            )
            if auction_id in states
            else AuctionNotFound()
            for auction_id in ids
        }

    async def _cached_states(self, ids: Sequence[str]) -> dict[str, bytes]:
        """Return the states that Redis has, as JSON; none of them is a decision's truth."""
        try:
            copies = await self._cache.get_many([status_key(each) for each in ids])
        except Unreachable:
            return {}
        found: dict[str, bytes] = {}
        for auction_id, copy in zip(ids, copies, strict=True):
            state = _state_of(copy)
            if state is not None and state.auction_id == auction_id:
                found[auction_id] = state.model_dump_json().encode()
        return found

    async def _read_bids(self, wanted: Sequence[BidPage]) -> Mapping[BidPage, Page]:
        async with self._database.connection() as connection:
            pages = await store.list_pages_of_bids(
                connection, [(auction_id, after, limit + 1) for auction_id, after, limit in wanted]
            )
        found: dict[BidPage, Page] = {}
        for key, bids in zip(wanted, pages, strict=True):
            if bids is None:
                found[key] = AuctionNotFound()
                continue
            shown = bids[: key[2]]
            following = shown[-1].seq if len(bids) > key[2] else None
            page = BidList(items=shown, next=following)
            found[key] = encode_page(page.model_dump_json().encode())
        return found


def _state_of(copy: bytes | None) -> AuctionState | None:
    """Read a copy; what Redis has of a state may be anything."""
    try:
        return AuctionState.model_validate_json(copy) if copy else None
    except ValidationError:
        return None
