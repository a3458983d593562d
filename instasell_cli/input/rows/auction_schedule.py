"""Create auctions from the rows of a file: one result for each row, and never a second auction.

A row is the same auction again where its listing has, or had, one of the same terms. The server is
asked for that before anything is created, so it holds however long ago the file was last used. Two
runs at once meet at the server, which takes one open auction for a listing, and one effect for an
idempotency key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from instasell_cli.input.rows.auction_rows import (
    AuctionRow,
    ExistingAuction,
    OwnAuctions,
    describe_row,
    ids_of,
    named,
    other_terms,
    parse_row,
    reject_row,
)
from instasell_cli.input.rows.columns import RowColumns
from instasell_cli.input.rows.files.row_file import RawRow, RowFile
from instasell_cli.input.rows.gas_estimate import GasPlan
from instasell_cli.input.rows.listing_import import ImportResult
from instasell_cli.input.rows.row_results import RowResult
from instasell_cli.input.rows.worker_pool import Job, WorkerPool
from instasell_cli.output.error_hints import with_remedy

if TYPE_CHECKING:
    from instasell_client import AsyncInstaSell

ROWS_A_LOOK = 500


class AuctionScheduler:
    """Creates auctions of the rows of a file."""

    def __init__(self, crew: WorkerPool, columns: RowColumns, *, dry_run: bool) -> None:
        self._crew = crew
        self._columns = columns
        self._dry_run = dry_run
        self._own = OwnAuctions()
        self._planned: dict[str, AuctionRow] = {}
        self.gas = GasPlan()

    def judged(self, file: RowFile) -> Iterator[ImportResult]:
        """Yield each row with its result, in the order of the file.

        Raises what would meet every other row as well, as a token that is not taken.
        """
        if self._dry_run:
            for wishes in self._wishes(file):
                verdicts = self._crew.run(self._rehearsed(wishes))
                pairs = [
                    (verdict, wish.row) for verdict, wish in zip(verdicts, wishes, strict=True)
                ]
                yield ImportResult(pairs, file.progress())
            return
        # Rows of one listing go out one after the other.
        jobs = (
            Job(wish, frozenset([wish.listing_id] if wish.listing_id else []))
            for wishes in self._wishes(file)
            for wish in wishes
        )
        for wish, verdict in self._crew.in_order(jobs, self.schedule):
            yield ImportResult([(verdict, wish.row)], file.progress())

    async def schedule(self, wish: AuctionRow) -> RowResult:
        """Create the auction of one row, and return its result."""
        from instasell_client import errors

        known = self._known(wish)
        if known is not None:
            return known
        listing_id, terms = str(wish.listing_id), wish.terms()
        key = _key(listing_id, terms)
        try:
            made = await self._crew.client.auctions.create(listing_id, **terms, idempotency_key=key)
        except errors.Invalid as error:
            return reject_row(wish, [(entry.field, entry.message) for entry in error.errors])
        except errors.ListingHasAuction as error:
            return await self._met(wish, str(error.auction_id))
        except errors.NotFound:
            return reject_row(wish, [(named(wish), "no active listing of yours has it")])
        except errors.Conflict as error:
            return reject_row(wish, [("row", str(with_remedy(error)))])
        # The same request may have been answered before this run looked at what there is.
        outcome = "unchanged" if made.state.auction_id in self._own else "created"
        self._own.add(ExistingAuction(made.state, terms["reserve"]))
        return describe_row(wish, outcome, made.state)

    async def _rehearsed(self, wishes: Sequence[AuctionRow]) -> list[RowResult]:
        """Return the results that rows would get, by the server's rules; nothing is created."""
        found = [self._known(wish) for wish in wishes]
        left = [at for at, verdict in enumerate(found) if verdict is None]
        while left:
            # A row whose listing an earlier one asks for waits for what becomes of that.
            asked: dict[str, int] = {}
            later = []
            for at in left:
                found[at] = self._planned_before(wishes[at])
                if found[at] is None and asked.setdefault(str(wishes[at].listing_id), at) != at:
                    later.append(at)
            verdicts = await self._checked([wishes[at] for at in asked.values()])
            for at, verdict in zip(asked.values(), verdicts, strict=True):
                found[at] = verdict
                if not verdict.errors:
                    self._planned[str(wishes[at].listing_id)] = wishes[at]
            left = later
        return [verdict for verdict in found if verdict is not None]

    async def _checked(self, wishes: Sequence[AuctionRow]) -> list[RowResult]:
        if not wishes:
            return []
        checks = await self._crew.client.auctions.check(
            [{"listing_id": wish.listing_id, **_given(wish.terms())} for wish in wishes]
        )
        self.gas.begin(checks.auction_gas_fee, checks.gas_balance)
        verdicts = []
        for wish, check in zip(wishes, checks.items, strict=True):
            errors = [(entry.field, entry.message) for entry in check.errors]
            if check.open_auction_id is not None:
                errors = [(named(wish), other_terms(check.open_auction_id))]
            if not errors:
                errors = self.gas.take()
            if errors:
                verdicts.append(reject_row(wish, errors))
            else:
                verdicts.append(RowResult(wish.row.number, "created", ids_of(wish)))
        return verdicts

    def _planned_before(self, wish: AuctionRow) -> RowResult | None:
        """Return the result of a row whose listing an earlier row of the file has taken."""
        earlier = self._planned.get(str(wish.listing_id))
        if earlier is None:
            return None
        if earlier.values == wish.values:
            return RowResult(wish.row.number, "unchanged", ids_of(wish))
        again = f"row {earlier.row.number} has the same listing with other terms; leave one out"
        return reject_row(wish, [(named(wish), again)])

    def _known(self, wish: AuctionRow) -> RowResult | None:
        if wish.errors:
            return reject_row(wish, wish.errors)
        same = self._own.same_as(wish)
        return None if same is None else describe_row(wish, "unchanged", same)

    async def _met(self, wish: AuctionRow, auction_id: str) -> RowResult:
        """Return the result of a row whose listing has an auction by now, of any row."""
        if auction_id not in self._own:
            page = await self._crew.client.auctions.selling_page(limit=100)
            for each in page.items:
                self._own.add(ExistingAuction(each.state, each.reserve))
        same = self._own.same_as(wish)
        if same is not None:
            return describe_row(wish, "unchanged", same)
        return reject_row(wish, [(named(wish), other_terms(auction_id))])

    def _wishes(self, file: RowFile) -> Iterator[list[AuctionRow]]:
        """Yield the rows as they are read, as many at a time as one request looks up."""
        is_first = True
        while rows := [*islice(file.rows, ROWS_A_LOOK)]:
            if is_first:
                self._crew.run(self._look_at_all())
                is_first = False
            yield self._crew.run(self._understood(rows))

    async def _look_at_all(self) -> None:
        async for each in self._crew.client.auctions.selling():
            self._own.add(ExistingAuction(each.state, each.reserve))

    async def _understood(self, rows: Sequence[RawRow]) -> list[AuctionRow]:
        wishes = [parse_row(row, self._columns) for row in rows]
        skus = [
            wish.values["seller_sku"]
            for wish in wishes
            if "listing_id" not in wish.values and "seller_sku" in wish.values
        ]
        found = await listings_of(self._crew.client, skus)
        return [_with_listing(wish, found) for wish in wishes]


