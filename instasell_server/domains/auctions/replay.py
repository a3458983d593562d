"""Proves an auction by its bids: every row must follow from the rules and the rows before it.

Pure, like the rules: the audit and the examples bring the rows. What a bidder wished (who, what,
when) is taken as given; everything that the market made of it is worked out again and compared.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, TypeAlias

from instasell_server.domains.auctions.formats import format_of
from instasell_server.domains.auctions.formats.base import (
    AuctionSnapshot,
    AuctionTerms,
    BidAccepted,
    BidRefused,
    BidRequest,
    BidRowKind,
)

Value: TypeAlias = str | int | bool | datetime | None


class ReplayedBid(NamedTuple):
    """One row of `bids`, amounts in minor units; `created_at` is the instant it was judged at.

    The last two say what the columns before them imply, and are compared where they are given.
    """

    seq: int
    bidder_id: str
    bidder_no: int
    kind: str
    offered_amount: int | None
    max_amount: int | None
    amount: int
    price_after: int
    leader_after: str
    created_at: datetime
    leader_no_after: int | None = None
    extended: bool | None = None


class Difference(NamedTuple):
    """Name a place where books and rules differ. `seq` is None for the auction's row itself."""

    field: str
    seq: int | None
    expected: Value
    found: Value


class ReplayResult(NamedTuple):
    """Every difference in order of `seq`, and the auction's state by the rules."""

    differences: list[Difference]
    standing: AuctionSnapshot


def replay(
    terms: AuctionTerms,
    first_end_at: datetime,
    rows: Iterable[ReplayedBid],
    found: AuctionSnapshot | None = None,
    closed_at: datetime | None = None,
) -> ReplayResult:
    """Judge an auction's rows, ordered by `seq`, from its first end on.

    `found` is the standing that the auction's row holds; without it only the bids are compared.
    `closed_at` is when it was closed, so that an end before its time shows.
    A row that the rules refuse is a difference and moves nothing but the numbering.
    """
    rules = format_of(terms)
    standing = rules.initial_snapshot(first_end_at, "live")
    differences: list[Difference] = []
    numbers: dict[str, int] = {}
    for row in rows:
        seq = standing.seq + 1
        number = numbers.get(row.bidder_id)
        verdict = _judge_row(terms, standing, row, number)
        if isinstance(verdict, BidAccepted):
            numbers[row.bidder_id] = verdict.bidder_no
            standing = verdict.standing
            differences += _compare_row(seq, verdict, numbers[verdict.leader_after], row)
        else:
            differences.append(Difference("verdict", seq, verdict, "accepted"))
            if row.seq != seq:
                differences.append(Difference("seq", seq, seq, row.seq))
            standing = standing._replace(seq=seq)
    if found is not None:
        if found.status == "ended":
            # A format may show its price, and whether the reserve is met, only at the end.
            standing = rules.closing_result(terms, standing).shown_in(standing)
        differences += _compare_standing(standing, found, closed_at)
    return ReplayResult(differences, standing)


def _judge_row(
    terms: AuctionTerms, standing: AuctionSnapshot, row: ReplayedBid, number: int | None
) -> BidAccepted | str:
    """Return the acceptance by the rules, or why there is none in words."""
    try:
        kind = BidRowKind.BUY_NOW if BidRowKind(row.kind) is BidRowKind.BUY_NOW else BidRowKind.BID
        offer = BidRequest(row.bidder_id, row.offered_amount, row.max_amount, kind, number)
        verdict = format_of(terms).decide_bid(terms, standing, offer, row.created_at)
    except ValueError as error:
        return str(error)
    if isinstance(verdict, BidRefused):
        least = "" if verdict.minimum is None else f" (minimum {verdict.minimum})"
        return f"{verdict.code}{least}"
    return verdict


def _compare_row(
    seq: int, verdict: BidAccepted, leader_no: int, row: ReplayedBid
) -> list[Difference]:
    pairs: list[tuple[str, Value, Value]] = [
        ("seq", seq, row.seq),
        ("bidder_no", verdict.bidder_no, row.bidder_no),
        ("kind", str(verdict.kind), row.kind),
        ("amount", verdict.amount, row.amount),
        ("price_after", verdict.price_after, row.price_after),
        ("leader_after", verdict.leader_after, row.leader_after),
    ]
    if row.leader_no_after is not None:
        pairs.append(("leader_no_after", leader_no, row.leader_no_after))
    if row.extended is not None:
        pairs.append(("extended", verdict.extended, row.extended))
    return [Difference(field, seq, due, is_) for field, due, is_ in pairs if due != is_]


def _compare_standing(
    expected: AuctionSnapshot, found: AuctionSnapshot, closed_at: datetime | None
) -> list[Difference]:
    differences = [
        Difference(field, None, due, is_)
        for field, due, is_ in zip(AuctionSnapshot._fields, expected, found, strict=True)
        if due != is_ and field != "status"
    ]
    # Workers start and close auctions and admins cancel them without a row of `bids`; only a sale
    # by buy-now leaves its status in the rows.
    if expected.status == "ended" and found.status != "ended":
        differences.insert(0, Difference("status", None, expected.status, found.status))
    early = closed_at is not None and closed_at < expected.end_at
    if early and found.status == "ended" and expected.status != "ended":
        differences.append(Difference("closed_at", None, expected.end_at, closed_at))
    return differences
