"""The parts of a bulk command by themselves: calls at once, the journal, and whose rows wait."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instasell_cli.input.rows.checkpoint import (
    KEPT_SECONDS,
    Checkpoint,
    CheckpointEntry,
    journal_path,
)
from instasell_cli.input.rows.columns import RowColumns
from instasell_cli.input.rows.duplicates import Duplicates, PreparedRow, RowIndex
from instasell_cli.input.rows.files.reader import RawRow, RowFile, opened_rows
from instasell_cli.input.rows.listing_import import judged_rows
from instasell_cli.input.rows.worker_pool import WINDOW, Job, WorkerPool
from instasell_client import AsyncInstaSell
from instasell_client.errors import RateLimited


@pytest.fixture
def crew() -> Iterator[WorkerPool]:
    """Three at once."""
    with WorkerPool(AsyncInstaSell("http://127.0.0.1:9"), 3) as opened:
        yield opened


class Log:
    """Work that notes what runs together, and takes longer the smaller its number is."""

    def __init__(self) -> None:
        self.running: set[int] = set()
        self.most = 0
        self.together: set[frozenset[int]] = set()

    async def __call__(self, number: int) -> int:
        self.running.add(number)
        self.most = max(self.most, len(self.running))
        self.together |= {frozenset({number, other}) for other in self.running}
        for _ in range(30 - number):
            await asyncio.sleep(0)
        self.running.discard(number)
        return number * 10


def test_results_come_in_order_and_no_more_run_than_may(crew: WorkerPool) -> None:
    log, taken = Log(), []

    def jobs() -> Iterator[Job[int]]:
        for number in range(30):
            taken.append(number)
            yield Job(number)

    found = crew.in_order(jobs(), log)
    assert next(found) == (0, 0)
    assert len(taken) <= 3 * WINDOW + 1
    assert [*found] == [(number, number * 10) for number in range(1, 30)]
    assert log.most == 3


def test_calls_that_share_a_key_wait_for_each_other(crew: WorkerPool) -> None:
    log = Log()
    keys = {1: {"a"}, 2: {"b"}, 3: {"a", "b"}, 4: {"c"}, 6: {"c"}}
    jobs = [Job(n, frozenset(keys.get(n, ())), alone=n == 5) for n in range(1, 9)]
    assert len([*crew.in_order(jobs, log)]) == 8
    apart = {(1, 3), (2, 3), (4, 6), *((5, n) for n in range(1, 9) if n != 5)}
    assert not {frozenset(pair) for pair in apart} & log.together
    assert frozenset({1, 2}) in log.together


def test_a_failure_comes_when_its_turn_has_come_and_ends_the_rest(crew: WorkerPool) -> None:
    async def work(number: int) -> int:
        if number == 2:
            raise ValueError("two")
        await asyncio.sleep(0 if number < 2 else 3600)
        return number

    results = crew.in_order([Job(n) for n in range(9)], work)
    assert [next(results), next(results)] == [(0, 0), (1, 1)]
    with pytest.raises(ValueError, match="two"):
        next(results)


def test_a_server_that_asks_for_patience_gets_it(crew: WorkerPool) -> None:
    tries = []

    async def work(number: int) -> int:
        tries.append(number)
        if len(tries) < 3:
            raise RateLimited(retry_after_seconds=0.01)
        return number

    assert [*crew.in_order([Job(7)], work)] == [(7, 7)]
    assert tries == [7, 7, 7]

    async def never(number: int) -> int:
        raise RateLimited(retry_after_seconds=86400)

    with pytest.raises(RateLimited):
        [*crew.in_order([Job(7)], never)]


def test_rows_of_one_sku_never_overtake_each_other() -> None:
    """600 rows, then others for the same keys: no two bodies with a key are out at once."""
    out: list[frozenset[str]] = []
    clashes: list[frozenset[str]] = []

    class Listings:
        async def bulk(self, rows: list[dict[str, str]], *, dry_run: bool) -> object:
            keys = frozenset(row["seller_sku"] for row in rows)
            clashes.extend(each for each in out if each & keys)
            out.append(keys)
            await asyncio.sleep(0.01)
            out.remove(keys)
            for number, _ in enumerate(rows, 1):
                yield _created(number)

    client = AsyncInstaSell("http://127.0.0.1:9")
    client.listings = Listings()  # type: ignore[assignment]
    rows = [RawRow(n + 1, {"sku": f"S-{n % 600}"}) for n in range(1200)]
    file = RowFile(["sku"], iter(rows), lambda: 0, 0)
    columns = RowColumns()
    prepared = [PreparedRow(row, columns.convert(row.cells).values) for row in rows]
    with WorkerPool(client, 8) as crew:
        judged = [*judged_rows(crew, file, prepared, dry_run=False)]
    assert [verdict.row for each in judged for verdict, _ in each.pairs] == [*range(1, 1201)]
    assert clashes == []


ROWS = st.lists(
    st.sampled_from(
        ["S-1,A,1.00", "S-2,B,2.00", ",C,3.00", 'S-3,"D,4.00', "S-1,E,free", ",,", "S-4,F,5.00,6"]
    ),
    max_size=12,
)


@given(ROWS, st.integers(0, 13), st.sampled_from([*Duplicates]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_an_import_that_is_resumed_at_any_row_judges_the_others_as_before(
    tmp_path: Path, lines: list[str], done: int, policy: Duplicates
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["sku,title,price", *lines]) + "\n")

    def judged(mark: CheckpointEntry) -> list[PreparedRow]:
        columns = RowColumns()
        with RowIndex(policy) as index:
            if policy is Duplicates.LAST:
                with opened_rows(str(path)) as ahead:
                    index.read_ahead(ahead.rows, columns)
            with opened_rows(str(path)) as file:
                prepared = (index.prepare(row, columns) for row in file.rows)
                return [each for each in prepared if mark.wants(each.row.number)]

    whole = judged(CheckpointEntry())
    assert [each.row.number for each in whole] == [*range(1, len(whole) + 1)]
    assert judged(CheckpointEntry(done, frozenset([1]))) == [
        each for each in whole if each.row.number > done or each.row.number == 1
    ]
    counted = [each.key for each in whole if each.key is not None and each.counted is None]
    assert len(counted) == len({*counted})
    assert {*counted} == {each.key for each in whole if each.key is not None}


def _created(number: int) -> object:
    from instasell_client.models.listings import BulkVerdict

    return BulkVerdict.model_validate({"row": number, "outcome": "created"})


def test_a_journal_is_followed_up_to_what_was_cut_off(tmp_path: Path) -> None:
    told: list[str] = []
    path = tmp_path / "imports" / "a.jsonl"
    journal = Checkpoint(path, told.append)
    assert journal.read() is None
    journal.begin(CheckpointEntry())
    assert journal.read() == CheckpointEntry()
    journal.add(500, [3, 7])
    journal.add(900, [501])
    journal.close()
    with path.open("ab") as file:
        file.write(b'{"done": 1400, "reje')
    mark = Checkpoint(path, told.append).read()
    assert mark == CheckpointEntry(900, frozenset({3, 7, 501}))
    assert [n for n in (1, 3, 7, 8, 501, 900, 901) if mark.wants(n)] == [3, 7, 501, 901]

    # What is judged again may be rejected again; the mark does not go back for that.
    again = Checkpoint(path, told.append)
    again.begin(mark)
    assert again.read() == mark
    again.add(501, [3])
    assert again.read() == mark
    again.remove()
    assert [*path.parent.iterdir()] == []
    assert told == []


def test_what_means_another_import_has_another_journal(tmp_path: Path) -> None:
    file, other = tmp_path / "a.csv", tmp_path / "b.csv"
    file.write_text("title\nA\n")
    other.write_text("title\nA\n")
    base = journal_path(tmp_path, str(file), ["server", "account"])
    assert journal_path(tmp_path, str(other), ["server", "account"]) == base
    assert journal_path(tmp_path, str(file), ["server", "another user"]) != base
    file.write_text("title\nB\n")
    assert journal_path(tmp_path, str(file), ["server", "account"]) != base


def test_a_journal_that_cannot_be_written_is_reported_once(tmp_path: Path) -> None:
    told: list[str] = []
    (tmp_path / "imports").write_text("a file is in the way")
    journal = Checkpoint(tmp_path / "imports" / "a.jsonl", told.append)
    journal.begin(CheckpointEntry())
    journal.add(500, [])
    journal.remove()
    assert len(told) == 1
    assert "has to begin at the first row" in told[0]


def test_journals_that_nobody_follows_are_forgotten(tmp_path: Path) -> None:
    import os

    old, young = tmp_path / "old.jsonl", tmp_path / "young.jsonl"
    for path, age in ((old, KEPT_SECONDS + 60), (young, 60)):
        path.write_text(json.dumps({"done": 1, "rejected": []}) + "\n")
        now = path.stat().st_mtime
        os.utime(path, (now - age, now - age))
    with contextlib.closing(Checkpoint(tmp_path / "new.jsonl", print)) as journal:
        journal.begin(CheckpointEntry())
    assert {path.name for path in tmp_path.glob("*.jsonl")} == {"young.jsonl", "new.jsonl"}
