"""Every line of the bidding rules as a case, with the figures worked out by hand."""

import pytest

from instasell_server.domains.auctions.formats.base import (
    AuctionTerms,
    BidAccepted,
    BidRefused,
    BidRequest,
    BidRowKind,
    ClosingResult,
)
from instasell_server.domains.auctions.formats.english import (
    closing_result,
    decide_bid,
    initial_snapshot,
    runner_up_price,
)
from instasell_server.domains.auctions.formats.increments import NONE

from .play import EARLY, END, START, Play, terms

Bid = tuple[str, int | None, int | None]
Shown = tuple[int, str, int, int | None]
"""(price, leader, the leader's maximum, the runner-up's maximum)."""


def play(what: AuctionTerms, bids: list[Bid]) -> tuple[Play, BidAccepted | BidRefused]:
    game = Play(what)
    verdicts = [game.offer(*bid) for bid in bids]
    return game, verdicts[-1]


@pytest.mark.parametrize(
    ("bids", "shown"),
    [
        # The first bid opens at the minimum, or at what is offered outright.
        pytest.param([("a", 100, None)], (100, "a", 100, None), id="first, the minimum"),
        pytest.param([("a", 130, None)], (130, "a", 130, None), id="first, more than the minimum"),
        pytest.param([("a", None, 900)], (100, "a", 900, None), id="first, a maximum"),
        pytest.param([("a", 130, 900)], (130, "a", 900, None), id="first, both"),
        pytest.param([("a", 40, 900)], (100, "a", 900, None), id="first, amount too small beside"),
        # A newcomer goes further: one step above the old maximum, never above their own.
        pytest.param(
            [("a", None, 900), ("b", None, 2000)], (950, "b", 2000, 900), id="above the maximum"
        ),
        pytest.param(
            [("a", None, 900), ("b", None, 920)], (920, "b", 920, 900), id="above by under a step"
        ),
        pytest.param(
            [("a", None, 900), ("b", 1500, 2000)], (1500, "b", 2000, 900), id="amount counts"
        ),
        pytest.param(
            [("a", None, 900), ("b", 1500, None)], (1500, "b", 1500, 900), id="amount alone"
        ),
        pytest.param(
            [("a", 200, None), ("b", 1, 2000)], (225, "b", 2000, 200), id="amount too small beside"
        ),
        # A newcomer does not go further: the leader stays, one step above them at most.
        pytest.param(
            [("a", None, 900), ("b", None, 500)], (550, "a", 900, 500), id="outbid at once"
        ),
        pytest.param(
            [("a", None, 900), ("b", 500, None)], (550, "a", 900, 500), id="outbid, amount alone"
        ),
        pytest.param(
            [("a", None, 900), ("b", None, 880)], (900, "a", 900, 880), id="capped at the maximum"
        ),
        pytest.param(
            [("a", None, 900), ("b", None, 900)], (900, "a", 900, 900), id="tie, earlier stays"
        ),
        pytest.param(
            [("a", None, 900), ("b", 50, 500)], (550, "a", 900, 500), id="small amount ignored"
        ),
        # The leader's own raise; only a runner-up close by, or an amount, moves the price.
        pytest.param(
            [("a", None, 900), ("a", None, 2000)], (100, "a", 2000, None), id="raise alone"
        ),
        pytest.param(
            [("a", None, 900), ("a", 1000, None)], (1000, "a", 1000, None), id="raise by amount"
        ),
        pytest.param(
            [("a", None, 900), ("a", 500, 901)], (500, "a", 901, None), id="raise with amount"
        ),
        pytest.param(
            [("a", None, 900), ("b", None, 500), ("a", None, 2000)],
            (550, "a", 2000, 500),
            id="raise with a distant runner-up",
        ),
        pytest.param(
            [("a", None, 900), ("b", None, 900), ("a", None, 2000)],
            (950, "a", 2000, 900),
            id="raise after a tie",
        ),
        pytest.param(
            [("a", None, 900), ("b", None, 880), ("a", None, 920)],
            (920, "a", 920, 880),
            id="raise to less than a step above the runner-up",
        ),
        # The step is the one of the maximum that was passed, at both sides of a bound.
        pytest.param(
            [("a", None, 499), ("b", None, 9000)], (524, "b", 9000, 499), id="step under a bound"
        ),
        pytest.param(
            [("a", None, 500), ("b", None, 9000)], (550, "b", 9000, 500), id="step at a bound"
        ),
        pytest.param(
            [("a", None, 9000), ("b", None, 2499)], (2549, "a", 9000, 2499), id="reply under bound"
        ),
        pytest.param(
            [("a", None, 9000), ("b", None, 2500)], (2600, "a", 9000, 2500), id="reply at bound"
        ),
    ],
)
def test_price_leader_and_maxima(bids: list[Bid], shown: Shown) -> None:
    game, verdict = play(terms(), bids)
    assert isinstance(verdict, BidAccepted)
    standing = verdict.standing
    assert (
        standing.price,
        standing.leader_id,
        standing.leader_max,
        standing.runner_up_max,
    ) == shown
    assert (verdict.price_after, verdict.leader_after) == shown[:2]
    assert verdict.seq == standing.seq == len(bids)
    assert standing.bidder_count == len({who for who, _, _ in bids})
    assert game.standing.status == "live"


