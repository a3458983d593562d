"""Plays offers against the rules the way the auctioneer does, and keeps the rows it would store."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from instasell_server.domains.auctions.formats.english import (
    EBAY,
    Accepted,
    Increments,
    Kind,
    Offer,
    Refused,
    Standing,
    Terms,
    judge,
    opening,
)
from instasell_server.domains.auctions.replay import BidRow

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
) -> Terms:
    return Terms("auction", SELLER, START, min_bid, reserve, buy_now, increments, window, extension)


@dataclass
class Play:
    """One auction being played; `rows` is what `bids` would hold."""

    terms: Terms
    end_at: datetime = END
    rows: list[BidRow] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    standing: Standing = field(init=False)

    def __post_init__(self) -> None:
        self.standing = opening(self.end_at, "live")

    def offer(
        self,
        who: str,
        amount: int | None = None,
        max_amount: int | None = None,
        *,
        at: datetime = EARLY,
        kind: Kind = Kind.BID,
    ) -> Accepted | Refused:
        offer = Offer(who, amount, max_amount, kind, self.numbers.get(who))
        verdict = judge(self.terms, self.standing, offer, at)
        if isinstance(verdict, Accepted):
            self.standing = verdict.standing
            self.numbers[who] = verdict.bidder_no
            self.rows.append(
                BidRow(
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
        kind: Kind = Kind.BID,
    ) -> Accepted:
        verdict = self.offer(who, amount, max_amount, at=at, kind=kind)
        assert isinstance(verdict, Accepted), verdict
        return verdict
