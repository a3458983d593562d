"""A mailbox in a private folder, for a market on one machine: nothing leaves it.

Each mail is a file of mode 0600 named by its number, so a mail that is sent twice is there
once. The oldest go when there are too many.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from instasell_server.adapters.mail.message import message_of
from instasell_server.embedded.folder import write_private
from instasell_server.embedded.mailbox import numbers_in
from instasell_server.ports import OutgoingMail, Unreachable

MAILS_MAX = 1000


class LocalMailbox:
    """Put mail into a folder of mode 0700, `MAILS_MAX` at most."""

    def __init__(self, folder: Path, sender: str, *, limit: int = MAILS_MAX) -> None:
        self._folder = folder
        self._sender = sender
        self._limit = limit

    async def send(self, mail: OutgoingMail, hand_over: Callable[[], Awaitable[None]]) -> None:
        """Send as `Mail.send` says; a repeat writes the same file, so nothing has to be asked."""
        content = message_of(mail, self._sender)
        try:
            await asyncio.to_thread(self._keep, mail.number, content)
        except OSError as error:
            raise Unreachable(f"the mailbox: {error.strerror}") from None

    def _keep(self, number: int, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        text = content.decode("utf-8", "surrogateescape")
        write_private(self._folder / f"{number}.eml", text, None)
        for old in numbers_in(self._folder)[self._limit :]:
            (self._folder / f"{old}.eml").unlink(missing_ok=True)
