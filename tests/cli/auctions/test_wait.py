"""`auctions wait`: silent until it has happened, and what a script learns when it does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.cli.conftest import Shell
from tests.support.market import Market

Shells = Callable[..., Shell]
Sql = Callable[..., list[tuple[Any, ...]]]
MISSING = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"


async def test_waiting_for_a_bid_and_for_the_end(
    market: Market, shell_of: Shells, sql: Sql
) -> None:
    owner, rival = await market.seller(), await market.bidder()
    shell = shell_of(rival)
    auction_id = await market.auction(owner)
    sold = [await market.auction(owner, buy_now=900) for _ in range(2)]
    waits = [
        await shell.start("auctions", "wait", *ids, "--for", until, "--timeout", "1m", *more)
        for ids, until, more in (
            ((auction_id,), "bid", ("-o", "json", "--fields", "current_bid,leader")),
            (sold, "ended", ("-o", "jsonl", "--fields", "auction_id,status")),
        )
    ]
    await rival.auctions.bid(auction_id, amount=500)
    out, err = await waits[0].communicate()
    assert (waits[0].returncode, err) == (0, b"")
    assert json.loads(out) == {"current_bid": 500, "leader": "bidder-1"}
    # A bid that is there already counts, unless only later ones are asked for.
    had = await shell.run("auctions", "wait", auction_id, "--for", "bid", "--timeout", "0")
    assert (had.code, f"auction_id\t{auction_id}\n" in had.out) == (0, True)
    waited = ("auctions", "wait", auction_id, "--for", "bid", "--after-seq", "1")
    later = await shell.run(*waited, "--timeout", "1s")
    assert (later.code, later.out) == (1, "")
    assert "timed out after 1s" in later.err
    assert f"auction {auction_id} did not get a bid: live, 5.00, ends " in later.err
    # One that ends below its reserve has a price and no buyer, so a sentence says it.
    unsold = await market.auction(owner, title="An unsold watch", reserve=5000)
    await rival.auctions.bid(unsold, amount=500)
    sql("UPDATE auctions SET status = 'ended', closed_at = now() WHERE id = %s", unsold)
    alone = await shell.run("auctions", "wait", unsold, "--for", "ended")
    assert (alone.code, alone.err) == (0, "Ended below the reserve: no sale\n")
    quiet = await shell.run("auctions", "wait", unsold, "--for", "ended", "-o", "json")
    assert (quiet.err, json.loads(quiet.out)["winner"]) == ("", None)
    for each in sold:
        await rival.auctions.buy_now(each, 900)
    both = await shell.run("auctions", "wait", sold[0], unsold, "--for", "ended")
    assert both.err == "An unsold watch: Ended below the reserve: no sale\n"
    out, err = await waits[1].communicate()
    assert (waits[1].returncode, err) == (0, b"")
    assert [json.loads(line) for line in out.splitlines()] == [
        {"auction_id": each, "status": "ended"} for each in sold
    ]


async def test_what_is_not_so_or_can_no_longer_be(market: Market, shell_of: Shells) -> None:
    owner = await market.seller()
    shell = shell_of(owner)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    pending = await market.auction(owner, start_at=tomorrow, duration_seconds=60)
    cancelled = await market.auction(owner)
    await owner.auctions.cancel(cancelled)
    for ids, until, code, said in (
        ((pending,), "started", 1, "did not start: pending, no bids, starts 20"),
        ((pending, cancelled), "ended", 1, f"{cancelled} is cancelled: it can no longer end"),
        ((cancelled,), "bid", 1, "it can no longer get a bid"),
        ((cancelled,), "started", 1, "it can no longer start"),
        ((MISSING,), "ended", 5, ""),
    ):
        done = await shell.run("auctions", "wait", *ids, "--for", until, "--timeout", "0")
        assert (done.code, done.out) == (code, ""), done.err
        assert said in done.err
    wrong = await shell.run("auctions", "wait", pending, "--for", "ended", "--timeout", "soon")
    assert (wrong.code, "write 90s, 10m" in wrong.err) == (2, True)
    assert (await shell.run("auctions", "wait", pending)).code == 2
