"""Tells people what happened, as long as the server runs. Several servers may run it."""

from __future__ import annotations

import asyncio

import structlog

from instasell_client.models.errors import InstaSellError
from instasell_server.domains.notifications.dispatch import NotificationDispatcher

POLL_SECONDS = 0.5
AFTER_FAILURE_SECONDS = 1.0

_log = structlog.get_logger(__name__)


class NotificationWorker:
    """Looks twice a second for what there is to tell."""

    def __init__(self, telling: NotificationDispatcher) -> None:
        self._telling = telling

    async def run(self) -> None:
        """Works until it is cancelled; a database that is away only delays it."""
        while True:
            try:
                more = await self._telling.work()
            except InstaSellError as error:
                _log.warning("notices_wait", code=error.code)
                await asyncio.sleep(AFTER_FAILURE_SECONDS)
            except Exception:
                _log.exception("notices_failed")
                await asyncio.sleep(AFTER_FAILURE_SECONDS)
            else:
                if not more:
                    await asyncio.sleep(POLL_SECONDS)
