"""Import each screen when the user first goes there, so that the board need not wait."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from instasell_tui.account.screen import SignInScreen
    from instasell_tui.admin.screen import AdminScreen
    from instasell_tui.auction.screen import AuctionScreen
    from instasell_tui.bids.screen import BidsScreen
    from instasell_tui.help.screen import HelpScreen
    from instasell_tui.inbox.conversation_screen import ConversationScreen
    from instasell_tui.inbox.conversations_screen import ConversationsScreen
    from instasell_tui.inbox.notifications_screen import NoticesScreen
    from instasell_tui.orders.order_screen import OrderScreen
    from instasell_tui.orders.screen import OrdersScreen
    from instasell_tui.seller.screen import SellerScreen
    from instasell_tui.wallet.screen import WalletScreen

__all__ = [
    "AdminScreen",
    "AuctionScreen",
    "BidsScreen",
    "ConversationScreen",
    "ConversationsScreen",
    "HelpScreen",
    "NoticesScreen",
    "OrderScreen",
    "OrdersScreen",
    "SellerScreen",
    "SignInScreen",
    "WalletScreen",
]
_MODULES = {
    "AuctionScreen": "instasell_tui.auction.screen",
    "BidsScreen": "instasell_tui.bids.screen",
    "ConversationScreen": "instasell_tui.inbox.conversation_screen",
    "ConversationsScreen": "instasell_tui.inbox.conversations_screen",
    "AdminScreen": "instasell_tui.admin.screen",
    "HelpScreen": "instasell_tui.help.screen",
    "NoticesScreen": "instasell_tui.inbox.notifications_screen",
    "OrderScreen": "instasell_tui.orders.order_screen",
    "OrdersScreen": "instasell_tui.orders.screen",
    "SellerScreen": "instasell_tui.seller.screen",
    "SignInScreen": "instasell_tui.account.screen",
    "WalletScreen": "instasell_tui.wallet.screen",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value
