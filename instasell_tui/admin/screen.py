"""The admin screen: disputes, alerts, people, figures and the log, each on a tab."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Input, Static

from instasell_client import InstaSellError
from instasell_client.models.accounts import User, UserStatus
from instasell_client.models.admin import Alert
from instasell_tui.admin.actions import AdminActions
from instasell_tui.admin.dispute_screen import DisputeScreen
from instasell_tui.admin.figure_board import FigureBoard
from instasell_tui.admin.lists import LISTS, AdminList
from instasell_tui.market.paged_list import PagedListScreen
from instasell_tui.widgets.confirm_screen import pairs
from instasell_tui.widgets.formats import safe_text
from instasell_tui.widgets.outcome_line import OutcomeLine
from instasell_tui.widgets.row_table import RowTable, TableColumn, TableRow
from instasell_tui.widgets.tab_strip import TabStrip
from instasell_tui.widgets.tone import Tone, TonedText

if TYPE_CHECKING:
    from instasell_tui.admin.host import AdminApp

_TABS = {
    "disputes": "Disputes",
    "alerts": "Alerts",
    "users": "Users",
    "figures": "Figures",
    "log": "Log",
}


class AdminScreen(PagedListScreen):
    """Shows lists that it reads through the state of the admin; it is for admins alone."""

    app: AdminApp

    PLACE = "Admin"
    TABS = _TABS
    REFRESH_SECONDS = 30.0
    TELLS_OUTCOMES = True

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="admin.back"),
        *(
            Binding(str(number), f"tab('{key}')", name, show=False, id=f"admin.{key}")
            for number, (key, name) in enumerate(_TABS.items(), 1)
        ),
        Binding("slash", "search", "Search", key_display="/", id="admin.search"),
        Binding("s", "step('suspend')", "Suspend", id="admin.suspend"),
        Binding("u", "step('unsuspend')", "Unsuspend", id="admin.unsuspend"),
        Binding("x", "step('close')", "Close alert", id="admin.close"),
        Binding("right", "figure(1)", "Next figure", id="admin.next_figure"),
        Binding("left", "figure(-1)", "previous figure", show=False, id="admin.previous_figure"),
        Binding("b", "bucket", "Hour/day/week", id="admin.bucket"),
        Binding("r", "refresh", "Refresh", id="admin.refresh"),
        Binding("q", "app.quit", "Quit", show=False, id="app.quit"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._lists = {name: AdminList(kind) for name, kind in LISTS.items()}
        self._q = ""
        self._busy = False

    def parts(self) -> Iterable[Widget]:
        yield TabStrip(self.TABS)
        yield Input(
            id="search", compact=True, max_length=100, placeholder="a part of an e-mail or a name"
        )
        yield RowTable(self.columns)
        yield Static(id="empty")
        with VerticalScroll(id="below", can_focus=False):
            yield Static(id="facts")
        yield FigureBoard(self.app.zone)
        yield OutcomeLine()

    # Showing ----------------------------------------------------------------------------------

    @property
    def _list(self) -> AdminList | None:
        """Return the list of the tab; None for figures."""
        return self._lists.get(self.tab)

    def columns(self, width: int) -> list[TableColumn]:
        listed = self._list
        return listed.kind.columns(width) if listed else []

    def rows(self) -> Sequence[TableRow]:
        listed = self._list
        return listed.rows(self.app.zone, self.app.feed.now()) if listed else []

    def show_beside(self) -> None:
        listed, table = self._list, self.query_one(RowTable)
        table.opens = self.tab == "disputes"
        if listed is None:
            self.query_one("#empty").display = False
        self.query_one("#search").set_class(self.tab == "users", "-there")
        self.query_one("#below").display = table.display
        self.query_one(FigureBoard).display = listed is None
        if self.focused is None or not self.focused.display:
            self._take_focus()
        self._show_facts()

    def tab_counts(self) -> dict[str, str]:
        return {key: self._lists[key].count if key in self._lists else "" for key in self.TABS}

    def told(self, rows: Sequence[TableRow]) -> str:
        listed = self._list
        return listed.told if listed else self.query_one(FigureBoard).told

    def reason(self, error: InstaSellError) -> str:
        return f"The market refused: {safe_text(str(error))}"

    def _take_focus(self) -> None:
        """Give the keys to the list, or to the widget in its place."""
        if self.tab == "figures":
            self.query_one(FigureBoard).focus()
        elif self.query_one(RowTable).display:
            self.query_one(RowTable).focus()
        else:
            self.set_focus(None)

    def _show_facts(self) -> None:
        listed, key = self._list, self.query_one(RowTable).cursor_key
        facts = listed.facts(key) if listed and key else []
        self.query_one("#facts", Static).update(pairs(facts, right=False))

    def nothing(self) -> str:
        listed = self._list
        if not self.app.admin.is_mine:
            return "This screen is for admins; press i to sign in as one."
        if self.failure is not None:
            return self.failure
        if listed is None or not listed.loaded:
            return "Asking the market …"
        if self.tab == "users" and self._q:
            return f"Nobody is like {safe_text(self._q)}."
        return listed.kind.nothing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Take what does not belong to the tab, or to the chosen row, out of the footer."""
        if action == "search":
            return self.tab == "users"
        if action in ("figure", "bucket"):
            return self.tab == "figures"
        if action != "step":
            return True
        feed, chosen = self.app.feed, self._chosen
        if self._busy or feed.read_only or not self.app.admin.is_mine:
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
        """Return the row under the cursor."""
        listed, key = self._list, self.query_one(RowTable).cursor_key
        return listed.find(key) if listed and key else None

    # What changes -----------------------------------------------------------------------------

    @property
    def may_read(self) -> bool:
        return self.app.admin.is_mine

    @property
    def has_more(self) -> bool:
        return self._list is not None and self._list.has_more and self.may_read

    async def load(self) -> None:
        """Read the tab from its beginning; what is below the first page stays."""
        listed, admin, board = self._list, self.app.admin, self.query_one(FigureBoard)
        if listed is None:
            found = await admin.figures(board.bucket)
            # An answer that arrives after the user has signed out is dropped.
            if admin.is_mine:
                board.show(found)
        else:
            await listed.load(admin, self._q)

    async def load_more(self) -> None:
        if self._list is not None:
            await self._list.load_more(self.app.admin, self._q)

    def person_changed(self) -> None:
        """Forget what an admin saw, so that another person sees nothing of it."""
        self._lists = {name: AdminList(kind) for name, kind in LISTS.items()}
        self.query_one(FigureBoard).forget()
        self.show_rows(from_top=True)
        self.refresh_list()

    def turned(self) -> None:
        if not self.app.feed.read_only:
            self.tell("", Tone.PLAIN)
        self.show_rows(from_top=True)
        self._take_focus()
        self.refresh_list()

    # What people do ---------------------------------------------------------------------------

    def action_back(self) -> None:
        """Go out of the search first, then out of the screen."""
        if isinstance(self.focused, Input):
            self._take_focus()
        else:
            self.dismiss()

    def action_search(self) -> None:
        self.query_one("#search").focus()

    @on(Input.Submitted, "#search")
    def _searched(self, event: Input.Submitted) -> None:
        self._q = event.value.strip()
        self._lists["users"] = AdminList(LISTS["users"])
        self.show_rows(from_top=True)
        self.refresh_list()
        self.query_one(RowTable).display = True
        self.query_one(RowTable).focus()

    def action_figure(self, places: int) -> None:
        self.query_one(FigureBoard).turn(places)
        self.show_rows()

    def action_bucket(self) -> None:
        self.query_one(FigureBoard).turn_bucket()
        self.show_rows()
        self.refresh_list()

    @on(RowTable.RowOpened)
    def _opened(self, event: RowTable.RowOpened) -> None:
        if self.tab == "disputes":
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
            self.tell("", Tone.PLAIN)
            said = await self._run(name, chosen)
            await self.reading(self.load)
            self.tell(*said)
        finally:
            self._busy = False
        self.show_rows()

    async def _run(self, name: str, chosen: object) -> TonedText:
        steps = AdminActions(self.app)
        if isinstance(chosen, Alert):
            return await steps.close_alert(chosen)
        assert isinstance(chosen, User)
        return await (steps.suspend if name == "suspend" else steps.unsuspend)(chosen)
