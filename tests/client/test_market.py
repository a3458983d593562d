"""The client against the real server: the contract from both ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest

from instasell_client import (
    AsyncInstaSell,
    AuctionEvent,
    AuctionJoined,
    AuctionNotFound,
    AuctionNotOpen,
    BadCredentials,
    BidsPlaced,
    BidTooLow,
    BoardJoined,
    BuyNowUnavailable,
    EmailTaken,
    Forbidden,
    InstaSell,
    Invalid,
    ListingNotFound,
    LiveSession,
    SellerCannotBid,
    SkuTaken,
    Unauthenticated,
    apply_change,
)
from instasell_client.live import AuctionFeed, RetryPolicy
from instasell_client.models.listings import BulkOutcome
from tests.client.cutting_proxy import cutting
from tests.support.servers import RunningServer

PASSWORD = "correct horse battery"
Sql = Callable[..., list[tuple[Any, ...]]]
QUICK = RetryPolicy(backoff_first=0.02, backoff_max=0.1)


class Town:
    """Hold a seller with a lamp, a category, and others who sign up."""

    def __init__(self, base_url: str, sql: Sql) -> None:
        self.base_url = base_url
        self._sql = sql
        self._clients: list[AsyncInstaSell] = []
        self.category_id = ""
        self.seller = self.visitor()

    def visitor(self) -> AsyncInstaSell:
        """Return a client without a token."""
        client = AsyncInstaSell(self.base_url)
        self._clients.append(client)
        return client

    async def person(self, name: str, role: Any = "buyer") -> AsyncInstaSell:
        """Return the client of a new account."""
        client = self.visitor()
        await client.auth.signup(f"{name}@example.org", PASSWORD, display_name=name, role=role)
        return client

    async def open(self) -> None:
        """The seller and the category."""
        self.seller = await self.person("sue", "seller")
        admin = await self.person("ada")
        self._sql("UPDATE users SET role = 'admin' WHERE email = 'ada@example.org'")
        await admin.auth.login("ada@example.org", PASSWORD)
        self.category_id = (await admin.categories.create("Lamps")).id

    async def auction(self, **terms: Any) -> str:
        """A lamp under the hammer."""
        listing = await self.seller.listings.create(
            type="auction", title="A brass lamp", category_id=self.category_id, condition="new"
        )
        wanted = {"min_bid": 100, "duration_seconds": 3600, "increments": "none", **terms}
        return (await self.seller.auctions.create(listing.id, **wanted)).state.auction_id

    async def close(self) -> None:
        """Everybody goes home."""
        for client in self._clients:
            await client.aclose()


@pytest.fixture
async def town(server: RunningServer, sql: Sql) -> AsyncIterator[Town]:
    """A market with a seller in it."""
    opened = Town(server.base_url, sql)
    try:
        await opened.open()
        yield opened
    finally:
        await opened.close()


def seqs(events: list[AuctionEvent]) -> list[int]:
    """The bids that events bring, in order."""
    found: list[int] = []
    for event in events:
        bids = event.data.missed if isinstance(event, AuctionJoined) else event.data.bids
        found += [bid.seq for bid in bids]
    return found


async def until_bid(feed: AuctionFeed, amount: int) -> list[AuctionEvent]:
    """Every event up to the bid of this amount."""
    found: list[AuctionEvent] = []
    async for event in feed:
        found.append(event)
        joined = isinstance(event, AuctionJoined)
        price = event.data.state.current_bid if joined else event.data.current_bid
        if price == amount:
            break
    return found


async def test_accounts(town: Town) -> None:
    bob = await town.person("bob")
    assert (await bob.auth.me()).role == "buyer"
    assert (await bob.auth.update_me(display_name="Robert")).display_name == "Robert"
    assert (await bob.auth.become_seller()).role == "seller"
    made = await bob.auth.tokens.create("ci", ["read"], expires_in_days=1)
    assert [token.id for token in (await bob.auth.tokens.list()).items] == [made.id]
    script = AsyncInstaSell(town.base_url, made.token)
    assert (await script.auth.me()).display_name == "Robert"
    await bob.auth.tokens.delete(made.id)
    with pytest.raises(Unauthenticated):
        await script.auth.me()
    await script.aclose()
    await bob.auth.change_password(PASSWORD, "another long one")
    with pytest.raises(BadCredentials):
        await town.visitor().auth.login("bob@example.org", PASSWORD)
    with pytest.raises(EmailTaken):
        await town.person("bob")
    await bob.auth.logout()
    assert bob.token is None


async def test_categories(town: Town) -> None:
    [node] = (await town.visitor().categories.tree()).items
    assert (node.id, node.name) == (town.category_id, "Lamps")
    with pytest.raises(Forbidden):
        await town.seller.categories.delete(town.category_id)


async def test_listings(town: Town) -> None:
    fields: dict[str, Any] = {"type": "direct", "category_id": town.category_id, "condition": "new"}
    created = [
        await town.seller.listings.create(
            title=f"Lamp {n}", price=1000 + n, seller_sku=f"l-{n}", **fields
        )
        for n in range(5)
    ]
    anybody = town.visitor()
    found = [item.id async for item in anybody.listings.list(sort="price", page_size=2)]
    assert found == [listing.id for listing in created]
    assert (await anybody.listings.page(price_min=1003, limit=1)).next is not None
    assert (await anybody.listings.get(found[0])).title == "Lamp 0"
    with pytest.raises(SkuTaken):
        await town.seller.listings.create(title="Twin", price=1, seller_sku="l-0", **fields)
    assert (await town.seller.listings.update(found[0], price=5)).price == 5
    await town.seller.listings.delete(found[0])
    with pytest.raises(ListingNotFound):
        await town.seller.listings.update(found[0], price=6)
    with pytest.raises(ListingNotFound):
        await anybody.listings.get("no-such-id")


async def test_bulk_and_export_round_trip(town: Town) -> None:
    rows: list[dict[str, Any]] = [
        {
            "type": "direct", "title": f"Lamp {n}", "category": "Lamps", "condition": "new",
            "price": 1000 + n, "stock": 2, "seller_sku": f"l-{n}",
        }
        for n in range(600)
    ]  # fmt: skip
    rows[7] = {**rows[7], "price": -1, "title": ""}
    bulk = town.seller.listings.bulk
    dry = [verdict async for verdict in bulk(rows, dry_run=True)]
    assert [item async for item in town.visitor().listings.list()] == []
    wet = [verdict async for verdict in bulk(rows)]
    for verdicts in (dry, wet):
        assert [verdict.row for verdict in verdicts] == list(range(1, 601))
        rejected = [v for v in verdicts if v.outcome is BulkOutcome.REJECTED]
        assert [verdict.row for verdict in rejected] == [8]
        assert {error.field for error in rejected[0].errors} == {"price", "title"}
    exported = [row async for row in town.seller.listings.export()]
    assert len(exported) == 599
    again = [verdict.outcome async for verdict in bulk(exported)]
    assert set(again) == {BulkOutcome.UNCHANGED}


async def test_auctions_over_http(town: Town) -> None:
    auction_id = await town.auction(buy_now=5000)
    bob, eve = await town.person("bob"), await town.person("eve")
    with pytest.raises(BidTooLow) as caught:
        await bob.auctions.bid(auction_id, amount=99)
    assert caught.value.minimum == 100
    with pytest.raises(SellerCannotBid):
        await town.seller.auctions.bid(auction_id, amount=100)
    with pytest.raises(Unauthenticated):
        await town.visitor().auctions.bid(auction_id, amount=100)
    with pytest.raises(AuctionNotFound):
        await bob.auctions.bid(town.category_id, amount=100)
    receipt = await bob.auctions.bid(auction_id, amount=100, max_amount=200, idempotency_key="k")
    again = await bob.auctions.bid(auction_id, amount=100, max_amount=200, idempotency_key="k")
    assert (receipt.repeated, again.repeated, again.seq) == (False, True, receipt.seq)
    assert (await eve.auctions.bid(auction_id, amount=150)).outcome == "outbid"
    you = (await bob.auctions.get(auction_id)).you
    assert you is not None
    assert (you.leading, you.max_amount) == (True, 200)
    with pytest.raises(BuyNowUnavailable):
        await eve.auctions.buy_now(auction_id, 5000)
    assert [bid.seq async for bid in eve.auctions.bids(auction_id, page_size=1)] == [1, 2]
    assert [bid.seq async for bid in eve.auctions.bids(auction_id, after_seq=1)] == [2]
    await eve.auctions.watch(auction_id)
    assert [state.auction_id async for state in eve.auctions.watched()] == [auction_id]
    await eve.auctions.unwatch(auction_id)
    assert (await eve.auctions.watched_page()).items == []


async def test_create_update_and_cancel_an_auction(town: Town) -> None:
    ids = {await town.auction() for _ in range(3)}
    anybody = town.visitor()
    assert {state.auction_id async for state in anybody.auctions.live(page_size=1)} == ids
    auction_id = ids.pop()
    edited = await town.seller.auctions.update(auction_id, min_bid=300)
    assert edited.state.min_bid == 300
    cancelled = await town.seller.auctions.cancel(auction_id, "it broke")
    assert cancelled.state.status == "cancelled"
    with pytest.raises(AuctionNotOpen) as caught:
        await (await town.person("bob")).auctions.bid(auction_id, amount=300)
    assert caught.value.auction_status == "cancelled"


async def test_sync_client_on_the_same_market(town: Town) -> None:
    auction_id = await town.auction()
    bob = await town.person("bob")

    def story() -> tuple[int, list[str], str]:
        with InstaSell(town.base_url, bob.token) as client:
            receipt = client.auctions.bid(auction_id, amount=1250)
            live = [state.title for state in client.auctions.live()]
            assert client.api("GET", f"/auctions/{auction_id}/status")["state"]["seq"] == 1
            return receipt.current_bid, live, client.operations.health().status

    assert await asyncio.to_thread(story) == (1250, ["A brass lamp"], "ok")


async def test_every_request_is_refused_the_same_on_both_sides(town: Town) -> None:
    bad = {"amount": 0, "max_amount": 10**13}
    auction_id = await town.auction()
    bob = await town.person("bob")
    told: list[set[str]] = []
    for call in (
        lambda: bob.auctions.bid(auction_id, **bad),
        lambda: bob.api("POST", f"/auctions/{auction_id}/bid", body=bad),
    ):
        with pytest.raises(Invalid) as caught:
            await call()
        told.append({error.field for error in caught.value.errors})
    assert told[0] == told[1] == {"amount", "max_amount"}


async def test_live_story(town: Town) -> None:
    auction_id = await town.auction(buy_now=9000, min_bid=100)
    bob = await town.person("bob")
    async with town.visitor().live() as watching, bob.live() as bidding:
        board = watching.board()
        first = await anext(board)
        assert isinstance(first, BoardJoined)
        assert [state.auction_id for state in first.data.auctions] == [auction_id]
        feed = watching.auction(auction_id)
        joined = await anext(feed)
        assert isinstance(joined, AuctionJoined)
        receipt = await bidding.bid(auction_id, max_amount=5000)
        placed = await anext(feed)
        assert isinstance(placed, BidsPlaced)
        assert (placed.data.current_bid, placed.data.leader) == (100, receipt.bidder)
        state = apply_change(joined.data.state, placed)
        assert state == (await town.visitor().auctions.status(auction_id)).state
        with pytest.raises(SellerCannotBid):
            async with town.seller.live() as selling:
                await selling.bid(auction_id, amount=9000)
        with pytest.raises(AuctionNotFound):
            await anext(watching.auction(town.category_id))
        with pytest.raises(Unauthenticated):
            await watching.bid(auction_id, amount=9000)
        change = await anext(board)
        assert (change.data.model_dump()["version"], watching.clock_error_seconds is None) == (
            2,
            False,
        )


async def test_session_that_ends_ends_its_live_session(town: Town) -> None:
    auction_id = await town.auction()
    bob = await town.person("bob")
    async with bob.live() as live:
        feed = live.auction(auction_id)
        await anext(feed)
        await bob.auth.logout()
        with pytest.raises(Unauthenticated):
            await anext(feed)


LAST = 100_000


async def test_no_bid_is_lost_or_doubled_through_a_line_that_breaks(town: Town) -> None:
    auction_id = await town.auction()
    bidders = [await town.person(f"bidder{n}") for n in range(4)]
    taken: asyncio.Queue[int] = asyncio.Queue()

    async def bid(live: LiveSession, first: int) -> None:
        for amount in range(first, 800, len(bidders)):
            with suppress(BidTooLow):
                taken.put_nowait((await live.bid(auction_id, amount=amount)).seq)

    async with cutting(town.base_url) as line, AsyncExitStack() as stack:

        async def enter(base_url: str, token: str | None = None) -> LiveSession:
            live = LiveSession(base_url, token, retry_policy=QUICK)
            return await stack.enter_async_context(live)

        sessions = [await enter(line.base_url, bidder.token) for bidder in bidders]
        feeds = [
            (await enter(line.base_url)).auction(auction_id, after_seq=0),
            (await enter(town.base_url)).auction(auction_id, after_seq=0),
        ]
        readings = [asyncio.create_task(until_bid(feed, LAST)) for feed in feeds]
        bidding = [asyncio.create_task(bid(live, 100 + n)) for n, live in enumerate(sessions)]
        receipts: list[int] = []
        for _ in range(5):
            receipts += [await taken.get() for _ in range(15)]
            line.cut()
        await asyncio.gather(*bidding)
        last = await sessions[0].bid(auction_id, amount=LAST)
        receipts += [taken.get_nowait() for _ in range(taken.qsize())] + [last.seq]
        found = await asyncio.gather(*readings)
    assert line.cuts >= 5
    assert sorted(receipts) == list(range(1, last.seq + 1))
    for events in found:
        assert seqs(list(events)) == list(range(1, last.seq + 1))
