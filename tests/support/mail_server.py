"""A real mail server for tests, which can refuse, fall silent and drop connections."""

from __future__ import annotations

import asyncio
import contextlib
import email
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTPUTF8
from typing import Any

from aiosmtpd.controller import Controller


class MailServer:
    """Takes letters on a free port of this machine, in a thread of its own.

    `recipient_reply` and `content_reply` are what it answers instead of yes; `on_content` is
    called when a letter is there and no answer was given yet, and `on_recipient` before that.
    """

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.recipient_reply: str | None = None
        self.content_reply: str | None = None
        self.is_silent = False
        self.drops = False
        self.on_recipient: Callable[[], None] | None = None
        self.on_content: Callable[[], None] | None = None
        self.port = 0

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.on_recipient is not None:
            act, self.on_recipient = self.on_recipient, None
            act()
        if self.recipient_reply is not None:
            return self.recipient_reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.content_reply is not None:
            return self.content_reply
        letter = email.message_from_bytes(envelope.content, policy=SMTPUTF8)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        self.recipients += envelope.rcpt_tos
        if self.on_content is not None:
            act, self.on_content = self.on_content, None
            act()
        if self.is_silent:
            await asyncio.Event().wait()
        if self.drops:
            server.transport.abort()
        return "250 taken"


class _OnAnyPort(Controller):
    """Learns the port that it was given before it knocks at its own door."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextlib.contextmanager
def mail_server(**options: Any) -> Iterator[MailServer]:
    """A mail server that runs for as long as the context lasts; `options` are aiosmtpd's."""
    server = MailServer()
    address = {"hostname": "127.0.0.1", "port": 0}
    controller = _OnAnyPort(server, **address, enable_SMTPUTF8=True, **options)
    controller.start()
    try:
        server.port = controller.port
        yield server
    finally:
        controller.stop()


def text_of(letter: EmailMessage) -> str:
    """The plain text of a letter."""
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())
