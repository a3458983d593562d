"""Delivers webhooks, signed as Stripe signs them, until each was taken with a 2xx.

The outbox is in the store: what was not delivered before a stop or a crash is delivered after it.
An event may come twice, and events may come in another order than they happened in.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
from collections.abc import Sequence
from functools import partial

import aiohttp
import structlog

from instasell_server.sandbox.records import Delivery, SandboxRecords
from instasell_server.sandbox.settings import Faults, SandboxSettings, WebhookEndpoint
from instasell_server.sandbox.store import Store

AT_ONCE = 8
TIMEOUT_SECONDS = 10.0
REORDER_SECONDS = 0.25
"""How long nothing may happen before what was gathered is sent, under `reorder_webhooks`."""

REORDER_SECONDS_MAX = 2.0
"""How long anything waits for that."""

ERROR_SECONDS = 1.0

_log = structlog.get_logger(__name__)


def sign(payload: str, secret: str, at: int) -> str:
    """Return the header Stripe-Signature of a payload at an instant in epoch seconds."""
    signed = f"{at}.{payload}".encode()
    return f"t={at},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


class WebhookSender:
    """Delivers what is due, several at once, between `start` and `stop`."""

    def __init__(self, store: Store, settings: SandboxSettings, faults: Faults) -> None:
        self._store = store
        self._settings = settings
        self._faults = faults
        self._endpoints: Sequence[WebhookEndpoint] = ()
        self._wake = asyncio.Event()
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._loop_task: asyncio.Task[None] | None = None
        self._session: aiohttp.ClientSession | None = None
        self.send_to(settings.endpoints)
        store.on_event = self.wake

    def send_to(self, endpoints: Sequence[WebhookEndpoint]) -> None:
        """Change where webhooks go; outstanding ones go to the endpoint in the same place.

        Without any endpoint webhooks wait for the first one.
        """
        self._endpoints = tuple(endpoints)
        self._store.endpoints = max(1, len(self._endpoints))
        self.wake()

    def wake(self) -> None:
        """Have it look again at what is due."""
        self._wake.set()

    async def start(self) -> None:
        """Begin to deliver."""
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._loop_task = asyncio.create_task(self._run(), name="sandbox-webhooks")

    async def stop(self) -> None:
        """Give up what is under way; it is delivered after the next start."""
        tasks = [*self._under_way.values()]
        if self._loop_task is not None:
            tasks.append(self._loop_task)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                pause = await self._send_due()
            except Exception:
                _log.exception("courier_failed")
                pause = ERROR_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    async def _send_due(self) -> float | None:
        """Start what there is room for; return the seconds until more is due."""
        room = (1 if self._faults.reorder_webhooks else AT_ONCE) - len(self._under_way)
        if self._faults.hold_webhooks or not self._endpoints or room <= 0:
            return None
        limit = room + len(self._under_way)
        due, pause = await self._store.transact(lambda records: self._look(records, limit))
        for delivery in [each for each in due if each.seq not in self._under_way][:room]:
            task = asyncio.create_task(self._deliver(delivery), name=f"webhook-{delivery.seq}")
            self._under_way[delivery.seq] = task
            task.add_done_callback(partial(self._finished, delivery.seq))
        return pause

    def _look(self, records: SandboxRecords, limit: int) -> tuple[list[Delivery], float | None]:
        endpoints, reorder = len(self._endpoints), self._faults.reorder_webhooks
        following = records.find_next_delivery(endpoints, records.now)
        pause = None if following is None else following - records.now
        due = records.list_deliveries(endpoints, records.now, limit, newest_first=reorder)
        if reorder and due:
            oldest = records.list_deliveries(endpoints, records.now, 1, newest_first=False)
            age = records.now - due[0].due_at
            if age < REORDER_SECONDS and records.now - oldest[0].due_at < REORDER_SECONDS_MAX:
                return [], REORDER_SECONDS - age
        return due, pause

    def _finished(self, seq: int, _task: asyncio.Task[None]) -> None:
        del self._under_way[seq]
        self.wake()

    async def _deliver(self, delivery: Delivery) -> None:
        if delivery.endpoint >= len(self._endpoints):
            return
        copies = 1 + self._faults.duplicate_webhooks
        endpoint = self._endpoints[delivery.endpoint]
        taken = await asyncio.gather(*(self._post(endpoint, delivery) for _ in range(copies)))
        delivered = all(taken)
        pause = min(
            self._settings.retry_seconds * 2 ** min(delivery.attempts, 30),
            self._settings.retry_seconds_max,
        )

        def note(records: SandboxRecords) -> None:
            due_at = records.now + (0.0 if delivered else pause)
            records.update_delivery(delivery.seq, delivered=delivered, due_at=due_at)

        try:
            await self._store.transact(note)
        except Exception:
            _log.exception("delivery_not_noted", event_id=delivery.event_id)
            await asyncio.sleep(ERROR_SECONDS)

    async def _post(self, endpoint: WebhookEndpoint, delivery: Delivery) -> bool:
        assert self._session is not None
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": sign(delivery.payload, endpoint.secret, int(self._store.clock())),
            "User-Agent": "InstaSell-Sandbox/1.0",
        }
        try:
            async with self._session.post(
                endpoint.url,
                data=delivery.payload.encode(),
                headers=headers,
                allow_redirects=False,
            ) as response:
                taken = 200 <= response.status < 300
                if not taken:
                    _log.info("webhook_refused", status=response.status, id=delivery.event_id)
                return taken
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            _log.info("webhook_failed", error=type(error).__name__, id=delivery.event_id)
            return False
