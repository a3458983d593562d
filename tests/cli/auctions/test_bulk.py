"""Many auctions at once: cancelled, relisted, watched; a verdict for each."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from instasell_cli.live.auction_events import AUCTIONS_MAX
from tests.cli.conftest import Shell
from tests.support.market import Market

Shells = Callable[[Any], Shell]
Sql = Callable[..., list[tuple[Any, ...]]]
NONE = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"


def verdicts(out: str) -> dict[str, tuple[str, str | None]]:
    rows = (json.loads(line) for line in out.splitlines())
    return {row["auction_id"]: (row["outcome"], row["code"]) for row in rows}


async def test_all_open_auctions_are_cancelled_but_those_with_bids(
    market: Market, shell_of: Shells
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    ids = [await market.auction(seller) for _ in range(3)]
    await bidder.auctions.bid(ids[0], amount=500)
    shell = shell_of(seller)
    asked = await shell.run("auctions", "cancel", "--all")
    assert (asked.code, asked.out) == (2, "")
    done = await shell.run("auctions", "cancel", "--all", "--yes", "-o", "jsonl")
    assert done.code == 7
    assert verdicts(done.out) == {
        ids[0]: ("refused", "auction_has_bids"),
        ids[1]: ("cancelled", None),
        ids[2]: ("cancelled", None),
    }
    assert "2 cancelled, 1 refused" in done.err
    for line in ("cancel", f"cancel {ids[0]} --all --yes", "relist --all --yes"):
        assert (await shell.run("auctions", *line.split())).code in (2, 5), line


async def test_a_dry_run_judges_all_and_changes_nothing(
    market: Market, shell_of: Shells, sql: Sql
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    ids = [await market.auction(seller) for _ in range(3)]
    await bidder.auctions.bid(ids[0], amount=500)
    shell = shell_of(seller)
    look = (
        "SELECT status, version, (SELECT sum(gas_balance) FROM wallets) FROM auctions ORDER BY id"
    )
    before = sql(look)
    done = await shell.run("auctions", "cancel", "--all", "--dry-run", "-o", "jsonl")
    assert verdicts(done.out) == {
        ids[0]: ("refused", "auction_has_bids"),
        ids[1]: ("cancelled", None),
        ids[2]: ("cancelled", None),
    }
    assert (done.code, sql(look)) == (7, before)
    assert "dry run, nothing was written: 2 cancelled, 1 refused" in done.err
    for each in ids[1:]:
        await seller.auctions.cancel(each)
    sql("UPDATE wallets SET gas_balance = 50 WHERE user_id = %s", (await seller.auth.me()).id)
    before = sql(look)
    again = ("auctions", "relist", *ids, "--duration", "1h", "--dry-run", "-o", "jsonl")
    relisted = await shell.run(*again)
    found = verdicts(relisted.out)
    assert (relisted.code, sql(look)) == (7, before), relisted.err
    assert found[ids[0]] == ("refused", "auction_still_open")
    assert [found[each][1] for each in ids[1:]] == [None, "insufficient_gas"]
    assert "2 auctions cost 100 gas; the wallet has 50, 50 too little" in relisted.err
    assert (await shell.run("auctions", "cancel", ids[1], "--dry-run")).code == 7


async def test_ids_come_from_a_file_and_from_stdin(
    market: Market, shell_of: Shells, sql: Sql
) -> None:
    seller = await market.seller()
    shell = shell_of(seller)
    ids = [await market.auction(seller) for _ in range(2)]
    piped = await shell.run(
        *("auctions", "cancel", "-", "--yes", "-o", "jsonl"), stdin="\n".join(ids)
    )
    assert (piped.code, len(verdicts(piped.out))) == (0, 2)
    (shell.home / "ids.txt").write_text(f"# those of today\n{ids[0][:8]}\n\n{ids[1]}\n{NONE}\n")
    relisted = await shell.run(
        *("auctions", "relist", "--from", "ids.txt", "--duration=1h", "--yes", "-o", "jsonl")
    )
    assert relisted.code == 7, relisted
    assert [outcome for outcome, _ in verdicts(relisted.out).values()].count("relisted") == 2
    assert verdicts(relisted.out)[NONE] == ("refused", "auction_not_found")
    empty = await shell.run("auctions", "cancel", "-", "--yes", stdin="\n# nothing\n")
    assert (empty.code, "no ids" in empty.err) == (2, True)
    (shell.home / "many.txt").write_text("x\n" * 10_001)
    many = await shell.run("auctions", "cancel", "--from", "many.txt", "--yes")
    assert (many.code, "10,000" in many.err) == (2, True)


async def test_all_that_are_mine_are_watched(market: Market, shell_of: Shells) -> None:
    me, other = await market.seller(), await market.seller()
    sold, wanted = await market.auction(me), await market.auction(other)
    watched, _ = await market.auction(other), await market.auction(other)
    await me.auctions.bid(wanted, amount=500)
    await me.auctions.watch(watched)
    process = await shell_of(me).start("auctions", "watch", "--mine", "--jsonl")
    assert process.stdout is not None
    frames = [json.loads(await process.stdout.readline()) for _ in range(3)]
    process.terminate()
    left, _ = await process.communicate()
    assert {each["data"]["auction_id"] for each in frames} == {sold, wanted, watched}
    assert left == b""
    nothing = await shell_of(await market.bidder()).run("auctions", "watch", "--mine")
    assert (nothing.code, nothing.out) == (1, "")
    both = await shell_of(me).run("auctions", "watch", sold, "--mine")
    assert both.code == 2


async def test_more_than_200_auctions_are_waited_for_at_once(
    market: Market, shell_of: Shells, sql: Sql
) -> None:
    seller = await market.seller()
    await market.auction(seller)
    sql(
        "WITH made AS (INSERT INTO listings (seller_id, title, category_id, type, condition, stock)"
        " SELECT seller_id, title || n, category_id, type, condition, 1"
        " FROM listings, generate_series(1, 210) n RETURNING id, seller_id)"
        " INSERT INTO auctions (listing_id, seller_id, start_at, end_at, planned_end_at, min_bid,"
        " status) SELECT id, seller_id, now(), now() + interval '1h', now() + interval '1h',"
        " 100, 'live' FROM made"
    )
    listed = await shell_of(seller).run("auctions", "live", "-o", "name", "--limit", "0")
    assert len(listed.out.split()) == 211
    done = await shell_of(seller).run(
        *("auctions", "wait", "-", "--for", "started", "-o", "name"), stdin=listed.out
    )
    assert (done.code, {*done.out.split()}) == (0, {*listed.out.split()}), done.err
    many = "\n".join(f"{n:08x}{NONE[8:]}" for n in range(AUCTIONS_MAX + 1))
    refused = await shell_of(seller).run("auctions", "wait", "-", "--for", "bid", stdin=many)
    assert (refused.code, str(AUCTIONS_MAX) in refused.err) == (2, True)
