"""Files by key, and the addresses that give and take them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


class ObjectMissing(Exception):
    """The storage has no such object."""


class ObjectTooLarge(Exception):
    """The object has more bytes than were asked for."""


@dataclass(frozen=True, slots=True)
class UploadAddress:
    """Name where a caller puts the bytes of one object, with exactly these headers."""

    url: str
    headers: Mapping[str, str]
    expires_at: datetime


class Objects(Protocol):
    """Files by key. Keys are made by the market: letters, digits, `-`, `.` and `/`.

    Addresses carry their own permission for `PRESIGNED_SECONDS`. What moves bytes raises
    Unreachable when the storage does not do it.
    """

    def presign_upload(self, key: str, *, content_type: str, size: int) -> UploadAddress:
        """Create an address that takes `size` bytes of this type and nothing else."""
        ...

    def presign_download(
        self, key: str, *, content_type: str, disposition: str | None = None
    ) -> str:
        """Create an address that gives the object, as this type and Content-Disposition."""
        ...

    async def read(self, key: str, limit_bytes: int) -> bytes:
        """Read the whole object. Raises ObjectMissing, ObjectTooLarge."""
        ...

    async def write(self, key: str, data: bytes, content_type: str) -> None:
        """Store an object; one of the same key is replaced as a whole."""
        ...

    async def delete_under(self, folders: Sequence[str]) -> None:
        """Delete every object whose key begins with a folder's name and a slash."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


PRESIGNED_SECONDS = 300


@dataclass(frozen=True, slots=True)
class UploadGrant:
    """Hold what one of our upload addresses permits."""

    key: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class DownloadGrant:
    """Hold what one of our download addresses permits."""

    path: Path
    content_type: str
    disposition: str | None


class OwnFiles(Protocol):
    """Files on the local disk, which our own server gives and takes by signed addresses."""

    def check_upload(self, token: str) -> UploadGrant:
        """Return what an address permits. Raises Refused for one that is forged or too old."""
        ...

    def check_download(self, token: str) -> DownloadGrant:
        """Return what an address permits. Raises Refused as above, ObjectMissing."""
        ...

    async def take(self, grant: UploadGrant, chunks: AsyncIterator[bytes]) -> None:
        """Store the bytes once all have come.

        Raises ObjectTooLarge, ObjectMissing for less, and Unreachable when the disk refuses.
        """
        ...
