"""The checker finds nothing in a sound run, and each seeded fault in a spoilt one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.checker.checks import check
from tests.checker.history import Books, Run, StoredAuction
from tests.checker.samples import ANN, AUCTION, BEN, SELLER, sound_run

Spoil = Callable[[Run], None]


def _set_auction(run: Run, **changes: Any) -> None:
    run.auctions = {AUCTION: replace(_auction(run), **changes)}


def _auction(run: Run) -> StoredAuction:
    return run.auctions[AUCTION]


def _set_standing(run: Run, **changes: Any) -> None:
    _set_auction(run, standing=_auction(run).standing._replace(**changes))


def _set_row(run: Run, place: int, **changes: Any) -> None:
    bids = list(_auction(run).bids)
    bids[place] = replace(bids[place], row=bids[place].row._replace(**changes))
    _set_auction(run, bids=tuple(bids))


def _set_operation(run: Run, place: int, **changes: Any) -> None:
    run.log.operations[place] = replace(run.log.operations[place], **changes)


def _set_frame(run: Run, place: int, **changes: Any) -> None:
    [watch] = run.watches
    frame = watch.frames[place]
    watch.frames[place] = {**frame, "data": {**frame["data"], **changes}}


def lose_the_last_bid(run: Run) -> None:
    _set_auction(run, bids=_auction(run).bids[:-1])


def lose_an_early_bid(run: Run) -> None:
    _set_auction(run, bids=_auction(run).bids[1:])


def double_a_bid(run: Run) -> None:
    bids = _auction(run).bids
    last = bids[-1]
    again = replace(last, row=last.row._replace(seq=last.row.seq + 1), version=last.version + 1)
    _set_auction(run, bids=(*bids, again))


def keep_a_refused_bid(run: Run) -> None:
    _set_operation(run, 1, outcome="refused", code="bid_too_low", seq=None, price=None)


def refuse_as_unavailable_what_was_taken(run: Run) -> None:
    _set_operation(run, 1, outcome="refused", code="unavailable", seq=None, price=None)


def forget_a_key(run: Run) -> None:
    """The answer of the first attempt is lost, and the second is judged as if it were new."""
    first = run.log.operations[1]
    _set_operation(run, 1, outcome="unknown", seq=None, price=None)
    handle = run.log.invoke(2, AUCTION, BEN, first.key, amount=first.amount)
    run.log.complete(handle, "refused", code="bid_too_low", minimum=9999, price=9998)


def bid_for_another_bidder(run: Run) -> None:
    _set_row(run, 1, bidder_id=ANN)


def take_another_amount(run: Run) -> None:
    _set_row(run, 1, offered_amount=299, max_amount=299, amount=299)


def write_a_row_that_nobody_sent(run: Run) -> None:
    bids = _auction(run).bids
    _set_auction(run, bids=(*bids[:-1], replace(bids[-1], key="foreign")))


def leave_a_gap_in_seq(run: Run) -> None:
    bids = _auction(run).bids
    last = replace(bids[-1], row=bids[-1].row._replace(seq=bids[-1].row.seq + 1))
    _set_auction(run, bids=(*bids[:-1], last))


def let_the_seller_bid(run: Run) -> None:
    _set_row(run, 0, bidder_id=SELLER)
    _set_operation(run, 0, bidder_id=SELLER)


def let_versions_fall(run: Run) -> None:
    bids = _auction(run).bids
    _set_auction(run, bids=(*bids[:-1], replace(bids[-1], version=1)))


def show_a_wrong_price(run: Run) -> None:
    _set_row(run, 2, price_after=1251)


def forget_to_lift_the_price(run: Run) -> None:
    _set_standing(run, price=1200)


def name_another_leader(run: Run) -> None:
    _set_standing(run, leader_id=BEN)


def count_the_bidders_wrongly(run: Run) -> None:
    _set_standing(run, bidder_count=3)


def forget_an_extension(run: Run) -> None:
    _set_standing(run, end_at=_auction(run).standing.end_at - timedelta(seconds=5))


def extend_by_a_microsecond_more(run: Run) -> None:
    end_at = _auction(run).standing.end_at + timedelta(microseconds=1)
    _set_standing(run, end_at=end_at)
    _set_auction(run, closed_at=end_at)


def take_a_bid_after_the_end(run: Run) -> None:
    _set_row(run, 3, created_at=_auction(run).bids[3].row.created_at + timedelta(minutes=1))


def close_before_the_end(run: Run) -> None:
    _set_auction(run, closed_at=_auction(run).standing.end_at - timedelta(microseconds=1))


def take_a_bid_at_what_was_acknowledged(run: Run) -> None:
    _set_operation(run, 1, price=1200)


def report_less_than_was_acknowledged(run: Run) -> None:
    _set_operation(run, 2, price=100)


def tell_a_minimum_under_what_was_acknowledged(run: Run) -> None:
    _set_operation(run, 2, minimum=300)


def number_a_later_bid_lower(run: Run) -> None:
    first, second = run.log.operations[:2]
    _set_operation(run, 0, seq=second.seq)
    _set_operation(run, 1, seq=first.seq)


def make_no_order(run: Run) -> None:
    _set_auction(run, orders=())


def make_two_orders(run: Run) -> None:
    _set_auction(run, orders=_auction(run).orders * 2)


def sell_to_another(run: Run) -> None:
    _set_auction(run, orders=((BEN, "pending", _auction(run).standing.price),))


def sell_for_another_price(run: Run) -> None:
    _set_auction(run, orders=((ANN, "pending", 1),))


def unbalance_a_transfer(run: Run) -> None:
    run.books = Books(transfers=(("t", 1),))


def garble_a_wallet(run: Run) -> None:
    run.books = Books(wallets=(ANN,))


def repeat_an_event(run: Run) -> None:
    [watch] = run.watches
    watch.frames.insert(1, watch.frames[0])


def swap_events(run: Run) -> None:
    [watch] = run.watches
    watch.frames[0], watch.frames[1] = watch.frames[1], watch.frames[0]


def leave_out_an_event(run: Run) -> None:
    [watch] = run.watches
    del watch.frames[1]


def never_tell_the_end(run: Run) -> None:
    [watch] = run.watches
    del watch.frames[-1]


def tell_of_a_bid_without_a_row(run: Run) -> None:
    [watch] = run.watches
    told = dict(watch.frames[0]["data"]["bids"][0], seq=99)
    _set_frame(run, 0, bids=[told])


def tell_another_price_than_the_row(run: Run) -> None:
    [watch] = run.watches
    told = dict(watch.frames[0]["data"]["bids"][0], price=1)
    _set_frame(run, 0, bids=[told])


def let_seq_fall(run: Run) -> None:
    _set_frame(run, 2, seq=1)


SEEDED: list[tuple[Spoil, str]] = [
    (lose_the_last_bid, "C1"),
    (lose_an_early_bid, "C1"),
    (double_a_bid, "C2"),
    (keep_a_refused_bid, "C2"),
    (refuse_as_unavailable_what_was_taken, "C2"),
    (forget_a_key, "C2"),
    (bid_for_another_bidder, "C1"),
    (take_another_amount, "C1"),
    (write_a_row_that_nobody_sent, "C2"),
    (leave_a_gap_in_seq, "C3"),
    (let_the_seller_bid, "C3"),
    (let_versions_fall, "C3"),
    (show_a_wrong_price, "C3"),
    (forget_to_lift_the_price, "C4"),
    (name_another_leader, "C4"),
    (count_the_bidders_wrongly, "C4"),
    (forget_an_extension, "C6"),
    (extend_by_a_microsecond_more, "C6"),
    (take_a_bid_after_the_end, "C3"),
    (close_before_the_end, "C4"),
    (take_a_bid_at_what_was_acknowledged, "C5"),
    (report_less_than_was_acknowledged, "C5"),
    (tell_a_minimum_under_what_was_acknowledged, "C5"),
    (number_a_later_bid_lower, "C5"),
    (make_no_order, "C4"),
    (make_two_orders, "C4"),
    (sell_to_another, "C4"),
    (sell_for_another_price, "C4"),
    (unbalance_a_transfer, "C7"),
    (garble_a_wallet, "C7"),
    (repeat_an_event, "C8"),
    (swap_events, "C8"),
    (leave_out_an_event, "C8"),
    (never_tell_the_end, "C8"),
    (tell_of_a_bid_without_a_row, "C8"),
    (tell_another_price_than_the_row, "C8"),
    (let_seq_fall, "C8"),
]


def test_a_sound_run_has_no_violation() -> None:
    run = sound_run()
    assert check(run) == []
    outcomes = [each.outcome for each in run.log.operations]
    assert outcomes == ["ok", "ok", "refused", "ok", "ok"]
    assert [bid.row.extended for bid in _auction(run).bids] == [False, False, True, True]


@pytest.mark.parametrize(("spoil", "expected"), SEEDED, ids=[spoil.__name__ for spoil, _ in SEEDED])
def test_every_seeded_fault_is_caught(spoil: Spoil, expected: str) -> None:
    run = sound_run()
    spoil(run)
    assert expected in {each.check for each in check(run)}


def test_a_lost_answer_accuses_nobody() -> None:
    """An unknown outcome fits both a bid that was taken and one that was not."""
    taken = sound_run()
    _set_operation(taken, 4, outcome="unknown", seq=None, price=None)
    assert check(taken) == []
    not_taken = sound_run()
    handle = not_taken.log.invoke(3, AUCTION, "cat", "lost", amount=9000)
    not_taken.log.complete(handle, "unknown")
    assert check(not_taken) == []


def test_the_same_key_sent_again_is_the_same_bid() -> None:
    """A repeat tells of the first attempt, so the prices since then do not bind it."""
    run = sound_run()
    _set_operation(run, 1, outcome="unknown", seq=None, price=None)
    first = run.log.operations[1]
    handle = run.log.invoke(2, AUCTION, BEN, first.key, amount=first.amount)
    row = _auction(run).bids[1].row
    run.log.complete(handle, "ok", seq=row.seq, price=row.price_after, repeated=True)
    assert check(run) == []


def test_a_connection_that_was_cut_need_not_see_the_end() -> None:
    run = sound_run()
    [watch] = run.watches
    watch.is_cut = True
    del watch.frames[-1]
    assert check(run) == []


def test_a_conflated_state_may_skip_versions_and_nothing_else() -> None:
    run = sound_run()
    [watch] = run.watches
    del watch.frames[0]
    _set_frame(run, 0, conflated=True, bids=[])
    assert check(run) == []
    _set_frame(run, 0, version=1)
    assert {each.check for each in check(run)} == {"C8"}


def test_the_bids_of_a_batch_share_a_version() -> None:
    """The bids of a batch share a version, and an event that tells of them both is sound."""
    run = sound_run()
    bids = list(_auction(run).bids)
    merged = [
        replace(bid, version=min(bid.version, 4) if place else bid.version)
        for place, bid in enumerate(bids)
    ]
    [watch] = run.watches
    told = [*watch.frames[2]["data"]["bids"], *watch.frames[3]["data"]["bids"]]
    _set_auction(run, bids=tuple(merged), version=5)
    watch.frames[2:] = [
        {"event": "bid_placed", "data": {"version": 4, "seq": 4, "bids": told}},
        {"event": "auction_ended", "data": {"version": 5, "seq": 4, "bids": []}},
    ]
    assert check(run) == []
