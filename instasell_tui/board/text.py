"""Write what happens to an auction that the user cares for, in a sentence. Pure: no widgets."""

from __future__ import annotations

from instasell_client.models.auctions import BELOW_RESERVE
from instasell_tui.board.state import BoardAuction
from instasell_tui.widgets.formats import money, safe_text
from instasell_tui.widgets.tone import Tone, TonedText


def outbid(auction: BoardAuction, currency: str) -> TonedText:
    """Return the text for a user who does not lead any more."""
    minimum = money(auction.state.minimum_bid, currency)
    return f"▼ Outbid: {minimum} or more leads again", Tone.BAD


def result(auction: BoardAuction, currency: str) -> TonedText:
    """Return the text about an auction that is over."""
    state, price = auction.state, money(auction.price, currency)
    if auction.won:
        return f"▲ You won at {price}", Tone.GOOD
    if state.winner is not None:
        return f"■ {safe_text(state.winner)} won at {price}", Tone.BAD
    if state.ended_below_reserve:
        return f"■ {BELOW_RESERVE}", Tone.PLAIN
    return f"■ {state.status.value.capitalize()} without a bid", Tone.PLAIN
