"""Show a type checker the code of a caller. A test runs mypy over it; nothing runs it."""

from __future__ import annotations

from typing import Any, assert_type

from instasell_client import (
    AccountEvent,
    AsyncInstaSell,
    AuctionEvent,
    AuctionJoined,
    BidTooLow,
    BoardEvent,
    InstaSell,
    InstaSellError,
)
from instasell_client.models.accounts import Grant, TokenList
from instasell_client.models.auctions import AuctionState, AuctionView, Bid, BidReceipt, LivePage
from instasell_client.models.base import Page
from instasell_client.models.listings import BulkVerdict, Listing
from instasell_client.models.orders import Order, OrderView
from instasell_client.models.wallets import TopUpReply, Wallet, WalletEntry


def sync(client: InstaSell) -> None:
    """Every shape of a call of the sync client."""
    assert_type(client.auctions.bid("id", amount=1250), BidReceipt)
    assert_type(client.auctions.get("id"), AuctionView)
    assert_type(client.auctions.live_page(sort="bids"), LivePage)
    assert_type(client.listings.page(), Page[Listing])
    assert_type(client.auth.login("a@b.org", "secret"), Grant)
    assert_type(client.auth.tokens.list(), TokenList)
    assert_type(client.listings.delete("id"), None)
    assert_type(client.api("GET", "/healthz"), Any)
    for listing in client.listings.list(q="lamp"):
        assert_type(listing, Listing)
    for verdict in client.listings.bulk([{"title": "a lamp"}], dry_run=True):
        assert_type(verdict, BulkVerdict)
    for row in client.listings.export():
        assert_type(row, dict[str, Any])
    assert_type(client.orders.buy("id", quantity=2), OrderView)
    assert_type(client.wallet.top_up(5000, "gas"), TopUpReply)
    for entry in client.wallet.entries(account="balance"):
        assert_type(entry, WalletEntry)
    client.orders.pay("id", "cash")  # type: ignore[arg-type]
    client.auctions.bid("id", amont=1250)  # type: ignore[call-arg]
    client.auctions.bid("id", amount="12.50")  # type: ignore[arg-type]
    client.auctions.live_page(sort="colour")  # type: ignore[arg-type]
    client.orders.list(role="owner")  # type: ignore[arg-type]
    client.orders.page(rolle="buyer")  # type: ignore[call-arg]


async def asynchronous(client: AsyncInstaSell) -> None:
    """Every shape of a call of the async client."""
    assert_type(await client.auctions.bid("id", max_amount=2000), BidReceipt)
    assert_type(await client.auth.tokens.list(), TokenList)
    assert_type(await client.orders.pay("id", "wallet"), OrderView)
    assert_type(await client.wallet.get(), Wallet)
    async for order in client.orders.list(role="seller"):
        assert_type(order, Order)
    async for state in client.auctions.live():
        assert_type(state, AuctionState)
    async for bid in client.auctions.bids("id", after_seq=3):
        assert_type(bid, Bid)
    client.auctions.bid("id", amount=1)  # type: ignore[unused-coroutine]


async def live(client: AsyncInstaSell) -> None:
    """The live session."""
    async with client.live() as session:
        async for event in session.auction("id"):
            assert_type(event, AuctionEvent)
            if isinstance(event, AuctionJoined):
                assert_type(event.data.state, AuctionState)
        async for change in session.board():
            assert_type(change, BoardEvent)
        async for notice in session.events():
            assert_type(notice, AccountEvent)
        try:
            assert_type(await session.bid("id", amount=1250), BidReceipt)
        except BidTooLow as error:
            assert_type(error.minimum, int | None)
        except InstaSellError as error:
            assert_type(error.code, str)
