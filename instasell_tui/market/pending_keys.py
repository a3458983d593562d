"""Keep the idempotency keys of writes whose answers have not arrived.

A write that is sent again after silence has to be the same write, or the user has two listings,
two messages or two auctions. Every screen sends its writes by this store, so it also holds when
the user leaves a screen and sends from another one.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from instasell_client import (
    InstaSellError,
    OutcomeUnknown,
    RateLimited,
    StillRunning,
    TransportError,
    Unauthenticated,
    Unavailable,
)

UNANSWERED = (OutcomeUnknown, StillRunning, TransportError, Unavailable)
"""After these nobody knows whether the market has done the write."""

INCONCLUSIVE = (RateLimited, Unauthenticated)
"""These refuse a try before it is looked at, and say nothing of the tries before it."""

PENDING_MAX = 500
"""Beyond this number the key that waits longest is dropped."""

PENDING_SECONDS = 600.0
"""An equal write later than this is meant as a new one, as the same short message again."""

Request = tuple[object, ...]
"""All that makes a write what it is: its kind, the ids, and every value that is sent."""

Reply = TypeVar("Reply")


@dataclass(slots=True)
class PendingWrite:
    """Hold the key of a write, since when it is used, and whether a try of it got no answer."""

    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    since: float = field(default_factory=time.monotonic)
    is_unanswered: bool = False

    @property
    def is_old(self) -> bool:
        """Return whether the key has been kept for too long to be meant again."""
        return time.monotonic() - self.since > PENDING_SECONDS


class PendingKeys:
    """Send each write with a key that stays the same until the market answers."""

    def __init__(self) -> None:
        self._writes: dict[Request, PendingWrite] = {}

    async def send_once(self, request: Request, send: Callable[[str], Awaitable[Reply]]) -> Reply:
        """Send a write by `send(key)`; an equal `request` after silence has the same key.

        An answer, also a refusal, ends that: the same request later is a new write.
        """
        write = self._writes.get(request)
        if write is None or write.is_old:
            write = self._writes[request] = PendingWrite()
        if len(self._writes) > PENDING_MAX:
            del self._writes[next(iter(self._writes))]
        try:
            reply = await send(write.key)
        except UNANSWERED:
            write.is_unanswered = True
            raise
        except InstaSellError as error:
            if not (write.is_unanswered and _is_inconclusive(error)):
                self._end(request, write)
            raise
        self._end(request, write)
        return reply

    def _end(self, request: Request, write: PendingWrite) -> None:
        # Another person, or another try, may have put a write of its own there meanwhile.
        if self._writes.get(request) is write:
            del self._writes[request]

    def find(self, *beginning: object) -> Request | None:
        """Return the newest unanswered request that begins with these values, or None."""
        return next(
            (
                each
                for each, write in reversed(self._writes.items())
                if each[: len(beginning)] == beginning and write.is_unanswered and not write.is_old
            ),
            None,
        )

    def forget(self, *beginning: object) -> None:
        """Drop the requests that begin with these values."""
        for each in [each for each in self._writes if each[: len(beginning)] == beginning]:
            del self._writes[each]

    def forget_person(self) -> None:
        """Drop all: another person sends none of them."""
        self._writes.clear()


def _is_inconclusive(error: InstaSellError) -> bool:
    return isinstance(error, INCONCLUSIVE) or error.status >= 500
