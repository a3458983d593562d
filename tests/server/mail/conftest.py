"""A mail server, people to write to, and a service that sends."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr

from instasell_server.adapters.mail.smtp import SmtpMail
from instasell_server.config.settings import Settings
from instasell_server.db.connections import Database
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.accounts.links import LinkSigner
from instasell_server.domains.mail.service import MailService
from instasell_server.ports import MailTransport
from tests.support.databases import MarketClock
from tests.support.mail_server import MailServer, mail_server
from tests.support.servers import SECRET

Sql = Callable[..., list[tuple[Any, ...]]]

FACTS = {"order_id": "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11", "title": "A lamp", "amount": 1250}


@pytest.fixture
def peer() -> Iterator[MailServer]:
    """A real mail server."""
    with mail_server() as server:
        yield server


@dataclass(frozen=True)
class Office:
    """Mails of a market, its database and its clock."""

    database: Database
    sql: Sql
    clock: MarketClock
    settings: Settings
    user_id: str

    def service(
        self, transport: MailTransport | None = None, *, without: bool = False
    ) -> MailService:
        """A service that sends to the peer, or to `transport`."""
        used = None if without else transport or SmtpMail(self.settings)
        return MailService(self.database, used, currency="USD", unseal=LinkSigner(SECRET).unseal)

    async def queue(self, cause: str | None = None, kind: str = "refund", **facts: Any) -> None:
        """A mail to the user."""
        service = self.service(without=True)

        async def work(tx: Transaction) -> None:
            await service.queue(
                tx,
                user_id=self.user_id,
                kind=kind,
                facts={**FACTS, **facts},
                cause=cause or str(uuid.uuid4()),
            )

        await transact(self.database, work)

    def states(self) -> list[tuple[Any, ...]]:
        """State, attempts and error of each mail."""
        return self.sql("SELECT state, attempts, last_error FROM emails ORDER BY id")

    def alerts(self) -> list[tuple[Any, ...]]:
        """The kinds of the alerts."""
        return self.sql("SELECT kind FROM alerts ORDER BY created_at")


@pytest.fixture
def office(database: Database, sql: Sql, market_clock: MarketClock, peer: MailServer) -> Office:
    """Everything that sending needs."""
    settings = Settings(
        _env_file=None,
        jwt_secret=SecretStr(SECRET),
        smtp_host="127.0.0.1",
        smtp_port=peer.port,
        smtp_security="none",
        smtp_timeout_seconds=1,
        mail_from="market@shop.example",
    )
    [(user_id,)] = sql(
        "INSERT INTO users (email, password_hash, display_name, role)"
        " VALUES ('ada@example.org', 'x', 'Ada', 'buyer') RETURNING id::text"
    )
    return Office(database, sql, market_clock, settings, user_id)
