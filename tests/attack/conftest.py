"""A server with its default limits, honest bidders on it, and attackers as processes of their own.

`make attack` is the long form: INSTASELL_ATTACK_SECONDS seconds of most attacks, and the p99 of the
honest bids is held to the quiet one of the same run. INSTASELL_ATTACKS chooses some. Without
a number of seconds each attack takes a moment, and what is asked is what does not depend on the
machine: every honest bid is answered, the server's memory stays, and nothing is the server's error.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from instasell_client.models.accounts import Role
from tests.attack.__main__ import ATTACKS
from tests.attack.honest import Bids, HonestBidders
from tests.attack.target import Report, Target
from tests.faults.processes import ServerProcess
from tests.support.market import Market, open_market
from tests.support.sockets import LiveSocket, live_socket

BIDDERS = 8
OPEN_AUCTIONS = 500
_CROWDED_BIDS = 500

# Auctions that nobody bids on, so that the board has a market's size: copies of a real one.
_COPY_AUCTION = """
WITH copied AS (
    INSERT INTO listings (seller_id, title, category_id, type, condition, stock)
    SELECT seller_id, 'A copy', category_id, type, condition, stock
    FROM listings, generate_series(1, %(count)s) WHERE id = %(listing_id)s
    RETURNING id, seller_id
)
INSERT INTO auctions (listing_id, seller_id, status, start_at, end_at, planned_end_at, min_bid)
SELECT id, seller_id, 'live', market_now(), later, later, 100
FROM copied, (SELECT market_now() + interval '1 day' AS later) AS ending
"""
_SHORT_SECONDS = 1.5
_PATIENT_SECONDS = 45.0
_ADDRESSES_PER_ATTACK = 20
_SAMPLE_SECONDS = 0.1
DEFAULT_LIMITS = {
    "rate_limit_anonymous": "100",
    "rate_limit_signed_in": "3000",
    "rate_limit_token": "12000",
    "rate_limit_bids": "600",
    "bcrypt_rounds": "10",
}
"""Of a server in use; those of other tests are off."""
Sql = Callable[..., list[tuple[Any, ...]]]
_TABLE = pytest.StashKey[list[str]]()


@dataclass(frozen=True)
class Plan:
    """Say how long each attack is to take."""

    seconds: float
    is_long: bool
    names: tuple[str, ...]

    @property
    def patient_seconds(self) -> float:
        """Return how long attackers stay who wait for the server to lose patience."""
        return _PATIENT_SECONDS if self.is_long else self.seconds


@pytest.fixture(scope="session")
def plan() -> Plan:
    """The plan of this run."""
    given = os.environ.get("INSTASELL_ATTACK_SECONDS")
    chosen = os.environ.get("INSTASELL_ATTACKS", "").split()
    names = tuple(chosen or ATTACKS)
    return Plan(float(given or _SHORT_SECONDS), is_long=given is not None, names=names)


@dataclass
class Outcome:
    """Hold what one attack did: its counts, the honest bids beside it, and the server's memory."""

    report: Report
    quiet: Bids
    during: Bids
    memory_growth_bytes: int

    @property
    def slowdown(self) -> float:
        """Return how many times the quiet p99 the p99 of honest bids was during the attack."""
        return self.during.quantile(0.99) / self.quiet.quantile(0.99)


