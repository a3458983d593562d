"""Makes an archive: a draft in the folder it is for, which gets its name when it is whole."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.metadata
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from instasell_server.backups.archive import (
    DATABASE,
    FORMAT,
    MEDIA,
    SANDBOX,
    ArchiveWriter,
    BackupError,
    Manifest,
)
from instasell_server.backups.rehearsal import rehearse
from instasell_server.db.dump import DatabaseSnapshot, DumpFailed, dump, snapshot
from instasell_server.embedded.folder import sync_folder

PREFIX = "instasell-"
SUFFIX = ".tar"
_DRAFT = ".draft-"


@dataclass(frozen=True)
class BackupSource:
    """Name the source of a backup: a database, and a data folder if there is one."""

    database_url: str
    data_dir: Path | None


@dataclass(frozen=True)
class Backup:
    """Hold an archive that was restored once, and the differences that its audit found."""

    path: Path
    differences: tuple[str, ...] = ()


def back_up(source: BackupSource, programs: Path, folder: Path) -> Backup:
    """Write a new archive of mode 0600 into a folder, once it has been restored and audited.

    An archive that cannot be restored gets no name. One whose books have differences is kept,
    for they are the market's. Older archives are left as they are, whatever happens.
    Raises BackupError.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _only_one(folder):
            _clear_away(folder)
            draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=folder))
            try:
                archive = _write(source, programs, draft)
                differences = rehearse(archive)
                target = _free_name(folder)
                archive.rename(target)
                sync_folder(folder)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
    except DumpFailed as error:
        raise BackupError(f"No backup was made. {error}") from error
    except (OSError, sqlite3.Error) as error:
        raise BackupError(
            f"No backup was made in {folder}: {error}. Make room or rights there, or use --to."
        ) from error
    return Backup(target, differences)


def archives(folder: Path) -> list[Path]:
    """Return the archives of a folder, the newest first."""
    return sorted(folder.glob(f"{PREFIX}*{SUFFIX}"), reverse=True)


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise BackupError(
            f"Another backup into {folder} is being made. Wait for it, or use --to."
        ) from error
    finally:
        os.close(handle)


def _clear_away(folder: Path) -> None:
    """Remove what a backup that was killed has left."""
    for left in folder.glob(f"{_DRAFT}*"):
        shutil.rmtree(left, ignore_errors=True)


def _write(source: BackupSource, programs: Path, draft: Path) -> Path:
    dumped = draft / DATABASE
    with snapshot(source.database_url) as state:
        dump(source.database_url, programs, state, dumped)
    path = draft / "archive"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        writer = ArchiveWriter(file)
        writer.add(DATABASE, dumped)
        if source.data_dir is not None:
            # The provider and the media come after the database, which may not know of what
            # they have and must not know of what they have not.
            _add_files(writer, source.data_dir, draft)
        writer.close(_manifest(state, writer))
        file.flush()
        os.fsync(file.fileno())
    return path


def _add_files(writer: ArchiveWriter, data_dir: Path, draft: Path) -> None:
    books = data_dir / SANDBOX
    if books.is_file():
        copy = draft / SANDBOX
        _copy_books(books, copy)
        writer.add(SANDBOX, copy)
    media = data_dir / MEDIA
    for top, folders, names in os.walk(media):
        folders.sort()
        for name in sorted(names):
            path = Path(top, name)
            if path.is_file() and not path.is_symlink():
                # What is deleted while the backup is made is not missed.
                with contextlib.suppress(FileNotFoundError):
                    writer.add(f"{MEDIA}/{path.relative_to(media).as_posix()}", path)


def _copy_books(source: Path, target: Path) -> None:
    """Copy a SQLite file that another process may be writing, as it was between two commits."""
    with (
        contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as reading,
        contextlib.closing(sqlite3.connect(target)) as writing,
    ):
        reading.backup(writing)


def _manifest(state: DatabaseSnapshot, writer: ArchiveWriter) -> Manifest:
    return Manifest(
        format=FORMAT,
        version=importlib.metadata.version("instasell"),
        created_at=datetime.now(UTC),
        migration=max(state.migrations, default=""),
        migrations=state.migrations,
        counts=state.counts,
        parts=tuple(writer.parts),
    )


def _free_name(folder: Path) -> Path:
    stem = f"{PREFIX}{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
    path = folder / f"{stem}{SUFFIX}"
    if path.exists():
        raise BackupError(f"{path} is there already. Try again.")
    return path
