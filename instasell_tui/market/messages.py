"""Define the messages of the feed to the screens. A message goes to subscribers only."""

from __future__ import annotations

from textual.message import Message

from instasell_client.models.messages import Message as Said
from instasell_client.models.notifications import Notification
from instasell_tui.board.state import BoardAuction, BoardChanges


class BoardChanged(Message, bubble=False):
    """Lots are different."""

    def __init__(self, changes: BoardChanges) -> None:
        super().__init__()
        self.changes = changes


class AuctionPageChanged(Message, bubble=False):
    """The followed auction is different."""


class OrdersChanged(Message, bubble=False):
    """The own orders are different."""


class WalletChanged(Message, bubble=False):
    """The own wallet is different."""


class InboxChanged(Message, bubble=False):
    """Notices, conversations or how many are unread are different."""


class NotificationArrived(Message, bubble=False):
    """The market has told the signed-in user something."""

    def __init__(self, notice: Notification) -> None:
        super().__init__()
        self.notice = notice


class MessageArrived(Message, bubble=False):
    """Somebody said something, the signed-in user in another place perhaps."""

    def __init__(self, said: Said) -> None:
        super().__init__()
        self.said = said


class ConnectionChanged(Message, bubble=False):
    """The connection came or went."""


class AccountChanged(Message, bubble=False):
    """Another person, or more is known of the person."""


class CategoriesChanged(Message, bubble=False):
    """The tree of categories has come."""


class Outbid(Message, bubble=False):
    """Somebody else leads where the signed-in user led."""

    def __init__(self, lot: BoardAuction) -> None:
        super().__init__()
        self.lot = lot


class AuctionOver(Message, bubble=False):
    """An auction that the signed-in user watches or bids in is over."""

    def __init__(self, lot: BoardAuction) -> None:
        super().__init__()
        self.lot = lot


class SignedOut(Message, bubble=False):
    """The session has ended; `reason` is a sentence for the person."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason
