"""The connection with the states that build on it, without an application."""

from __future__ import annotations

from typing import Any

from instasell_client import AsyncInstaSell
from instasell_tui.auction.live_auction import LiveAuction
from instasell_tui.board.live_board import LiveBoard
from instasell_tui.inbox.state import InboxState
from instasell_tui.market.account import AccountSession
from instasell_tui.market.connection import MarketConnection
from instasell_tui.wiring.initial_load import load_account


class MarketStates:
    """Hold the connection, and what takes in what it brings."""

    def __init__(self, client: AsyncInstaSell, **options: Any) -> None:
        self.feed = feed = MarketConnection(client, **options)
        self.board = LiveBoard(feed)
        self.auction = LiveAuction(feed, self.board)
        self.inbox = InboxState(feed)
        session = AccountSession(feed)
        feed.on_start(lambda _: load_account(feed, session, self.board, self.inbox))
