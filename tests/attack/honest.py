"""Honest bidders: they bid at a steady rate, and every answer's time is kept."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.support.sockets import LiveSocket, SocketEnded

BIDS_PER_SECOND = 6.0
"""Of each bidder: below the default limit of 600 bids a minute."""


@dataclass
class Bids:
    """Hold the bids of honest bidders in one phase: milliseconds until each answer, and answers."""

    milliseconds: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    def quantile(self, share: float) -> float:
        """Return the time in milliseconds under which this share of the answers came."""
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class HonestBidders:
    """Bidders with a socket and an auction each, which nobody else bids on."""

    def __init__(self, sockets: list[LiveSocket], auction_ids: list[str]) -> None:
        self._pairs = list(zip(sockets, auction_ids, strict=True))
        self._numbers = itertools.count(1)

    async def bid_while(self, phase: asyncio.Future[object]) -> Bids:
        """Bid until the phase is over; what was sent by then is waited for."""
        bids = Bids()
        await asyncio.gather(*(self._bid(*pair, phase, bids) for pair in self._pairs))
        return bids

    async def bid_for(self, seconds: float) -> Bids:
        """Bid for some seconds."""
        return await self.bid_while(asyncio.ensure_future(asyncio.sleep(seconds)))

    async def _bid(
        self, socket: LiveSocket, auction_id: str, phase: asyncio.Future[object], bids: Bids
    ) -> None:
        while not phase.done():
            number = next(self._numbers)
            sent_at = time.perf_counter()
            try:
                answer = await socket.bid(auction_id, f"bid-{number}", max_amount=100 + number)
            except (SocketEnded, TimeoutError) as error:
                bids.answers[type(error).__name__] += 1
                return
            took = time.perf_counter() - sent_at
            bids.milliseconds.append(took * 1000)
            outcome = answer["data"].get("code", "ok") if answer["event"] == "error" else "ok"
            bids.answers[outcome] += 1
            await asyncio.wait([phase], timeout=max(0.0, 1 / BIDS_PER_SECOND - took))
