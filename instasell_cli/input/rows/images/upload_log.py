"""Record the uploaded pictures of rows, so that the same file again adds none twice."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from pathlib import Path

KEPT_SECONDS = 365 * 86400
BUSY_SECONDS = 10.0


class PictureLog:
    """Pictures by account, listing and source. Each is noted as soon as it is there.

    Raises OSError where it cannot be kept.
    """

    def __init__(self, path: Path, account: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._account = account
        try:
            self._rows = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            path.chmod(0o600)
            self._rows.execute(
                "CREATE TABLE IF NOT EXISTS pictures (account TEXT, listing TEXT, source BLOB,"
                " image TEXT, at REAL, PRIMARY KEY (account, listing, source)) WITHOUT ROWID"
            )
            self._rows.execute("DELETE FROM pictures WHERE at < ?", (time.time() - KEPT_SECONDS,))
        except sqlite3.Error as error:
            raise OSError(f"{path}: {error}") from error

    def close(self) -> None:
        """End the keeping."""
        self._rows.close()

    def images_of(self, listing_id: str) -> dict[bytes, str]:
        """Return the ids of the pictures of a listing by their sources."""
        found = self._rows.execute(
            "SELECT source, image FROM pictures WHERE account = ? AND listing = ?",
            (self._account, listing_id),
        )
        return dict(found.fetchall())

    def add(self, listing_id: str, source: bytes, image_id: str) -> None:
        """Note a picture that is there."""
        self._rows.execute(
            "INSERT OR REPLACE INTO pictures VALUES (?, ?, ?, ?, ?)",
            (self._account, listing_id, source, image_id, time.time()),
        )


def source_of(content: bytes | str) -> bytes:
    """Return what a picture is known by: the content of a file, or the address that it is at."""
    data = content if isinstance(content, bytes) else b"url:" + content.encode()
    return hashlib.sha256(data).digest()
