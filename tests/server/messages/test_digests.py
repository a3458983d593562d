"""Many messages are few e-mails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.server.mail.conftest import peer
from tests.server.messages.test_messages import asked
from tests.server.money.conftest import Bazaar, bazaar
from tests.server.notifications.conftest import Told, told
from tests.support.databases import MarketClock
from tests.support.mail_server import MailServer, text_of
from tests.support.payments import Provider, paying
from tests.support.servers import RunningServer
from tests.support.waiting import until

__all__ = ["bazaar", "peer", "told"]

Sql = Callable[..., list[tuple[Any, ...]]]
STATES = "SELECT kind, state, last_error FROM emails WHERE kind LIKE 'message%' ORDER BY id"


@pytest.fixture
async def paying_server(
    provider: Provider, database_url: str, redis_url: str, peer: MailServer
) -> AsyncIterator[RunningServer]:
    """The server of `bazaar`, with a mail server."""
    mail = {"smtp_host": "127.0.0.1", "smtp_port": peer.port, "smtp_security": "none"}
    async with paying(provider, database_url, redis_url, **mail) as started:
        yield started


def about_messages(peer: MailServer) -> list[str]:
    """The subjects of the e-mails about messages."""
    return [letter["Subject"] for letter in peer.letters if "essage" in letter["Subject"]]


async def test_forty_one_messages_are_two_e_mails(
    bazaar: Bazaar, told: Told, sql: Sql, peer: MailServer, market_clock: MarketClock
) -> None:
    listing_id = bazaar.listing()
    for number in range(41):
        conversation_id = await asked(bazaar.buyer, listing_id, f"question {number}")
    await told.quiet()
    assert len(told.to(bazaar.seller.id, "message")) == 41
    await until(lambda: len(about_messages(peer)) == 1)
    # The server has the mail a moment before its row says so.
    await until(lambda: sql(STATES) == [("message", "sent", None), ("messages", "queued", None)])
    # Another conversation, and the other side of this one, have a first of their own.
    await asked(bazaar.stranger, listing_id)
    path = f"/conversations/{conversation_id}/messages"
    await bazaar.seller.ask("POST", path, {"text": "One at a time."})
    await until(lambda: len(about_messages(peer)) == 3)
    market_clock.shift(1801)
    await until(lambda: len(about_messages(peer)) == 4)
    assert about_messages(peer)[-1].startswith("41 new messages from ")
    text = text_of(peer.letters[-1])
    assert "> question 40\r\n" in text
    assert f"instasell messages show {conversation_id}\r\n" in text


async def test_what_was_read_meanwhile_is_not_written_about(
    bazaar: Bazaar, told: Told, sql: Sql, peer: MailServer, market_clock: MarketClock
) -> None:
    listing_id = bazaar.listing()
    for number in range(3):
        conversation_id = await asked(bazaar.buyer, listing_id, f"question {number}")
    await told.quiet()
    await bazaar.seller.ask("POST", f"/conversations/{conversation_id}/read", {"up_to": 3})
    market_clock.shift(1801)
    await until(
        lambda: (
            sql(STATES) == [("message", "sent", None), ("messages", "dropped", "read meanwhile")]
        )
    )
    assert len(about_messages(peer)) == 1


async def test_who_wants_no_e_mail_of_messages_gets_none(
    bazaar: Bazaar, told: Told, sql: Sql
) -> None:
    wish = {"items": [{"kind": "message", "email": False}]}
    assert (await bazaar.seller.ask("PUT", "/notifications/preferences", wish)).status == 200
    for _ in range(2):
        await asked(bazaar.buyer, bazaar.listing())
    await told.quiet()
    assert sql(STATES) == []
