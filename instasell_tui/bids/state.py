"""The auctions that the signed-in user bids in: what was read last, kept up with the board."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, cast

from instasell_client.models.auctions import AuctionStatus, BidReceipt
from instasell_client.models.bids import BiddingAuction, BiddingPart

if TYPE_CHECKING:
    from instasell_tui.market.core import MarketCore

PAGE = 100
OPEN_PARTS = frozenset({BiddingPart.OUTBID, BiddingPart.LEADING})
_OPEN = frozenset({AuctionStatus.PENDING, AuctionStatus.LIVE})
_RANKS = {BiddingPart.TO_PAY: 0, BiddingPart.OUTBID: 1, BiddingPart.LEADING: 2}


class BidsState:
    """Serves the screen of own bids. What bids raises Forbidden under read-only."""

    def __init__(self, feed: MarketCore) -> None:
        self._feed = feed
        self.forget_person()

    def forget_person(self) -> None:
        """Forget the person, so that another sees nothing of them."""
        self.auctions: dict[str, BiddingAuction] = {}
        self.loaded = False
        self.next: str | None = None

    @property
    def running(self) -> int:
        """Return the number of loaded auctions that accept bids."""
        return sum(each.part in OPEN_PARTS for each in self.auctions.values())

    async def load(self) -> None:
        """Read what needs the user most; what is below the first page stays as it is."""
        await self._read(None)

    async def load_more(self) -> None:
        """Read the next page, if there is one."""
        if self.next is not None:
            await self._read(self.next)

    async def _read(self, cursor: str | None) -> None:
        client = self._feed.client
        token = client.token
        page = await client.auctions.bidding_page(cursor=cursor, limit=PAGE)
        if token != client.token:
            return
        if cursor == self.next or not self.loaded:
            self.next, self.loaded = page.next, True
        self.auctions.update((each.state.auction_id, each) for each in page.items)
        self.keep_up()

    def keep_up(self) -> bool:
        """Take in what the board knows by now; whether anything has changed by that."""
        changed = False
        for auction_id, own in self.auctions.items():
            lot = self._feed.lots.get(auction_id)
            if lot is not None and lot.state.version > own.state.version:
                moved = own.model_copy(update={"state": lot.state})
                self.auctions[auction_id] = moved.model_copy(update={"part": part_of(moved)})
                changed = True
        return changed

    async def bid(
        self, auction_id: str, *, amount: int | None, max_amount: int | None
    ) -> BidReceipt:
        """Bid, in minor units; without an answer the same amounts again are the same bid."""

        async def send(key: str) -> BidReceipt:
            return await self._feed.bid(auction_id, amount=amount, max_amount=max_amount, key=key)

        keys, request = self._feed.keys, ("bid", auction_id, amount, max_amount)
        if self.unanswered(auction_id) != (amount, max_amount):
            # Another bid takes the place of the one before it.
            keys.forget("bid", auction_id)
        return await keys.send_once(request, send)

    async def buy_now(self, auction_id: str, amount: int) -> BidReceipt:
        """Buy at the price that was shown. Raises BuyNowUnavailable."""

        async def send(key: str) -> BidReceipt:
            return await self._feed.buy_now(auction_id, amount, key=key)

        return await self._feed.keys.send_once(("buy_now", auction_id, amount), send)

    def unanswered(self, auction_id: str) -> tuple[int | None, int | None] | None:
        """Return the amount and the maximum of a bid that got no answer, or None."""
        found = self._feed.keys.find("bid", auction_id)
        return cast(tuple[int | None, int | None], found[2:]) if found is not None else None


def part_of(own: BiddingAuction) -> BiddingPart:
    """Return the part of an auction by its state; only the server decides whether it is to be
    paid.
    """
    if own.part not in OPEN_PARTS:
        return own.part
    state = own.state
    if state.status in _OPEN:
        leads = state.leader == own.bidder
        return BiddingPart.LEADING if leads else BiddingPart.OUTBID
    if state.status is AuctionStatus.CANCELLED:
        return BiddingPart.CANCELLED
    return BiddingPart.WON if state.winner == own.bidder else BiddingPart.LOST


def to_pay(own: BiddingAuction, now: datetime) -> bool:
    """Return whether the auction waits for payment, and there is time left for that."""
    due = own.payment_due_at
    return own.part is BiddingPart.TO_PAY and due is not None and due > now


def sort_bids(auctions: Iterable[BiddingAuction], now: datetime) -> list[BiddingAuction]:
    """Sort auctions: to pay by due date, outbid and leading by end, then ended, newest first."""

    def place(own: BiddingAuction) -> tuple[int, float, str]:
        end = own.state.end_at.timestamp()
        if to_pay(own, now):
            assert own.payment_due_at is not None
            return 0, own.payment_due_at.timestamp(), own.state.auction_id
        if own.part in OPEN_PARTS:
            return _RANKS[own.part], end, own.state.auction_id
        return len(_RANKS), -end, own.state.auction_id

    return sorted(auctions, key=place)
