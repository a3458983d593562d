"""Judges auctions that a seller means to create, without creating them.

The rules are those of `POST /auctions`. They see one snapshot of the database and lock nothing, so
that a seller who checks thousands of rows keeps no bid waiting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from pydantic import ValidationError

from instasell_client.models.auctions import (
    AuctionCheck,
    AuctionCheckOutcome,
    AuctionChecks,
    CheckAuctions,
    CreateAuction,
)
from instasell_client.models.base import JsonObject
from instasell_client.models.errors import (
    InstaSellError,
    Invalid,
    ListingHasAuction,
    ListingNotFound,
    OutOfStock,
)
from instasell_client.models.problems import FieldError
from instasell_server.db import clock
from instasell_server.db.connections import Database
from instasell_server.db.queries import load
from instasell_server.db.transaction import BEGIN_SNAPSHOT, Transaction, transact
from instasell_server.domains.auctions.selling import terms
from instasell_server.domains.auctions.selling.create import check_claim
from instasell_server.domains.auctions.store import LockedListing
from instasell_server.http.validation import invalid_of
from instasell_server.ports.principal import Principal

_sql = load(__file__, "checks.sql")


class _Claim(NamedTuple):
    """A listing as it is, and the auction that is open on it."""

    listing: LockedListing
    open_auction: str | None


class AuctionChecker:
    """Tells what would become of auctions."""

    def __init__(self, database: Database, *, auction_fee: int, max_days: int) -> None:
        self._database = database
        self._auction_fee = auction_fee
        self._max_days = max_days

    async def check(self, seller: Principal, wanted: CheckAuctions) -> AuctionChecks:
        """Return a verdict for each row, and the gas that those which hold would cost."""
        rows = [_parsed(row) for row in wanted.auctions]
        ids = {row.listing_id for row in rows if isinstance(row, CreateAuction)}

        async def look(tx: Transaction) -> tuple[Mapping[str, _Claim], int, datetime]:
            now = await clock.get_now(tx)
            gas = await tx.maybe(_sql.get_gas_balance, {"user_id": seller.user_id})
            claims = {
                row["id"]: _Claim(
                    LockedListing(*(row[name] for name in LockedListing._fields)),
                    row["open_auction"],
                )
                for row in await tx.rows(_sql.list_claims, {"ids": sorted(ids)})
            }
            return claims, gas["gas_balance"] if gas else 0, now

        claims, balance, now = await transact(self._database, look, begin=BEGIN_SNAPSHOT)
        taken: dict[str, int] = {}
        items = []
        for number, row in enumerate(rows, 1):
            found = row if isinstance(row, Invalid) else self._fault(seller, row, claims, now)
            if found is None and isinstance(row, CreateAuction):
                found = _repeated(row, number, taken)
            items.append(_verdict(number, found))
        needed = self._auction_fee * sum(
            each.outcome is AuctionCheckOutcome.CREATED for each in items
        )
        return AuctionChecks(
            items=items,
            auction_gas_fee=self._auction_fee,
            gas_needed=needed,
            gas_balance=balance,
            gas_missing=max(0, needed - balance),
            server_time=now,
        )

    def _fault(
        self,
        seller: Principal,
        wish: CreateAuction,
        claims: Mapping[str, _Claim],
        now: datetime,
    ) -> InstaSellError | None:
        """Return what creating the auction would be refused with, gas apart."""
        claim = claims.get(wish.listing_id)
        try:
            check_claim(
                claim.listing if claim else None, seller, claim.open_auction if claim else None
            )
            terms.opening_values(wish, now, self._max_days)
        except InstaSellError as error:
            return error
        return None


def _parsed(row: JsonObject) -> CreateAuction | Invalid:
    try:
        return CreateAuction.model_validate(row)
    except ValidationError as error:
        return invalid_of(error, "row")


def _repeated(wish: CreateAuction, number: int, taken: dict[str, int]) -> Invalid | None:
    first = taken.setdefault(wish.listing_id, number)
    if first == number:
        return None
    return Invalid.one("listing_id", f"row {first} has the same listing; leave one out")


def _verdict(number: int, error: InstaSellError | None) -> AuctionCheck:
    if error is None:
        return AuctionCheck(row=number, outcome=AuctionCheckOutcome.CREATED)
    open_auction = error.data.get("auction_id") if isinstance(error, ListingHasAuction) else None
    return AuctionCheck(
        row=number,
        outcome=AuctionCheckOutcome.REJECTED,
        open_auction_id=open_auction,
        errors=[FieldError(field=name, message=said) for name, said in _told(error)],
    )


def _told(error: InstaSellError) -> Sequence[tuple[str, str]]:
    if isinstance(error, Invalid):
        return error.errors
    if isinstance(error, ListingNotFound):
        return [("listing_id", "no active listing of yours has it")]
    if isinstance(error, ListingHasAuction):
        return [("listing_id", "it has an open auction; cancel that first, or leave the row out")]
    if isinstance(error, OutOfStock):
        return [("listing_id", "it is sold out; raise its stock first")]
    return [("row", error.detail or error.title)]
