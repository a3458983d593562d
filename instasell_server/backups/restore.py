"""Brings an archive back, into what is empty: all of it, or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from instasell_server.backups.archive import (
    DATABASE,
    MEDIA,
    SANDBOX,
    Archive,
    ArchiveDamaged,
    BackupError,
    Manifest,
    open_archive,
)
from instasell_server.db.dump import DumpFailed, is_empty, restore
from instasell_server.db.migrate import migrate_to_latest, read_migrations
from instasell_server.embedded import EmbeddedEngines, EmbeddedError
from instasell_server.embedded.folder import sync_folder


class TargetNotEmpty(BackupError):
    """There is something where a backup is to be restored to, and it is not written over."""


def restore_embedded(path: Path, data_dir: Path) -> Manifest:
    """Make a new data folder of an archive, which appears under its name when it is whole.

    Raises ArchiveDamaged and TargetNotEmpty before anything is written, BackupError else.
    """
    data_dir = Path(os.path.abspath(data_dir))
    with open_archive(path) as archive:
        _check_version(archive.manifest)
        if data_dir.exists() and (not data_dir.is_dir() or any(data_dir.iterdir())):
            raise TargetNotEmpty(
                f"{data_dir} is not empty, and nothing is written over. Name a new folder with"
                " --into, or move that one away."
            )
        staging = data_dir.with_name(data_dir.name + ".restoring")
        try:
            _clear_away(staging)
            with EmbeddedEngines(staging) as engines:
                programs = engines.postgres_bin("pg_restore").parent
                urls = engines.urls
                restore_database(archive, urls.database_url, programs, staging)
                migrate_to_latest(urls.server_database_url, urls.database_url)
            _restore_files(archive, staging, with_sandbox=True)
            staging.rename(data_dir)
            sync_folder(data_dir.parent)
        except (OSError, EmbeddedError, DumpFailed) as error:
            shutil.rmtree(staging, ignore_errors=True)
            raise BackupError(f"Nothing was restored. {error}") from error
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        return archive.manifest


def restore_into_url(
    path: Path, database_url: str, server_url: str, programs: Path, data_dir: Path
) -> Manifest:
    """Restore into an empty database; media go into the data folder, if there are any.

    `database_url` is the owner's, and `server_url` that of the role that will serve.
    The books of the sandbox are left out: servers on databases of others have another provider.
    Raises as `restore_embedded` does.
    """
    with open_archive(path) as archive:
        _check_version(archive.manifest)
        try:
            if not is_empty(database_url):
                raise TargetNotEmpty(
                    "The database is not empty, and nothing is written over. Make a new one with"
                    " createdb, and name it in INSTASELL_DATABASE_URL."
                )
            if archive.media() and (data_dir / MEDIA).exists():
                raise TargetNotEmpty(f"{data_dir / MEDIA} is there already. Move it away.")
            with tempfile.TemporaryDirectory(prefix="instasell-") as draft:
                restore_database(archive, database_url, programs, Path(draft))
            migrate_to_latest(server_url, database_url)
            _restore_files(archive, data_dir, with_sandbox=False)
        except DumpFailed as error:
            raise BackupError(f"Nothing was restored. {error}") from error
        except OSError as error:
            raise BackupError(f"Not all was restored: {error}. Begin with an empty one.") from error
        return archive.manifest


def restore_database(archive: Archive, url: str, programs: Path, draft: Path) -> None:
    """Bring the database of an archive into an empty one, and compare what came.

    Raises ArchiveDamaged and DumpFailed.
    """
    dumped = draft / DATABASE
    archive.extract(DATABASE, dumped)
    try:
        came = restore(url, programs, dumped)
    finally:
        dumped.unlink()
    _compare(archive.manifest.counts, came)


def _compare(expected: Mapping[str, int], came: Mapping[str, int]) -> None:
    wrong = [name for name, count in expected.items() if came.get(name) != count]
    if wrong:
        raise ArchiveDamaged(
            f"The tables {', '.join(wrong)} came back with other rows than were dumped."
            " Throw the target away and take another backup."
        )


def _restore_files(archive: Archive, data_dir: Path, *, with_sandbox: bool) -> None:
    if with_sandbox and archive.has(SANDBOX):
        archive.extract(SANDBOX, data_dir / SANDBOX)
    for name in archive.media():
        target = data_dir / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        archive.extract(name, target)


def _clear_away(staging: Path) -> None:
    """Remove what a restore that was killed has left, its engines too."""
    if not staging.exists():
        return
    # The engines outlive the process that started them; the folder's owner can stop them.
    with EmbeddedEngines(staging):
        pass
    shutil.rmtree(staging)


def _check_version(manifest: Manifest) -> None:
    known = {each.name: each.checksum for each in read_migrations()}
    strange = [name for name, sum_ in manifest.migrations.items() if known.get(name) != sum_]
    if strange:
        raise BackupError(
            f"This backup is of InstaSell {manifest.version} and has migrations that this version"
            f" does not know ({', '.join(strange)}). Restore it with a version that is as new."
        )
