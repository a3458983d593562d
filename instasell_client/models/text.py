"""Text that people write and other people see.

Control characters, bidirectional overrides and lone surrogates are refused at the door: they can
take over a terminal, turn a title around, or make PostgreSQL fail. What is shown is cleaned a
second time by the fronts, for data that came another way.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_REFUSED = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})


def is_refused(character: str) -> bool:
    """Whether a character may steer a terminal or reorder text."""
    if character.isascii():
        return not character.isprintable()
    return character in _BIDI or unicodedata.category(character) in _REFUSED


def clean(text: str, *, keep: str = "", replacement: str = "\N{REPLACEMENT CHARACTER}") -> str:
    """`text` with every refused character replaced, except those in `keep`; for showing."""
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

Prose = Annotated[str, AfterValidator(_prose)]
"""Text of several lines: new lines and tabs are allowed, other controls are not."""

Message = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_prose)]
"""Prose without white space around it, so that what is blank counts as empty."""
