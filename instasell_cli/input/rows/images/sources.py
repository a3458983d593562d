"""Find the pictures of a row: files below one folder, and addresses of the web.

A file of rows may come from other people. So a path leads nowhere outside of its folder, only
what begins as a picture is read as a whole, and an address is fetched without any token, in
bounded time and size, and never from where cloud machines keep their secrets.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    import httpx

PICTURE_BYTES_MAX = 20 * 1024 * 1024
FETCH_SECONDS = 60.0
SILENCE_SECONDS = 15.0
REDIRECTS_MAX = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TOO_LARGE = f"it is larger than {PICTURE_BYTES_MAX >> 20} MiB; make it smaller"


class PictureError(Exception):
    """A picture that cannot be had; says why, and what to do."""


def is_address(source: str) -> bool:
    """Return whether a source is an address and not a path."""
    return "://" in source


def check_address(source: str) -> str:
    """Return the host of an address. Raises PictureError for one that is not of the web."""
    try:
        parts = urlsplit(source)
        host = parts.hostname
    except ValueError as error:
        raise PictureError(f"it is not an address: {error}") from error
    if parts.scheme.lower() not in ("http", "https") or not host:
        raise PictureError("an address has to begin with http:// or https://")
    return host


def read_file(folder: Path, source: str) -> bytes:
    """Return the bytes of a picture in `folder` or below. Raises PictureError."""
    try:
        path = (folder / source).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise PictureError(
                f"it is outside of the folder {folder}; move it there, or name its folder with"
                " --images-from"
            )
        if not path.is_file():
            raise PictureError(f"there is no such file in {folder}")
        if path.stat().st_size > PICTURE_BYTES_MAX:
            raise PictureError(_TOO_LARGE)
        with path.open("rb") as file:
            data = file.read(PICTURE_BYTES_MAX + 1)
    except (OSError, ValueError, RuntimeError) as error:
        raise PictureError(f"it cannot be read: {error}") from error
    return check_image(data)


def check_image(data: bytes) -> bytes:
    """Return the bytes if they begin as a picture does. Raises PictureError."""
    from instasell_client.errors import Invalid
    from instasell_client.resources.media import image_type

    if len(data) > PICTURE_BYTES_MAX:
        raise PictureError(_TOO_LARGE)
    try:
        image_type(data)
    except Invalid as error:
        raise PictureError(error.errors[0].message) from error
    return data


async def fetch(http: httpx.AsyncClient, source: str) -> bytes:
    """Return the bytes at an address. Raises PictureError, also when it takes too long."""
    import httpx

    try:
        async with asyncio.timeout(FETCH_SECONDS):
            return check_image(await _follow(http, source))
    except TimeoutError as error:
        raise PictureError(f"it did not come within {FETCH_SECONDS:.0f} s") from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise PictureError(f"it cannot be fetched: {reason}") from error


async def _follow(http: httpx.AsyncClient, source: str) -> bytes:
    is_local = await _is_local(check_address(source))
    for _ in range(REDIRECTS_MAX + 1):
        # What is packed could be much longer than it looks.
        asked = http.stream("GET", source, headers={"Accept-Encoding": "identity"})
        async with asked as answer:
            if answer.status_code not in _REDIRECTS:
                return await _body(answer)
            source = urljoin(source, answer.headers.get("location", ""))
        # A page of the web must not send this machine to its own network.
        if await _is_local(check_address(source)) and not is_local:
            raise PictureError("it leads to an address of a private network")
    raise PictureError(f"it leads on more than {REDIRECTS_MAX} times")


async def _body(answer: httpx.Response) -> bytes:
    if answer.status_code != 200:
        raise PictureError(f"the answer is {answer.status_code}; check the address")
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise PictureError("the answer is packed, which no picture needs")
    parts, size = [], 0
    async for part in answer.aiter_raw():
        parts.append(part)
        size += len(part)
        if size > PICTURE_BYTES_MAX:
            raise PictureError(_TOO_LARGE)
    return b"".join(parts)


async def _is_local(host: str) -> bool:
    """Tell whether a host is of a private network. Raises PictureError for link-local addresses."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    if any(each.is_link_local for each in addresses):
        # Cloud machines hand out their credentials there, to any process that asks.
        raise PictureError("it is an address that is valid on this machine's link only")
    return any(not each.is_global for each in addresses)
