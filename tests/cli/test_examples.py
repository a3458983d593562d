"""The examples do what they say."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

from instasell_client.models.accounts import Role
from tests.cli.conftest import Shell
from tests.support.market import Market

EXAMPLES = Path(__file__).parents[2] / "examples"
Shells = Callable[..., Shell]


async def run(shell: Shell, *command: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        env=shell.environment,
        cwd=shell.home,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_the_sellers_file_is_imported_whole(market: Market, shell_of: Shells) -> None:
    admin = shell_of(await market.person(Role.ADMIN))
    paths = "Watches\nToys > Trains\nHome > Lamps\n"
    assert (await admin.run("categories", "import", "-", stdin=paths)).code == 0
    seller = shell_of(await market.seller())
    done = await seller.run(
        "listings", "import", str(EXAMPLES / "seller.csv"), "--map", "Name=title"
    )
    assert done.code == 0, done.err
    assert "8 created, 0 updated, 0 unchanged, 0 rejected" in done.err
    auctions = str(EXAMPLES / "auctions.csv")
    for said in ("3 created, 0 unchanged, 0 rejected", "0 created, 3 unchanged, 0 rejected"):
        done = await seller.run("auctions", "schedule", auctions)
        assert done.code == 0, done.err
        assert said in done.err
    shown = await seller.run("auctions", "selling", "-o", "jsonl")
    created = {each["title"]: each for each in map(json.loads, shown.out.splitlines())}
    assert created["Field watch with a black dial"]["reserve"] == 12_000
    assert created["Tank engine"]["min_bid"] == 1250
    assert created["Tank engine"]["status"] == "pending"


async def test_the_ci_script_prints_the_same_ids_again(market: Market, shell_of: Shells) -> None:
    admin = await market.person(Role.ADMIN)
    shell = shell_of(await market.bidder())
    shell.token = None
    shell.extra = {
        "INSTASELL": f"{sys.executable} -m instasell_cli",
        "INSTASELL_ADMIN_TOKEN": str(admin.token),
    }
    script = str(EXAMPLES / "seed_for_ci.sh")
    code, first, err = await run(shell, "sh", script)
    assert code == 0, err
    ids = json.loads(first)
    found = await (await market.anybody()).auctions.get(ids["auctions"]["wristwatch"])
    assert found.state.seller_id == ids["users"]["sam"]
    code, again, err = await run(shell, "sh", script)
    assert (code, again) == (0, first), err
    assert "created" not in err


async def test_the_script_on_the_client_wins_or_says_that_it_did_not(
    market: Market, shell_of: Shells
) -> None:
    owner, rival = await market.seller(), await market.bidder()
    cheap = await market.auction(owner, min_bid=500, duration_seconds=5)
    dear = await market.auction(owner, min_bid=500, duration_seconds=5)
    await rival.auctions.bid(cheap, amount=600)
    await rival.auctions.bid(dear, amount=600, max_amount=9000)
    shell = shell_of(await market.bidder())
    program = str(EXAMPLES / "script_on_the_client.py")
    won, lost = await asyncio.gather(
        run(shell, sys.executable, program, cheap, "20.00"),
        run(shell, sys.executable, program, dear, "20.00"),
    )
    assert won[0] == 0, won
    assert "leading at 6.50" in won[1]
    assert lost[0] == 3, lost
    assert "bidder-1 won" in lost[1]
