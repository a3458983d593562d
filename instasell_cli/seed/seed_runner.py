"""Carries a plan out on a server; what is there already stays as it is."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, TypeVar

from instasell_cli.exit_codes import CliError, ExitCode
from instasell_cli.seed.accounts import Entrant, enter_people, requires_proof
from instasell_cli.seed.plan import PlannedAccount, PlannedAuction, SeedPlan
from instasell_client import (
    AlreadyLeading,
    AsyncInstaSell,
    AuctionNotOpen,
    BadCredentials,
    BidTooLow,
    Conflict,
    EmailTaken,
)
from instasell_client.models.accounts import SignupPending

if TYPE_CHECKING:
    from instasell_client.models.admin import EnteredUser

AT_ONCE_MAX = 8

T = TypeVar("T")


class SeedRunner:
    """One run over a plan. Use it with `async with`; `made` counts (noun, outcome)."""

    def __init__(
        self, url: str, plan: SeedPlan, password: str, admin_token: str | None = None
    ) -> None:
        self._url = url
        self._plan = plan
        self._password = password
        self._stack = AsyncExitStack()
        self._at_once = asyncio.Semaphore(AT_ONCE_MAX)
        self._admin_token = admin_token
        self._entered: Mapping[str, EnteredUser] = {}
        self._signup_first = True
        self.made: Counter[tuple[str, str]] = Counter()

    async def __aenter__(self) -> SeedRunner:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def run(self) -> None:
        """Make users, listings, auctions and bids in turn. Raises what the server refuses."""
        people = self._plan.people
        entrants = [Entrant(each.email, self._password, each.name, each.sells) for each in people]
        self._entered = await enter_people(self._url, self._admin_token, entrants)
        # On a second run nobody is new; asking once spares every other a refused signup.
        first = await self._person(people[0])
        rest = await self._all(people[1:], self._person)
        clients = [first, *rest]
        sellers = [each for each, person in zip(clients, people, strict=True) if person.sells]
        bidders = [each for each, person in zip(clients, people, strict=True) if not person.sells]
        shelves = await asyncio.gather(
            *(self._create_listings(index, seller) for index, seller in enumerate(sellers))
        )
        ids = {sku: found for shelf in shelves for sku, found in shelf.items()}

        async def create_auction(sale: PlannedAuction) -> str | None:
            return await self._auction(sellers[sale.seller], ids[sale.sku], sale)

        auctions = await self._all(self._plan.sales, create_auction)

        async def bid_on(sale: int) -> None:
            auction_id = auctions[sale]
            if auction_id is not None:
                await self._bids(sale, auction_id, bidders)

        await self._all(range(len(auctions)), bid_on)

    async def _all(self, items: Iterable[object], work: Callable[..., Awaitable[T]]) -> list[T]:
        async def bounded(item: object) -> T:
            async with self._at_once:
                return await work(item)

        return [*await asyncio.gather(*(bounded(item) for item in items))]

    async def _person(self, person: PlannedAccount) -> AsyncInstaSell:
        entered = self._entered.get(person.email)
        token = entered.token if entered else None
        client = await self._stack.enter_async_context(AsyncInstaSell(self._url, token))
        if entered is not None:
            if token is None:
                raise CliError(f"{person.email}: {entered.message}", ExitCode.CONFLICT)
            outcome = "created" if entered.outcome == "created" else "existing"
            self.made["users", outcome] += 1
            return client
        if self._signup_first:
            try:
                await self._sign_up(client, person)
            except EmailTaken:
                self._signup_first = False
                await client.auth.login(person.email, self._password)
                self.made["users", "existing"] += 1
            return client
        try:
            await client.auth.login(person.email, self._password)
            self.made["users", "existing"] += 1
        except BadCredentials:
            await self._sign_up(client, person)
        return client

    async def _sign_up(self, client: AsyncInstaSell, person: PlannedAccount) -> None:
        role = "seller" if person.sells else "buyer"
        reply = await client.auth.signup(
            person.email,
            self._password,
            display_name=person.name,
            role="seller" if role == "seller" else "buyer",
        )
        if isinstance(reply, SignupPending):
            raise requires_proof(person.email)
        self.made["users", "created"] += 1

    async def _create_listings(self, index: int, seller: AsyncInstaSell) -> Mapping[str, str]:
        rows = [piece.row for piece in self._plan.pieces if piece.seller == index]
        ids: dict[str, str] = {}
        async for verdict in seller.listings.bulk(rows):
            if verdict.listing_id is None or verdict.seller_sku is None:
                said = "; ".join(f"{each.field}: {each.message}" for each in verdict.errors)
                raise Conflict(f"the server takes no row {verdict.seller_sku}: {said}")
            ids[verdict.seller_sku] = verdict.listing_id
            outcome = "created" if verdict.outcome == "created" else "existing"
            self.made["listings", outcome] += 1
        return ids

    async def _auction(
        self, seller: AsyncInstaSell, listing_id: str, sale: PlannedAuction
    ) -> str | None:
        """Return the id of an open auction; None for a listing that has been sold since."""
        listing = await seller.listings.get(listing_id)
        if listing.auction_id is not None:
            self.made["auctions", "existing"] += 1
            return listing.auction_id
        try:
            made = await seller.auctions.create(
                listing_id,
                min_bid=sale.min_bid,
                reserve=sale.reserve,
                buy_now=sale.buy_now,
                duration_seconds=sale.duration_seconds,
            )
        except Conflict:
            self.made["auctions", "existing"] += 1
            return None
        self.made["auctions", "created"] += 1
        return made.state.auction_id

    async def _bids(self, sale: int, auction_id: str, bidders: list[AsyncInstaSell]) -> None:
        """Send the bids in the order of the plan, so that the same seed gives the same prices."""
        for offer in self._plan.offers:
            if offer.sale != sale:
                continue
            try:
                receipt = await bidders[offer.bidder].auctions.bid(
                    auction_id, max_amount=offer.maximum, idempotency_key=offer.key
                )
            except (BidTooLow, AlreadyLeading, AuctionNotOpen):
                self.made["bids", "refused"] += 1
            else:
                self.made["bids", "existing" if receipt.repeated else "created"] += 1
