"""A read of the database that all who wait for it share, one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

import structlog

from instasell_client.models.errors import InstaSellError

Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")

_log = structlog.get_logger("instasell.live")


class SharedRead(Generic[Key, Found]):
    """Reads for all who wait, never from a read that began before they asked.

    `read` is given the keys of those who wait and returns what each key gets. Reads begin
    `pause_seconds` apart, so that however many ask, their number is bounded.
    """

    def __init__(
        self,
        read: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Found]]],
        *,
        pause_seconds: float = 0.0,
    ) -> None:
        self._read = read
        self._pause_seconds = pause_seconds
        self._waiting: dict[Key, list[asyncio.Future[Found | InstaSellError]]] = {}
        self._reader: asyncio.Task[None] | None = None

    def submit(self, key: Key) -> asyncio.Future[Found | InstaSellError]:
        """Ask for a read; a refusal is a value, never raised."""
        answer: asyncio.Future[Found | InstaSellError] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(answer)
        if self._reader is None:
            self._reader = asyncio.create_task(self._read_on(), name="shared-read")
        return answer

    async def stop(self) -> None:
        """Give up what is being read."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _read_on(self) -> None:
        try:
            while self._waiting:
                asking, self._waiting = self._waiting, {}
                found = await self._found(list(asking))
                for key, answers in asking.items():
                    for each in answers:
                        if not each.done():
                            each.set_result(
                                found if isinstance(found, InstaSellError) else found[key]
                            )
                await asyncio.sleep(self._pause_seconds)
        finally:
            self._reader = None

    async def _found(self, keys: Sequence[Key]) -> Mapping[Key, Found] | InstaSellError:
        try:
            return await self._read(keys)
        except InstaSellError as error:
            return error
        except Exception:
            _log.exception("shared_read_failed")
            return InstaSellError()