async def listings_of(client: AsyncInstaSell, skus: Sequence[str]) -> Mapping[str, str]:
    """Return the seller's listings by seller_sku, from one request: a dry run of an import."""
    unique = [*dict.fromkeys(skus)]
    rows = [{"seller_sku": sku} for sku in unique]
    verdicts = [each async for each in client.listings.bulk(rows, dry_run=True)]
    return {
        sku: verdict.listing_id
        for sku, verdict in zip(unique, verdicts, strict=True)
        if verdict.listing_id is not None
    }


def _with_listing(wish: AuctionRow, found: Mapping[str, str]) -> AuctionRow:
    given = wish.values.get("listing_id")
    listing_id = given.strip().lower() if given else found.get(wish.values.get("seller_sku", ""))
    if listing_id is None and not wish.errors:
        errors = [("seller_sku", "no active listing of yours has it")]
        return AuctionRow(wish.row, wish.values, errors=errors)
    return AuctionRow(wish.row, wish.values, listing_id, wish.errors)


def _given(terms: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in terms.items() if value is not None}


def _key(listing_id: str, terms: Mapping[str, Any]) -> str:
    """Return a key that is the same for the same auction, so that a repeat has no second effect."""
    text = json.dumps([listing_id, terms], sort_keys=True, default=str)
    return "schedule-" + hashlib.sha256(text.encode()).hexdigest()[:40]
