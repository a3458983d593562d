"""The admins' log is a chain: whatever is done to its rows is found."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

from instasell_server.db.connections import Database
from instasell_server.domains.audit.service import Report, audit
from tests.support.databases import as_server

Sql = Callable[..., list[tuple[Any, ...]]]

INSERT = """
INSERT INTO admin_actions (admin_id, action, subject_kind, subject_id, reason)
SELECT id, 'suspend_user', 'user', id, %s FROM users LIMIT 1
"""


@pytest.fixture
def log(sql: Sql) -> Sql:
    """A log with five rows."""
    sql(
        "INSERT INTO users (email, password_hash, display_name, role)"
        " VALUES ('a@example.org', 'x', 'A', 'admin')"
    )
    for number in range(5):
        sql(INSERT, f"reason {number}")
    return sql


async def audited(database: Database) -> Report:
    return await audit(database, auctions=False)


async def test_a_log_that_nobody_touched_is_whole(log: Sql, database: Database) -> None:
    report = await audited(database)
    assert (report.findings, report.admin_actions) == ([], 5)
    [(newest,)] = log("SELECT encode(hash, 'hex') FROM admin_action_links WHERE position = 5")
    assert report.log_head == newest
    # The session's settings do not change what is hashed.
    query = (
        "SELECT bool_and(l.hash = admin_action_hash(l.position, l.previous_hash, a))"
        " FROM admin_action_links l JOIN admin_actions a ON a.id = l.action_id"
    )
    assert log(f"SET timezone = 'Asia/Tokyo'; SET extra_float_digits = 0; {query}") == [(True,)]


@pytest.mark.parametrize(
    ("tampering", "row", "field"),
    [
        ("UPDATE admin_actions SET reason = 'another' WHERE id = 3", "3", "hash"),
        ("UPDATE admin_actions SET details = '{\"a\": 1}' WHERE id = 5", "5", "hash"),
        (
            "UPDATE admin_actions SET created_at = created_at - interval '1 us' WHERE id = 1",
            "1",
            "hash",
        ),
        ("DELETE FROM admin_action_links WHERE action_id = 2", "3", "position"),
        (
            "DELETE FROM admin_action_links WHERE action_id = 2;"
            " DELETE FROM admin_actions WHERE id = 2",
            "3",
            "position",
        ),
        (
            "UPDATE admin_actions SET reason = 'another' WHERE id = 3; UPDATE admin_action_links l"
            " SET hash = admin_action_hash(l.position, l.previous_hash, a)"
            " FROM admin_actions a WHERE a.id = 3 AND l.action_id = 3",
            "4",
            "previous_hash",
        ),
        ("DELETE FROM admin_action_links WHERE action_id = 5", "5", "link"),
        (
            "ALTER TABLE admin_action_links DROP CONSTRAINT admin_action_links_action_id_fkey;"
            " DELETE FROM admin_actions WHERE id = 4",
            "4",
            "row",
        ),
        (
            "UPDATE admin_action_links SET position = position + 1 WHERE action_id = 5",
            "5",
            "position",
        ),
    ],
)
async def test_the_first_broken_row_is_named(
    log: Sql, database: Database, tampering: str, row: str, field: str
) -> None:
    log("ALTER TABLE admin_actions DISABLE TRIGGER USER")
    log("ALTER TABLE admin_action_links DISABLE TRIGGER USER")
    log(tampering)
    [finding] = (await audited(database)).findings
    assert (finding.kind, finding.id, finding.field) == ("admin_action", row, field)


def test_actions_at_once_are_one_chain(log: Sql, database_url: str) -> None:
    def insert(number: int) -> None:
        connection = psycopg2.connect(as_server(database_url))
        try:
            for _ in range(5):
                with connection, connection.cursor() as cursor:
                    cursor.execute(INSERT, (f"{number} {uuid.uuid4()}",))
                    cursor.execute(INSERT, (f"{number} {uuid.uuid4()}",))
        finally:
            connection.close()

    threads = [threading.Thread(target=insert, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert log("SELECT count(*), max(position) FROM admin_action_links") == [(45, 45)]
