"""Simulated bidders: each has a worth in mind for every lot, and bids over the live socket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from instasell_client import (
    AlreadyLeading,
    AsyncInstaSell,
    AuctionNotOpen,
    BidTooLow,
    LiveSession,
    apply_change,
)
from instasell_client.models.auctions import AuctionState, BidReceipt, You

QUIET_SECONDS = 6.5
"""Simulated bidders keep out of the last seconds; what happens there is left to the latecomer."""


@dataclass
class DemoAuction:
    """An auction as a bidder follows it."""

    state: AuctionState
    worth: int
    bidder: str | None = None

    @property
    def is_open(self) -> bool:
        """Return whether the auction accepts bids."""
        return self.state.status.value in ("pending", "live")

    def left_seconds(self, now: datetime) -> float:
        """Return the seconds until the auction ends."""
        return (self.state.end_at - now).total_seconds()


@dataclass
class Bidder:
    """One person with one socket. `pause_seconds` is how long it thinks at most between bids."""

    name: str
    client: AsyncInstaSell
    source: Random
    pause_seconds: float = 2.0
    quiet_seconds: float = QUIET_SECONDS
    lots: dict[str, DemoAuction] = field(default_factory=dict)

    async def run(self, auctions: Mapping[str, int]) -> None:
        """Bid until all of these auctions are over; `auctions` has what each is worth."""
        async with self.client.live() as live, asyncio.TaskGroup() as group:
            for auction_id, worth in auctions.items():
                group.create_task(self._follow(live, auction_id, worth))
            group.create_task(self._bid(live, len(auctions)))

    async def _follow(self, live: LiveSession, auction_id: str, worth: int) -> None:
        async for event in live.auction(auction_id):
            lot = self.lots.get(auction_id)
            if event.event == "joined":
                bidder = (event.data.you or You()).bidder
                self.lots[auction_id] = lot = DemoAuction(event.data.state, worth, bidder)
            elif lot is not None:
                lot.state = apply_change(lot.state, event)
            if lot is not None and not lot.is_open:
                return

    async def _bid(self, live: LiveSession, count: int) -> None:
        while len(self.lots) < count or any(lot.is_open for lot in self.lots.values()):
            await asyncio.sleep(self.source.uniform(0.2, 1.0) * self.pause_seconds)
            wanted = [lot for lot in self.lots.values() if self._wants(lot, live.server_now())]
            if wanted:
                await bid(live, self.source.choice(wanted), self.source)

    def _wants(self, lot: DemoAuction, now: datetime) -> bool:
        leads = lot.bidder is not None and lot.state.leader == lot.bidder
        in_time = lot.left_seconds(now) > self.quiet_seconds
        return lot.is_open and in_time and not leads and lot.state.minimum_bid <= lot.worth


async def bid(live: LiveSession, lot: DemoAuction, source: Random) -> BidReceipt | None:
    """Bid the minimum, now and then with a maximum above it; return None when it came too late."""
    minimum = lot.state.minimum_bid
    above = source.randrange(minimum, max(minimum, lot.worth) + 1) // 50 * 50
    maximum = max(minimum, above) if source.random() < 0.4 else None
    try:
        receipt = await live.bid(lot.state.auction_id, amount=minimum, max_amount=maximum)
    except (BidTooLow, AlreadyLeading, AuctionNotOpen):
        return None
    lot.bidder = receipt.bidder
    return receipt
