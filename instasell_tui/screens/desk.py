"""The admin's desk: disputes, alerts, people, figures and the log, each on a tab."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from instasell_client import InstaSellError
from instasell_client.models.accounts import User, UserStatus
from instasell_client.models.admin import Alert
from instasell_tui import messages
from instasell_tui.desk_lists import LISTS, Listed
from instasell_tui.feed import Standing
from instasell_tui.formats import shown
from instasell_tui.screens.confirm import pairs
from instasell_tui.screens.desk_steps import DeskSteps
from instasell_tui.screens.dispute import DisputeScreen
from instasell_tui.trade_wording import Said
from instasell_tui.widgets.bars import StatusBar, TopBar
from instasell_tui.widgets.bid_box import Tone
from instasell_tui.widgets.figure_board import FigureBoard
from instasell_tui.widgets.row_table import Column, RowTable
from instasell_tui.widgets.tab_strip import TabStrip

if TYPE_CHECKING:
    from instasell_tui.app import InstaSellApp

TICK_SECONDS = 1.0
REFRESH_SECONDS = 30.0
_TABS = {
    "disputes": "Disputes",
    "alerts": "Alerts",
    "users": "Users",
    "figures": "Figures",
    "log": "Log",
}


class DeskScreen(Screen[None]):
    """Shows lists that it reads through the feed's desk; it is for admins alone."""

    app: InstaSellApp

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="desk.back"),
        *(
            Binding(str(number), f"tab('{key}')", name, show=False, id=f"desk.{key}")
            for number, (key, name) in enumerate(_TABS.items(), 1)
        ),
        Binding("slash", "search", "Search", key_display="/", id="desk.search"),
        Binding("s", "step('suspend')", "Suspend", id="desk.suspend"),
        Binding("u", "step('unsuspend')", "Unsuspend", id="desk.unsuspend"),
        Binding("x", "step('close')", "Close alert", id="desk.close"),
        Binding("right", "figure(1)", "Next figure", id="desk.next_figure"),
        Binding("left", "figure(-1)", show=False, id="desk.previous_figure"),
        Binding("b", "bucket", "Hour/day/week", id="desk.bucket"),
        Binding("r", "refresh", "Refresh", id="desk.refresh"),
        Binding("q", "app.quit", "Quit", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._tab = "disputes"
        self._lists = {name: Listed(kind) for name, kind in LISTS.items()}
        self._q = ""
        self._failure: str | None = None
        self._busy = False

    def compose(self) -> ComposeResult:
        yield TopBar("Admin desk")
        yield TabStrip(_TABS)
        yield Input(
            id="search", compact=True, max_length=100, placeholder="a part of an e-mail or a name"
        )
        yield RowTable(self._columns)
        yield Static(id="empty")
        with VerticalScroll(id="below", can_focus=False):
            yield Static(id="facts")
        yield FigureBoard(self.app.zone)
        yield Static(id="outcome")
        yield StatusBar()
        yield Footer()

    def on_mount(self) -> None:
        self.app.feed.subscribe(self)
        self.set_interval(TICK_SECONDS, self._show)
        self.set_interval(REFRESH_SECONDS, self._refresh)
        if self.app.feed.read_only:
            self._tell("Opened read-only: nothing can be changed from here", Tone.PLAIN)
        self.query_one(RowTable).focus()

    def on_unmount(self) -> None:
        self.app.feed.unsubscribe(self)

    def on_screen_resume(self) -> None:
        self._show()
        self._refresh()

    # Showing ----------------------------------------------------------------------------------

    @property
    def _list(self) -> Listed | None:
        """What the tab lists; None for figures."""
        return self._lists.get(self._tab)

    def _columns(self, width: int) -> list[Column]:
        listed = self._list
        return listed.kind.columns(width) if listed else []

    def _show(self, *, anew: bool = False) -> None:
        if not self.is_current:
            return
        feed, table, listed = self.app.feed, self.query_one(RowTable), self._list
        rows = listed.rows(self.app.zone, feed.now()) if listed else []
        table.show(rows, anew=anew)
        table.display = bool(rows)
        empty = self.query_one("#empty", Static)
        empty.display = listed is not None and not rows
        empty.update(Text(self._nothing()))
        self.query_one("#search").set_class(self._tab == "users", "-there")
        self.query_one("#below").display = bool(rows)
        self.query_one(FigureBoard).display = listed is None
        if self.focused is None or not self.focused.display:
            self._take_focus()
        self._show_facts()
        counts = {key: self._lists[key].count if key in self._lists else "" for key in _TABS}
        self.query_one(TabStrip).show(self._tab, counts)
        self.query_one(TopBar).show(feed)
        told = self._failure or (listed.told if listed else self.query_one(FigureBoard).told)
        self.query_one(StatusBar).show(feed, self.app.zone, told)
        self.refresh_bindings()

    def _take_focus(self) -> None:
        """The list, or what stands in its place, takes the keys."""
        if self._tab == "figures":
            self.query_one(FigureBoard).focus()
        elif self.query_one(RowTable).display:
            self.query_one(RowTable).focus()
        else:
            self.set_focus(None)

    def _show_facts(self) -> None:
        listed, key = self._list, self.query_one(RowTable).cursor_key
        facts = listed.facts(key) if listed and key else []
        self.query_one("#facts", Static).update(pairs(facts, right=False))

    def _nothing(self) -> str:
        listed = self._list
        if not self.app.feed.desk.is_mine:
            return "The desk is for admins; press i to sign in as one."
        if self._failure is not None:
            return self._failure
        if listed is None or not listed.loaded:
            return "Asking the market …"
        if self._tab == "users" and self._q:
            return f"Nobody is like {shown(self._q)}."
        return listed.kind.nothing

    def _tell(self, text: str, tone: Tone) -> None:
        if self not in self.app.screen_stack:
            self.app.say(text, tone)
            return
        label = self.query_one("#outcome", Static)
        label.update(Text(text))
        for each in Tone:
            label.set_class(each is tone, f"-{each.value}")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Takes what does not belong to the tab, or to the chosen row, out of the footer."""
        if action == "search":
            return self._tab == "users"
        if action in ("figure", "bucket"):
            return self._tab == "figures"
        if action != "step":
            return True
        feed, chosen = self.app.feed, self._chosen
        if self._busy or feed.read_only or not feed.desk.is_mine:
            return False
        name = str(parameters[0])
        if isinstance(chosen, Alert):
            return name == "close" and chosen.closed_at is None
        if isinstance(chosen, User):
            active = chosen.status is UserStatus.ACTIVE
            mine = feed.user is not None and feed.user.id == chosen.id
            return name == ("suspend" if active else "unsuspend") and not mine
        return False

    @property
    def _chosen(self) -> object | None:
        """What the cursor is on."""
        listed, key = self._list, self.query_one(RowTable).cursor_key
        return listed.find(key) if listed and key else None

    # What changes -----------------------------------------------------------------------------

    @on(messages.AccountChanged)
    def _account_changed(self) -> None:
        """Another person sees nothing of what an admin saw."""
        self._lists = {name: Listed(kind) for name, kind in LISTS.items()}
        self.query_one(FigureBoard).forget()
        self._show(anew=True)
        self._refresh()

    @on(messages.ConnectionChanged)
    def _connection_changed(self) -> None:
        if self.app.feed.standing is Standing.LIVE:
            self._refresh()

    def _refresh(self) -> None:
        if self.is_current and self.app.feed.desk.is_mine:
            self._read()

    @work(exclusive=True, group="read")
    async def _read(self) -> None:
        """Reads the tab from its beginning; what is below the first page stays."""
        await self._try(self._look)

    async def _look(self) -> None:
        listed, desk, board = self._list, self.app.feed.desk, self.query_one(FigureBoard)
        if listed is None:
            found = await desk.figures(board.bucket)
            # What comes late for somebody who has signed out is dropped.
            if desk.is_mine:
                board.show(found)
        else:
            await listed.look(desk, self._q)

    @on(RowTable.NearEnd)
    def _near_end(self) -> None:
        if self._list is not None and self._list.has_more and self.app.feed.desk.is_mine:
            self._read_on(self._list)

    @work(exclusive=True, group="read_on")
    async def _read_on(self, listed: Listed) -> None:
        await self._try(lambda: listed.look_further(self.app.feed.desk, self._q))

    async def _try(self, read: Callable[[], Awaitable[None]]) -> None:
        try:
            await read()
        except InstaSellError as error:
            self._failure = f"The market refused: {shown(str(error))}"
        else:
            self._failure = None
        self._show()

    # What people do ---------------------------------------------------------------------------

    def action_tab(self, name: str) -> None:
        if name == self._tab:
            return
        self._tab = name
        if not self.app.feed.read_only:
            self._tell("", Tone.PLAIN)
        self._show(anew=True)
        self._take_focus()
        self._refresh()

    @on(TabStrip.Chosen)
    def _tab_clicked(self, event: TabStrip.Chosen) -> None:
        self.action_tab(event.key)

    def action_refresh(self) -> None:
        self._refresh()

    def action_back(self) -> None:
        """Out of the search first, then out of the screen."""
        if isinstance(self.focused, Input):
            self._take_focus()
        else:
            self.dismiss()

    def action_search(self) -> None:
        self.query_one("#search").focus()

    @on(Input.Submitted, "#search")
    def _searched(self, event: Input.Submitted) -> None:
        self._q = event.value.strip()
        self._lists["users"] = Listed(LISTS["users"])
        self._show(anew=True)
        self._refresh()
        self.query_one(RowTable).display = True
        self.query_one(RowTable).focus()

    def action_figure(self, places: int) -> None:
        self.query_one(FigureBoard).turn(places)
        self._show()

    def action_bucket(self) -> None:
        self.query_one(FigureBoard).turn_bucket()
        self._show()
        self._refresh()

    @on(RowTable.Opened)
    def _opened(self, event: RowTable.Opened) -> None:
        if self._tab == "disputes":
            self.app.push_screen(DisputeScreen(event.key))

    @on(RowTable.Moved)
    def _moved_cursor(self) -> None:
        self._show_facts()
        self.refresh_bindings()

    def action_step(self, name: str) -> None:
        chosen = self._chosen
        if not self._busy and chosen is not None:
            self._busy = True
            # The step is the application's: its answer comes also when this screen was left.
            self.app.run_worker(self._do(name, chosen), group="step")

    async def _do(self, name: str, chosen: object) -> None:
        try:
            self._tell("", Tone.PLAIN)
            said = await self._run(name, chosen)
            await self._try(self._look)
            self._tell(*said)
        finally:
            self._busy = False
        self._show()

    async def _run(self, name: str, chosen: object) -> Said:
        steps = DeskSteps(self.app)
        if isinstance(chosen, Alert):
            return await steps.close_alert(chosen)
        assert isinstance(chosen, User)
        return await (steps.suspend if name == "suspend" else steps.unsuspend)(chosen)
