"""The services of a whole server without its workers, called one at a time from plain functions.

One server, one database and one provider serve all runs of a machine; a run begins with empty
tables. The clock moves by `advance` only.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

import aiohttp
import psycopg2
import pytest

from instasell_client.models.accounts import Role, UserStatus
from instasell_client.models.wallets import TopUp
from instasell_server.app import SERVICES, Services
from instasell_server.config.settings import ServerPart
from instasell_server.db.connections import DbConnection, Parameters, Result
from instasell_server.db.driver import DriverConnection
from instasell_server.db.prepared import Sql
from instasell_server.db.queries import Queries
from instasell_server.db.transaction import Transaction
from instasell_server.domains.audit import store as audit_store
from instasell_server.domains.audit.service import Report, audit_in
from instasell_server.ports.principal import Principal
from instasell_server.sandbox import SandboxSettings, disputes
from instasell_server.sandbox.records import Delivery, SandboxRecords
from instasell_server.sandbox.webhook_sender import sign
from tests.server.money.expected import CARD_HOLD_DAYS, TOPUP_HOLD_DAYS
from tests.support.payments import (
    SECRET_KEY,
    WEBHOOK_SECRET,
    Provider,
    paying_settings,
    provider_in,
)
from tests.support.servers import running, settings_for_tests

T = TypeVar("T")

PEOPLE = {"sam": "seller", "ann": "buyer", "bob": "buyer", "cy": "buyer"}
ADMIN = "eve"
SPARE = 50_000_000
LOST_ACCOUNT = "acct_lost"

_CLOCK = """
CREATE TABLE machine_clock (seconds bigint NOT NULL);
INSERT INTO machine_clock VALUES (0);
CREATE OR REPLACE FUNCTION market_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS $body$
    SELECT '2026-01-01 00:00:00+00'::timestamptz + seconds * interval '1 second' FROM machine_clock
$body$
"""
_CLEAR = """
TRUNCATE unmatched_payments, wallet_holds, wallet_hold_uses, chargeback_debts, chargebacks,
         transactions, order_events, dispute_messages, disputes, provider_refunds,
         provider_events, payments, withdrawals, orders, bids, auction_watches, auctions,
         listings, alerts,
         admin_actions, outbox, notifications, notice_causes, lead_changes, emails,
         idempotency_replies CASCADE;
