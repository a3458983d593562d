"""The application as the screens of an administrator know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from instasell_tui.market.host import MarketApp

if TYPE_CHECKING:
    from instasell_tui.admin.state import AdminState


class AdminApp(MarketApp):
    """Declare the state that screens of an administrator read."""

    admin: AdminState
