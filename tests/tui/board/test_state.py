"""The board's state by version."""

from __future__ import annotations

from datetime import timedelta

import pytest

from instasell_client.models.auctions import You
from instasell_tui.board.state import BoardColumn, BoardQuery, BoardState, Tab
from tests.tui.samples import NOW, SELLER, auction_id, bid, changed, placed, state


def board(*numbers: int) -> BoardState:
    """A board with these auctions, of which everything has been drawn."""
    lots = BoardState()
    lots.restart([state(number) for number in numbers])
    lots.drain()
    return lots


def test_an_older_version_changes_nothing() -> None:
    lots = board(1)
    lots.apply(placed(3, bid(1), bid(2)), NOW)
    assert lots.drain() is not None
    for late in (placed(2, bid(1)), placed(3, bid(1))):
        lots.apply(late, NOW)
        lots.put(state(1, version=2))
    assert lots.drain() is None
    lot = lots.get(auction_id(1))
    assert lot is not None
    assert (lot.price, lot.state.version) == (1200, 3)


def test_a_thousand_changes_of_one_auction_are_one_change_to_draw() -> None:
    lots = board(1, 2)
    for seq in range(1, 1001):
        lots.apply(placed(seq + 1, bid(seq)), NOW)
    changes = lots.drain()
    assert changes is not None
    assert (changes.auction_ids, changes.rows) == (frozenset({auction_id(1)}), False)
    assert lots.drain() is None
    lot = lots.get(auction_id(1))
    assert lot is not None
    assert lot.state.bid_count == 1000
    assert len(lot.prices) == 48
    assert lot.prices[-1] == lot.price


def test_a_change_of_an_unknown_auction_is_handed_back() -> None:
    lots = board(1)
    assert lots.apply(placed(2, bid(1), number=9), NOW) is None
    whole = changed("auction_started", 1, number=8, state=state(8))
    assert lots.apply(whole, NOW) is not None
    changes = lots.drain()
    assert changes is not None
    assert changes.rows
    assert auction_id(8) in lots


def test_what_leaves_the_view_goes_unless_the_user_cares_for_it() -> None:
    lots = board(1, 2)
    lots.set_watched(auction_id(2), on=True)
    lots.drain()
    for number in (1, 2, 9):
        lots.apply(changed("auction_left", 1, number=number), NOW)
    assert auction_id(1) not in lots
    assert auction_id(2) in lots
    changes = lots.drain()
    assert changes is not None
    assert changes.rows


def test_what_is_over_stays_a_while_and_what_is_watched_stays() -> None:
    lots = board(1, 2)
    lots.set_watched(auction_id(2), on=True)
    for number in (1, 2):
        lots.apply(changed("auction_ended", 2, number=number, winner=None), NOW)
    lots.expire(NOW + timedelta(seconds=29))
    assert len(lots) == 2
    lots.expire(NOW + timedelta(seconds=31))
    assert [lot.auction_id for lot in lots.all()] == [auction_id(2)]


def test_a_snapshot_replaces_the_board_and_names_what_was_cared_for() -> None:
    lots = board(1, 2, 3)
    lots.set_watched(auction_id(2), on=True)
    lost = lots.restart([state(3, version=5), state(4)])
    assert lost == [auction_id(2)]
    assert {lot.auction_id for lot in lots.all()} == {auction_id(2), auction_id(3), auction_id(4)}


def test_who_one_is_decides_leading_outbid_and_won() -> None:
    lots = board(1)
    lots.set_you(auction_id(1), You(bidder="bidder-1"))
    lot = lots.get(auction_id(1))
    assert lot is not None
    lots.apply(placed(2, bid(1, bidder="bidder-1")), NOW)
    assert (lot.leading, lot.outbid) == (True, False)
    lots.apply(placed(3, bid(2, bidder="bidder-2")), NOW)
    assert (lot.leading, lot.outbid) == (False, True)
    lots.apply(changed("auction_ended", 4, winner="bidder-2", price=1200), NOW)
    assert (lot.won, lot.over, lot.mine) == (False, True, True)


def test_an_earlier_history_becomes_the_trend_up_to_the_price_now() -> None:
    lots = board(1)
    lots.apply(placed(9, bid(8)), NOW)
    lots.set_history(auction_id(1), [bid(1), bid(2), bid(3)])
    lot = lots.get(auction_id(1))
    assert lot is not None
    assert list(lot.prices) == [1000, 1100, 1200, 1300, 1800]


@pytest.mark.parametrize(
    ("column", "descending", "order"),
    [
        (BoardColumn.ENDS, False, [2, 1, 3]),
        (BoardColumn.TITLE, False, [1, 2, 3]),
        (BoardColumn.PRICE, True, [3, 2, 1]),
        (BoardColumn.BIDS, True, [1, 3, 2]),
        (BoardColumn.LEADER, False, [3, 1, 2]),
    ],
)
def test_every_column_sorts(column: BoardColumn, descending: bool, order: list[int]) -> None:
    lots = BoardState()
    lots.restart(
        [
            state(1, bid_count=9, leader="bidder-1", min_bid=10),
            state(2, end_at=NOW, min_bid=20),
            state(3, bid_count=5, leader="bidder-4", min_bid=30, end_at=NOW + timedelta(days=1)),
        ]
    )
    lots.set_you(auction_id(3), You(bidder="bidder-4"))
    found = lots.select(BoardQuery(column=column, descending=descending))
    assert [lot.auction_id for lot in found] == [auction_id(number) for number in order]


def test_tabs_words_and_categories_choose() -> None:
    lots = BoardState()
    lots.seller_id = SELLER
    lots.restart(
        [state(1, title="Red Watch"), state(2, title="Red clock", seller_id=auction_id(77))]
    )
    lots.set_watched(auction_id(2), on=True)

    def titles(query: BoardQuery) -> list[str]:
        return sorted(lot.title for lot in lots.select(query))

    assert titles(BoardQuery(text="RED")) == ["Red Watch", "Red clock"]
    assert titles(BoardQuery(text="watch red")) == ["Red Watch"]
    assert titles(BoardQuery(tab=Tab.WATCHING)) == ["Red clock"]
    assert titles(BoardQuery(tab=Tab.MINE)) == ["Red Watch"]
    assert titles(BoardQuery(categories=frozenset({"other"}))) == []


def test_nothing_of_a_person_is_left_after_a_sign_out() -> None:
    lots = board(1)
    lots.set_you(auction_id(1), You(bidder="bidder-1"))
    lots.set_watched(auction_id(1), on=True)
    lots.forget_person()
    lots.restart([state(1)])
    lot = lots.get(auction_id(1))
    assert lot is not None
    assert (lot.you, lot.watching, lots.you(auction_id(1))) == (None, False, None)


def test_a_day_of_a_busy_market_leaves_no_more_than_what_is_open() -> None:
    lots, now = board(*range(50)), NOW
    for number in range(1000, 4000):
        now += timedelta(seconds=1)
        lots.put(state(number), now)
        lots.set_you(auction_id(number), You(watching=False))
        for seq in range(1, 4):
            lots.apply(placed(seq + 1, bid(seq), number=number), now)
        lots.apply(changed("auction_ended", 5, number=number, winner="bidder-1"), now)
        lots.expire(now)
        # Those that have ended stay for half a minute.
        assert len(lots) <= 50 + 31 + 1
    lots.expire(now + timedelta(minutes=1))
    assert len(lots) == 50
    assert lots.you(auction_id(2000)) is None
    assert all(len(lot.prices) <= 48 for lot in lots.all())
