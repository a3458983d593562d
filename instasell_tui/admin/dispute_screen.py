"""One dispute for the admin who decides it: facts, both sides, history and money on one page."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from instasell_client import InstaSellError
from instasell_client.models.admin import AdminOrder
from instasell_client.models.disputes import DisputeStatus, DisputeView
from instasell_tui.admin import text as admin_text
from instasell_tui.admin.actions import AdminActions
from instasell_tui.market import messages
from instasell_tui.market.bars import StatusBar, TopBar
from instasell_tui.orders import text as orders_text
from instasell_tui.widgets.footer import Footer
from instasell_tui.widgets.formats import safe_text
from instasell_tui.widgets.outcome_line import READ_ONLY, OutcomeLine
from instasell_tui.widgets.tone import Tone, TonedText

if TYPE_CHECKING:
    from instasell_tui.admin.host import AdminApp

TICK_SECONDS = 1.0
REFRESH_SECONDS = 30.0
_BOXES = {
    "statements": "What both sides say",
    "facts": "The order",
    "history": "History",
    "ledger": "Money",
}


class DisputeScreen(Screen[None]):
    """Shows one dispute. It is decided after a form and a question, and in no other way."""

    app: AdminApp

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="dispute.back"),
        Binding("v", "resolve", "Resolve", id="dispute.resolve"),
        Binding("e", "evidence", "Save file", id="dispute.evidence"),
        Binding("r", "refresh", "Refresh", id="dispute.refresh"),
        Binding("q", "app.quit", "Quit", show=False, id="app.quit"),
    ]

    def __init__(self, dispute_id: str) -> None:
        super().__init__()
        self._dispute_id = dispute_id
        self._view: DisputeView | None = None
        self._order: AdminOrder | None = None
        self._failure: str | None = None
        self._busy = False

    def compose(self) -> ComposeResult:
        yield TopBar("Dispute")
        yield Static(id="title")
        yield Static(id="headline")
        with VerticalScroll(id="page"), Container(id="columns"):
            with Vertical(id="left"):
                yield Static(id="statements", classes="box")
            with Vertical(id="right"):
                for name in ("facts", "history", "ledger"):
                    yield Static(id=name, classes="box")
        yield OutcomeLine()
        yield StatusBar()
        yield Footer()

    def on_mount(self) -> None:
        for name, title in _BOXES.items():
            self.query_one(f"#{name}").border_title = title
        self.app.feed.subscribe(self)
        self.set_interval(TICK_SECONDS, self._show_bars)
        self.set_interval(REFRESH_SECONDS, self._refresh)
        if self.app.feed.read_only:
            self.query_one(OutcomeLine).say(READ_ONLY, Tone.PLAIN, stays=True)
        self.query_one("#page").focus()
        self._show()
        self._read()

    def on_unmount(self) -> None:
        self.app.feed.unsubscribe(self)

    # Showing ----------------------------------------------------------------------------------

    @property
    def is_there(self) -> bool:
        """Return whether the dispute and its order have been read."""
        return self._view is not None and self._order is not None

    @property
    def _open(self) -> bool:
        return self in self.app.screen_stack

    def _show_bars(self) -> None:
        if self._open:
            feed = self.app.feed
            self.query_one(TopBar).show(feed)
            self.query_one(StatusBar).show(feed, self.app.zone, self._failure or "")

    def _show(self) -> None:
        if not self._open:
            return
        self._show_bars()
        self.refresh_bindings()
        view, found = self._view, self._order
        if view is None or found is None:
            text = "Asking the market …" if self.app.admin.is_mine else "A dispute is for admins"
            if self._failure is None:
                self._say("headline", text, Tone.PLAIN)
            else:
                self._say("headline", f"! {self._failure}", Tone.BAD)
            return
        zone, now = self.app.zone, self.app.feed.now()
        self._say("title", safe_text(view.dispute.title), Tone.PLAIN)
        self._say("headline", *admin_text.headline(view.dispute))
        said: list[RenderableType] = []
        for each in admin_text.statements(view, zone, now):
            # The indentation tells what was said from who said it, whatever is written.
            lines = Padding(Text("\n".join(each.lines)), (0, 0, 0, 2))
            said += [*([""] if said else []), Text(each.head, "bold"), lines]
        self.query_one("#statements", Static).update(Group(*said))
        facts = [
            *orders_text.amounts(found.order),
            *orders_text.delivery(found.order, ""),
            ("Order", found.order.id),
        ]
        self.query_one("#facts", Static).update(_table(facts))
        events = orders_text.history(found.events, None, zone, now)
        self.query_one("#history", Static).update(_table(events))
        self.query_one("#ledger", Static).update(
            _table(admin_text.ledger(found, zone, now), right=1)
        )

    def _say(self, where: str, text: str, tone: Tone) -> None:
        label = self.query_one(f"#{where}", Static)
        label.update(Text(text, overflow="ellipsis", no_wrap=True))
        for each in Tone:
            label.set_class(each is tone, f"-{each.value}")

    def _tell(self, text: str, tone: Tone) -> None:
        """Show the result of a step; it may take two lines."""
        if not self._open:
            self.app.say(text, tone)
            return
        self.query_one(OutcomeLine).say(text, tone)
        self.app.keep(text, tone)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Take the decision out of the footer where there is none to take."""
        feed, view = self.app.feed, self._view
        if action == "evidence":
            has_files = view is not None and bool(view.evidence)
            return has_files and self.app.admin.is_mine and not self._busy
        if action != "resolve":
            return True
        if self._busy or feed.read_only or not self.app.admin.is_mine or view is None:
            return False
        return view.dispute.status is DisputeStatus.OPEN

    # What changes -----------------------------------------------------------------------------

    @on(messages.ConnectionChanged)
    def _connection_changed(self) -> None:
        self._show_bars()

    @on(messages.AccountChanged)
    def _account_changed(self) -> None:
        """Forget what an admin saw, so that another person sees nothing of it."""
        if not self.app.admin.is_mine:
            self._view, self._order = None, None
            for name in ("title", "outcome", *_BOXES):
                self.query_one(f"#{name}", Static).update("")
        self._show()
        self._refresh()

    def _refresh(self) -> None:
        if self.app.admin.is_mine:
            self._read()

    @work(exclusive=True, group="read")
    async def _read(self) -> None:
        await self._look()

    async def _look(self) -> None:
        admin = self.app.admin
        try:
            view = await admin.dispute(self._dispute_id)
            self._order = await admin.order(view.dispute.order_id)
        except InstaSellError as error:
            self._failure = safe_text(str(error))
        else:
            self._failure = None
            # An answer that arrives after the user has signed out is dropped.
            self._view = view if admin.is_mine else None
        self._show()

    # What people do ---------------------------------------------------------------------------

    def action_back(self) -> None:
        self.dismiss()

    def action_refresh(self) -> None:
        self._refresh()

    def action_resolve(self) -> None:
        if not self._busy and self._view is not None:
            self._busy = True
            # The step is the application's: its answer comes also when this screen was left.
            step = AdminActions(self.app).resolve(self._view.dispute)
            self.app.run_worker(self._do(step), group="step")

    def action_evidence(self) -> None:
        """Save a file that one side has sent."""
        if not self._busy and self._view is not None:
            self._busy = True
            step = AdminActions(self.app).save_evidence(self._view)
            self.app.run_worker(self._do(step), group="step")

    async def _do(self, step: Awaitable[TonedText]) -> None:
        try:
            self._tell("", Tone.PLAIN)
            said = await step
            await self._look()
            self._tell(*said)
        finally:
            self._busy = False
        self._show()


def _table(rows: Sequence[Sequence[str]], *, right: int | None = None) -> Table:
    """Return columns in line; the last one takes what is left, `right` is aligned to the right."""
    table = Table.grid(padding=(0, 2))
    count = len(rows[0]) if rows else 0
    for number in range(count):
        if number == count - 1:
            table.add_column(overflow="fold")
        else:
            table.add_column(no_wrap=True, justify="right" if number == right else "left")
    for row in rows:
        table.add_row(Text(row[0], style="dim"), *(Text(cell) for cell in row[1:]))
    return table
