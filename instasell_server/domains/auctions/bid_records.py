"""Bids as they are handed in, read and written."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from instasell_server.domains.auctions.formats.base import BidRowKind


def bidder_name(number: int | None) -> str | None:
    """Return the public name of a bidder in one auction; None where there is no bidder."""
    return None if number is None else f"bidder-{number}"


class BidCommand(NamedTuple):
    """A bid as it waits for its batch. `key` is the bidder's own, or made by the server."""

    auction_id: str
    bidder_id: str
    session_id: str
    kind: BidRowKind
    amount: int | None
    max_amount: int | None
    key: str

    @property
    def identity(self) -> tuple[str, str, str]:
        """Return what makes two commands the same bid."""
        return (self.auction_id, self.bidder_id, self.key)

    @property
    def goes_to(self) -> int | None:
        """Return how far this bidder goes, in minor units; None for a buy-now at any price."""
        return self.amount if self.max_amount is None else self.max_amount


class StoredBid(NamedTuple):
    """The row that an earlier command with the same key left."""

    seq: int
    bidder_no: int
    kind: str
    offered_amount: int | None
    max_amount: int
    amount: int
    price_after: int
    leader_after: str
    leader_no_after: int
    extended: bool
    auction_version: int
    created_at: datetime


class BidderFacts(NamedTuple):
    """Hold what one statement after the locks read for a command."""

    status: str | None
    role: str | None
    session_holds: bool
    bidder_no: int | None
    stored: StoredBid | None


class BidRow(NamedTuple):
    """A row to insert into `bids`."""

    auction_id: str
    seq: int
    bidder_id: str
    bidder_no: int
    kind: str
    offered_amount: int | None
    max_amount: int
    amount: int
    price_after: int
    leader_after: str
    leader_no_after: int
    extended: bool
    key: str
    auction_version: int


class PublicBid(NamedTuple):
    """A bid as everybody sees it: bidders by number, `amount` never above what the price shows.

    Amounts are in minor units.
    """

    seq: int
    kind: str
    bidder: str
    amount: int
    price: int
    leader: str
    created_at: datetime


class LeadChange(NamedTuple):
    """Hold bids that took the lead from another bidder, and the last bid before them."""

    auction_id: str
    first_seq: int
    last_seq: int
