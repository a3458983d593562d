"""Run one server process, from its first line to a clean stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import sys
import types
from collections.abc import Callable
from pathlib import Path

import structlog
import uvloop

from instasell_server import logs
from instasell_server.app import build
from instasell_server.commands.standalone import (
    StartRefused,
    check_exposure,
    keeping_of,
    needs_sandbox,
    own_engines,
    prepare_database,
    sandbox_file,
    sandbox_secrets,
    with_market_defaults,
    with_sandbox,
    with_secret,
)
from instasell_server.config.descriptors import (
    CONNECTIONS_FEW,
    TooFewDescriptors,
    raise_descriptor_limit,
    share_descriptors,
)
from instasell_server.config.settings import ServerPart, Settings
from instasell_server.db.roles import ROLE_ADVICE, find_serving_role
from instasell_server.domains.payments import handlers as payments
from instasell_server.embedded import EmbeddedEngines, EmbeddedError
from instasell_server.http.listener import Listener
from instasell_server.sandbox import Sandbox, SandboxSettings, WebhookEndpoint

ENGINE_CHECK_SECONDS = 1.0
_COLLECTIONS = (700, 10, 10)
"""The thresholds that Python starts with; see `gc.set_threshold`."""

_log = structlog.get_logger("instasell.server")


def run(settings: Settings, *, i_know: bool, ready_file: Path | None) -> None:
    """Run a server until SIGINT or SIGTERM.

    Raises Refused, EmbeddedError, MigrationRefused, or OSError when the address is taken.
    """
    logs.configure(settings)
    check_exposure(settings, i_know=i_know)
    check_descriptors(settings)
    signal.signal(signal.SIGTERM, _leave)
    with own_engines(settings) as (complete, engines):
        embedded = engines is not None
        ready = with_secret(complete, embedded=embedded)
        ready = with_market_defaults(ready, embedded=embedded)
        for name in prepare_database(ready):
            _log.info("migrated", migration=name)
        # What listens has no use for the owner's password.
        ready = ready.model_copy(update={"migration_database_url": None})
        assert ready.database_url is not None
        role = find_serving_role(ready.database_url.get_secret_value())
        if role.is_excessive:
            _log.warning("database_role_too_strong", role=role.name, advice=ROLE_ADVICE)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(ready, engines, ready_file))


def check_descriptors(settings: Settings) -> None:
    """Raise the limit of open files as far as it goes, and say what that leaves for callers.

    Raises Refused when that is too little.
    """
    try:
        shares = share_descriptors(settings, raise_descriptor_limit())
    except TooFewDescriptors as error:
        raise StartRefused(str(error)) from None
    report = _log.warning if shares.connections < CONNECTIONS_FEW else _log.info
    report("descriptors", limit=shares.descriptors, connections=shares.connections)


def _leave(number: int, frame: types.FrameType | None) -> None:
    """End a start that is under way; what it began is undone on the way out."""
    raise SystemExit(128 + number)


async def _serve(
    settings: Settings, engines: EmbeddedEngines | None, ready_file: Path | None
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    sandbox = None
    if needs_sandbox(settings, embedded=engines is not None):
        sandbox, settings = await _open_sandbox(settings)
    app = build(settings)
    listener = Listener(app)
    tasks = _look_after(engines, settings) if engines else []
    try:
        port = await listener.open(settings.host, settings.port)
        if settings.public_url is None:
            url = f"http://{_shown(settings.host)}:{port}"
            app[payments.SERVICE].return_address.url = url + payments.RETURN_PATH
        if sandbox is not None:
            _, secret = sandbox_secrets(settings)
            sandbox.send_to(
                [
                    WebhookEndpoint(
                        f"http://{_shown(settings.host)}:{port}{payments.HOOK_PATH}", secret
                    )
                ]
            )
        # What lives until the end is left out of the collector's rounds, which are short and many
        # from here on, so that no bid waits for a long one.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_COLLECTIONS)
        _announce(settings.host, port, ready_file)
        await stop.wait()
        _log.info("stopping")
    finally:
        await listener.close()
        if sandbox is not None:
            await sandbox.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)


def _look_after(engines: EmbeddedEngines, settings: Settings) -> list[asyncio.Task[None]]:
    """Start the tasks that embedded engines need, since nobody else administers them."""
    tasks = [asyncio.create_task(_watch(engines), name="engines")]
    if ServerPart.WORKER in settings.parts and engines.postgres_pid is not None:
        keeping = keeping_of(settings, engines.postgres_bin("pg_dump").parent)
        tasks.append(asyncio.create_task(keeping.run(), name="backups"))
    return tasks


async def _open_sandbox(settings: Settings) -> tuple[Sandbox, Settings]:
    """Start the sandbox, on the port after the server's if that is free.

    Pages that were opened before a restart are found again where the port is the same.
    """
    key, _ = sandbox_secrets(settings)
    sandbox = Sandbox(sandbox_file(settings), SandboxSettings(key), Listener)
    wanted = settings.port + 1 if 0 < settings.port < 65535 else 0
    try:
        port = await sandbox.start("127.0.0.1", wanted)
    except OSError:
        _log.warning("sandbox_port_taken", port=wanted)
        sandbox = Sandbox(sandbox_file(settings), SandboxSettings(key), Listener)
        port = await sandbox.start("127.0.0.1", 0)
    return sandbox, with_sandbox(settings, f"http://127.0.0.1:{port}")


async def _watch(engines: EmbeddedEngines) -> None:
    """Restart an embedded engine that died while the server runs."""
    while True:
        await asyncio.sleep(ENGINE_CHECK_SECONDS)
        try:
            begun = await asyncio.to_thread(engines.ensure_running)
        except EmbeddedError as error:
            _log.error("engine_not_restarted", error=str(error))
        else:
            for name in begun:
                _log.warning("engine_restarted", engine=name)


def _announce(host: str, port: int, ready_file: Path | None) -> None:
    """Announce where the server listens: on stderr, on stdout as JSON, or in a file."""
    url = f"http://{_shown(host)}:{port}"
    print(f"InstaSell listens on {url} (docs at {url}/docs)", file=sys.stderr, flush=True)
    line = json.dumps({"url": url, "port": port, "pid": os.getpid()})
    # The file comes first: a reader of the line may look for it at once.
    if ready_file is not None:
        draft = ready_file.with_name(f".{ready_file.name}.{os.getpid()}")
        draft.write_text(line + "\n", encoding="utf-8")
        draft.replace(ready_file)
    if not sys.stdout.isatty():
        # The process that started the server may have closed the pipe already.
        _quietly(lambda: print(line, flush=True))


def _shown(host: str) -> str:
    """Return a host as it is written in a URL."""
    return f"[{host}]" if ":" in host else host


def _quietly(work: Callable[[], None]) -> None:
    with contextlib.suppress(BrokenPipeError):
        work()
