"""Bids on one auction, by the smallest step, until it is won or has become too dear.

    INSTASELL_TOKEN="$(instasell auth token)" python examples/script_on_the_client.py ID 25.00

Exit 0 when the auction was won, 3 when it was not. The address of the market is INSTASELL_URL.
"""

from __future__ import annotations

import asyncio
import sys

from instasell_client import (
    AlreadyLeading,
    AsyncInstaSell,
    AuctionNotOpen,
    BidTooLow,
    LiveSession,
    apply_change,
    resolve_target,
)
from instasell_client.models.auctions import AuctionState
from instasell_client.models.money import format_amount, parse_amount


async def follow(live: LiveSession, auction_id: str, limit: int) -> bool:
    """Bid whenever another bidder leads; return whether the auction was won in the end."""
    me: str | None = None
    state: AuctionState | None = None
    async for event in live.auction(auction_id):
        if event.event == "joined":
            state, you = event.data.state, event.data.you
            me = you.bidder if you else None
        elif state is not None:
            state = apply_change(state, event)
        if state is None:
            continue
        if state.status.value in ("ended", "cancelled"):
            print(f"{state.status.value}: {state.winner or 'nobody'} won {state.title}")
            return me is not None and state.winner == me
        if (me is None or state.leader != me) and state.minimum_bid <= limit:
            me = await place(live, state) or me
    return False


async def place(live: LiveSession, state: AuctionState) -> str | None:
    """Bid the minimum; the answer says which bidder we are. Return None when it came too late."""
    try:
        receipt = await live.bid(state.auction_id, amount=state.minimum_bid)
    except (BidTooLow, AlreadyLeading, AuctionNotOpen) as refusal:
        print(f"not taken: {refusal}")
        return None
    print(f"{receipt.outcome.value} at {format_amount(receipt.current_bid)}")
    return receipt.bidder


async def main(auction_id: str, limit: int) -> int:
    """Run until the auction is over."""
    target = resolve_target()
    async with AsyncInstaSell(target.url, target.token) as client, client.live() as live:
        return 0 if await follow(live, auction_id, limit) else 3


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(asyncio.run(main(sys.argv[1], parse_amount(sys.argv[2]))))
