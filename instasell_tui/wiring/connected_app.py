"""The application with its connection to the market and the state of each feature."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from instasell_client import AsyncInstaSell
from instasell_tui.admin.host import AdminApp
from instasell_tui.admin.state import AdminState
from instasell_tui.auction.live_auction import LiveAuction
from instasell_tui.auction.pictures import PictureLoader
from instasell_tui.bids.host import BidsApp
from instasell_tui.bids.state import BidsState
from instasell_tui.board.live_board import LiveBoard
from instasell_tui.inbox.state import InboxState
from instasell_tui.market.account import AccountSession
from instasell_tui.market.connection import MarketConnection
from instasell_tui.orders.state import OrdersState
from instasell_tui.seller.host import SellerApp
from instasell_tui.seller.state import SellerState
from instasell_tui.wallet.host import WalletApp
from instasell_tui.wiring.initial_load import load_account


class ConnectedApp(BidsApp, SellerApp, WalletApp, AdminApp):
    """Make what all features declare: the one place that knows every state."""

    def connect(
        self, client: AsyncInstaSell, *, read_only: bool, clock: Callable[[], datetime] | None
    ) -> None:
        """Make the connection, which `feed.start` opens, and the states that build on it."""
        self.feed = feed = MarketConnection(client, read_only=read_only, clock=clock)
        self.session = AccountSession(feed)
        self.board = LiveBoard(feed)
        self.auction = LiveAuction(feed, self.board)
        self.pictures = PictureLoader(client)
        self.inbox = InboxState(feed)
        self.orders = OrdersState(feed)
        self.bids = BidsState(feed, self.board.state)
        self.seller = SellerState(feed)
        self.admin = AdminState(feed)
        feed.on_start(lambda _: load_account(feed, self.session, self.board, self.inbox))
