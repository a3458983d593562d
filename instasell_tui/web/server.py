"""The screen in a browser: `--web` runs textual-serve on loopback, behind `entrance`.

Each page runs a screen of its own as a process with our environment and arguments.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import shlex
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from aiohttp import WSCloseCode, web
from textual_serve.app_service import AppService
from textual_serve.server import Server

from instasell_tui.web.access import LINK_SECONDS, WebAccess

SCREENS_MAX = 4
CELLS_MAX = 1000
HEARTBEAT_SECONDS = 15.0
GOODBYE_SECONDS = 3.0
PAGE = Path(__file__).parent / "page"

_DOWNLOADS = "`${window.location.origin}/download/"
_OUR_DOWNLOADS = "`${window.location.origin}${window.location.pathname}download/"


def loopback(host: str) -> str:
    """Return the address of this computer that `host` names. Raises ValueError for any other."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise ValueError(
            f"--host {host} is not this computer; the screen is served on 127.0.0.1 or ::1 only."
            " From elsewhere, forward a port with ssh -L"
        )
    return str(address)


class ScreenServer(Server):
    """textual-serve with our page, behind the entrance, and with few screens at once."""

    def __init__(self, command: Sequence[str], place: str) -> None:
        super().__init__(
            f"exec {shlex.join(command)}",
            title="InstaSell",
            public_url=f"http://{place}",
            templates_path=PAGE,
        )
        self.entrance = WebAccess(place)
        self._browsers: set[web.WebSocketResponse] = set()
        script = (Path(self.statics_path) / "js" / "textual.js").read_text(encoding="utf-8")
        if script.count(_DOWNLOADS) != 1:
            raise RuntimeError("textual-serve has changed where it downloads from")
        self._script = script.replace(_DOWNLOADS, _OUR_DOWNLOADS)

    async def make_app(self) -> web.Application:
        """Return the application with all that is served."""
        inner = await self._make_app()
        inner.router.add_get("/enter/{key}", self.entrance.enter)
        inner.router.add_get("/own/textual.js", self._textual)
        inner.router.add_static("/own", PAGE)
        app = web.Application(middlewares=[self.entrance.guard])
        app.on_response_prepare.append(self.entrance.set_headers)
        app.add_subapp(self.entrance.base, inner)
        return app

    async def _textual(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text=self._script, content_type="text/javascript")

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: the link is all that there is to say."""

    async def on_shutdown(self, app: web.Application) -> None:
        """Close the pages, with which the screens end."""
        for browser in list(self._browsers):
            await browser.close(code=WSCloseCode.GOING_AWAY)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run one screen for one page, and see to it that it ends with the page."""
        if len(self._browsers) >= SCREENS_MAX:
            raise web.HTTPServiceUnavailable(text=f"{SCREENS_MAX} screens are open; close one.")
        browser = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS)
        self._browsers.add(browser)
        try:
            await browser.prepare(request)
            screen = Screen(
                self.command,
                write_bytes=browser.send_bytes,
                write_str=browser.send_str,
                close=browser.close,  # type: ignore[arg-type]
                download_manager=self.download_manager,
            )
            try:
                await screen.start(_cells(request, "width", 80), _cells(request, "height", 24))
                await self._process_messages(browser, screen)
            finally:
                await screen.end()
            return browser
        finally:
            self._browsers.discard(browser)


class Screen(AppService):
    """The process of one screen."""

    async def end(self) -> None:
        """Ask it to go, and take it away if it does not."""
        process = self._process
        if process is None:
            return
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self.stop()
                self.stdin.close()
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _cells(request: web.Request, name: str, otherwise: int) -> int:
    text = request.query.get(name, "")
    return min(max(int(text), 1), CELLS_MAX) if text.isdecimal() else otherwise


def serve(command: Sequence[str], host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM. Raises OSError when the port is taken."""
    asyncio.run(_serve(command, host, port))


async def _serve(command: Sequence[str], host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family)
    name = f"[{host}]" if family == socket.AF_INET6 else host
    server = ScreenServer(command, f"{name}:{listening.getsockname()[1]}")
    # The access log would keep the link.
    runner = web.AppRunner(
        await server.make_app(), access_log=None, shutdown_timeout=GOODBYE_SECONDS
    )
    await runner.setup()
    await web.SockSite(runner, listening).start()
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    _tell_link(server.entrance)
    if sys.stdin.isatty():
        loop.add_reader(sys.stdin, _on_line, server.entrance, loop)
    try:
        await ended.wait()
    finally:
        await runner.cleanup()


def _tell_link(entrance: WebAccess) -> None:
    ways = "Enter shows another link, Ctrl+C ends." if sys.stdin.isatty() else ""
    print(
        f"Open this in a browser; it is good once, for {LINK_SECONDS:.0f} seconds. {ways}".rstrip(),
        entrance.new_link(),
        sep="\n",
        file=sys.stderr,
        flush=True,
    )


def _on_line(entrance: WebAccess, loop: asyncio.AbstractEventLoop) -> None:
    if sys.stdin.readline():
        _tell_link(entrance)
    else:
        loop.remove_reader(sys.stdin)
