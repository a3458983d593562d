"""Hold the state of a recorded market at one moment. Pure: no I/O, no clock.

Listings and categories do not change, and are known from the beginning; prices, bids and ends are
known as far as the recording was played.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from instasell_client.live import AuctionChange, BidsPlaced, apply_change
from instasell_client.models.auctions import (
    AuctionState,
    AuctionStatus,
    AuctionStatusReply,
    AuctionView,
    Bid,
    BidList,
    LivePage,
    You,
)
from instasell_client.models.base import Reply
from instasell_client.models.listings import CategoryTree
from instasell_client.models.live import JoinedAuction, JoinedBoard
from instasell_tui.recording.file_format import Moment, RecordedPosition, you_of

BIDS_AT_ONCE_MAX = 500
_OPEN = (AuctionStatus.PENDING, AuctionStatus.LIVE)
_AUCTION = re.compile(r"/auctions/([0-9a-f-]{36})(/status|/bids)?")


class ReplayState:
    """Takes moments in and answers as the market would have at the last of them."""

    def __init__(self, moments: Iterable[Moment]) -> None:
        self.states: dict[str, AuctionState] = {}
        self._you: dict[str, RecordedPosition] = {}
        self._views: dict[str, AuctionView] = {}
        self._bids: defaultdict[str, dict[int, Bid]] = defaultdict(dict)
        self._categories = CategoryTree(items=[])
        for moment in moments:
            self._learn(moment)

    def _learn(self, moment: Moment) -> None:
        """Keep the content that counts at every moment: listings, and bids by their numbers."""
        content = moment.content
        if isinstance(content, CategoryTree):
            self._categories = content
        elif isinstance(content, AuctionView):
            self._views[content.state.auction_id] = content
        elif isinstance(content, BidList):
            found = _AUCTION.fullmatch(moment.path or "")
            if found is not None:
                self._keep(found.group(1), content.items)
        elif isinstance(content, JoinedAuction):
            self._keep(content.auction_id, content.missed)
        elif isinstance(content, BidsPlaced | AuctionChange):
            self._keep(content.data.auction_id, content.data.bids)

    def _keep(self, auction_id: str, bids: Iterable[Bid]) -> None:
        self._bids[auction_id].update((bid.seq, bid) for bid in bids)

    def take(self, moment: Moment) -> RecordedPosition | None:
        """Take one more moment; return what it tells of the recording user."""
        content = moment.content
        if isinstance(content, BidsPlaced | AuctionChange):
            self._change(content)
        elif isinstance(content, JoinedBoard):
            self._see(content.auctions)
        elif isinstance(content, LivePage):
            self._see(content.items)
        elif isinstance(content, JoinedAuction | AuctionView | AuctionStatusReply):
            self._see([content.state])
        told = you_of(content)
        return None if told is None else self._recognise(told)

    def _change(self, change: BidsPlaced | AuctionChange) -> None:
        known = self.states.get(change.data.auction_id)
        if known is not None:
            self.states[known.auction_id] = apply_change(known, change)
        elif isinstance(change, AuctionChange) and change.data.state is not None:
            self._see([change.data.state])

    def _see(self, states: Iterable[AuctionState]) -> None:
        for state in states:
            known = self.states.get(state.auction_id)
            if known is None or state.version > known.version:
                self.states[state.auction_id] = state

    def _recognise(self, told: RecordedPosition) -> RecordedPosition:
        known = self._you.get(told.auction_id, told)
        changes = told.model_dump(exclude_none=True)
        self._you[told.auction_id] = known.model_copy(update=changes)
        return self._you[told.auction_id]

    # What it answers --------------------------------------------------------------------------

    def you(self, auction_id: str) -> You | None:
        """Return the relation of the recording user to an auction."""
        known = self._you.get(auction_id)
        if known is None:
            return None
        state = self.states.get(auction_id)
        return You(
            bidder=known.bidder,
            leading=state is not None and known.bidder is not None and state.leader == known.bidder,
            is_seller=bool(known.is_seller),
            watching=bool(known.watching),
        )

    def board(self, now: datetime) -> JoinedBoard:
        """Return the auctions that were open."""
        return JoinedBoard(auctions=self._open(), server_time=now)

    def joined(self, auction_id: str, after_seq: int | None, now: datetime) -> JoinedAuction | None:
        """Return one auction, and what is known of its bids after `after_seq`."""
        state = self.states.get(auction_id)
        if state is None:
            return None
        missed = [] if after_seq is None else self._bids_of(auction_id, after_seq)
        kept = missed[-BIDS_AT_ONCE_MAX:]
        return JoinedAuction(
            auction_id=auction_id,
            version=state.version,
            seq=state.seq,
            state=state,
            you=self.you(auction_id),
            missed=kept,
            truncated=len(kept) < state.seq - (after_seq if after_seq is not None else state.seq),
            server_time=now,
        )

    def answer(self, path: str, query: Mapping[str, str], now: datetime) -> Reply | None:
        """Return the answer to a call, or None where the recording has none."""
        if path == "/categories":
            return self._categories
        if path == "/auctions/live":
            states = sorted(self._open(), key=lambda each: each.auction_id not in self._views)
            return LivePage(items=states[: _number(query, "limit", 50)], server_time=now)
        found = _AUCTION.fullmatch(path)
        state = self.states.get(found.group(1)) if found else None
        if found is None or state is None:
            return None
        if found.group(2) == "/status":
            return AuctionStatusReply(state=state, server_time=now)
        if found.group(2) == "/bids":
            return self._bid_list(state.auction_id, query)
        view = self._views.get(state.auction_id)
        told = {"state": state, "you": self.you(state.auction_id), "server_time": now}
        return None if view is None else view.model_copy(update=told)

    def _open(self) -> list[AuctionState]:
        return [state for state in self.states.values() if state.status in _OPEN]

    def _bids_of(self, auction_id: str, after_seq: int) -> list[Bid]:
        known, last = self._bids[auction_id], self.states[auction_id].seq
        return [known[seq] for seq in sorted(known) if after_seq < seq <= last]

    def _bid_list(self, auction_id: str, query: Mapping[str, str]) -> BidList:
        bids = self._bids_of(auction_id, _number(query, "after_seq", 0))
        limit = _number(query, "limit", 100)
        more = len(bids) > limit
        return BidList(items=bids[:limit], next=bids[limit - 1].seq if more else None)


def _number(query: Mapping[str, str], name: str, otherwise: int) -> int:
    text = query.get(name, "")
    return int(text) if text.isdecimal() else otherwise