class Besieged:
    """A running server under attack."""

    def __init__(
        self,
        server: ServerProcess,
        market: Market,
        bidders: HonestBidders,
        crowded_auction_id: str,
        plan: Plan,
        table: list[str],
    ) -> None:
        self.server = server
        self._market = market
        self._bidders = bidders
        self._crowded_auction_id = crowded_auction_id
        self._plan = plan
        self._attacks = 0
        self._table = table

    async def attack(self, name: str, seconds: float) -> Outcome:
        """Let honest bidders bid in quiet, then beside an attack, which is a process of its own."""
        target = await self._new_target(seconds)
        quiet = await self._bidders.bid_for(self._plan.seconds)
        memory_before = self._memory_bytes()
        attacker = asyncio.ensure_future(self._run(name, target))
        peak = asyncio.ensure_future(self._peak_memory(attacker))
        during = await self._bidders.bid_while(attacker)
        growth = await peak - memory_before
        outcome = Outcome(Report.from_json(await attacker), quiet, during, growth)
        self._table.append(_line(name, outcome))
        return outcome

    async def _new_target(self, seconds: float) -> Target:
        """Return the server with another attacker at addresses of their own."""
        attacker = await self._market.person(Role.SELLER)
        listing_id = await self._market.listing(attacker, "A listing of the attacker")
        self._attacks += 1
        return Target(
            base_url=self.server.url,
            seconds=seconds,
            crowded_auction_id=self._crowded_auction_id,
            attacker_token=str(attacker.token),
            listing_id=listing_id,
            first_address=_ADDRESSES_PER_ATTACK * self._attacks,
        )

    async def _run(self, name: str, target: Target) -> str:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.attack", name),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate(target.to_json().encode())
        assert process.returncode == 0
        return output.decode()

    async def _peak_memory(self, phase: asyncio.Future[Any]) -> int:
        peak = 0
        while not phase.done():
            peak = max(peak, self._memory_bytes())
            await asyncio.wait([phase], timeout=_SAMPLE_SECONDS)
        return peak

    def _memory_bytes(self) -> int:
        return int(psutil.Process(self.server.pid).memory_info().rss)


def _line(name: str, outcome: Outcome) -> str:
    counts = ", ".join(f"{key}: {count}" for key, count in sorted(outcome.report.counts.items()))
    return (
        f"{name:<20} honest bids {len(outcome.during.milliseconds):>5}"
        f"  p99 {outcome.during.quantile(0.99):7.1f} ms"
        f" (quiet {outcome.quiet.quantile(0.99):5.1f} ms, {outcome.slowdown:4.1f} times)"
        f"  memory {outcome.memory_growth_bytes / 2**20:+6.1f} MiB  [{counts}]"
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what each attack did."""
    for line in terminalreporter.config.stash.get(_TABLE, []):
        terminalreporter.write_line(line)


@pytest.fixture(autouse=True)
def _all_are(unmeasured: None) -> None:
    """Measuring coverage would be what is attacked."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for sockets."""
    made = Path(tempfile.mkdtemp(prefix="ia-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


async def _crowd(market: Market, sql: Sql, auction_id: str, sockets: list[LiveSocket]) -> None:
    """Give an auction its history, and the market its size."""
    [(listing_id,)] = sql("SELECT listing_id FROM auctions WHERE id = %s", auction_id)
    sql(_COPY_AUCTION, {"listing_id": listing_id, "count": OPEN_AUCTIONS})
    for number in range(0, _CROWDED_BIDS, len(sockets)):
        bids = (
            socket.bid(auction_id, f"crowd-{number + place}", max_amount=100 + number + place)
            for place, socket in enumerate(sockets)
        )
        await asyncio.gather(*bids)


@pytest.fixture
async def besieged(
    database_url: str,
    redis_url: str,
    sql: Sql,
    folder: Path,
    plan: Plan,
    pytestconfig: pytest.Config,
) -> AsyncIterator[Besieged]:
    """A server process at its default limits, with an auction and a socket for each bidder."""
    server = ServerProcess(
        folder,
        "attacked",
        database_url=database_url,
        redis_url=redis_url,
        data_dir=str(folder / "data"),
        mail_dir=str(folder / "mail"),
        **DEFAULT_LIMITS,
    )
    async with AsyncExitStack() as stack:
        await server.start()
        stack.callback(server.stop)
        market = await stack.enter_async_context(open_market(server.url, sql))
        seller = await market.seller()
        auction_ids, sockets = [], []
        for number in range(BIDDERS):
            auction_ids.append(await market.auction(seller, title=f"Honest {number}"))
            opened = live_socket(server.url, (await market.bidder()).token)
            sockets.append(await stack.enter_async_context(opened))
        crowded = await market.auction(seller, title="Crowded", increments="none")
        await _crowd(market, sql, crowded, sockets)
        bidders = HonestBidders(sockets, auction_ids)
        # The first bids of a new process load what later ones find.
        await bidders.bid_for(1.0)
        table = pytestconfig.stash.setdefault(_TABLE, [])
        yield Besieged(server, market, bidders, crowded, plan, table)
