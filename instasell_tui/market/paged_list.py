"""The frame of a screen that is a list: bars, tabs, a table read by pages, and what to say when
there is nothing in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from instasell_client import InstaSellError
from instasell_tui.market import messages
from instasell_tui.market.bars import StatusBar, TopBar
from instasell_tui.market.connection import ConnectionStatus
from instasell_tui.widgets.footer import Footer
from instasell_tui.widgets.formats import safe_text
from instasell_tui.widgets.outcome_line import READ_ONLY, OutcomeLine
from instasell_tui.widgets.row_table import RowTable, TableColumn, TableRow
from instasell_tui.widgets.tab_strip import TabStrip
from instasell_tui.widgets.tone import Tone

if TYPE_CHECKING:
    from instasell_tui.market.host import MarketApp

TICK_SECONDS = 1.0


class PagedListScreen(Screen[None]):
    """A list that fills the screen. What it lists is said by the methods that raise here.

    It is drawn every second and whenever the feed has a change. It is read when it comes
    to the front, when the connection is back, every `REFRESH_SECONDS` (where they are given) and
    when the cursor nears the end of what is here. A screen binds `back`, `refresh` and
    `tab('…')` to keys of its own, so that each can be changed by itself.
    """

    app: MarketApp

    PLACE: ClassVar[str]
    TABS: ClassVar[Mapping[str, str]] = {}
    REFRESH_SECONDS: ClassVar[float | None] = None
    TELLS_OUTCOMES: ClassVar[bool] = False
    """Whether `parts` has a line with the id `outcome`, for what steps came to."""

    def __init__(self) -> None:
        super().__init__()
        self.tab = next(iter(self.TABS), "")
        self.failure: str | None = None

    # What a list says of itself ---------------------------------------------------------------

    def columns(self, width: int) -> Sequence[TableColumn]:
        """Return the columns for so many cells."""
        raise NotImplementedError

    def rows(self) -> Sequence[TableRow]:
        """Return the rows that have been read, in order."""
        raise NotImplementedError

    def nothing(self) -> str:
        """Return the text in place of an empty list."""
        raise NotImplementedError

    def told(self, rows: Sequence[TableRow]) -> str:
        """Return the text of the bottom line about the rows, while nothing has failed."""
        raise NotImplementedError

    async def load(self) -> None:
        """Read the beginning of the list. Raises whatever a call may."""
        raise NotImplementedError

    async def load_more(self) -> None:
        """Read the next page. Raises whatever a call may."""
        raise NotImplementedError

    @property
    def has_more(self) -> bool:
        """Return whether there is a next page."""
        raise NotImplementedError

    @property
    def may_read(self) -> bool:
        """Return whether the server would answer this user."""
        return self.app.feed.user is not None

    def parts(self) -> Iterable[Widget]:
        """Return the widgets between the bar at the top and the lines at the bottom."""
        if self.TABS:
            yield TabStrip(self.TABS)
        yield RowTable(self.columns)
        yield Static(id="empty")

    def tab_counts(self) -> Mapping[str, str] | None:
        """Return the counts behind the names of the tabs."""
        return None

    def show_beside(self) -> None:
        """Draw what there is beside the list."""

    def reason(self, error: InstaSellError) -> str:
        """Describe why reading has failed."""
        return safe_text(str(error))

    def turned(self) -> None:
        """Take note that another tab was chosen; what is here may be of the one before."""
        self.show_rows(from_top=True)

    def person_changed(self) -> None:
        """Take note that another person is signed in, or nobody."""
        self.show_rows()
        self.refresh_list()

    # The frame --------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield TopBar(self.PLACE)
        yield from self.parts()
        yield StatusBar()
        yield Footer()

    def on_mount(self) -> None:
        self.app.feed.subscribe(self)
        self.set_interval(TICK_SECONDS, self.show_rows)
        if self.REFRESH_SECONDS is not None:
            self.set_interval(self.REFRESH_SECONDS, self.refresh_list)
            self.watch(self.app, "app_focus", self.refresh_list, init=False)
        if self.TELLS_OUTCOMES and self.app.feed.read_only:
            self.query_one(OutcomeLine).say(READ_ONLY, Tone.PLAIN, stays=True)
        self.query_one(RowTable).focus()

    def on_unmount(self) -> None:
        self.app.feed.unsubscribe(self)

    def on_resize(self) -> None:
        # How an amount is written depends on the room for it.
        self.show_rows()

    def on_screen_resume(self) -> None:
        self.show_rows()
        self.refresh_list()

    def show_rows(self, *, from_top: bool = False) -> None:
        """Draw all of it; `from_top` puts the cursor on the first row."""
        if not self.is_current:
            return
        feed, table, rows = self.app.feed, self.query_one(RowTable), self.rows()
        table.show(rows, from_top=from_top)
        table.display = bool(rows)
        if rows and self.focused is None:
            table.focus()
        empty = self.query_one("#empty", Static)
        empty.display = not rows
        empty.update(Text(self.nothing()))
        if self.TABS:
            self.query_one(TabStrip).show(self.tab, self.tab_counts())
        self.show_beside()
        self.query_one(TopBar).show(feed)
        self.query_one(StatusBar).show(feed, self.app.zone, self.failure or self.told(rows))
        self.refresh_bindings()

    def tell(self, text: str, tone: Tone) -> None:
        """Say what a step came to: here, or as a notice when this screen was left."""
        if self not in self.app.screen_stack:
            self.app.say(text, tone)
            return
        self.query_one(OutcomeLine).say(text, tone)
        self.app.keep(text, tone)

    # Reading ----------------------------------------------------------------------------------

    def refresh_list(self) -> None:
        """Read the first page, if the screen is visible and the user may."""
        if self.is_current and self.may_read:
            self._read()

    @work(exclusive=True, group="read")
    async def _read(self) -> None:
        await self.reading(self.load)

    @work(exclusive=True, group="read_on")
    async def _read_on(self) -> None:
        await self.reading(self.load_more)

    async def reading(self, load: Callable[[], Awaitable[None]]) -> None:
        """Look, keep why that failed, and draw what is here now."""
        try:
            await load()
        except InstaSellError as error:
            self.failure = self.reason(error)
        else:
            self.failure = None
        self.show_rows()

    @on(RowTable.NearEnd)
    def _near_end(self) -> None:
        if self.has_more:
            self._read_on()

    @on(messages.ConnectionChanged)
    def _connection_changed(self) -> None:
        self.show_rows()
        if self.app.feed.status is ConnectionStatus.LIVE:
            self.refresh_list()

    @on(messages.AccountChanged)
    def _account_changed(self) -> None:
        self.person_changed()

    # What people do ---------------------------------------------------------------------------

    @on(TabStrip.TabChosen)
    def _tab_clicked(self, event: TabStrip.TabChosen) -> None:
        self.action_tab(event.key)

    def action_tab(self, name: str) -> None:
        """Turn to another tab."""
        if name != self.tab:
            if self.TELLS_OUTCOMES and not self.app.feed.read_only:
                self.query_one(OutcomeLine).say("", Tone.PLAIN)
            self.tab = name
            self.turned()

    def action_refresh(self) -> None:
        """Read the beginning."""
        self.refresh_list()

    def action_back(self) -> None:
        """Leave."""
        self.dismiss()
