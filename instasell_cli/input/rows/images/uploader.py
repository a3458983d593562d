"""Uploads the pictures of rows: those of one listing in their order, of several side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from instasell_cli.input.rows.cell_readers import shorten
from instasell_cli.input.rows.images.sources import (
    SILENCE_SECONDS,
    PictureError,
    check_address,
    fetch,
    is_address,
    read_file,
)
from instasell_cli.input.rows.images.upload_log import PictureLog, source_of
from instasell_cli.input.rows.row_results import REJECTED, ImageResult
from instasell_cli.input.rows.worker_pool import WorkerPool

if TYPE_CHECKING:
    import httpx

UPLOADS_MAX = 4
ADDED, UNCHANGED = "added", "unchanged"
_FOREIGN = (
    "the listing has pictures that were not imported from this machine; add this one with"
    " `instasell listings images add`"
)


class Uploader:
    """Uploads pictures with the client of `crew`; paths are those below `folder`.

    The log is opened for the first picture.
    """

    def __init__(
        self, crew: WorkerPool, folder: Path, open_log: Callable[[], PictureLog], *, dry_run: bool
    ) -> None:
        self._crew = crew
        self._folder = folder
        self._open_log = open_log
        self._dry_run = dry_run
        self._turns = asyncio.Semaphore(UPLOADS_MAX)
        self._http: httpx.AsyncClient | None = None

    @cached_property
    def _log(self) -> PictureLog:
        return self._open_log()

    async def upload(
        self, listing_id: str | None, sources: Sequence[tuple[str, str]], *, is_new: bool
    ) -> list[ImageResult]:
        """Return a verdict for each picture: pairs of column and source, in their order.

        Without a listing, as in a dry run for a new one, they are looked at and no more.
        """
        async with self._turns:
            known = self._log.images_of(listing_id) if listing_id else {}
            is_foreign: bool | None = None if listing_id and not known and not is_new else False
            found = []
            for field, source in sources:
                try:
                    data, key = await self._content(source, known)
                    if data is None or key in known:
                        found.append(ImageResult(field, source, UNCHANGED, known[key]))
                        continue
                    if is_foreign is None:
                        is_foreign = await self._has_pictures(str(listing_id))
                    if is_foreign:
                        raise PictureError(_FOREIGN)
                    image_id = await self._add(listing_id, data, key, known)
                    found.append(ImageResult(field, source, ADDED, image_id))
                except PictureError as error:
                    why = f"{shorten(source)} cannot be used: {error}"
                    found.append(ImageResult(field, source, REJECTED, message=why))
            return found

    async def aclose(self) -> None:
        """Close the log, and the connections to where pictures are fetched from."""
        if "_log" in self.__dict__:
            self._log.close()
        if self._http is not None:
            await self._http.aclose()

    async def _content(self, source: str, known: dict[bytes, str]) -> tuple[bytes | None, bytes]:
        """Return the bytes of a picture and its key; None for one that need not be fetched."""
        if not is_address(source):
            data = await asyncio.to_thread(read_file, self._folder, source)
            return data, source_of(data)
        key = source_of(source)
        check_address(source)
        if key in known:
            return None, key
        return (b"" if self._dry_run else await fetch(self._web(), source)), key

    async def _add(
        self, listing_id: str | None, data: bytes, key: bytes, known: dict[bytes, str]
    ) -> str | None:
        from instasell_client import errors

        if self._dry_run or listing_id is None:
            return None
        media = self._crew.client.media
        try:
            image = await self._crew.patiently(
                lambda content: media.add_image(listing_id, content), data
            )
        except errors.Invalid as error:
            raise PictureError("; ".join(entry.message for entry in error.errors)) from error
        except (errors.Conflict, errors.Unsupported, errors.TooLarge, errors.NotFound) as error:
            raise PictureError(str(error)) from error
        known[key] = image.id
        self._log.add(listing_id, key, image.id)
        return image.id

    async def _has_pictures(self, listing_id: str) -> bool:
        media = self._crew.client.media
        found = await self._crew.patiently(media.images, listing_id)
        return bool(found.items)

    def _web(self) -> httpx.AsyncClient:
        """Return a separate client: it has no token, and follows no redirect by itself."""
        if self._http is None:
            import httpx

            self._http = httpx.AsyncClient(
                timeout=SILENCE_SECONDS, headers={"User-Agent": "instasell"}
            )
        return self._http
