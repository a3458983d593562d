"""The lists of the admin's desk: how each is read, and what it shows of what it has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from instasell_client.models.disputes import DisputeStatus
from instasell_tui.admin import text as admin_text
from instasell_tui.admin.text import AMOUNT_CELLS, Facts
from instasell_tui.widgets.formats import count
from instasell_tui.widgets.row_table import Column, Row

if TYPE_CHECKING:
    from instasell_client.models.base import Page
    from instasell_tui.admin.state import Desk

WIDE_CELLS = 110
ROWS_FIRST = 50
PAGES_FIRST_MAX = 3


@dataclass(frozen=True)
class Kind:
    """One noun of the desk. `is_open` says what waits for somebody; `q` is what is searched for."""

    noun: str
    nothing: str
    read: Callable[[Desk, str, str | None], Awaitable[Page[Any]]]
    row: Callable[[Any, tzinfo | None, datetime], Row]
    facts: Callable[[Any], Facts]
    columns: Callable[[int], list[Column]]
    is_open: Callable[[Any], bool] | None = None


class Listed:
    """What was read of one list, and how far."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.loaded = False
        self._items: list[Any] = []
        self._next: str | None = None

    @property
    def has_more(self) -> bool:
        """Whether there are rows that are not here."""
        return self._next is not None

    @property
    def count(self) -> str:
        """How many wait for somebody; empty where nothing waits, or nothing is known."""
        if self.kind.is_open is None or not self.loaded:
            return ""
        return f"{sum(map(self.kind.is_open, self._items)):,}"

    @property
    def told(self) -> str:
        """How many there are, in words."""
        if not self.loaded:
            return ""
        more = "+" if self._next is not None else ""
        text = f"{count(len(self._items), self.kind.noun)}{more}"
        return f"{text} · {self.count} open" if self.kind.is_open else text

    def find(self, key: str) -> object | None:
        """The thing behind a row."""
        return next((each for each in self._items if str(each.id) == key), None)

    def rows(self, zone: tzinfo | None, now: datetime) -> Sequence[Row]:
        """A line for each."""
        return [self.kind.row(each, zone, now) for each in self._items]

    def facts(self, key: str) -> Facts:
        """More of the one behind a row."""
        found = self.find(key)
        return [] if found is None else self.kind.facts(found)

    async def look(self, desk: Desk, q: str) -> None:
        """Reads from the beginning: as many rows as are here, within a limit."""
        wanted = min(max(ROWS_FIRST, len(self._items)), 300)
        items: list[Any] = []
        cursor: str | None = None
        for _ in range(PAGES_FIRST_MAX):
            page = await self.kind.read(desk, q, cursor)
            items += page.items
            cursor = page.next
            if cursor is None or len(items) >= wanted:
                break
        self._items, self._next, self.loaded = items, cursor, True

    async def look_further(self, desk: Desk, q: str) -> None:
        """Reads the next page, if there is one."""
        cursor = self._next
        if cursor is None:
            return
        page = await self.kind.read(desk, q, cursor)
        if cursor == self._next:
            known = {each.id for each in self._items}
            self._items += [each for each in page.items if each.id not in known]
            self._next = page.next


def _disputes(width: int) -> list[Column]:
    wide = [Column("buyer", "Buyer", 20), Column("seller", "Seller", 20)]
    return [
        Column("title", "What", 0),
        *(wide if width >= WIDE_CELLS else []),
        Column("reason", "Reason", 16),
        Column("state", "State", 8),
        Column("amount", "Held/back", AMOUNT_CELLS, right=True),
        Column("when", "Opened", 12, right=True),
    ]


def _alerts(width: int) -> list[Column]:
    return [
        Column("kind", "Kind", 40 if width >= WIDE_CELLS else 28),
        Column("subject", "Subject", 0),
        Column("state", "State", 6),
        Column("when", "Since", 12, right=True),
    ]


def _users(width: int) -> list[Column]:
    wide = [Column("proof", "E-mail", 10)]
    return [
        Column("name", "Name", 34 if width >= WIDE_CELLS else 18),
        Column("email", "E-mail address", 0),
        Column("role", "Role", 6),
        Column("state", "State", 9),
        *(wide if width >= WIDE_CELLS else []),
        Column("when", "Since", 12, right=True),
    ]


def _actions(width: int) -> list[Column]:
    return [
        Column("when", "When", 12),
        Column("admin", "Admin", 24 if width >= WIDE_CELLS else 14),
        Column("action", "Action", 16),
        Column("reason", "Reason", 0),
    ]


LISTS: Mapping[str, Kind] = {
    "disputes": Kind(
        "dispute",
        "Nobody has complained of anything.",
        lambda desk, _, cursor: desk.disputes(cursor),
        admin_text.dispute_row,
        admin_text.dispute_facts,
        _disputes,
        lambda each: each.status is DisputeStatus.OPEN,
    ),
    "alerts": Kind(
        "alert",
        "Nothing has to be looked at.",
        lambda desk, _, cursor: desk.alerts(cursor),
        admin_text.alert_row,
        admin_text.alert_facts,
        _alerts,
        lambda each: each.closed_at is None,
    ),
    "users": Kind(
        "user",
        "There is nobody yet.",
        lambda desk, q, cursor: desk.users(q, cursor),
        admin_text.user_row,
        admin_text.user_facts,
        _users,
    ),
    "log": Kind(
        "action",
        "No admin has done anything yet.",
        lambda desk, _, cursor: desk.actions(cursor),
        admin_text.action_row,
        admin_text.action_facts,
        _actions,
    ),
}
