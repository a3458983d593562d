"""Keep the auction formats apart from the rest: everything else asks `format_of`.

A format is a module that satisfies `AuctionFormat`. Its name is in the auction's row; register it
in `FORMATS`, and batches, closing, the audit and all that is shown follow its rules.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Protocol

from instasell_server.domains.auctions.formats import english
from instasell_server.domains.auctions.formats.base import (
    OPEN,
    AuctionSnapshot,
    AuctionTerms,
    BidAccepted,
    BidRefused,
    BidRequest,
    ClosingResult,
    Status,
)
from instasell_server.domains.auctions.formats.increments import Increments

ENGLISH: Final = "english"
"""The format of an auction that names none."""


class AuctionFormat(Protocol):
    """Decide what a bid must be, who leads, what is disclosed and how an auction closes. Pure."""

    @property
    def hides_leader(self) -> bool:
        """Return whether nobody learns who leads before the end.

        The rest is disclosed by what `decide_bid` makes public: `price` of the snapshot, `amount`,
        `price_after` and `leader_after` of a bid. Only maxima, and a hidden leader, are private.
        """
        ...

    def initial_snapshot(self, end_at: datetime, status: Status = "pending") -> AuctionSnapshot:
        """Return the snapshot of an auction without bids."""
        ...

    def minimum_bid(self, min_bid: int, increments: Increments, price: int | None) -> int:
        """Return the least that a bidder who does not lead must offer while `price` is shown."""
        ...

    def decide_bid(
        self, terms: AuctionTerms, standing: AuctionSnapshot, offer: BidRequest, judged_at: datetime
    ) -> BidAccepted | BidRefused:
        """Decide one bid at one instant; the new snapshot says who leads."""
        ...

    def closing_result(self, terms: AuctionTerms, standing: AuctionSnapshot) -> ClosingResult:
        """Return the winner and the price if the auction closes in this state."""
        ...

    def runner_up_price(self, terms: AuctionTerms, standing: AuctionSnapshot) -> int | None:
        """Return the price at which the runner-up may buy; None when they may not."""
        ...


FORMATS: Final[Mapping[str, AuctionFormat]] = {ENGLISH: english}

HIDING_FORMATS: Final = [name for name, rules in FORMATS.items() if rules.hides_leader]
"""For queries that sort by who leads, which must not tell it of these."""


def format_of(terms: AuctionTerms) -> AuctionFormat:
    """Return the rules of an auction. Raises KeyError for a format that a newer server wrote."""
    return FORMATS[terms.format]


def is_leader_hidden(format_name: str, status: str) -> bool:
    """Return whether it is a secret who leads in an auction of this format and status."""
    return status in OPEN and FORMATS[format_name].hides_leader
