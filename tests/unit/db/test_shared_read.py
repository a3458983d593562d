"""A read is shared by those who asked before it began, and by nobody else."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence

import pytest

from instasell_client.models.errors import InstaSellError, NotFound, Unavailable
from instasell_server.db.shared_read import ANSWERS_AT_A_TIME, SharedRead


class Source:
    """Reads that a test lets end one by one."""

    def __init__(self) -> None:
        self.begun: list[list[str]] = []
        self.ends: list[asyncio.Future[Exception | None]] = []

    async def read(self, keys: Sequence[str]) -> Mapping[str, str | InstaSellError]:
        number = len(self.begun)
        self.begun.append(list(keys))
        self.ends.append(asyncio.get_running_loop().create_future())
        failure = await self.ends[number]
        if failure is not None:
            raise failure
        return {key: NotFound() if key == "none" else f"{key}{number}" for key in keys}

    async def end(self, number: int, failure: Exception | None = None) -> None:
        self.ends[number].set_result(failure)
        await settle()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_asks_during_a_read_gets_the_next_one() -> None:
    source = Source()
    shared = SharedRead[str, str](source.read)
    first = [shared.submit("a"), shared.submit("a"), shared.submit("b")]
    await settle()
    late = [shared.submit("a"), shared.submit("c")]
    await source.end(0)
    assert [each.result() for each in first] == ["a0", "a0", "b0"]
    assert not any(each.done() for each in late)
    await source.end(1)
    assert [each.result() for each in late] == ["a1", "c1"]
    assert source.begun == [["a", "b"], ["a", "c"]]


async def test_several_reads_run_at_once_but_never_two_of_a_key() -> None:
    source = Source()
    shared = SharedRead[str, str](source.read, at_once=3, keys_max=1)
    answers = [shared.submit(key) for key in ("a", "b", "a", "c", "d")]
    await settle()
    answers.append(shared.submit("a"))
    await settle()
    assert source.begun == [["a"], ["b"], ["c"]]
    await source.end(1)
    assert source.begun == [["a"], ["b"], ["c"], ["d"]]
    await source.end(0)
    assert source.begun[4:] == [["a"]]
    for number in (2, 3, 4):
        await source.end(number)
    assert [each.result() for each in answers] == ["a0", "b1", "a0", "c2", "d3", "a4"]


async def test_a_reader_that_leaves_takes_nothing_from_the_others() -> None:
    source = Source()
    shared = SharedRead[str, str](source.read)
    gone, kept = shared.submit("a"), shared.submit("a")
    await settle()
    gone.cancel()
    await source.end(0)
    assert kept.result() == "a0"


@pytest.mark.parametrize(
    ("failure", "kind"), [(Unavailable("busy"), Unavailable), (KeyError("x"), InstaSellError)]
)
async def test_a_failure_is_the_answer_of_that_read_alone(
    failure: Exception, kind: type[InstaSellError]
) -> None:
    source = Source()
    shared = SharedRead[str, str](source.read)
    failed = [shared.submit("a"), shared.submit("b")]
    await settle()
    later = shared.submit("a")
    await source.end(0, failure)
    assert [type(each.result()) for each in failed] == [kind, kind]
    await source.end(1)
    assert later.result() == "a1"


async def test_a_refusal_is_the_answer_of_one_key() -> None:
    source = Source()
    shared = SharedRead[str, str](source.read)
    answers = [shared.submit("none"), shared.submit("a")]
    await settle()
    await source.end(0)
    assert isinstance(answers[0].result(), NotFound)
    assert answers[1].result() == "a0"


async def test_a_crowd_is_answered_in_parts_between_which_others_have_their_turn() -> None:
    source = Source()
    shared = SharedRead(source.read)
    crowd = [shared.submit("a") for _ in range(3 * ANSWERS_AT_A_TIME + 1)]
    await settle()
    source.ends[0].set_result(None)
    steps: list[int] = []
    while not all(each.done() for each in crowd):
        await asyncio.sleep(0)
        steps.append(sum(each.done() for each in crowd))
    parts = [after - before for before, after in itertools.pairwise([0, *steps])]
    assert max(parts) == ANSWERS_AT_A_TIME
    assert {each.result() for each in crowd} == {"a0"}
