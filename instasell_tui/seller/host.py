"""The application as the seller screen knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from instasell_tui.board.host import BoardApp
from instasell_tui.orders.host import OrdersApp

if TYPE_CHECKING:
    from instasell_tui.seller.state import SellerState


class SellerApp(BoardApp, OrdersApp):
    """Declare the state that the seller screen reads."""

    seller: SellerState
