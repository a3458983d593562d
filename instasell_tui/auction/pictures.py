"""Fetch pictures of items, and make them small enough for a terminal. None of them is trusted.

Only addresses of the market's own answer are asked, and what comes is bounded in bytes before it
is read, in pixels before it is unpacked, and in size once it is. Unpacking has a thread of its own
to take its time in.
"""

from __future__ import annotations

import asyncio
import logging
from io import BytesIO
from typing import TYPE_CHECKING

from instasell_client.models.media import Image, ImageVersion

if TYPE_CHECKING:
    from PIL.Image import Image as Pixels

    from instasell_client import AsyncInstaSell

log = logging.getLogger("instasell_tui")

BYTES_MAX = 512 * 1024
PIXELS_MAX = 2_000_000
SIDE_MAX = 320
"""The longest side that is kept; a terminal has fewer cells than that."""

ANONYMOUS_COVERS_MAX = 5

FORMATS = ("WEBP", "PNG", "JPEG", "GIF")


class PictureUnfit(Exception):
    """The bytes are no picture that would be unpacked."""


class PictureLoader:
    """Serves the screens that show pictures. Raises what a call may, and PictureUnfit."""

    def __init__(self, client: AsyncInstaSell) -> None:
        self._client = client
        self._covers_asked = 0

    def may_show_cover(self) -> bool:
        """Count one more auction's first picture; False when nobody is signed in and it is many.

        An address has 100 calls in a quarter of an hour, and a picture takes two of them.
        """
        self._covers_asked += 1
        return self._client.token is not None or self._covers_asked <= ANONYMOUS_COVERS_MAX

    async def of(self, listing_id: str) -> list[Image]:
        """Return the pictures of a listing in their order; their addresses hold for 5 minutes."""
        return (await self._client.media.images(listing_id)).items

    async def load(self, image: Image) -> Pixels:
        """Return the pixels of a picture, no more than a terminal can show."""
        client = self._client
        version = fit_size(image)
        if client.base_url.startswith("https://") and version.url.startswith("http://"):
            raise PictureUnfit("its address is not safe")
        data = await client.media.fetch(version.url, bytes_max=BYTES_MAX)
        return await asyncio.to_thread(decode_picture, data)


def fit_size(image: Image) -> ImageVersion:
    """Return the smallest version, unless it is smaller than a terminal can show and small ones
    follow. Raises PictureUnfit where none is within the limits."""
    within = [
        each
        for each in image.versions
        if each.size_bytes <= BYTES_MAX and each.width * each.height <= PIXELS_MAX
    ]
    if not within:
        raise PictureUnfit("it is too large")
    enough = [each for each in within if max(each.width, each.height) >= SIDE_MAX]
    return enough[0] if enough else within[-1]


def decode_picture(data: bytes) -> Pixels:
    """Return bytes as pixels of three colours. Raises PictureUnfit for all that cannot be."""
    try:
        from PIL import Image as Reader
    except ImportError:
        raise PictureUnfit("Pillow is not installed: pip install 'instasell[tui]'") from None
    try:
        picture = Reader.open(BytesIO(data), formats=FORMATS)
        width, height = picture.size
        if not 0 < width * height <= PIXELS_MAX:
            raise PictureUnfit("it is too large")
        picture.thumbnail((SIDE_MAX, SIDE_MAX))
        flat = picture.convert("RGBA")
        ground = Reader.new("RGBA", flat.size, (127, 127, 127, 255))
        return Reader.alpha_composite(ground, flat).convert("RGB")
    except PictureUnfit:
        raise
    except Exception as error:
        # Readers of files raise whatever their formats make them stumble over.
        log.info("a picture was not shown: %s", error)
        raise PictureUnfit("it cannot be read") from error
