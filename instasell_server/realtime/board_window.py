"""One view of the board with subscribers: its auctions, and who gets them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from instasell_client.models.live import BoardView
from instasell_server.realtime.rooms import OwnBidEvent
from instasell_server.realtime.subscriber import Subscriber


@dataclass(slots=True)
class BoardJoin:
    """Keep what happens to a subscriber while its snapshot is read.

    These are the positions of the subscriber that change, in order, and the auctions that concern
    it and were not on the board.
    """

    own_bids: list[OwnBidEvent] = field(default_factory=list)
    adopted: set[str] = field(default_factory=set)


class BoardWindow:
    """Hold the auctions of a view and its subscribers.

    `read_number` is that of the read that the auctions are from: reads may overtake each other.
    """

    __slots__ = ("auction_ids", "joining", "leaving", "read_number", "view", "watchers")

    def __init__(self, view: BoardView) -> None:
        self.view = view
        self.auction_ids: set[str] = set()
        # Those that the last read lacked. The end of one may be on its way, so it stays until
        # another read lacks it, too.
        self.leaving: set[str] = set()
        self.read_number = 0
        self.watchers: set[Subscriber] = set()
        self.joining: dict[Subscriber, BoardJoin] = {}

    @property
    def empty(self) -> bool:
        """Return whether nobody watches or is about to."""
        return not self.watchers and not self.joining

    def replace(
        self, auction_ids: Sequence[str], over: Collection[str], waiting: Collection[str]
    ) -> tuple[list[str], list[str]]:
        """Take the auctions of a newer read; return those that have entered, and that have left.

        One that is over leaves at once, but not before its end, if that still waits, was sent.
        """
        found = set(auction_ids)
        entered = [each for each in auction_ids if each not in self.auction_ids]
        lacking = self.auction_ids - found
        left = [
            each
            for each in lacking
            if (each in over and each not in waiting) or (each in self.leaving and each not in over)
        ]
        self.leaving = lacking.difference(left)
        self.auction_ids = found | self.leaving
        return entered, left
