"""After a kill, acknowledged payments are there, and outstanding webhooks are delivered."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import stripe

from instasell_server.http.listener import Listener
from instasell_server.sandbox import Sandbox, SandboxSettings, Store, StoreError
from instasell_server.sandbox.records import EVENT_SECONDS, REPLY_SECONDS, SandboxRecords
from tests.sandbox.market import (
    KEY,
    Receiver,
    ledger_of,
    open_session,
    paid_intent,
    running_sandbox,
    stripe_client,
)
from tests.support.waiting import until

PROGRAM = """
import asyncio, sys
from pathlib import Path
from instasell_server.http.listener import Listener
from instasell_server.sandbox import WebhookEndpoint, SandboxOptions, SandboxSettings, run_sandbox

file, key, url, secret = sys.argv[1:]
settings = SandboxSettings(key, endpoints=(WebhookEndpoint(url, secret),), retry_seconds=0.01)
def say(address):
    print(address, flush=True)
asyncio.run(run_sandbox(SandboxOptions(Path(file), settings, Listener, on_ready=say)))
"""


@contextlib.asynccontextmanager
async def sandbox_process(
    file: Path, receiver: Receiver
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A sandbox in a process of its own, and its address."""
    endpoint = receiver.endpoint
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, str(file), KEY, endpoint.url, endpoint.secret),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield process, (await process.stdout.readline()).decode().strip()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.faults
async def test_a_kill_loses_no_acknowledged_payment(tmp_path: Path, receiver: Receiver) -> None:
    file = tmp_path / "sandbox.db"
    receiver.refusals = [503] * 100_000
    acknowledged: dict[str, str] = {}

    async def pay_on(provider: stripe.StripeClient, lane: int) -> None:
        """Pay until the sandbox is gone, each time under a key of its own."""
        with contextlib.suppress(stripe.APIConnectionError, aiohttp.ClientError):
            for number in range(1000):
                key = f"{lane}-{number}"
                options: Any = {"idempotency_key": key}
                params: Any = {
                    "amount": 100,
                    "currency": "eur",
                    "payment_method": "pm_card_visa",
                    "confirm": True,
                    "metadata": {"key": key},
                }
                asked.add(key)
                paid = await provider.v1.payment_intents.create_async(params, options)
                acknowledged[key] = paid.id

    asked: set[str] = set()
    async with sandbox_process(file, receiver) as (process, url), stripe_client(url) as provider:
        session = await open_session(provider)
        lanes = [asyncio.create_task(pay_on(provider, lane)) for lane in range(4)]
        await until(lambda: len(acknowledged) > 40)
        process.send_signal(signal.SIGKILL)
        await asyncio.gather(*lanes)

    assert receiver.events == []
    receiver.refusals = []
    settings = SandboxSettings(KEY, endpoints=(receiver.endpoint,), retry_seconds=0.01)
    async with running_sandbox(file, settings) as again, stripe_client(again.url) as provider:
        found = await provider.v1.payment_intents.list_async({"limit": 100})
        kept = {each.metadata["key"]: each.id async for each in found.auto_paging_iter()}
        assert acknowledged.items() <= kept.items()
        assert kept.keys() <= asked
        headers = {"Authorization": f"Bearer {KEY}"}
        async with aiohttp.ClientSession(again.url, headers=headers) as web:
            assert (await ledger_of(web))["captured"] == 100 * len(kept)
        await until(lambda: {each.id for each in receiver.of("payment_intent.succeeded")}
                    == set(kept.values()))  # fmt: skip
        reopened = await provider.v1.checkout.sessions.retrieve_async(session.id)
        assert reopened.status == "open"
        for key, intent_id in acknowledged.items():
            options: Any = {"idempotency_key": key}
            params: Any = {
                "amount": 100,
                "currency": "eur",
                "payment_method": "pm_card_visa",
                "confirm": True,
                "metadata": {"key": key},
            }
            replayed = await provider.v1.payment_intents.create_async(params, options)
            assert replayed.id == intent_id


async def test_a_process_ends_cleanly_on_a_signal(tmp_path: Path, receiver: Receiver) -> None:
    async with sandbox_process(tmp_path / "s.db", receiver) as (process, url):
        async with stripe_client(url) as provider:
            await paid_intent(provider, 100)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def test_what_is_planned_happens_after_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    file = tmp_path / "sandbox.db"
    settings = SandboxSettings(KEY, endpoints=(receiver.endpoint,), settle_seconds=0.0)
    async with running_sandbox(file, settings) as running, stripe_client(running.url) as provider:
        running.faults.hold_payouts = True
        await paid_intent(provider, 100)
        payout = await provider.v1.payouts.create_async({"amount": 100, "currency": "eur"})
    async with running_sandbox(file, settings) as running, stripe_client(running.url) as provider:
        await until(lambda: bool(receiver.of("payout.paid")))
        assert (await provider.v1.payouts.retrieve_async(payout.id)).status == "paid"


async def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    await store.open()

    def work(records: SandboxRecords) -> None:
        records.add_to_balance("", "eur", 5)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.transact(work)
    assert await store.transact(lambda records: records.balances("")) == {}
    await store.close()
    await store.close()
    with pytest.raises(StoreError):
        await store.transact(work)


async def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    text, other = tmp_path / "text", tmp_path / "other.db"
    text.write_text("this is no database, and it is long enough to be sure of that " * 20)
    with contextlib.closing(sqlite3.connect(other)) as connection:
        connection.execute("PRAGMA user_version = 99")
    for path in (text, other, tmp_path):
        with pytest.raises(StoreError):
            await Store(path).open()


async def test_a_file_has_one_owner_and_a_port_one_listener(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("instasell_server.sandbox.store.BUSY_SECONDS", 0.05)
    file, settings = tmp_path / "sandbox.db", SandboxSettings(KEY)
    async with running_sandbox(file, settings) as running:
        with pytest.raises(StoreError, match="locked"):
            await Sandbox(file, settings, Listener).start()
        port = int(running.url.rpartition(":")[2])
        other = Sandbox(tmp_path / "other.db", settings, Listener)
        with pytest.raises(OSError):
            await other.start(port=port)
        with pytest.raises(StoreError):
            await other.store.transact(SandboxRecords.prune)


async def test_old_replies_and_events_are_forgotten(tmp_path: Path, receiver: Receiver) -> None:
    file = tmp_path / "sandbox.db"
    settings = SandboxSettings(KEY, endpoints=(receiver.endpoint,))
    async with running_sandbox(file, settings) as running, stripe_client(running.url) as provider:
        options: Any = {"idempotency_key": "k-1"}
        await paid_intent(provider, 100)
        await provider.v1.customers.create_async({"name": "Ann"}, options)
        store = running.server.store
        await until(lambda: receiver.got("payment_intent.succeeded"))
        while await store.transact(SandboxRecords.count_undelivered):
            pass
        now = store.clock()
        for seconds, replies, events in ((24 * 3600, 1, 1), (REPLY_SECONDS + 9, 0, 1),
                                         (EVENT_SECONDS + 9, 0, 0)):  # fmt: skip
            store.clock = lambda seconds=seconds: now + seconds
            await store.transact(SandboxRecords.prune)
            stored = await store.transact(lambda records: records.find_reply("", "k-1"))
            assert (stored is not None) == bool(replies)
            assert len((await provider.v1.events.list_async()).data) == events
