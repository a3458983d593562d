"""Refuses what exceeds a limit, and says of what the limit is, its number, and until when."""

from __future__ import annotations

import math

from instasell_client.models.errors import RateLimited
from instasell_server.ports import Quota

MINUTE_SECONDS = 60


def require_quota(quota: Quota, what: str, remedy: str = "Try again") -> None:
    """Raise RateLimited when the quota is used up.

    Args:
        quota: What the limiter answered.
        what: What is counted, in the plural and with its owner: "sign-ins from your address".
        remedy: What to do; the time follows it.
    """
    if quota.allowed:
        return
    seconds = max(1, math.ceil(quota.reset_after_seconds))
    raise RateLimited(
        f"Too many {what}: the limit is {quota.limit:,} in {duration_text(quota.window_seconds)}."
        f" {remedy} in {duration_text(seconds)}.",
        retry_after_seconds=seconds,
        limit=quota.limit,
        window_seconds=quota.window_seconds,
    )


def duration_text(seconds: int) -> str:
    """Format a duration for people: seconds up to a minute, then minutes, rounded up."""
    if seconds < MINUTE_SECONDS:
        return _counted(seconds, "second")
    return _counted(math.ceil(seconds / MINUTE_SECONDS), "minute")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
