"""Bytes to rows: whatever the chunks, the lines are the same."""

from __future__ import annotations

import asyncio
from unittest.mock import Mock

from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol
from hypothesis import given, settings
from hypothesis import strategies as st

from instasell_server.domains.listings import bulk_lines
from instasell_server.domains.listings.bulk_lines import read_rows
from instasell_server.domains.listings.bulk_rules import ImportRow


async def rows_of(chunks: list[bytes]) -> list[list[ImportRow]]:
    reader = StreamReader(Mock(spec=BaseProtocol), limit=2**16, loop=asyncio.get_running_loop())

    async def feed() -> None:
        for chunk in chunks:
            reader.feed_data(chunk)
            # The reader has its turn, so that it sees the chunks and not their sum.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        reader.feed_eof()

    feeding = asyncio.create_task(feed())
    batches = [batch async for batch in read_rows(reader)]
    await feeding
    return batches


LINES = {
    "row": b'{"title":"a"}',
    "blank": b"",
    "space": b" ",
    "broken": b"no json",
    "long": b"x" * 270_000,
}


@settings(deadline=None)
@given(st.lists(st.sampled_from(list(LINES)), max_size=6), st.integers(2_000, 400_000))
def test_chunks_do_not_matter(kinds: list[str], size: int) -> None:
    body = b"\n".join(LINES[kind] for kind in kinds)
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    batches = asyncio.run(rows_of(chunks))
    rows = [row for batch in batches for row in batch]
    meant = [kind for kind in kinds if kind not in ("blank", "space")]
    assert [row.number for row in rows] == list(range(1, len(meant) + 1))
    for row, kind in zip(rows, meant, strict=True):
        assert bool(row.errors) == (kind != "row")


@settings(deadline=None)
@given(st.lists(st.sampled_from(["row", "blank", "broken"]), max_size=20), st.integers(1, 9))
def test_the_smallest_chunks_do_not_matter(kinds: list[str], size: int) -> None:
    body = b"\n".join(LINES[kind] for kind in kinds)
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    rows = [row for batch in asyncio.run(rows_of(chunks)) for row in batch]
    meant = [kind for kind in kinds if kind != "blank"]
    assert [bool(row.errors) for row in rows] == [kind != "row" for kind in meant]


async def test_batches_are_bounded_in_rows_and_bytes() -> None:
    batches = await rows_of([b'{"title":"a"}\n' * 1203])
    assert [len(batch) for batch in batches] == [500, 500, 203]
    line = b'{"description":"' + b"x" * 200_000 + b'"}\n'
    assert [len(batch) for batch in await rows_of([line * 12])] == [5, 5, 2]


async def test_an_endless_body_is_cut_with_a_word() -> None:
    batches = await rows_of([b"{}\n" * (bulk_lines.ROWS_MAX + 7)])
    assert sum(map(len, batches)) == bulk_lines.ROWS_MAX + 1
    assert "at most 100000 rows" in batches[-1][-1].errors[0][1]
