"""`listen`: the user's own events, each once and in order, also across a lost connection."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import re
import signal
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from instasell_cli.exit_codes import UsageProblem
from instasell_cli.live import webhook_forwarder as forwarding
from instasell_cli.live.webhook_forwarder import (
    WebhookForwarder,
    WebhookTarget,
    checked_target,
    signature,
)
from tests.cli.conftest import ROOT, Shell
from tests.cli.orders.test_money import fixed_price_listing
from tests.client.cutting_proxy import cutting
from tests.support.market import Market
from tests.support.waiting import until

Shells = Callable[..., Shell]
Sql = Callable[..., list[tuple[Any, ...]]]
SECRET = "a secret between us"


class Receiver:
    """Takes what is forwarded. `answers` are the first statuses; after them all is well."""

    def __init__(self, *answers: int) -> None:
        self._answers = [*answers]
        self.got: list[tuple[str, bytes]] = []
        self.elsewhere = 0
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        """One event."""
        self.got.append((request.headers[forwarding.SIGNATURE], await request.read()))
        status = self._answers.pop(0) if self._answers else 204
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async def stray(self, _: web.Request) -> web.Response:
        """Serve the target of a redirect."""
        self.elsewhere += 1
        return web.Response()


@contextlib.asynccontextmanager
async def receiving(*answers: int) -> AsyncIterator[Receiver]:
    """A receiver on a free port."""
    receiver = Receiver(*answers)
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    app.router.add_route("*", "/elsewhere", receiver.stray)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


async def test_nothing_is_left_out_and_nothing_comes_twice(
    market: Market, shell_of: Shells, sql: Sql
) -> None:
    owner, customer = await market.seller(), await market.bidder()
    listing_id = await fixed_price_listing(market, owner)
    await customer.messages.ask(listing_id, "before")
    await until(lambda: sql("SELECT count(*) FROM notifications") == [(1,)])
    async with cutting(market.base_url) as proxy, receiving(503, 302) as receiver:
        shell = shell_of(owner)
        shell.url, shell.extra = proxy.base_url, {"INSTASELL_LISTEN_SECRET": SECRET}
        process = await shell.start("listen", "--jsonl", "--forward-to", receiver.url)
        assert process.stdout is not None
        assert process.stderr is not None
        assert b"listening for the events of" in await process.stderr.readline()
        await customer.messages.ask(listing_id, "one")
        await until(lambda: len(receiver.got) >= 3)
        proxy.shut = True
        proxy.cut()
        await customer.messages.ask(listing_id, "two")
        await market.auction(owner)
        await customer.messages.ask(listing_id, "three")
        await until(lambda: sql("SELECT count(*) FROM notifications") == [(4,)])
        proxy.shut = False
        lines = [json.loads(await process.stdout.readline()) for _ in range(7)]
        await until(lambda: len(receiver.got) >= 8)
        process.send_signal(signal.SIGINT)
        rest, err = await process.communicate()
    assert (process.returncode, b"Traceback" in err) == (130, False)
    assert SECRET not in err.decode()
    said = [each["data"]["message"]["text"] for each in lines if each["event"] == "new_message"]
    told = [
        each["data"]["payload"]["text"]
        for each in lines
        if each["event"] == "notification" and each["data"]["kind"] == "message"
    ]
    assert said == told == ["one", "two", "three"]
    assert len({each["id"] for each in lines}) == 7
    assert [each["event"] for each in lines].count("wallet_changed") == 1
    assert rest == b""
    # The first was tried again, the second led elsewhere; each other one came once, in order.
    for header, body in receiver.got:
        seconds, _, given = header.removeprefix("t=").partition(",v1=")
        signed = f"{seconds}.".encode() + body
        assert hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest() == given
    bodies = [json.loads(body) for _, body in receiver.got]
    assert (bodies[0], bodies[1:]) == (bodies[1], lines)
    assert receiver.elsewhere == 0
    assert b"-> 503, again in 0.5 s" in err
    assert b"-> 302, which leads elsewhere and is not followed" in err


async def test_text_for_people_and_only_what_was_asked_for(
    market: Market, shell_of: Shells
) -> None:
    owner, customer = await market.seller(), await market.bidder()
    listing_id = await fixed_price_listing(market, owner)
    process = await shell_of(owner).start("listen", "--events", "message,paid")
    assert process.stdout is not None
    assert process.stderr is not None
    assert b"listening for the events of" in await process.stderr.readline()
    await customer.messages.ask(listing_id, "Is it [b]new[/b]?")
    line = (await process.stdout.readline()).decode()
    assert line[8:].startswith("  message  ")
    assert line.endswith("writes: Is it [b]new[/b]?\n")
    process.send_signal(signal.SIGINT)
    out, _ = await process.communicate()
    assert (process.returncode, out) == (130, b"")
    for wrong, code in (
        (("--events", "outbid,nothing"), 2),
        (("--events", ","), 2),
        (("--forward-to", "ftp://host/"), 2),
        (("-o", "csv"), 2),
    ):
        done = await shell_of(owner).run("listen", *wrong)
        assert (done.code, done.out) == (code, "")
    nobody = shell_of(owner)
    nobody.token = None
    assert (await nobody.run("listen")).code == 4


def test_a_signature_is_over_the_time_and_the_body() -> None:
    assert signature("whsec", b'{"id": 1}', 1700000000) == (
        "t=1700000000,v1=" + hmac.new(b"whsec", b'1700000000.{"id": 1}', "sha256").hexdigest()
    )


def test_a_receiver_checks_it_as_the_document_says() -> None:
    document = (ROOT / "docs" / "scripting.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", document, re.DOTALL)
    names: dict[str, Any] = {}
    exec(program, names)
    header = signature(SECRET, b"{}", int(time.time()))
    assert names["is_genuine"](header, b"{}", SECRET)
    assert not names["is_genuine"](header, b"[]", SECRET)
    assert not names["is_genuine"](signature(SECRET, b"{}", 1700000000), b"{}", SECRET)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "hook", "http://", "http://host:0/", "http://host:99999/",
        "http://anna:secret@host/", "http://host/#here", "http://host/a b", "http://" + "h" * 2048,
    ],
)  # fmt: skip
def test_only_plain_web_addresses_are_forwarded_to(url: str) -> None:
    with pytest.raises(UsageProblem, match="--forward-to"):
        checked_target(url)


async def test_tries_and_waiting_events_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwarding, "WAITING_MAX", 2)
    said: list[str] = []
    async with receiving(500, 500, 500, 404) as receiver:
        forwarder = WebhookForwarder(WebhookTarget(receiver.url, SECRET, (0.0, 0.0)), said.append)
        for name in ("a", "b", "c"):
            forwarder.add(name, {"id": name})
        assert said == ["c: not forwarded, 2 events wait already"]
        assert forwarder.waiting == 2
        sending = asyncio.create_task(forwarder.run())
        await until(lambda: forwarder.waiting == 0)
        sending.cancel()
    again = "a -> 500, again in 0 s"
    assert said[1:] == [again, again, "a -> 500, given up", "b -> 404"]
