"""Keep the idempotency keys of writes whose answers have not arrived.

A write that is sent again after silence has to be the same write, or the user has two listings,
two messages or two auctions. Every screen sends its writes by this store, so it also holds when
the user leaves a screen and sends from another one.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import TypeVar

from instasell_client import (
    InstaSellError,
    OutcomeUnknown,
    StillRunning,
    TransportError,
    Unavailable,
)

UNANSWERED = (OutcomeUnknown, StillRunning, TransportError, Unavailable)
"""After these nobody knows whether the market has done the write."""

PENDING_MAX = 500
"""Beyond this number the key that waits longest is dropped."""

Request = tuple[object, ...]
"""All that makes a write what it is: its kind, the ids, and every value that is sent."""

Reply = TypeVar("Reply")


class PendingKeys:
    """Send each write with a key that stays the same until the market answers."""

    def __init__(self) -> None:
        self._keys: dict[Request, str] = {}

    async def send_once(self, request: Request, send: Callable[[str], Awaitable[Reply]]) -> Reply:
        """Send a write by `send(key)`; an equal `request` after silence has the same key.

        Any answer, also a refusal, ends that: the same request later is a new write.
        """
        key = self._keys.setdefault(request, uuid.uuid4().hex)
        if len(self._keys) > PENDING_MAX:
            del self._keys[next(iter(self._keys))]
        try:
            reply = await send(key)
        except UNANSWERED:
            raise
        except InstaSellError:
            self._keys.pop(request, None)
            raise
        self._keys.pop(request, None)
        return reply

    def find(self, *beginning: object) -> Request | None:
        """Return the newest unanswered request that begins with these values, or None."""
        return next((each for each in reversed(self._keys) if _begins(each, beginning)), None)

    def forget(self, *beginning: object) -> None:
        """Drop the requests that begin with these values."""
        for each in [each for each in self._keys if _begins(each, beginning)]:
            del self._keys[each]

    def forget_person(self) -> None:
        """Drop all: another person sends none of them."""
        self._keys.clear()


def _begins(request: Request, beginning: Request) -> bool:
    return request[: len(beginning)] == beginning
