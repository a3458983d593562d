"""Themes, keys and pictures: what a person chooses, and what is made of files of others."""

from __future__ import annotations

import threading
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from textual.color import Color

from instasell_client.models.media import Image as ListingImage
from instasell_tui import keys
from instasell_tui.app import InstaSellApp
from instasell_tui.auction import pictures
from instasell_tui.auction.picture import HALF, blocks, shades
from instasell_tui.auction.pictures import (
    PIXELS_MAX,
    SIDE_MAX,
    PictureUnfit,
    decode_picture,
    fit_size,
)
from instasell_tui.keys import apply_key_file, display_keys, in_force, key_actions
from instasell_tui.navigation import PLACES
from instasell_tui.theme import preference
from instasell_tui.theme.themes import OURS, SIXTEEN
from tests.support.pictures import photograph
from tests.tui.fake_market import FakeMarket, open_fake_market
from tests.tui.pilot import SMALL
from tests.tui.samples import NOW
from tests.tui.screen_cases import PICTURES, calm, enter, leave

# Themes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "environment", "remembered", "first"),
    [
        (None, {"TERM": "xterm-256color"}, None, "dark"),
        (None, {"TERM": "xterm-256color"}, "nord", "nord"),
        (None, {"TERM": "xterm", "COLORTERM": "truecolor"}, "instasell-light", "instasell-light"),
        (None, {"TERM": "xterm"}, "instasell-light", "16"),
        (None, {"TERM": "linux"}, None, "16"),
        (None, {"TERM": "xterm", "INSTASELL_THEME": "light"}, None, "light"),
        ("dark", {"TERM": "xterm", "INSTASELL_THEME": "light"}, None, "dark"),
        ("auto", {"TERM": "xterm-256color", "INSTASELL_THEME": "light"}, None, "dark"),
    ],
)
def test_a_wish_comes_before_the_terminal_and_that_before_what_is_remembered(
    option: str | None, environment: dict[str, str], remembered: str | None, first: str
) -> None:
    wish = preference.requested_theme(option, environment)
    few = preference.few_colours(environment)
    assert preference.first_theme(wish, few_colours=few, remembered=remembered) == first


def test_a_theme_is_remembered_and_a_file_that_is_none_counts_for_nothing(tmp_path: Path) -> None:
    store = preference.ThemePreference(tmp_path / "made")
    assert store.read() is None
    store.write("instasell-16")
    assert store.read() == "instasell-16"
    assert [each.name for each in (tmp_path / "made").iterdir()] == ["theme.toml"]
    for text in ("theme = 3", "theme = [", 'theme = "../../x"', "\xff"):
        (tmp_path / "made" / "theme.toml").write_text(text, encoding="latin-1")
        assert store.read() is None
    with pytest.raises(ValueError, match="INSTASELL_THEME"):
        preference.requested_theme(None, {"INSTASELL_THEME": "pink"})


def test_the_sixteen_colours_are_sixteen_colours() -> None:
    colours = [value for value in SIXTEEN.variables.values() if value != "none"]
    colours += [SIXTEEN.primary, SIXTEEN.success or "", SIXTEEN.warning or "", SIXTEEN.error or ""]
    assert all(Color.parse(value).ansi is not None for value in colours)


