"""One transaction, its effects and its durable tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from instasell_client.models.errors import Unavailable
from instasell_server.db.connections import Database
from instasell_server.db.outbox import OutboxTask, handler_of, leave_task
from instasell_server.db.transaction import Transaction, rehearse, transact
from instasell_server.wiring.engines import make_engines
from instasell_server.wiring.services import build_services
from instasell_server.workers.outbox import Outbox
from tests.support.servers import settings_for_tests

Sql = Callable[..., list[tuple[Any, ...]]]
WAITING = "SELECT kind, payload FROM outbox WHERE done_at IS NULL ORDER BY id"
COME = "UPDATE outbox SET available_at = now() WHERE done_at IS NULL"


@dataclass(frozen=True)
class Greet(OutboxTask):
    """Greet some people."""

    kind = "greet"
    names: Sequence[str]
    loudness: int = 1


class Greetings:
    """Keep what was done, in order; `problem` is raised in place of doing it."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.done: list[str] = []
        self.problem = problem

    async def greet(self, task: Greet) -> None:
        if self.problem is not None:
            raise self.problem
        self.done += task.names

    def ask(self, tx: Transaction, *names: str) -> None:
        async def effect() -> None:
            await self.greet(Greet(names))

        tx.after_commit(effect, durable=[Greet([name]) for name in names])


@pytest.fixture
def greetings() -> Greetings:
    return Greetings()


async def test_effects_run_in_order_after_the_commit_and_close_their_rows(
    database: Database, sql: Sql, greetings: Greetings
) -> None:
    async def work(tx: Transaction) -> str:
        greetings.ask(tx, "Ann", "Bob")
        greetings.ask(tx, "Cem")
        assert greetings.done == []
        return "result"

    assert await transact(database, work) == "result"
    assert greetings.done == ["Ann", "Bob", "Cem"]
    assert sql("SELECT count(*), count(done_at) FROM outbox") == [(3, 3)]


@pytest.mark.parametrize("problem", [Unavailable("Redis is away"), ValueError("a mistake")])
async def test_what_an_effect_does_not_do_the_worker_does(
    database: Database, sql: Sql, problem: Exception
) -> None:
    greetings = Greetings(problem)

    async def work(tx: Transaction) -> None:
        greetings.ask(tx, "Ann")
        tx.after_commit(after)

    async def after() -> None:
        greetings.done.append("the next effect")

    await transact(database, work)
    assert sql(WAITING) == [("greet", {"names": ["Ann"], "loudness": 1})]
    outbox = Outbox(database, [handler_of(Greet, greetings.greet)])
    assert await outbox.work() == 0  # the process that committed has two seconds
    greetings.problem = None
    sql(COME)
    assert await outbox.work() == 1
    assert greetings.done == ["the next effect", "Ann"]
    assert sql(WAITING) == []


async def test_tasks_without_an_effect_are_left_to_the_worker(
    database: Database, sql: Sql, greetings: Greetings
) -> None:
    async def work(tx: Transaction) -> None:
        tx.after_commit(durable=[Greet(["Ann"])])
        tx.after_commit(durable=[Greet(["Bob"])], delay_seconds=60)

    await transact(database, work)
    await leave_task(database, Greet(["Cem"]))
    outbox = Outbox(database, [handler_of(Greet, greetings.greet)])
    assert (await outbox.work(), greetings.done) == (2, ["Ann", "Cem"])
    sql(COME)
    assert (await outbox.work(), greetings.done) == (1, ["Ann", "Cem", "Bob"])


async def test_nothing_happens_after_a_rollback_or_a_rehearsal(
    database: Database, sql: Sql, greetings: Greetings
) -> None:
    async def work(tx: Transaction) -> None:
        greetings.ask(tx, "Ann")

    async def fail(tx: Transaction) -> None:
        greetings.ask(tx, "Bob")
        raise Unavailable

    await rehearse(database, work)
    with pytest.raises(Unavailable):
        await transact(database, fail)
    assert (greetings.done, sql("SELECT 1 FROM outbox")) == ([], [])


async def test_tasks_are_written_with_a_commit_that_travels_with_the_last_statement(
    database: Database, sql: Sql, greetings: Greetings
) -> None:
    async def work(tx: Transaction) -> None:
        greetings.ask(tx, "Ann")
        await tx.run_and_commit("SELECT 1")
        with pytest.raises(RuntimeError):
            tx.after_commit(durable=[Greet(["Bob"])])

    await transact(database, work)
    assert greetings.done == ["Ann"]
    assert sql("SELECT count(*), count(done_at) FROM outbox") == [(1, 1)]


async def test_every_kind_of_task_has_one_handler(database_url: str, redis_url: str) -> None:
    settings = settings_for_tests(database_url, redis_url)
    services = build_services(make_engines(settings), settings)
    kinds = [each.kind for each in _tasks(OutboxTask)]
    assert len(kinds) == len(set(kinds)) >= 10
    assert set(services.outbox.kinds) == set(kinds)


def _tasks(base: type[OutboxTask]) -> list[type[OutboxTask]]:
    """Return the tasks of the server that have a kind."""
    own = [base] if "kind" in vars(base) and base.__module__.startswith("instasell_server") else []
    return own + [task for each in base.__subclasses__() for task in _tasks(each)]
