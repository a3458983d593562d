"""Small files that want much: refused before they are decoded, or bounded by the decoder."""

from __future__ import annotations

import io
import zlib

import pytest
from PIL import Image

from instasell_client.models.errors import Invalid, Unsupported
from instasell_server.domains.media.pictures import make
from instasell_server.domains.media.rules import SCANS_MAX, check_scans
from tests.support.pictures import many_scans, opened, photograph, picture, png_with

ZEROS = zlib.compress(bytes(50_000_000), 9)


def test_a_jpeg_of_many_scans_is_refused_before_it_is_decoded() -> None:
    data = many_scans(4000, 3000, 4000)
    assert len(data) < 140_000
    with pytest.raises(Invalid) as refused:
        make(data)
    [(field, message)] = refused.value.errors
    assert field == "file"
    assert f"over {SCANS_MAX} scans" in message
    assert "not progressive" in message


@pytest.mark.parametrize("is_progressive", [False, True])
def test_what_programs_write_has_few_scans(is_progressive: bool) -> None:
    check_scans(picture(400, 300, "JPEG", progressive=is_progressive, quality=95))
    check_scans(photograph(400, 300, 6))
    make(many_scans(200, 100, 20))


def test_scans_in_what_a_segment_holds_do_not_count() -> None:
    # A camera's preview, or a profile in which these bytes happen to be.
    check_scans(picture(40, 30, "JPEG", comment=b"\xff\xda" * 1000))


@pytest.mark.parametrize("cut", [2, 3, 30, 200])
def test_a_jpeg_that_ends_early_is_followed_to_its_end(cut: int) -> None:
    check_scans(picture(400, 300, "JPEG")[:cut])
    check_scans(b"\xff\xd8" + b"\xff" * 100_000)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"zTXt", b"a\0\0" + ZEROS),
        (b"iTXt", b"a\0\1\0\0\0" + ZEROS),
        (b"iCCP", b"a\0\0" + ZEROS),
    ],
)
def test_what_a_png_packs_beside_its_pixels_is_bounded(kind: bytes, body: bytes) -> None:
    with pytest.raises(Unsupported):
        make(png_with(kind, body))


def test_a_png_whose_exif_has_no_end_is_made_without_it() -> None:
    loop = b"II*\0\x08\0\0\0\x01\0\x0f\x01\x07\0\xff\xff\xff\x0f\x08\0\0\0\x08\0\0\0"
    with pytest.warns(UserWarning, match="Skipping tag"):
        assert make(png_with(b"eXIf", loop))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "MPO"])
def test_of_many_frames_the_first_is_made(kind: str) -> None:
    frames = [Image.new("RGB", (300, 300), (each, 255 - each, 0)) for each in range(200)]
    target = io.BytesIO()
    options = {"method": 0} if kind == "WEBP" else {}
    frames[0].save(target, kind, save_all=True, append_images=frames[1:], **options)
    red, green, _ = opened(make(target.getvalue())[-1].data).getpixel((150, 150))
    assert (red < 20, green > 230) == (True, True)


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "PPM", "ICO"])
def test_other_formats_are_not_read_whatever_they_are_announced_as(kind: str) -> None:
    with pytest.raises(Unsupported, match="send PNG, JPEG, WebP or GIF"):
        make(picture(kind=kind))
