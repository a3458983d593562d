"""Plays offers against the rules the way the auctioneer does, and keeps the rows it would store."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from instasell_server.domains.auctions.formats.base import (
    AuctionSnapshot,
    AuctionTerms,
    BidAccepted,
    BidRefused,
    BidRequest,
    BidRowKind,
)
from instasell_server.domains.auctions.formats.english import (
    decide_bid,
    initial_snapshot,
    minimum_bid,
)
from instasell_server.domains.auctions.formats.increments import EBAY, Increments
from instasell_server.domains.auctions.replay import ReplayedBid

START = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
END = START + timedelta(hours=1)
EARLY = START + timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)
SELLER = "seller"


def terms(
    min_bid: int = 100,
    *,
    reserve: int | None = None,
    buy_now: int | None = None,
    increments: Increments = EBAY,
    window: int = 5,
    extension: int = 5,
) -> AuctionTerms:
    return AuctionTerms(
        "auction", SELLER, START, min_bid, reserve, buy_now, increments, window, extension
    )


@dataclass
class Play:
    """One auction being played; `rows` is what `bids` would hold."""

    terms: AuctionTerms
    end_at: datetime = END
    rows: list[ReplayedBid] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    standing: AuctionSnapshot = field(init=False)

    def __post_init__(self) -> None:
        self.standing = initial_snapshot(self.end_at, "live")

    @property
    def minimum_bid(self) -> int:
        terms = self.terms
        return minimum_bid(terms.min_bid, terms.increments, self.standing.price)

    def offer(
        self,
        who: str,
        amount: int | None = None,
        max_amount: int | None = None,
        *,
        at: datetime = EARLY,
        kind: BidRowKind = BidRowKind.BID,
    ) -> BidAccepted | BidRefused:
        offer = BidRequest(who, amount, max_amount, kind, self.numbers.get(who))
        verdict = decide_bid(self.terms, self.standing, offer, at)
        if isinstance(verdict, BidAccepted):
            self.standing = verdict.standing
            self.numbers[who] = verdict.bidder_no
            self.rows.append(
                ReplayedBid(
                    seq=verdict.seq,
                    bidder_id=who,
                    bidder_no=verdict.bidder_no,
                    kind=verdict.kind,
                    offered_amount=amount,
                    max_amount=verdict.max_amount,
                    amount=verdict.amount,
                    price_after=verdict.price_after,
                    leader_after=verdict.leader_after,
                    created_at=at,
                    leader_no_after=self.numbers[verdict.leader_after],
                    extended=verdict.extended,
                )
            )
        return verdict

    def accept(
        self,
        who: str,
        amount: int | None = None,
        max_amount: int | None = None,
        *,
        at: datetime = EARLY,
        kind: BidRowKind = BidRowKind.BID,
    ) -> BidAccepted:
        verdict = self.offer(who, amount, max_amount, at=at, kind=kind)
        assert isinstance(verdict, BidAccepted), verdict
        return verdict
