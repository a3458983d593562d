"""Failed sign-ins: guessing is slow, and nobody is locked out by what others guess.

Ten failures of an account from one address close the account to that address for a while, and to
no other. What all addresses fail together only delays those from which the account has never been
used, for some seconds at most: the right password always passes.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from instasell_client.models.errors import RateLimited
from instasell_server.domains.accounts.rules import account_of, delay_seconds
from instasell_server.ports import Limiter, Quota

FAILURES_MAX = 10
"""Of an account from one address (or in one session) in a window."""
WINDOW_SECONDS = 15 * 60
NOTICE_FAILURES = 10
"""Of an account from all addresses in a window, after which its owner is notified."""
NOTICE_SECONDS = 6 * 3600
"""How long a burst lasts at least; its owner is notified once."""
WAITERS_MAX = 1000
WAITERS_OF_SOURCE_MAX = 4

# Far above what an address can reach; what counts here is the number, not the limit.
_COUNT_MAX = 1_000_000

ReportBurst = Callable[[str, int, str], Awaitable[None]]
"""Takes the e-mail address, the number of failures, and where the last one came from."""


class AddressHasher:
    """Names network addresses so that only the market can recognise one."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def hash(self, address: str) -> str:
        """Return 32 hexadecimal digits for an address as limits count it."""
        return hmac.new(self._key, address.encode(), hashlib.sha256).hexdigest()[:32]


class FailedSignIns:
    """Count failures alike for accounts that exist and for those that do not."""

    def __init__(self, limiter: Limiter, report_burst: ReportBurst) -> None:
        self._limiter = limiter
        self._report_burst = report_burst
        self._delays = DelayQueue()
        self._in_flight: Counter[str] = Counter()

    async def require_attempts(self, email: str, source: str) -> None:
        """Raise RateLimited when this source has used up its failures of the account."""
        who = _pair_of(email, source)
        _require(
            await self._limiter.peek(
                "login-pair", who, limit=FAILURES_MAX, window_seconds=WINDOW_SECONDS
            )
        )

    async def delay_for(self, email: str, *, is_known: bool) -> float:
        """Return the seconds that an attempt has to wait before its password is looked at."""
        if is_known:
            return 0.0
        account = account_of(email)
        counted = await self._limiter.peek(
            "login-account", account, limit=_COUNT_MAX, window_seconds=WINDOW_SECONDS
        )
        # Guesses that are sent at once have not failed yet, and count as if they had.
        return delay_seconds(_COUNT_MAX - counted.remaining + self._in_flight[account])

    @asynccontextmanager
    async def attempt(self, email: str, source: str, *, is_known: bool) -> AsyncIterator[None]:
        """Wait for as long as the account is slowed down; holds neither a connection nor a thread.

        Raises RateLimited for a source that has several attempts waiting already.
        """
        seconds = await self.delay_for(email, is_known=is_known)
        account = account_of(email)
        self._in_flight[account] += 1
        try:
            if seconds:
                await self._delays.wait(_pair_of(email, source), seconds)
            yield
        finally:
            self._in_flight[account] -= 1
            if not self._in_flight[account]:
                del self._in_flight[account]

    async def record(self, email: str, source: str, address: str) -> None:
        """Count a failure. Raises RateLimited when others of the source used up the rest."""
        account = account_of(email)
        counted = await self._limiter.hit(
            "login-account", account, limit=_COUNT_MAX, window_seconds=WINDOW_SECONDS
        )
        # Each server that is cut off from Redis counts by itself, and none skips a number.
        failures = _COUNT_MAX - counted.remaining
        if failures == NOTICE_FAILURES and await self._begins_burst(account):
            await self._report_burst(email, failures, address)
        who = _pair_of(email, source)
        _require(
            await self._limiter.hit(
                "login-pair", who, limit=FAILURES_MAX, window_seconds=WINDOW_SECONDS
            )
        )

    async def _begins_burst(self, account: str) -> bool:
        notice = await self._limiter.hit(
            "login-notice", account, limit=1, window_seconds=NOTICE_SECONDS
        )
        return notice.allowed


class DelayQueue:
    """Attempts that wait, in a bounded number.

    When it is full the one that has waited longest goes on early, so that no number of guesses
    keeps anybody else out.
    """

    def __init__(self, size: int = WAITERS_MAX) -> None:
        self._size = size
        self._waiting: dict[asyncio.Event, str] = {}
        self._of_source: Counter[str] = Counter()

    async def wait(self, source: str, seconds: float) -> None:
        """Wait. Raises RateLimited when `WAITERS_OF_SOURCE_MAX` of the source do so already."""
        if self._of_source[source] >= WAITERS_OF_SOURCE_MAX:
            raise RateLimited(
                f"{WAITERS_OF_SOURCE_MAX} sign-ins of this account wait already; "
                f"come back in {math.ceil(seconds)} s",
                retry_after_seconds=math.ceil(seconds),
            )
        if len(self._waiting) >= self._size:
            next(iter(self._waiting)).set()
        release = asyncio.Event()
        self._waiting[release] = source
        self._of_source[source] += 1
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await release.wait()
        finally:
            del self._waiting[release]
            self._of_source[source] -= 1
            if not self._of_source[source]:
                del self._of_source[source]


def from_address(address: str) -> str:
    """Return the source of an attempt that comes from a network address."""
    return f"address:{address}"


def from_session(session_id: str) -> str:
    """Return the source of an attempt that is made within a session, wherever that is."""
    return f"session:{session_id}"


def _pair_of(email: str, source: str) -> str:
    return hashlib.sha256(f"{account_of(email)}:{source}".encode()).hexdigest()


def _require(quota: Quota) -> None:
    if not quota.allowed:
        seconds = max(1, math.ceil(quota.reset_after_seconds))
        raise RateLimited(
            f"{quota.limit} failed sign-ins of this account came from your address, which is the"
            f" limit for {quota.window_seconds // 60} minutes; come back in {seconds} s, or set a"
            " new password: instasell auth forgot",
            retry_after_seconds=seconds,
        )
