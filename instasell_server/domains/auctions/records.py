"""The auction's row as the rules see it, and the row that is written back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from instasell_server.db.arrays import instant_array, plain_array
from instasell_server.domains.auctions.formats.english import AuctionSnapshot, AuctionTerms
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


def locked_auction(row: Sequence[Any]) -> LockedAuction:
    """Maps a row of the `lock_` queries, which all select the same columns."""
    (
        auction_id, listing_id, seller_id, status, start_at, end_at, min_bid, reserve, buy_now,
        increments, window, extension, current_bid, leader_id, leader_no, leader_max,
        runner_up_max, reserve_met, seq, bidder_count, version,
    ) = row  # fmt: skip
    terms = AuctionTerms(
        auction_id, seller_id, start_at, min_bid, reserve, buy_now,
        parse_increments(increments), window, extension,
    )  # fmt: skip
    standing = AuctionSnapshot(
        status, end_at, current_bid, leader_id, leader_max, runner_up_max, reserve_met, seq,
        bidder_count,
    )  # fmt: skip
    return LockedAuction(auction_id, listing_id, terms, standing, leader_no, version)


def columns_of(changes: Sequence[ChangedAuction]) -> dict[str, object]:
    """Return the parameters of `write_auctions`: one list for each column."""
    standings = [each.standing for each in changes]
    return {
        "ids": plain_array([each.id for each in changes]),
        "seen": plain_array([each.version for each in changes]),
        "statuses": plain_array([each.status for each in standings]),
        "end_ats": instant_array([each.end_at for each in standings]),
        "current_bids": plain_array([each.price for each in standings]),
        "current_bidder_ids": plain_array([each.leader_id for each in standings]),
        "leader_nos": plain_array([each.leader_no for each in changes]),
        "leader_maxes": plain_array([each.leader_max for each in standings]),
        "runner_up_maxes": plain_array([each.runner_up_max for each in standings]),
        "reserve_mets": plain_array([each.reserve_met for each in standings]),
        "seqs": plain_array([each.seq for each in standings]),
        "bidder_counts": plain_array([each.bidder_count for each in standings]),
        "winner_ids": plain_array([each.winner_id for each in changes]),
        "closed_ats": instant_array([each.closed_at for each in changes]),
        "count": len(changes),
    }