@pytest.mark.parametrize(
    ("bids", "refused"),
    [
        pytest.param([("a", 99, None)], BidRefused("bid_too_low", 100), id="under min_bid"),
        pytest.param([("a", None, 99)], BidRefused("bid_too_low", 100), id="maximum under min_bid"),
        pytest.param([("a", 1, 99)], BidRefused("bid_too_low", 100), id="both under min_bid"),
        pytest.param(
            [("a", 100, None), ("b", 124, None)],
            BidRefused("bid_too_low", 125),
            id="under the step",
        ),
        pytest.param(
            [("a", 475, None), ("b", 499, None)],
            BidRefused("bid_too_low", 500),
            id="before a bound",
        ),
        pytest.param(
            [("a", 500, None), ("b", 549, None)], BidRefused("bid_too_low", 550), id="after a bound"
        ),
        pytest.param(
            [("a", None, 900), ("b", None, 900), ("c", None, 949)],
            BidRefused("bid_too_low", 950),
            id="after a tie",
        ),
        pytest.param(
            [("a", None, 900), ("a", 500, None)],
            BidRefused("already_leading", 901),
            id="lower raise",
        ),
        pytest.param(
            [("a", None, 900), ("a", None, 900)],
            BidRefused("already_leading", 901),
            id="same again",
        ),
        pytest.param([("seller", 100, None)], BidRefused("seller_cannot_bid"), id="the seller"),
    ],
)
def test_refusals_tell_what_would_be_taken(bids: list[Bid], refused: BidRefused) -> None:
    game, verdict = play(terms(), bids)
    assert verdict == refused
    assert len(game.rows) == len(bids) - 1, "a refusal takes no number"
    if refused.minimum is not None:
        assert isinstance(game.offer(bids[-1][0], refused.minimum), BidAccepted)


def test_a_step_of_one_minor_unit() -> None:
    game = Play(terms(increments=NONE))
    game.accept("a", None, 900)
    assert game.offer("b", 100) == BidRefused("bid_too_low", 101)
    assert game.accept("b", 101).price_after == 102
    assert game.accept("c", None, 5000).price_after == 901


def test_an_amount_under_the_minimum_is_ignored_where_the_steps_get_smaller() -> None:
    game = Play(terms(increments=((0, 100), (150, 1))))
    game.accept("a", None, 160)
    assert game.minimum_bid == 200
    assert game.accept("b", 199, 500).price_after == 161
    game = Play(game.terms)
    game.accept("a", None, 160)
    assert game.accept("b", 200, 500).price_after == 200


def test_the_bid_shows_what_it_reached_and_not_its_maximum() -> None:
    game = Play(terms())
    first = game.accept("a", None, 900)
    second = game.accept("b", None, 880)
    third = game.accept("c", None, 2000)
    assert [(bid.amount, bid.price_after) for bid in (first, second, third)] == [
        (100, 100),
        (880, 900),
        (950, 950),
    ]
    assert [bid.max_amount for bid in (first, second, third)] == [900, 880, 2000]
    assert [bid.outbid_at_once for bid in (first, second, third)] == [False, True, False]
    assert [bid.previous_leader for bid in (first, second, third)] == [None, "a", "a"]


def test_kinds_and_bidder_numbers() -> None:
    game = Play(terms())
    made = [game.accept("a", 100), game.accept("b", None, 900), game.accept("b", None, 950)]
    made += [game.accept("a", 1000), game.accept("c", 2000)]
    assert [bid.kind for bid in made] == [
        BidRowKind.BID,
        BidRowKind.BID,
        BidRowKind.RAISE,
        BidRowKind.BID,
        BidRowKind.BID,
    ]
    assert [bid.bidder_no for bid in made] == [1, 2, 2, 1, 3]
    assert [bid.seq for bid in made] == [1, 2, 3, 4, 5]
    assert game.standing.bidder_count == 3


