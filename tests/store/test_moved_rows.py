"""Migrations that move rows, on databases that have some."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest

from instasell_server.db.migrate import migrate, read_migrations, statements_of
from instasell_server.embedded import EngineUrls
from tests.support.databases import with_database

Sql = Callable[..., list[tuple[Any, ...]]]

USERS = """
INSERT INTO users (email, password_hash, display_name, role) VALUES
    ('payer@example.org', 'x', 'Payer', 'buyer'), ('seller@example.org', 'x', 'Seller', 'seller')
RETURNING id
"""
PAYMENT = """
INSERT INTO payments (user_id, purpose, amount, currency, status, session_id, intent_id)
VALUES (%(user)s, 'balance', %(amount)s, 'USD', 'succeeded', 'cs_' || %(intent)s, %(intent)s)
RETURNING id
"""


@contextlib.contextmanager
def _connected(url: str) -> Iterator[Sql]:
    connection = psycopg2.connect(url)
    connection.autocommit = True

    def run(statement: str, values: Any = None) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    try:
        yield run
    finally:
        connection.close()


@pytest.fixture
def empty_url(engines: EngineUrls) -> Iterator[str]:
    """A database without a table."""
    name = f"moved_{uuid.uuid4().hex}"
    with _connected(engines.database_url) as run:
        run(f"CREATE DATABASE {name}")
        yield with_database(engines.database_url, name)
        run(f"DROP DATABASE {name}")


def _migrate_before(url: str, number: str) -> None:
    migrate(url, [each for each in read_migrations() if each.name < number])


def _move(sql: Sql, account: str, other: str, amount: int, reference: str, key: str) -> None:
    """Book a transfer as the ledger does."""
    sql(
        "INSERT INTO transactions (transfer_id, account, amount, type, reference_id, posting_key)"
        " SELECT t, account, amount, 'charge', %(reference)s, %(key)s || place FROM"
        " gen_random_uuid() t, (VALUES (%(from)s, -%(amount)s, ':0'), (%(to)s, %(amount)s, ':1'))"
        " AS parts (account, amount, place)",
        {"from": account, "to": other, "amount": amount, "reference": reference, "key": key},
    )


def test_debts_and_waiting_withdrawals_are_moved(empty_url: str) -> None:
    _migrate_before(empty_url, "0014")
    with _connected(empty_url) as sql:
        [(payer,), (seller,)] = sql(USERS)
        rows = [
            # provider's id, debtor, in escrow and owed and recovered, due, status
            ("cb_due", payer, 0, 300, 200, True, "open"),
            ("cb_later", seller, 0, 500, 0, False, "open"),
            ("cb_paid", seller, 0, 0, 500, True, "lost"),
            ("cb_won", seller, 0, 0, 0, False, "won"),
            ("cb_unknown", None, 0, 500, 0, False, "open"),
        ]
        for name, debtor, escrow, owed, recovered, is_due, status in rows:
            sql(
                "INSERT INTO chargebacks (provider_id, intent_id, debtor_id, amount, escrow_amount,"
                " owed_amount, recovered_amount, is_due, status, closed_at)"
                " VALUES (%s, 'pi_' || %s, %s, 500, %s, %s, %s, %s, %s,"
                " CASE WHEN %s <> 'open' THEN now() END)",
                (name, name, debtor, escrow, owed, recovered, is_due, status, status),
            )
        sql(
            "INSERT INTO withdrawals (user_id, amount, status, provider_id, failure) VALUES"
            " (%(user)s, 10, 'pending', NULL, NULL), (%(user)s, 20, 'succeeded', 'po_1', NULL),"
            " (%(user)s, 30, 'failed', NULL, 'closed')",
            {"user": seller},
        )
        migrate(empty_url)
        assert sql(
            "SELECT c.provider_id, d.debtor_id, d.owed_amount, d.recovered_amount, d.is_due"
            " FROM chargeback_debts d JOIN chargebacks c ON c.id = d.chargeback_id ORDER BY 1"
        ) == [
            ("cb_due", payer, 300, 200, True),
            ("cb_later", seller, 500, 0, False),
            ("cb_paid", seller, 0, 500, True),
        ]
        assert sql("SELECT provider_id, amount, refunded_amount, kind FROM chargebacks") == [
            (name, 500, 0, "chargeback") for name, *_ in rows
        ]
        # Of what waited nobody knows whether the provider was asked; the others were not touched.
        assert sql("SELECT amount, asked_at = created_at FROM withdrawals ORDER BY 1") == [
            (10, True),
            (20, None),
            (30, None),
        ]


def test_unmatched_money_is_moved_to_the_last_unit(empty_url: str) -> None:
    _migrate_before(empty_url, "0018")
    with _connected(empty_url) as sql:
        [(payer,), _] = sql(USERS)
        _move(sql, "stripe", "suspense", 700, "pi_nobodys", "stray:pi_nobodys")
        paid = {
            intent: str(sql(PAYMENT, {"user": payer, "amount": 400, "intent": intent})[0][0])
            for intent in ("pi_back", "pi_kept", "pi_usual")
        }
        for intent, status in (("pi_back", "succeeded"), ("pi_kept", "failed")):
            _move(sql, "stripe", "suspense", 450, paid[intent], f"stray:{paid[intent]}")
            [(refund,)] = sql(
                "INSERT INTO provider_refunds (payment_id, amount, status) VALUES (%s, 450, %s)"
                " RETURNING id",
                (paid[intent], status),
            )
            _move(sql, "suspense", "in_transit", 450, refund, f"stray-back:{refund}")
            if status == "failed":
                _move(sql, "in_transit", "suspense", 450, refund, f"stray-kept:{refund}")
        migrate(empty_url)
        assert sql("SELECT intent_id, amount, kept_amount FROM unmatched_payments ORDER BY 1") == [
            ("pi_back", 450, 0),
            ("pi_kept", 450, 450),
            ("pi_nobodys", 700, 700),
        ]
        assert sql("SELECT sum(amount) FROM transactions WHERE account = 'suspense'") == sql(
            "SELECT sum(kept_amount) FROM unmatched_payments"
        )
        assert sql("SELECT count(*) FROM provider_refunds WHERE payment_id IS NOT NULL") == [(2,)]


LARGE_TABLES = ("auctions", "bids", "listings", "transactions", "users")
LAST_BEFORE_THE_RULE = "0019"
"""Earlier ones were applied before the rule and are never edited."""


def test_no_migration_reads_a_large_table_under_its_lock(empty_url: str) -> None:
    """PostgreSQL says so: a column with a CHECK is verified row by row, and bids wait meanwhile."""
    _migrate_before(empty_url, LAST_BEFORE_THE_RULE)
    connection = psycopg2.connect(empty_url)
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("SET client_min_messages = debug1")
        for each in read_migrations():
            if each.name >= LAST_BEFORE_THE_RULE:
                connection.notices.clear()
                for statement in statements_of(each):
                    cursor.execute(statement)
                walks = [
                    line.strip()
                    for line in connection.notices
                    for table in LARGE_TABLES
                    if f'verifying table "{table}"' in line or f'rewriting table "{table}"' in line
                ]
                assert walks == [], each.name
