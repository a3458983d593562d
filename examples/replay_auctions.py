"""Replays real auctions through a market at full speed, and compares the prices.

FILE is a CSV with a row for each bid: `auctionid`, `bid` (the most that the bidder would pay),
`bidtime` (any number that orders the bids of an auction), `bidder`, `openbid` (the opening price),
`price` (what the auction closed at), and `item`. Each row is sent as a `max_amount`, in order of
`bidtime`, and the market bids on for its bidders up to it, as the market of the file did.

    python examples/replay_auctions.py ebay-bids.csv
    python examples/replay_auctions.py ebay-bids.csv --reserve-from-price
    python examples/replay_auctions.py ebay-bids.csv --url http://127.0.0.1:8780

Without --url it starts a market of its own and throws it away. A market at --url needs its rate
limits off (0, on loopback only) and one category at least.

With --reserve-from-price the auctions that closed above what their bids explain are listed again
with that price as a hidden reserve. Exits 1 when an answer, an end or a late bid was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import csv
import functools
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from instasell_client import AsyncInstaSell, InstaSell, InstaSellError
from instasell_client.errors import ConnectionFailed, Invalid, OutcomeUnknown, Timeout
from instasell_client.live import AuctionChange, BoardFeed, LiveSession
from instasell_client.models.auctions import AuctionStatus
from instasell_client.models.money import DecimalMark, parse_amount

COLUMNS = ("auctionid", "bid", "bidtime", "bidder", "openbid", "price", "item")
AUCTIONS_AT_ONCE = 64
# eBay's prices have a decimal point, whatever the digits are.
_amount = functools.partial(parse_amount, currency="USD", decimal_mark=DecimalMark.POINT)
AUCTIONS_AT_ONCE = 8
SLOWEST_BIDS_PER_SECOND = 250
SPARE_SECONDS = 10.0
END_PATIENCE_SECONDS = 30.0
LIMITS = ("ANONYMOUS", "SIGNED_IN", "TOKEN", "BIDS")


class Unusable(Exception):
    """The file or the market cannot be used; the text says why."""


@dataclass(frozen=True)
class RealBid:
    """One row: who, when, and how far; `maximum` is in minor units."""

    bidder: str
    at: Decimal
    maximum: int


@dataclass
class RealAuction:
    """Hold the data of one auction in a file; amounts are in minor units."""

    name: str
    item: str
    opening: int
    closed_at: int
    bids: list[RealBid] = field(default_factory=list)

    @property
    def bidders(self) -> list[str]:
        """Return everybody who bid, by first row."""
        return list(dict.fromkeys(bid.bidder for bid in self.bids))


@dataclass
class Outcome:
    """Count the results of a replay. `prices` has the auctions whose end was received."""

    sent: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    seconds: float = 0.0
    prices: dict[str, int | None] = field(default_factory=dict)

    def exact(self, auctions: Sequence[RealAuction]) -> list[RealAuction]:
        """Return the auctions that closed at exactly the recorded price."""
        return [each for each in auctions if self.prices.get(each.name) == each.closed_at]

    def complete(self, auctions: Sequence[RealAuction]) -> bool:
        """Return whether every answer and every end was received, and no bid came too late."""
        heard = all(each.name in self.prices for each in auctions)
        return heard and not self.lost and not self.refused["auction_not_open"]


# The file -----------------------------------------------------------------------------------------


def read(path: Path) -> list[RealAuction]:
    """Read the auctions of a file, their bids in order of time. Raises Unusable."""
    auctions: dict[str, RealAuction] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise Unusable(f"{path} has no column {', '.join(missing)}")
            for row in rows:
                _take(auctions, row, f"{path}, line {rows.line_num}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Unusable(f"{path} cannot be read: {error}") from error
    if not auctions:
        raise Unusable(f"{path} has no bids")
    for each in auctions.values():
        each.bids.sort(key=lambda bid: bid.at)
    return list(auctions.values())


def _take(auctions: dict[str, RealAuction], row: dict[str, str], place: str) -> None:
    try:
        bid = RealBid(row["bidder"], Decimal(row["bidtime"]), _amount(row["bid"]))
        opening, price = _amount(row["openbid"]), _amount(row["price"])
    except InvalidOperation:
        raise Unusable(f"{place}: bidtime {row['bidtime']!r} is not a number") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise Unusable(f"{place}: {error}") from error
    name = row["auctionid"]
    auction = auctions.setdefault(name, RealAuction(name, row["item"], opening, price))
    auction.bids.append(bid)


# The market ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def own_market() -> Iterator[str]:
    """Run a server with its own engines in a temporary folder; yield its address."""
    with tempfile.TemporaryDirectory(prefix="isr-", ignore_cleanup_errors=True) as folder:
        # Under root the engines run as another user, who has to pass through this folder.
        Path(folder).chmod(0o711)
        data = str(Path(folder) / "data")
        kept = {key: value for key, value in os.environ.items() if "INSTASELL_" not in key}
        limits = {f"INSTASELL_RATE_LIMIT_{name}": "0" for name in LIMITS}
        wanted = {"INSTASELL_BCRYPT_ROUNDS": "4", "INSTASELL_LOG_LEVEL": "warning"}
        environment = {**kept, **limits, **wanted}
        command = [sys.executable, "-m", "instasell_server"]
        server = subprocess.Popen(
            [*command, "run", "--data-dir", data, "--port", "0"],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            if not line:
                raise Unusable("the market did not start; the reason is above")
            url = str(json.loads(line)["url"])
            _make_category(url, [*command, "create-admin", "--data-dir", data], environment)
            yield url
        finally:
            server.terminate()
            server.communicate()


def _make_category(url: str, create_admin: list[str], environment: dict[str, str]) -> None:
    """Make a category, as an admin; the first admin is made by the server's own command."""
    email, password = "admin@example.org", secrets.token_urlsafe(16)
    subprocess.run(
        [*create_admin, "--email", email],
        input=password + "\n",
        env=environment,
        stdout=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    with InstaSell(url) as client:
        client.auth.login(email, password)
        client.categories.create("Replays")


class Market:
    """A seller and as many bidders as one auction has at most, each with a live session."""

    def __init__(
        self, seller: AsyncInstaSell, category_id: str, board: BoardFeed, bidders: list[LiveSession]
    ) -> None:
        self._seller = seller
        self._category_id = category_id
        self._board = board
        self._bidders = bidders

    @classmethod
    @contextlib.asynccontextmanager
    async def enter(cls, url: str, bidders: int) -> AsyncIterator[Market]:
        """Sign everybody up. Raises InstaSellError or Unusable."""
        async with AsyncExitStack() as stack:
            seller = await stack.enter_async_context(AsyncInstaSell(url))
            await _sign_up(seller, "seller")
            categories = (await seller.categories.tree()).items
            if not categories:
                raise Unusable(f"{url} has no category; make one as an admin")
            board = (await stack.enter_async_context(seller.live())).board()
            sessions = []
            for _ in range(bidders):
                client = await stack.enter_async_context(AsyncInstaSell(url))
                await _sign_up(client, "buyer")
                sessions.append(await stack.enter_async_context(client.live()))
            yield cls(seller, categories[0].id, board, sessions)

    async def replay(
        self, auctions: Sequence[RealAuction], seconds: float, *, reserve: bool
    ) -> Outcome:
        """Create the auctions, bid, and wait for every end. They end `seconds` from now."""
        outcome = Outcome()
        end_at = datetime.now(UTC) + timedelta(seconds=seconds)
        ids = await self._create_auctions(auctions, end_at, reserve=reserve)
        names = dict(zip(ids, (each.name for each in auctions), strict=True))
        ends = asyncio.create_task(self._wait_for_ends(names, outcome))
        started = time.monotonic()
        gate = asyncio.Semaphore(AUCTIONS_AT_ONCE)
        work = zip(auctions, ids, range(len(ids)), strict=True)
        await asyncio.gather(*(self._bid(*each, gate, outcome) for each in work))
        outcome.seconds = time.monotonic() - started
        left = (end_at - datetime.now(UTC)).total_seconds()
        await asyncio.wait([ends], timeout=max(left, 0.0) + END_PATIENCE_SECONDS)
        if not ends.done():
            ends.cancel()
        await asyncio.gather(ends, return_exceptions=True)
        return outcome

    async def _create_auctions(
        self, auctions: Sequence[RealAuction], end_at: datetime, *, reserve: bool
    ) -> list[str]:
        rows = [
            {
                "type": "auction",
                "title": each.item,
                "category_id": self._category_id,
                "condition": "refurbished",
                "seller_sku": f"{each.name}-{secrets.token_hex(4)}",
            }
            for each in auctions
        ]
        listings = []
        async for verdict in self._seller.listings.bulk(rows):
            if verdict.listing_id is None:
                raise Unusable(f"a listing was refused: {verdict.errors}")
            listings.append(verdict.listing_id)
        gate = asyncio.Semaphore(AUCTIONS_AT_ONCE)

        async def create_auction(auction: RealAuction, listing_id: str) -> str:
            async with gate:
                made = await self._seller.auctions.create(
                    listing_id,
                    min_bid=auction.opening,
                    end_at=end_at,
                    reserve=auction.closed_at if reserve else None,
                    # The market of the file knew no extensions.
                    extension_window_seconds=0,
                    extension_seconds=0,
                )
                return made.state.auction_id

        pairs = zip(auctions, listings, strict=True)
        try:
            return list(await asyncio.gather(*(create_auction(*pair) for pair in pairs)))
        except Invalid as error:
            if not any(entry.field == "end_at" for entry in error.errors):
                raise
            raise Unusable(
                f"{len(auctions)} auctions would be over before all are listed; run it again with a"
                " longer --duration"
            ) from error

    async def _bid(
        self,
        auction: RealAuction,
        auction_id: str,
        number: int,
        gate: asyncio.Semaphore,
        outcome: Outcome,
    ) -> None:
        """Send the bids of one auction, each after the answer to the one before."""
        # Turning the accounts from auction to auction spreads the bids over the sockets.
        order = {name: at for at, name in enumerate(auction.bidders, start=number)}
        async with gate:
            for bid in auction.bids:
                session = self._bidders[order[bid.bidder] % len(self._bidders)]
                outcome.sent += 1
                try:
                    await session.bid(auction_id, max_amount=bid.maximum)
                except (OutcomeUnknown, Timeout, ConnectionFailed):
                    outcome.lost += 1
                except InstaSellError as error:
                    outcome.refused[error.code] += 1
                    if error.code == "auction_not_open":
                        # It is over before its bids are: each later one would be refused too.
                        return
                else:
                    outcome.accepted += 1

    async def _wait_for_ends(self, names: dict[str, str], outcome: Outcome) -> None:
        """Take the closing prices from the board; ask for those that ended out of its sight."""
        async for event in self._board:
            if isinstance(event, AuctionChange):
                name = names.get(event.data.auction_id)
                if name is not None and event.event == "auction_ended":
                    outcome.prices[name] = event.data.price
            elif event.event == "board_joined" and event.resumed:
                await self._ask_for_ends(names, outcome)
            if len(outcome.prices) == len(names):
                return

    async def _ask_for_ends(self, names: dict[str, str], outcome: Outcome) -> None:
        for auction_id, name in names.items():
            found = (await self._seller.auctions.status(auction_id)).state
            if found.status is AuctionStatus.ENDED:
                outcome.prices[name] = found.current_bid if found.winner else None


async def _sign_up(client: AsyncInstaSell, role: str) -> None:
    email = f"replay-{secrets.token_hex(8)}@example.org"
    await client.auth.signup(
        email, secrets.token_urlsafe(16), role="seller" if role == "seller" else "buyer"
    )


# The report ---------------------------------------------------------------------------------------


async def replay(url: str, auctions: Sequence[RealAuction], options: argparse.Namespace) -> bool:
    """Replay and report; return whether everything was heard."""
    most = max(len(each.bidders) for each in auctions)
    async with Market.enter(url, most) as market:
        outcome = await market.replay(auctions, _seconds(auctions, options), reserve=False)
        exact = outcome.exact(auctions)
        _report(auctions, outcome)
        complete = outcome.complete(auctions)
        above = [each for each in auctions if _closed_above(each, outcome)]
        if options.reserve_from_price and above:
            print(f"\nonce more, with the recorded price as the reserve: {len(above)} auctions")
            second = await market.replay(above, _seconds(above, options), reserve=True)
            _report(above, second)
            complete = complete and second.complete(above)
            exact = exact + second.exact(above)
            print(f"\nin all {len(exact)} of {len(auctions)} closed at exactly the recorded price")
    return complete


def _closed_above(auction: RealAuction, outcome: Outcome) -> bool:
    reached = outcome.prices.get(auction.name)
    return reached is not None and reached < auction.closed_at


def _seconds(auctions: Sequence[RealAuction], options: argparse.Namespace) -> float:
    if options.duration is not None:
        return float(options.duration)
    return SPARE_SECONDS + sum(len(each.bids) for each in auctions) / SLOWEST_BIDS_PER_SECOND


def _report(auctions: Sequence[RealAuction], outcome: Outcome) -> None:
    refused = ", ".join(f"{code} {count}" for code, count in sorted(outcome.refused.items()))
    print(f"auctions       {len(auctions)}, {len(outcome.prices)} ended")
    print(f"bids           {outcome.sent} sent, {outcome.accepted} accepted, {outcome.lost} lost")
    print(f"refused        {refused or 'none'}")
    print(f"speed          {outcome.sent / max(outcome.seconds, 1e-9):,.0f} bids/s")
    print(f"closed exactly {len(outcome.exact(auctions))} of {len(auctions)} at the recorded price")


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the bids")
    parser.add_argument("--reserve-from-price", action="store_true", help="see above")
    parser.add_argument("--url", help="a market that runs already")
    parser.add_argument("--duration", type=float, metavar="S", help="seconds that the auctions run")
    options = parser.parse_args()
    try:
        auctions = read(options.file)
        with contextlib.nullcontext(options.url) if options.url else own_market() as url:
            return 0 if asyncio.run(replay(url, auctions, options)) else 1
    except (Unusable, InstaSellError, subprocess.CalledProcessError) as error:
        print(f"replay_auctions: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
