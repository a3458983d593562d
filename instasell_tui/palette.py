"""The command palette: what the screen and the application can do, and auctions by title."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen

from instasell_tui.board.state import BoardAuction, BoardQuery
from instasell_tui.keys import display_keys
from instasell_tui.theme.themes import NAMES
from instasell_tui.widgets.formats import clip, money

if TYPE_CHECKING:
    from instasell_tui.wiring.connected_app import ConnectedApp

SUGGESTED = 5
TITLE_CELLS = 60


def of_screen(screen: Screen[Any]) -> Iterator[SystemCommand]:
    """Yield what keys do on this screen now, by their words on the help page."""
    from instasell_tui.help.screen import MEANINGS

    app, told = screen.app, set[str]()
    for key, (node, binding, enabled, _) in screen.active_bindings.items():
        name = binding.id or ""
        if not enabled or not binding.description or node is app or name.startswith("app."):
            continue
        if binding.action in told or _moves_only(node, name):
            continue
        told.add(binding.action)
        words = MEANINGS.get(name, binding.description)
        run = partial(app.run_action, binding.action, node)
        yield SystemCommand(f"{binding.description} ({display_keys([key])})", words, run)


def _moves_only(node: DOMNode, name: str) -> bool:
    """Return whether a binding is of a widget, and moves about in it."""
    return not isinstance(node, Screen) and not name.endswith(".open")


def of_app(app: ConnectedApp) -> Iterator[SystemCommand]:
    """Yield what can be done everywhere."""
    feed = app.feed
    if feed.user is None:
        yield SystemCommand("Sign in", "Bidding needs an account", app.action_person)
    else:
        yield SystemCommand("Sign out", "Asks first, and ends this screen alone", app.action_person)
    yield SystemCommand("My bids", "Where you bid, and what needs you", app.action_bids)
    yield SystemCommand("Orders", "What you buy and sell, and what is due", app.action_orders)
    yield SystemCommand("Wallet", "Balance, gas and transactions", app.action_wallet)
    yield SystemCommand("Selling", "Your listings, auctions and their results", app.action_selling)
    if app.admin.is_mine:
        yield SystemCommand("Admin", "Disputes, alerts, people, figures", app.action_admin)
    yield SystemCommand("Messages", "Questions and conversations about orders", app.action_messages)
    yield SystemCommand(
        "Notifications", "What has happened to your auctions and orders", app.action_notices
    )
    for name, theme in NAMES.items():
        title = f"Theme: {name}" + (" colours" if name == "16" else "")
        wear = partial(setattr, app, "theme", theme)
        yield SystemCommand(title, "Kept for the next start", wear)
    yield SystemCommand("Log", "Messages of this screen, the newest first", app.action_log)
    yield SystemCommand("Help", "What keys do and signs mean", app.action_help)


class Commands(Provider):
    """Offer what the screen does, then what the application does, then auctions to open.

    They are one provider: of several Textual keeps a set, and lists them in whatever order.
    """

    @property
    def _market(self) -> ConnectedApp:
        app = self.app
        if TYPE_CHECKING:
            assert isinstance(app, ConnectedApp)
        return app

    def _listed(self) -> Iterator[SystemCommand]:
        """Yield the commands with those of the screen first, as they are on its help page."""
        return iter(self._market.get_system_commands(self.screen))

    async def discover(self) -> Hits:
        """Offer every command, and the auctions that end soonest."""
        for command in self._listed():
            yield DiscoveryHit(command.title, command.callback, help=command.help)
        for auction in self._market.board.state.select(BoardQuery())[:SUGGESTED]:
            title = clip(auction.title, TITLE_CELLS)
            open_it = partial(self._market.open_auction, auction.auction_id)
            # A plain string would be read as markup.
            yield DiscoveryHit(Content(title), open_it, text=title, help=self._help(auction))

    async def search(self, query: str) -> Hits:
        """Offer the commands and the auctions whose titles match."""
        matcher = self.matcher(query)
        for command in self._listed():
            if (score := matcher.match(command.title)) > 0:
                shown = matcher.highlight(command.title)
                yield Hit(score, shown, command.callback, help=command.help)
        for auction in self._market.board.state.select(BoardQuery()):
            title = clip(auction.title, TITLE_CELLS)
            score, offsets = matcher.fuzzy_search.match(query, title)
            if score > 0:
                found = Content(title)
                for offset in offsets:
                    found = found.stylize(matcher.match_style, offset, offset + 1)
                open_it = partial(self._market.open_auction, auction.auction_id)
                yield Hit(score, found, open_it, text=title, help=self._help(auction))

    def _help(self, auction: BoardAuction) -> str:
        return f"Open this auction, at {money(auction.price, self._market.feed.currency)}"
