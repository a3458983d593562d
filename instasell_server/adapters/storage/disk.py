"""Files in a folder of the local disk, for a market on one machine.

Their addresses are served by our own server: `/media/<token>`, where the token says what may be
done until when, and carries an HMAC over all of it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from io import BufferedRandom
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from instasell_server.ports import (
    PRESIGNED_SECONDS,
    DownloadGrant,
    ObjectMissing,
    ObjectTooLarge,
    Unreachable,
    UploadAddress,
    UploadGrant,
    WebhookRefused,
)

P = ParamSpec("P")
T = TypeVar("T")

PATH = "/media/"
DRAFT_SECONDS_MAX = 3600

_KEY = re.compile(r"[a-z0-9]+(?:/[a-z0-9][a-z0-9.\-]*)+", re.ASCII)
_PURPOSE = b"addresses of files"


class DiskObjects:
    """Implements `Objects` and `OwnFiles`. Files have mode 0600, folders 0700.

    `secrets_` are those of the market, the newest first: it signs, and all are taken. `base_url`
    comes before the path in addresses; without it they begin with a slash. `clock` gives seconds
    since the epoch.
    """

    def __init__(
        self,
        folder: Path,
        secrets_: Sequence[str],
        *,
        base_url: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._keys = [self._sign(each.encode(), _PURPOSE) for each in secrets_]
        self._base_url = base_url.rstrip("/")
        self._clock = clock

    # Addresses --------------------------------------------------------------------------------

    def presign_upload(self, key: str, *, content_type: str, size: int) -> UploadAddress:
        """See Objects."""
        url, expires = self._presign({"m": "PUT", "k": key, "t": content_type, "s": size})
        headers = {"Content-Type": content_type, "Content-Length": str(size)}
        return UploadAddress(url, headers, datetime.fromtimestamp(expires, UTC))

    def presign_download(
        self, key: str, *, content_type: str, disposition: str | None = None
    ) -> str:
        """See Objects."""
        return self._presign({"m": "GET", "k": key, "t": content_type, "d": disposition})[0]

    def _presign(self, permission: dict[str, Any]) -> tuple[str, int]:
        expires = int(self._clock()) + PRESIGNED_SECONDS
        told = json.dumps({**permission, "e": expires}, separators=(",", ":")).encode()
        token = f"{_text(told)}.{_text(self._sign(self._keys[0], told))}"
        return f"{self._base_url}{PATH}{token}", expires

    @staticmethod
    def _sign(key: bytes, told: bytes) -> bytes:
        return hmac.new(key, told, hashlib.sha256).digest()

    def _check(self, method: str, token: str) -> dict[str, Any]:
        told, _, signature = token.partition(".")
        try:
            raw, given = _bytes(told), _bytes(signature)
        except ValueError:
            raise WebhookRefused("the address is incomplete; ask for a new one") from None
        if not any(hmac.compare_digest(self._sign(key, raw), given) for key in self._keys):
            raise WebhookRefused("the address is incomplete; ask for a new one")
        permission: dict[str, Any] = json.loads(raw)
        if permission["m"] != method:
            raise WebhookRefused("the address is for another method")
        if self._clock() >= permission["e"]:
            raise WebhookRefused("the address is older than 5 minutes; ask for a new one")
        return permission

    def check_upload(self, token: str) -> UploadGrant:
        """See OwnFiles."""
        told = self._check("PUT", token)
        return UploadGrant(told["k"], told["t"], told["s"])

    def check_download(self, token: str) -> DownloadGrant:
        """See OwnFiles."""
        told = self._check("GET", token)
        path = self._path(told["k"])
        if not path.is_file():
            raise ObjectMissing(told["k"])
        return DownloadGrant(path, told["t"], told["d"])

    # Bytes ------------------------------------------------------------------------------------

    async def take(self, grant: UploadGrant, chunks: AsyncIterator[bytes]) -> None:
        """See OwnFiles."""
        path = self._path(grant.key)
        draft = await _in_thread(self._make_draft, path)
        try:
            got = 0
            with draft.open("r+b") as file:
                async for chunk in chunks:
                    got += len(chunk)
                    if got > grant.size:
                        raise ObjectTooLarge(grant.key)
                    await _in_thread(file.write, chunk)
                if got < grant.size:
                    raise ObjectMissing(grant.key)
                await _in_thread(_flush, file)
            await _in_thread(_publish, draft, path)
        finally:
            draft.unlink(missing_ok=True)

    async def read(self, key: str, limit_bytes: int) -> bytes:
        """See Objects."""
        return await _in_thread(self._read, key, limit_bytes)

    def _read(self, key: str, limit_bytes: int) -> bytes:
        try:
            with self._path(key).open("rb") as file:
                data = file.read(limit_bytes + 1)
        except FileNotFoundError:
            raise ObjectMissing(key) from None
        if len(data) > limit_bytes:
            raise ObjectTooLarge(key)
        return data

    async def write(self, key: str, data: bytes, content_type: str) -> None:
        """See Objects."""
        await _in_thread(self._write, key, data)

    def _write(self, key: str, data: bytes) -> None:
        path = self._path(key)
        draft = self._make_draft(path)
        try:
            with draft.open("r+b") as file:
                file.write(data)
                _flush(file)
            _publish(draft, path)
        finally:
            draft.unlink(missing_ok=True)

    async def delete_under(self, folders: Sequence[str]) -> None:
        """See Objects."""
        await _in_thread(self._delete_under, folders)

    def _delete_under(self, folders: Sequence[str]) -> None:
        for folder in folders:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self._path(folder))
        self._sweep_drafts()

    def _sweep_drafts(self) -> None:
        """Remove what uploads left that a crash cut short."""
        oldest = time.time() - DRAFT_SECONDS_MAX
        with contextlib.suppress(OSError):
            for draft in self._drafts.iterdir():
                if draft.stat().st_mtime < oldest:
                    draft.unlink(missing_ok=True)

    @property
    def _drafts(self) -> Path:
        return self._folder / "drafts"

    def _make_draft(self, path: Path) -> Path:
        for folder in (self._folder, self._drafts, path.parent.parent, path.parent):
            _make_private(folder)
        draft = self._drafts / secrets.token_hex(16)
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
        return draft

    def _path(self, key: str) -> Path:
        # Keys are the market's own, so this never fires; it is the last door before the disk.
        if _KEY.fullmatch(key) is None or ".." in key:
            raise ValueError(f"{key!r} is no key")
        return self._folder / key

    async def close(self) -> None:
        """See Objects."""


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        return
    # The umask may have taken rights, or a set-gid folder above given some.
    folder.chmod(0o700)


def _flush(file: BufferedRandom) -> None:
    file.flush()
    os.fsync(file.fileno())


async def _in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Raise Unreachable when the disk is full or gone."""
    try:
        return await asyncio.to_thread(work, *args, **kwargs)
    except OSError as error:
        raise Unreachable(f"the disk refuses: {error.strerror}") from error


def _publish(draft: Path, path: Path) -> None:
    """Give a whole file its name, which a power cut does not take away again."""
    try:
        draft.replace(path)
    except FileNotFoundError:
        # Another process deleted what was in the folder, and the folder with it.
        _make_private(path.parent)
        draft.replace(path)
    handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    if not text.isascii():
        raise ValueError(text)
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
