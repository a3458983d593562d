"""Decide the bids of an English auction with automatic bidding, and nothing else.

No I/O, no clock, no mutation. The price rises in increments, a bidder's maximum stays private and
is bid for them as far as it is needed. The caller holds the auction's row lock, passes the instant
read after it, and stores what `decide_bid` returns. Whether a user may bid at all (role,
suspension, session) is the caller's to decide; the seller's own bid is decided here.
"""

from datetime import datetime, timedelta
from typing import Final, TypeAlias

from instasell_server.domains.auctions.formats.base import (
    OPEN,
    AuctionSnapshot,
    AuctionTerms,
    BidAccepted,
    BidRefused,
    BidRequest,
    BidRowKind,
    ClosingResult,
    initial_snapshot,
)
from instasell_server.domains.auctions.formats.increments import Increments, next_price

__all__ = [
    "closing_result",
    "decide_bid",
    "hides_leader",
    "initial_snapshot",
    "minimum_bid",
    "runner_up_price",
]

hides_leader: Final = False
"""Everybody sees who leads, by number, and at what price."""

_BID: Final = BidRowKind.BID
_RAISE: Final = BidRowKind.RAISE
_BUY_NOW: Final = BidRowKind.BUY_NOW
_SECONDS_PER_DAY: Final = 86_400
_NOT_OPEN: Final = BidRefused("auction_not_open")
_SELLER_CANNOT_BID: Final = BidRefused("seller_cannot_bid")
_BUY_NOW_UNAVAILABLE: Final = BidRefused("buy_now_unavailable")

_Settled: TypeAlias = tuple[BidRowKind, int, int, str, int, int | None]
"""(kind, the bidder's own maximum, price, leader, their maximum, the runner-up's maximum)."""


def minimum_bid(min_bid: int, increments: Increments, price: int | None) -> int:
    """Return the least that a bidder who does not lead must offer while `price` is shown."""
    return min_bid if price is None else next_price(increments, price)


def closing_result(terms: AuctionTerms, standing: AuctionSnapshot) -> ClosingResult:
    """Return the winner and the price if the auction closes in this state."""
    leader_max = standing.leader_max
    if leader_max is None or (terms.reserve is not None and leader_max < terms.reserve):
        return ClosingResult(None, None, reserve_met=False)
    return ClosingResult(standing.leader_id, standing.price, reserve_met=True)


def runner_up_price(terms: AuctionTerms, standing: AuctionSnapshot) -> int | None:
    """Return the price at which the runner-up may buy if the winner falls away.

    None without a runner-up, or when their maximum is under the reserve.
    """
    if standing.runner_up_max is None or standing.price is None:
        return None
    price = min(standing.runner_up_max, standing.price)
    return price if terms.reserve is None or price >= terms.reserve else None


def decide_bid(
    terms: AuctionTerms, standing: AuctionSnapshot, offer: BidRequest, judged_at: datetime
) -> BidAccepted | BidRefused:
    """Decide one offer at one instant.

    Raises ValueError on an offer that the wire should have refused: no amount at all, an amount
    above its own maximum, or a leader without their `bidder_no`.
    """
    bidder_id = offer.bidder_id
    if bidder_id == terms.seller_id:
        return _SELLER_CANNOT_BID
    end_at = standing.end_at
    if standing.status not in OPEN or not terms.start_at <= judged_at < end_at:
        return _NOT_OPEN
    buying = offer.kind == _BUY_NOW
    settled = _settle_buy_now(terms, standing, offer) if buying else _settle(terms, standing, offer)
    if isinstance(settled, BidRefused):
        return settled
    kind, maximum, price, leader_id, leader_max, runner_up_max = settled

    reserve = terms.reserve
    reserve_met = reserve is None or leader_max >= reserve
    if reserve is not None and reserve_met and price < reserve:
        price = reserve

    left = end_at - judged_at
    # A sale ends the auction, so there is nothing left to extend.
    extended = not buying and (
        left.days * _SECONDS_PER_DAY + left.seconds < terms.extension_window_seconds
    )
    if extended:
        end_at += timedelta(seconds=terms.extension_seconds)

    seq = standing.seq + 1
    bidder_count = standing.bidder_count
    bidder_no = offer.bidder_no
    if bidder_no is None:
        bidder_no = bidder_count = bidder_count + 1
    status = "ended" if buying else standing.status
    return BidAccepted(
        AuctionSnapshot(
            status, end_at, price, leader_id, leader_max, runner_up_max,
            reserve_met, seq, bidder_count,
        ),
        kind, seq, bidder_no, maximum, min(maximum, price), price, leader_id,
        extended, leader_id != bidder_id, standing.leader_id, buying,
    )  # fmt: skip


