"""Mails over real SMTP: taken, refused, put off, lost on the way, and never sent twice."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from instasell_server.adapters.mail.smtp import SmtpMail
from instasell_server.config.settings import Settings
from instasell_server.domains.mail import renderer as rendering
from instasell_server.domains.mail import service
from instasell_server.domains.mail.renderer import RenderedMail
from instasell_server.domains.mail.rules import ATTEMPTS_MAX, delay_seconds
from instasell_server.domains.mail.service import LEASE_SECONDS, UNKNOWN_OUTCOME
from instasell_server.ports import OutgoingMail
from tests.server.mail.conftest import Office
from tests.support.mail_server import MailServer, text_of


async def test_a_mail_is_sent_once_and_its_facts_are_wiped(
    office: Office, peer: MailServer
) -> None:
    for _ in range(3):
        await office.queue("refund:1")
    assert await office.service().send_due() == 1
    assert await office.service().send_due() == 0
    [letter] = peer.letters
    assert peer.recipients == ["ada@example.org"]
    assert letter["To"] == "ada@example.org"
    assert letter["From"] == "InstaSell <market@shop.example>"
    assert letter["Subject"] == "Refund: A lamp"
    assert letter["Auto-Submitted"] == "auto-generated"
    [(key, facts, address)] = office.sql("SELECT message_key::text, facts, address FROM emails")
    assert letter["Message-ID"] == f"<{key}@shop.example>"
    assert (facts, address) == ({}, "ada@example.org")
    assert "12.50 USD" in text_of(letter)
    assert letter.get_body(("html",)) is not None
    assert office.states() == [("sent", 1, None)]


async def test_what_is_queued_in_a_transaction_that_fails_is_not_sent(
    office: Office, peer: MailServer
) -> None:
    from instasell_server.db.transaction import Transaction, transact

    async def work(tx: Transaction) -> None:
        await office.service().queue(
            tx, user_id=office.user_id, kind="refund", facts={}, cause="it"
        )
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await transact(office.database, work)
    assert await office.service().send_due() == 0
    assert peer.letters == []


async def test_others_have_a_turn_between_two_mails_of_a_round(
    office: Office, peer: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, turn, made_in = asyncio.get_running_loop(), 0, []
    for number in range(5):
        await office.queue(f"refund:{number}")

    def count() -> None:
        nonlocal turn
        turn += 1
        loop.call_soon(count)

    def render(*given: Any) -> RenderedMail:
        made_in.append(turn)
        return rendering.render(*given)

    monkeypatch.setattr(service, "render", render)
    loop.call_soon(count)
    assert await office.service().send_due() == 5
    assert len(set(made_in)) == 5


async def test_fifty_workers_at_once_send_each_mail_once(office: Office, peer: MailServer) -> None:
    for number in range(30):
        await office.queue(f"cause:{number}")
    taken = await asyncio.gather(*(office.service().send_due() for _ in range(50)))
    assert sum(taken) == 30
    assert len(peer.letters) == len({letter["Message-ID"] for letter in peer.letters}) == 30
    assert office.states() == [("sent", 1, None)] * 30


@pytest.mark.parametrize("where", ["recipient_reply", "content_reply"])
async def test_a_refusal_for_good_ends_it(office: Office, peer: MailServer, where: str) -> None:
    setattr(peer, where, "550 nobody of that name")
    await office.queue()
    assert await office.service().send_due() == 1
    office.clock.shift(90_000)
    assert await office.service().send_due() == 0
    [(state, attempts, error)] = office.states()
    assert (state, attempts) == ("failed", 1)
    assert "(550)" in error
    # The reply of a mail server may repeat the address, which belongs into no log.
    assert "nobody" not in error


@pytest.mark.parametrize("where", ["recipient_reply", "content_reply"])
async def test_a_refusal_for_now_is_tried_again(
    office: Office, peer: MailServer, where: str
) -> None:
    setattr(peer, where, "451 come back")
    await office.queue()
    await office.service().send_due()
    assert office.states()[0][:2] == ("queued", 1)
    assert await office.service().send_due() == 0
    setattr(peer, where, None)
    office.clock.shift(34)
    assert await office.service().send_due() == 1
    assert office.states() == [("sent", 2, None)]
    assert len(peer.letters) == 1


async def test_no_mail_server_is_tried_to_the_last_and_told(office: Office) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gone = office.settings.model_copy(update={"smtp_port": closed.getsockname()[1]})
        service = office.service(SmtpMail(gone))
        await office.queue()
        for attempt in range(1, ATTEMPTS_MAX + 1):
            assert await service.send_due() == 1, attempt
            office.clock.shift(4000 * attempt)
        assert await service.send_due() == 0
    [(state, attempts, _)] = office.states()
    assert (state, attempts) == ("failed", ATTEMPTS_MAX)
    assert office.alerts() == [("mail_failed",)]


def test_delays_double_up_to_an_hour() -> None:
    assert [delay_seconds(n, 0) for n in (1, 2, 3, 7, 8, 16, 10_000)] == [
        30, 60, 120, 1920, 3600, 3600, 3600,
    ]  # fmt: skip
    assert delay_seconds(1, 1) == 33


@pytest.mark.parametrize("fault", ["drops", "is_silent"])
async def test_a_mail_whose_fate_is_unknown_is_not_sent_again(
    office: Office, peer: MailServer, fault: str
) -> None:
    setattr(peer, fault, True)
    await office.queue()
    assert await office.service().send_due() == 1
    setattr(peer, fault, False)
    office.clock.shift(90_000)
    assert await office.service().send_due() == 0
    assert len(peer.letters) == 1
    assert office.states() == [("failed", 1, UNKNOWN_OUTCOME)]
    assert office.alerts() == [("mail_unknown",)]


class _Dies:
    """A transport whose sender is gone at a point of the way."""

    def __init__(self, *, after_hand_over: bool) -> None:
        self._after = after_hand_over

    async def send(self, letter: OutgoingMail, hand_over: Callable[[], Awaitable[None]]) -> None:
        if self._after:
            await hand_over()
        raise asyncio.CancelledError


@pytest.mark.parametrize("after_hand_over", [False, True])
async def test_a_sender_that_dies_leaves_a_lease(
    office: Office, peer: MailServer, after_hand_over: bool
) -> None:
    await office.queue()
    with pytest.raises(asyncio.CancelledError):
        await office.service(_Dies(after_hand_over=after_hand_over)).send_due()
    assert await office.service().send_due() == 0
    office.clock.shift(LEASE_SECONDS + 1)
    assert await office.service().send_due() == (0 if after_hand_over else 1)
    expected: Any = ("failed", 1, UNKNOWN_OUTCOME) if after_hand_over else ("sent", 2, None)
    assert office.states() == [expected]
    assert len(peer.letters) == (0 if after_hand_over else 1)


class _Sleepy:
    """A transport that hands over only after its lease has ended and the mail was sent."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self.content_left = False

    async def send(self, letter: OutgoingMail, hand_over: Callable[[], Awaitable[None]]) -> None:
        self._office.clock.shift(LEASE_SECONDS + 1)
        assert await self._office.service().send_due() == 1
        await hand_over()
        self.content_left = True


