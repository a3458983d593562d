"""Files are looked at by processes that are bounded, replaced when they die, and leave nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from instasell_client.models.errors import Invalid, Unavailable, Unsupported
from instasell_server.domains.media import picture_pool
from instasell_server.domains.media.picture_pool import (
    PicturePool,
    worker_command,
    worker_environment,
)
from instasell_server.domains.media.rules import PDF_TYPE, TEXT_TYPE
from tests.server.media.conftest import Studio
from tests.support.pictures import SVG, many_scans, picture, png_with
from tests.support.waiting import until

Keys = Callable[[], list[str]]
PNG = "image/png"


def slow_picture() -> bytes:
    """A PNG that says a million things before its pixels."""
    data = png_with(b"tEXt", b"a\0b")
    chunk = data[33 : 33 + 4 + 4 + 3 + 4]
    return data[:33] + chunk * 600_000 + data[33:]


def workers_of(pid: int) -> list[int]:
    """The processes that look at files for another one."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if int(parent) == pid and b"picture_worker" in command:
            found.append(int(folder.name))
    return found


@pytest.fixture
async def pool() -> AsyncIterator[PicturePool]:
    made = PicturePool()
    try:
        yield made
    finally:
        await made.close()
        assert workers_of(os.getpid()) == []


async def test_what_is_made_is_what_the_rules_say(pool: PicturePool) -> None:
    made = await pool.look_at(PNG, picture(2000, 1000))
    assert [(each.width, each.height) for each in made] == [(160, 80), (640, 320), (1600, 800)]
    assert [each.data[:3] for each in made] == [b"\xff\xd8\xff"] * 3
    [text] = await pool.look_at(TEXT_TYPE, b"It came in two.")
    assert (text.content_type, text.data, text.width) == (TEXT_TYPE, b"It came in two.", 0)
    assert text.name.startswith("file-")
    with pytest.raises(Unsupported, match="not a PDF"):
        await pool.look_at(PDF_TYPE, b"It came in two.")
    with pytest.raises(Unsupported, match="not a picture"):
        await pool.look_at(PNG, SVG)
    with pytest.raises(Invalid) as refused:
        await pool.look_at(PNG, many_scans(4000, 3000, 4000))
    assert refused.value.errors[0][0] == "file"
    assert len(workers_of(os.getpid())) == 1, "one after the other they need one process"


async def test_what_takes_too_long_is_ended_by_the_kernel_and_others_go_on() -> None:
    pool = PicturePool(cpu_seconds=0.15)
    try:
        slow = asyncio.create_task(pool.look_at(PNG, slow_picture()))
        assert len(await pool.look_at(PNG, picture(64, 64))) == 1
        with pytest.raises(Unsupported, match=r"more than 0\.15 s to read; save it with fewer"):
            await slow
        assert len(await pool.look_at(PNG, picture(64, 64))) == 1
    finally:
        await pool.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_process_that_was_ended_is_replaced(
    pool: PicturePool, number: signal.Signals
) -> None:
    await pool.look_at(PNG, picture())
    [worker] = workers_of(os.getpid())
    os.kill(worker, number)
    assert len(await pool.look_at(PNG, picture())) == 1
    [other] = workers_of(os.getpid())
    assert other != worker


async def test_one_that_falls_silent_is_ended(
    pool: PicturePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pool.look_at(PNG, picture())
    [worker] = workers_of(os.getpid())
    os.kill(worker, signal.SIGSTOP)
    monkeypatch.setattr(picture_pool, "LOOK_SECONDS", 0.2)
    with pytest.raises(Unavailable, match="confirm this one again in a moment"):
        await pool.look_at(PNG, picture())
    assert workers_of(os.getpid()) == []
    monkeypatch.undo()
    assert len(await pool.look_at(PNG, picture())) == 1


async def test_one_that_nobody_waits_for_any_more_is_ended(pool: PicturePool) -> None:
    task = asyncio.create_task(pool.look_at(PNG, slow_picture()))
    await until(lambda: workers_of(os.getpid()))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert workers_of(os.getpid()) == []


def test_it_sees_no_secret_and_little_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTASELL_JWT_SECRET", "a canary secret of the market")
    code = (
        "import sys; import instasell_server.domains.media.picture_worker;"
        "print([name for name in sys.modules if name.split('.')[0] in"
        " ('aiohttp', 'pydantic', 'psycopg2', 'asyncio', 'structlog')"
        " or name.startswith('instasell_client.models.')"
        " and not name.startswith('instasell_client.models.errors')])"
    )
    loaded = subprocess.run(
        [sys.executable, "-P", "-c", code], env=worker_environment(), capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert loaded.stdout.strip() == "[]"
    worker = subprocess.Popen(
        worker_command(2), env=worker_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        assert worker.stdout.readline() == b'{"ready": true}\n'
        assert b"canary" not in Path(f"/proc/{worker.pid}/environ").read_bytes()
        worker.stdin.close()
        assert worker.wait(timeout=60) == 0, "it ends with its input"


async def test_a_bomb_is_refused_and_gone_while_others_upload(
    studio: Studio, objects: Keys, sql: Callable[..., list[tuple[Any, ...]]]
) -> None:
    bomb = many_scans(4000, 3000, 4000)
    made = await studio.announce(bomb, "image/jpeg")
    assert await studio.put(made["upload"], bomb) in (200, 204)
    refused, _ = await asyncio.gather(studio.complete(made["image_id"]), studio.add())
    assert (refused.status, refused.body["code"]) == (422, "invalid")
    assert "scans" in str(refused.body["errors"])
    assert sql("SELECT count(*) FROM media_files") == [(1,)]
    assert len(await studio.images()) == 1
