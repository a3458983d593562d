"""Statements that a connection plans once, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from instasell_client.models.errors import Unavailable
from instasell_server.db import postgres
from instasell_server.db.connections import Database
from instasell_server.db.prepared import PreparedStatement
from instasell_server.db.transaction import Transaction, transact

_ADD = PreparedStatement("add", "SELECT %(a)s::bigint + %(b)s::bigint + %(a)s::bigint AS sum")
_LIKE = PreparedStatement("like", "SELECT 'a%%b' LIKE 'a\\%%%%' AS found, 7 %% 4 AS rest")
_VIEW = PreparedStatement("view", "SELECT * FROM changing")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """One connection, so that a test knows which one it has."""
    async with Database(database_url, size=1) as opened:
        yield opened


async def planned(database: Database) -> list[str]:
    async with database.connection() as connection:
        rows = await connection.tuples("SELECT name FROM pg_prepared_statements ORDER BY name")
        return [row[0] for row in rows]


async def test_a_statement_is_planned_once_and_takes_each_parameter_by_name(
    database: Database,
) -> None:
    async with database.connection() as connection:
        for number in range(8):
            row = await connection.one(_ADD.sql, {"b": number, "a": 2})
            assert row == {"sum": 4 + number}
    assert await planned(database) == [_ADD.name]


async def test_percent_signs_mean_themselves(database: Database) -> None:
    async with database.connection() as connection:
        assert await connection.one(_LIKE.sql, {}) == await connection.one(_LIKE.sql.plain, {})


async def test_a_statement_outlives_a_transaction_that_failed(database: Database) -> None:
    async def fail(tx: Transaction) -> None:
        await tx.one(_ADD.sql, {"a": 1, "b": 1})
        await tx.execute("SELECT 1 / 0")

    with pytest.raises(postgres.Error):
        await transact(database, fail)
    assert await planned(database) == [_ADD.name]
    async with database.connection() as connection:
        assert await connection.one(_ADD.sql, {"a": 1, "b": 1}) == {"sum": 3}


async def test_several_go_in_one_round_trip_with_their_transaction(database: Database) -> None:
    async def work(tx: Transaction) -> Any:
        await tx.execute("CREATE TEMPORARY TABLE kept (n bigint)")
        insert = PreparedStatement("insert", "INSERT INTO kept VALUES (%(n)s)")
        await tx.run_and_commit(insert.sql.then(insert.sql), {"n": 5})

    await transact(database, work)
    async with database.connection() as connection:
        assert await connection.tuples("SELECT * FROM kept") == [(5,), (5,)]


async def test_a_view_that_was_changed_meanwhile_is_read_again(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("CREATE VIEW changing AS SELECT 1 AS a")
        assert await connection.one(_VIEW.sql, {}) == {"a": 1}
        await connection.execute("CREATE OR REPLACE VIEW changing AS SELECT 1 AS a, 2 AS b")
        assert await connection.one(_VIEW.sql, {}) == {"a": 1, "b": 2}
        await connection.execute("CREATE OR REPLACE VIEW changing AS SELECT 1 AS a, 2 AS b, 3 AS c")

    async def read(tx: Transaction) -> Any:
        return await tx.one(_VIEW.sql, {})

    with pytest.raises(Unavailable):
        await transact(database, read)
    assert await transact(database, read) == {"a": 1, "b": 2, "c": 3}


async def test_behind_a_pooler_nothing_is_prepared(database_url: str) -> None:
    async with Database(database_url, size=1, prepares=False) as database:
        async with database.connection() as connection:
            assert await connection.one(_ADD.sql, {"a": 1, "b": 1}) == {"sum": 3}
        assert await planned(database) == []