async def test_a_sender_that_lost_its_lease_sends_nothing(office: Office, peer: MailServer) -> None:
    await office.queue()
    sleepy = _Sleepy(office)
    assert await office.service(sleepy).send_due() == 1
    assert not sleepy.content_left
    assert len(peer.letters) == 1
    assert office.states() == [("sent", 2, None)]


async def test_without_a_mail_server_mails_are_dropped(office: Office) -> None:
    await office.queue()
    await office.service(without=True).send_due()
    assert office.states() == [("dropped", 1, "there is no mail server")]


async def test_what_is_out_of_date_is_dropped(office: Office, peer: MailServer) -> None:
    await office.queue(kind="ending_soon", end_at="2020-01-01T00:00:00+00:00")
    await office.service().send_due()
    assert office.states() == [("dropped", 1, "out of date")]
    assert peer.letters == []


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("a,b@example.org", None),
        ("<a>@example.org", None),
        ('"a b"@example.org', None),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("zoë@example.org", "zoë@example.org"),
    ],
)
async def test_addresses(office: Office, peer: MailServer, address: str, told: str | None) -> None:
    office.sql("UPDATE users SET email = %s", address)
    await office.queue()
    await office.service().send_due()
    assert office.states()[0][0] == ("sent" if told else "failed")
    assert peer.recipients == ([told] if told else [])


async def test_a_new_line_is_no_header(office: Office, peer: MailServer) -> None:
    evil = "A lamp\r\nBcc: victim@example.org\r\n\r\nHello"
    office.sql("UPDATE users SET display_name = %s", evil)
    await office.queue(title=evil)
    await office.queue(kind="message", sender_name=evil, text=evil)
    await office.service().send_due()
    assert len(peer.letters) == 2
    for letter in peer.letters:
        assert letter["Bcc"] is None
        assert "\n" not in letter["Subject"]
        assert "Bcc: victim" in letter["Subject"]
    assert peer.recipients == ["ada@example.org"] * 2


async def test_old_mails_go(office: Office) -> None:
    await office.queue()
    await office.service().send_due()
    assert await office.service().delete_old() == 0
    office.clock.shift(91 * 86_400)
    assert await office.service().delete_old() == 1


def test_a_password_is_not_sent_in_the_clear() -> None:
    given = {"smtp_host": "mail.example", "smtp_password": "secret"}
    with pytest.raises(ValueError, match="starttls"):
        Settings(_env_file=None, smtp_security="none", **given)  # type: ignore[arg-type]
    assert Settings(_env_file=None, **given).smtp_security == "starttls"  # type: ignore[arg-type]
