"""The application as the screens of orders know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from instasell_tui.inbox.host import InboxApp

if TYPE_CHECKING:
    from instasell_tui.orders.state import OrdersState


class OrdersApp(InboxApp):
    """Declare the state that screens of orders read."""

    orders: OrdersState
