"""Live auctions over one WebSocket: `async with client.live() as live`.

    async for event in live.auction(auction_id):
        ...
    receipt = await live.bid(auction_id, amount=1250)

The session reconnects by itself, joins everything again and resumes by `seq`: a feed never yields
an event twice, and never leaves one out without saying so.
"""

from __future__ import annotations

from instasell_client.live.connection_state import ConnectionState, StateCallback
from instasell_client.live.events import (
    AccountEvent,
    AuctionChange,
    AuctionEvent,
    AuctionJoined,
    BidsPlaced,
    BoardEvent,
    BoardJoined,
    apply_change,
)
from instasell_client.live.feeds import AccountFeed, AuctionFeed, BoardFeed, EventFeed
from instasell_client.live.retry import RetryPolicy
from instasell_client.live.session import LiveSession

__all__ = [
    "AccountEvent",
    "AccountFeed",
    "AuctionChange",
    "AuctionEvent",
    "AuctionFeed",
    "AuctionJoined",
    "BidsPlaced",
    "BoardEvent",
    "BoardFeed",
    "BoardJoined",
    "ConnectionState",
    "EventFeed",
    "LiveSession",
    "RetryPolicy",
    "StateCallback",
    "apply_change",
]
