"""Define the messages of the board to the screens. A message goes to subscribers only."""

from __future__ import annotations

from textual.message import Message

from instasell_tui.board.state import BoardAuction, BoardChanges


class BoardChanged(Message, bubble=False):
    """Auctions are different."""

    def __init__(self, changes: BoardChanges) -> None:
        super().__init__()
        self.changes = changes


class Outbid(Message, bubble=False):
    """Report that another bidder leads where the signed-in user led."""

    def __init__(self, auction: BoardAuction) -> None:
        super().__init__()
        self.auction = auction


class AuctionOver(Message, bubble=False):
    """An auction that the signed-in user watches or bids in is over."""

    def __init__(self, auction: BoardAuction) -> None:
        super().__init__()
        self.auction = auction
