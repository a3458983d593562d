"""Each state has a sign or a word of its own, which is there without any colour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from instasell_client import AsyncInstaSell, ConnectionState
from instasell_client.models.auctions import You
from instasell_tui.auction import text as auction_text
from instasell_tui.auction.state import AuctionPageState
from instasell_tui.board.lines import BoardLayout, LineInputs, line_parts
from instasell_tui.board.state import BoardState
from instasell_tui.market.bars import connection, person
from instasell_tui.market.connection import MarketConnection
from instasell_tui.widgets.formats import countdown
from tests.tui.samples import NOW, SELLER, auction_id, bid, joined, placed, state

ME, OTHER = "bidder-2", "bidder-1"


def sale(leader: str, **changes: object) -> AuctionPageState:
    """An auction in which one has bid, with one bid on it."""
    made = AuctionPageState(auction_id(1))
    at = state(leader=leader, current_bid=1100, minimum_bid=1150, bid_count=1, seq=1, **changes)
    made.apply(joined(at, bid(1, bidder=leader), you=You(bidder=ME)))
    return made


def on_board(leader: str, seconds: float = 3600, *, mine: str = "bid") -> str:
    """A line of the board; one has bid there, or watches it, or sells it."""
    lots = BoardState()
    lots.seller_id = SELLER if mine == "sell" else None
    lots.put(state(leader=leader, bid_count=1, end_at=NOW + timedelta(seconds=seconds)))
    lots.set_watched(auction_id(1), on=mine == "watch")
    lots.set_you(auction_id(1), You(bidder=ME if mine == "bid" else None))
    lot = lots.get(auction_id(1))
    assert lot is not None
    parts = line_parts(lot, LineInputs.of(lot, BoardLayout.of(80), NOW, "USD"))
    return "".join(text for text, _ in parts)


def extended() -> str:
    """Return the message after a late bid."""
    made = sale(OTHER)
    late = placed(2, bid(2), auction_extended=True, end_at=NOW + timedelta(hours=1, seconds=5))
    made.apply(late)
    return auction_text.end(made, NOW, UTC)[0]


def feed(
    connected: ConnectionState, *, silent: float = 0, read_only: bool = False
) -> MarketConnection:
    """A feed that has not begun, in some state."""
    now = [NOW]

    def clock() -> datetime:
        return now[0]

    made = MarketConnection(
        AsyncInstaSell("http://market.example"), read_only=read_only, clock=clock
    )
    made._turned(connected)
    now[0] += timedelta(seconds=silent)
    return made


LOST = ConnectionState.RECONNECTING
STATES: dict[str, tuple[Callable[[], str], str]] = {
    "leading": (lambda: auction_text.place(sale(ME), "USD", NOW, UTC)[0], "▲ You lead"),
    "leading on the board": (lambda: on_board(ME), "▲ |you lead"),
    "outbid": (lambda: auction_text.place(sale(OTHER), "USD", NOW, UTC)[0], "▼ Outbid by bidder-1"),
    "outbid on the board": (lambda: on_board(OTHER), "▼ |outbid"),
    "watched on the board": (lambda: on_board(OTHER, mine="watch"), "★ |bidder-1"),
    "sold by oneself": (lambda: on_board(OTHER, mine="sell"), "◆ "),
    "calm": (lambda: countdown(61).text, "1m 01s"),
    "ending soon": (lambda: countdown(42).text, "! 42s"),
    "ending at once": (lambda: countdown(7.4).text, "!! 7.4s"),
    "ending soon on the board": (lambda: on_board(ME, 42), "! 42s"),
    "extended": (extended, "↻ extended by 5 s"),
    "reserve not met": (
        lambda: dict(auction_text.facts(sale(ME, has_reserve=True), "USD"))["Reserve"],
        "not met",
    ),
    "reserve met": (
        lambda: dict(auction_text.facts(sale(ME, has_reserve=True, reserve_met=True), "USD"))[
            "Reserve"
        ],
        "met",
    ),
    "live": (lambda: connection(feed(ConnectionState.LIVE), UTC), "● live"),
    "connecting": (
        lambda: connection(feed(ConnectionState.CONNECTING), UTC),
        "◌ connecting to http://market.example",
    ),
    "reconnecting": (lambda: connection(feed(LOST, silent=2), UTC), "◌ reconnecting"),
    "stale": (lambda: connection(feed(LOST, silent=70), UTC), "○ stale for 1m 10s; reconnecting"),
    "closed": (lambda: connection(feed(ConnectionState.CLOSED), UTC), "○ closed"),
    "read-only": (
        lambda: person(feed(ConnectionState.LIVE, read_only=True), ""),
        "read-only · watching only",
    ),
}
"""What shows a state, and what has to stand in it; parts that stand apart are divided by |."""


@pytest.mark.parametrize("name", STATES)
def test_a_state_is_clear_without_colour(name: str) -> None:
    show, told = STATES[name]
    text = show()
    assert all(part in text for part in told.split("|")), text


def test_no_two_states_look_alike() -> None:
    texts = [show() for show, _ in STATES.values()]
    assert len(set(texts)) == len(texts)
