"""Notifies users of what happened, as long as the server runs. Several servers may run it."""

from __future__ import annotations

from instasell_server.domains.notifications.dispatch import NotificationDispatcher
from instasell_server.workers.loop import run_rounds

POLL_SECONDS = 0.5


class NotificationWorker:
    """Looks twice a second for causes of notifications."""

    def __init__(self, dispatcher: NotificationDispatcher) -> None:
        self._dispatcher = dispatcher

    async def run(self) -> None:
        """Work until it is cancelled; a database that is away only delays it."""
        await run_rounds("notifications", self._dispatcher.work, idle_seconds=POLL_SECONDS)
