"""A market on a whole server, its notification worker, and the notifications it made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from instasell_server.domains.notifications.dispatch import NotificationDispatcher
from instasell_server.domains.notifications.handlers import TELLING
from tests.server.money.conftest import bazaar
from tests.support.market import Market, open_market
from tests.support.servers import RunningServer
from tests.support.waiting import until

Sql = Callable[..., list[tuple[Any, ...]]]

__all__ = ["bazaar"]


class Told:
    """Read from the tables which notifications were made."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def to(self, user_id: str, kind: str | None = None) -> list[dict[str, Any]]:
        """The payloads of a user's notices, the oldest first."""
        rows = self._sql(
            "SELECT payload FROM notifications WHERE user_id = %s"
            " AND kind = coalesce(%s, kind) ORDER BY created_at, id",
            user_id, kind,
        )  # fmt: skip
        return [payload for (payload,) in rows]

    def kinds(self, user_id: str) -> list[str]:
        """The kinds of a user's notices, sorted."""
        query = "SELECT kind FROM notifications WHERE user_id = %s ORDER BY kind"
        return [kind for (kind,) in self._sql(query, user_id)]

    async def quiet(self) -> None:
        """Wait until no cause is left."""
        waiting = (
            "SELECT (SELECT count(*) FROM notice_causes) + (SELECT count(*) FROM lead_changes)"
        )
        await until(lambda: self._sql(waiting) == [(0,)])


class Repeats:
    """Keeps a copy of all that there is to tell, to have it told again."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        for table, columns in _CAUSES.items():
            values = ", ".join(f"NEW.{column}" for column in columns)
            sql(f"CREATE TABLE kept_{table} AS SELECT {', '.join(columns)} FROM {table}")
            sql(
                f"CREATE FUNCTION keep_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                f" INSERT INTO kept_{table} VALUES ({values}); RETURN NULL; END $$"
            )
            sql(
                f"CREATE TRIGGER keep AFTER INSERT ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION keep_{table}()"
            )

    def kinds(self) -> set[str]:
        """Return the kinds of causes that there were."""
        return {kind for (kind,) in self._sql("SELECT DISTINCT kind FROM kept_notice_causes")}

    def again(self) -> None:
        """Make all causes come again, as if none had been dispatched."""
        for table, columns in _CAUSES.items():
            names = ", ".join(columns)
            self._sql(f"DROP TRIGGER IF EXISTS keep ON {table}")
            self._sql(f"INSERT INTO {table} ({names}) SELECT {names} FROM kept_{table}")


_CAUSES = {
    "notice_causes": ("kind", "payload"),
    "lead_changes": ("auction_id", "first_seq", "last_seq", "created_at"),
}


@pytest.fixture
def repeats(sql: Sql) -> Repeats:
    """Keep all causes from now on, so that they can be dispatched again."""
    return Repeats(sql)


@pytest.fixture
def told(sql: Sql) -> Told:
    """The notifications that were made."""
    return Told(sql)


@pytest.fixture
async def market(server: RunningServer, sql: Sql) -> AsyncIterator[Market]:
    """Users and listings on `server`."""
    async with open_market(server.base_url, sql) as opened:
        yield opened


@pytest.fixture
def telling(server: RunningServer) -> NotificationDispatcher:
    """The part of `server` that tells people; another worker runs it as well."""
    return server.app[TELLING]
