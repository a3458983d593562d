"""Sends the mails that are due. Several servers may run it: each mail goes out once."""

from __future__ import annotations

from instasell_server.domains.mail.service import MailService
from instasell_server.workers.loop import run_rounds

POLL_SECONDS = 0.5
LEAVING_SECONDS = 8.0
"""A mail whose handing over is cut off counts as unknown and is never sent again, so a stop waits
for an answer of the mail server."""


class MailSender:
    """Looks for due mails twice a second."""

    def __init__(self, mails: MailService) -> None:
        self._mails = mails

    async def run(self) -> None:
        """Work until it is cancelled; what is being handed in then is finished, if it can be."""
        await run_rounds(
            "mail_sender",
            self._work,
            idle_seconds=POLL_SECONDS,
            after_failure_seconds=POLL_SECONDS,
            finish_seconds=LEAVING_SECONDS,
        )

    async def _work(self) -> bool:
        return await self._mails.send_due() > 0
