"""The board's state: every auction that it shows, by version. Pure: no I/O, no clock.

Changes are taken in as they come; the screen asks `drain` for the auctions that have changed
since the last call, so that any number of changes of one auction costs one drawing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from instasell_client import AuctionChange, BidsPlaced, apply_change
from instasell_client.models.auctions import AuctionState, AuctionStatus, Bid, You
from instasell_client.models.live import YourBid
from instasell_tui.widgets.formats import safe_text

PRICES_KEPT_MAX = 48
FLASH = timedelta(seconds=1.5)
ENDED_STAYS = timedelta(seconds=30)
_OVER = frozenset({AuctionStatus.ENDED, AuctionStatus.CANCELLED})


@dataclass(slots=True)
class BoardAuction:
    """One auction on the board. `title` is safe to print; `changed_at` is by the server's clock."""

    state: AuctionState
    title: str
    you: You | None = None
    watching: bool = False
    selling: bool = False
    prices: deque[int] = field(default_factory=lambda: deque(maxlen=PRICES_KEPT_MAX))
    has_history: bool = False
    changed_at: datetime | None = None
    over_at: datetime | None = None

    @property
    def auction_id(self) -> str:
        """Return the auction's id."""
        return self.state.auction_id

    @property
    def price(self) -> int:
        """Return the price that the board shows: the current bid, or where bidding starts."""
        return self.state.min_bid if self.state.current_bid is None else self.state.current_bid

    @property
    def over(self) -> bool:
        """Tell whether it has ended or was cancelled."""
        return self.state.status in _OVER

    @property
    def bidder(self) -> str | None:
        """Return the public name of the signed-in user in this auction, if there is one."""
        return self.you.bidder if self.you else None

    @property
    def leading(self) -> bool:
        """Tell whether the signed-in user leads an auction that is open."""
        return self.bidder is not None and self.state.leader == self.bidder and not self.over

    @property
    def outbid(self) -> bool:
        """Return whether the signed-in user has bid and does not lead."""
        return self.bidder is not None and self.state.leader != self.bidder

    @property
    def won(self) -> bool:
        """Return whether the signed-in user has won it."""
        return self.bidder is not None and self.state.winner == self.bidder

    @property
    def mine(self) -> bool:
        """Return whether the signed-in user bids or sells here."""
        return self.bidder is not None or self.selling

    def flashing(self, now: datetime) -> bool:
        """Return whether it has just changed."""
        return self.changed_at is not None and now - self.changed_at < FLASH


class Tab(StrEnum):
    """Name the groups of auctions that the board can show."""

    ALL = "all"
    WATCHING = "watching"
    MINE = "mine"


class BoardColumn(StrEnum):
    """Name the columns by which the board can be sorted."""

    ENDS = "ends"
    TITLE = "title"
    PRICE = "price"
    BIDS = "bids"
    LEADER = "leader"


_KEYS: dict[BoardColumn, Callable[[BoardAuction], tuple[object, ...]]] = {
    BoardColumn.ENDS: lambda auction: (auction.over, auction.state.end_at, auction.auction_id),
    BoardColumn.TITLE: lambda auction: (auction.title.casefold(), auction.auction_id),
    BoardColumn.PRICE: lambda auction: (auction.price, auction.auction_id),
    BoardColumn.BIDS: lambda auction: (auction.state.bid_count, auction.auction_id),
    BoardColumn.LEADER: lambda auction: (
        not auction.leading,
        not auction.outbid,
        auction.state.leader or "~",
        auction.auction_id,
    ),
}


@dataclass(frozen=True, slots=True)
class BoardQuery:
    """Hold the filter and the order of the board; `categories` None means all of them."""

    tab: Tab = Tab.ALL
    text: str = ""
    categories: frozenset[str] | None = None
    column: BoardColumn = BoardColumn.ENDS
    descending: bool = False

    def admits(self, auction: BoardAuction) -> bool:
        """Return whether an auction is shown."""
        if self.tab is Tab.WATCHING and not auction.watching:
            return False
        if self.tab is Tab.MINE and not auction.mine:
            return False
        if self.categories is not None and auction.state.category_id not in self.categories:
            return False
        if not self.text:
            return True
        title = auction.title.casefold()
        return all(word in title for word in self.text.casefold().split())


@dataclass(frozen=True, slots=True)
class BoardChanges:
    """Hold the changes since the last drain; `rows` says that auctions were added or removed."""

    auction_ids: frozenset[str]
    rows: bool


