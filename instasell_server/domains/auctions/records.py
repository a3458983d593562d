"""The auction's row as the rules see it, how it ends, and the row that is written back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from instasell_server.domains.auctions.formats import format_of
from instasell_server.domains.auctions.formats.base import AuctionSnapshot, AuctionTerms
from instasell_server.domains.auctions.formats.increments import parse_increments


class LockedAuction(NamedTuple):
    """A row under its lock. `leader_no` is the public number of the leader."""

    id: str
    listing_id: str
    terms: AuctionTerms
    standing: AuctionSnapshot
    leader_no: int | None
    version: int


class ChangedAuction(NamedTuple):
    """Hold the new values of a locked row; `version` is the one that was read."""

    id: str
    version: int
    standing: AuctionSnapshot
    leader_no: int | None
    winner_id: str | None
    closed_at: datetime | None


class Closing(NamedTuple):
    """Hold how an auction ends in this transaction; no winner without a bid that may win."""

    auction: LockedAuction
    standing: AuctionSnapshot
    winner_id: str | None
    price: int | None
    at: datetime


def close_auction(auction: LockedAuction, standing: AuctionSnapshot, at: datetime) -> Closing:
    """Close a locked auction in this state, with the winner and the price by its rules.

    `standing` may be newer than that of `auction`: bids of the same transaction come first.
    """
    result = format_of(auction.terms).closing_result(auction.terms, standing)
    standing = result.shown_in(standing)._replace(status="ended")
    return Closing(auction, standing, result.winner_id, result.price, at)


def locked_auction(row: Sequence[Any]) -> LockedAuction:
    """Map a row of the `lock_` queries, which all select the same columns."""
    (
        auction_id, listing_id, seller_id, status, start_at, end_at, min_bid, reserve, buy_now,
        increments, window, extension, current_bid, leader_id, leader_no, leader_max,
        runner_up_max, reserve_met, seq, bidder_count, version, format_,
    ) = row  # fmt: skip
    terms = AuctionTerms(
        auction_id, seller_id, start_at, min_bid, reserve, buy_now,
        parse_increments(increments), window, extension, format_,
    )  # fmt: skip
    standing = AuctionSnapshot(
        status, end_at, current_bid, leader_id, leader_max, runner_up_max, reserve_met, seq,
        bidder_count,
    )  # fmt: skip
    return LockedAuction(auction_id, listing_id, terms, standing, leader_no, version)
