"""Choose the channels of each kind of notification. Each change is saved at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from instasell_client import InstaSellError
from instasell_client.models.notifications import Preference
from instasell_tui.inbox import text as inbox_text
from instasell_tui.market.paged_list import PagedListScreen
from instasell_tui.widgets.formats import count, refusal, safe_text
from instasell_tui.widgets.line_table import Cell
from instasell_tui.widgets.outcome_line import OutcomeLine
from instasell_tui.widgets.row_table import RowTable, TableColumn, TableRow
from instasell_tui.widgets.tone import Tone

if TYPE_CHECKING:
    from instasell_tui.inbox.host import InboxApp

Channel = Literal["in_app", "email"]
_CHANNELS: dict[Channel, str] = {"in_app": "in the app", "email": "by e-mail"}


class PreferenceTable(RowTable):
    """Nothing opens here: Enter and a double click turn the first of the two channels."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "open", "In app on/off", show=False, id="preferences.turn"),
    ]


class PreferencesScreen(PagedListScreen):
    """One row for each kind. A change that is being saved is shown as it will be."""

    app: InboxApp

    PLACE = "Your notifications"
    TELLS_OUTCOMES = True

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="preferences.back"),
        Binding("a", "turn('in_app')", "In app on/off", id="preferences.in_app"),
        Binding("e", "turn('email')", "E-mail on/off", id="preferences.email"),
        Binding("r", "refresh", "Refresh", show=False, id="preferences.refresh"),
        Binding("q", "app.quit", "Quit", show=False, id="app.quit"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._preferences: list[Preference] = []
        self._unsaved: dict[tuple[str, Channel], bool] = {}
        self._one_by_one = asyncio.Lock()

    def parts(self) -> Iterable[Widget]:
        yield PreferenceTable(self.columns)
        yield Static(id="empty")
        yield OutcomeLine()

    # Showing ----------------------------------------------------------------------------------

    def columns(self, width: int) -> Sequence[TableColumn]:
        return [
            TableColumn("what", "When", 0),
            TableColumn("kind", "Kind", 18),
            TableColumn("in_app", "In app", 6),
            TableColumn("email", "E-mail", 6),
        ]

    def rows(self) -> Sequence[TableRow]:
        return [self._row(each) for each in self._preferences]

    def _row(self, each: Preference) -> TableRow:
        channels: dict[Channel, bool] = {
            channel: self._is_on(each, channel) for channel in _CHANNELS
        }
        told = any(channels.values())
        cells: dict[str, Cell] = {
            "what": (inbox_text.occasion(each.kind), "plain" if told else "quiet"),
            "kind": (safe_text(each.kind), "quiet"),
            **{channel: (" [✓]" if on else " [ ]", "good" if on else "quiet")
               for channel, on in channels.items()},
        }  # fmt: skip
        return TableRow(each.kind, ("●", "good") if told else ("·", "quiet"), cells)

    def _is_on(self, each: Preference, channel: Channel) -> bool:
        known = each.in_app if channel == "in_app" else each.email
        return self._unsaved.get((each.kind, channel), known)

    def told(self, rows: Sequence[TableRow]) -> str:
        return count(len(rows), "kind")

    def nothing(self) -> str:
        if self.app.feed.client.token is None:
            return "Press i to sign in; then you choose your notifications here."
        return self.failure or "Asking the market …"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Take the switches out of the footer where nothing can be turned."""
        if action == "turn":
            return bool(self._preferences) and not self.app.feed.read_only
        return True

    # What changes -----------------------------------------------------------------------------

    async def load(self) -> None:
        async with self._one_by_one:
            client = self.app.feed.client
            token, found = client.token, await self.app.inbox.preferences()
            self._take(found, token)

    def _take(self, found: list[Preference], token: str | None) -> None:
        """Take the preferences; drop those that arrive after the user has signed out."""
        if token == self.app.feed.client.token:
            self._preferences = found

    async def load_more(self) -> None:
        """Do nothing: all kinds come at once."""

    @property
    def has_more(self) -> bool:
        return False

    def person_changed(self) -> None:
        self._preferences, self._unsaved = [], {}
        super().person_changed()

    # What people do ---------------------------------------------------------------------------

    @on(RowTable.RowOpened)
    def _opened(self) -> None:
        if self.check_action("turn", ()):
            self.action_turn("in_app")

    def action_turn(self, channel: Channel) -> None:
        """Turn one channel of the chosen kind on or off."""
        key = self.query_one(RowTable).cursor_key
        chosen = next((each for each in self._preferences if each.kind == key), None)
        if chosen is None:
            return
        on = not self._is_on(chosen, channel)
        self._unsaved[chosen.kind, channel] = on
        self.show_rows()
        # It is the application's: it is kept also when this screen is left at once.
        self.app.run_worker(self._keep(chosen.kind, channel, on=on), group="write")

    async def _keep(self, kind: str, channel: Channel, *, on: bool) -> None:
        what = f"{inbox_text.occasion(kind)}: {'' if on else 'not '}told {_CHANNELS[channel]}"
        async with self._one_by_one:
            token = self.app.feed.client.token
            try:
                self._take(await self.app.inbox.prefer(kind, channel, on=on), token)
                said = (what, Tone.GOOD)
            except InstaSellError as error:
                self._unsaved.pop((kind, channel), None)
                said = refusal(error)
            if self._unsaved.get((kind, channel)) is on:
                del self._unsaved[kind, channel]
        self.tell(*said)
        self.show_rows()
