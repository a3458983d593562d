"""Makes pictures anew: decoded, turned as their camera says, made smaller, encoded.

Nothing of the original file is passed on but its pixels: no place where it was taken, no script
that hides behind a picture.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from instasell_server.domains.media.rules import SIZES, check_pixels, picture_of
from instasell_server.errors import InstaSellError, Unavailable, Unsupported

if TYPE_CHECKING:
    from PIL import Image

WORKERS = 2
WAITING_MAX = 32
QUALITY = 85
_WHITE = (255, 255, 255)


class Made(NamedTuple):
    """One size of a picture."""

    size: int
    width: int
    height: int
    data: bytes


class Pictures:
    """Two threads that make pictures; who waits for them is bounded in number. Close it."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="pictures")
        self._turns = asyncio.Semaphore(WORKERS)
        self._waiting = 0

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits until a file may be taken into memory. Raises Unavailable while many wait."""
        if self._waiting >= WAITING_MAX:
            raise Unavailable("many files are being looked at; try again in a moment")
        self._waiting += 1
        try:
            async with self._turns:
                yield
        finally:
            self._waiting -= 1

    async def make(self, data: bytes, sizes: tuple[int, ...] = SIZES) -> list[Made]:
        """Every size, the smallest first; nothing is enlarged.

        Raises Unsupported for what is no picture, Invalid for one with too many pixels.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, make, data, sizes)

    def close(self) -> None:
        """Lets the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def make(data: bytes, sizes: tuple[int, ...] = SIZES) -> list[Made]:
    """As `Pictures.make`, in this thread."""
    try:
        return _make(data, sizes)
    except InstaSellError:
        raise
    except Exception as error:
        # Decoders raise whatever a broken file makes of them.
        raise Unsupported("the picture is broken; save it anew, and send that") from error


def _make(data: bytes, sizes: tuple[int, ...]) -> list[Made]:
    # Pillow takes a while to load, and a server without pictures never needs it.
    from PIL import Image, ImageOps

    told = picture_of(data)
    with Image.open(io.BytesIO(data), formats=(told.format,)) as opened:
        # Frames of a GIF may be larger than its header says.
        check_pixels(*opened.size)
        opened.draft("RGB", (sizes[-1], sizes[-1]))
        picture = _opaque(ImageOps.exif_transpose(opened))
    # Comments and profiles of the original would be written along.
    picture.info.clear()
    made = []
    for size in sizes:
        small = picture
        if max(picture.size) > size:
            small = picture.copy()
            small.thumbnail((size, size), Image.Resampling.LANCZOS)
        target = io.BytesIO()
        small.save(target, "JPEG", quality=QUALITY, optimize=True)
        made.append(Made(size, small.width, small.height, target.getvalue()))
        if max(picture.size) <= size:
            break
    return made


def _opaque(picture: Image.Image) -> Image.Image:
    """The picture in three colours; what is transparent becomes white."""
    from PIL import Image

    if picture.mode.startswith("I"):
        # Sixteen bits of grey, of which the upper eight are shown.
        picture = picture.point(lambda value: value * (1 / 256)).convert("L")
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        plain = Image.new("RGB", layer.size, _WHITE)
        plain.paste(layer, mask=layer.getchannel("A"))
        return plain
    return picture.convert("RGB")
