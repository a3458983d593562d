"""Several calls at once, and their results in the order in which they were asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

if TYPE_CHECKING:
    # An event loop takes longer to load than a help text to show.
    import asyncio

    from instasell_client import AsyncInstaSell

T = TypeVar("T")
Content = TypeVar("Content")

WINDOW = 4
"""How many times the number of calls at once may wait for an older one, whose turn it is."""

WAIT_SECONDS_MAX = 1800.0
WAIT_SECONDS_UNTOLD = 5.0


@dataclass(frozen=True)
class Job(Generic[Content]):
    """Hold the content of a call. Calls that share one of `keys` go out one after the other.

    One that is `alone` goes out when all before it are done, and those after it wait for it.
    """

    content: Content
    keys: frozenset[str] = frozenset()
    alone: bool = False


class WorkerPool:
    """Up to `size` calls at once on an event loop of its own, driven from ordinary code.

    For `with`. Whatever is under way when it is left is given up, at once. `tell` hears of waits
    that a server asks for.
    """

    def __init__(
        self, client: AsyncInstaSell, size: int, tell: Callable[[str], None] = lambda text: None
    ) -> None:
        import asyncio

        self.client = client
        self._size = size
        self._tell = tell
        self._waiting = 0
        self._runner = asyncio.Runner()
        self._tasks: set[asyncio.Task[Any]] = set()

    def __enter__(self) -> Self:
        self._runner.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._runner.run(self._stop())
        finally:
            self._runner.close()

    async def _stop(self) -> None:
        import asyncio

        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.client.aclose()

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        """Run one call; those that are under way go on meanwhile."""
        return self._runner.run(call)

    def in_order(
        self,
        jobs: Iterable[Job[Content]],
        work: Callable[[Content], Coroutine[Any, Any, T]],
    ) -> Iterator[tuple[Content, T]]:
        """Yield each job with its result, in the order of `jobs`, which may be endless.

        Raises what a call raised when its turn has come; results before it have been yielded.
        """
        flight: deque[tuple[Job[Content], asyncio.Task[T]]] = deque()
        for job in jobs:
            yield from _finished(flight)
            while self._has_to_wait(job, flight):
                self._runner.run(_first([task for _, task in flight if not task.done()]))
                yield from _finished(flight)
            task = self._runner.get_loop().create_task(self.patiently(work, job.content))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            flight.append((job, task))
        while flight:
            self._runner.run(_first([flight[0][1]]))
            yield from _finished(flight)

    async def patiently(
        self, work: Callable[[Content], Coroutine[Any, Any, T]], content: Content
    ) -> T:
        """Do it, and wait as long as a server asks that has had too many requests."""
        import asyncio

        from instasell_client.errors import RateLimited

        while True:
            try:
                return await work(content)
            except RateLimited as error:
                seconds = error.retry_after_seconds or WAIT_SECONDS_UNTOLD
                if seconds > WAIT_SECONDS_MAX:
                    raise
            if not self._waiting:
                self._tell(f"the market asks to wait {seconds:.0f} s, and then it goes on")
            self._waiting += 1
            await asyncio.sleep(seconds)
            self._waiting -= 1

    def _has_to_wait(
        self, job: Job[Content], flight: deque[tuple[Job[Content], asyncio.Task[T]]]
    ) -> bool:
        if len(flight) >= self._size * WINDOW:
            return True
        busy = [each for each, task in flight if not task.done()]
        if len(busy) >= self._size or (job.alone and busy):
            return True
        return any(each.alone or each.keys & job.keys for each in busy)


def _finished(flight: deque[tuple[Job[Content], asyncio.Task[T]]]) -> Iterator[tuple[Content, T]]:
    while flight and flight[0][1].done():
        job, task = flight.popleft()
        yield job.content, task.result()


async def _first(tasks: Iterable[asyncio.Task[T]]) -> None:
    import asyncio

    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
