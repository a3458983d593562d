"""Two roles: what the server's can and cannot do, and what becomes of later migrations."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest

from instasell_server.db.connections import Database
from instasell_server.db.migrate import (
    Migration,
    MigrationRefused,
    migrate,
    migrate_to_latest,
    read_migrations,
)
from instasell_server.db.roles import find_serving_role
from instasell_server.domains.operations.store import has_excessive_role
from instasell_server.embedded import EngineUrls
from tests.support.databases import as_server, with_database

Sql = Callable[..., list[tuple[Any, ...]]]

FINAL = (
    "admin_action_links", "admin_actions", "bids", "dispute_messages", "messages", "order_events",
    "transactions",
)  # fmt: skip


@pytest.fixture
def server_url(database_url: str) -> str:
    """The test's database as the server connects to it."""
    url = as_server(database_url)
    if url == database_url:
        pytest.skip("the servers that were given have one role")
    return url


@pytest.fixture
def as_serving(server_url: str) -> Iterator[Callable[[str], str]]:
    """Run a statement as the server's role; return the code of the error, or nothing."""
    connection = psycopg2.connect(server_url)
    connection.autocommit = True

    def run(statement: str) -> str:
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
        except psycopg2.Error as error:
            return str(error.pgcode)
        return ""

    yield run
    connection.close()


DENIED = "42501"


def test_the_server_can_neither_empty_nor_change_a_table(
    sql: Sql, as_serving: Callable[[str], str]
) -> None:
    tables = [
        name for (name,) in sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    ]
    assert {"users", "wallets", *FINAL} <= set(tables)
    for table in tables:
        for statement in (
            f"TRUNCATE {table} CASCADE",
            f"ALTER TABLE {table} ADD COLUMN x int",
            f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            f"CREATE TRIGGER x BEFORE INSERT ON {table} EXECUTE FUNCTION refuse_change()",
            f"DROP TABLE {table} CASCADE",
        ):
            assert as_serving(statement) == DENIED, statement
    assert sql("SELECT has_table_privilege('instasell_server', 'bids', 'TRUNCATE')") == [(False,)]


@pytest.mark.parametrize("table", FINAL)
def test_the_server_cannot_rewrite_what_is_final(
    sql: Sql, as_serving: Callable[[str], str], table: str
) -> None:
    [(column,)] = sql(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 2", table
    )
    # No trigger is needed for that.
    sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    assert as_serving(f"UPDATE {table} SET {column} = {column}") == DENIED
    assert as_serving(f"DELETE FROM {table}") == DENIED
    assert as_serving(f"SELECT * FROM {table}") == ""


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE x (n int)",
        "CREATE FUNCTION x() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION market_now() RETURNS timestamptz LANGUAGE sql"
        " AS 'SELECT now()'",
        "DROP FUNCTION refuse_change() CASCADE",
        "CREATE SCHEMA x",
        "CREATE DATABASE x",
        "CREATE ROLE x",
        "SET ROLE instasell",
        "SET SESSION AUTHORIZATION instasell",
        "SET session_replication_role = replica",
        "ALTER ROLE instasell_server SUPERUSER",
        "GRANT instasell TO instasell_server",
        "SET ROLE postgres",
        "UPDATE schema_migrations SET checksum = ''",
        "INSERT INTO schema_migrations (name, checksum) VALUES ('9', '9')",
        "SELECT setval(pg_get_serial_sequence('admin_actions', 'id'), 1)",
        "COPY users TO PROGRAM 'true'",
        "INSERT INTO admin_action_links VALUES (1, 1, '', '')",
    ],
)
def test_the_server_cannot_become_more(as_serving: Callable[[str], str], statement: str) -> None:
    assert as_serving(statement) == DENIED


def test_tables_of_later_migrations_have_their_rights(
    database_url: str, server_url: str, sql: Sql, as_serving: Callable[[str], str]
) -> None:
    plain = Migration("9998_plain.sql", "CREATE TABLE later (n int)", "1")
    final = Migration(
        "9999_final.sql",
        "CREATE TABLE stays (n int); CREATE TRIGGER t BEFORE UPDATE OR DELETE ON stays"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
        "1",
    )
    both = [*read_migrations(), plain, final]
    assert migrate(database_url, both, serving_role="instasell_server") == [
        plain.name,
        final.name,
    ]
    assert (
        as_serving("INSERT INTO later VALUES (1); UPDATE later SET n = 2; DELETE FROM later") == ""
    )
    assert as_serving("TRUNCATE later") == DENIED
    assert as_serving("INSERT INTO stays VALUES (1); SELECT * FROM stays") == ""
    assert as_serving("UPDATE stays SET n = 2") == DENIED
    # The owner's next table has them from the beginning, and what was added by hand goes.
    sql("CREATE TABLE more (n int)")
    assert as_serving("INSERT INTO more VALUES (1)") == ""
    sql("GRANT TRUNCATE, UPDATE ON bids TO instasell_server")
    assert find_serving_role(server_url).is_excessive
    assert migrate(database_url, both, serving_role="instasell_server") == []
    assert not find_serving_role(server_url).is_excessive


async def test_a_server_with_the_owners_role_is_known(database_url: str, server_url: str) -> None:
    found = []
    for url in (database_url, server_url):
        async with Database(url, size=1) as database, database.connection() as connection:
            found.append(await has_excessive_role(connection))
    assert found == [True, False]


def test_the_servers_role_does_not_migrate(
    engines: EngineUrls, database_url: str, server_url: str
) -> None:
    assert migrate_to_latest(server_url, None) == []
    with contextlib.closing(psycopg2.connect(engines.database_url)) as connection:
        connection.autocommit = True
        connection.cursor().execute("CREATE DATABASE test_without_schema")
    try:
        empty = with_database(server_url, "test_without_schema")
        owner = with_database(database_url, "test_without_schema")
        with pytest.raises(MigrationRefused, match="INSTASELL_MIGRATION_DATABASE_URL"):
            migrate_to_latest(empty, None)
        with pytest.raises(MigrationRefused, match="the same one"):
            migrate_to_latest(server_url, owner)
        assert migrate_to_latest(empty, owner) == [each.name for each in read_migrations()]
        assert not find_serving_role(empty).is_excessive
        assert find_serving_role(owner).is_excessive
    finally:
        with contextlib.closing(psycopg2.connect(engines.database_url)) as connection:
            connection.autocommit = True
            connection.cursor().execute("DROP DATABASE test_without_schema WITH (FORCE)")
