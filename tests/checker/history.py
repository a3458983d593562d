"""Record what clients saw of a market, and what its database holds afterwards."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from instasell_server.domains.auctions.formats.base import AuctionSnapshot, AuctionTerms
from instasell_server.domains.auctions.replay import ReplayedBid

Outcome = Literal["ok", "refused", "unknown"]


@dataclass(frozen=True)
class Operation:
    """One attempt at a bid. `invoked` and `completed` are places in the order of all events.

    `completed` is None while nothing came back. `price` is what the answer told of the market:
    the price after an accepted bid, or the current price beside a refusal.
    """

    client: int
    invoked: int
    completed: int | None
    auction_id: str
    bidder_id: str
    key: str
    amount: int | None = None
    max_amount: int | None = None
    outcome: Outcome = "unknown"
    seq: int | None = None
    price: int | None = None
    code: str | None = None
    minimum: int | None = None
    repeated: bool = False

    @property
    def goes_to(self) -> int:
        """Return how far the bidder goes."""
        found = self.max_amount if self.max_amount is not None else self.amount
        assert found is not None, "a bid offers something"
        return found

    @property
    def identity(self) -> tuple[str, str, str]:
        """Return what makes two attempts the same bid."""
        return (self.auction_id, self.bidder_id, self.key)


class Log:
    """The operations of a run. One process writes it, so that its order is that of real time."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.acknowledged = 0
        self._events = itertools.count()

    def invoke(self, client: int, auction_id: str, bidder_id: str, key: str, **bid: Any) -> int:
        """A bid is sent; returns the handle to complete it by."""
        begun = Operation(client, next(self._events), None, auction_id, bidder_id, key, **bid)
        self.operations.append(begun)
        return len(self.operations) - 1

    def complete(self, handle: int, outcome: Outcome, **told: Any) -> None:
        """The answer has come, or it is given up."""
        begun = self.operations[handle]
        self.acknowledged += outcome == "ok"
        self.operations[handle] = replace(
            begun, completed=next(self._events), outcome=outcome, **told
        )

    def answer(self, handle: int, frame: Mapping[str, Any]) -> None:
        """The answer has come as a frame of the live endpoint, or in its shape."""
        data = frame["data"]
        if frame["event"] == "ack":
            self.complete(
                handle,
                "ok",
                seq=data["seq"],
                price=data["current_bid"],
                repeated=data["repeated"],
            )
        elif data["code"] == "outcome_unknown" or data["status"] == 500:
            self.complete(handle, "unknown", code=data["code"])
        else:
            self.complete(
                handle,
                "refused",
                code=data["code"],
                minimum=data.get("minimum"),
                price=data.get("current_bid"),
            )


@dataclass(frozen=True)
class StoredBid:
    """A row of `bids` as the replay takes it, with the key that brought it."""

    row: ReplayedBid
    key: str
    version: int


@dataclass(frozen=True)
class StoredAuction:
    """An auction's row and its bids in order of seq."""

    auction_id: str
    terms: AuctionTerms
    first_end_at: datetime
    standing: AuctionSnapshot
    version: int
    closed_at: datetime | None
    winner_id: str | None
    bids: tuple[StoredBid, ...]
    orders: tuple[tuple[str, str, int], ...] = ()
    """(buyer, status, amount) of each order that came of it, the oldest first."""


@dataclass(frozen=True)
class Books:
    """Hold what the ledger adds up to, each with what it should be."""

    transfers: tuple[tuple[str, int], ...] = ()
    """Transfers that do not sum to zero."""
    wallets: tuple[str, ...] = ()
    """Users whose wallet is not the sum of its rows."""


@dataclass
class Watch:
    """Hold what one connection received of one auction since its join at `joined_version`.

    `is_cut` tells that the connection broke, so that the end was not for it to see.
    """

    auction_id: str
    joined_version: int
    joined_seq: int
    is_cut: bool = False
    frames: list[Mapping[str, Any]] = field(default_factory=list)


@dataclass
class Run:
    """Everything that a check looks at."""

    log: Log
    auctions: Mapping[str, StoredAuction]
    watches: Iterable[Watch] = ()
    books: Books = Books()
