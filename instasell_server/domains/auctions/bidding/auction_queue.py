"""Queue bids until their batch is decided: one queue for each auction that is bid on."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple

from instasell_server.domains.auctions.bid_records import BidCommand
from instasell_server.domains.auctions.bidding.bid_batch import Answer


class PendingBid(NamedTuple):
    """A command and the future that its bidder waits for."""

    command: BidCommand
    answer: asyncio.Future[Answer]
    since: float


class AuctionQueue:
    """The bids that wait for one auction, and since when its Redis lock is held."""

    __slots__ = ("busy", "held_since", "id", "not_before", "waiting")

    def __init__(self, auction_id: str) -> None:
        self.id = auction_id
        self.waiting: deque[PendingBid] = deque()
        self.busy = False
        self.not_before = 0.0
        self.held_since: float | None = None
