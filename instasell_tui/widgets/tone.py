"""The tones of what a screen says, each with a style of its own."""

from __future__ import annotations

from enum import StrEnum


class Tone(StrEnum):
    """Name the tone of a message."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    WARN = "warn"


TonedText = tuple[str, Tone]
"""A sentence for the user, and the tone in which a screen shows it."""
