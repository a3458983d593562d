"""The time in which an auction is open, its extensions, and buying at once."""

from datetime import datetime, timedelta

import pytest

from instasell_server.domains.auctions.formats.base import (
    AuctionSnapshot,
    BidAccepted,
    BidRefused,
    BidRowKind,
    ClosingResult,
    Status,
    is_due_to_end,
    is_due_to_start,
    is_open,
)
from instasell_server.domains.auctions.formats.english import closing_result, initial_snapshot

from .play import EARLY, END, MICROSECOND, START, Play, terms

NOT_OPEN = BidRefused("auction_not_open")
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("at", "taken"),
    [
        (START - MICROSECOND, False),
        (START, True),
        (END - MICROSECOND, True),
        (END, False),
        (END + MICROSECOND, False),
    ],
)
@pytest.mark.parametrize("status", ["pending", "live"])
def test_open_from_the_start_to_just_before_the_end(
    status: Status, at: datetime, taken: bool
) -> None:
    game = Play(terms())
    game.standing = initial_snapshot(END, status)
    assert is_open(game.terms, game.standing, at) is taken
    verdict = game.offer("a", 100, at=at)
    assert isinstance(verdict, BidAccepted) if taken else verdict == NOT_OPEN
    assert game.standing.status == status, "starting an auction is not a bid's business"


@pytest.mark.parametrize("status", ["ended", "cancelled"])
def test_closed_whatever_the_hour(status: Status) -> None:
    game = Play(terms(buy_now=5000))
    game.standing = initial_snapshot(END, status)
    assert not is_open(game.terms, game.standing, EARLY)
    assert game.offer("a", 100) == NOT_OPEN
    assert game.offer("a", kind=BidRowKind.BUY_NOW) == NOT_OPEN


@pytest.mark.parametrize(
    ("left", "extended"),
    [
        (timedelta(hours=1), False),
        (5 * SECOND + MICROSECOND, False),
        (5 * SECOND, False),
        (5 * SECOND - MICROSECOND, True),
        (MICROSECOND, True),
    ],
)
def test_less_than_the_window_left_extends_from_where_the_end_was(
    left: timedelta, extended: bool
) -> None:
    game = Play(terms(extension=7))
    verdict = game.accept("a", 100, at=END - left)
    assert verdict.extended is extended
    assert game.standing.end_at == (END + 7 * SECOND if extended else END)


def test_a_window_longer_than_a_day() -> None:
    game = Play(terms(window=2 * 86_400, extension=2 * 86_400), end_at=START + timedelta(days=3))
    assert not game.accept("a", 100, at=START + timedelta(days=1)).extended
    assert game.accept("b", 200, at=START + timedelta(days=1, microseconds=1)).extended


def test_a_window_of_zero_never_extends() -> None:
    game = Play(terms(window=0, extension=0))
    assert not game.accept("a", 100, at=END - MICROSECOND).extended
    assert game.standing.end_at == END


@pytest.mark.parametrize("extension", [5, 60])
def test_bids_judged_together_extend_once(extension: int) -> None:
    game = Play(terms(extension=extension))
    at = END - MICROSECOND
    extended = [
        game.accept(who, amount, at=at).extended for who, amount in [("a", 100), ("b", 200)]
    ]
    assert extended == [True, False]
    assert game.standing.end_at == END + extension * SECOND


def test_each_late_bid_extends_again() -> None:
    game = Play(terms())
    at = END - SECOND
    for number, amount in enumerate([100, 200, 300, 400], 1):
        assert game.accept(f"bidder {number}", amount, at=at).extended
        assert game.standing.end_at == END + number * 5 * SECOND
        at = game.standing.end_at - SECOND
    assert game.offer("late", 900, at=game.standing.end_at) == NOT_OPEN


def test_raises_and_bids_that_are_outbid_at_once_extend_too() -> None:
    game = Play(terms())
    game.accept("a", None, 900)
    assert game.accept("a", None, 2000, at=END - SECOND).kind == BidRowKind.RAISE
    assert game.standing.end_at == END + 5 * SECOND
    verdict = game.accept("b", 200, at=END + 4 * SECOND)
    assert verdict.outbid_at_once
    assert verdict.extended
    assert game.standing.end_at == END + 10 * SECOND


def test_refused_bids_never_extend() -> None:
    game = Play(terms(buy_now=5000))
    game.accept("a", None, 900)
    late = END - MICROSECOND
    before = game.standing
    for refused in [
        game.offer("b", 100, at=late),
        game.offer("a", None, 900, at=late),
        game.offer("seller", 900, at=late),
        game.offer("b", kind=BidRowKind.BUY_NOW, at=late),
    ]:
        assert isinstance(refused, BidRefused)
    assert game.standing is before


