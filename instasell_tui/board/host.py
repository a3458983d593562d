"""The application as the screens of the board know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from instasell_tui.market.host import MarketApp

if TYPE_CHECKING:
    from instasell_tui.board.live_board import LiveBoard


class BoardApp(MarketApp):
    """Declare the state that screens of the board read."""

    board: LiveBoard
