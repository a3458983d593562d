"""Feed all screens: only this module talks to the server, and it notifies screens of changes.

It holds the client and the live session, keeps `lots` (the board) and `sale` (the auction that is
followed) up to date by version, and posts small messages to the subscribers. However many
changes come, the board is notified at most fifteen times a second.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from datetime import datetime
from functools import partial

from instasell_client import (
    AsyncInstaSell,
    AuctionChange,
    BidsPlaced,
    BoardJoined,
    ConnectionState,
    InstaSellError,
    LiveSession,
    Unauthenticated,
    Unavailable,
)
from instasell_client.models.auctions import BidOutcome, BidReceipt
from instasell_client.models.live import YourBid
from instasell_tui.admin.state import AdminState
from instasell_tui.auction.follower import AuctionFollower
from instasell_tui.auction.pictures import PictureLoader
from instasell_tui.auction.state import AuctionPageState, BidderPosition
from instasell_tui.bids.state import BidsState
from instasell_tui.board.state import BoardAuction, PreviousState, before
from instasell_tui.board.trends import PriceTrends
from instasell_tui.inbox.state import InboxState
from instasell_tui.market import messages
from instasell_tui.market.account import AccountSession
from instasell_tui.market.core import MarketCore
from instasell_tui.market.initial_load import load_account
from instasell_tui.orders.state import OrdersState
from instasell_tui.seller.state import SellerState

log = logging.getLogger("instasell_tui")

BID_SECONDS = 15.0


class MarketConnection(MarketCore):
    """Serves every screen. Start it once the client has its token; `restart` for another person.

    `clock` replaces the server's clock, and `pace` the pause between two tellings, where time
    must stand still. With `read_only` everything that changes the market raises Forbidden.
    """

    def __init__(
        self,
        client: AsyncInstaSell,
        *,
        read_only: bool = False,
        clock: Callable[[], datetime] | None = None,
        pace: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(client, read_only=read_only, clock=clock, pace=pace)
        self.marks = ["read-only"] if read_only else []
        self.replay: Callable[[], str] | None = None
        self.sale: AuctionPageState | None = None
        self.failure: str | None = None
        self._stack = AsyncExitStack()
        self._following: AuctionFollower | None = None
        self._asking: set[str] = set()
        self._trends = PriceTrends(self)
        self.session = AccountSession(self)
        self.inbox = InboxState(self)
        self.trading = OrdersState(self, self.inbox.hear)
        self.bids = BidsState(self)
        self.shop = SellerState(self)
        self.desk = AdminState(self)
        self.pictures = PictureLoader(self)

    # Being there ------------------------------------------------------------------------------

    async def start(self) -> None:
        """Connect, and stay connected until `stop`. Returns at once."""
        self.failure = None
        self.board_came.clear()
        live = self.client.live(on_state=self._turned, wait_for_server=True)
        self._live = await self._stack.enter_async_context(live)
        self.spawn(self._read_board(self._live))
        self.spawn(self._flush())
        self.spawn(self.trading.listen(self._live))
        self.spawn(load_account(self, self.session, self.inbox))
        self.spawn(self._trends.run())

    async def stop(self) -> None:
        """End everything that `start` began."""
        await self.unfollow()
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._live = None
        await self._stack.aclose()

    async def restart(self) -> None:
        """Forget whose feed it was, and start again with the client's token."""
        await self.stop()
        self.user = None
        for each in (self.keys, self.lots, self.trading, self.bids, self.inbox):
            each.forget_person()
        self._state, self._lost_at = ConnectionState.CONNECTING, None
        await self.start()
        self.post(messages.AccountChanged)
        self._dirty.set()

    def _turned(self, state: ConnectionState) -> None:
        if state is ConnectionState.RECONNECTING and self._lost_at is None:
            self._lost_at = self.now()
        elif state is ConnectionState.LIVE:
            self._lost_at = None
        self._state = state
        self.post(messages.ConnectionChanged)

    # The board --------------------------------------------------------------------------------

    async def _read_board(self, live: LiveSession) -> None:
        try:
            async with live.board() as board:
                while batch := await board.batch():
                    for event in batch:
                        if isinstance(event, BoardJoined):
                            self.currency = event.data.currency or self.currency
                            self.knows_currency = event.data.currency is not None
                            for own in event.data.your_bids:
                                self.lots.set_own_bid(own)
                            for auction_id in self.lots.restart(event.data.auctions):
                                self._ask_for(auction_id)
                            self.board_came.set()
                        else:
                            self.apply_change(event)
                    self._dirty.set()
        except Unauthenticated as error:
            self.signed_out(error)
        except InstaSellError as error:
            self.failure = str(error)
            self.post(messages.ConnectionChanged)

    def apply_change(self, change: BidsPlaced | AuctionChange) -> None:
        """Take a change in, and tell what it means for the person."""
        was = before(self.lots.get(change.data.auction_id))
        lot = self.lots.apply(change, self.now())
        if lot is None:
            self._ask_for(change.data.auction_id)
        else:
            self._notice(lot, was)

    def _notice(self, lot: BoardAuction, was: PreviousState) -> None:
        if was.led and lot.outbid and not lot.over:
            self.post(lambda: messages.Outbid(lot))
        if was.open and lot.over and (lot.mine or lot.watching):
            self.post(lambda: messages.AuctionOver(lot))

    def take_own_bid(self, own: YourBid) -> None:
        """Take in a bid of the user's, made here, on another screen or by a script."""
        you = self.lots.set_own_bid(own)
        sale = self.sale
        if sale is not None and sale.auction_id == own.auction_id:
            sale.set_own_bid(you)
            self.post(messages.AuctionPageChanged)
        self._dirty.set()

    def _ask_for(self, auction_id: str) -> None:
        """Read an auction that the board does not know, as one that has just been created."""
        if auction_id not in self._asking:
            self._asking.add(auction_id)
            self.spawn(self._fetch(auction_id))

    async def _fetch(self, auction_id: str) -> None:
        try:
            reply = await self.client.auctions.status(auction_id)
        except InstaSellError as error:
            log.info("auction %s stays unknown: %s", auction_id, error)
        else:
            was = before(self.lots.get(auction_id))
            self._notice(self.lots.put(reply.state, self.now()), was)
            self._dirty.set()
        finally:
            self._asking.discard(auction_id)

    async def _flush(self) -> None:
        """Tell what changed: the first at once, what follows fifteen times a second."""
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            self.lots.expire(self.now())
            changes = self.lots.drain()
            if changes is not None:
                self.post(partial(messages.BoardChanged, changes))
            await self.pace()

    def want_trends(self, auction_ids: Iterable[str]) -> None:
        """Fetch the earlier prices of these visible auctions, within limits."""
        self._trends.want(auction_ids)

    # One auction ------------------------------------------------------------------------------

    async def follow(self, auction_id: str) -> AuctionPageState:
        """Follow one auction closely, in place of any other."""
        await self.unfollow()
        lot = self.lots.get(auction_id)
        self.sale = sale = AuctionPageState(auction_id, lot.state if lot else None)
        if self._live is None:
            raise Unavailable("the feed is not started")
        events = self._live.auction(auction_id, after_seq=0, view=True)
        self._following = AuctionFollower(self, sale, events)
        return sale

    async def unfollow(self, sale: AuctionPageState | None = None) -> None:
        """Follow no auction any more; with `sale`, only if that is the one."""
        if sale is not None and sale is not self.sale:
            return
        following, self._following, self.sale = self._following, None, None
        if following is not None:
            await following.aclose()

    # What changes the market ------------------------------------------------------------------

    async def bid(
        self, auction_id: str, *, amount: int | None, max_amount: int | None, key: str
    ) -> BidReceipt:
        """Bid, in minor units. Raises the refusal; the same `key` again is the same bid."""
        live = self.require_writable()
        receipt = await live.bid(
            auction_id, amount=amount, max_amount=max_amount, key=key, timeout_seconds=BID_SECONDS
        )
        self._answered(receipt)
        return receipt

    async def buy_now(self, auction_id: str, amount: int, *, key: str) -> BidReceipt:
        """Buy at the price that was seen. Raises BuyNowUnavailable."""
        self.require_writable()
        receipt = await self.client.auctions.buy_now(auction_id, amount, idempotency_key=key)
        self._answered(receipt)
        return receipt

    async def watch(self, auction_id: str, *, on: bool) -> None:
        """Add an auction to the watchlist, or remove it."""
        self.require_writable()
        await (self.client.auctions.watch if on else self.client.auctions.unwatch)(auction_id)
        self._watching(auction_id, on=on)

    def _watching(self, auction_id: str, *, on: bool) -> None:
        self.lots.set_watched(auction_id, on=on)
        self._dirty.set()
        if self.sale is not None and self.sale.auction_id == auction_id:
            self.sale.set_watching(on=on)
            self.post(messages.AuctionPageChanged)

    def _answered(self, receipt: BidReceipt) -> None:
        sale = self.sale
        if sale is not None and sale.auction_id == receipt.auction_id:
            sale.answered(receipt)
            self.lots.set_you(receipt.auction_id, sale.you)
            self.post(messages.AuctionPageChanged)
            overtaken = (
                sale.place is BidderPosition.OUTBID and receipt.outcome is BidOutcome.LEADING
            )
            newer = sale.state is not None and sale.state.version > receipt.version
            lot = self.lots.get(receipt.auction_id)
            if overtaken and newer and lot is not None:
                # The event that took the lead away came before the answer that gave it.
                self.post(lambda: messages.Outbid(lot))
        self._dirty.set()
        if not self.lots.is_watched(receipt.auction_id):
            self.spawn(self._keep_in_sight(receipt.auction_id))

    async def _keep_in_sight(self, auction_id: str) -> None:
        """Add an auction with a bid of the user to the watchlist, where a later start finds it
        again.
        """
        try:
            await self.watch(auction_id, on=True)
        except InstaSellError as error:
            log.info("auction %s is not on the watch list: %s", auction_id, error)
