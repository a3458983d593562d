"""Copies of rows in Redis, each behind the version of its row.

An entry is `=version:value`. A retired one is `~version:` for a while, which reads as absent and
keeps older versions out: a reader that was slow between its SELECT and its put cannot bring an old
value back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from instasell_server.adapters.redis.pipeline import RedisPipeline, pack
from instasell_server.adapters.redis.scripts import GET_CHANGED, PUT_NEWER, RETIRE
from instasell_server.ports import CachedCopy, Unreachable

_ENTRY = re.compile(rb"=(\d{1,19}):")


class RedisCache:
    """Implement the Cache port over Redis."""

    def __init__(self, wire: RedisPipeline) -> None:
        self._wire = wire

    async def get(self, key: str) -> bytes | None:
        """Return the value; None if absent or retired, empty for garbage. Raises Unreachable.

        Lost and garbled are two things: a session that is lost has ended, while behind a garbled
        copy the row is still there.
        """
        return (await self.get_many([key]))[0]

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return the values of these keys, in one exchange. Raises Unreachable."""
        return [
            _value_of(reply)
            for reply in await self._wire.exchange([pack(b"GET", key) for key in keys])
        ]

    async def find_changed(self, known: Mapping[str, int]) -> dict[str, CachedCopy | None]:
        """Find the entries with another version than the known one, in one exchange.

        Raises Unreachable.
        """
        calls = [(key, (version,)) for key, version in known.items()]
        replies = await self._wire.run(GET_CHANGED, calls)
        return {
            key: _copy_of(reply)
            for key, reply in zip(known, replies, strict=True)
            if not isinstance(reply, int)
        }

    async def put(self, key: str, value: bytes, *, version: int, ttl_seconds: int) -> bool:
        """Store a value unless a newer version is there; False when Redis did not answer.

        Never raises.
        """
        return await self.put_many({key: CachedCopy(version, value)}, ttl_seconds=ttl_seconds)

    async def put_many(self, copies: Mapping[str, CachedCopy], *, ttl_seconds: int) -> bool:
        """Store copies as `put` does, in one exchange. Never raises."""
        if not copies:
            return True
        calls = [(key, (*copy, ttl_seconds)) for key, copy in copies.items()]
        try:
            replies = await self._wire.run(PUT_NEWER, calls)
        except Unreachable:
            return False
        return not any(isinstance(reply, Exception) for reply in replies)

    async def invalidate(self, versions: Mapping[str, int], *, ttl_seconds: int) -> bool:
        """Make entries older than these versions count as absent, in one exchange.

        False when Redis did not answer, and it has to be done again. Never raises.
        """
        if not versions:
            return True
        calls = [(key, (version, ttl_seconds)) for key, version in versions.items()]
        try:
            replies = await self._wire.run(RETIRE, calls)
        except Unreachable:
            return False
        return not any(isinstance(reply, Exception) for reply in replies)

    async def drop(self, keys: Iterable[str]) -> bool:
        """Delete entries; False when Redis did not answer, and it has to be done again."""
        commands = [pack(b"DEL", key) for key in keys]
        if not commands:
            return True
        try:
            replies = await self._wire.exchange(commands)
        except Unreachable:
            return False
        return not any(isinstance(reply, Exception) for reply in replies)


def _value_of(reply: object) -> bytes | None:
    if reply is None:
        return None
    if not isinstance(reply, bytes):
        return b""
    found = _ENTRY.match(reply)
    if found is not None:
        return reply[found.end() :]
    return None if reply.startswith(b"~") else b""


def _copy_of(reply: object) -> CachedCopy | None:
    found = _ENTRY.match(reply) if isinstance(reply, bytes) else None
    if found is None or not isinstance(reply, bytes):
        return None
    return CachedCopy(int(found[1]), reply[found.end() :])
