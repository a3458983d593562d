"""Failed sign-ins, counted by account: guessing is slow, and nobody is locked out for good."""

from __future__ import annotations

import math

from instasell_server.domains.accounts.rules import account_of
from instasell_server.errors import RateLimited
from instasell_server.ports import Limiter, Quota

BUCKET = "login"
FAILURES_MAX = 10
WINDOW_SECONDS = 15 * 60


class Failures:
    """Ten in 15 minutes, for addresses that exist and for those that do not."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter

    async def check(self, email: str) -> None:
        """Raises RateLimited when the account has had its failures."""
        _require(
            await self._limiter.peek(
                BUCKET, account_of(email), limit=FAILURES_MAX, window_seconds=WINDOW_SECONDS
            )
        )

    async def count(self, email: str) -> None:
        """Counts a failure. Raises RateLimited when others used the limit up meanwhile."""
        _require(
            await self._limiter.hit(
                BUCKET, account_of(email), limit=FAILURES_MAX, window_seconds=WINDOW_SECONDS
            )
        )


def _require(quota: Quota) -> None:
    if not quota.allowed:
        seconds = max(1, math.ceil(quota.reset_after_seconds))
        raise RateLimited(
            f"too many failed sign-ins of this account; come back in {seconds} s",
            retry_after_seconds=seconds,
        )
