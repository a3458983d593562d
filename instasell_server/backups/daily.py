"""Keep the backups of a market with embedded engines: one a day, the newest seven."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import structlog

from instasell_server.backups.archive import BackupError
from instasell_server.backups.create import Backup, BackupSource, archives, back_up

KEPT = 7
DAY_SECONDS = 24 * 3600.0
POLL_SECONDS = 600.0

_log = structlog.get_logger("instasell.server")


class DailyBackups:
    """Makes a backup whenever the newest is a day old, and removes the oldest.

    `born` is a file as old as the market, from which the first day counts.
    """

    def __init__(self, source: BackupSource, programs: Path, folder: Path, born: Path) -> None:
        self._source = source
        self._programs = programs
        self._folder = folder
        self._born = born

    async def run(self) -> None:
        """Work until it is cancelled; a failure is logged and tried again."""
        while True:
            if self.is_due():
                try:
                    made = await asyncio.to_thread(self.back_up)
                except BackupError as error:
                    _log.error("backup_failed", error=str(error))
                else:
                    _log.info("backed_up", file=made.path.name)
                    for difference in made.differences:
                        _log.error("backup_has_a_difference", difference=difference)
            await asyncio.sleep(POLL_SECONDS)

    def is_due(self) -> bool:
        """Return whether the newest backup is a day old; without one, whether the market is."""
        newest = archives(self._folder)[:1] or [self._born]
        try:
            return time.time() - newest[0].stat().st_mtime >= DAY_SECONDS
        except OSError:
            return False

    def back_up(self) -> Backup:
        """Make a backup now, and remove all but the newest. Raises BackupError."""
        made = back_up(self._source, self._programs, self._folder)
        for old in archives(self._folder)[KEPT:]:
            with suppress(OSError):
                old.unlink()
        return made
