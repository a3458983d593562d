"""The application as the screen of the user's bids knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from instasell_tui.auction.host import AuctionApp

if TYPE_CHECKING:
    from instasell_tui.bids.state import BidsState


class BidsApp(AuctionApp):
    """Declare the state that the screen of the user's bids reads."""

    bids: BidsState
