"""Have files of other people looked at by processes that may be ended at any moment.

A process is started when the first file comes, answers one file after another, and is replaced
when it dies or falls silent. What becomes of it says what the file was: the kernel ends it for
what takes too much processor time, a decoder may crash.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import structlog

import instasell_server
from instasell_client.models.errors import InstaSellError, Invalid, Unavailable, Unsupported
from instasell_server.domains.media.fair_queue import FairQueue
from instasell_server.domains.media.picture_worker import WorkerOutput
from instasell_server.domains.media.rules import DOCUMENT_TYPES, SIZES, picture_of

WORKERS = 2
FILES_AT_ONCE = 6
"""Files in memory; more than processes, since most of a turn is spent waiting for the storage."""

WAITING_OF_ACCOUNT = 12
"""As many as a listing has pictures."""
WAITING_MAX = 100

CPU_SECONDS = 2.0
"""Of processor time on one file. 12 megapixels take 0.3 to 0.7, the largest PNG 2."""

START_SECONDS = 20.0
LOOK_SECONDS = 30.0
"""Of the clock on the wall, for a process that is held up by others; the kernel counts its own."""

LARGE_PIXELS = 12_000_000
"""Pictures with more pixels are decoded one at a time, as each may take some 400 MB."""

_MODULE = "instasell_server.domains.media.picture_worker"
# No secret of the server is within reach of a decoder.
_ENVIRONMENT = ("PATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")
_TOO_SLOW = frozenset({-signal.SIGPROF, -signal.SIGXCPU})
_CRASHES = frozenset(
    -number for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE,
                           signal.SIGILL)
)  # fmt: skip
_LINE_MAX = 64 * 1024
_LATER = "files cannot be looked at just now; confirm this one again in a moment"

_log = structlog.get_logger(__name__)


def worker_command(cpu_seconds: float) -> list[str]:
    """Return the command of a process that looks at files."""
    return [sys.executable, "-P", "-m", _MODULE, str(cpu_seconds)]


def worker_environment() -> dict[str, str]:
    """Return its environment, in which it finds this package and none of the server's secrets."""
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    folder = str(Path(instasell_server.__file__).parents[1])
    paths = [folder, os.environ.get("PYTHONPATH", "")]
    return {**environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


class _Died(Exception):
    """Report that the process ended before it answered; `code` is as `Process.returncode`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class PicturePool:
    """Looks at files, `WORKERS` at once, in fair turns of accounts. Close it."""

    def __init__(self, *, cpu_seconds: float = CPU_SECONDS) -> None:
        self._cpu_seconds = cpu_seconds
        self._turns = FairQueue(
            FILES_AT_ONCE, waiting_of_account=WAITING_OF_ACCOUNT, waiting_max=WAITING_MAX
        )
        self._free: list[_Worker] = []
        self._places = asyncio.Semaphore(WORKERS)
        self._large = asyncio.Semaphore(1)

    def turn(self, account_id: str) -> AbstractAsyncContextManager[None]:
        """Wait until a file of the account may be taken into memory, and hold the turn.

        Raises RateLimited while many files of the account wait, Unavailable while many of all do.
        """
        return self._turns.turn(account_id)

    async def look_at(
        self, content_type: str, data: bytes, sizes: Sequence[int] = SIZES
    ) -> list[WorkerOutput]:
        """Return what is to be stored of a file: a document as it is, a picture in each size.

        Raises Unsupported, Invalid, and Unavailable where no process could be had.
        """
        is_large = False
        if content_type not in DOCUMENT_TYPES:
            told = picture_of(data)
            is_large = told.width * told.height > LARGE_PIXELS
        request = {"content_type": content_type, "sizes": list(sizes), "length": len(data)}
        async with self._large if is_large else contextlib.nullcontext(), self._places:
            # A process that was ended between two files has nothing to do with this one.
            for _ in range(2):
                try:
                    return await self._ask(request, data)
                except _Died as death:
                    _log.warning("picture_worker_ended", code=death.code)
                    if death.code in _TOO_SLOW:
                        raise self._too_slow() from None
                    if death.code in _CRASHES:
                        raise Unsupported(
                            "the picture is broken; save it again, and send that"
                        ) from None
        raise Unavailable(_LATER)

    def _too_slow(self) -> Unsupported:
        return Unsupported(
            f"the picture takes more than {self._cpu_seconds:g} s to read; save it with fewer"
            " pixels, and as a JPEG that is not progressive"
        )

    async def _ask(self, request: dict[str, Any], data: bytes) -> list[WorkerOutput]:
        async with self._worker() as worker:
            return await worker.ask(request, data)

    @contextlib.asynccontextmanager
    async def _worker(self) -> AsyncIterator[_Worker]:
        """Lend a process; one whose answer was not waited for is ended."""
        worker = self._free.pop() if self._free else await _Worker.start(self._cpu_seconds)
        try:
            yield worker
        finally:
            if worker.is_free:
                self._free.append(worker)
            else:
                await worker.end()

    async def close(self) -> None:
        """End the processes; none outlives the server."""
        while self._free:
            await self._free.pop().end()


class _Worker:
    """Hold one process and the pipes to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.is_free = False

    @classmethod
    async def start(cls, cpu_seconds: float) -> _Worker:
        """Start a process and wait until it is ready. Raises Unavailable."""
        try:
            process = await asyncio.create_subprocess_exec(
                *worker_command(cpu_seconds),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=worker_environment(),
                limit=_LINE_MAX,
            )
        except OSError as error:
            raise _no_process(type(error).__name__) from error
        worker = cls(process)
        try:
            async with asyncio.timeout(START_SECONDS):
                await worker._read()
            worker.is_free = True
        except (_Died, TimeoutError) as error:
            await worker.end()
            raise _no_process(f"{type(error).__name__} {error}") from error
        except BaseException:
            await worker.end()
            raise
        return worker

    async def ask(self, request: dict[str, Any], data: bytes) -> list[WorkerOutput]:
        """Return what the process made of a file. Raises what it refused it with, _Died."""
        assert self._process.stdin is not None
        self.is_free = False
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                # A process that is gone is noticed when its answer is read.
                with contextlib.suppress(ConnectionError):
                    self._process.stdin.write(json.dumps(request).encode() + b"\n" + data)
                    await self._process.stdin.drain()
                answer, objects = await self._read()
        except TimeoutError:
            _log.warning("picture_worker_silent", seconds=LOOK_SECONDS)
            raise Unavailable(_LATER) from None
        self.is_free = True
        if "invalid" in answer:
            raise Invalid(answer["invalid"])
        if "unsupported" in answer:
            raise Unsupported(answer["unsupported"])
        return [
            WorkerOutput(**{**told, "data": made})
            for told, made in zip(answer["made"], objects, strict=True)
        ]

    async def _read(self) -> tuple[dict[str, Any], list[bytes]]:
        assert self._process.stdout is not None
        source = self._process.stdout
        try:
            line = await source.readuntil(b"\n")
            answer: dict[str, Any] = json.loads(line)
            objects = [await source.readexactly(each["data"]) for each in answer.get("made", ())]
        except (asyncio.IncompleteReadError, ConnectionError):
            raise _Died(await self._process.wait()) from None
        return answer, objects

    async def end(self) -> None:
        """Kill the process and wait for it, so that it leaves nothing behind."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._process.wait()


def _no_process(reason: str) -> InstaSellError:
    _log.error("picture_worker_not_started", reason=reason)
    return Unavailable(_LATER)