@pytest.mark.parametrize("theme", [each for each in OURS if not each.ansi], ids=lambda t: t.name)
def test_what_is_written_can_be_read_on_every_ground(theme: object) -> None:
    variables = InstaSellApp().get_theme_variable_defaults()
    assert variables
    colours = {**vars(theme), **vars(theme)["variables"]}
    for ground in ("background", "surface"):
        for ink in ("foreground", "quiet", "success", "warning", "error", "accent", "primary"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for ink in ("foreground", "success", "warning", "error"):
        assert contrast(colours[ink], colours["selected"]) >= 3.0, ink


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2."""

    def light(text: str) -> float:
        parts = (each / 255 for each in Color.parse(text).rgb)
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


async def test_themes_go_round_and_are_kept_and_no_colour_is_left_where_none_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: list[str] = []
    async with open_fake_market(
        FakeMarket(), size=SMALL, theme="light", keep_theme=kept.append
    ) as shown:
        await calm(shown)
        assert shown.app.theme == "instasell-light"
        plain = shown.text
        await shown.press("t")
        await shown.until(lambda: kept == ["instasell-16"])
        assert {each.style.color.triplet for line in shown.drawn for each in line
                if each.style and each.style.color} == {None}  # fmt: skip
        assert shown.text == plain
        await shown.press("t")
        await shown.until(lambda: kept[-1] == "instasell-dark")
    monkeypatch.setenv("NO_COLOR", "1")
    async with open_fake_market(FakeMarket(), size=SMALL) as shown:
        await calm(shown)
        assert shown.text == plain
        styles = [each.style for line in shown.drawn for each in line if each.style]
        assert all(style.color is None or style.color.is_default for style in styles)
        assert all(style.bgcolor is None or style.bgcolor.is_default for style in styles)
        [row] = [line for line in shown.drawn if any(s.style and s.style.reverse for s in line)]
        assert "古い時計" in "".join(each.text for each in row), "the cursor's line is reversed"


# Keys ------------------------------------------------------------------------------------------


def test_every_key_has_a_name_of_its_own_and_no_place_has_one_twice() -> None:
    for place in PLACES:
        known: dict[str, str] = {}
        for owner in (InstaSellApp, *place.owners):
            for deed in key_actions(owner):
                for key in deed.keys:
                    assert known.setdefault(key, deed.id) == deed.id, (place.name, key)


def test_keys_that_cannot_be_are_named_with_a_remedy_and_left_out() -> None:
    entries = {
        "board.filter": "f, ctrl+f5",
        "board.filtr": "g",
        "board.sort": "ctrl+foo",
        "board.reverse": 3,
        "auction.bid": "e",
        "app.help": "f1,?",
        "app.theme": "b",
    }
    taken, remarks = apply_key_file(entries, InstaSellApp, PLACES)
    assert taken == {"board.filter": "f,ctrl+f5", "app.help": "f1,question_mark"}
    assert all(remark.startswith("keys.toml: ") for remark in remarks)
    assert [remark.partition("; ")[2] for remark in remarks] == [
        "did you mean board.filter?",
        'write a letter or a name as "ctrl+f", "f5" or "slash"',
        'write a letter or a name as "ctrl+f", "f5" or "slash"',
        "give auction.edit another, or take another",
        "give auction.bid another, or take another",
    ]


def test_two_keys_may_change_places_and_several_may_do_one_thing() -> None:
    entries = {"board.sort": "w", "board.watch": "s", "rows.down": "n,down", "board.all": ","}
    taken, remarks = apply_key_file(entries, InstaSellApp, PLACES)
    assert remarks == ['keys.toml: "rows.down" = "n,down": that key is for "selling.add";'
                       " give selling.add another, or take another"]  # fmt: skip
    assert taken == {"board.sort": "w", "board.watch": "s", "board.all": "comma"}
    [sort] = [deed for deed in key_actions(PLACES[0].owners[1]) if deed.id == "board.sort"]
    assert display_keys(in_force(sort, taken)) == "w"
    assert display_keys(["pagedown", "ctrl+f", "slash"]) == "PgDn Ctrl+f /"


def test_ids_that_were_renamed_are_still_taken() -> None:
    for old, new in keys.RENAMED.items():
        assert apply_key_file({old: "f5"}, InstaSellApp, PLACES) == ({new: "f5"}, [])
    owners = [InstaSellApp, *(owner for place in PLACES for owner in place.owners)]
    known = {deed.id for owner in owners for deed in key_actions(owner)}
    assert not set(keys.RENAMED.values()) - known
    assert known.isdisjoint(keys.RENAMED)


@pytest.mark.parametrize("order", [1, -1])
def test_the_present_id_counts_beside_the_one_before_it(order: int) -> None:
    old, new = next(iter(keys.RENAMED.items()))
    taken, [remark] = apply_key_file(
        dict([(old, "f5"), (new, "f6")][::order]), InstaSellApp, PLACES
    )
    assert taken == {new: "f6"}
    assert f'"{old}" is called "{new}" now' in remark


def test_a_file_of_keys_need_not_be_one(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    assert keys.read_keys(path) == ({}, [])
    path.write_text('[keys]\n"board.filter" = "f"\n')
    assert keys.read_keys(path) == ({"board.filter": "f"}, [])
    for text in ("[keys", "keys = 3", "#" * (keys.FILE_BYTES_MAX + 1)):
        path.write_text(text)
        entries, [remark] = keys.read_keys(path)
        assert entries == {}
        assert "keys.toml" in remark


async def test_other_keys_do_it_and_help_shows_them(tmp_path: Path) -> None:
    wished = {"app.help": "f1", "auction.bid": "x", "board.nothing": "y"}
    async with open_fake_market(
        FakeMarket(), size=(120, 36), keys=wished, remarks=["a word"]
    ) as shown:
        await shown.press("exclamation_mark")
        await shown.reads("board.nothing", "names no keys", "a word")
        await shown.press("escape")
        await enter(shown, next(each for each in PICTURES if each.name == "auction"))
        await shown.reads("x Bid", "f1 Help")
        await shown.press("f1")
        await shown.reads("F1", "auction.bid", "bid the minimum")
        [line] = [line for line in shown.lines if "auction.bid" in line]
        assert "x" in line.split()
        await leave(shown)


# Pictures --------------------------------------------------------------------------------------


def image(*versions: tuple[int, int, int]) -> ListingImage:
    """A picture of a listing by width, height and bytes of its sizes."""
    made = [
        {"width": w, "height": h, "size_bytes": size, "content_type": "image/webp", "url": f"/{w}"}
        for w, h, size in versions
    ]
    values = {"id": "00000000-0000-4000-8000-000000000001", "position": 1, "versions": made}
    return ListingImage.model_validate({**values, "created_at": NOW})


def test_the_version_is_large_enough_and_no_larger() -> None:
    assert fit_size(image((160, 90, 900), (640, 360, 9000), (1600, 900, 99_000))).width == 640
    assert fit_size(image((160, 90, 900))).width == 160
    assert fit_size(image((160, 90, 900), (640, 360, 10**7))).width == 160
    with pytest.raises(PictureUnfit, match="too large"):
        fit_size(image((5000, 5000, 900)))


def test_bytes_are_a_small_picture_or_none() -> None:
    made = decode_picture(photograph(900, 300, 6))
    assert made.mode == "RGB"
    assert max(made.size) == SIDE_MAX
    huge = BytesIO()
    Image.new("1", (PIXELS_MAX, 2)).save(huge, "PNG")
    for data in (b"", b"<svg/>", photograph(90, 30, 1)[:200], huge.getvalue()):
        with pytest.raises(PictureUnfit):
            decode_picture(data)


def test_a_cell_is_two_pixels() -> None:
    picture = Image.new("RGB", (2, 2))
    picture.putdata([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)])
    [row] = blocks(picture, 10, 10)
    assert [(text, style.color.name, style.bgcolor.name) for text, style in row
            if style.color and style.bgcolor] == [
        (HALF, "#ff0000", "#0000ff"), (HALF, "#00ff00", "#ffffff"),
    ]  # fmt: skip
    wide = Image.new("RGB", (300, 100), (250, 250, 250))
    assert [len(each) for each in blocks(wide, 30, 30)] == [30] * 5
    assert {text for row in shades(wide, 30, 30) for text, _ in row} == {"█"}


async def test_a_picture_is_unpacked_beside_and_one_that_fails_is_a_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: set[int] = set()

    def noting(data: bytes) -> object:
        threads.add(threading.get_ident())
        raise PictureUnfit("it cannot be read")

    monkeypatch.setattr(pictures, "decode_picture", noting)
    async with open_fake_market(FakeMarket(), size=(120, 36)) as shown:
        await enter(shown, next(each for each in PICTURES if each.name == "pictures"))
        await shown.reads("No picture: ")
        await shown.press("escape")
        await shown.reads("no picture", "From the estate")
    assert threads
    assert threading.get_ident() not in threads
