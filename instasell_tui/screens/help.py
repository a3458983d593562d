"""What the keys do and what the signs mean."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

_PARTS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Board",
        (
            ("↑ ↓  PgUp PgDn  Home End", "move; a click selects, a double click opens"),
            ("Enter", "open the auction"),
            ("/", "filter by words in the title; Escape clears"),
            ("s  S", "sort by the next column; turn the order around"),
            ("1  2  3", "all auctions, those you watch, those you bid in or sell"),
            ("c", "show or hide the categories"),
            ("w", "watch the auction, or stop watching it"),
        ),
    ),
    (
        "Auction",
        (
            ("b", "bid the minimum, after a confirmation"),
            ("e", "type another bid"),
            ("m", "type an automatic maximum: the market bids for you up to it"),
            ("n", "buy now, where that is offered"),
            ("w", "watch; what you bid on is watched by itself"),
            ("a", "ask the seller something"),
            ("Escape", "back to the board"),
        ),
    ),
    (
        "Orders and wallet",
        (
            ("1  2  3", "all, buying, selling; in the wallet all, balance, gas"),
            ("Enter", "open the order; there its keys say what you may do now"),
            ("p  c", "pay from the wallet, or by card on the provider's page"),
            ("s  d", "ship; say that it has come, which pays the seller"),
            ("a  x  f", "address; cancel; refund"),
            ("D  e", "complain, and the money stays held; say something in a dispute"),
            ("m", "write to the other side"),
            ("u", "top up the wallet"),
        ),
    ),
    (
        "Seller desk",
        (
            ("1  2  3  4", "running; unsold; sold; your goods"),
            ("n  e  Del", "add something to sell; change it; take it away"),
            ("p  x", "put it up for auction; call an auction without bids off"),
            ("u", "offer what was not paid to the next bidder"),
        ),
    ),
    (
        "Admin desk",
        (
            ("A", "the desk, for admins"),
            ("1  2  3  4  5", "disputes, alerts, users, figures, the log"),
            ("Enter", "open the dispute; there v decides who gets the money"),
            ("x", "close the alert"),
            ("/  s  u", "search users; suspend; let act again"),
            ("← →  b", "the next figure; by hour, day or week"),
        ),
    ),
    (
        "Everywhere",
        (
            ("o  W  L", "your orders; your wallet; what you sell"),
            ("M  N", "messages; what the market has told you"),
            ("i", "sign in, or sign out"),
            ("t", "light or dark"),
            ("Ctrl+P", "every command by name, and every auction by its title"),
            ("?", "this page"),
            ("q", "leave"),
        ),
    ),
    (
        "Signs",
        (
            ("▲ ▼", "you lead; somebody outbid you"),
            ("★ ◆", "you watch it; you sell it"),
            ("● • ↑", "your bid; another's; the leader raised the own maximum"),
            ("!  !!", "less than a minute left; less than ten seconds"),
            ("▶ ✓ ■", "an order waits for you; is delivered; is cancelled"),
            ("● ◌ ○", "live; connecting; stale, which means that prices may have moved"),
        ),
    ),
)


class HelpScreen(ModalScreen[None]):
    """Any of the usual keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "dismiss", "Close"),
    ]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            yield Static(_page())
            yield Static(
                Text("Countdowns run on the market's clock. Amounts are typed as 12.50."),
                id="remark",
            )


def _page() -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for number, (name, keys) in enumerate(_PARTS):
        if number:
            table.add_row("", "")
        table.add_row(Text(name, style="bold"), "")
        for key, meaning in keys:
            table.add_row(Text(f"  {key}"), Text(meaning))
    return table
