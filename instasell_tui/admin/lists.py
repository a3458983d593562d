"""The lists of the admin screen: how each is read, and what it shows of what it has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from instasell_client.models.disputes import DisputeStatus
from instasell_tui.admin import text as admin_text
from instasell_tui.admin.text import AMOUNT_CELLS, Facts
from instasell_tui.widgets.formats import count
from instasell_tui.widgets.row_table import TableColumn, TableRow

if TYPE_CHECKING:
    from instasell_client.models.base import Page
    from instasell_tui.admin.state import AdminState

WIDE_CELLS = 110
ROWS_FIRST = 50
PAGES_FIRST_MAX = 3


@dataclass(frozen=True)
class AdminListKind:
    """Describe a list of the admin screen. `is_open` tells open rows; `q` searches."""

    noun: str
    nothing: str
    read: Callable[[AdminState, str, str | None], Awaitable[Page[Any]]]
    row: Callable[[Any, tzinfo | None, datetime], TableRow]
    facts: Callable[[Any], Facts]
    columns: Callable[[int], list[TableColumn]]
    is_open: Callable[[Any], bool] | None = None


class AdminList:
    """Hold the rows of one list that have been read, and the cursor of the next page."""

    def __init__(self, kind: AdminListKind) -> None:
        self.kind = kind
        self.loaded = False
        self._items: list[Any] = []
        self._next: str | None = None

    @property
    def has_more(self) -> bool:
        """Return whether there are rows that have not been read."""
        return self._next is not None

    @property
    def count(self) -> str:
        """Return the number of open rows; empty where there are none, or nothing is known."""
        if self.kind.is_open is None or not self.loaded:
            return ""
        return f"{sum(map(self.kind.is_open, self._items)):,}"

    @property
    def told(self) -> str:
        """Return the number of rows, in words."""
        if not self.loaded:
            return ""
        more = "+" if self._next is not None else ""
        text = f"{count(len(self._items), self.kind.noun)}{more}"
        return f"{text} · {self.count} open" if self.kind.is_open else text

    def find(self, key: str) -> object | None:
        """Return the thing behind a row."""
        return next((each for each in self._items if str(each.id) == key), None)

    def rows(self, zone: tzinfo | None, now: datetime) -> Sequence[TableRow]:
        """Return a line for each."""
        return [self.kind.row(each, zone, now) for each in self._items]

    def facts(self, key: str) -> Facts:
        """Return more of the one behind a row."""
        found = self.find(key)
        return [] if found is None else self.kind.facts(found)

    async def load(self, admin: AdminState, q: str) -> None:
        """Read from the beginning: as many rows as are here, within a limit."""
        wanted = min(max(ROWS_FIRST, len(self._items)), 300)
        items: list[Any] = []
        cursor: str | None = None
        for _ in range(PAGES_FIRST_MAX):
            page = await self.kind.read(admin, q, cursor)
            items += page.items
            cursor = page.next
            if cursor is None or len(items) >= wanted:
                break
        self._items, self._next, self.loaded = items, cursor, True

    async def load_more(self, admin: AdminState, q: str) -> None:
        """Read the next page, if there is one."""
        cursor = self._next
        if cursor is None:
            return
        page = await self.kind.read(admin, q, cursor)
        if cursor == self._next:
            known = {each.id for each in self._items}
            self._items += [each for each in page.items if each.id not in known]
            self._next = page.next


def _disputes(width: int) -> list[TableColumn]:
    wide = [TableColumn("buyer", "Buyer", 20), TableColumn("seller", "Seller", 20)]
    return [
        TableColumn("title", "What", 0),
        *(wide if width >= WIDE_CELLS else []),
        TableColumn("reason", "Reason", 16),
        TableColumn("state", "State", 8),
        TableColumn("amount", "Held/back", AMOUNT_CELLS, right=True),
        TableColumn("when", "Opened", 12, right=True),
    ]


def _alerts(width: int) -> list[TableColumn]:
    return [
        TableColumn("kind", "Kind", 40 if width >= WIDE_CELLS else 28),
        TableColumn("subject", "Subject", 0),
        TableColumn("state", "State", 6),
        TableColumn("when", "Since", 12, right=True),
    ]


def _users(width: int) -> list[TableColumn]:
    wide = [TableColumn("proof", "E-mail", 10)]
    return [
        TableColumn("name", "Name", 34 if width >= WIDE_CELLS else 18),
        TableColumn("email", "E-mail address", 0),
        TableColumn("role", "Role", 6),
        TableColumn("state", "State", 9),
        *(wide if width >= WIDE_CELLS else []),
        TableColumn("when", "Since", 12, right=True),
    ]


def _actions(width: int) -> list[TableColumn]:
    return [
        TableColumn("when", "When", 12),
        TableColumn("admin", "Admin", 24 if width >= WIDE_CELLS else 14),
        TableColumn("action", "Action", 16),
        TableColumn("reason", "Reason", 0),
    ]


LISTS: Mapping[str, AdminListKind] = {
    "disputes": AdminListKind(
        "dispute",
        "Nobody has complained of anything.",
        lambda admin, _, cursor: admin.disputes(cursor),
        admin_text.dispute_row,
        admin_text.dispute_facts,
        _disputes,
        lambda each: each.status is DisputeStatus.OPEN,
    ),
    "alerts": AdminListKind(
        "alert",
        "Nothing has to be looked at.",
        lambda admin, _, cursor: admin.alerts(cursor),
        admin_text.alert_row,
        admin_text.alert_facts,
        _alerts,
        lambda each: each.closed_at is None,
    ),
    "users": AdminListKind(
        "user",
        "There is nobody yet.",
        lambda admin, q, cursor: admin.users(q, cursor),
        admin_text.user_row,
        admin_text.user_facts,
        _users,
    ),
    "log": AdminListKind(
        "action",
        "No admin has done anything yet.",
        lambda admin, _, cursor: admin.actions(cursor),
        admin_text.action_row,
        admin_text.action_facts,
        _actions,
    ),
}
