"""The escape hatch: any call, its fields and its pages."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.cli.conftest import Shell
from tests.support.market import Market


async def test_reading_writing_and_paging(market: Market, shell_of: Callable[..., Shell]) -> None:
    owner = await market.seller()
    first, second = await market.auction(owner), await market.auction(owner, title="Second")
    bidder = shell_of(await market.bidder())
    live = await bidder.run("api", "get", "/auctions/live", "-f", "limit=1")
    assert len(json.loads(live.out)["items"]) == 1
    every = await bidder.run(
        "api", "GET", "/auctions/live", "-f", "limit=1", "--paginate", "-o", "jsonl"
    )
    ids = {json.loads(line)["auction_id"] for line in every.out.splitlines()}
    assert ids == {first, second}
    bid = await bidder.run("api", "POST", f"/auctions/{first}/bid", "-f", "amount=1250")
    assert json.loads(bid.out)["current_bid"] == 1250
    typed = await bidder.run("api", "POST", f"/auctions/{second}/bid", "-F", "amount=1250")
    assert (typed.code, typed.out) == (2, "")
    body = await bidder.run(
        "api", "POST", f"/auctions/{second}/bid", "--input", "-", stdin='{"max_amount": 500}'
    )
    assert json.loads(body.out)["max_amount"] == 500


async def test_refusals(market: Market, shell_of: Callable[..., Shell]) -> None:
    bidder = shell_of(await market.bidder())
    for arguments, code in (
        (("GET", "/nowhere"), 5),
        (("GET", "//evil.example/x"), 2),
        (("GET", "/listings", "-f", "limit"), 2),
        (("POST", "/listings", "--input", "-"), 2),
        (("GET", "/listings", "-o", "csv"), 2),
    ):
        done = await bidder.run("api", *arguments, stdin="{nonsense")
        assert (done.code, done.out) == (code, ""), (arguments, done.err)
