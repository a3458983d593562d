"""The demo on a terminal: the Board, with a market that never rests behind it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from itertools import count
from random import Random

from instasell_cli.demo import listings as demo_listings
from instasell_cli.demo.bidders import Bidder
from instasell_cli.demo.market import DemoMarket
from instasell_cli.exit_codes import CliError
from instasell_cli.live.task_failures import first_of
from instasell_cli.output.writer import OutputWriter
from instasell_cli.processes import command_of, environment
from instasell_client import AsyncInstaSell, InstaSell, InstaSellError

LOTS_OPEN = 24
BIDDERS = 8
LISTINGS_AT_ONCE = 48
SECONDS = (25, 180)
WORTH = (3_000, 60_000)


def open_board(market: DemoMarket, output: OutputWriter, seed: int) -> None:
    """Open the Board as a bidder, and return when it is closed. Raises CliError if it fails."""
    demo_listings.make_categories(market)
    with InstaSell(market.url) as seller:
        demo_listings.sign_up(seller, market, "Sally Seller")
        token = seller.token
    with InstaSell(market.url) as viewer:
        viewer.auth.signup("you@demo.example", market.password, display_name="You")
        code = asyncio.run(_watched(market, seed, token, viewer.token))
    is_clean, report = market.audit()
    output.note(f"the audit of the market: {report}")
    if code or not is_clean:
        raise CliError(f"the screen ended with {code}" if code else "the audit found differences")


async def _watched(
    market: DemoMarket, seed: int, seller_token: str | None, viewer_token: str | None
) -> int:
    async with AsyncExitStack() as stack:
        seller = await stack.enter_async_context(AsyncInstaSell(market.url, seller_token))
        people = await demo_listings.bidders(stack, market, BIDDERS)
        crowd = BidderCrowd(seller, people, seed)
        await crowd.fill()
        simulation = asyncio.create_task(crowd.run())
        screen = await asyncio.create_subprocess_exec(
            *command_of("instasell_tui"),
            env=environment({"INSTASELL_URL": market.url, "INSTASELL_TOKEN": viewer_token}),
        )
        try:
            return await screen.wait()
        finally:
            if screen.returncode is None:
                screen.terminate()
                await screen.wait()
            simulation.cancel()
            await asyncio.gather(simulation, return_exceptions=True)


class BidderCrowd:
    """Keeps a number of auctions open, and bidders on each of them."""

    def __init__(self, seller: AsyncInstaSell, people: list[AsyncInstaSell], seed: int) -> None:
        self._seller = seller
        self._people = people
        self._seed = seed
        self._source = Random(f"{seed}/crowd")
        self._shelf: list[str] = []
        self._batches = count(seed)
        self._open: list[str] = []

    async def fill(self) -> None:
        """Create auctions until enough of them are open."""
        while len(self._open) < LOTS_OPEN:
            self._open.append(await self._create_auction())

    async def run(self) -> None:
        """Run until it is cancelled: each auction that ends makes room for another."""
        async with asyncio.TaskGroup() as group:
            for auction_id in self._open:
                group.create_task(self._lane(auction_id))

    async def _lane(self, auction_id: str) -> None:
        while True:
            try:
                await self._bid_to_the_end(auction_id)
                auction_id = await self._create_auction()
            except InstaSellError:
                # The show goes on: a lost connection must not take the screen along.
                await asyncio.sleep(1.0)

    async def _bid_to_the_end(self, auction_id: str) -> None:
        worth = self._source.randrange(*WORTH)
        interested = self._source.sample(self._people, self._source.randrange(2, 5))
        try:
            async with asyncio.TaskGroup() as group:
                for client in interested:
                    own = worth * self._source.randrange(60, 120) // 100
                    quiet = self._source.choice((0.5, 3.0, 8.0))
                    bidder = Bidder("", client, Random(self._source.random()), 9.0, quiet)
                    group.create_task(bidder.run({auction_id: own}))
        except ExceptionGroup as failures:
            raise first_of(failures) from None

    async def _create_auction(self) -> str:
        if not self._shelf:
            rows = [
                piece.row
                for piece in demo_listings.pieces(next(self._batches), auctions=LISTINGS_AT_ONCE)
            ]
            async for verdict in self._seller.listings.bulk(rows):
                if verdict.listing_id is not None:
                    self._shelf.append(verdict.listing_id)
        made = await self._seller.auctions.create(
            self._shelf.pop(),
            min_bid=self._source.randrange(2, 30) * 50,
            duration_seconds=self._source.randrange(*SECONDS),
        )
        return made.state.auction_id
