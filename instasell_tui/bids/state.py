"""The auctions that the signed-in user bids in: what was read last, kept up with the board."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from instasell_client.models.auctions import AuctionStatus
from instasell_client.models.bids import BiddingAuction, BiddingPart

if TYPE_CHECKING:
    from instasell_tui.board.state import BoardState
    from instasell_tui.market.connection import MarketConnection

PAGE = 100
OPEN_PARTS = frozenset({BiddingPart.OUTBID, BiddingPart.LEADING})
_OPEN = frozenset({AuctionStatus.PENDING, AuctionStatus.LIVE})
_RANKS = {BiddingPart.TO_PAY: 0, BiddingPart.OUTBID: 1, BiddingPart.LEADING: 2}


class BidsState:
    """Serves the screen of own bids."""

    def __init__(self, feed: MarketConnection, board: BoardState) -> None:
        self._feed = feed
        self._board = board
        feed.on_forget(self.forget_person)
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
            auction = self._board.get(auction_id)
            if auction is not None and auction.state.version > own.state.version:
                moved = own.model_copy(update={"state": auction.state})
                self.auctions[auction_id] = moved.model_copy(update={"part": part_of(moved)})
                changed = True
        return changed


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
