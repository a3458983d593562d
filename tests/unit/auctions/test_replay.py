"""A replay names each difference between the books and the rules."""

from datetime import timedelta

import pytest

from instasell_server.domains.auctions.formats.base import BidRowKind, Status
from instasell_server.domains.auctions.replay import Difference, ReplayedBid, Value, replay

from .play import EARLY, END, MICROSECOND, Play, terms

LATE = END - timedelta(seconds=1)


@pytest.fixture
def game() -> Play:
    game = Play(terms())
    game.accept("a", None, 900)
    game.accept("b", 500)
    game.accept("a", None, 2000, at=LATE)
    return game


def changed(game: Play, index: int, **fields: object) -> list[ReplayedBid]:
    rows = list(game.rows)
    rows[index] = rows[index]._replace(**fields)  # type: ignore[arg-type]
    return rows


def test_no_bids_no_difference() -> None:
    game = Play(terms(reserve=500))
    assert replay(game.terms, END, [], game.standing) == ([], game.standing)


@pytest.mark.parametrize(
    ("field", "wrong", "right"),
    [
        ("seq", 5, 2),
        ("bidder_no", 1, 2),
        ("kind", "raise", "bid"),
        ("amount", 499, 500),
        ("price_after", 500, 550),
        ("leader_after", "b", "a"),
        ("leader_no_after", 2, 1),
        ("extended", True, False),
    ],
)
def test_each_field_of_a_row_is_named(game: Play, field: str, wrong: Value, right: Value) -> None:
    rows = changed(game, 1, **{field: wrong})
    differences, standing = replay(game.terms, END, rows, game.standing)
    assert differences == [Difference(field, 2, right, wrong)]
    assert standing == game.standing


def test_a_row_that_the_rules_refuse_and_what_follows_from_its_absence(game: Play) -> None:
    rows = changed(game, 0, max_amount=90)
    differences, standing = replay(game.terms, END, rows)
    assert differences[0] == Difference("verdict", 1, "bid_too_low (minimum 100)", "accepted")
    assert Difference("bidder_no", 2, 1, 2) in differences
    assert standing.seq == 3


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"created_at": END}, "auction_not_open"),
        ({"bidder_id": "seller"}, "seller_cannot_bid"),
        ({"bidder_id": "a"}, "already_leading (minimum 901)"),
        ({"kind": "buy_now"}, "buy_now_unavailable"),
        ({"kind": "gift"}, "'gift' is not a valid BidRowKind"),
        ({"offered_amount": None, "max_amount": None}, "an offer needs an amount or a max_amount"),
        ({"max_amount": 499}, "amount must not be above max_amount"),
    ],
)
def test_rows_that_could_not_have_been_accepted(
    game: Play, fields: dict[str, object], why: str
) -> None:
    differences, _ = replay(game.terms, END, changed(game, 1, **fields))
    assert differences[0] == Difference("verdict", 2, why, "accepted")


def test_a_refused_row_with_a_wrong_number_tells_both(game: Play) -> None:
    differences, _ = replay(game.terms, END, changed(game, 1, created_at=END, seq=7))
    assert differences[:2] == [
        Difference("verdict", 2, "auction_not_open", "accepted"),
        Difference("seq", 2, 2, 7),
    ]


def test_the_end_is_proved_to_the_microsecond(game: Play) -> None:
    extended = END + timedelta(seconds=5)
    found = game.standing._replace(end_at=extended + MICROSECOND)
    assert replay(game.terms, END, game.rows, found).differences == [
        Difference("end_at", None, extended, extended + MICROSECOND)
    ]
    earlier = changed(game, 2, created_at=EARLY, extended=False)
    assert replay(game.terms, END, earlier, game.standing).differences == [
        Difference("end_at", None, END, extended)
    ]


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("price", 551),
        ("leader_id", "b"),
        ("leader_max", 1999),
        ("runner_up_max", None),
        ("reserve_met", False),
        ("seq", 2),
        ("bidder_count", 3),
    ],
)
def test_each_field_of_the_auction_is_named(game: Play, field: str, wrong: Value) -> None:
    found = game.standing._replace(**{field: wrong})  # type: ignore[arg-type]
    assert replay(game.terms, END, game.rows, found).differences == [
        Difference(field, None, getattr(game.standing, field), wrong)
    ]


@pytest.mark.parametrize("status", ["pending", "live", "ended", "cancelled"])
def test_workers_and_admins_move_the_status_without_a_bid(game: Play, status: Status) -> None:
    found = game.standing._replace(status=status)
    assert replay(game.terms, END, game.rows, found).differences == []


def test_a_sale_by_buy_now_must_have_ended_the_auction() -> None:
    game = Play(terms(buy_now=5000))
    game.accept("a", 5000, kind=BidRowKind.BUY_NOW)
    assert replay(game.terms, END, game.rows, game.standing).differences == []
    found = game.standing._replace(status="live")
    assert replay(game.terms, END, game.rows, found).differences == [
        Difference("status", None, "ended", "live")
    ]


def test_an_auction_closed_before_its_end(game: Play) -> None:
    found = game.standing._replace(status="ended")
    end_at = found.end_at
    for closed_at in (end_at, end_at + MICROSECOND, None):
        assert replay(game.terms, END, game.rows, found, closed_at).differences == []
    early = end_at - MICROSECOND
    assert replay(game.terms, END, game.rows, found, early).differences == [
        Difference("closed_at", None, end_at, early)
    ]


def test_columns_that_a_row_does_not_bring_are_not_compared(game: Play) -> None:
    rows = [row._replace(leader_no_after=None, extended=None) for row in game.rows]
    assert replay(game.terms, END, rows, game.standing).differences == []


def test_rows_may_come_one_by_one(game: Play) -> None:
    assert replay(game.terms, END, iter(game.rows), game.standing).differences == []