UPDATE wallets SET balance = 0, gas_balance = 0, payouts_stopped_at = NULL;
UPDATE users SET status = 'active';
UPDATE sessions SET revoked_at = NULL;
UPDATE machine_clock SET seconds = 0
"""


class Prepared(Queries):
    """Queries of which those without parameters are planned once, in one connection.

    After each of thousands of steps they are queried again, on tables with a dozen rows, and to
    plan them takes longer than to run them.
    """

    def __getattr__(self, name: str) -> str:
        sql = super().__getattr__(name)
        return sql if "%(" in sql else f"EXECUTE {name}"

    def statements(self) -> str:
        """Return what plans them."""
        return "; ".join(
            f"PREPARE {name} AS {sql}"
            for name, sql in (
                (name, super(Prepared, self).__getattr__(name)) for name in self.names()
            )
            if "%(" not in sql
        )


_PREPARED = Prepared(audit_store._sql.path)


class SyncTransaction(Transaction):
    """Run statements at once, on a connection that waits for each.

    The 20 of an audit take 2 ms so, and 5 ms by way of an event loop; nobody else writes.
    """

    def __init__(self, cursor: psycopg2.extensions.cursor) -> None:
        super().__init__(DbConnection(cast("DriverConnection", cursor.connection)), begin="")
        self._cursor = cursor

    async def run(self, sql: Sql, parameters: Parameters | None = None) -> Result:
        """Run a statement."""
        self._cursor.execute(sql if isinstance(sql, str) else sql.plain, parameters)
        description = self._cursor.description
        rows = self._cursor.fetchall() if description else []
        return Result(rows, [column[0] for column in description or ()], self._cursor.rowcount)


class Arena:
    """Hold the market that a machine acts on."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        services: Services,
        provider: Provider,
        cursor: psycopg2.extensions.cursor,
        http: aiohttp.ClientSession,
    ) -> None:
        self._loop = loop
        self.services = services
        self.provider = provider
        self._cursor = cursor
        self._http = http
        self.people: dict[str, Principal] = {}
        self.now = 0
        self.seen: Counter[str] = Counter()
        self._taken = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do one thing to its end."""
        return self._loop.run_until_complete(work)

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement from outside; return its rows."""
        named = values[0] if len(values) == 1 and isinstance(values[0], dict) else values
        self._cursor.execute(statement, named or None)
        return self._cursor.fetchall() if self._cursor.description else []

    def admit(self) -> None:
        """Make the people, once; each may withdraw."""
        [(category,)] = self.sql(
            "INSERT INTO categories (name, path, lineage, id)"
            " SELECT 'Lamps', 'Lamps', ARRAY[id], id FROM gen_random_uuid() AS id RETURNING id"
        )
        self.category = str(category)
        for name, role in {**PEOPLE, ADMIN: "admin"}.items():
            [(user_id,)] = self.sql(
                "INSERT INTO users (email, password_hash, display_name, role, verification_status)"
                " VALUES (%s, 'x', %s, %s, 'verified') RETURNING id",
                f"{name}@example.org", name, role,
            )  # fmt: skip
            [(session_id,)] = self.sql(
                "INSERT INTO sessions (user_id, kind, expires_at)"
                " VALUES (%s, 'login', '2099-01-01') RETURNING id",
                user_id,
            )
            self.sql("INSERT INTO wallets (user_id) VALUES (%s) ON CONFLICT DO NOTHING", user_id)
            self.people[name] = Principal(
                str(user_id), Role(role), UserStatus.ACTIVE, str(session_id), None, 1e12
            )
        for name in PEOPLE:
            self.run(self._onboard(self.people[name]))
        # Balances of runs begin without a payment, and can be sent out all the same.
        ann = self.people["ann"]
        wish = TopUp(amount=SPARE)
        page = self.run(self.services.wallets.top_up(ann, ann.user_id, wish, None))
        assert self.visit(str(page.checkout_url))
        self.sql("CREATE TABLE true_accounts AS SELECT user_id, account_id FROM payout_accounts")

    async def _onboard(self, person: Principal) -> None:
        account = await self.services.wallets.withdrawals.open_account(person)
        async with self._http.post(str(account.onboarding_url), allow_redirects=False):
            pass

    def clear(self) -> None:
        """Everything is as in the beginning; the provider keeps what it has."""
        self.sql(_CLEAR)
        self.now = 0
        self._run_deliveries(lambda delivery: None)
        self._taken = self._held_by_provider()

    def advance(self, seconds: int) -> None:
        """Move the clock."""
        self.now += seconds
        self.sql("UPDATE machine_clock SET seconds = %s", self.now)

    def lose_accounts(self, *, lost: bool) -> None:
        """The accounts that money is sent to are gone, or there again."""
        if lost:
            self.sql("UPDATE payout_accounts SET account_id = %s || user_id::text", LOST_ACCOUNT)
        else:
            self.sql(
                "UPDATE payout_accounts p SET account_id = t.account_id FROM true_accounts t"
                " WHERE t.user_id = p.user_id"
            )

    def visit(self, url: str) -> bool:
        """Pay on a page of the provider; False when it is closed."""

        async def post() -> bool:
            headers = {"Accept": "application/json"}
            async with self._http.post(url, data={"action": "pay"}, headers=headers) as answer:
                return answer.status == 200

        return self.run(post())

    def charge_back(self, url: str, amount: int) -> str:
        """A bank takes back what was paid on a page; returns the provider's id of that."""
        [(intent_id,)] = self.sql("SELECT intent_id FROM payments WHERE checkout_url = %s", url)
        settings, store = SandboxSettings(SECRET_KEY), self.provider.sandbox.store
        opened = store.transact(
            lambda records: disputes.open_dispute(records, settings, str(intent_id), amount)
        )
        return str(self.run(opened)["id"])

    def judge(self, dispute_id: str, *, won: bool) -> None:
        """A bank decides."""

        def work(records: SandboxRecords) -> None:
            disputes.judge(records, records.get("dispute", dispute_id), won=won)

        self.run(self.provider.sandbox.store.transact(work))

    def deliver(self, *, twice: bool) -> None:
        """The market hears what the provider has to say, in order."""

        def hear(delivery: Delivery) -> None:
            signature = sign(delivery.payload, WEBHOOK_SECRET, _real_now())
            for _ in range(1 + twice):
                self.run(
                    self.services.payments.handle_webhook(delivery.payload.encode(), signature)
                )

        self._run_deliveries(hear)

    def _run_deliveries(self, hear: Callable[[Delivery], None]) -> None:
        store = self.provider.sandbox.store

        def look(records: SandboxRecords) -> list[Delivery]:
            return records.list_deliveries(1, records.now, 100, newest_first=False)

        while due := self.run(store.transact(look)):
            for each in due:
                hear(each)

            def note(records: SandboxRecords, due: list[Delivery] = due) -> None:
                for each in due:
                    records.update_delivery(each.seq, delivered=True, due_at=records.now)

            self.run(store.transact(note))

    def held_since_clear(self) -> int:
        """Return what the provider has taken for the market since the run began."""
        return self._held_by_provider() - self._taken

    def _held_by_provider(self) -> int:
        return self.run(self.provider.books())["platform"]

    def findings(self) -> list[str]:
        """The differences that the audit finds."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(audit_store, "_sql", _PREPARED)
            work = audit_in(SyncTransaction(self._cursor), auctions=True)
            try:
                work.send(None)
            except StopIteration as done:
                report: Report = done.value
                return [str(each) for each in report.findings]
        raise RuntimeError("the audit waited for something")


def _real_now() -> int:
    """The provider's clock, which is everybody's but the market's here."""
    return int(time.time())


@contextlib.contextmanager
def open_arena(folder: Path, database_url: str, redis_url: str) -> Iterator[Arena]:
    """An arena with its people."""
    loop = asyncio.new_event_loop()
    stack = contextlib.AsyncExitStack()

    async def begin() -> Arena:
        provider = await stack.enter_async_context(provider_in(folder))
        settings = settings_for_tests(
            database_url,
            redis_url,
            **paying_settings(provider),
            parts=frozenset({ServerPart.API}),
            auctioneer_lanes=1,
            card_hold_days=CARD_HOLD_DAYS,
            topup_hold_days=TOPUP_HOLD_DAYS,
            environment="production",
        )
        server = await stack.enter_async_context(running(settings))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        return Arena(loop, server.app[SERVICES], provider, connection.cursor(), http)

    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(_CLOCK)
            cursor.execute(_PREPARED.statements())
        arena = loop.run_until_complete(begin())
        arena.admit()
        yield arena
    finally:
        loop.run_until_complete(stack.aclose())
        connection.close()
        loop.close()
