"""The screen in a browser: who gets in, who does not, and what the page loads."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from instasell_tui.web.access import LINK_SECONDS, WebAccess
from instasell_tui.web.server import SCREENS_MAX, ScreenServer
from instasell_tui.widgets.confirm_screen import ENTER_COUNTS
from tests.repository.source_tree import ROOT
from tests.support.browser import browsing, find_browser
from tests.support.market import Market
from tests.support.waiting import LIMIT_SECONDS

ECHO = (
    "import sys\n"
    "out, source = sys.stdout.buffer, sys.stdin.buffer\n"
    "out.write(b'__GANGLION__\\n'); out.flush()\n"
    "while (kind := source.read(1)) == b'D':\n"
    "    size = source.read(4); text = source.read(int.from_bytes(size, 'big'))\n"
    "    out.write(kind + size + text); out.flush()\n"
)
"""A screen that sends back what is typed; it ends with the first word that is not typed."""


@dataclass
class Served:
    """A running server, and a visitor who keeps cookies."""

    server: ScreenServer
    place: str
    visitor: aiohttp.ClientSession

    @property
    def page(self) -> str:
        """The address of the page."""
        return f"http://{self.place}{self.server.entrance.base}/"

    async def status(self, url: str, **headers: str) -> int:
        """The status of an answer."""
        async with self.visitor.get(url, headers=headers) as answer:
            return answer.status

    async def knock(self, **headers: str) -> int:
        """The status of an attempt to open the socket: 101 when it opens."""
        origin = {"Origin": f"http://{self.place}", **headers}
        try:
            async with self.visitor.ws_connect(f"{self.page}ws", headers=origin):
                return 101
        except aiohttp.WSServerHandshakeError as refusal:
            return refusal.status


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """A server whose screens echo."""
    listening = socket.create_server(("127.0.0.1", 0))
    place = f"127.0.0.1:{listening.getsockname()[1]}"
    server = ScreenServer([sys.executable, "-c", ECHO], place)
    runner = web.AppRunner(await server.make_app(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as visitor:
        yield Served(server, place, visitor)
    await runner.cleanup()


async def test_nobody_gets_in_without_the_link_which_is_good_once(served: Served) -> None:
    base = served.page
    everything = [
        base, f"{base}own/textual.js", f"{base}own/page.css", f"{base}static/css/xterm.css",
        f"{base}static/", f"{base}download/some", f"{base}nothing", f"http://{served.place}/",
        f"http://{served.place}/ws",
    ]  # fmt: skip
    for url in everything:
        async with served.visitor.get(url) as answer:
            assert answer.status == 403, url
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert await served.knock() == 403
    assert await served.status(f"{base}enter/guess") == 403

    link = served.server.entrance.new_link()
    assert link.startswith(f"http://{served.place}/")
    async with served.visitor.get(link) as answer:
        assert answer.status == 200
        assert f'url={served.server.entrance.base}/"' in await answer.text()
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert f"Path={served.server.entrance.base}/" in cookie
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
    assert await served.status(link) == 403
    async with aiohttp.ClientSession() as stranger, stranger.get(link) as answer:
        assert answer.status == 403
        assert "Set-Cookie" not in answer.headers
    async with aiohttp.ClientSession() as stranger, stranger.get(base) as answer:
        assert answer.status == 403

    assert await served.status(base) == 200
    async with served.visitor.get(f"{base}download/some") as answer:
        assert answer.status == 404
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    async with served.visitor.ws_connect(
        f"{base}ws", headers={"Origin": f"http://{served.place}"}
    ) as screen:
        await screen.send_json(["stdin", "typed"])
        assert await screen.receive_bytes() == b"typed"


async def test_other_names_and_other_pages_are_turned_away(served: Served) -> None:
    await served.status(served.server.entrance.new_link())
    port = served.place.rpartition(":")[2]
    assert await served.knock() == 101
    for origin in (
        f"http://localhost:{port}",
        "https://market.example",
        "null",
        "http://127.0.0.1",
    ):
        assert await served.knock(Origin=origin) == 403, origin
        assert await served.status(served.page, Origin=origin) == 403, origin
    async with aiohttp.ClientSession(cookie_jar=served.visitor.cookie_jar) as plain:
        # No browser opens a socket without telling whose page does.
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await plain.ws_connect(f"{served.page}ws")
        assert refused.value.status == 403
    for host in (f"localhost:{port}", f"rebound.example:{port}", "127.0.0.1", ""):
        assert await served.knock(Host=host) == 403, host
        assert await served.status(served.page, Host=host) == 403, host
        link = served.server.entrance.new_link()
        assert await served.status(link, Host=host) == 403, host
        assert await served.status(link) == 200


async def test_the_page_and_what_it_loads_names_no_other_host(served: Served) -> None:
    await served.status(served.server.entrance.new_link())
    async with served.visitor.get(served.page) as answer:
        page = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    named = re.findall(r"(?:https?|wss?)://([^/\s\"';]+)", page + policy)
    assert set(named) == {served.place}
    assert "//" not in re.sub(r"(?:http|ws)://", "", page)
    parts = re.findall(r'(?:src|href)="([^"]+)"', page)
    styles = [part for part in parts if part.endswith(".css")]
    for part in [part for part in parts if not part.startswith("data:")]:
        url = part if part.startswith("http") else served.page + part
        async with served.visitor.get(url) as answer:
            assert answer.status == 200, part
            text = await answer.text()
            assert not re.findall(r"url\([\"']?(?:https?:)?//|@import", text), part
    assert len(styles) == 2
    for font in ("RobotoMono-VariableFont_wght.ttf", "RobotoMono-Italic-VariableFont_wght.ttf"):
        assert await served.status(f"{served.page}static/fonts/{font}") == 200


async def test_few_screens_are_open_at_once(served: Served) -> None:
    await served.status(served.server.entrance.new_link())
    origin = {"Origin": f"http://{served.place}"}
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(SCREENS_MAX):
            await stack.enter_async_context(
                served.visitor.ws_connect(f"{served.page}ws", headers=origin)
            )
        assert await served.knock() == 503
    while await served.knock() != 101:
        # The test's time-out is the limit.
        pass


def test_a_link_is_good_for_a_minute_and_the_last_one_only() -> None:
    now = 100.0
    entrance = WebAccess("127.0.0.1:1", clock=lambda: now)

    def key() -> str:
        return entrance.new_link().rpartition("/")[2]

    first, second = key(), key()
    assert not entrance._redeem(first)
    assert entrance._redeem(second)
    assert not entrance._redeem(second)
    third = key()
    now += LINK_SECONDS
    assert not entrance._redeem(third)
    assert len({first, second, third}) == 3
    assert len(first) > 40
    assert not entrance._redeem("ключ")


@contextlib.asynccontextmanager
async def program(folder: Path, *arguments: str, **settings: str) -> AsyncIterator[str]:
    """The whole of it as a process: it prints its link, nothing else, and ends on a signal."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "instasell_tui", "--web", *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "INSTASELL_CONFIG_DIR": str(folder), **settings},
    )  # fmt: skip
    assert process.stderr is not None
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            assert b"good once, for 60 seconds" in await process.stderr.readline()
            yield (await process.stderr.readline()).decode().strip()
    finally:
        process.terminate()
        out, err = await process.communicate()
    assert (process.returncode, out, err) == (0, b"", b"")


