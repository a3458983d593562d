"""The line at the top, and the line that always tells how the connection is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from instasell_tui.market import messages
from instasell_tui.market.connection import ConnectionStatus, MarketConnection
from instasell_tui.widgets.formats import clip, duration, local_time, safe_text
from instasell_tui.widgets.message_log import LoggedMessage
from instasell_tui.widgets.tone import Tone

if TYPE_CHECKING:
    from instasell_tui.market.host import MarketApp

_GLYPHS = {
    ConnectionStatus.CONNECTING: "◌",
    ConnectionStatus.LIVE: "●",
    ConnectionStatus.RECONNECTING: "◌",
    ConnectionStatus.STALE: "○",
    ConnectionStatus.CLOSED: "○",
}
NAME_CELLS = 28


class TopBar(Horizontal):
    """The name of the place at the left, the person at the right."""

    app: MarketApp

    def __init__(self, place: str) -> None:
        super().__init__()
        self._place = place
        self._feed: MarketConnection | None = None

    def on_unmount(self) -> None:
        if self._feed is not None:
            self._feed.unsubscribe(self)

    @on(messages.InboxChanged)
    def _news(self) -> None:
        if self._feed is not None:
            self.show(self._feed)

    def compose(self) -> ComposeResult:
        yield Static(Text.assemble("InstaSell", ("  " + self._place, "")), id="brand")
        yield Static(id="person")

    def show(self, feed: MarketConnection) -> None:
        """Show what is new, the signed-in user, and whether anything may be changed from here."""
        if self._feed is None:
            self._feed = feed
            feed.subscribe(self)
        self.query_one("#person", Static).update(Text(person(feed, self.app.news)))


class NewsLine(Static):
    """Show the messages of the application in a line of their own, which covers nothing."""

    def say(self, remarks: Sequence[LoggedMessage], log_key: str) -> None:
        """Show the newest remark, how many more there are, and where all are to be read."""
        newest = remarks[0]
        more = f"+{len(remarks) - 1} " if len(remarks) > 1 else ""
        text = Text(newest.text.replace("\n", ": ", 1).replace("\n", " "))
        self.update(text.append(f"  {more}{log_key} log", "dim"))
        for each in Tone:
            self.set_class(each is newest.tone, f"-{each.value}")


class StatusBar(Horizontal):
    """Live, reconnecting or stale at the left; what the screen has to say at the right."""

    app: MarketApp

    _connection_cells = 0

    def on_mount(self) -> None:
        self.show_remarks()

    def show_remarks(self) -> None:
        """Say above this line what is news, and nothing once it is not."""
        if not self.is_attached:
            return
        remarks = self.app.remarks.fresh
        lines = list(self.screen.query(NewsLine))
        if not remarks:
            for line in lines:
                line.remove()
            return
        if not lines:
            lines = [NewsLine()]
            self.screen.mount(lines[0], before=self)
        lines[0].say(remarks, self.app.log_key)

    def compose(self) -> ComposeResult:
        yield Static(id="connection")
        yield Static(id="told")

    def show(self, feed: MarketConnection, zone: tzinfo | None, told: str) -> None:
        """Draw the connection and the server's clock; `told` is the screen's own."""
        self.show_remarks()
        status = feed.status
        label = self.query_one("#connection", Static)
        text = connection(feed, zone)
        # The clock moves every second, which need not cause a new layout of the whole screen.
        label.update(Text(text), layout=len(text) != self._connection_cells)
        self._connection_cells = len(text)
        for each in ConnectionStatus:
            label.set_class(each is status, f"-{each.value}")
        said = Text(told, overflow="ellipsis", no_wrap=True)
        self.query_one("#told", Static).update(said, layout=False)


def person(feed: MarketConnection, news: str) -> str:
    """Return what is new, the signed-in user, and that nothing can be changed where that is so."""
    user = feed.user
    name = "watching only" if user is None else clip(safe_text(user.display_name), NAME_CELLS)
    text = " · ".join((*feed.marks, name))
    return f"{news}  {text}" if news and user is not None else text


def connection(feed: MarketConnection, zone: tzinfo | None) -> str:
    """Return the sign and the words for the state of the connection."""
    if feed.replay is not None:
        return f"{_GLYPHS[feed.status]} {feed.replay()}"
    return f"{_GLYPHS[feed.status]} {_words(feed, feed.status, zone)}"


def _words(feed: MarketConnection, status: ConnectionStatus, zone: tzinfo | None) -> str:
    if status is ConnectionStatus.LIVE:
        return f"live  {local_time(feed.now(), zone)}"
    if status is ConnectionStatus.STALE and feed.lost_at is not None:
        silent = duration((feed.now() - feed.lost_at).total_seconds())
        return f"stale for {silent}; reconnecting"
    if status is ConnectionStatus.CONNECTING:
        return f"connecting to {clip(safe_text(feed.client.base_url), 40)}"
    return status.value
