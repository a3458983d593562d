"""Pictures for tests, made where they are needed."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image

TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
ORIENTATION, GPS, MAKER = 0x0112, 0x8825, 0x010F


def picture(
    width: int = 64, height: int = 48, kind: str = "PNG", *, mode: str = "RGB", **options: Any
) -> bytes:
    """A picture that is red on its left half and blue on its right half."""
    made = Image.new("RGB", (width, height), (0, 0, 255))
    made.paste((255, 0, 0), (0, 0, width // 2, height))
    target = io.BytesIO()
    made.convert(mode).save(target, kind, **options)
    return target.getvalue()


def photograph(width: int, height: int, orientation: int) -> bytes:
    """A JPEG with a place where it was taken, turned as EXIF says."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[MAKER] = "Canary Cameras"
    exif.get_ifd(GPS)[1] = "N"
    exif.get_ifd(GPS)[2] = (52.0, 31.0, 12.0)
    return picture(width, height, "JPEG", exif=exif, comment=b"canary comment")


def png_header(width: int, height: int) -> bytes:
    """The beginning of a PNG, with no pixels behind it."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    checksum = struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + checksum


def many_scans(width: int, height: int, scans: int) -> bytes:
    """A progressive JPEG with so many empty scans behind its own, each a pass over all blocks."""
    data = picture(width, height, "JPEG", progressive=True)
    empty = b"\xff\xda\x00\x08\x01\x01\x00\x01\x3f\x00"
    return data[:-2] + empty * scans + data[-2:]


def png_with(kind: bytes, body: bytes, width: int = 32, height: int = 32) -> bytes:
    """A PNG with one more chunk behind its header."""
    data = picture(width, height)
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return data[:33] + chunk + data[33:]


def opened(data: bytes) -> Image.Image:
    """A picture, decoded."""
    found = Image.open(io.BytesIO(data))
    found.load()
    return found