class BoardState:
    """Every auction on the board. `seller_id` is the signed-in user."""

    def __init__(self) -> None:
        self._auctions: dict[str, BoardAuction] = {}
        self._you: dict[str, You] = {}
        self._watched: set[str] = set()
        self._changed: set[str] = set()
        self._rows = False
        self.seller_id: str | None = None
        self.loaded = False

    def __len__(self) -> int:
        return len(self._auctions)

    def __contains__(self, auction_id: str) -> bool:
        return auction_id in self._auctions

    def get(self, auction_id: str) -> BoardAuction | None:
        """Return an auction, if the board has it."""
        return self._auctions.get(auction_id)

    def all(self) -> Collection[BoardAuction]:
        """Return every auction, in no order."""
        return self._auctions.values()

    def restart(self, states: Iterable[AuctionState]) -> Sequence[str]:
        """Replace all open auctions by those of a snapshot; those that are over stay their time.

        Returns the auctions that the person cares for and the snapshot has no more.
        """
        fresh = {state.auction_id: state for state in states}
        lost = [
            key for key, auction in self._auctions.items() if key not in fresh and not auction.over
        ]
        for auction_id in lost:
            auction = self._auctions[auction_id]
            if not auction.watching and not auction.mine:
                del self._auctions[auction_id]
        for state in fresh.values():
            self.put(state)
        self._rows = self.loaded = True
        return [auction_id for auction_id in lost if auction_id in self._auctions]

    def put(self, state: AuctionState, at: datetime | None = None) -> BoardAuction:
        """Take a whole state; an older one than is known changes nothing."""
        auction = self._auctions.get(state.auction_id)
        if auction is None:
            you = self._you.get(state.auction_id)
            auction = BoardAuction(state, safe_text(state.title), you=you)
            auction.watching = state.auction_id in self._watched
            auction.selling = self.seller_id is not None and state.seller_id == self.seller_id
            auction.prices.append(auction.price)
            self._auctions[state.auction_id] = auction
            self._rows = True
            self._changed.add(state.auction_id)
        elif state.version > auction.state.version:
            self._move(auction, state, at)
        if auction.over and auction.over_at is None:
            auction.over_at = at
        return auction

    def apply(self, change: BidsPlaced | AuctionChange, at: datetime) -> BoardAuction | None:
        """Take a change; return None when the board knows nothing of its auction."""
        auction = self._auctions.get(change.data.auction_id)
        if isinstance(change, AuctionChange) and change.event == "auction_left":
            return None if auction is None else self._take_out(auction)
        if auction is None:
            whole = change.data.state if isinstance(change, AuctionChange) else None
            return None if whole is None else self.put(whole, at)
        if change.version > auction.state.version:
            self._move(auction, apply_change(auction.state, change), at)
        return auction

    def _take_out(self, auction: BoardAuction) -> BoardAuction:
        """Take out an auction that has left the view, unless the user cares for it."""
        if not auction.watching and not auction.mine and not auction.over:
            del self._auctions[auction.auction_id]
            self._rows = True
        return auction

    def _move(self, auction: BoardAuction, state: AuctionState, at: datetime | None) -> None:
        before = auction.price
        auction.state = state
        if auction.price != before:
            auction.prices.append(auction.price)
        if auction.over and auction.over_at is None:
            auction.over_at = at
        auction.changed_at = at
        auction.title = safe_text(state.title)
        self._changed.add(auction.auction_id)

    def set_history(self, auction_id: str, bids: Sequence[Bid]) -> None:
        """Set the earlier prices of the auction, from its bids."""
        auction = self._auctions.get(auction_id)
        if auction is None:
            return
        auction.has_history = True
        prices = [bid.price for bid in bids if bid.price <= auction.price]
        if prices:
            auction.prices.clear()
            auction.prices.extend([auction.state.min_bid, *prices])
            if auction.prices[-1] != auction.price:
                auction.prices.append(auction.price)
            self._changed.add(auction_id)

    def set_you(self, auction_id: str, you: You | None) -> None:
        """Set the relation of the signed-in user to an auction, which only that user receives."""
        if you is None:
            return
        self._you[auction_id] = you
        auction = self._auctions.get(auction_id)
        if auction is not None and auction.you != you:
            auction.you = you
            self._changed.add(auction_id)
            self._rows = True

    def set_own_bid(self, own: YourBid) -> You:
        """Take in where the user's bid is, wherever it was made; what else is known stays."""
        known = self._you.get(own.auction_id) or You()
        you = known.model_copy(update={"bidder": own.bidder, "max_amount": own.max_amount})
        self.set_you(own.auction_id, you)
        return you

    def you(self, auction_id: str) -> You | None:
        """Return the known relation of the signed-in user to an auction."""
        return self._you.get(auction_id)

    def set_watched(self, auction_id: str, *, on: bool) -> None:
        """Add an auction to the watchlist that is shown, or remove it."""
        (self._watched.add if on else self._watched.discard)(auction_id)
        auction = self._auctions.get(auction_id)
        if auction is not None:
            auction.watching = on
            self._changed.add(auction_id)
            self._rows = True

    def is_watched(self, auction_id: str) -> bool:
        """Return whether an auction is on the watchlist."""
        return auction_id in self._watched

    def forget_person(self) -> None:
        """Forget the person: nobody is signed in any more."""
        self._you.clear()
        self._watched.clear()
        self.seller_id = None
        self._auctions.clear()
        self._rows, self.loaded = True, False

    def expire(self, now: datetime) -> None:
        """Remove what has been over for a while, unless the user watches, bids or sells there."""
        for auction_id, auction in list(self._auctions.items()):
            gone = auction.over_at is not None and now - auction.over_at > ENDED_STAYS
            if gone and not auction.watching and not auction.mine:
                del self._auctions[auction_id]
                self._you.pop(auction_id, None)
                self._rows = True

    def drain(self) -> BoardChanges | None:
        """Return the changes since the last call, or None."""
        if not self._changed and not self._rows:
            return None
        changes = BoardChanges(frozenset(self._changed), self._rows)
        self._changed.clear()
        self._rows = False
        return changes

    def select(self, query: BoardQuery) -> list[BoardAuction]:
        """Return the auctions that a query admits, in its order."""
        chosen = [auction for auction in self._auctions.values() if query.admits(auction)]
        chosen.sort(key=_KEYS[query.column], reverse=query.descending)
        return chosen

    def count(self, tab: Tab) -> int:
        """Return the number of auctions in a tab."""
        query = BoardQuery(tab=tab)
        return sum(query.admits(auction) for auction in self._auctions.values())


class PreviousState(NamedTuple):
    """Hold the state of an auction before a change."""

    led: bool
    open: bool


def before(auction: BoardAuction | None) -> PreviousState:
    if auction is None:
        return PreviousState(led=False, open=False)
    return PreviousState(led=auction.leading, open=not auction.over)