@pytest.mark.parametrize(
    ("bids", "price", "met"),
    [
        pytest.param([("a", None, 999)], 100, False, id="below"),
        pytest.param([("a", None, 1000)], 1000, True, id="at it"),
        pytest.param([("a", None, 5000)], 1000, True, id="jumps to it"),
        pytest.param([("a", 1200, 5000)], 1200, True, id="above by amount"),
        pytest.param([("a", None, 800), ("b", None, 999)], 850, False, id="two below"),
        pytest.param([("a", None, 800), ("b", None, 5000)], 1000, True, id="met by the second"),
        pytest.param([("a", None, 800), ("a", None, 5000)], 1000, True, id="met by a raise"),
        pytest.param([("a", None, 5000), ("b", None, 1050)], 1100, True, id="goes on from it"),
    ],
)
def test_reserve(bids: list[Bid], price: int, met: bool) -> None:
    game, verdict = play(terms(reserve=1000), bids)
    assert isinstance(verdict, BidAccepted)
    assert (verdict.price_after, verdict.standing.reserve_met) == (price, met)
    winner = verdict.leader_after if met else None
    assert closing_result(game.terms, game.standing) == ClosingResult(
        winner, price if met else None, met
    )


def test_a_bid_under_the_shown_reserve_price_is_too_low() -> None:
    game = Play(terms(reserve=1000))
    game.accept("a", None, 5000)
    assert game.offer("b", 1049) == BidRefused("bid_too_low", 1050)


def test_outcome_without_bids() -> None:
    assert closing_result(terms(), initial_snapshot(END)) == ClosingResult(None, None, False)
    assert closing_result(terms(reserve=500), initial_snapshot(END)) == ClosingResult(
        None, None, False
    )


@pytest.mark.parametrize(
    ("reserve", "bids", "price"),
    [
        pytest.param(None, [], None, id="no bids"),
        pytest.param(None, [("a", 900, None)], None, id="nobody else"),
        pytest.param(None, [("a", None, 900), ("b", None, 500)], 500, id="their maximum"),
        pytest.param(None, [("a", None, 900), ("b", None, 900)], 900, id="a tie"),
        pytest.param(1000, [("a", None, 5000), ("b", None, 1050)], 1050, id="reserve allows"),
        pytest.param(1000, [("a", None, 999), ("b", None, 5000)], None, id="under the reserve"),
        pytest.param(1000, [("a", None, 1000), ("b", None, 5000)], 1000, id="at the reserve"),
    ],
)
def test_what_the_runner_up_would_pay(
    reserve: int | None, bids: list[Bid], price: int | None
) -> None:
    game = Play(terms(reserve=reserve))
    for bid in bids:
        game.accept(*bid)
    assert runner_up_price(game.terms, game.standing) == price


def test_minimum_bid_is_the_next_acceptable_offer() -> None:
    game = Play(terms())
    assert game.minimum_bid == 100
    game.accept("a", None, 5000)
    assert game.minimum_bid == 125
    game.accept("b", 125)
    assert game.minimum_bid == 175


@pytest.mark.parametrize(
    ("offer", "message"),
    [
        (BidRequest("b"), "an amount or a max_amount"),
        (BidRequest("b", 200, 199), "amount must not be above max_amount"),
        (BidRequest("a", None, 5000), "bidder_no"),
        (BidRequest("a", kind=BidRowKind.BUY_NOW), "bidder_no"),
    ],
)
def test_offers_that_the_wire_refuses_are_errors_here(offer: BidRequest, message: str) -> None:
    game = Play(terms(reserve=1000, buy_now=2000))
    game.accept("a", 100)
    with pytest.raises(ValueError, match=message):
        decide_bid(game.terms, game.standing, offer, EARLY)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"min_bid": 0}, "min_bid"),
        ({"reserve": 99}, "reserve"),
        ({"buy_now": 99}, "buy_now"),
        ({"reserve": 500, "buy_now": 499}, "buy_now"),
        ({"window": 6, "extension": 5}, "extension_seconds"),
        ({"window": -1}, "extension_seconds"),
    ],
)
def test_terms_that_clash(change: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        terms(**change)  # type: ignore[arg-type]


def test_terms_may_touch() -> None:
    assert terms(reserve=100, buy_now=100, window=0, extension=0).start_at == START
