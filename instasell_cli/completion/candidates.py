"""Match candidates with the text that is typed so far."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

SHOWN_MAX = 50
TITLE_CHARACTERS_MAX = 60

# The shell takes a value as it is, so one that a shell could read otherwise is not offered.
_HARMLESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._+,:-]{0,253}", re.ASCII)
# What is quoted has no character that a quoted word could end at, or a terminal be steered by.
_TEXT = re.compile(r"[^\W_][\w .,:;&/()+>-]{0,253}")
_ID = re.compile(r"[0-9a-f-]*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Candidate:
    """Hold a value that is possible there, and its description."""

    value: str
    title: str = ""
    is_text: bool = False
    """Whether it has spaces and the like, which the shell's own way of quoting makes one word."""


def is_beginning_of_id(typed: str) -> bool:
    """Return whether ids can begin like this; an empty text is the beginning of all."""
    return _ID.fullmatch(typed) is not None


def match_candidates(candidates: Iterable[Candidate], typed: str) -> list[Candidate]:
    """Return those that begin as typed or have the typed words in their title, each once.

    At most `SHOWN_MAX`, with titles that are harmless to a terminal.
    """
    found: dict[str, Candidate] = {}
    for each in candidates:
        is_safe = _TEXT if each.is_text else _HARMLESS
        if is_safe.fullmatch(each.value) and each.value not in found and _fits(each, typed):
            found[each.value] = replace(each, title=shown(each.title))
            if len(found) == SHOWN_MAX:
                break
    return [*found.values()]


def shown(title: str) -> str:
    """Return a title on one line, without what could steer a terminal, short enough for a list."""
    line = " ".join(title.split())
    # Every character that a terminal or a reader could be misled by is unprintable.
    clean = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)
    if len(clean) <= TITLE_CHARACTERS_MAX:
        return clean
    return clean[: TITLE_CHARACTERS_MAX - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def _fits(candidate: Candidate, typed: str) -> bool:
    if candidate.value.casefold().startswith(typed.casefold()):
        return True
    words = (candidate.title or candidate.value).casefold().split()
    return all(any(word.startswith(part) for word in words) for part in typed.casefold().split())
