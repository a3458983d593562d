"""Recognize a file by its first bytes alone. Pure: no I/O, and nothing is decoded.

Names and announced types are claims of the sender. Sizes in pixels are read from headers, so that a
picture which would fill the memory is refused before anybody tries to decode it.
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple
from urllib.parse import quote

from instasell_client.models.errors import Invalid, Unsupported

PIXELS_MAX = 40_000_000
"""Pixels of a picture; decoded, they take four bytes each."""

SIDE_MAX = 20_000
"""Pixels of a picture's longer side."""

SIZES = (160, 640, 1600)
"""The longest sides that pictures are shown in, in pixels."""

PICTURE_TYPE = "image/jpeg"
TEXT_TYPE = "text/plain"
PDF_TYPE = "application/pdf"

DOCUMENT_TYPES = frozenset({PDF_TYPE, TEXT_TYPE})

_TAKEN = "send PNG, JPEG, WebP or GIF"
SEGMENTS_MAX = 10_000

SCANS_MAX = 100
"""Scans of a JPEG. Cameras and programs write 1 to 12; each costs a pass over all pixels."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN = 0xDA
_END = 0xD9
# In the data of a scan an FF is followed by 00, by a restart or by the marker that ends it.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


class ImageInfo(NamedTuple):
    """Hold a format in Pillow's name for it, and a size in pixels."""

    format: str
    width: int
    height: int


def picture_of(data: bytes) -> ImageInfo:
    """Recognize a picture. Raises Unsupported for anything else, Invalid for too many pixels."""
    try:
        found = _read(data)
    except (struct.error, IndexError):
        found = None
    if found is None:
        raise Unsupported(f"the file is not a picture that can be read; {_TAKEN}")
    check_pixels(found.width, found.height)
    return found


def check_pixels(width: int, height: int) -> None:
    """Raise Invalid for a picture without pixels, or with more than are decoded."""
    if width < 1 or height < 1:
        raise Unsupported(f"the picture has no pixels; {_TAKEN}")
    if width * height > PIXELS_MAX or max(width, height) > SIDE_MAX:
        raise Invalid.one(
            "file",
            f"{width} x {height} pixels are too many; send {PIXELS_MAX // 10**6} million at most,"
            f" and {SIDE_MAX} on a side",
        )


def check_scans(data: bytes) -> None:
    """Raise Invalid for a JPEG of more scans than are decoded, before any of them is."""
    scans = at = 0
    while (found := _MARKER.search(data, at)) is not None and data[found.start() + 1] != _END:
        at = found.end()
        if data[at - 1] == 0xD8:
            continue
        scans += data[at - 1] == _SCAN
        if scans > SCANS_MAX:
            raise Invalid.one(
                "file", f"the picture has over {SCANS_MAX} scans; save it as a JPEG that is not"
                " progressive, and send that",
            )  # fmt: skip
        at += max(2, int.from_bytes(data[at : at + 2], "big"))


def _read(data: bytes) -> ImageInfo | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
        return ImageInfo("PNG", *struct.unpack(">II", data[16:24]))
    if data.startswith((b"GIF87a", b"GIF89a")):
        return ImageInfo("GIF", *struct.unpack("<HH", data[6:10]))
    if data.startswith(b"\xff\xd8\xff"):
        return _read_jpeg(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _read_webp(data)
    return None


def _read_jpeg(data: bytes) -> ImageInfo | None:
    """Follow the segments to the frame header, which has the size."""
    at = 2
    for _ in range(SEGMENTS_MAX):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _BARE:
            at += 2
            continue
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return ImageInfo("JPEG", width, height)
        (length,) = struct.unpack(">H", data[at + 2 : at + 4])
        at += 2 + max(length, 2)
    return None


def _read_webp(data: bytes) -> ImageInfo | None:
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return ImageInfo("WEBP", width & 0x3FFF, height & 0x3FFF)
    if kind == b"VP8L":
        (bits,) = struct.unpack("<I", data[21:25])
        return ImageInfo("WEBP", (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1)
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
        return ImageInfo("WEBP", width, height) if len(data) >= 30 else None
    return None


def check_document(content_type: str, data: bytes) -> None:
    """Raise Unsupported for a document that is not what it was announced as."""
    if content_type == PDF_TYPE:
        if not data.startswith(b"%PDF-"):
            raise Unsupported("the file is not a PDF; announce it with its own type")
        return
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Unsupported("the text is not UTF-8; save it as UTF-8") from None
    if _CONTROL.search(text):
        raise Unsupported("the text has control characters; remove them")


def disposition_of(file_name: str) -> str:
    """Return a Content-Disposition by which browsers save a file and never show it (RFC 6266)."""
    return f"attachment; filename*=UTF-8''{quote(file_name, safe='')}"
