"""Many auctions from the rows of a file: one verdict for each row, and never a second auction.

A row is the same auction again where its listing has, or had, one of the same terms. That is asked
of the market before anything is put up, so it holds however long ago the file was last used. Two
runs at once meet at the server, which takes one open auction for a listing, and one effect for an
idempotency key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from instasell_cli.remedies import with_remedy
from instasell_cli.rows.columns import Columns
from instasell_cli.rows.crew import Crew, Job
from instasell_cli.rows.importing import Judged
from instasell_cli.rows.rehearsing import Rehearsal
from instasell_cli.rows.row_file import RawRow, RowFile
from instasell_cli.rows.verdicts import Verdict
from instasell_cli.rows.wishes import (
    OwnAuctions,
    Standing,
    Wish,
    ids_of,
    named,
    other_terms,
    rejected,
    told,
    understood,
)

if TYPE_CHECKING:
    from instasell_client import AsyncInstaSell

ROWS_A_LOOK = 500


class Scheduler:
    """Puts the rows of a file up."""

    def __init__(self, crew: Crew, columns: Columns, *, dry_run: bool) -> None:
        self._crew = crew
        self._columns = columns
        self._dry_run = dry_run
        self._own = OwnAuctions()
        self._planned: dict[str, Wish] = {}
        self._rehearsal: Rehearsal | None = None

    def judged(self, file: RowFile) -> Iterator[Judged]:
        """Each row with its verdict, in the order of the file.

        Raises what would meet every other row as well, as a token that is not taken.
        """
        work = self.rehearse if self._dry_run else self.put_up
        for wish, verdict in self._crew.in_order(self._jobs(file), work):
            yield Judged([(verdict, wish.row)], file.progress())

    async def put_up(self, wish: Wish) -> Verdict:
        """The verdict over one row; its auction is up then."""
        from instasell_client import errors

        known = self._known(wish)
        if known is not None:
            return known
        listing_id, terms = str(wish.listing_id), wish.terms()
        key = _key(listing_id, terms)
        try:
            made = await self._crew.client.auctions.create(listing_id, **terms, idempotency_key=key)
        except errors.Invalid as error:
            return rejected(wish, [(entry.field, entry.message) for entry in error.errors])
        except errors.ListingHasAuction as error:
            return await self._met(wish, str(error.auction_id))
        except errors.NotFound:
            return rejected(wish, [(named(wish), "no active listing of yours has it")])
        except errors.Conflict as error:
            return rejected(wish, [("row", str(with_remedy(error)))])
        # The same request may have been answered before this run looked at what there is.
        outcome = "unchanged" if made.state.auction_id in self._own else "created"
        self._own.add(Standing(made.state, terms["reserve"]))
        return told(wish, outcome, made.state)

    async def rehearse(self, wish: Wish) -> Verdict:
        """The verdict that a row would get; nothing is put up."""
        known = self._known(wish)
        if known is not None:
            return known
        earlier = self._planned.get(str(wish.listing_id))
        if earlier is not None and earlier.values == wish.values:
            return Verdict(wish.row.number, "unchanged", ids_of(wish))
        if earlier is not None:
            again = f"row {earlier.row.number} puts the same listing up with other terms"
            return rejected(wish, [(named(wish), again)])
        rehearsal = await self._stage()
        if errors := await rehearsal.complaints(wish):
            return rejected(wish, errors)
        self._planned[str(wish.listing_id)] = wish
        return Verdict(wish.row.number, "created", ids_of(wish))

    async def _stage(self) -> Rehearsal:
        if self._rehearsal is None:
            client = self._crew.client
            page, me = await client.auctions.selling_page(limit=1), await client.auth.me()
            self._rehearsal = Rehearsal(client, me.id, page.server_time)
        return self._rehearsal

    def _known(self, wish: Wish) -> Verdict | None:
        if wish.errors:
            return rejected(wish, wish.errors)
        same = self._own.same_as(wish)
        return None if same is None else told(wish, "unchanged", same)

    async def _met(self, wish: Wish, auction_id: str) -> Verdict:
        """The listing has an auction by now: that of this row, or another."""
        if auction_id not in self._own:
            page = await self._crew.client.auctions.selling_page(limit=100)
            for each in page.items:
                self._own.add(Standing(each.state, each.reserve))
        same = self._own.same_as(wish)
        if same is not None:
            return told(wish, "unchanged", same)
        return rejected(wish, [(named(wish), other_terms(auction_id))])

    def _jobs(self, file: RowFile) -> Iterator[Job[Wish]]:
        """The rows as jobs; those of one listing go out one after the other."""
        is_first = True
        while rows := [*islice(file.rows, ROWS_A_LOOK)]:
            if is_first:
                self._crew.run(self._look_at_all())
                is_first = False
            for wish in self._crew.run(self._understood(rows)):
                yield Job(wish, frozenset([wish.listing_id] if wish.listing_id else []))

    async def _look_at_all(self) -> None:
        async for each in self._crew.client.auctions.selling():
            self._own.add(Standing(each.state, each.reserve))

    async def _understood(self, rows: Sequence[RawRow]) -> list[Wish]:
        wishes = [understood(row, self._columns) for row in rows]
        skus = [
            wish.values["seller_sku"]
            for wish in wishes
            if "listing_id" not in wish.values and "seller_sku" in wish.values
        ]
        found = await listings_of(self._crew.client, skus)
        return [_with_listing(wish, found) for wish in wishes]


async def listings_of(client: AsyncInstaSell, skus: Sequence[str]) -> Mapping[str, str]:
    """The seller's listings by seller_sku. A dry run of an import tells them in one request."""
    unique = [*dict.fromkeys(skus)]
    rows = [{"seller_sku": sku} for sku in unique]
    verdicts = [each async for each in client.listings.bulk(rows, dry_run=True)]
    return {
        sku: verdict.listing_id
        for sku, verdict in zip(unique, verdicts, strict=True)
        if verdict.listing_id is not None
    }


def _with_listing(wish: Wish, found: Mapping[str, str]) -> Wish:
    given = wish.values.get("listing_id")
    listing_id = given.strip().lower() if given else found.get(wish.values.get("seller_sku", ""))
    if listing_id is None and not wish.errors:
        errors = [("seller_sku", "no active listing of yours has it")]
        return Wish(wish.row, wish.values, errors=errors)
    return Wish(wish.row, wish.values, listing_id, wish.errors)


def _key(listing_id: str, terms: Mapping[str, Any]) -> str:
    """The same for the same auction, so that a repeated request has no second effect."""
    text = json.dumps([listing_id, terms], sort_keys=True, default=str)
    return "schedule-" + hashlib.sha256(text.encode()).hexdigest()[:40]
