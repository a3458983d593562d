"""A headless Chromium, spoken to over its DevTools protocol: what a person's browser would do."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.waiting import LIMIT_SECONDS, LOOK_SECONDS, until

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS = (
    "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--remote-debugging-port=0",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-default-browser-check", "--disable-dev-shm-usage",
)  # fmt: skip


def find_browser() -> str | None:
    """The path of a Chromium, if this machine has one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Tab:
    """One page of a browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._last = 0

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol, and its result."""
        self._last += 1
        await self._socket.send_json({"id": self._last, "method": method, "params": parameters})
        async with asyncio.timeout(LIMIT_SECONDS):
            while True:
                answer = await self._socket.receive_json()
                if answer.get("id") == self._last:
                    assert "error" not in answer, answer
                    return dict(answer["result"])

    async def evaluate(self, expression: str) -> Any:
        """The value of an expression on the page; None while one page goes and the next comes."""
        result = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return result["result"].get("value")

    async def wait_for(self, expression: str) -> None:
        """Wait until an expression holds on the page."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while True:
                if await self.evaluate(f"Boolean({expression})"):
                    return
                await asyncio.sleep(LOOK_SECONDS)

    async def open(self, url: str, *, width: int = 1280) -> None:
        """Show a page in a window of that many pixels."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=800, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        await self.call("Page.navigate", url=url)
        await self.wait_for(
            f"location.href == {json.dumps(url)} && document.readyState == 'complete'"
        )

    async def click(self, selector: str) -> None:
        """Click in the middle of an element with the mouse."""
        box = await self.evaluate(
            f"(() => {{ const r = document.querySelector({json.dumps(selector)})"
            ".getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.call(
                "Input.dispatchMouseEvent",
                type=kind, x=box[0], y=box[1], button="left", clickCount=1,
            )  # fmt: skip

    async def press(self, key: str) -> None:
        """Press one key, as `b` or `Enter`."""
        codes = {"Enter": (13, "\r"), "Escape": (27, "")}
        code, text = codes.get(key, (ord(key[0].upper()), key))
        for kind in ("keyDown", "keyUp"):
            await self.call(
                "Input.dispatchKeyEvent",
                type=kind, key=key, windowsVirtualKeyCode=code,
                text=text if kind == "keyDown" else "",
            )  # fmt: skip

    async def picture(self) -> bytes:
        """The page as a PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])


@contextlib.asynccontextmanager
async def browsing() -> AsyncIterator[Tab]:
    """A browser with a profile of its own, which is gone afterwards."""
    program = find_browser()
    assert program is not None
    profile = Path(tempfile.mkdtemp(prefix="is-browser-"))
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    process = await asyncio.create_subprocess_exec(
        program, *_FLAGS, *sandbox, f"--user-data-dir={profile}", "about:blank",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        record = profile / "DevToolsActivePort"
        await until(lambda: record.exists() and "\n" in record.read_text())
        address = f"http://127.0.0.1:{record.read_text().split()[0]}"
        async with aiohttp.ClientSession() as http:
            async with http.put(f"{address}/json/new?about:blank") as answer:
                target = (await answer.json())["webSocketDebuggerUrl"]
            async with http.ws_connect(target, max_msg_size=0) as socket:
                yield Tab(socket)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        shutil.rmtree(profile, ignore_errors=True)
