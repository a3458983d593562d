"""Turns of accounts: fair, bounded, and none is lost with one who goes away."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from instasell_client.models.errors import RateLimited, Unavailable
from instasell_server.domains.media.fair_queue import FairQueue


class Hall:
    """Accounts that wait for turns, and the order in which they had them."""

    def __init__(self, turns: FairQueue) -> None:
        self.turns = turns
        self.had: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.ends: dict[str, asyncio.Event] = {}

    async def come(self, *names: str) -> None:
        """Let files come, one after another; a name is that of an account and a number."""
        for name in names:
            self.ends[name] = asyncio.Event()
            self.tasks.append(asyncio.create_task(self._one(name), name=name))
            await self.settle()

    async def _one(self, name: str) -> None:
        async with self.turns.turn(name[0]):
            self.had.append(name)
            await self.ends[name].wait()

    async def end(self, *names: str) -> None:
        """End turns."""
        for name in names:
            self.ends[name].set()
            await self.settle()

    async def settle(self) -> None:
        """Let everybody go as far as they can."""
        for _ in range(5):
            await asyncio.sleep(0)

    def refused(self) -> set[str]:
        """Those that were refused, as the market is busy."""
        ended = [task for task in self.tasks if task.done()]
        return {task.get_name() for task in ended if isinstance(task.exception(), Unavailable)}

    async def end_all(self) -> list[BaseException | None]:
        """End everything; return what became of each."""
        for event in self.ends.values():
            event.set()
        return await asyncio.gather(*self.tasks, return_exceptions=True)


@pytest.fixture
def hall() -> Hall:
    return Hall(FairQueue(2, waiting_of_account=3, waiting_max=5))


async def test_an_account_with_many_files_does_not_keep_out_another(hall: Hall) -> None:
    await hall.come("a1", "a2", "a3", "b1")
    assert hall.had == ["a1", "b1"]
    await hall.come("c1")
    await hall.end("b1")
    assert hall.had == ["a1", "b1", "c1"]
    await hall.end("a1")
    assert hall.had[-1] == "a2"
    await hall.end_all()


async def test_accounts_come_round_in_turn(hall: Hall) -> None:
    await hall.come("a1", "b1", "c1", "c2", "d1")
    await hall.end("a1", "b1", "c1")
    assert hall.had == ["a1", "b1", "c1", "d1", "c2"]
    await hall.end_all()


async def test_what_waits_for_an_account_is_bounded(hall: Hall) -> None:
    await hall.come("a1", "a2", "a3", "a4", "a5")
    with pytest.raises(RateLimited, match="3 of your files are waiting") as refused:
        await hall.tasks[-1]
    assert refused.value.data["retry_after_seconds"] > 0
    await hall.come("b1")
    assert hall.had == ["a1", "b1"]
    await hall.end_all()


async def test_when_it_is_full_the_one_with_most_gives_way(hall: Hall) -> None:
    await hall.come("a1", "b1", "a2", "a3", "a4", "b2", "b3")
    await hall.come("c1")
    assert hall.refused() == {"a4"}
    await hall.come("d1", "e1")
    assert hall.refused() == {"a4", "a3", "b3"}
    await hall.come("f1")
    assert hall.refused() == {"a4", "a3", "b3", "f1"}, "each of the others has one place by now"
    await hall.end_all()


async def test_one_who_goes_away_takes_no_turn_along(hall: Hall) -> None:
    await hall.come("a1", "b1", "c1", "d1")
    hall.tasks[2].cancel()
    await hall.end("a1")
    assert hall.had == ["a1", "b1", "d1"]
    # Cancelled in the very moment in which the turn comes.
    await hall.come("e1", "f1")
    hall.ends["b1"].set()
    for task in hall.tasks[4:5]:
        task.cancel()
    await hall.settle()
    assert hall.had[-1] == "f1"
    with contextlib.suppress(asyncio.CancelledError):
        await hall.tasks[4]
    await hall.end_all()
    async with asyncio.timeout(5), hall.turns.turn("a"), hall.turns.turn("b"):
        pass
