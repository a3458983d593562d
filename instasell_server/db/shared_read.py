"""A read of the database that all who wait for it share."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

import structlog

from instasell_client.models.errors import InstaSellError, Unavailable

Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")

KEYS_MAX = 256
"""Of one read, so that its statement stays small and the event loop gets its turn."""

ANSWERS_AT_A_TIME = 10
"""Between so many answers the event loop gets its turn: each may be the start of 300 KB to write,
and 2,000 sockets that join the board together would hold up everybody else."""

_log = structlog.get_logger("instasell.shared_read")


class SharedRead(Generic[Key, Found]):
    """Reads for all who wait, never from a read that began before they asked.

    While a read runs, those who ask gather for the next one: at 64 callers a read of 2 ms serves
    30,000 of them in a second, and one alone waits for nothing.
    """

    def __init__(
        self,
        read: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Found | InstaSellError]]],
        *,
        pause_seconds: float = 0.0,
        at_once: int = 1,
        keys_max: int = KEYS_MAX,
    ) -> None:
        """Share what `read` finds.

        Args:
            read: Is given the keys of those who wait, and returns what each key gets.
            pause_seconds: Between the end of a read and the next, so that however many ask, the
                number of reads is bounded.
            at_once: How many reads may run at one time.
            keys_max: How many keys one read is given.
        """
        self._read = read
        self._pause_seconds = pause_seconds
        self._at_once = at_once
        self._keys_max = keys_max
        self._waiting: dict[Key, list[asyncio.Future[Found | InstaSellError]]] = {}
        self._reading: set[Key] = set()
        self._readers: set[asyncio.Task[None] | None] = set()

    def submit(self, key: Key) -> asyncio.Future[Found | InstaSellError]:
        """Ask for a read; a refusal is a value, never raised."""
        answer: asyncio.Future[Found | InstaSellError] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(answer)
        if len(self._readers) < self._at_once:
            # In a context of its own: what is read is for all, and not for the first who asked.
            reader = asyncio.create_task(
                self._read_on(), name="shared-read", context=contextvars.Context()
            )
            self._readers.add(reader)
        return answer

    async def stop(self) -> None:
        """Give up what is being read."""
        readers = [each for each in self._readers if each is not None]
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
        for answers in self._waiting.values():
            _answer(answers, Unavailable("the server is stopping"))
        self._waiting.clear()

    async def _read_on(self) -> None:
        asking: dict[Key, list[asyncio.Future[Found | InstaSellError]]] = {}
        try:
            while asking := self._take():
                try:
                    found = await self._find(list(asking))
                finally:
                    self._reading.difference_update(asking)
                given = 0
                for key, answers in asking.items():
                    value = found if isinstance(found, InstaSellError) else found[key]
                    for each in answers:
                        if not each.done():
                            each.set_result(value)
                        given += 1
                        if given % ANSWERS_AT_A_TIME == 0:
                            await asyncio.sleep(0)
                if self._pause_seconds:
                    await asyncio.sleep(self._pause_seconds)
        finally:
            # At once: who asks before a callback of the task ran would wait for nobody.
            self._readers.discard(asyncio.current_task())
            for answers in asking.values():
                _answer(answers, InstaSellError())

    def _take(self) -> dict[Key, list[asyncio.Future[Found | InstaSellError]]]:
        """Take keys that nobody reads at this moment: those of a page gather meanwhile."""
        asking: dict[Key, list[asyncio.Future[Found | InstaSellError]]] = {}
        for key in [key for key in self._waiting if key not in self._reading]:
            if len(asking) == self._keys_max:
                break
            answers = self._waiting.pop(key)
            if not all(each.done() for each in answers):
                asking[key] = answers
        self._reading.update(asking)
        return asking

    async def _find(
        self, keys: Sequence[Key]
    ) -> Mapping[Key, Found | InstaSellError] | InstaSellError:
        try:
            return await self._read(keys)
        except InstaSellError as error:
            return error
        except Exception as error:
            _log.exception("shared_read_failed")
            refusal = InstaSellError()
            refusal.__cause__ = error
            return refusal


def _answer(
    answers: Sequence[asyncio.Future[Found | InstaSellError]], value: Found | InstaSellError
) -> None:
    for each in answers:
        if not each.done():
            each.set_result(value)
