"""Locks, caches, limits, the bus between servers, and the sockets of accounts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Unreachable(Exception):
    """The engine behind a port does not answer."""


@dataclass(frozen=True, slots=True)
class Quota:
    """Hold what is left of a limit after a hit."""

    allowed: bool
    limit: int
    remaining: int
    reset_after_seconds: float
    window_seconds: int


class Locks(Protocol):
    """Hints that keep servers from queueing on the same rows; never what makes things safe."""

    async def acquire(self, names: Sequence[str], token: str) -> set[str]:
        """Return the names that were got, each for 5 s. Raises Unreachable."""
        ...

    async def release(self, names: Sequence[str], token: str) -> None:
        """Free those of `names` that `token` still holds. Never raises."""
        ...


class CachedCopy(NamedTuple):
    """Hold a copy of a row or a page with its version."""

    version: int
    value: bytes


class Cache(Protocol):
    """Copies of rows, each with the version of its row. PostgreSQL stays the truth."""

    async def get(self, key: str) -> bytes | None:
        """Get the value; None for what is absent, empty for garbage. Raises Unreachable."""
        ...

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Get the values of these keys, each as `get` does. Raises Unreachable."""
        ...

    async def find_changed(self, known: Mapping[str, int]) -> dict[str, CachedCopy | None]:
        """Find the copies of these keys whose version is not the known one; None for absent ones.

        Those that are as they are known are left out. Raises Unreachable.
        """
        ...

    async def put(self, key: str, value: bytes, *, version: int, ttl_seconds: int) -> bool:
        """Store a value unless a newer version is there; False when Redis did not answer.

        Never raises.
        """
        ...

    async def put_many(self, copies: Mapping[str, CachedCopy], *, ttl_seconds: int) -> bool:
        """Store copies as `put` does, in one exchange. Never raises."""
        ...

    async def invalidate(self, versions: Mapping[str, int], *, ttl_seconds: int) -> bool:
        """Make entries older than these versions count as absent, in one pipeline.

        A reader that still holds an older row cannot put it back. False when Redis did not
        answer. Never raises.
        """
        ...

    async def drop(self, keys: Iterable[str]) -> bool:
        """Delete keys; False when Redis did not answer, and it has to be done again."""
        ...


class Limiter(Protocol):
    """Counts hits, exactly across servers; a local count serves while Redis is away."""

    async def hit(
        self, bucket: str, who: str, *, limit: int, window_seconds: int, in_parts: bool = False
    ) -> Quota:
        """Count one hit of `who`; a limit of 0 always allows. Never raises.

        With `in_parts` a server takes a hundredth of the limit at once and counts it by itself:
        no more pass than the limit allows, and what a server has left over may be lost to others.
        Limits below 200 are exact.
        """
        ...

    def try_hit(self, bucket: str, who: str, *, limit: int, window_seconds: int) -> Quota | None:
        """Count one hit that needs no query; None where `hit` has to ask."""
        ...

    async def peek(self, bucket: str, who: str, *, limit: int, window_seconds: int) -> Quota:
        """Return the quota that a hit would get, without counting one. Never raises."""
        ...


Deliver = Callable[[bytes], Awaitable[None]]


class Bus(Protocol):
    """Carries events between the servers of one market."""

    async def publish(self, messages: Sequence[bytes]) -> None:
        """Send to every other server; what cannot be sent is lost and found by the sweep."""
        ...

    def listen(self, deliver: Deliver, came_back: Callable[[], None]) -> None:
        """Set what receives the messages of other servers, and what runs when Redis is back."""
        ...

    @property
    def peers(self) -> int:
        """Count the other servers that were heard of in the last seconds."""
        ...


class Events(Protocol):
    """Reach the open sockets of accounts, on all servers."""

    async def close_sessions(self, session_ids: Sequence[str]) -> None:
        """Close every socket of these sessions, on all servers. Never raises."""
        ...

    async def reopen_sessions(self, session_ids: Sequence[str]) -> None:
        """Have every socket of these sessions connect again, on all servers. Never raises."""
        ...

    async def notify_user(self, user_id: str, frame: bytes) -> None:
        """Send a frame to a user's own sockets, on all servers. Never raises."""
        ...

    async def notify_users(self, frames: Sequence[tuple[str, bytes]]) -> None:
        """Send each of these users a frame, as `notify_user` does, in one go. Never raises."""
        ...
