"""The screens. One is loaded when somebody goes there first, so that the board need not wait."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from instasell_tui.screens.auction import AuctionScreen
    from instasell_tui.screens.bids import BidsScreen
    from instasell_tui.screens.conversation import ConversationScreen
    from instasell_tui.screens.conversations import ConversationsScreen
    from instasell_tui.screens.desk import DeskScreen
    from instasell_tui.screens.help import HelpScreen
    from instasell_tui.screens.notices import NoticesScreen
    from instasell_tui.screens.orders import OrdersScreen
    from instasell_tui.screens.selling import SellingScreen
    from instasell_tui.screens.sign_in import SignInScreen
    from instasell_tui.screens.wallet import WalletScreen

__all__ = [
    "AuctionScreen",
    "BidsScreen",
    "ConversationScreen",
    "ConversationsScreen",
    "DeskScreen",
    "HelpScreen",
    "NoticesScreen",
    "OrdersScreen",
    "SellingScreen",
    "SignInScreen",
    "WalletScreen",
]
_HOMES = {"SignInScreen": "sign_in"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOMES.get(name, name.removesuffix("Screen").lower())
    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
