"""Passwords that are guessed first: the common ones, and what everybody knows of an account."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from instasell_client.models.errors import Invalid

TOO_COMMON = (
    "this is one of the most common passwords, or is made from one by a small change, and is"
    " guessed first; use another one, such as four words that do not belong together"
)
DIFFERENT_MIN = 2
"""How many different characters a password has at least: eight spaces, or one z, are none."""

TOO_CLOSE = "this is your e-mail address or your name, which others know; use something else"

MARKET_NAMES = frozenset({"instasell", "instantsell"})
REPEATED_MIN = 8
"""How long a part has to be that fills a password by being repeated: as long as a password."""

ADDED_MAX = 6
"""How many digits and marks before or behind a word add only what guessers try anyway.

They try years, dates and `123!` first. More than six are left alone: ten random digits behind a
word are a good password.
"""
_CORE_MIN = 7
"""The shortest entry of the list. A shorter core would refuse what merely contains a word."""

_NAME_LETTERS_MIN = 3
"""Of a name with fewer, such as `A` or `42`, too many passwords would be near."""

_LEET = str.maketrans("013457@$!|+8l", "oieastasiitbi")
"""Letters that look alike become one; `l` becomes `i`, because 1 and ! are written for both."""

_BEFORE = re.compile(r"[\W\d_]*")
_BEHIND = re.compile(r"[\W\d_]*\Z")
_SEPARATORS = re.compile(r"[\W_]+")


@cache
def common_passwords() -> frozenset[str]:
    """Return the list, folded; passwords of less than 8 characters are not on it."""
    text = (files(__package__) / "common_passwords.txt").read_text(encoding="utf-8")
    lines = text.splitlines()
    return frozenset(line for line in lines if line != "#" and not line.startswith("# "))


@cache
def _common_cores() -> frozenset[str]:
    cores = {_core(password) for password in common_passwords()}
    return frozenset(core for core in cores if len(core) >= _CORE_MIN) | {
        _core(name) for name in MARKET_NAMES
    }


def weakness_of(password: str, email: str = "", display_name: str | None = None) -> str | None:
    """Return what is wrong with a new password of an account, or None.

    Case does not count, nor whether letters are full-width or composed. What is common stays so
    with digits for letters (`passw0rd`), doubled, and with a few digits or marks around it.
    """
    folded = _folded(password)
    if len(set(folded)) < DIFFERENT_MIN or folded in common_passwords():
        return TOO_COMMON
    forms = {*_without_additions(folded)}
    parts = {_repeated_part(form) for form in forms if len(form) >= REPEATED_MIN}
    if any(len(part) < REPEATED_MIN for part in parts):
        return TOO_COMMON
    if not _common_cores().isdisjoint(map(_core, forms | parts)):
        return TOO_COMMON
    known = {_folded(email), _folded(email.rpartition("@")[0]), _folded(display_name or "")}
    named = {name for name in known if sum(map(str.isalpha, name)) >= _NAME_LETTERS_MIN}
    return TOO_CLOSE if folded in known or not named.isdisjoint(forms | parts) else None


def require_strong(
    field: str, password: str, email: str = "", display_name: str | None = None
) -> None:
    """Raise Invalid for a password that is guessed first; `field` is what the caller sent it in."""
    weakness = weakness_of(password, email, display_name)
    if weakness is not None:
        raise Invalid.one(field, weakness)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()


def _core(text: str) -> str:
    """Return the letters and digits of a text, with those that look alike made one."""
    return _SEPARATORS.sub("", text.translate(_LEET))


def _repeated_part(text: str) -> str:
    """Return the part that the whole text repeats, or the text: `dogdog` and `dog-dog` are dog."""
    for candidate in (text, _SEPARATORS.sub("", text)):
        # A text repeats a part exactly when it is found in its own double before its end.
        length = (candidate * 2).find(candidate, 1)
        if 0 < length < len(candidate):
            return candidate[:length]
    return text


def _without_additions(text: str) -> Iterator[str]:
    """Yield the text without each number of digits and marks before and behind it.

    Each number, because some of them may stand for letters: the 0 in `0cean` and in `hello0`.
    """
    before = _BEFORE.match(text)
    behind = _BEHIND.search(text)
    first = min(ADDED_MAX, before.end() if before else 0)
    last = min(ADDED_MAX, len(text) - behind.start() if behind else 0)
    for cut_before in range(first + 1):
        for cut_behind in range(min(last, len(text) - cut_before) + 1):
            yield text[cut_before : len(text) - cut_behind]
