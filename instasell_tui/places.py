"""Every screen that is gone to, with the widgets that have keys in it: one line each.

What is here has its keys on the help page and may be given others.
"""

from __future__ import annotations

from instasell_tui.keys import Place
from instasell_tui.screens.auction import AuctionScreen
from instasell_tui.screens.bids import BidsScreen
from instasell_tui.screens.board import BoardScreen
from instasell_tui.screens.conversation import ConversationScreen
from instasell_tui.screens.conversations import ConversationsScreen
from instasell_tui.screens.desk import DeskScreen
from instasell_tui.screens.dispute import DisputeScreen
from instasell_tui.screens.notices import NoticesScreen
from instasell_tui.screens.order import OrderScreen
from instasell_tui.screens.orders import OrdersScreen
from instasell_tui.screens.preferences import PreferencesScreen, PreferenceTable
from instasell_tui.screens.selling import SellingScreen
from instasell_tui.screens.wallet import WalletScreen
from instasell_tui.widgets.board_table import BoardTable
from instasell_tui.widgets.row_table import RowTable

PLACES = (
    Place("Board", (BoardTable, BoardScreen)),
    Place("Auction", (AuctionScreen,)),
    Place("My bids", (RowTable, BidsScreen)),
    Place("Orders", (RowTable, OrdersScreen)),
    Place("One order", (OrderScreen,)),
    Place("Wallet", (RowTable, WalletScreen)),
    Place("Messages", (RowTable, ConversationsScreen)),
    Place("One conversation", (ConversationScreen,)),
    Place("Notices", (RowTable, NoticesScreen)),
    Place("What is told", (PreferenceTable, PreferencesScreen)),
    Place("Seller desk", (RowTable, SellingScreen)),
    Place("Admin desk", (RowTable, DeskScreen)),
    Place("One dispute", (DisputeScreen,)),
)
