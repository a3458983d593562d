"""Sends the mails that are due. Several servers may run it: each mail goes out once."""

from __future__ import annotations

import asyncio

import structlog

from instasell_client.models.errors import InstaSellError
from instasell_server.domains.mail.service import MailService

POLL_SECONDS = 0.5
LEAVING_SECONDS = 8.0

_log = structlog.get_logger(__name__)


class MailSender:
    """Looks for due mails twice a second."""

    def __init__(self, mails: MailService) -> None:
        self._mails = mails

    async def run(self) -> None:
        """Works until it is cancelled; what is being handed in then is finished, if it can be."""
        while True:
            round_ = asyncio.create_task(self._round())
            try:
                taken = await asyncio.shield(round_)
            except asyncio.CancelledError:
                await asyncio.wait({round_}, timeout=LEAVING_SECONDS)
                round_.cancel()
                await asyncio.wait({round_})
                raise
            if not taken:
                await asyncio.sleep(POLL_SECONDS)

    async def _round(self) -> int:
        try:
            return await self._mails.send_due()
        except InstaSellError as error:
            _log.warning("postman_waits", code=error.code)
        except Exception:
            _log.exception("postman_failed")
        return 0
