"""The file format of a backup: parts in a tar, and a manifest that they are checked against."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict, ValidationError

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "database.dump"
SANDBOX = "sandbox.sqlite3"
MEDIA = "media"
_MANIFEST_BYTES_MAX = 256 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024


class BackupError(Exception):
    """Report a backup that cannot be made or restored; the text says what to do about it."""


class ArchiveDamaged(BackupError):
    """Report a file that is no backup, or not the one that was written."""


class ArchivePart(BaseModel):
    """Hold one file of an archive, and what it has to be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """Describe an archive. `migrations` are names and checksums, `counts` rows by table."""

    model_config = ConfigDict(frozen=True)

    format: int
    version: str
    created_at: datetime
    migration: str
    migrations: Mapping[str, str]
    counts: Mapping[str, int]
    parts: tuple[ArchivePart, ...]


class ArchiveWriter:
    """Adds files to an archive, noting what each of them is."""

    def __init__(self, file: BinaryIO) -> None:
        self._tar = tarfile.TarFile(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)
        self.parts: list[ArchivePart] = []

    def add(self, name: str, path: Path) -> None:
        """Add a file. Raises OSError, also when it changes its size meanwhile."""
        with path.open("rb") as source:
            size = os.fstat(source.fileno()).st_size
            reader = _Hashing(source)
            self._tar.addfile(_entry(name, size), reader)
        self.parts.append(ArchivePart(name=name, bytes=size, sha256=reader.digest()))

    def close(self, manifest: Manifest) -> None:
        """Add the manifest, which is the end of a whole archive."""
        text = manifest.model_dump_json(indent=1).encode()
        self._tar.addfile(_entry(MANIFEST, len(text)), io.BytesIO(text))
        self._tar.close()


class Archive:
    """Hold an archive all of whose parts are what its manifest says."""

    def __init__(self, tar: tarfile.TarFile, manifest: Manifest) -> None:
        self._tar = tar
        self.manifest = manifest

    def has(self, name: str) -> bool:
        """Return whether the archive has a part of this name."""
        return any(each.name == name for each in self.manifest.parts)

    def media(self) -> list[str]:
        """Return the names of the parts that are media."""
        return [each.name for each in self.manifest.parts if each.name.startswith(MEDIA + "/")]

    def extract(self, name: str, target: Path) -> None:
        """Write a part into a new file of mode 0600, checked once more. Raises ArchiveDamaged."""
        [part] = [each for each in self.manifest.parts if each.name == name]
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as sink:
            _check(self._tar, part, sink)
            sink.flush()
            os.fsync(sink.fileno())


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open an archive and check all of it. Raises ArchiveDamaged, BackupError."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}. Name a backup.") from error
    with file:
        try:
            with tarfile.open(fileobj=file, mode="r:") as tar:
                manifest = _read_manifest(tar)
                for part in manifest.parts:
                    _check(tar, part, None)
                yield Archive(tar, manifest)
        except tarfile.TarError as error:
            raise ArchiveDamaged(_damaged(f"it cannot be read ({error})")) from error


def _read_manifest(tar: tarfile.TarFile) -> Manifest:
    members = tar.getmembers()
    names = [each.name for each in members]
    if not members or names[-1] != MANIFEST:
        raise ArchiveDamaged(_damaged("its end is missing"))
    if members[-1].size > _MANIFEST_BYTES_MAX:
        raise ArchiveDamaged(_damaged("its manifest is too long"))
    file = tar.extractfile(members[-1])
    try:
        manifest = Manifest.model_validate_json(file.read() if file else b"")
    except ValidationError as error:
        raise ArchiveDamaged(_damaged("its manifest makes no sense")) from error
    if manifest.format != FORMAT:
        raise BackupError(
            f"This backup has format {manifest.format}, and this version reads {FORMAT}."
            f" Restore it with InstaSell {manifest.version}."
        )
    listed = [each.name for each in manifest.parts]
    if listed != names[:-1] or len(set(listed)) != len(listed) or DATABASE not in listed:
        raise ArchiveDamaged(_damaged("its parts are not those of its manifest"))
    if not all(member.isreg() for member in members) or not all(map(_is_proper, listed)):
        raise ArchiveDamaged(_damaged("it has parts that no backup has"))
    return manifest


def _is_proper(name: str) -> bool:
    """Return whether a part's name stays inside a data folder."""
    if name in (DATABASE, SANDBOX):
        return True
    path = PurePosixPath(name)
    return (
        len(path.parts) > 1
        and path.parts[0] == MEDIA
        and ".." not in path.parts
        and str(path) == name
        and "\0" not in name
    )


def _check(tar: tarfile.TarFile, part: ArchivePart, sink: BinaryIO | None) -> None:
    member = tar.getmember(part.name)
    file = tar.extractfile(member)
    assert file is not None, "only regular files come here"
    seen, digest = 0, hashlib.sha256()
    while chunk := file.read(_CHUNK_BYTES):
        seen += len(chunk)
        digest.update(chunk)
        if sink is not None:
            sink.write(chunk)
    if seen != part.bytes or digest.hexdigest() != part.sha256:
        raise ArchiveDamaged(_damaged(f"{part.name} is not what was written"))


def _damaged(why: str) -> str:
    return f"This file is no whole backup: {why}. Nothing was written; take another backup."


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


class _Hashing(io.RawIOBase):
    """Hash a file while it is read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        chunk = self._source.read(size)
        self._digest.update(chunk)
        return chunk

    def digest(self) -> str:
        return self._digest.hexdigest()
