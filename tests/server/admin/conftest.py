"""An admin, and the market to administer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from tests.server.accounts_support import Person, log_in, sign_up
from tests.support.market import Market, open_market
from tests.support.servers import RunningServer

Sql = Callable[..., list[tuple[Any, ...]]]
MakeAdmin = Callable[[], Awaitable[Person]]

WHY = {"reason": "because"}


@pytest.fixture
async def market(server: RunningServer, sql: Sql) -> AsyncIterator[Market]:
    """People and listings on `server`."""
    async with open_market(server.base_url, sql) as opened:
        yield opened


@pytest.fixture
def make_admin(http: aiohttp.ClientSession, sql: Sql) -> MakeAdmin:
    """`await make_admin()`: one more admin, signed in."""

    async def make() -> Person:
        person = await sign_up(http, display_name="Ada")
        sql("UPDATE users SET role = 'admin', version = version + 1 WHERE id = %s", person.id)
        token = (await log_in(http, person.email)).body["token"]
        return Person(http, person.id, person.email, token)

    return make


@pytest.fixture
async def admin(make_admin: MakeAdmin) -> Person:
    """The market's admin."""
    return await make_admin()


def actions(sql: Sql) -> list[tuple[str, str, str]]:
    """Return what the audit log has, the oldest first: action, kind and id of the subject."""
    found = sql("SELECT action, subject_kind, subject_id FROM admin_actions ORDER BY id")
    return [(action, kind, str(subject)) for action, kind, subject in found]
