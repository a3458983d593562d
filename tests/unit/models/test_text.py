"""Text that cannot steer a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from instasell_client.models.text import Line, Prose, clean, is_refused

LINE = TypeAdapter(Line)
PROSE = TypeAdapter(Prose)

DANGEROUS = {
    "escape": "\x1b[2J",
    "C1": "\x9b2J",
    "NUL": "a\x00b",
    "bell": "\x07",
    "delete": "\x7f",
    "override": "abc\u202eexe",
    "isolate": "\u2066x",
    "mark": "\u200fx",
    "line separator": "a\u2028b",
    "carriage return": "a\rb",
    "lone surrogate": "\ud800",
    "private use": "\ue000",
}


@pytest.mark.parametrize("text", DANGEROUS.values(), ids=DANGEROUS)
@pytest.mark.parametrize("kind", [LINE, PROSE], ids=["line", "prose"])
def test_dangerous_text_is_refused(kind: TypeAdapter[str], text: str) -> None:
    with pytest.raises(ValidationError):
        kind.validate_python(text)


@pytest.mark.parametrize("text", DANGEROUS.values(), ids=DANGEROUS)
def test_dangerous_text_is_shown_harmlessly(text: str) -> None:
    shown = clean(text)
    assert "\N{REPLACEMENT CHARACTER}" in shown
    assert not any(is_refused(char) for char in shown)


@pytest.mark.parametrize(
    "text",
    ["A brass lamp", "Ford [blue]", "[/b]", "100% \\_", "größe 大きい 👍🏽", "שלום", "naïve"],
)
def test_harmless_text_comes_back_letter_for_letter(text: str) -> None:
    assert LINE.validate_python(text) == text
    assert PROSE.validate_python(text) == text
    assert clean(text) == text


def test_line_is_stripped_and_has_no_line_breaks() -> None:
    assert LINE.validate_python("  a lamp  ") == "a lamp"
    with pytest.raises(ValidationError, match=r"U\+000A at position 2"):
        LINE.validate_python("a\nb")


def test_prose_keeps_lines_and_tabs() -> None:
    assert PROSE.validate_python(" a\n\tb ") == " a\n\tb "
    assert clean("a\n\tb", keep="\n\t") == "a\n\tb"
    assert clean("a\nb") == "a\N{REPLACEMENT CHARACTER}b"


@given(st.text())
def test_accepted_text_controls_no_terminal(text: str) -> None:
    try:
        taken = PROSE.validate_python(text)
    except ValidationError:
        assert any(is_refused(char) and char not in "\n\t" for char in text)
    else:
        kept = set(taken) - set("\n\t")
        assert not {unicodedata.category(char) for char in kept} & {"Cc", "Cs", "Co", "Zl", "Zp"}


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert len(clean(text)) == len(text)
