"""Pictures are decoded and written again."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from instasell_client.models.errors import Invalid, Unsupported
from instasell_server.domains.media.pictures import make
from tests.support.pictures import ORIENTATION, opened, photograph, picture, png_header


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_every_format_becomes_jpegs_of_three_sizes(kind: str) -> None:
    made = make(picture(2000, 1000, kind))
    assert [(each.size, each.width, each.height) for each in made] == [
        (160, 160, 80), (640, 640, 320), (1600, 1600, 800),
    ]  # fmt: skip
    for each in made:
        found = opened(each.data)
        assert (found.format, found.mode, found.size) == (
            "JPEG", "RGB", (each.width, each.height),
        )  # fmt: skip
        red, _, blue = found.getpixel((5, 5))
        assert red > 200 > 60 > blue


@pytest.mark.parametrize(
    ("size", "made"),
    [((100, 50), [(100, 50)]), ((300, 10), [(160, 5), (300, 10)]), ((1, 1), [(1, 1)])],
)
def test_nothing_is_enlarged(size: tuple[int, int], made: list[tuple[int, int]]) -> None:
    assert [(each.width, each.height) for each in make(picture(*size))] == made


@pytest.mark.parametrize(
    ("orientation", "corner"),
    # Where the red left half of the sensor's picture comes to lie.
    [(1, (5, 5)), (3, (395, 195)), (6, (100, 5)), (8, (100, 395))],
)
def test_the_camera_says_what_is_up_and_nothing_else_is_kept(
    orientation: int, corner: tuple[int, int]
) -> None:
    data = photograph(400, 200, orientation)
    assert b"Canary" in data
    [_, largest] = make(data)
    found = opened(largest.data)
    assert found.size == ((200, 400) if orientation in (6, 8) else (400, 200))
    red, _, blue = found.getpixel(corner)
    assert red > 200 > 60 > blue
    assert not found.getexif()
    for each in make(data):
        assert b"anary" not in each.data
        assert b"Exif" not in each.data


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("width", [400, 4000])
def test_other_formats_are_turned_as_well(kind: str, mode: str, width: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    made = make(picture(width, 200, kind, mode=mode, exif=exif))[-1]
    assert made.height > made.width
    assert not opened(made.data).getexif()


def test_a_long_picture_is_made() -> None:
    made = make(picture(8000, 10, "PNG", mode="P"))
    assert [(each.width, each.height) for each in made] == [(160, 1), (640, 1), (1600, 2)]


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "1"])
def test_every_mode_becomes_colours(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    [made] = make(picture(40, 40, kind, mode=mode))
    assert opened(made.data).mode == "RGB"


def test_what_is_transparent_becomes_white() -> None:
    target = io.BytesIO()
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(target, "PNG")
    [made] = make(target.getvalue())
    assert min(opened(made.data).getpixel((10, 10))) > 250


def test_sixteen_bits_of_grey_stay_grey() -> None:
    target = io.BytesIO()
    Image.new("I;16", (20, 20), 0x8000).save(target, "PNG")
    [made] = make(target.getvalue())
    assert 120 < opened(made.data).getpixel((10, 10))[0] < 136


def test_of_many_frames_the_first_is_shown() -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "lime", "blue")]
    target = io.BytesIO()
    frames[0].save(target, "GIF", save_all=True, append_images=frames[1:])
    [made] = make(target.getvalue())
    red, green, _ = opened(made.data).getpixel((20, 20))
    assert red > 200 > 60 > green


def test_a_frame_that_is_larger_than_its_header_says_is_refused() -> None:
    data = bytearray(picture(10, 10, "GIF"))
    at = data.index(b",")
    data[at + 5 : at + 9] = b"\x40\x9c\x40\x9c"  # 40,000 x 40,000
    with pytest.raises((Invalid, Unsupported)):
        make(bytes(data))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_what_is_cut_short_is_refused(kind: str) -> None:
    data = picture(200, 200, kind)
    with pytest.raises(Unsupported):
        make(data[: len(data) // 2] if kind != "GIF" else data[:60])
    with pytest.raises(Unsupported):
        make(png_header(100, 100))
