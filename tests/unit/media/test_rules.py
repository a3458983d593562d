"""Kinds of files, found by their bytes."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from instasell_client.models.errors import Invalid, Unsupported
from instasell_server.domains.media import rules
from tests.support.pictures import HTML, SVG, photograph, picture, png_header


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("size", [(1, 1), (64, 48), (641, 97)])
def test_a_header_tells_format_and_size(kind: str, size: tuple[int, int]) -> None:
    assert rules.picture_of(picture(*size, kind)) == (kind, *size)


@pytest.mark.parametrize(
    "options", [{"lossless": True}, {"lossless": False}, {"exif": Image.Exif().tobytes()}]
)
def test_every_kind_of_webp_is_read(options: dict[str, object]) -> None:
    data = picture(300, 200, "WEBP", **options)
    assert rules.picture_of(data) == ("WEBP", 300, 200)


def test_a_photograph_with_long_segments_is_read() -> None:
    assert rules.picture_of(photograph(120, 80, 6)) == ("JPEG", 120, 80)
    progressive = picture(120, 80, "JPEG", progressive=True)
    assert rules.picture_of(progressive) == ("JPEG", 120, 80)


@pytest.mark.parametrize(
    ("width", "height"), [(50_000, 50_000), (20_001, 1), (1, 2**31 - 1), (8_000, 5_001)]
)
def test_too_many_pixels_are_refused_by_the_header_alone(width: int, height: int) -> None:
    # There is nothing behind the header that could be decoded.
    with pytest.raises(Invalid) as refused:
        rules.picture_of(png_header(width, height))
    assert f"{width} x {height}" in refused.value.errors[0][1]
    canvas = (min(width, 2**24) - 1).to_bytes(3, "little") + (height - 1).to_bytes(4, "little")[:3]
    with pytest.raises((Invalid, Unsupported)):
        rules.picture_of(b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + canvas)


def test_as_many_pixels_as_are_allowed_are_taken() -> None:
    assert rules.picture_of(png_header(8_000, 5_000)) == ("PNG", 8_000, 5_000)


@pytest.mark.parametrize(
    "data",
    [
        b"", SVG, HTML, b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBP",
        b"RIFF\0\0\0\0WAVEfmt ", b"%PDF-1.7", b"BM" + bytes(60), b"II*\0" + bytes(60),
        png_header(0, 5), b"\xff\xd8" + b"\xff" * 100, b"\xff\xd8\xff\xe0\0\0" * 30_000,
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(Unsupported):
        rules.picture_of(data)


@given(st.sampled_from([b"", b"\xff\xd8\xff", b"GIF89a", b"RIFFxxxxWEBPVP8 "]), st.binary())
def test_no_bytes_do_worse_than_be_refused(head: bytes, rest: bytes) -> None:
    try:
        found = rules.picture_of(head + rest)
    except (Unsupported, Invalid):
        return
    assert 0 < found.width * found.height <= rules.PIXELS_MAX


def test_documents_are_what_they_are_announced_as() -> None:
    rules.check_document("application/pdf", b"%PDF-1.7\n")
    rules.check_document("text/plain", "Grüße\n\tund\r\n".encode())
    for kind, data in [
        ("application/pdf", HTML),
        ("text/plain", b"\xff\xfe"),
        ("text/plain", b"a\x00b"),
        ("text/plain", b"\x1b[2J"),
    ]:
        with pytest.raises(Unsupported):
            rules.check_document(kind, data)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a.pdf", "a.pdf"),
        ('"; filename=x.html', "%22%3B%20filename%3Dx.html"),
        ("../../etc/passwd", "..%2F..%2Fetc%2Fpasswd"),
        ("Grüße\r\nSet-Cookie: x", "Gr%C3%BC%C3%9Fe%0D%0ASet-Cookie%3A%20x"),
    ],
)
def test_a_name_cannot_leave_its_header(name: str, shown: str) -> None:
    assert rules.disposition_of(name) == f"attachment; filename*=UTF-8''{shown}"


def test_struct_is_little_and_big_endian_where_it_has_to_be() -> None:
    gif = picture(258, 3, "GIF")
    assert struct.unpack("<HH", gif[6:10]) == (258, 3)
    with Image.open(io.BytesIO(gif)) as opened:
        assert opened.size == rules.picture_of(gif)[1:]
