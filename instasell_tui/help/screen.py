"""Show the keys in force, the way to change them, and the meaning of the signs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from instasell_tui.keys import KeyAction, display_keys, in_force, key_actions

if TYPE_CHECKING:
    from instasell_tui.market.host import MarketApp

NAME_MIN_CELLS = 90
"""On a narrower screen the names by which keys are changed are left out."""

MEANINGS: Mapping[str, str] = {
    "rows.open": "open; a double click does so too",
    "rows.down": "down",
    "rows.up": "up; a click selects",
    "board.filter": "filter by words in the title; Escape clears",
    "board.sort": "sort by the next column; so does a click on its head",
    "board.reverse": "turn the order around",
    "board.categories": "show or hide the categories",
    "board.watch": "watch the auction, or stop watching it",
    "board.clear": "clear the filter",
    "auction.bid": "bid the minimum, after a confirmation",
    "auction.edit": "type another bid",
    "auction.maximum": "type an automatic maximum: the market bids up to it",
    "auction.buy_now": "buy now, where that is offered",
    "auction.watch": "watch it; what you bid on is watched by itself",
    "auction.ask": "ask the seller something",
    "auction.details": "read the description, and all about the item",
    "auction.view": "see the pictures",
    "bids.bid": "bid the minimum again",
    "bids.maximum": "type another maximum",
    "bids.pay_wallet": "pay what you have won, from the wallet",
    "bids.pay_card": "pay what you have won, by card",
    "bids.view": "see the auction, where Enter opens the order",
    "order.pay_wallet": "pay from the wallet",
    "order.pay_card": "pay by card on the provider's page",
    "order.confirm": "say that it has come, which pays the seller",
    "order.dispute": "complain, and the money stays held",
    "order.answer": "say something in a dispute",
    "order.write": "write to the other side",
    "wallet.top_up": "top up the wallet",
    "selling.add": "add something to sell",
    "selling.import": "import a whole file of listings",
    "selling.auction": "auction it",
    "selling.offer": "offer what was not paid to the next bidder",
    "selling.cancel": "cancel an auction without bids",
    "notices.preferences": "choose your notifications",
    "admin.search": "search users",
    "admin.bucket": "figures by hour, day or week",
    "dispute.resolve": "decide who gets the money",
    "app.person": "sign in, or sign this screen out, after a question",
    "app.theme": "the next theme: dark, light, 16 colours",
    "app.bids": "the auctions that you bid in",
    "app.orders": "your orders",
    "app.wallet": "your wallet",
    "app.selling": "what you sell",
    "app.admin": "the admin screen",
    "app.messages": "messages",
    "app.log": "messages of this screen, the newest first",
    "app.notices": "your notifications",
    "app.commands": "every command by name, and every auction by its title",
    "app.help": "this page",
    "app.quit": "leave",
}
"""More than a key's own few words, where there is more to say."""

_SIGNS = (
    ("▲ ▼", "you lead; you are outbid"),
    ("★ ◆", "you watch it; you sell it"),
    ("● • ↑", "your bid; another's; the leader raised their maximum"),
    ("!  !!", "less than a minute left; less than ten seconds"),
    ("↻", "a late bid gave the auction more time"),
    ("▶ ✓ ■", "an order waits for you; is delivered; is cancelled"),
    ("● ◌ ○", "live; connecting; stale, which means that prices may have moved"),
)


_TOGETHER = frozenset({"tab", "move", "edge", "figure"})


class HelpScreen(ModalScreen[None]):
    """Any of the usual keys closes it."""

    app: MarketApp

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "dismiss", "Close"),
    ]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            yield Static(id="keys")
            yield Static(
                Text(
                    "Countdowns run on the market's clock. Amounts are typed as 12.50."
                    " Other keys are written into keys.toml, by the names at the right."
                ),
                id="remark",
            )

    def on_resize(self) -> None:
        beneath = next(type(each) for each in reversed(self.app.screen_stack) if each is not self)
        page = _page(type(self.app), beneath, self.app.keys, self._quiet())
        self.query_one("#keys", Static).update(page)

    def _quiet(self) -> Style | None:
        """Return the style of names; None where they have no room."""
        if self.app.size.width < NAME_MIN_CELLS:
            return None
        return Style(color=self.app.get_css_variables()["quiet"].removeprefix("ansi_"))


def _page(
    app: type[MarketApp], beneath: type[object], keys: Mapping[str, str], quiet: Style | None
) -> Table:
    """Return the page; the keys of the screen beneath come first."""
    # The screens know this page by the application alone, and it needs all of them.
    from instasell_tui.navigation import PLACES
    from instasell_tui.widgets.row_table import RowTable

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    if quiet is not None:
        table.add_column(no_wrap=True, style=quiet)
    parts = [("Everywhere", key_actions(app)), ("Lists", key_actions(RowTable))]
    for place in PLACES:
        own = [deed for owner in place.owners for deed in key_actions(owner)]
        at = 0 if beneath in place.owners else len(parts)
        parts.insert(at, (place.name, [each for each in own if not _is_shared(each)]))
    told: set[str] = set()
    for name, part in parts:
        _add(table, name, _rows(part, keys, told), named=quiet is not None)
    _add(table, "Signs", [(sign, meaning, "") for sign, meaning in _SIGNS], named=False)
    return table


def _is_shared(deed: KeyAction) -> bool:
    return deed.id.startswith(("app.", "rows."))


def _rows(
    part: Iterable[KeyAction], keys: Mapping[str, str], told: set[str]
) -> Iterable[tuple[str, str, str]]:
    """Return the rows of a section; actions that differ by a number only share one row."""
    rows: list[tuple[str, str, str]] = []
    for kind, group in groupby(part, _kind):
        alike = [deed for deed in group if deed.id not in told]
        told.update(deed.id for deed in alike)
        for some in [alike] if kind in _TOGETHER else [[deed] for deed in alike]:
            if some:
                shown = "  ".join(display_keys(in_force(deed, keys)) for deed in some)
                words = [MEANINGS.get(deed.id) or deed.words.lower() for deed in some]
                rows.append((shown, ", ".join(words), " ".join(_names(some))))
    return rows


def _kind(deed: KeyAction) -> str:
    return deed.action.partition("(")[0]


def _names(some: Sequence[KeyAction]) -> Iterable[str]:
    """Yield the first name whole, of the others what is different."""
    yield some[0].id
    for deed in some[1:]:
        yield deed.id.partition(".")[2]


def _add(table: Table, name: str, rows: Iterable[tuple[str, str, str]], *, named: bool) -> None:
    if table.row_count:
        table.add_row()
    table.add_row(Text(name, style="bold"))
    for keys, meaning, known_as in rows:
        cells = [Text(f"  {keys}"), Text(meaning), *([Text(known_as)] if named else [])]
        table.add_row(*cells)
