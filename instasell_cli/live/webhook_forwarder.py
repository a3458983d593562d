"""Events as signed HTTP requests: one after the other, tried again a few times, never for ever.

The signature is that of a webhook: `InstaSell-Signature: t=SECONDS,v1=HEX`, where HEX is
HMAC-SHA256 with the secret over the seconds, a full stop, and the body as it was sent.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from instasell_cli.exit_codes import UsageProblem
from instasell_cli.output.writer import json_text
from instasell_client.http.codec import user_agent
from instasell_client.models.base import JsonObject

SIGNATURE = "InstaSell-Signature"
WAITING_MAX = 1000
URL_CHARACTERS_MAX = 2048
TIMEOUT_SECONDS = 10.0
DELAYS_SECONDS = (0.5, 1.0, 2.0, 4.0)
"""Waits between the tries of one event; after the last the next event has its turn."""

WORTH_ANOTHER_TRY = frozenset({408, 425, 429})


def signature(secret: str, body: bytes, seconds: int) -> str:
    """Return the value of the header for a body that goes out at a Unix time."""
    signed = f"{seconds}.".encode() + body
    return f"t={seconds},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def checked_target(url: str) -> str:
    """Return an address that events may be sent to. Raises UsageProblem."""
    example = "http://127.0.0.1:8000/hook"
    try:
        parsed = urlsplit(url)
        port = parsed.port
    except ValueError as error:
        raise UsageProblem(f"--forward-to: {url!r} is not an address: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.hostname or port == 0:
        raise UsageProblem(f"--forward-to: {url!r} is not an address; write it as {example}")
    if parsed.username is not None or parsed.fragment:
        raise UsageProblem("--forward-to: leave user and fragment out of the address")
    if len(url) > URL_CHARACTERS_MAX or not url.isprintable() or " " in url:
        raise UsageProblem(f"--forward-to: write an address as {example}")
    return url


@dataclass(frozen=True)
class WebhookTarget:
    """Hold the address that events go to, and the secret that signs them."""

    url: str
    secret: str
    delays_seconds: Sequence[float] = DELAYS_SECONDS


class WebhookForwarder:
    """Sends events in their order. `say` gets a line about each try.

    At most `WAITING_MAX` events wait; of more than that the newest are passed over, and told.
    """

    def __init__(self, target: WebhookTarget, say: Callable[[str], None]) -> None:
        self._target = target
        self._say = say
        self._queue: asyncio.Queue[tuple[str, JsonObject]] = asyncio.Queue(WAITING_MAX)
        self._under_way = 0

    @property
    def waiting(self) -> int:
        """Return the number of events that have not been sent."""
        return self._queue.qsize() + self._under_way

    def add(self, name: str, record: JsonObject) -> None:
        """Queue an event; `name` is what people see of it."""
        try:
            self._queue.put_nowait((name, record))
        except asyncio.QueueFull:
            self._say(f"{name}: not forwarded, {WAITING_MAX} events wait already")

    async def run(self) -> None:
        """Send what is queued, until it is cancelled."""
        async with httpx.AsyncClient(
            follow_redirects=False,
            timeout=TIMEOUT_SECONDS,
            headers={"User-Agent": user_agent(), "Content-Type": "application/json"},
        ) as http:
            while True:
                name, record = await self._queue.get()
                self._under_way = 1
                await self._send(http, name, json_text(record).encode())
                self._under_way = 0

    async def _send(self, http: httpx.AsyncClient, name: str, body: bytes) -> None:
        for delay in (*self._target.delays_seconds, None):
            answer, again = await self._try(http, body)
            if not again or delay is None:
                self._say(f"{name} -> {answer}{', given up' if again else ''}")
                return
            self._say(f"{name} -> {answer}, again in {delay:g} s")
            await asyncio.sleep(delay)

    async def _try(self, http: httpx.AsyncClient, body: bytes) -> tuple[str, bool]:
        """Return the answer, and whether another try is worth it; no body is read."""
        signed = signature(self._target.secret, body, int(time.time()))
        try:
            async with http.stream(
                "POST", self._target.url, content=body, headers={SIGNATURE: signed}
            ) as response:
                status = response.status_code
        except httpx.HTTPError as error:
            return f"no answer ({type(error).__name__})", True
        if 300 <= status < 400:
            return f"{status}, which leads elsewhere and is not followed", False
        return str(status), status >= 500 or status in WORTH_ANOTHER_TRY
