"""The example that replays real bids, as a person runs it: a process, a market, a report."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers import RunningServer

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "examples" / "replay_auctions.py"

# By hand: in "1" the third bidder passes 10.00 by one increment. "2" has one bid, so only a reserve
# explains its price. In "3" the leader repeats their own maximum, which is refused.
SMALL_FILE = """\
auctionid,bid,bidtime,bidder,bidderrate,openbid,price,item,auction_type
1,12,2.5,cay,0,1,10.5,"Lamp, brass",3 day auction
1,10,0.25,ann,0,1,10.5,"Lamp, brass",3 day auction
1,5,1.125,bob,0,1,10.5,"Lamp, brass",3 day auction
2,50,0.5,bob,0,20,35,Radio,3 day auction
3,9.99,0.75,ann,0,9.99,9.99,Clock,3 day auction
3,9.99,1.75,ann,0,9.99,9.99,Clock,3 day auction
"""


def run(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), str(file), *options],
        cwd=file.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


@pytest.fixture
def small_file(tmp_path: Path) -> Path:
    file = tmp_path / "bids.csv"
    file.write_text(SMALL_FILE, encoding="utf-8")
    return file


def test_a_small_file_is_replayed_in_order_and_reported(small_file: Path) -> None:
    done = run(small_file, "--reserve-from-price", "--duration", "4")
    assert done.returncode == 0, done.stderr
    first, second, total = done.stdout.split("\n\n")
    assert "auctions       3, 3 ended" in first
    assert "6 sent, 5 accepted, 0 lost" in first
    assert "refused        already_leading 1\n" in first
    assert first.endswith("closed exactly 2 of 3 at the recorded price")
    assert "1 sent, 1 accepted, 0 lost" in second
    assert total.strip() == "in all 3 of 3 closed at exactly the recorded price"


def test_a_bid_that_comes_after_the_end_is_reported_and_fails(tmp_path: Path) -> None:
    rows = SMALL_FILE.splitlines()
    # More bids on one auction than a second takes one after the other.
    rows += [f"4,{n},{n},{'odd' if n % 2 else 'even'},0,1,1,Vase,3 day" for n in range(1, 3000)]
    file = tmp_path / "long.csv"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    done = run(file, "--duration", "2")
    assert done.returncode == 1, done.stderr
    assert "auction_not_open" in done.stdout
    assert "0 lost" in done.stdout


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("auctionid,bid\n1,2\n", "has no column bidtime, bidder, openbid, price, item"),
        (SMALL_FILE.replace("0.25", "soon"), "line 3: bidtime 'soon' is not a number"),
        (SMALL_FILE.replace("bob,0,20,", "bob,0,-20,"), "line 5: '-20' is not an amount"),
        (SMALL_FILE.splitlines()[0], "has no bids"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_before_a_market_starts(
    tmp_path: Path, text: str, told: str
) -> None:
    file = tmp_path / "bids.csv"
    file.write_text(text, encoding="utf-8")
    done = run(file)
    assert done.returncode == 2
    assert told in done.stderr


@pytest.mark.timeout(300)
def test_real_auctions_close_at_the_prices_that_were_paid() -> None:
    folder = os.environ.get("INSTASELL_REAL_DATA")
    if not folder:
        pytest.skip("INSTASELL_REAL_DATA names no folder with ebay-bids.csv")
    done = run(Path(folder) / "ebay-bids.csv", "--reserve-from-price")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5243 sent, 5215 accepted, 0 lost" in done.stdout
    assert "closed exactly 297 of 305 at the recorded price" in done.stdout
    assert done.stdout.endswith("in all 305 of 305 closed at exactly the recorded price\n")


async def test_a_market_that_is_too_slow_for_the_duration_gets_an_error_with_the_remedy(
    small_file: Path, server: RunningServer, sql: Callable[..., list[tuple[Any, ...]]]
) -> None:
    sql(
        "INSERT INTO categories (name, path, lineage, id)"
        " SELECT 'Lamps', 'Lamps', ARRAY[id], id FROM gen_random_uuid() AS id"
    )
    words = ("--url", server.base_url, "--duration", "0")
    done = await asyncio.to_thread(run, small_file, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "longer --duration" in done.stderr
