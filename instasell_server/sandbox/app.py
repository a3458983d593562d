"""Puts the sandbox together, and runs it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog
from aiohttp import web

from instasell_server.sandbox.api import REQUEST_ID, Api, Handler
from instasell_server.sandbox.body import check_encoding
from instasell_server.sandbox.control import Control
from instasell_server.sandbox.errors import ApiError, BodyRefused, Broken, InvalidRequest
from instasell_server.sandbox.pages import Pages
from instasell_server.sandbox.records import new_id
from instasell_server.sandbox.schedule import Schedule
from instasell_server.sandbox.settings import Faults, SandboxSettings, WebhookEndpoint
from instasell_server.sandbox.store import Store
from instasell_server.sandbox.webhook_sender import WebhookSender

BODY_BYTES_MAX = 64 * 1024
FAULTS: web.AppKey[Faults] = web.AppKey("faults", Faults)
WEBHOOK_SENDER: web.AppKey[WebhookSender] = web.AppKey("webhook_sender", WebhookSender)

_log = structlog.get_logger(__name__)


def make_sandbox(
    store: Store, settings: SandboxSettings, faults: Faults | None = None
) -> web.Application:
    """Make the application. It opens the store on start, and closes it on cleanup."""
    faults = faults or Faults()
    app = web.Application(middlewares=[_answer_errors], client_max_size=BODY_BYTES_MAX)
    webhook_sender = WebhookSender(store, settings, faults)
    schedule = Schedule(store, faults)
    api = Api(store, settings, faults)
    api.add_routes(app)
    Control(store, settings, faults, api, webhook_sender, schedule).add_routes(app)
    Pages(store, settings).add_routes(app)
    app.router.add_route("*", "/{path:.*}", _unknown)
    app[FAULTS] = faults
    app[WEBHOOK_SENDER] = webhook_sender

    async def run(_app: web.Application) -> AsyncIterator[None]:
        await store.open()
        try:
            await webhook_sender.start()
            await schedule.start()
            yield
        finally:
            await schedule.stop()
            await webhook_sender.stop()
            await store.close()

    app.cleanup_ctx.append(run)
    return app


class SandboxListener(Protocol):
    """Serve an application on one address, with limits on how slow a caller may be.

    What starts a sandbox brings one, so that the sandbox knows nothing of the market's HTTP. A
    body that comes too slowly is a TimeoutError to the handler that reads it.
    """

    async def open(self, host: str, port: int) -> int:
        """Start the application and listen. Return the port, which matters for port 0."""
        ...

    async def close(self) -> None:
        """Stop listening, let requests finish, and clean the application up."""
        ...


MakeListener = Callable[[web.Application], SandboxListener]


class Sandbox:
    """Run a sandbox with its file, from `start` until `stop`."""

    def __init__(
        self,
        file: Path,
        settings: SandboxSettings,
        make_listener: MakeListener,
        faults: Faults | None = None,
    ) -> None:
        self.store = Store(file)
        self._app = make_sandbox(self.store, settings, faults)
        self._listener = make_listener(self._app)
        self.faults = self._app[FAULTS]

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen, and return the port. Raises `StoreError` or OSError."""
        try:
            return await self._listener.open(host, port)
        except BaseException:
            await self._listener.close()
            raise

    async def stop(self) -> None:
        """Stop cleanly; webhooks that are outstanding are delivered after the next start."""
        await self._listener.close()

    def send_to(self, endpoints: Sequence[WebhookEndpoint]) -> None:
        """Change where webhooks go, for those whose address is known only after the start."""
        self._app[WEBHOOK_SENDER].send_to(endpoints)


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """Hold the command line's options. `on_ready` gets the address once the sandbox listens."""

    file: Path
    settings: SandboxSettings
    make_listener: MakeListener
    host: str = "127.0.0.1"
    port: int = 0
    on_ready: Callable[[str], None] | None = None


async def run_sandbox(options: SandboxOptions) -> None:
    """Run a sandbox until SIGINT or SIGTERM. Raises `StoreError` or OSError."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    sandbox = Sandbox(options.file, options.settings, options.make_listener)
    try:
        port = await sandbox.start(options.host, options.port)
        try:
            if options.on_ready is not None:
                options.on_ready(f"http://{options.host}:{port}")
            await stopped.wait()
        finally:
            await sandbox.stop()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@web.middleware
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every request an id, and every error Stripe's shape."""
    request_id = request[REQUEST_ID] = new_id("req_", 14)
    try:
        check_encoding(request)
        response = await handler(request)
    except ApiError as error:
        response = web.json_response(error.body(), status=error.status)
        if isinstance(error, BodyRefused):
            # What is left of the body would be read as the next request.
            response.force_close()
    except web.HTTPRequestEntityTooLarge:
        too_large = InvalidRequest(f"The body may have {BODY_BYTES_MAX} bytes at most.", status=413)
        response = web.json_response(too_large.body(), status=too_large.status)
    except web.HTTPException as answer:
        answer.headers["Request-Id"] = request_id
        raise
    except Exception:
        _log.exception("sandbox_failed", path=request.path)
        response = web.json_response(Broken("The sandbox failed.").body(), status=Broken.status)
    response.headers["Request-Id"] = request_id
    return response


async def _unknown(request: web.Request) -> web.StreamResponse:
    message = f"Unrecognized request URL ({request.method}: {request.path})."
    raise InvalidRequest(message, status=404)
