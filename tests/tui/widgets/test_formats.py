"""Texts, amounts and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from instasell_client.models.text import is_refused
from instasell_tui.widgets.formats import (
    Urgency,
    clip,
    countdown,
    duration,
    fit,
    local_time,
    money,
    safe_text,
    sparkline,
)


@given(st.text(), st.integers(0, 60), st.booleans())
def test_any_text_is_exactly_as_wide_as_its_column(text: str, width: int, right: bool) -> None:
    cell = fit(safe_text(text), width, right=right)
    assert cell_len(cell) == width
    assert not any(is_refused(char) for char in cell)


@given(st.text())
def test_what_is_shown_once_is_shown_the_same_again(text: str) -> None:
    assert safe_text(safe_text(text)) == safe_text(text)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Ford [blue] [/b]", "Ford [blue] [/b]"),
        ("\x1b[31mred\x07", "\ufffd[31mred\ufffd"),
        ("\u202eevil", "\ufffdevil"),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f468\U0001f469\U0001f467"),
        ("\u2764\ufe0f heart", "\u2764 heart"),
        ("e" + "\u0301" * 9, "e\u0301\u0301"),
        ("\u0301lonely", "lonely"),
        ("two\r\nlines\tand tabs", "two lines and tabs"),
        ("\ud800", "\ufffd"),
        ("\U0003ffff", "\ufffd"),
    ],
)
def test_texts_of_others_are_made_safe(text: str, seen: str) -> None:
    assert safe_text(text) == seen


def test_what_does_not_fit_ends_in_an_ellipsis() -> None:
    assert clip("A pocket watch", 9) == "A pocket…"
    assert clip("\u53e4\u3044\u6642\u8a08", 6) == "\u53e4\u3044…"
    assert clip("short", 5) == "short"
    assert clip("anything", 0) == ""


@pytest.mark.parametrize(
    ("amount", "width", "text"),
    [
        (None, 10, "–"),
        (1250, 10, "12.50"),
        (123_456_789, 12, "1,234,567.89"),
        (123_456_789, 10, "1,234,567"),
        (10**12, 10, "~10.0bn"),
        (123_456_789_00, 10, "~123.5m"),
    ],
)
def test_an_amount_gets_shorter_and_is_never_cut(amount: int | None, width: int, text: str) -> None:
    assert money(amount, "USD", width) == text


def test_amounts_have_the_decimals_of_their_currency() -> None:
    assert money(1250, "JPY") == "1,250"
    assert money(1250, "KWD") == "1.250"


@pytest.mark.parametrize(
    ("seconds", "text", "urgency"),
    [
        (3 * 86400 + 7300, "3d 02h", Urgency.CALM),
        (7265, "2h 01m", Urgency.CALM),
        (245, "4m 05s", Urgency.CALM),
        (60, "1m 00s", Urgency.CALM),
        (59.9, "! 59s", Urgency.SOON),
        (10, "! 10s", Urgency.SOON),
        (9.99, "!! 9.9s", Urgency.URGENT),
        (0.04, "!! 0.0s", Urgency.URGENT),
        (0, "closing", Urgency.OVER),
        (-3, "closing", Urgency.OVER),
    ],
)
def test_a_countdown_tells_its_urgency_in_signs(
    seconds: float, text: str, urgency: Urgency
) -> None:
    left = countdown(seconds)
    assert (left.text, left.urgency) == (text, urgency)


def test_a_length_of_time_has_two_units_at_most() -> None:
    assert [duration(seconds) for seconds in (0, 9, 61, 3600, 90000)] == [
        "0s",
        "9s",
        "1m 01s",
        "1h 00m",
        "1d 01h",
    ]


def test_times_are_local_and_name_another_day() -> None:
    instant = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)
    east = timezone(timedelta(hours=2))
    assert local_time(instant, UTC) == "23:30:00"
    assert local_time(instant, east, instant - timedelta(hours=3)) == "05 Mar 01:30"


def test_a_sparkline_is_the_newest_values_from_low_to_high() -> None:
    # Blocks as high as a line would merge with those of the lines above and below.
    assert sparkline([1, 2, 3, 4, 5, 6], 6) == "▁▂▃▄▅▆"
    assert sparkline([1, 100, 200], 2) == "▁▆"
    assert sparkline([7], 4) == "   ▁"
    assert sparkline([], 3) == "   "
