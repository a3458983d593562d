"""Files on their way: announced, uploaded past us to the storage, looked at, confirmed.

Nobody sees a file before it is confirmed. Then it is read back, and what is shown of it is made
again under keys of its own, so whatever is put at the upload's address later has no effect. Objects
are deleted by rows of the outbox; a second row, later, takes what came in between.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from instasell_client.models.base import Reply
from instasell_client.models.errors import (
    InstaSellError,
    Invalid,
    NotFound,
    TooManyFiles,
    Unavailable,
    Unsupported,
    UploadMissing,
)
from instasell_client.models.media import EVIDENCE_MAX, IMAGES_MAX, Upload
from instasell_server.db.connections import Database
from instasell_server.db.idempotency import RequestKey, once
from instasell_server.db.outbox import OutboxTask
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.media import rules, store
from instasell_server.domains.media.picture_pool import PicturePool
from instasell_server.domains.media.store import File, NewFile, Version
from instasell_server.ports import ObjectMissing, Objects, ObjectTooLarge, Unreachable
from instasell_server.ports.principal import Principal

PENDING_MAX = 50
"""Files that one user has announced and not confirmed, everywhere."""

PENDING_BYTES_MAX = 128 * 2**20
"""Of those files together, by default: a whole listing of 12 pictures with 10 MB each."""

LATER_SECONDS = 1800
"""After this long no upload runs any more that was allowed before: they are bounded in time."""

REMOVAL_SECONDS = 3.0
AWAY_SECONDS = 30.0
ABANDONED_BATCH = 500

Check = Callable[[Transaction], Awaitable[None]]
"""Raises unless the caller may still send a file to where it belongs."""


_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class RemoveObjects(OutboxTask):
    """Delete what lies in folders of the storage, of which no object is shown any more."""

    kind = "media_removal"
    folders: Sequence[str]


class _Announced(Reply):
    """Return the reply stored under a key; its addresses are signed again."""

    id: str


class _Object(NamedTuple):
    """Hold what is to be stored of a file."""

    version: Version
    data: bytes


class Uploads:
    """Share what uploads of pictures and of evidence have in common.

    `file_bytes_max` limits each file, and `pending_bytes_max` all together that an account has
    announced and not confirmed.
    """

    def __init__(
        self,
        database: Database,
        objects: Objects,
        pictures: PicturePool,
        *,
        file_bytes_max: int,
        pending_bytes_max: int,
    ) -> None:
        self._database = database
        self._objects = objects
        self._pictures = pictures
        self._file_bytes_max = file_bytes_max
        self._pending_bytes_max = max(pending_bytes_max, file_bytes_max)
        self._away_until = 0.0

    async def announce(self, file: NewFile, check: Check, key: RequestKey | None) -> str:
        """Announce a file and return its id. Raises Invalid, TooManyFiles."""
        if file.size_bytes > self._file_bytes_max:
            raise Invalid.one("size", f"send {self._file_bytes_max} bytes at most")

        async def work(tx: Transaction) -> _Announced:
            await store.lock_owner(tx, file.owner_id)
            await check(tx)
            counts = await store.count_files(tx, file)
            if counts.of_listing >= IMAGES_MAX:
                raise TooManyFiles(
                    f"a listing has {IMAGES_MAX} pictures at most; delete one first",
                    limit=IMAGES_MAX,
                )
            if counts.of_side >= EVIDENCE_MAX:
                raise TooManyFiles(
                    f"each side sends {EVIDENCE_MAX} files at most", limit=EVIDENCE_MAX
                )
            if counts.pending >= PENDING_MAX:
                raise TooManyFiles(
                    "confirm what you have uploaded first, or wait for an hour", limit=PENDING_MAX
                )
            if counts.pending_bytes + file.size_bytes > self._pending_bytes_max:
                raise TooManyFiles(
                    f"the files that you have announced and not confirmed may have"
                    f" {self._pending_bytes_max} bytes together, and {counts.pending_bytes} are"
                    " taken: confirm what you have uploaded first, or wait for an hour",
                    limit=self._pending_bytes_max,
                )
            return _Announced(id=await store.insert_file(tx, file))

        return (await once(self._database, key, _Announced, work)).id

    async def address(self, file_id: str, missing: type[NotFound]) -> Upload:
        """Return where to send a file's bytes. A late repeat finds it confirmed or gone."""
        async with self._database.connection() as connection:
            file = await store.find_file(connection, file_id)
        if file is None or file.is_ready:
            raise missing("that upload is over; ask for another")
        address = self._objects.presign_upload(
            upload_key(file_id), content_type=file.content_type, size=file.size_bytes
        )
        return Upload(url=address.url, headers=dict(address.headers), expires_at=address.expires_at)

    async def find(
        self,
        owner: Principal,
        file_id: str,
        missing: type[NotFound],
        *,
        listing_id: str | None = None,
        dispute_id: str | None = None,
    ) -> File:
        """Find the owner's file of this listing or dispute. Raises `missing`."""
        async with self._database.connection() as connection:
            file = await store.find_file(connection, file_id)
        if file is None or file.owner_id != owner.user_id:
            raise missing
        if (file.listing_id, file.dispute_id) != (listing_id, dispute_id):
            raise missing
        return file

    async def complete(self, file: File, check: Check, missing: type[NotFound]) -> None:
        """Look at the bytes and show the file from now on; a repeat changes nothing.

        Raises UploadMissing, Unavailable, what `check` raises, and `missing` for a file that was
        taken away meanwhile. What is refused as Unsupported or Invalid is gone.
        """
        if file.is_ready:
            return
        async with self._pictures.turn(file.owner_id):
            try:
                made = await self._make(file, await self._fetch(file))
            except (Unsupported, Invalid):
                await self._refuse(file)
                raise
            try:
                for each in made:
                    key = object_key(file, each.version.name)
                    await self._objects.write(key, each.data, each.version.content_type)
            except Unreachable as error:
                raise _away(error) from error

        async def work(tx: Transaction) -> None:
            await store.lock_owner(tx, file.owner_id)
            await check(tx)
            now = await store.lock_file(tx, file.id)
            if now is None:
                raise missing
            if not now.is_ready:
                await store.update_ready(tx, file.id, [each.version for each in made])
                removal = RemoveObjects([f"uploads/{file.id}"])
                tx.after_commit(durable=[removal], delay_seconds=LATER_SECONDS)

        await transact(self._database, work)

    async def _fetch(self, file: File) -> bytes:
        try:
            data = await self._objects.read(upload_key(file.id), file.size_bytes)
        except ObjectMissing:
            raise UploadMissing(
                "upload the file to the address of the announcement first"
            ) from None
        except ObjectTooLarge:
            data = b""
        except Unreachable as error:
            raise _away(error) from error
        if len(data) != file.size_bytes:
            raise Invalid.one("size", f"{file.size_bytes} bytes were announced; send as many")
        return data

    async def _make(self, file: File, data: bytes) -> list[_Object]:
        sizes = rules.SIZES if file.dispute_id is None else rules.SIZES[-1:]
        return [
            _Object(
                Version(each.name, each.content_type, each.width, each.height, len(each.data)),
                each.data,
            )
            for each in await self._pictures.look_at(file.content_type, data, sizes)
        ]

    async def _refuse(self, file: File) -> None:
        async def work(tx: Transaction) -> None:
            now = await store.lock_file(tx, file.id)
            if now is not None and not now.is_ready:
                await self.remove(tx, now)

        await transact(self._database, work)

    async def remove(self, tx: Transaction, file: File) -> None:
        """Take away a file whose row is locked."""
        await store.delete_file(tx, file.id)
        _remove_objects(tx, [file.id])

    async def delete_abandoned(self) -> int:
        """Delete files that were announced over an hour ago and never confirmed."""

        async def work(tx: Transaction) -> int:
            ids = await store.delete_abandoned(tx, ABANDONED_BATCH)
            _remove_objects(tx, ids)
            return len(ids)

        return await transact(self._database, work)

    async def carry_out_removal(self, task: RemoveObjects) -> None:
        """Delete the objects, for the outbox.

        While the storage is away rows are put off at once: they stand in line with others, which
        do not need it.
        """
        if time.monotonic() < self._away_until:
            raise _away("it did not answer a moment ago")
        try:
            async with asyncio.timeout(REMOVAL_SECONDS):
                await self._objects.delete_under(task.folders)
        except (Unreachable, TimeoutError) as error:
            self._away_until = time.monotonic() + AWAY_SECONDS
            raise _away(error) from error


def _remove_objects(tx: Transaction, file_ids: Iterable[str]) -> None:
    removals = [
        RemoveObjects([f"{folder}/{file_id}" for folder in ("uploads", "images", "evidence")])
        for file_id in file_ids
    ]
    tx.after_commit(durable=removals)
    tx.after_commit(durable=removals, delay_seconds=LATER_SECONDS)


def upload_key(file_id: str) -> str:
    """Return the key for bytes from outside; nobody ever gets an address to read them."""
    return f"uploads/{file_id}/original"


def object_key(file: File, name: str) -> str:
    """Return the key of an object that is shown."""
    folder = "images" if file.listing_id is not None else "evidence"
    return f"{folder}/{file.id}/{name}"


def _away(error: Exception | str) -> InstaSellError:
    _log.warning("storage_unreachable", reason=str(error))
    return Unavailable("the storage of files does not answer; try again")
