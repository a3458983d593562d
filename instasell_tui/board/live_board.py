"""Keep the board up to date from the live session, and notify the screens of its changes.

However many changes come, the board is notified at most fifteen times a second.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from functools import partial

from instasell_client import (
    AuctionChange,
    BidsPlaced,
    BoardJoined,
    InstaSellError,
    LiveSession,
    Unauthenticated,
)
from instasell_client.models.accounts import User
from instasell_client.models.auctions import You
from instasell_client.models.live import YourBid
from instasell_tui.board import messages
from instasell_tui.board.state import BoardAuction, BoardState, PreviousState, before
from instasell_tui.board.trends import PriceTrends
from instasell_tui.market.connection import MarketConnection
from instasell_tui.market.messages import ConnectionChanged

log = logging.getLogger("instasell_tui")


class LiveBoard:
    """Hold the state of the board. `has_come` is set once a session has brought all of it."""

    def __init__(self, feed: MarketConnection) -> None:
        self.state = BoardState()
        self.has_come = asyncio.Event()
        self.failure: str | None = None
        self._feed = feed
        self._asking: set[str] = set()
        self._dirty = asyncio.Event()
        self._trends = PriceTrends(feed.client, self.state, self.mark_changed)
        feed.on_user(self._set_seller)
        feed.on_forget(self._forget_user)
        feed.on_start(self._read)
        feed.on_start(self._flush)
        feed.on_start(self._trends.run)

    def _set_seller(self, user: User) -> None:
        self.state.seller_id = user.id

    def _forget_user(self) -> None:
        self.state.forget_person()
        self.has_come.clear()
        self.failure = None
        self._dirty.set()

    def mark_changed(self) -> None:
        """Note a change of the state; the board is notified with the next flush."""
        self._dirty.set()

    async def _read(self, live: LiveSession) -> None:
        feed = self._feed
        try:
            async with live.board() as board:
                while batch := await board.batch():
                    for event in batch:
                        if isinstance(event, BoardJoined):
                            self._join(event)
                        else:
                            self.apply_change(event)
                    self._dirty.set()
        except Unauthenticated as error:
            feed.signed_out(error)
        except InstaSellError as error:
            self.failure = str(error)
            feed.post(ConnectionChanged)

    def _join(self, event: BoardJoined) -> None:
        feed, joined = self._feed, event.data
        feed.currency = joined.currency or feed.currency
        feed.knows_currency = joined.currency is not None
        for own in joined.your_bids:
            self.state.set_own_bid(own)
        for auction_id in self.state.restart(joined.auctions):
            self._ask_for(auction_id)
        self.has_come.set()

    def apply_change(self, change: BidsPlaced | AuctionChange) -> None:
        """Take a change in, and tell what it means for the user."""
        was = before(self.state.get(change.data.auction_id))
        auction = self.state.apply(change, self._feed.now())
        if auction is None:
            if change.event != "auction_left":
                self._ask_for(change.data.auction_id)
        else:
            self._notify_user(auction, was)

    def _notify_user(self, auction: BoardAuction, was: PreviousState) -> None:
        if was.led and auction.outbid and not auction.over:
            self._feed.post(lambda: messages.Outbid(auction))
        if was.open and auction.over and (auction.mine or auction.watching):
            self._feed.post(lambda: messages.AuctionOver(auction))

    def take_own_bid(self, own: YourBid) -> You:
        """Take in a bid of the user's, made here, on another screen or by a script."""
        self._dirty.set()
        return self.state.set_own_bid(own)

    def _ask_for(self, auction_id: str) -> None:
        """Read an auction that the board does not know, as one that has just been created."""
        if auction_id not in self._asking:
            self._asking.add(auction_id)
            self._feed.spawn(self._fetch(auction_id))

    async def _fetch(self, auction_id: str) -> None:
        try:
            reply = await self._feed.client.auctions.status(auction_id)
        except InstaSellError as error:
            log.info("auction %s stays unknown: %s", auction_id, error)
        else:
            was = before(self.state.get(auction_id))
            self._notify_user(self.state.put(reply.state, self._feed.now()), was)
            self._dirty.set()
        finally:
            self._asking.discard(auction_id)

    async def _flush(self, _: LiveSession) -> None:
        """Tell what changed: the first at once, what follows fifteen times a second."""
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            self.state.expire(self._feed.now())
            changes = self.state.drain()
            if changes is not None:
                self._feed.post(partial(messages.BoardChanged, changes))
            await self._feed.pace()

    def want_trends(self, auction_ids: Iterable[str]) -> None:
        """Fetch the earlier prices of these visible auctions, within limits."""
        self._trends.want(auction_ids)

    async def watch(self, auction_id: str, *, on: bool) -> None:
        """Add an auction to the watchlist, or remove it."""
        self._feed.require_writable()
        auctions = self._feed.client.auctions
        await (auctions.watch if on else auctions.unwatch)(auction_id)
        self.state.set_watched(auction_id, on=on)
        self._dirty.set()
