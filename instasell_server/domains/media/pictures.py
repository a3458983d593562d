"""Makes pictures anew: decoded, turned as their camera says, made smaller, encoded.

Nothing of the original file is passed on but its pixels: no place where it was taken, no script
that hides behind a picture.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import threading
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

LARGE_PIXELS = 12_000_000
"""Pictures with more pixels are decoded one at a time, as each may take some 300 MB."""

_WHITE = (255, 255, 255)
_LARGE = threading.Lock()


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
    told = picture_of(data)
    is_large = told.width * told.height > LARGE_PIXELS
    with _LARGE if is_large else contextlib.nullcontext():
        picture = _reduced(told.format, data, sizes[-1])
    made = []
    for size in sizes:
        small = _within(picture, size)
        target = io.BytesIO()
        small.save(target, "JPEG", quality=QUALITY, optimize=True)
        made.append(Made(size, small.width, small.height, target.getvalue()))
        if max(picture.size) <= size:
            break
    return made


def _reduced(format_: str, data: bytes, longest: int) -> Image.Image:
    """The picture upright, in three colours, with no side over `longest` pixels."""
    # Pillow takes a while to load, and a server without pictures never needs it.
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data), formats=(format_,)) as opened:
        # Frames of a GIF may be larger than its header says.
        check_pixels(*opened.size)
        opened.draft("RGB", (longest, longest))
        small = _within(_coloured(opened), longest)
    upright = ImageOps.exif_transpose(small)
    plain = upright
    if upright.mode == "RGBA":
        plain = Image.new("RGB", upright.size, _WHITE)
        plain.paste(upright, mask=upright.getchannel("A"))
    # Comments and profiles of the original would be written along.
    plain.info.clear()
    return plain


def _coloured(picture: Image.Image) -> Image.Image:
    """The picture in a mode that can be made smaller well."""
    if picture.mode.startswith("I"):
        # Sixteen bits of grey, of which the upper eight are shown.
        picture = picture.point(lambda value: value * (1 / 256)).convert("L")
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def _within(picture: Image.Image, longest: int) -> Image.Image:
    """The picture, made smaller if a side has more pixels than `longest`."""
    from PIL import Image

    scale = longest / max(picture.size)
    if scale >= 1:
        return picture
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    small.info = dict(picture.info)
    return small
