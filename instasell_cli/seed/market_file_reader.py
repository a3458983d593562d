"""Reads a market file, and finds everything that is wrong with it before anything is done.

The limits are those of the wire, because the same models check them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from instasell_cli.exit_codes import UsageProblem
from instasell_cli.input.amounts import typed_amount
from instasell_cli.input.category_paths import parts_of
from instasell_cli.input.times import parse_instant, parse_seconds
from instasell_cli.seed.market_file import (
    FIELDS,
    TYPED_AS,
    AccountEntry,
    AuctionEntry,
    BidEntry,
    InvalidMarketFile,
    ListingEntry,
    MarketFile,
)
from instasell_cli.seed.yaml_document import FileProblem, YamlEntry, read_document
from instasell_client.errors import Invalid
from instasell_client.models.accounts import Signup
from instasell_client.models.auctions import CreateAuction, PlaceBid
from instasell_client.models.base import Request
from instasell_client.models.listings import CreateCategory, CreateListing
from instasell_client.operation import request

NOWHERE = "00000000-0000-0000-0000-000000000000"
Read = TypeVar("Read")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def read_sheet(text: str) -> MarketFile:
    """Return the content of a file. Raises Faulty with all problems in it."""
    document = read_document(text, FIELDS)
    check = _Check(document.faults)
    sections = document.sections
    for entry in sections["users"]:
        check.person(entry)
    for entry in sections["categories"]:
        check.category(entry)
    for entry in sections["listings"]:
        check.piece(entry)
    for entry in sections["auctions"]:
        check.sale(entry)
    offers = [check.offer(entry) for entry in sections["bids"]]
    if check.faults:
        raise InvalidMarketFile(check.faults)
    people, pieces, sales = (
        [*found.values()] for found in (check.people, check.pieces, check.sales)
    )
    return MarketFile(people, check.categories, pieces, sales, offers)


class _Check:
    """Reads entries, and gathers what is wrong. What is faulty is kept, so that whatever refers
    to it is not called dangling besides."""

    def __init__(self, faults: list[FileProblem]) -> None:
        self.faults = faults
        self.people: dict[str, AccountEntry] = {}
        self.categories: dict[str, str] = {}
        self.pieces: dict[str, ListingEntry] = {}
        self.sales: dict[str, AuctionEntry] = {}
        self._told = {fault.path for fault in faults}
        self._emails: set[str] = set()
        self._skus: set[tuple[str, str]] = set()
        self._for_auction: set[str] = set()

    def person(self, entry: YamlEntry) -> None:
        """Read an entry of `users`."""
        name = self._name(entry, self.people)
        given = entry.values
        email = given.get("email", f"{name}@example.test")
        wanted = {
            "email": email,
            "password": given.get("password", NOWHERE),
            "display_name": given.get("display_name", name),
            "role": given.get("role", "buyer"),
        }
        self._model(entry, Signup, wanted)
        if email.casefold() in self._emails:
            field = "email" if "email" in given else "name"
            self._fault(entry, field, f"another account has {email}")
        self._emails.add(email.casefold())
        self.people[name] = AccountEntry(
            entry,
            name,
            email,
            given.get("password"),
            given.get("display_name"),
            given.get("role") == "seller",
        )

    def category(self, entry: YamlEntry) -> None:
        """Read an entry of `categories`; one without a path is called by it."""
        name = self._name(entry, self.categories, free=True)
        path = entry.values.get("path", name)
        try:
            for part in parts_of(path):
                request(CreateCategory, name=part)
        except UsageProblem as error:
            self._fault(entry, "path" if "path" in entry.values else None, str(error))
        except Invalid as error:
            self._fault(entry, "path" if "path" in entry.values else None, _said(error))
        self.categories[name] = path

    def piece(self, entry: YamlEntry) -> None:
        """Read an entry of `listings`."""
        name = self._name(entry, self.pieces)
        seller = self._reference(entry, "seller", self.people, "users")
        category = self._reference(entry, "category", self.categories, "categories")
        given = entry.values
        row = {
            "type": given.get("type", "direct"),
            "title": given.get("title"),
            "description": given.get("description"),
            "condition": given.get("condition"),
            "price": self._amount(entry, "price"),
            "stock": self._count(entry, "stock"),
            "shipping_amount": self._amount(entry, "shipping_amount"),
            "seller_sku": given.get("seller_sku", f"seed-{name}"),
        }
        self._model(entry, CreateListing, {**row, "category_id": NOWHERE})
        self._check_kind(entry, row)
        person = self.people.get(seller)
        if person is not None and not person.sells:
            self._fault(entry, "seller", f"{seller} is no seller; give the user role: seller")
        if (seller, row["seller_sku"]) in self._skus:
            self._fault(entry, "seller_sku", f"{seller} has another listing with this one")
        self._skus.add((seller, str(row["seller_sku"])))
        sent = {key: value for key, value in row.items() if value is not None}
        self.pieces[name] = ListingEntry(entry, name, seller, category, sent)

    def _check_kind(self, entry: YamlEntry, row: Mapping[str, Any]) -> None:
        if row["type"] == "direct" and "price" not in entry.values:
            self._fault(entry, "price", "give a price, or type: auction")
        if row["type"] == "auction":
            if "price" in entry.values:
                self._fault(entry, "price", "leave the price out; an auction's listing has none")
            if row["stock"] not in (None, 1):
                self._fault(entry, "stock", "leave it out; an auction's listing has stock 1")

    def sale(self, entry: YamlEntry) -> None:
        """Read an entry of `auctions`."""
        name = self._name(entry, self.sales)
        listing = self._reference(entry, "listing", self.pieces, "listings")
        terms: dict[str, Any] = {
            "min_bid": self._amount(entry, "min_bid"),
            "reserve": self._amount(entry, "reserve"),
            "buy_now": self._amount(entry, "buy_now"),
            "start_at": self._typed(entry, "start", parse_instant),
            "end_at": self._typed(entry, "end", parse_instant),
            "duration_seconds": self._typed(entry, "duration", parse_seconds),
            "increments": entry.values.get("increments"),
            "extension_window_seconds": self._typed(entry, "extension_window", parse_seconds),
            "extension_seconds": self._typed(entry, "extension", parse_seconds),
        }
        if ("end" in entry.values) == ("duration" in entry.values):
            self._fault(entry, None, "give either end or duration")
        elif (terms["end_at"], terms["duration_seconds"]) != (None, None):
            self._model(entry, CreateAuction, {**terms, "listing_id": NOWHERE})
        self._check_terms(entry, terms)
        piece = self.pieces.get(listing)
        if piece is not None and piece.row["type"] != "auction":
            self._fault(entry, "listing", f"{listing} is not of type: auction")
        if listing and listing in self._for_auction:
            self._fault(entry, "listing", f"{listing} has another auction in this file")
        self._for_auction.add(listing)
        self.sales[name] = AuctionEntry(entry, name, listing, terms)

    def _check_terms(self, entry: YamlEntry, terms: Mapping[str, Any]) -> None:
        least = terms["min_bid"] or 0
        for name in ("reserve", "buy_now"):
            given = terms[name]
            if given is not None and given < least:
                self._fault(entry, name, "it is less than what has to be bid before")
            least = max(least, given or 0)
        start, end = terms["start_at"], terms["end_at"]
        if isinstance(start, datetime) and isinstance(end, datetime) and end <= start:
            self._fault(entry, "end", "it must come after start")
        window, extension = (terms[f"extension{part}_seconds"] for part in ("_window", ""))
        if (5 if extension is None else extension) < (5 if window is None else window):
            self._fault(entry, "extension", "it must be at least extension_window (5s)")

    def offer(self, entry: YamlEntry) -> BidEntry:
        """Read an entry of `bids`."""
        auction = self._reference(entry, "auction", self.sales, "auctions")
        bidder = self._reference(entry, "bidder", self.people, "users")
        amount, maximum = self._amount(entry, "amount"), self._amount(entry, "max")
        if {"amount", "max"} & entry.values.keys():
            self._model(entry, PlaceBid, {"amount": amount, "max_amount": maximum})
        else:
            self._fault(entry, None, "give amount, max or both")
        sale = self.sales.get(auction)
        if sale is not None:
            piece = self.pieces.get(sale.listing)
            if piece is not None and piece.seller == bidder:
                self._fault(entry, "bidder", f"{bidder} sells it")
            most = max(amount or 0, maximum or 0)
            if 0 < most < (sale.terms["min_bid"] or 0):
                name = "max" if maximum is not None else "amount"
                self._fault(entry, name, f"it is less than the min_bid of {auction}")
        return BidEntry(entry, auction, bidder, amount, maximum)

    def _name(self, entry: YamlEntry, taken: Mapping[str, object], *, free: bool = False) -> str:
        name = entry.values.get("name", "")
        if not name:
            self._fault(entry, "name", "give a name, by which other entries refer to it")
        elif not free and _NAME.fullmatch(name) is None:
            self._fault(
                entry, "name", "use 64 letters, digits, dots, dashes or underscores at most"
            )
        elif name in taken:
            self._fault(entry, "name", f"there is another {name}")
        # Entries without a name must not shut each other out.
        return name or entry.path

    def _reference(
        self, entry: YamlEntry, name: str, among: Mapping[str, object], section: str
    ) -> str:
        wanted = entry.values.get(name)
        if wanted is None:
            self._fault(entry, name, f"give the name of one of the {section}")
        elif wanted not in among:
            self._fault(entry, name, f"there is no {wanted!r} among the {section}")
        return wanted or ""

    def _amount(self, entry: YamlEntry, name: str) -> int | None:
        least = 0 if name == "shipping_amount" else 1
        return self._typed(entry, name, partial(typed_amount, least=least))

    def _count(self, entry: YamlEntry, name: str) -> int | None:
        return self._typed(entry, name, _whole)

    def _typed(self, entry: YamlEntry, name: str, read: Callable[[str, str], Read]) -> Read | None:
        text = entry.values.get(name)
        if text is None:
            return None
        try:
            return read(text, name)
        except UsageProblem as error:
            self._fault(entry, name, str(error).removeprefix(f"{name}: "))
            return None

    def _model(self, entry: YamlEntry, model: type[Request], values: Mapping[str, Any]) -> None:
        try:
            request(model, **values)
        except Invalid as error:
            for found in error.errors:
                head = found.field.partition(".")[0]
                name = TYPED_AS.get(head, head)
                message = "write it as anna@example.test" if head == "email" else found.message
                self._fault(entry, name if name in FIELDS[_section(entry)] else None, message)

    def _fault(self, entry: YamlEntry, name: str | None, message: str) -> None:
        """Note a fault, unless there is one of this field already."""
        fault = entry.fault(name, message)
        if fault.path not in self._told:
            self._told.add(fault.path)
            self.faults.append(fault)


def _whole(text: str, name: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise UsageProblem(f"{name}: {text!r} is not a whole number; write it as 12")
    return int(text)


def _section(entry: YamlEntry) -> str:
    return entry.path.partition("[")[0]


def _said(error: Invalid) -> str:
    return "; ".join(found.message for found in error.errors)
