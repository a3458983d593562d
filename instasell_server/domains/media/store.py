"""The rows of files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from instasell_server.db.arrays import plain_array
from instasell_server.db.connections import DbConnection, Row
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction

_sql = load(__file__)


class Version(NamedTuple):
    """Hold one object of a file; `width` and `height` in pixels, 0 for what is no picture."""

    name: str
    content_type: str
    width: int
    height: int
    size_bytes: int


class File(NamedTuple):
    """Hold a picture of a listing, or a file of a dispute."""

    id: str
    owner_id: str
    listing_id: str | None
    dispute_id: str | None
    content_type: str
    size_bytes: int
    file_name: str | None
    is_ready: bool
    position: int | None
    versions: Sequence[Version]
    created_at: datetime


class NewFile(NamedTuple):
    """Hold what a user announces; the file belongs to a listing or to a dispute."""

    owner_id: str
    content_type: str
    size_bytes: int
    listing_id: str | None = None
    dispute_id: str | None = None
    file_name: str | None = None


class FileCounts(NamedTuple):
    """Count the files that there are, and what is still to come of the owner's."""

    pending: int
    pending_bytes: int
    of_listing: int
    of_side: int


async def lock_owner(tx: Transaction, owner_id: str) -> None:
    """Wait for other writes of this person's files."""
    await tx.execute(_sql.lock_owner, {"owner_id": owner_id})


async def count_files(tx: Transaction, file: NewFile) -> FileCounts:
    """Count the files beside a new one."""
    row = await tx.one(_sql.count_files, file._asdict())
    return FileCounts(row["pending"], int(row["pending_bytes"]), row["of_listing"], row["of_side"])


async def insert_file(tx: Transaction, file: NewFile) -> str:
    """Insert a file that is to come; returns its id."""
    return str((await tx.one(_sql.insert_file, file._asdict()))["id"])


async def find_file(connection: DbConnection, file_id: str) -> File | None:
    """Find one file, whatever its state."""
    row = await connection.maybe(_sql.find_file, {"file_id": file_id})
    return _file(row) if row else None


async def may_upload(connection: DbConnection, file_id: str) -> bool | None:
    """Return whether the owner of a file may send its bytes; None when the file is gone."""
    row = await connection.maybe(_sql.find_uploader, {"file_id": file_id})
    return bool(row["may_upload"]) if row else None


async def lock_file(tx: Transaction, file_id: str) -> File | None:
    """Lock and return one file."""
    row = await tx.maybe(_sql.lock_file, {"file_id": file_id})
    return _file(row) if row else None


async def update_ready(tx: Transaction, file_id: str, versions: Sequence[Version]) -> None:
    """Show the file from now on."""
    encoded = json.dumps([version._asdict() for version in versions])
    await tx.execute(_sql.update_ready, {"file_id": file_id, "versions": encoded})


async def delete_file(tx: Transaction, file_id: str) -> None:
    """Delete the file, which is not shown any more."""
    await tx.execute(_sql.delete_file, {"file_id": file_id})


async def list_images(connection: DbConnection, listing_id: str) -> list[File]:
    """List the pictures of a listing in their order."""
    return [
        _file(row) for row in await connection.rows(_sql.list_images, {"listing_id": listing_id})
    ]


async def list_images_of(
    connection: DbConnection, listing_ids: Sequence[str]
) -> dict[str, list[File]]:
    """List the pictures of several listings in their order, by listing."""
    found: dict[str, list[File]] = {}
    values = {"listing_ids": plain_array(listing_ids)}
    for row in await connection.rows(_sql.prepared.list_images_of, values):
        found.setdefault(row["listing_id"], []).append(_file(row))
    return found


async def list_evidence(connection: DbConnection, dispute_id: str) -> list[File]:
    """List the files of both sides of a dispute, the oldest first."""
    rows = await connection.rows(_sql.list_evidence, {"dispute_id": dispute_id})
    return [_file(row) for row in rows]


async def update_positions(tx: Transaction, file_ids: Sequence[str]) -> None:
    """Give the pictures their numbers in this order."""
    await tx.execute(_sql.update_positions, {"file_ids": list(file_ids)})


async def delete_abandoned(tx: Transaction, limit: int) -> list[str]:
    """Delete files that never came, an hour after they were announced; return their ids."""
    return [row["id"] for row in await tx.rows(_sql.delete_abandoned, {"limit": limit})]


def _file(row: Row) -> File:
    values: dict[str, Any] = dict(row)
    values["is_ready"] = values.pop("status") == "ready"
    values["versions"] = [Version(**each) for each in values["versions"]]
    return File(**values)
