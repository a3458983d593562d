"""Follow one auction at a time, and do what changes it: bid, buy, watch."""

from __future__ import annotations

import logging
from typing import cast

from pydantic import ValidationError

from instasell_client import AccountEvent, InstaSellError
from instasell_client.models.auctions import BidOutcome, BidReceipt
from instasell_tui.auction.follower import AuctionFollower
from instasell_tui.auction.state import AuctionPageState, BidderPosition
from instasell_tui.board.live_board import LiveBoard
from instasell_tui.board.messages import Outbid
from instasell_tui.market import messages
from instasell_tui.market.connection import MarketConnection

log = logging.getLogger("instasell_tui")

BID_SECONDS = 15.0
LATE_SECONDS = 2.0
"""How long an auction's page is waited for over the socket, which mostly takes milliseconds."""


class LiveAuction:
    """Hold the page of the auction that is followed. What writes raises under read-only."""

    def __init__(self, feed: MarketConnection, board: LiveBoard) -> None:
        self.page: AuctionPageState | None = None
        self.late_seconds = LATE_SECONDS
        self._feed = feed
        self._board = board
        self._follower: AuctionFollower | None = None
        feed.on_forget(self._forget_page)
        feed.on_account_event(self._take_event)

    def _forget_page(self) -> None:
        # The session that it was followed in has ended, and its tasks with it.
        self.page = self._follower = None

    def _take_event(self, event: AccountEvent) -> None:
        try:
            own = event.your_bid
        except ValidationError as error:
            log.warning("a bid that does not fit the contract was passed over: %s", error)
            return
        if own is None:
            return
        you = self._board.take_own_bid(own)
        page = self._page_of(own.auction_id)
        if page is not None:
            page.set_own_bid(you)
            self._feed.post(messages.AuctionPageChanged)

    def _page_of(self, auction_id: str) -> AuctionPageState | None:
        page = self.page
        return page if page is not None and page.auction_id == auction_id else None

    async def follow(self, auction_id: str) -> AuctionPageState:
        """Follow one auction closely, in place of any other."""
        await self.unfollow()
        known = self._board.state.get(auction_id)
        self.page = page = AuctionPageState(auction_id, known.state if known else None)
        events = self._feed.require_live().auction(auction_id, after_seq=0, view=True)
        self._follower = AuctionFollower(
            self._feed, self._board, page, events, late_seconds=self.late_seconds
        )
        return page

    async def unfollow(self, page: AuctionPageState | None = None) -> None:
        """Follow no auction any more; with `page`, only if that is the one."""
        if page is not None and page is not self.page:
            return
        follower, self._follower, self.page = self._follower, None, None
        if follower is not None:
            await follower.aclose()

    # What changes the market ------------------------------------------------------------------

    async def bid(
        self, auction_id: str, *, amount: int | None, max_amount: int | None
    ) -> BidReceipt:
        """Bid, in minor units. Raises the refusal.

        Without an answer the same amounts again are the same bid.
        """

        async def send(key: str) -> BidReceipt:
            return await self._feed.require_writable().bid(
                auction_id,
                amount=amount,
                max_amount=max_amount,
                key=key,
                timeout_seconds=BID_SECONDS,
            )

        keys = self._feed.keys
        if self.unanswered_bid(auction_id) != (amount, max_amount):
            # Another bid takes the place of the one before it.
            keys.forget("bid", auction_id)
        receipt = await keys.send_once(("bid", auction_id, amount, max_amount), send)
        self._take_receipt(receipt)
        return receipt

    async def buy_now(self, auction_id: str, amount: int) -> BidReceipt:
        """Buy at the price that was shown. Raises BuyNowUnavailable."""
        feed = self._feed

        async def send(key: str) -> BidReceipt:
            feed.require_writable()
            return await feed.client.auctions.buy_now(auction_id, amount, idempotency_key=key)

        receipt = await feed.keys.send_once(("buy_now", auction_id, amount), send)
        self._take_receipt(receipt)
        return receipt

    def unanswered_bid(self, auction_id: str) -> tuple[int | None, int | None] | None:
        """Return the amount and the maximum of a bid that got no answer, or None."""
        request = self._feed.keys.find("bid", auction_id)
        return None if request is None else cast(tuple[int | None, int | None], request[2:])

    async def watch(self, auction_id: str, *, on: bool) -> None:
        """Add an auction to the watchlist, or remove it."""
        await self._board.watch(auction_id, on=on)
        page = self._page_of(auction_id)
        if page is not None:
            page.set_watching(on=on)
            self._feed.post(messages.AuctionPageChanged)

    def _take_receipt(self, receipt: BidReceipt) -> None:
        board, page = self._board.state, self._page_of(receipt.auction_id)
        if page is not None:
            page.answered(receipt)
            board.set_you(receipt.auction_id, page.you)
            self._feed.post(messages.AuctionPageChanged)
            overtaken = (
                page.place is BidderPosition.OUTBID and receipt.outcome is BidOutcome.LEADING
            )
            newer = page.state is not None and page.state.version > receipt.version
            auction = board.get(receipt.auction_id)
            if overtaken and newer and auction is not None:
                # The event that took the lead away came before the answer that gave it.
                self._feed.post(lambda: Outbid(auction))
        self._board.mark_changed()
        if not board.is_watched(receipt.auction_id):
            self._feed.spawn(self._keep_in_sight(receipt.auction_id))

    async def _keep_in_sight(self, auction_id: str) -> None:
        """Add an auction with a bid of the user to the watchlist, where a later start finds it
        again.
        """
        try:
            await self.watch(auction_id, on=True)
        except InstaSellError as error:
            log.info("auction %s is not on the watch list: %s", auction_id, error)
