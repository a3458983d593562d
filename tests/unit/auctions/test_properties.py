"""Hold every auction to its invariants, whatever is bid."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from instasell_server.domains.auctions.formats.base import AuctionTerms, BidAccepted, BidRowKind
from instasell_server.domains.auctions.formats.english import (
    closing_result,
    minimum_bid,
    runner_up_price,
)
from instasell_server.domains.auctions.formats.increments import (
    EBAY,
    NONE,
    Increments,
    next_price,
    parse_increments,
)
from instasell_server.domains.auctions.replay import ReplayedBid, replay

from .play import SELLER, START, Play, terms

BIDDERS = ["a", "b", "c", "d", "e"]
DERIVED = ["seq", "bidder_no", "kind", "amount", "price_after", "leader_after"]
DERIVED += ["leader_no_after", "extended"]
Step = tuple[str, int | None, int | None, BidRowKind, int]
"""(bidder, amount and maximum above the minimum, kind, microseconds since the step before)."""


@st.composite
def tables(draw: st.DrawFn) -> Increments:
    bounds = draw(st.sets(st.integers(1, 5_000), max_size=4))
    steps = st.integers(1, 500)
    return parse_increments([[bound, draw(steps)] for bound in [0, *sorted(bounds)]])


@st.composite
def all_terms(draw: st.DrawFn) -> AuctionTerms:
    min_bid = draw(st.integers(1, 1_000))
    reserve = draw(st.none() | st.integers(min_bid, 5_000))
    buy_now = draw(st.none() | st.integers(reserve or min_bid, 10_000))
    window = draw(st.integers(0, 10))
    return terms(
        min_bid,
        reserve=reserve,
        buy_now=buy_now,
        increments=draw(st.sampled_from([EBAY, NONE]) | tables()),
        window=window,
        extension=draw(st.integers(window, 20)),
    )


def steps() -> st.SearchStrategy[list[Step]]:
    above = st.none() | st.integers(-60, 60) | st.integers(0, 3_000)
    kinds = st.sampled_from([BidRowKind.BID] * 9 + [BidRowKind.BUY_NOW])
    pauses = st.sampled_from([0, 1, 900_000, 1_000_000, 4_999_999, 5_000_000])
    step = st.tuples(st.sampled_from([*BIDDERS, SELLER]), above, above, kinds, pauses)
    return st.lists(step, max_size=40)


def offers(game: Play, step: Step) -> tuple[str, int | None, int | None, BidRowKind]:
    """Return what a step offers in this state: sums near the minimum are where rules matter."""
    who, amount_above, max_above, kind, _ = step
    if kind == BidRowKind.BUY_NOW:
        return who, None, None, kind
    minimum = game.minimum_bid
    amount = None if amount_above is None else max(1, minimum + amount_above)
    maximum = None if max_above is None else max(1, minimum + max_above)
    if amount is None and maximum is None:
        amount = minimum
    if amount is not None and maximum is not None:
        maximum = max(amount, maximum)
    return who, amount, maximum, kind


def played(what: AuctionTerms, moves: list[Step]) -> Play:
    game = Play(what, end_at=START + timedelta(seconds=30))
    at = START
    for step in moves:
        at += timedelta(microseconds=step[4])
        who, amount, maximum, kind = offers(game, step)
        game.offer(who, amount, maximum, at=at, kind=kind)
    return game


@settings(deadline=None)
@given(all_terms(), steps())
def test_every_accepted_bid_leaves_the_auction_sound(what: AuctionTerms, moves: list[Step]) -> None:
    game = Play(what, end_at=START + timedelta(seconds=30))
    maxima: dict[str, int] = {}
    loudest = 0
    at = START
    for step in moves:
        at += timedelta(microseconds=step[4])
        before = game.standing
        minimum = minimum_bid(what.min_bid, what.increments, before.price)
        who, amount, maximum, kind = offers(game, step)
        verdict = game.offer(who, amount, maximum, at=at, kind=kind)
        if not isinstance(verdict, BidAccepted):
            assert game.standing is before
            continue
        after = verdict.standing
        assert who != SELLER
        assert what.start_at <= at < before.end_at
        assert after.seq == before.seq + 1 == verdict.seq
        assert after.price is not None
        assert after.leader_max is not None
        price = after.price
        wanted = what.buy_now if kind == BidRowKind.BUY_NOW else maximum or amount
        assert wanted is not None
        assert price >= (before.price or what.min_bid), "the price never falls"
        assert price <= after.leader_max, "nobody pays more than they said"
        assert verdict.amount == min(wanted, price)
        assert wanted >= minimum or verdict.kind != BidRowKind.BID
        maxima[who] = max(maxima.get(who, 0), wanted)
        loudest = max(loudest, amount or 0)
        assert maxima[verdict.leader_after] == max(maxima.values()) == after.leader_max
        others = [far for bidder, far in maxima.items() if bidder != verdict.leader_after]
        assert after.runner_up_max == (max(others) if others else None)
        assert after.bidder_count == len(maxima)
        reasons = [what.min_bid, loudest]
        if others:
            reasons.append(next_price(what.increments, max(others)))
        if what.reserve is not None and after.reserve_met:
            reasons.append(what.reserve)
        if kind == BidRowKind.BUY_NOW:
            reasons.append(wanted)
        assert price <= max(reasons), "a price without a reason"
        assert after.reserve_met == (what.reserve is None or after.leader_max >= what.reserve)
        moved = timedelta(seconds=what.extension_seconds if verdict.extended else 0)
        assert after.end_at == before.end_at + moved
        in_window = before.end_at - at < timedelta(seconds=what.extension_window_seconds)
        assert verdict.extended == (in_window and not verdict.ended)
        assert verdict.outbid_at_once == (verdict.leader_after != who)
        assert verdict.previous_leader == before.leader_id


@settings(deadline=None)
@given(all_terms(), steps())
def test_the_winner_offered_most_and_pays_what_is_shown(
    what: AuctionTerms, moves: list[Step]
) -> None:
    game = played(what, moves)
    result = closing_result(what, game.standing)
    sold = game.standing.leader_id is not None and game.standing.reserve_met
    assert (result.winner_id is not None) == sold
    if result.price is not None:
        assert result.price == game.standing.price
        assert result.price >= max(what.min_bid, what.reserve or 0)
    second = runner_up_price(what, game.standing)
    if second is not None:
        assert what.min_bid <= second <= (game.standing.price or 0)


@settings(deadline=None)
@given(all_terms(), steps())
def test_a_played_auction_replays_without_a_difference(
    what: AuctionTerms, moves: list[Step]
) -> None:
    game = played(what, moves)
    differences, standing = replay(what, game.end_at, game.rows, game.standing)
    assert differences == []
    assert standing == game.standing


def tampered(data: st.DataObject, rows: list[ReplayedBid]) -> list[ReplayedBid]:
    """One thing that the market wrote, changed; the wishes of the bidders stay as they were."""
    index = data.draw(st.integers(0, len(rows) - 1))
    row = rows[index]
    how = data.draw(st.sampled_from(["gone", "twice", "swapped", *DERIVED]))
    if how == "gone":
        return rows[:index] + rows[index + 1 :]
    if how == "twice":
        return [*rows[: index + 1], *rows[index:]]
    if how == "swapped":
        other = (index + 1) % len(rows)
        changed = list(rows)
        changed[index], changed[other] = changed[other], changed[index]
        return changed if len(rows) > 1 else []
    old = getattr(row, how)
    new: Any
    if how == "kind":
        new = data.draw(st.sampled_from(["bid", "raise", "sold"]).filter(lambda kind: kind != old))
    elif how == "leader_after":
        new = data.draw(st.sampled_from(BIDDERS).filter(lambda who: who != old))
    elif how == "extended":
        new = not old
    else:
        new = old + data.draw(st.sampled_from([-100, -1, 1, 100]))
    return [*rows[:index], row._replace(**{how: new}), *rows[index + 1 :]]


@settings(deadline=None)
@given(all_terms(), steps(), st.data())
def test_a_changed_row_is_always_found(
    what: AuctionTerms, moves: list[Step], data: st.DataObject
) -> None:
    game = played(what, [("a", 0, None, BidRowKind.BID, 0), *moves])
    rows = tampered(data, game.rows)
    # Only a sale closes an auction before its end, so that instant betrays one in disguise.
    closed_at = game.rows[-1].created_at
    differences, _ = replay(what, game.end_at, rows, game.standing, closed_at)
    assert differences != []


@settings(deadline=None)
@given(all_terms(), steps(), st.sampled_from([-1, 1]), st.data())
def test_a_changed_standing_is_always_found(
    what: AuctionTerms, moves: list[Step], by: int, data: st.DataObject
) -> None:
    game = played(what, [("a", 0, None, BidRowKind.BID, 0), *moves])
    found = game.standing
    name = data.draw(st.sampled_from(["end_at", "price", "leader_max", "seq", "bidder_count"]))
    old = getattr(found, name)
    new = old + (timedelta(microseconds=by) if name == "end_at" else by)
    differences, _ = replay(what, game.end_at, game.rows, found._replace(**{name: new}))
    assert [(each.field, each.expected, each.found) for each in differences] == [(name, old, new)]
