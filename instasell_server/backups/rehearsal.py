"""Restores an archive into engines that exist for that alone, and audits what came.

A backup that was never restored may be none: a dump can be refused by the program that is to
read it, and be found out on the day when it is needed.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

from instasell_server.backups.archive import ArchiveDamaged, BackupError, open_archive
from instasell_server.backups.restore import restore_database
from instasell_server.db.connections import Database
from instasell_server.db.dump import DumpFailed
from instasell_server.db.migrate import migrate_to_latest
from instasell_server.domains.audit.service import Report, audit
from instasell_server.embedded import EmbeddedEngines, EmbeddedError

_CONNECTIONS = 4
_PASSABLE = 0o711
"""Others may pass through the folder, as the engines do that run without the rights of root."""


def rehearse(archive: Path) -> tuple[str, ...]:
    """Restore the database of an archive, audit it, and throw it away.

    Returns a sentence for each difference in the books. Raises BackupError when the archive cannot
    be restored. It needs room for one more database in the folder for temporary files, TMPDIR.
    """
    folder = Path(tempfile.mkdtemp(prefix="instasell-rehearsal-"))
    folder.chmod(_PASSABLE)
    try:
        with (
            open_archive(archive) as opened,
            EmbeddedEngines(folder / "data", valkey=False) as engines,
        ):
            urls = engines.urls
            programs = engines.postgres_bin("pg_restore").parent
            restore_database(opened, urls.database_url, programs, folder)
            migrate_to_latest(urls.server_database_url, urls.database_url)
            report = asyncio.run(_audit(urls.database_url))
    except (ArchiveDamaged, DumpFailed, EmbeddedError, OSError) as error:
        raise BackupError(
            f"No backup was kept: what was written could not be restored in {folder}. {error}"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tuple(map(str, report.findings))


async def _audit(url: str) -> Report:
    async with Database(url, size=_CONNECTIONS) as database:
        return await audit(database, auctions=True)
