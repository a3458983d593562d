"""Passwords that are guessed first: the common ones, and what everybody knows of an account."""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.resources import files

from instasell_server.errors import Invalid

TOO_COMMON = (
    "this is one of the most common passwords, which are guessed first; use another one, such as"
    " four words that do not belong together"
)
DIFFERENT_MIN = 2
"""How many different characters a password has at least: eight spaces, or one z, are none."""

TOO_CLOSE = "this is your e-mail address or your name, which others know; use something else"


@cache
def common_passwords() -> frozenset[str]:
    """Return the list, folded; passwords of less than 8 characters are not on it."""
    text = (files(__package__) / "common_passwords.txt").read_text(encoding="utf-8")
    lines = text.splitlines()
    return frozenset(line for line in lines if line != "#" and not line.startswith("# "))


def weakness_of(password: str, email: str = "", display_name: str | None = None) -> str | None:
    """Return what is wrong with a new password of an account, or None.

    Case does not count, nor whether letters are full-width or composed.
    """
    folded = _folded(password)
    if len(set(folded)) < DIFFERENT_MIN or folded in common_passwords():
        return TOO_COMMON
    known = {_folded(email), _folded(email.rpartition("@")[0]), _folded(display_name or "")}
    return TOO_CLOSE if folded in known else None


def require_strong(
    field: str, password: str, email: str = "", display_name: str | None = None
) -> None:
    """Raise Invalid for a password that is guessed first; `field` is what the caller sent it in."""
    weakness = weakness_of(password, email, display_name)
    if weakness is not None:
        raise Invalid.one(field, weakness)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()
