"""Text that people write and other people see.

Control characters, bidirectional overrides and lone surrogates are refused on input: they can
take over a terminal, turn a title around, or make PostgreSQL fail. What is shown is cleaned a
second time by the fronts, for data that came another way.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_REFUSED = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})
# Unicode's Default_Ignorable_Code_Point beyond the category Cf, and the blank of Braille.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_PLANE_14 = frozenset(map(chr, range(0xE0100, 0xE01F0)))
# Of the category Cf, but seen: signs around numbers in Arabic, Syriac and Kaithi.
_SEEN_FORMATS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
_NON_JOINER, _JOINER, _AS_EMOJI, _KEYCAP = "\u200c", "\u200d", "\ufe0f", "\u20e3"


def is_refused(character: str) -> bool:
    """Return True when a character may control a terminal or reorder text."""
    if character.isascii():
        return not character.isprintable()
    return character in _BIDI or unicodedata.category(character) in _REFUSED


def is_invisible(character: str) -> bool:
    """Tell if nothing is seen of a character: two texts look the same with it and without."""
    if character.isascii():
        return False
    if unicodedata.category(character) == "Cf":
        return character not in _SEEN_FORMATS
    return character in _UNSEEN or 0xFE00 <= ord(character) <= 0xFE0F or character in _PLANE_14


def clean(text: str, *, keep: str = "", replacement: str = "\N{REPLACEMENT CHARACTER}") -> str:
    """Return `text` for showing, with every refused character replaced but those in `keep`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(replacement if is_refused(char) and char not in keep else char for char in text)


def _line(text: str) -> str:
    # Every refused character is unprintable, and asking for that costs far less than looking.
    if text.isprintable():
        return text
    for position, char in enumerate(text, 1):
        if is_refused(char):
            raise ValueError(_complaint(char, position))
    return text


def _name(text: str) -> str:
    """Refuse what is not seen, and keep one form of what is: composed, single spaces."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    text = " ".join(unicodedata.normalize("NFC", _line(text)).split())
    for position, char in enumerate(text, 1):
        if is_invisible(char) and not _belongs(text, position - 1):
            raise ValueError(f"remove the invisible U+{ord(char):04X} at position {position}")
    return text


def _belongs(text: str, place: int) -> bool:
    """Tell whether an invisible character shapes what is around it, as in Persian and in emoji."""
    char, before, after = text[place], text[place - 1 : place], text[place + 1 : place + 2]
    if char == _AS_EMOJI:
        return after == _KEYCAP or (bool(before) and not before.isascii())
    if char not in (_NON_JOINER, _JOINER) or not before or not after:
        return False
    if before.isascii() or after.isascii() or is_invisible(after):
        return False
    return before == _AS_EMOJI or not is_invisible(before)


def _prose(text: str) -> str:
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    for position, char in enumerate(text, 1):
        if is_refused(char) and char not in "\n\t":
            raise ValueError(_complaint(char, position))
    return text


def _complaint(char: str, position: int) -> str:
    return f"remove the control character U+{ord(char):04X} at position {position}"


Line = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_line)]
"""One line of text without control or direction characters."""

Name = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_name)]
"""Check a name on one line: no invisible characters, and single spaces only."""

Prose = Annotated[str, AfterValidator(_prose)]
"""Text of several lines: new lines and tabs are allowed, other controls are not."""

Message = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_prose)]
"""Prose without white space around it, so that what is blank counts as empty."""
