"""The application as the screens of one auction know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from instasell_tui.board.host import BoardApp
from instasell_tui.orders.host import OrdersApp

if TYPE_CHECKING:
    from instasell_tui.auction.live_auction import LiveAuction
    from instasell_tui.auction.pictures import PictureLoader


class AuctionApp(BoardApp, OrdersApp):
    """Declare the state that screens of one auction read."""

    auction: LiveAuction
    pictures: PictureLoader
