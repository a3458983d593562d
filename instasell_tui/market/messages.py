"""Define the messages to the screens of what has changed. A message goes to subscribers only."""

from __future__ import annotations

from textual.message import Message

from instasell_client.models.messages import Message as ConversationMessage
from instasell_client.models.notifications import Notification


class AuctionPageChanged(Message, bubble=False):
    """Report a change in the followed auction."""


class OrdersChanged(Message, bubble=False):
    """Report a change in the orders of the user."""


class WalletChanged(Message, bubble=False):
    """Report a change in the wallet of the user."""


class InboxChanged(Message, bubble=False):
    """Report a change in notifications, conversations or the number of unread ones."""


class NotificationArrived(Message, bubble=False):
    """Report a notification for the signed-in user."""

    def __init__(self, notice: Notification) -> None:
        super().__init__()
        self.notice = notice


class MessageArrived(Message, bubble=False):
    """Report a message in a conversation, perhaps by the signed-in user in another session."""

    def __init__(self, said: ConversationMessage) -> None:
        super().__init__()
        self.said = said


class ConnectionChanged(Message, bubble=False):
    """Report that the connection was made or lost."""


class AccountChanged(Message, bubble=False):
    """Report another user, or a change in the account."""


class CategoriesChanged(Message, bubble=False):
    """Report that the tree of categories has been read."""


class SignedOut(Message, bubble=False):
    """The session has ended; `reason` is a sentence for the person."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason
