"""The application as its screens know it."""

from __future__ import annotations

from abc import abstractmethod
from datetime import tzinfo

from textual.app import App

from instasell_tui.market.account import AccountSession
from instasell_tui.market.connection import MarketConnection
from instasell_tui.widgets.message_log import MessageLog
from instasell_tui.widgets.tone import Tone


class MarketApp(App[None]):
    """Declare the application for its screens, which never import it.

    `zone` is the zone of the times that are shown, None for the system's. A question that moves
    money takes no answer for `armed_after_seconds`; what is waited for is asked again every
    `poll_seconds`.
    """

    feed: MarketConnection
    session: AccountSession
    zone: tzinfo | None
    armed_after_seconds: float
    poll_seconds: float
    keys: dict[str, str]
    remarks: MessageLog

    @abstractmethod
    def open_auction(self, auction_id: str) -> None:
        """Show one auction, in place of another that is shown."""

    @abstractmethod
    def open_order(self, order_id: str) -> None:
        """Show one order."""

    @abstractmethod
    def open_conversation(self, conversation_id: str) -> None:
        """Show what two people said to each other."""

    @abstractmethod
    def say(self, text: str, tone: Tone) -> None:
        """Say something on a line of its own, for what its screen cannot say any more."""

    @abstractmethod
    def keep(self, text: str, tone: Tone) -> None:
        """Put what a screen says itself into the log."""

    @property
    @abstractmethod
    def news(self) -> str:
        """Return the text for the top of every screen about what is new; empty for nothing."""

    @property
    @abstractmethod
    def log_key(self) -> str:
        """Return the key that shows all messages."""

    @property
    @abstractmethod
    def can_remember(self) -> bool:
        """Return whether the user can stay signed in on this computer."""

    @abstractmethod
    async def remember(self, email: str) -> None:
        """Keep the token for the next start, and go on with a session of the screen's own."""

    # Where the user goes ----------------------------------------------------------------------

    @abstractmethod
    def action_person(self) -> object:
        """Sign in, or ask whether to sign out."""

    @abstractmethod
    def action_bids(self) -> None:
        """Show the auctions that the user bids in."""

    @abstractmethod
    def action_orders(self) -> None:
        """Show the orders of the user."""

    @abstractmethod
    def action_wallet(self) -> None:
        """Show the wallet of the user."""

    @abstractmethod
    def action_selling(self) -> None:
        """Show the seller screen."""

    @abstractmethod
    def action_admin(self) -> None:
        """Show the admin screen, to an admin."""

    @abstractmethod
    def action_messages(self) -> None:
        """Show the conversations of the user."""

    @abstractmethod
    def action_notices(self) -> None:
        """Show the notifications of the user."""

    @abstractmethod
    def action_log(self) -> None:
        """Show the messages of this screen."""

    @abstractmethod
    def action_help(self) -> None:
        """Show the keys of this screen."""
