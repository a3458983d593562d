"""Hold one followed auction: its state, its bids, and the position of the user. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from instasell_client import AuctionChange, AuctionEvent, AuctionJoined, BidsPlaced, apply_change
from instasell_client.models.auctions import (
    AuctionState,
    AuctionStatus,
    AuctionView,
    Bid,
    BidReceipt,
    You,
)
from instasell_tui.widgets.formats import safe_text

BIDS_KEPT_MAX = 500
EXTENSION_SHOWN = timedelta(seconds=8)


class BidderPosition(Enum):
    """Name the position of the signed-in user in an auction."""

    NONE = auto()
    SELLER = auto()
    LEADING = auto()
    OUTBID = auto()
    WON = auto()
    LOST = auto()


@dataclass(frozen=True, slots=True)
class Extension:
    """The auction was given more time by a late bid. `at` is by the server's clock."""

    seconds: int
    end_at: datetime
    at: datetime


class AuctionPageState:
    """Hold the state of the auction screen. `state` is None until the server has answered."""

    def __init__(self, auction_id: str, state: AuctionState | None = None) -> None:
        self.auction_id = auction_id
        self.state = state
        self.view: AuctionView | None = None
        self.bids: deque[Bid] = deque(maxlen=BIDS_KEPT_MAX)
        self.extension: Extension | None = None
        self.cancel_reason: str | None = None
        self.failure: str | None = None
        self._you: You | None = None

    @property
    def title(self) -> str:
        """Return the title, safe to print."""
        return safe_text(self.state.title) if self.state else ""

    @property
    def you(self) -> You | None:
        """Return the relation of the signed-in user to the auction, by the newest state."""
        return self._you

    @property
    def open(self) -> bool:
        """Return whether the state says that bids are accepted; the server decides by its own
        clock.
        """
        state = self.state
        return state is not None and state.status in (AuctionStatus.PENDING, AuctionStatus.LIVE)

    @property
    def buy_now(self) -> int | None:
        """Return the price at which it can be bought at once, while that is so."""
        state = self.state
        if state is None or state.buy_now is None or not self.open:
            return None
        taken = state.reserve_met if state.has_reserve else state.bid_count > 0
        return None if taken else state.buy_now

    @property
    def place(self) -> BidderPosition:
        """Return the position of the signed-in user."""
        you, state = self._you, self.state
        if you is None or state is None:
            return BidderPosition.NONE
        if you.is_seller:
            return BidderPosition.SELLER
        if you.bidder is None:
            return BidderPosition.NONE
        if state.status is AuctionStatus.ENDED:
            return BidderPosition.WON if state.winner == you.bidder else BidderPosition.LOST
        return BidderPosition.LEADING if state.leader == you.bidder else BidderPosition.OUTBID

    def extended_lately(self, now: datetime) -> Extension | None:
        """Return the last extension, as long as it is recent."""
        extension = self.extension
        return extension if extension and now - extension.at < EXTENSION_SHOWN else None

    def apply(self, event: AuctionEvent) -> None:
        """Take an event in; one that is known changes nothing."""
        if isinstance(event, AuctionJoined):
            self._joined(event)
            return
        if self.state is None or event.version <= self.state.version:
            return
        before = self.state
        self.state = apply_change(before, event)
        self.take_bids(event.data.bids)
        if isinstance(event, BidsPlaced):
            self._placed(event, before)
        elif isinstance(event, AuctionChange) and event.data.reason:
            self.cancel_reason = safe_text(event.data.reason)

    def _joined(self, event: AuctionJoined) -> None:
        if self.state is None or event.version >= self.state.version:
            self.state = event.data.state
        if event.data.you is not None:
            self._you = event.data.you
        self.take_bids(event.data.missed)

    def _placed(self, event: BidsPlaced, before: AuctionState) -> None:
        data = event.data
        if data.auction_extended:
            seconds = round((data.end_at - before.end_at).total_seconds())
            self.extension = Extension(seconds, data.end_at, data.server_time)

    @property
    def missing_after(self) -> int | None:
        """Return the seq after which bids are missing, to be fetched; None when none are.

        A slow socket gets states without bids, and a large batch brings only its newest.
        """
        if self.state is None:
            return None
        newest = self.bids[-1].seq if self.bids else 0
        if newest >= self.state.seq:
            return None
        return max(newest, self.state.seq - BIDS_KEPT_MAX)

    def take_bids(self, bids: Iterable[Bid]) -> None:
        """Add the bids that follow those that are here; what lies behind a hole waits for it."""
        for bid in bids:
            newest = self.bids[-1].seq if self.bids else 0
            oldest_wanted = (self.state.seq if self.state else 0) - BIDS_KEPT_MAX + 1
            if bid.seq > newest + 1 and newest + 1 < oldest_wanted <= bid.seq:
                self.bids.clear()
            elif bid.seq != newest + 1:
                continue
            self.bids.append(bid)

    def set_view(self, view: AuctionView) -> None:
        """Take the listing, the currency, and the relation of the user to the auction."""
        self.view = view
        if self.state is None or view.state.version > self.state.version:
            self.state = view.state
        if view.you is not None:
            self._you = view.you

    def answered(self, receipt: BidReceipt) -> None:
        """Take the receipt of a bid: it has the public name and the maximum of the user."""
        known = self._you or You()
        self._you = known.model_copy(
            update={"bidder": receipt.bidder, "max_amount": receipt.max_amount}
        )

    def set_own_bid(self, you: You) -> None:
        """Take in where the user's bid is, which may have been made elsewhere."""
        known = self._you or You()
        self._you = known.model_copy(update={"bidder": you.bidder, "max_amount": you.max_amount})

    def set_watching(self, *, on: bool) -> None:
        """Set whether the auction is on the watchlist."""
        self._you = (self._you or You()).model_copy(update={"watching": on})
