"""Show notifications to their reader, and keep which kinds they want."""

from __future__ import annotations

from instasell_client.models.notifications import (
    MarkedRead,
    MarkRead,
    NotificationKind,
    NotificationPage,
    NotificationsQuery,
    Preference,
    Preferences,
    SetPreferences,
)
from instasell_server.db.connections import Database, DbConnection
from instasell_server.db.idempotency import RequestKey, once
from instasell_server.db.transaction import Transaction
from instasell_server.domains.notifications import rules, store
from instasell_server.paging import INSTANT, ROW_ID, Cursor
from instasell_server.ports.principal import Principal

_PAGES = Cursor("notifications", INSTANT, ROW_ID)

READ_DAYS = 90
"""How long a notification stays after it was read."""


class NotificationService:
    """Shows notifications, marks them as read, and keeps preferences."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, reader: Principal, query: NotificationsQuery) -> NotificationPage:
        """List the reader's notifications, the newest first. Raises Invalid for a wrong cursor."""
        before_at, before_id = _PAGES.read(query.cursor)
        async with self._database.connection() as connection:
            found = await store.list_notifications(
                connection, reader.user_id, query.unread, before_at, before_id, query.limit + 1
            )
            unread = await store.count_unread(connection, reader.user_id)
        shown, following = _PAGES.cut(found, query.limit, lambda last: (last.created_at, last.id))
        return NotificationPage(items=shown, next=following, unread_count=unread)

    async def mark_read(
        self, reader: Principal, request: MarkRead, key: RequestKey | None
    ) -> MarkedRead:
        """Mark notifications of the reader as read; those of others stay as they are."""

        async def work(tx: Transaction) -> MarkedRead:
            marked = await store.update_read(tx, reader.user_id, request.ids, request.up_to)
            unread = await store.count_unread(tx, reader.user_id)
            return MarkedRead(marked=marked, unread_count=unread)

        return await once(self._database, key, MarkedRead, work)

    async def preferences(self, reader: Principal) -> Preferences:
        """Return every kind, with what the reader set or else its default."""
        async with self._database.connection() as connection:
            return await _preferences(connection, reader.user_id)

    async def set_preferences(
        self, reader: Principal, request: SetPreferences, key: RequestKey | None
    ) -> Preferences:
        """Change what is given, and return all."""

        async def work(tx: Transaction) -> Preferences:
            await store.upsert_choices(tx, reader.user_id, request.items)
            return await _preferences(tx, reader.user_id)

        return await once(self._database, key, Preferences, work)

    async def delete_old(self) -> int:
        """Sweep what was read 90 days ago; return how much."""
        return await store.delete_old(self._database, READ_DAYS)


async def _preferences(connection: DbConnection, user_id: str) -> Preferences:
    choices = await store.list_choices(connection, [user_id])
    items = []
    for kind in NotificationKind:
        ways = rules.channels(kind, choices.get((user_id, kind.value)))
        items.append(Preference(kind=kind.value, in_app=ways.in_app, email=ways.email))
    return Preferences(items=items)
