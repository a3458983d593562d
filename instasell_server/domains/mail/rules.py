"""Decide when to retry a mail, and when it is of no use any more: pure rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

ATTEMPTS_MAX = 16
"""With the delays below the last try comes about ten hours after the first."""
FIRST_DELAY_SECONDS = 30.0
DELAY_MAX_SECONDS = 3600.0
FACT_LENGTH_MAX = 4000

MESSAGE_DIGEST = "messages"
"""The kind of a mail that says how many messages of a conversation are unread when it goes."""

_USELESS_AFTER = {
    "ending_soon": "end_at",
    "verify_email": "expires_at",
    "reset_password": "expires_at",
    "confirm_signup": "expires_at",
}


def delay_seconds(attempts: int, chance: float) -> float:
    """Return the seconds to wait after so many tries: doubled up to an hour, plus up to a tenth.

    `chance` is from 0 to 1; it keeps mails that failed together from coming back together.
    """
    doubled: float = FIRST_DELAY_SECONDS * 2 ** min(attempts - 1, 20)
    return min(DELAY_MAX_SECONDS, doubled) * (1 + chance / 10)


def is_stale(kind: str, facts: Mapping[str, Any], now: datetime) -> bool:
    """Return whether the moment that a mail is about has passed."""
    name = _USELESS_AFTER.get(kind)
    try:
        moment = datetime.fromisoformat(str(facts[name])) if name else None
    except (KeyError, ValueError):
        return False
    return moment is not None and moment.tzinfo is not None and moment <= now


def within_limits(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts as JSON holds them: instants as text, and no text without an end."""
    return {name: _limited(value) for name, value in facts.items()}


def _limited(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, (bool, int)):
        return value
    return str(value).replace("\x00", "")[:FACT_LENGTH_MAX]
