"""One upload over HTTP: rows come in while verdicts go out."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from types import TracebackType

from aiohttp import web

from instasell_client.models.errors import InstaSellError
from instasell_client.models.listings import BulkOutcome, BulkVerdict
from instasell_client.models.problems import FieldError
from instasell_server.domains.listings.bulk import BulkUpload, UploadEnded
from instasell_server.domains.listings.bulk_rules import ImportRow
from instasell_server.http.problems import problem_of
from instasell_server.http.rights import RightsWatch

BATCHES_AHEAD = 2
WAITING_BYTES_MAX = 16 * 1024 * 1024
"""So many bytes of verdicts wait for a client that sends before it reads: those of the 100,000 good
rows that an upload may have, or of 40,000 bad ones. While more would wait, no rows are read: a row
of two bytes can have a verdict of 400, so that 200 KB of rows could otherwise hold 40 MB."""

STALLED_SECONDS = 60.0
"""A client that sends everything first reads nothing for as long; this long it may be at it."""

FAREWELL_SECONDS = 0.5


async def carry_out(
    upload: BulkUpload,
    batches: AsyncGenerator[list[ImportRow], None],
    response: web.StreamResponse,
    watch: RightsWatch,
) -> None:
    """Read the next batch while one is written, and send each batch's verdicts at once.

    When the caller's rights end, so does the stream: with a line that says why.
    """
    ready: asyncio.Queue[list[ImportRow] | BaseException | None] = asyncio.Queue(BATCHES_AHEAD)
    feeder = asyncio.create_task(_feed(batches, ready), name="bulk-feeder")
    try:
        async with ResultStream(response) as outlet:
            ended = await _take_all(upload, ready, outlet, watch)
            if ended is not None:
                await _end(outlet, ended, response)
    finally:
        feeder.cancel()
        await asyncio.gather(feeder, return_exceptions=True)


async def _take_all(
    upload: BulkUpload,
    ready: asyncio.Queue[list[ImportRow] | BaseException | None],
    outlet: ResultStream,
    watch: RightsWatch,
) -> UploadEnded | None:
    """Take batch after batch; return why the upload ended early, if it did."""
    row = 1
    try:
        while (batch := await watch.during(ready.get())) is not None:
            if isinstance(batch, BaseException):
                raise batch
            verdicts = await upload.take(batch)
            row = batch[-1].number + 1
            await watch.during(outlet.send(_encoded(verdicts)))
    except UploadEnded as ended:
        return ended
    except InstaSellError as refusal:
        return UploadEnded([], row, refusal)
    return None


async def _end(outlet: ResultStream, ended: UploadEnded, response: web.StreamResponse) -> None:
    """Send the last line, and leave a client alone that does not take it."""
    problem = problem_of(ended.refusal)
    complaint = FieldError(field="row", message=f"{problem.title}; nothing more was taken")
    last = BulkVerdict(
        row=ended.row, outcome=BulkOutcome.REJECTED, errors=[complaint], problem=problem
    )
    line = last.model_dump_json(exclude_none=True).encode() + b"\n"
    try:
        async with asyncio.timeout(FAREWELL_SECONDS):
            await outlet.send(_encoded(ended.verdicts) + line)
            await outlet.finish()
    except TimeoutError as error:
        raise ConnectionResetError("the client does not read its verdicts") from error


async def _feed(
    batches: AsyncGenerator[list[ImportRow], None],
    ready: asyncio.Queue[list[ImportRow] | BaseException | None],
) -> None:
    try:
        async with contextlib.aclosing(batches):
            async for batch in batches:
                await ready.put(batch)
    except Exception as error:
        await ready.put(error)
    else:
        await ready.put(None)


def _encoded(verdicts: Sequence[BulkVerdict]) -> bytes:
    return b"".join(each.model_dump_json(exclude={"problem"}).encode() + b"\n" for each in verdicts)


class ResultStream:
    """Writes in the background, so that a client which does not read yet may go on sending."""

    def __init__(self, response: web.StreamResponse) -> None:
        self._response = response
        self._parts: deque[bytes] = deque()
        self._waiting = 0
        self._has_more = asyncio.Event()
        self._has_room = asyncio.Event()
        self._is_over = False

    async def __aenter__(self) -> ResultStream:
        self._writer = asyncio.create_task(self._write(), name="bulk-outlet")
        # A task that waits for room learns from the finished task that none will come.
        self._writer.add_done_callback(lambda _: self._has_room.set())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            await self.finish()
        else:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)

    async def finish(self) -> None:
        """Wait until everything is written; nothing more may be sent."""
        self._is_over = True
        self._has_more.set()
        await asyncio.shield(self._writer)

    async def send(self, data: bytes) -> None:
        """Queue bytes; wait only while very much is queued. Raises what writing raised."""
        while self._waiting >= WAITING_BYTES_MAX and not self._writer.done():
            self._has_room.clear()
            await self._has_room.wait()
        if self._writer.done():
            self._writer.result()
        self._parts.append(data)
        self._waiting += len(data)
        self._has_more.set()

    async def _write(self) -> None:
        while self._parts or not self._is_over:
            if not self._parts:
                self._has_more.clear()
                await self._has_more.wait()
                continue
            part = self._parts.popleft()
            try:
                async with asyncio.timeout(STALLED_SECONDS):
                    await self._response.write(part)
            except TimeoutError as error:
                raise ConnectionResetError("the client does not read its verdicts") from error
            self._waiting -= len(part)
            self._has_room.set()