@pytest.mark.parametrize(
    ("status", "at", "start_due", "end_due"),
    [
        ("pending", START - MICROSECOND, False, False),
        ("pending", START, True, False),
        ("pending", END, True, True),
        ("live", START, False, False),
        ("live", END - MICROSECOND, False, False),
        ("live", END, False, True),
        ("ended", END, False, False),
        ("cancelled", END, False, False),
    ],
)
def test_what_the_workers_have_to_do(
    status: Status, at: datetime, start_due: bool, end_due: bool
) -> None:
    standing = initial_snapshot(END, status)
    assert is_due_to_start(terms(), standing, at) is start_due
    assert is_due_to_end(standing, at) is end_due


BUY = BidRowKind.BUY_NOW
UNAVAILABLE = BidRefused("buy_now_unavailable")


def test_buy_now_sells_at_its_price_at_once() -> None:
    game = Play(terms(buy_now=5000))
    verdict = game.accept("a", kind=BUY)
    assert verdict == (
        AuctionSnapshot("ended", END, 5000, "a", 5000, None, True, 1, 1),
        BUY, 1, 1, 5000, 5000, 5000, "a", False, False, None, True,
    )  # fmt: skip
    assert closing_result(game.terms, game.standing) == ClosingResult("a", 5000, True)
    assert game.offer("b", kind=BUY) == NOT_OPEN
    assert game.offer("b", 9000) == NOT_OPEN


@pytest.mark.parametrize(
    ("reserve", "bids", "open_"),
    [
        pytest.param(None, [], True, id="no bids"),
        pytest.param(None, [("x", 100)], False, id="a bid"),
        pytest.param(2000, [], True, id="reserve, no bids"),
        pytest.param(2000, [("x", 1999)], True, id="reserve not met"),
        pytest.param(2000, [("x", 2000)], False, id="reserve met"),
    ],
)
def test_buy_now_is_open_until_the_first_bid_or_until_the_reserve_is_met(
    reserve: int | None, bids: list[tuple[str, int]], open_: bool
) -> None:
    game = Play(terms(reserve=reserve, buy_now=5000))
    for who, amount in bids:
        game.accept(who, amount)
    verdict = game.offer("a", kind=BUY)
    assert isinstance(verdict, BidAccepted) if open_ else verdict == UNAVAILABLE


def test_buy_now_of_an_auction_without_such_a_price() -> None:
    assert Play(terms()).offer("a", kind=BUY) == UNAVAILABLE


def test_buy_now_at_another_price_than_the_buyer_saw() -> None:
    game = Play(terms(buy_now=5000))
    assert game.offer("a", 4999, kind=BUY) == BidRefused("buy_now_unavailable", 5000)
    assert game.accept("a", 5000, kind=BUY).ended


def test_the_seller_does_not_buy_their_own_item() -> None:
    assert Play(terms(buy_now=5000)).offer("seller", kind=BUY) == BidRefused("seller_cannot_bid")


def test_buy_now_over_bids_below_the_reserve_keeps_the_runner_up() -> None:
    game = Play(terms(reserve=2000, buy_now=5000))
    game.accept("a", 900)
    game.accept("b", 1000)
    verdict = game.accept("c", kind=BUY)
    assert (verdict.seq, verdict.bidder_no, verdict.previous_leader) == (3, 3, "b")
    assert verdict.standing.runner_up_max == 1000
    game = Play(game.terms)
    game.accept("a", 900)
    game.accept("b", 1000)
    verdict = game.accept("b", kind=BUY)
    assert (verdict.seq, verdict.bidder_no, verdict.standing.bidder_count) == (3, 2, 2)
    assert verdict.standing.runner_up_max == 900


def test_buy_now_in_the_last_second_extends_nothing() -> None:
    game = Play(terms(buy_now=5000))
    verdict = game.accept("a", kind=BUY, at=END - MICROSECOND)
    assert (verdict.extended, verdict.standing.end_at) == (False, END)
    assert game.offer("b", kind=BUY, at=END) == NOT_OPEN


def test_a_bid_of_the_buy_now_price_or_more_is_only_a_bid() -> None:
    game = Play(terms(buy_now=5000))
    verdict = game.accept("a", 6000)
    assert (verdict.kind, verdict.price_after, verdict.ended) == (BidRowKind.BID, 6000, False)
    assert game.standing.status == "live"
