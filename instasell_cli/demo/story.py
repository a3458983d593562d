"""The demo as text: import, bids, an extension, the winners, their money, and the audit."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from random import Random

from instasell_cli.demo import listings as demo_listings
from instasell_cli.demo.bidders import Bidder, DemoAuction
from instasell_cli.demo.market import ADMIN_EMAIL, DemoMarket
from instasell_cli.demo.payments import Settled, settle
from instasell_cli.exit_codes import CliError
from instasell_cli.live.event_printer import EventPrinter
from instasell_cli.live.task_failures import first_of
from instasell_cli.output.amounts import shown_amount
from instasell_cli.output.writer import Format, OutputWriter
from instasell_client import (
    AsyncInstaSell,
    AuctionNotOpen,
    BidTooLow,
    InstaSell,
    LiveSession,
)
from instasell_client.models.auctions import AuctionState

DURATIONS_SECONDS = (12, 14, 16)
BIDDERS = 5
WORTH = 12_000
MINIMUM = 1_000
LATE_SECONDS = 3.5
"""Well inside the window in which an accepted bid extends, and well before the end."""

FAULTY_ROWS = (
    ("D-1", "direct", "A clock without a price", "", "Home > Clocks", "new", "a lot", "1"),
    ("D-2", "direct", "A lamp nobody can place", "", "Attic", "new", "$12.50", "1"),
)


@dataclass
class StoryEvents:
    """Count the events that the demo must have shown by its end."""

    created: int = 0
    rejected: int = 0
    repeated: int = 0
    extensions: int = 0
    winners: dict[str, str] = field(default_factory=dict)
    bids: int = 0
    settled: Settled = field(default_factory=Settled)

    def missing(self, auctions: int) -> Sequence[str]:
        """Return the events that did not happen; empty if all did."""
        parts = {
            "the import with its rejected rows": self.created and self.rejected,
            "the second import that changes nothing": self.repeated == self.created,
            "bids": self.bids,
            "an extension by a late bid": self.extensions,
            "a winner of every auction": len(self.winners) == auctions,
            "an order that is cancelled and refunded": self.settled.refunded,
            "a dispute that the admin settles": self.settled.decided,
            "the seller's money": self.settled.released
            and self.settled.earned == self.settled.released,
        }
        return [name for name, happened in parts.items() if not happened]


def tell_story(market: DemoMarket, seed: int) -> None:
    """Tell it on stdout. Raises CliError when it did not happen, or the audit found something."""
    say = OutputWriter(Format.TABLE, stdout=sys.stdout, stderr=sys.stdout)
    happened = StoryEvents()
    say.text(f"A market runs at {market.url}, with PostgreSQL and Valkey of its own.")
    say.text(f"The admin has created {demo_listings.make_categories(market)} categories.")
    with InstaSell(market.url) as seller:
        demo_listings.sign_up(seller, market, "Sally Seller")
        _import(market, seller, say, happened, seed)
        auctions = _create_auctions(seller, say)
        token = seller.token
    try:
        asyncio.run(_bidding(market, auctions, token, say, happened, seed))
    except ExceptionGroup as failures:
        raise first_of(failures) from None
    is_clean, report = market.audit()
    for line in report.splitlines():
        say.text(f"Audit: {line}")
    missing = happened.missing(len(auctions))
    if missing:
        raise CliError(f"the demo did not show {', '.join(missing)}")
    if not is_clean:
        raise CliError("the audit found differences")


def _import(
    market: DemoMarket, seller: InstaSell, say: OutputWriter, happened: StoryEvents, seed: int
) -> None:
    path = market.folder / "listings.csv"
    demo_listings.write_csv(
        path, demo_listings.pieces(seed, auctions=len(DURATIONS_SECONDS), others=9), FAULTY_ROWS
    )
    say.text(f"Sally imports her file of {9 + len(DURATIONS_SECONDS) + len(FAULTY_ROWS)} rows:")
    first = demo_listings.import_file(seller, say, path)
    say.text("She imports it again:")
    second = demo_listings.import_file(seller, say, path)
    happened.created, happened.rejected = first.counts["created"], first.counts["rejected"]
    happened.repeated = second.counts["unchanged"]


def _create_auctions(seller: InstaSell, say: OutputWriter) -> Mapping[str, AuctionState]:
    mine = seller.auth.me().id
    listings = list(seller.listings.list(seller=mine, type="auction", sort="oldest"))
    found = {}
    for listing, seconds in zip(listings, DURATIONS_SECONDS, strict=True):
        made = seller.auctions.create(listing.id, min_bid=MINIMUM, duration_seconds=seconds)
        found[made.state.auction_id] = made.state
        say.text(
            f"She starts an auction of {seconds} s: {listing.title}, from {shown_amount(MINIMUM)}."
        )
    return found


async def _bidding(
    market: DemoMarket,
    auctions: Mapping[str, AuctionState],
    seller_token: str | None,
    say: OutputWriter,
    happened: StoryEvents,
    seed: int,
) -> None:
    async with AsyncExitStack() as stack:
        people = await demo_listings.bidders(stack, market, BIDDERS + 1)
        latecomer, regulars = people[0], people[1:]
        async with asyncio.TaskGroup() as group:
            group.create_task(_tell(market, auctions, say, happened))
            for number, client in enumerate(regulars):
                source = Random(f"{seed}/bidder/{number}")
                worths = {each: source.randrange(MINIMUM * 2, WORTH) for each in auctions}
                group.create_task(Bidder(str(number), client, source).run(worths))
            group.create_task(_bid_late(latecomer, next(iter(auctions)), say))
        say.text(
            f"All {len(auctions)} auctions are over: {happened.bids} bids,"
            f" {happened.extensions} by which an end moved."
        )
        seller = await stack.enter_async_context(AsyncInstaSell(market.url, seller_token))
        admin = await stack.enter_async_context(AsyncInstaSell(market.url))
        await admin.auth.login(ADMIN_EMAIL, market.password)
        happened.settled = await settle(seller, people, admin, say)


async def _tell(
    market: DemoMarket,
    auctions: Mapping[str, AuctionState],
    say: OutputWriter,
    happened: StoryEvents,
) -> None:
    """Print what anybody sees who watches without an account."""
    teller = EventPrinter(say, as_json_lines=False)
    async with (
        AsyncInstaSell(market.url) as anybody,
        anybody.live() as live,
        asyncio.TaskGroup() as group,
    ):
        for auction_id in auctions:
            group.create_task(_tell_one(live, auction_id, teller, happened))


async def _tell_one(
    live: LiveSession, auction_id: str, teller: EventPrinter, happened: StoryEvents
) -> None:
    async for event in live.auction(auction_id):
        teller.event(event)
        if event.event == "bid_placed":
            happened.bids = happened.bids + event.data.seq - event.data.first_seq + 1
            happened.extensions += event.data.auction_extended
        elif event.event == "joined":
            happened.bids += event.data.seq if not event.resumed else len(event.data.missed)
        elif event.event == "auction_ended":
            if event.data.winner is not None:
                happened.winners[auction_id] = event.data.winner
            return


async def _bid_late(client: AsyncInstaSell, auction_id: str, say: OutputWriter) -> None:
    """Bid in the last seconds, which moves the end; try again when another bid was faster."""
    async with client.live() as live:
        lot: DemoAuction | None = None
        async for event in live.auction(auction_id):
            if event.event == "joined":
                lot = DemoAuction(event.data.state, WORTH * 2)
                break
        if lot is None:
            return
        await asyncio.sleep(max(0.0, lot.left_seconds(live.server_now()) - LATE_SECONDS))
        state = (await client.auctions.status(auction_id)).state
        say.text(f"A bidder who has waited bids in the last seconds on: {state.title}")
        for _ in range(5):
            try:
                await live.bid(auction_id, amount=state.minimum_bid, max_amount=lot.worth)
                return
            except BidTooLow as refusal:
                state = state.model_copy(update={"minimum_bid": refusal.minimum})
            except AuctionNotOpen:
                return
