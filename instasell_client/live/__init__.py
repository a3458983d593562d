"""Live auctions over one WebSocket: `async with client.live() as live`.

    async for event in live.auction(auction_id):
        ...
    receipt = await live.bid(auction_id, amount=1250)

The session reconnects by itself, joins everything again and resumes by `seq`: a feed never yields
an event twice, and never leaves one out without saying so.
"""

from __future__ import annotations

from instasell_client.live.events import (
    AuctionChange,
    AuctionEvent,
    BidsPlaced,
    BoardEvent,
    BoardJoined,
    Joined,
    Notice,
    applied,
)
from instasell_client.live.feeds import AuctionFeed, BoardFeed, Feed, NoticeFeed
from instasell_client.live.retry import Patience
from instasell_client.live.session import ConnectionState, LiveSession, StateCallback

__all__ = [
    "AuctionChange",
    "AuctionEvent",
    "AuctionFeed",
    "BidsPlaced",
    "BoardEvent",
    "BoardFeed",
    "BoardJoined",
    "ConnectionState",
    "Feed",
    "Joined",
    "LiveSession",
    "Notice",
    "NoticeFeed",
    "Patience",
    "StateCallback",
    "applied",
]
