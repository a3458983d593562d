"""Define what the feeds of a live session yield, and how an event changes a state.

Match on the class, or on `event`, which is the name on the wire:

    match event:
        case AuctionJoined(data=joined): show(joined.state)
        case BidsPlaced(): state = apply_change(state, event)
        case AuctionChange(event="auction_ended", data=change): ...
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from instasell_client.models.auctions import AuctionState, AuctionStatus
from instasell_client.models.base import JsonObject
from instasell_client.models.live import (
    AuctionChanged,
    BidPlaced,
    JoinedAuction,
    JoinedBoard,
    YourBid,
)
from instasell_client.models.messages import NewMessage
from instasell_client.models.notifications import Notification
from instasell_client.models.wallets import Wallet

ChangeName = Literal[
    "auction_started", "auction_ended", "auction_cancelled", "auction_updated", "auction_left"
]
NoticeName = Literal["notification", "new_message", "wallet_changed", "your_bid_changed"]


@dataclass(frozen=True, slots=True)
class AuctionJoined:
    """Report the state at the start of a feed, and again after a lost connection or a gap.

    `resumed` is False for the first. Then `data.missed` has the bids that came in between, none
    of which was yielded before; `data.truncated` says that there were more than it has.
    """

    data: JoinedAuction
    resumed: bool = False
    event: Literal["joined"] = "joined"

    @property
    def version(self) -> int:
        """Return the auction's version after the event."""
        return self.data.version


@dataclass(frozen=True, slots=True)
class BidsPlaced:
    """Report accepted bids; for a slow reader one event may stand for several commits."""

    data: BidPlaced
    event: Literal["bid_placed"] = "bid_placed"

    @property
    def version(self) -> int:
        """Return the auction's version after the event."""
        return self.data.version


@dataclass(frozen=True, slots=True)
class AuctionChange:
    """Report that an auction started, ended, was cancelled or updated: `event` tells which.

    A feed of the board has two more: an `auction_updated` whose `data.entered` is true brings an
    auction that has come into the view, and `auction_left` says that one has gone out of it.
    """

    event: ChangeName
    data: AuctionChanged

    @property
    def version(self) -> int:
        """Return the auction's version after the event."""
        return self.data.version


@dataclass(frozen=True, slots=True)
class BoardJoined:
    """Report the auctions of the view, in place of what the board showed.

    `resumed`: not the first. `data.auctions` has those of the view in its order, and then those
    that concern the account; `data.total` is the number that match the view, where it is known.
    """

    data: JoinedBoard
    resumed: bool = False
    event: Literal["board_joined"] = "board_joined"


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """Report what is for the signed-in user alone: `event` names it, `data` is as it came.

    `your_bid_changed` comes for the auctions and the board that this session has joined, whatever
    placed the bid. It may overtake or follow the auction's own event; `version` orders the two.
    Of the four properties the one that fits the event has it typed, the others are None.
    """

    event: NoticeName
    data: JsonObject

    @property
    def notification(self) -> Notification | None:
        """Return the notification of a `notification`."""
        if self.event != "notification":
            return None
        return Notification.model_validate(self.data)

    @property
    def message(self) -> NewMessage | None:
        """Return the message of a `new_message`; your own messages come, too."""
        return NewMessage.model_validate(self.data) if self.event == "new_message" else None

    @property
    def wallet(self) -> Wallet | None:
        """Return the wallet of a `wallet_changed`."""
        return Wallet.model_validate(self.data) if self.event == "wallet_changed" else None

    @property
    def your_bid(self) -> YourBid | None:
        """Return the user's position in an auction, of a `your_bid_changed`."""
        return YourBid.model_validate(self.data) if self.event == "your_bid_changed" else None


Change = BidsPlaced | AuctionChange
AuctionEvent = AuctionJoined | BidsPlaced | AuctionChange
BoardEvent = BoardJoined | BidsPlaced | AuctionChange

_STATUS = {
    "auction_started": AuctionStatus.LIVE,
    "auction_ended": AuctionStatus.ENDED,
    "auction_cancelled": AuctionStatus.CANCELLED,
}
_SHARED = (
    *("version", "seq", "bid_count", "bidder_count", "current_bid", "minimum_bid"),
    *("leader", "reserve_met", "end_at"),
)


def apply_change(state: AuctionState, event: AuctionEvent) -> AuctionState:
    """Return the state after an event; a state that is as new already is returned as it is."""
    if event.version <= state.version:
        return state
    if isinstance(event, AuctionJoined):
        return event.data.state
    if isinstance(event, BidsPlaced):
        return state.model_copy(update={name: getattr(event.data, name) for name in _SHARED})
    return _changed(state, event)


def _changed(state: AuctionState, event: AuctionChange) -> AuctionState:
    change = event.data
    if change.state is not None:
        return change.state
    newest = {"version": change.version, "seq": max(state.seq, change.seq)}
    values: dict[str, object] = {"status": _STATUS.get(event.event, state.status), **newest}
    for name, value in (
        ("winner", change.winner),
        ("current_bid", change.price),
        ("reserve_met", change.reserve_met),
    ):
        if value is not None:
            values[name] = value
    return state.model_copy(update=values)
