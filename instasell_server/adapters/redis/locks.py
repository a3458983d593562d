"""Locks that keep servers from queueing on the same rows."""

from __future__ import annotations

from collections.abc import Sequence

from instasell_server.adapters.redis.pipeline import RedisPipeline, pack
from instasell_server.adapters.redis.scripts import FREE_OWN_LOCK
from instasell_server.ports import Unreachable

LOCK_MS = 5000


class RedisLocks:
    """Lock by SET NX PX with the holder's token; free by a script that compares the token."""

    def __init__(self, wire: RedisPipeline) -> None:
        self._wire = wire

    async def acquire(self, names: Sequence[str], token: str) -> set[str]:
        """Return the names that were got, each for 5 s, in one exchange. Raises Unreachable."""
        replies = await self._wire.exchange(
            [pack(b"SET", name, token, b"NX", b"PX", LOCK_MS) for name in names]
        )
        refused = [reply for reply in replies if isinstance(reply, Exception)]
        if refused:
            raise Unreachable(str(refused[0]))
        return {name for name, reply in zip(names, replies, strict=True) if reply is not None}

    async def release(self, names: Sequence[str], token: str) -> None:
        """Free what `token` still holds; what Redis does not hear of runs out after 5 s."""
        if not names:
            return
        try:
            await self._wire.run(FREE_OWN_LOCK, [(name, (token,)) for name in names])
        except Unreachable:
            return
