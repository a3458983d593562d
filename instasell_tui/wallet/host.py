"""The application as the wallet screen knows it."""

from __future__ import annotations

from instasell_tui.board.host import BoardApp
from instasell_tui.orders.host import OrdersApp


class WalletApp(BoardApp, OrdersApp):
    """Declare the states that the wallet screen reads: those of the board and of the orders."""
