"""Brings a market to what a file says; what is there already stays, and keeps its id."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Literal, TypeVar

from instasell_cli.output.amounts import shown_amount
from instasell_cli.seed.accounts import Entrant, enter_people, requires_proof
from instasell_cli.seed.market_file import (
    TYPED_AS,
    AccountEntry,
    AuctionEntry,
    BidEntry,
    ListingEntry,
    MarketFile,
)
from instasell_cli.seed.yaml_document import FileProblem, YamlEntry
from instasell_client import (
    AsyncInstaSell,
    BadCredentials,
    BidTooLow,
    Conflict,
    EmailTaken,
    Forbidden,
    InstaSellError,
    Invalid,
    ListingHasAuction,
)
from instasell_client.models.accounts import SignupPending

if TYPE_CHECKING:
    from instasell_client.models.accounts import User
    from instasell_client.models.admin import EnteredUser

AT_ONCE_MAX = 8

Item = TypeVar("Item")


class MarketFileApplier:
    """One run over a sheet. Use it with `async with`.

    `ids` has what there is afterwards, by section and name; `made` counts (section, outcome), and
    `rejected` has what the market did not take. What depends on that is left out.
    """

    def __init__(
        self,
        url: str,
        sheet: MarketFile,
        categories: Mapping[str, str],
        password_of: Callable[[AccountEntry], str],
        admin_token: str | None = None,
    ) -> None:
        self._url = url
        self._sheet = sheet
        self._password_of = password_of
        self._admin_token = admin_token
        self._entered: Mapping[str, EnteredUser] = {}
        self._stack = AsyncExitStack()
        self._at_once = asyncio.Semaphore(AT_ONCE_MAX)
        self._clients: dict[str, AsyncInstaSell] = {}
        self.ids: dict[str, dict[str, str]] = {
            "users": {},
            "categories": {**categories},
            "listings": {},
            "auctions": {},
        }
        self.made: Counter[tuple[str, str]] = Counter()
        self.rejected: list[FileProblem] = []

    async def __aenter__(self) -> MarketFileApplier:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def apply(self) -> None:
        """Make users, listings, auctions and bids in turn. Raises what ends the whole run."""
        sheet = self._sheet
        entrants = [
            Entrant(each.email, self._password_of(each), each.display_name or each.name, each.sells)
            for each in sheet.people
        ]
        self._entered = await enter_people(self._url, self._admin_token, entrants)
        await self._each(sheet.people, self._person)
        await self._each(
            dict.fromkeys(piece.seller for piece in sheet.pieces), self._apply_listings
        )
        sellers = {piece.name: piece.seller for piece in sheet.pieces}
        of_seller: dict[str, list[AuctionEntry]] = {}
        for sale in sheet.sales:
            if sale.listing in self.ids["listings"]:
                of_seller.setdefault(sellers[sale.listing], []).append(sale)
        await self._each(of_seller.items(), self._auctions)
        await self._each(self._keyed_offers().items(), self._bids)
        self._order("users", sheet.people)
        self._order("listings", sheet.pieces)
        self._order("auctions", sheet.sales)

    def _order(
        self, section: str, named: Iterable[AccountEntry | ListingEntry | AuctionEntry]
    ) -> None:
        """Put ids into the order of the file, not that of the answers."""
        found = self.ids[section]
        self.ids[section] = {each.name: found[each.name] for each in named if each.name in found}

    async def _each(self, items: Iterable[Item], work: Callable[[Item], Awaitable[None]]) -> None:
        async def bounded(item: Item) -> None:
            async with self._at_once:
                await work(item)

        await asyncio.gather(*(bounded(item) for item in items))

    # People -----------------------------------------------------------------------------------

    async def _person(self, person: AccountEntry) -> None:
        entered = self._entered.get(person.email)
        if entered is not None and entered.token is None and entered.code != "bad_credentials":
            self._reject(person.entry, None, entered.message or "the market refuses it")
            return
        token = entered.token if entered else None
        client = await self._stack.enter_async_context(AsyncInstaSell(self._url, token))
        try:
            user_id, outcome = await self._enter(client, person, entered)
        except BadCredentials:
            self._reject(person.entry, "email", "the account is there, with another password")
            return
        except (Invalid, Forbidden) as error:
            self._reject_all(person.entry, error)
            return
        self._stack.push_async_callback(_leave, client)
        self._clients[person.name] = client
        self.ids["users"][person.name] = user_id
        self.made["users", outcome] += 1

    async def _enter(
        self, client: AsyncInstaSell, person: AccountEntry, entered: EnteredUser | None
    ) -> tuple[str, str]:
        """Sign in, or up, and make the account what the file says."""
        if entered is not None:
            if entered.user is None:
                raise BadCredentials
            if entered.outcome == "created":
                return entered.user.id, "created"
            return await self._bring_up_to_date(client, person, entered.user)
        password = self._password_of(person)
        try:
            user = (await client.auth.login(person.email, password)).user
        except BadCredentials:
            name, role = person.display_name or person.name, _role_of(person)
            try:
                made = await client.auth.signup(
                    person.email, password, display_name=name, role=role
                )
                if isinstance(made, SignupPending):
                    raise requires_proof(person.email)
                return made.user.id, "created"
            except EmailTaken:
                # Another run may have signed the same person up a moment ago.
                user = (await client.auth.login(person.email, password)).user
        return await self._bring_up_to_date(client, person, user)

    async def _bring_up_to_date(
        self, client: AsyncInstaSell, person: AccountEntry, user: User
    ) -> tuple[str, str]:
        outcome = "unchanged"
        if person.display_name not in (None, user.display_name):
            await client.auth.update_me(display_name=str(person.display_name))
            outcome = "updated"
        if person.sells and user.role != "seller":
            await client.auth.become_seller()
            outcome = "updated"
        return user.id, outcome

    # Listings ---------------------------------------------------------------------------------

    async def _apply_listings(self, seller: str) -> None:
        client = self._clients.get(seller)
        if client is None:
            return
        pieces = [
            piece
            for piece in self._sheet.pieces
            if piece.seller == seller and piece.category in self.ids["categories"]
        ]
        rows = [self._row(piece) for piece in pieces]
        async for verdict in client.listings.bulk(rows):
            piece = pieces[verdict.row - 1]
            if verdict.listing_id is None or verdict.errors:
                for found in verdict.errors:
                    self._reject(piece.entry, found.field, found.message)
                continue
            self.ids["listings"][piece.name] = verdict.listing_id
            self.made["listings", verdict.outcome.value] += 1

    def _row(self, piece: ListingEntry) -> Mapping[str, object]:
        return {**piece.row, "category_id": self.ids["categories"][piece.category]}

    # Auctions ---------------------------------------------------------------------------------

    async def _auctions(self, work: tuple[str, list[AuctionEntry]]) -> None:
        seller, sales = work
        client = self._clients[seller]
        there = await _auctions_of(client)
        for sale in sales:
            auction_id = there.get(self.ids["listings"][sale.listing])
            outcome = "unchanged"
            if auction_id is None:
                auction_id, outcome = await self._create_auction(client, sale)
            if auction_id is not None:
                self.ids["auctions"][sale.name] = auction_id
                self.made["auctions", outcome] += 1

    async def _create_auction(
        self, client: AsyncInstaSell, sale: AuctionEntry
    ) -> tuple[str | None, str]:
        terms = {name: value for name, value in sale.terms.items() if value is not None}
        listing_id = self.ids["listings"][sale.listing]
        try:
            made = await client.auctions.create(listing_id, **terms)
        except ListingHasAuction:
            # Another process applies the same file at this moment.
            return (await _auctions_of(client)).get(listing_id), "unchanged"
        except (Invalid, Conflict, Forbidden) as error:
            self._reject_all(sale.entry, error)
            return None, ""
        return made.state.auction_id, "created"

    # Bids -------------------------------------------------------------------------------------

    def _keyed_offers(self) -> Mapping[str, list[tuple[BidEntry, str]]]:
        """Return the bids of each existing auction, each with a key that never changes."""
        alike: Counter[tuple[str, str, int, int]] = Counter()
        found: dict[str, list[tuple[BidEntry, str]]] = {}
        for offer in self._sheet.offers:
            amount, maximum = offer.amount or 0, offer.maximum or 0
            same = (offer.auction, offer.bidder, amount, maximum)
            alike[same] += 1
            if offer.auction in self.ids["auctions"] and offer.bidder in self._clients:
                key = f"seed-{amount}-{maximum}-{alike[same]}"
                found.setdefault(offer.auction, []).append((offer, key))
        return found

    async def _bids(self, work: tuple[str, list[tuple[BidEntry, str]]]) -> None:
        """Send the bids in the order of the file, so that the same file gives the same prices."""
        auction, offers = work
        for offer, key in offers:
            try:
                receipt = await self._clients[offer.bidder].auctions.bid(
                    self.ids["auctions"][auction],
                    amount=offer.amount,
                    max_amount=offer.maximum,
                    idempotency_key=key,
                )
            except (Invalid, Conflict, Forbidden) as error:
                self._reject_all(offer.entry, error)
            else:
                self.made["bids", "unchanged" if receipt.repeated else "created"] += 1

    def _reject(self, entry: YamlEntry, name: str | None, message: str) -> None:
        self.rejected.append(entry.fault(name, message))

    def _reject_all(self, entry: YamlEntry, error: InstaSellError) -> None:
        if isinstance(error, Invalid) and error.errors:
            for found in error.errors:
                name = TYPED_AS.get(found.field, found.field)
                self._reject(entry, name, found.message)
        else:
            least = error.minimum if isinstance(error, BidTooLow) else None
            told = "" if least is None else f"; the minimum is {shown_amount(least)}"
            self._reject(entry, None, f"{error}{told}")


def _role_of(person: AccountEntry) -> Literal["buyer", "seller"]:
    return "seller" if person.sells else "buyer"


async def _auctions_of(seller: AsyncInstaSell) -> Mapping[str, str]:
    """Return the first auction of each of a seller's listings: later ones are not the file's."""
    return {
        auction.state.listing_id: auction.state.auction_id
        async for auction in seller.auctions.selling()
    }


async def _leave(client: AsyncInstaSell) -> None:
    with suppress(InstaSellError):
        await client.auth.logout()