def _settle(
    terms: AuctionTerms, standing: AuctionSnapshot, offer: BidRequest
) -> _Settled | BidRefused:
    """Weigh a bid against the leader's, before the reserve has its say."""
    bidder_id, amount, maximum, _, _ = offer
    if maximum is None:
        if amount is None:
            raise ValueError("an offer needs an amount or a max_amount")
        maximum = amount
    elif amount is None:
        amount = 0
    elif amount > maximum:
        raise ValueError("amount must not be above max_amount")

    price, leader_id, leader_max = standing.price, standing.leader_id, standing.leader_max
    if price is None or leader_id is None or leader_max is None:
        if maximum < terms.min_bid:
            return BidRefused("bid_too_low", terms.min_bid)
        return _BID, maximum, max(terms.min_bid, amount), bidder_id, maximum, None
    if bidder_id == leader_id:
        return _settle_raise(terms, standing, offer, amount, maximum)

    increments = terms.increments
    minimum = next_price(increments, price)
    if maximum < minimum:
        return BidRefused("bid_too_low", minimum)
    # Beside a sufficient maximum an amount under the minimum says nothing. It could still lift
    # the price where a seller's table has an increment smaller than the row before it.
    if amount < minimum:
        amount = 0
    if maximum > leader_max:
        reached = min(maximum, next_price(increments, leader_max))
        return _BID, maximum, max(reached, amount), bidder_id, maximum, leader_max
    reached = min(leader_max, next_price(increments, maximum))
    return _BID, maximum, max(reached, amount), leader_id, leader_max, maximum


def _settle_raise(
    terms: AuctionTerms, standing: AuctionSnapshot, offer: BidRequest, amount: int, maximum: int
) -> _Settled | BidRefused:
    """Let the leader go further than before; a close runner-up may raise the price."""
    price, leader_max, runner_up_max = standing.price, standing.leader_max, standing.runner_up_max
    if price is None or leader_max is None or offer.bidder_no is None:
        raise ValueError("the leader has bid before: pass their bidder_no")
    if maximum <= leader_max:
        return BidRefused("already_leading", leader_max + 1)
    price = max(price, amount)
    if runner_up_max is not None:
        price = max(price, min(maximum, next_price(terms.increments, runner_up_max)))
    return _RAISE, maximum, price, offer.bidder_id, maximum, runner_up_max


def _settle_buy_now(
    terms: AuctionTerms, standing: AuctionSnapshot, offer: BidRequest
) -> _Settled | BidRefused:
    """Sell at once: open until the first bid, with a reserve until a bid has met it."""
    buy_now, leader_max = terms.buy_now, standing.leader_max
    if buy_now is None:
        return _BUY_NOW_UNAVAILABLE
    if leader_max is not None and (terms.reserve is None or leader_max >= terms.reserve):
        return _BUY_NOW_UNAVAILABLE
    if offer.amount is not None and offer.amount != buy_now:
        return BidRefused("buy_now_unavailable", buy_now)
    own = standing.leader_id == offer.bidder_id
    if own and offer.bidder_no is None:
        raise ValueError("the leader has bid before: pass their bidder_no")
    runner_up_max = standing.runner_up_max if own else leader_max
    return _BUY_NOW, buy_now, buy_now, offer.bidder_id, buy_now, runner_up_max
