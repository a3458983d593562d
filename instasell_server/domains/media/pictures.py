"""Encode pictures again: decoded, turned as their camera says, made smaller, encoded.

Nothing of the original file is passed on but its pixels: no place where it was taken, no script
that hides behind a picture.
"""

from __future__ import annotations

import importlib
import io
from typing import TYPE_CHECKING, NamedTuple

from instasell_client.models.errors import InstaSellError, Unsupported
from instasell_server.domains.media.rules import SIZES, check_pixels, check_scans, picture_of

if TYPE_CHECKING:
    from PIL import Image

QUALITY = 85

_WHITE = (255, 255, 255)


class RenderedImage(NamedTuple):
    """Hold one size of a picture."""

    size: int
    width: int
    height: int
    data: bytes


def load_decoders() -> None:
    """Load the library and what it reads the four formats with, which takes a tenth of a second."""
    from PIL import Image

    Image.preinit()
    importlib.import_module("PIL.WebPImagePlugin")
    importlib.import_module("PIL.ImageOps")


def make(data: bytes, sizes: tuple[int, ...] = SIZES) -> list[RenderedImage]:
    """Return every size, the smallest first; nothing is enlarged.

    Raises Unsupported for what is no picture, Invalid for one with too many pixels or scans.
    """
    try:
        return _make(data, sizes)
    except InstaSellError:
        raise
    except Exception as error:
        # Decoders raise whatever a broken file makes of them.
        raise Unsupported("the picture is broken; save it again, and send that") from error


def _make(data: bytes, sizes: tuple[int, ...]) -> list[RenderedImage]:
    info = picture_of(data)
    if info.format == "JPEG":
        check_scans(data)
    picture = _reduced(info.format, data, sizes[-1])
    made = []
    for size in sizes:
        small = _within(picture, size)
        target = io.BytesIO()
        small.save(target, "JPEG", quality=QUALITY, optimize=True)
        made.append(RenderedImage(size, small.width, small.height, target.getvalue()))
        if max(picture.size) <= size:
            break
    return made


def _reduced(format_: str, data: bytes, longest: int) -> Image.Image:
    """Return the picture upright, in three colours, with no side over `longest` pixels."""
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
    """Return the picture in a mode that can be made smaller well."""
    if picture.mode.startswith("I"):
        # Sixteen bits of grey, of which the upper eight are shown.
        picture = picture.point(lambda value: value * (1 / 256)).convert("L")
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def _within(picture: Image.Image, longest: int) -> Image.Image:
    """Return the picture, made smaller if a side has more pixels than `longest`."""
    from PIL import Image

    scale = longest / max(picture.size)
    if scale >= 1:
        return picture
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    small.info = dict(picture.info)
    return small
