"""The application as the screens of notifications and conversations know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from instasell_tui.market.host import MarketApp

if TYPE_CHECKING:
    from instasell_tui.inbox.state import InboxState


class InboxApp(MarketApp):
    """Declare the state that screens of notifications and conversations read."""

    inbox: InboxState
