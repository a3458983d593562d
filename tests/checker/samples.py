"""A short run as it should be, made by the pure rules, for tests of the checker to spoil."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from instasell_server.domains.auctions.formats.base import (
    AuctionSnapshot,
    AuctionTerms,
    BidAccepted,
    BidRequest,
)
from instasell_server.domains.auctions.formats.english import decide_bid, initial_snapshot
from instasell_server.domains.auctions.replay import ReplayedBid
from tests.checker.history import Log, Run, StoredAuction, StoredBid, Watch

AUCTION = "a0000000-0000-4000-8000-000000000001"
SELLER, ANN, BEN, CAT = "seller", "ann", "ben", "cat"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
END = NOON + timedelta(minutes=1)
TERMS = AuctionTerms(AUCTION, SELLER, NOON, 100)

SENT = (
    (1, ANN, {"max_amount": 1000}, NOON),
    (2, BEN, {"amount": 300}, NOON + timedelta(seconds=1)),
    (3, CAT, {"amount": 310}, NOON + timedelta(seconds=2)),
    (2, BEN, {"amount": 1200}, END - timedelta(seconds=2)),
    (1, ANN, {"amount": 1500}, END + timedelta(seconds=1)),
)
"""(client, bidder, bid, the instant it is judged at): leads, is outbid, too low, extends twice."""


def sound_run() -> Run:
    """Five bids one after the other; the third is refused, the last two extend the end."""
    log = Log()
    watch = Watch(AUCTION, 1, 0)
    standing = initial_snapshot(END, "live")
    numbers: dict[str, int] = {}
    bids: list[StoredBid] = []
    for place, (client, bidder, bid, at) in enumerate(SENT, 1):
        key = f"key-{place}"
        handle = log.invoke(client, AUCTION, bidder, key, **bid)
        offer = BidRequest(
            bidder,
            bid.get("amount"),
            bid.get("max_amount"),
            bidder_no=numbers.get(bidder),
        )
        verdict = decide_bid(TERMS, standing, offer, at)
        if not isinstance(verdict, BidAccepted):
            log.complete(
                handle, "refused", code=verdict.code, minimum=verdict.minimum, price=standing.price
            )
            continue
        standing = verdict.standing
        numbers[bidder] = verdict.bidder_no
        version = len(bids) + 2
        row = ReplayedBid(
            verdict.seq, bidder, verdict.bidder_no, str(verdict.kind), bid.get("amount"),
            verdict.max_amount, verdict.amount, verdict.price_after, verdict.leader_after, at,
            numbers[verdict.leader_after], verdict.extended,
        )  # fmt: skip
        bids.append(StoredBid(row, key, version))
        watch.frames.append(_told(bids[-1]))
        log.complete(handle, "ok", seq=verdict.seq, price=verdict.price_after)
    return _closed(log, watch, standing, bids)


def _told(stored: StoredBid) -> dict[str, object]:
    row = stored.row
    bid = {
        "seq": row.seq, "kind": row.kind, "bidder": f"bidder-{row.bidder_no}",
        "amount": row.amount, "price": row.price_after,
    }  # fmt: skip
    return {
        "event": "bid_placed",
        "data": {"version": stored.version, "seq": row.seq, "bids": [bid]},
    }


def _closed(log: Log, watch: Watch, standing: AuctionSnapshot, bids: list[StoredBid]) -> Run:
    version = len(bids) + 2
    watch.frames.append(
        {"event": "auction_ended", "data": {"version": version, "seq": standing.seq, "bids": []}}
    )
    assert standing.leader_id is not None
    assert standing.price is not None
    auction = StoredAuction(
        AUCTION,
        TERMS,
        END,
        standing._replace(status="ended"),
        version,
        standing.end_at,
        standing.leader_id,
        tuple(bids),
        ((standing.leader_id, "pending", standing.price),),
    )
    return Run(log, {AUCTION: auction}, [watch])
