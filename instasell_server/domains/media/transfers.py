"""Files that pass through this server: so many at once, and one upload at a time to an address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter

from instasell_client.models.errors import Unavailable


class UploadReplaced(TimeoutError):
    """Another upload to the same address has begun."""


class FileAnswer(web.FileResponse):
    """Count a file for as long as it is sent."""

    def __init__(self, transfers: Transfers, path: Path, **options: Any) -> None:
        super().__init__(path, **options)
        self._transfers = transfers

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the file, which is open meanwhile."""
        with self._transfers.transfer():
            return await super().prepare(request)


class Transfers:
    """Count what is under way. Each needs a file descriptor besides its connection."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._count = 0
        self._uploads: dict[str, StreamReader] = {}

    def require_room(self) -> None:
        """Raise Unavailable when as many pass as may."""
        if self._count >= self._limit:
            raise Unavailable("The server transfers as many files as it can: try again.")

    @contextmanager
    def transfer(self) -> Iterator[None]:
        """Count a transfer while it lasts."""
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1

    @contextmanager
    def upload(self, key: str, body: StreamReader) -> Iterator[None]:
        """Count an upload; an earlier one to the same key ends, as its caller tries again.

        Without that, one address of 10 MB could be sent to by 30 callers at once, none of whom
        ends, and would hold 300 MB of the disk. Raises Unavailable.
        """
        self.require_room()
        with self.transfer():
            earlier = self._uploads.get(key)
            if earlier is not None:
                earlier.set_exception(UploadReplaced("another upload to this address has begun"))
            self._uploads[key] = body
            try:
                yield
            finally:
                if self._uploads.get(key) is body:
                    del self._uploads[key]
