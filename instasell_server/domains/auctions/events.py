"""Say what happened to an auction, in values: the live side makes frames of it.

An event is made in the transaction that causes it and published after its commit. Each change of
an auction is one version and one event, so that subscribers see a gap in the versions and fill it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, TypeAlias

from instasell_client.models.auctions import AuctionState
from instasell_client.models.live import YourBid
from instasell_server.domains.auctions.bid_records import PublicBid, bidder_name
from instasell_server.domains.auctions.records import Closing


class OwnBid(NamedTuple):
    """A bidder's position in an auction after a change, for the sockets of that bidder alone.

    `max_amount` is in minor units.
    """

    user_id: str
    bidder_no: int
    leading: bool
    max_amount: int


@dataclass(frozen=True, slots=True)
class BidsAccepted:
    """One commit took these bids, in order of seq, and the auction goes on.

    `extended` tells that they moved `end_at`. `own_bids` has those who bid or lost the lead.
    Amounts are in minor units.
    """

    auction_id: str
    version: int
    at: datetime
    bids: Sequence[PublicBid]
    bidder_count: int
    current_bid: int | None
    minimum_bid: int
    leader: str | None
    reserve_met: bool
    end_at: datetime
    extended: bool
    own_bids: tuple[OwnBid, ...] = ()

    @property
    def seq(self) -> int:
        """Return the number of the last bid."""
        return self.bids[-1].seq


@dataclass(frozen=True, slots=True)
class AuctionEnded:
    """An auction ended. `bids` has what the same commit took before it, as a buy-now does.

    Nobody is named, and no price, where no bid could win.
    """

    auction_id: str
    version: int
    seq: int
    at: datetime
    bids: Sequence[PublicBid]
    winner: str | None
    price: int | None
    reserve_met: bool
    own_bids: tuple[OwnBid, ...] = ()


@dataclass(frozen=True, slots=True)
class AuctionCancelled:
    """An auction was cancelled by its seller or by an admin."""

    auction_id: str
    version: int
    seq: int
    at: datetime
    reason: str | None
    own_bids: tuple[OwnBid, ...] = ()


@dataclass(frozen=True, slots=True)
class _StateShown:
    """Show a change by the whole state after it, for boards that lack the auction."""

    state: AuctionState
    at: datetime
    own_bids: tuple[OwnBid, ...] = ()

    @property
    def auction_id(self) -> str:
        """Return the auction."""
        return self.state.auction_id

    @property
    def version(self) -> int:
        """Return the version that the change made."""
        return self.state.version

    @property
    def seq(self) -> int:
        """Return the number of the last bid."""
        return self.state.seq


@dataclass(frozen=True, slots=True)
class AuctionStarted(_StateShown):
    """An auction went live."""


@dataclass(frozen=True, slots=True)
class AuctionUpdated(_StateShown):
    """An auction's terms, its listing's texts or its promotion changed."""


AuctionEvent: TypeAlias = (
    BidsAccepted | AuctionStarted | AuctionUpdated | AuctionEnded | AuctionCancelled
)


class EventPublisher(Protocol):
    """Send the events of auctions to subscribers."""

    async def publish(self, events: Sequence[AuctionEvent]) -> None:
        """Send events to this server's subscribers and to the other servers. Never raises."""
        ...


def auction_ended(
    closing: Closing,
    leader_no: int | None,
    bids: Sequence[PublicBid] = (),
    own_bids: tuple[OwnBid, ...] = (),
) -> AuctionEnded:
    """Return the event of a closing; the winner is named by number."""
    return AuctionEnded(
        auction_id=closing.auction.id,
        version=closing.auction.version + 1,
        seq=closing.standing.seq,
        at=closing.at,
        bids=bids,
        winner=bidder_name(leader_no) if closing.winner_id else None,
        price=closing.price,
        reserve_met=closing.standing.reserve_met,
        own_bids=own_bids,
    )


def your_bid(auction_id: str, version: int, own: OwnBid) -> YourBid:
    """Return a bidder's position as that bidder sees it."""
    return YourBid.model_construct(
        auction_id=auction_id,
        version=version,
        bidder=f"bidder-{own.bidder_no}",
        leading=own.leading,
        max_amount=own.max_amount,
    )
