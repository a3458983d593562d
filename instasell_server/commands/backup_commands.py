"""The commands `backup` and `restore` of `instasell-server`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from pydantic import SecretStr

from instasell_server.backups import (
    Backup,
    BackupError,
    BackupSource,
    Manifest,
    TargetNotEmpty,
    back_up,
    restore_embedded,
    restore_into_url,
)
from instasell_server.commands.standalone import keeping_of
from instasell_server.config.settings import Settings
from instasell_server.embedded.privileges import Identity
from instasell_server.embedded.programs import find_postgres
from instasell_server.ports import Unreachable
from instasell_server.wiring.engines import is_redis_empty


def create_backup(settings: Settings, folder: Path | None) -> Backup:
    """Back up a market whose engines run, and restore the archive once to see that it can be.

    Without a folder it goes to the market's own, of whose archives the newest seven are kept.
    Raises BackupError, EmbeddedError.
    """
    programs = find_postgres(Identity.of_this_process())
    if folder is None:
        return keeping_of(settings, programs).back_up()
    data_dir = settings.data_folder
    source = BackupSource(_secret(settings.database_url), data_dir if data_dir.is_dir() else None)
    return back_up(source, programs, folder)


def restore_backup(settings: Settings, file: Path) -> tuple[Manifest, str]:
    """Restore into a new data folder, or into the servers that the settings name.

    Returns what was restored, and where to. Raises BackupError, EmbeddedError.
    """
    data_dir = settings.data_folder
    if settings.database_url is None:
        return restore_embedded(file, data_dir), str(data_dir)
    if settings.redis_url is not None:
        _check_redis(settings)
    elif (data_dir / "engines").exists():
        raise TargetNotEmpty(
            f"{data_dir} has a Redis of before, whose keys would not fit the restored database."
            " Name a new folder with --into."
        )
    programs = find_postgres(Identity.of_this_process())
    server_url = _secret(settings.database_url)
    owner = settings.migration_database_url
    owner_url = server_url if owner is None else owner.get_secret_value()
    manifest = restore_into_url(file, owner_url, server_url, programs, data_dir)
    return manifest, "the database of INSTASELL_DATABASE_URL"


def _check_redis(settings: Settings) -> None:
    """Check the Redis: its copies of sessions and rows may be of another time than the database."""
    try:
        empty = asyncio.run(is_redis_empty(settings))
    except Unreachable as error:
        raise BackupError(f"Redis does not answer: {error}. Check INSTASELL_REDIS_URL.") from error
    if not empty:
        raise TargetNotEmpty(
            "The Redis of INSTASELL_REDIS_URL has keys, which would not fit the restored database."
            " Name an empty one, or empty it with FLUSHDB while no server runs."
        )


def _secret(value: SecretStr | None) -> str:
    assert value is not None, "engines that run have addresses"
    return value.get_secret_value()