async def test_the_program_shows_the_link_and_the_screen(tmp_path: Path) -> None:
    example = f"--replay={ROOT / 'examples' / 'board.jsonl'}"
    jar = aiohttp.CookieJar(unsafe=True)
    async with (
        program(tmp_path, example) as link,
        aiohttp.ClientSession(cookie_jar=jar) as visitor,
    ):
        page, origin = link.partition("/enter/")[0], "/".join(link.split("/")[:3])
        async with visitor.get(link) as answer:
            assert answer.status == 200
        shown = b""
        async with visitor.ws_connect(f"{page}/ws", headers={"Origin": origin}) as screen:
            while b"Rangefinder camera" not in shown or b"replay" not in shown:
                shown += await screen.receive_bytes()
            await screen.send_json(["stdin", "q"])
            async for _ in screen:
                pass


HEAR = """
window.heard = "";
window.WebSocket = class extends WebSocket {
  constructor(...parts) {
    super(...parts);
    this.addEventListener("message", async (told) => {
      // Read after the wait: two that come together would else lose one.
      const text = await new Response(told.data).text();
      window.heard += text;
    });
  }
};
"""


@pytest.mark.skipif(
    find_browser() is None, reason="no Chromium on the PATH (apt-get install chromium)"
)
async def test_a_bid_is_placed_in_a_browser(market: Market, tmp_path: Path) -> None:
    bidder, seller = await market.bidder(), await market.seller()
    auction = await market.auction(seller, title="A pocket watch", min_bid=1000)
    for title in ("A steel clock", "A brass sextant"):
        await market.auction(seller, title=title, min_bid=5000, duration_seconds=7200)
    settings = {"INSTASELL_URL": market.base_url, "INSTASELL_TOKEN": bidder.token or ""}
    async with program(tmp_path, **settings) as link, browsing() as tab:
        await tab.call("Page.enable")
        await tab.call("Page.addScriptToEvaluateOnNewDocument", source=HEAR)
        await tab.call(
            "Emulation.setDeviceMetricsOverride",
            width=1000, height=630, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        await tab.call("Page.navigate", url=link)
        await tab.wait_for("window.heard && heard.includes('A pocket watch')")
        await tab.wait_for("heard.includes('Person')")
        await tab.press("Enter")
        await tab.wait_for("heard.includes('sold by')")
        await tab.press("b")
        await tab.wait_for("heard.includes('Place this bid?')")
        await tab.press("Enter")
        # Each Enter that comes too early puts off the moment from which one counts.
        await tab.wait_for(f"heard.includes('Your bid leads') || heard.includes('{ENTER_COUNTS}')")
        if not await tab.evaluate("heard.includes('Your bid leads')"):
            await tab.press("Enter")
        await tab.wait_for("heard.includes('Your bid leads')")
        state = (await bidder.auctions.status(auction)).state
        assert (state.current_bid, state.leader) == (1000, "bidder-1")
        hosts = await tab.evaluate(
            "performance.getEntriesByType('resource').map((each) => new URL(each.name).host)"
        )
        assert len(hosts) > 3
        assert set(hosts) == {link.split("/")[2]}
        assert await tab.evaluate("document.cookie") == ""
        picture = await tab.picture()
    assert len(picture) > 10_000
    (tmp_path / "web.png").write_bytes(picture)
