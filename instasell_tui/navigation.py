"""Every screen that is gone to, with the widgets that have keys in it: one line each.

What is here has its keys on the help page and may be given others.
"""

from __future__ import annotations

from instasell_tui.admin.dispute_screen import DisputeScreen
from instasell_tui.admin.screen import AdminScreen
from instasell_tui.auction.screen import AuctionScreen
from instasell_tui.bids.screen import BidsScreen
from instasell_tui.board.screen import BoardScreen
from instasell_tui.board.table import BoardTable
from instasell_tui.inbox.conversation_screen import ConversationScreen
from instasell_tui.inbox.conversations_screen import ConversationsScreen
from instasell_tui.inbox.notifications_screen import NoticesScreen
from instasell_tui.inbox.preferences_screen import PreferencesScreen, PreferenceTable
from instasell_tui.keys import KeyScope
from instasell_tui.orders.order_screen import OrderScreen
from instasell_tui.orders.screen import OrdersScreen
from instasell_tui.seller.screen import SellerScreen
from instasell_tui.wallet.screen import WalletScreen
from instasell_tui.widgets.row_table import RowTable

PLACES = (
    KeyScope("Board", (BoardTable, BoardScreen)),
    KeyScope("Auction", (AuctionScreen,)),
    KeyScope("My bids", (RowTable, BidsScreen)),
    KeyScope("Orders", (RowTable, OrdersScreen)),
    KeyScope("One order", (OrderScreen,)),
    KeyScope("Wallet", (RowTable, WalletScreen)),
    KeyScope("Messages", (RowTable, ConversationsScreen)),
    KeyScope("One conversation", (ConversationScreen,)),
    KeyScope("Notifications", (RowTable, NoticesScreen)),
    KeyScope("Preferences", (PreferenceTable, PreferencesScreen)),
    KeyScope("Selling", (RowTable, SellerScreen)),
    KeyScope("Admin", (RowTable, AdminScreen)),
    KeyScope("One dispute", (DisputeScreen,)),
)
