"""Bulk uploads: batches of rows, each decided and written in one transaction.

Every batch is durable before its results are sent, and a row that is sent again changes nothing,
so a client that was cut off sends everything again.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from instasell_client.models.errors import InstaSellError, OutcomeUnknown, Unavailable
from instasell_client.models.listings import BulkOutcome, BulkVerdict
from instasell_client.models.problems import FieldError
from instasell_server.db.connections import Database
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.listings import bulk_store, store
from instasell_server.domains.listings.bulk_rules import (
    Import,
    ImportRow,
    KnownKeys,
    RowChecker,
    RowDecision,
)
from instasell_server.domains.listings.page_cache import CategoryPageCache
from instasell_server.domains.listings.rules import LANES, ListingFields, lane_of

TRIES = 3
LANE_ROWS_MIN = 50
RETRY_SECONDS = 0.1


@dataclass(slots=True)
class PlannedListings:
    """Hold what the rows of a dry run would have done, for the rows after them.

    Descriptions are left out for their size, so a later row for the same key may be called
    updated where it would have been unchanged.
    """

    imports: dict[str, Import] = field(default_factory=dict)
    listings: dict[str, ListingFields] = field(default_factory=dict)
    skus: dict[str, str] = field(default_factory=dict)
    created: set[str] = field(default_factory=set)

    def keep(self, checker: RowChecker) -> None:
        """Add what a batch would have written."""
        self.created |= checker.created.keys()
        for listing_id, fields in {**checker.created, **checker.updated}.items():
            self.listings[listing_id] = fields._replace(description="")
            if fields.seller_sku is not None:
                self.skus[fields.seller_sku] = listing_id
        self.imports |= checker.imports

    def imports_of(self, rows: Iterable[ImportRow]) -> dict[str, Import]:
        """Return what the rows before would have left for these keys."""
        return {row.key: self.imports[row.key] for row in rows if row.key in self.imports}

    def lay_over(self, known: KnownKeys, skus: Iterable[str]) -> None:
        """Show a batch what the batches before it would have written."""
        known.skus |= {sku: self.skus[sku] for sku in skus if sku in self.skus}
        wanted = {*known.listings, *known.skus.values()}
        known.listings |= {each: self.listings[each] for each in wanted if each in self.listings}


class UploadEnded(Exception):
    """End an upload that may not go on, with the results of the rows written before.

    `row` is the first row that was not taken.
    """

    def __init__(self, verdicts: Sequence[BulkVerdict], row: int, refusal: InstaSellError) -> None:
        super().__init__(refusal.code)
        self.verdicts = verdicts
        self.row = row
        self.refusal = refusal


Check = Callable[[Transaction], Awaitable[None]]
"""Raises unless the caller may still upload."""


class BulkImporter:
    """Takes the rows of sellers."""

    def __init__(self, database: Database, pages: CategoryPageCache) -> None:
        self._database = database
        self._pages = pages
        # However many upload at once, bids find connections free and the processor too.
        self._turns = asyncio.Semaphore(len(LANES))

    def begin(self, seller_id: str, check: Check, *, dry_run: bool) -> BulkUpload:
        """Begin an upload of a seller; `dry_run` decides every row and writes nothing.

        `check` is asked in the transaction of every batch.
        """
        return BulkUpload(
            self._database, self._pages, self._turns, seller_id, check, dry_run=dry_run
        )


class BulkUpload:
    """Carry out one upload, batch by batch."""

    def __init__(
        self,
        database: Database,
        pages: CategoryPageCache,
        turns: asyncio.Semaphore,
        seller_id: str,
        check: Check,
        *,
        dry_run: bool,
    ) -> None:
        self._database = database
        self._pages = pages
        self._turns = turns
        self._seller_id = seller_id
        self._check = check
        # What the rows before would have done; a real upload finds that in the database.
        self._planned = PlannedListings() if dry_run else None

    async def take(self, rows: Sequence[ImportRow]) -> list[BulkVerdict]:
        """Decide and write a batch. Where the database fails, each row's verdict says so.

        Raises UploadEnded when the caller may not upload any more.
        """
        parts = self._parts(rows)
        taken = await asyncio.gather(
            *(self._take(part, lanes) for lanes, part in parts), return_exceptions=True
        )
        verdicts: list[BulkVerdict] = []
        refusals: list[InstaSellError] = []
        for each in taken:
            if isinstance(each, InstaSellError):
                refusals.append(each)
            elif isinstance(each, BaseException):
                raise each
            else:
                verdicts += each
        verdicts.sort(key=lambda each: each.row)
        if refusals:
            reported = {each.row for each in verdicts}
            row = min(row.number for row in rows if row.number not in reported)
            raise UploadEnded(verdicts, row, refusals[0])
        return verdicts

    def _parts(self, rows: Sequence[ImportRow]) -> list[tuple[Sequence[int], Sequence[ImportRow]]]:
        """Return the rows of each lane. Rows that may rename a listing concern every lane."""
        is_small = len(rows) < LANE_ROWS_MIN * len(LANES)
        if is_small or self._planned is not None or any(row.listing_id for row in rows):
            return [(LANES, rows)]
        return [((lane,), [row for row in rows if lane_of(row.key) == lane]) for lane in LANES]

    async def _take(self, rows: Sequence[ImportRow], lanes: Sequence[int]) -> list[BulkVerdict]:
        for attempt in range(TRIES):
            try:
                async with self._turns:
                    decisions = await transact(
                        self._database, lambda tx: self._work(tx, rows, lanes)
                    )
            except (Unavailable, OutcomeUnknown):
                # After a lost COMMIT too: what was written meets itself and is unchanged.
                await asyncio.sleep(RETRY_SECONDS * 2**attempt * random.uniform(0.5, 1.0))
            else:
                return [self._verdict(each) for each in decisions]
        failed = [("row", "not taken, because the database is busy or down; send it again")]
        return [
            self._verdict(RowDecision(row, BulkOutcome.REJECTED, None, row.errors or failed))
            for row in rows
        ]

    async def _work(
        self, tx: Transaction, rows: Sequence[ImportRow], lanes: Sequence[int]
    ) -> list[RowDecision]:
        if self._planned is None:
            await store.lock_lanes(tx, self._seller_id, lanes)
        # Behind the lanes: another upload of the seller may have held them for long.
        await self._check(tx)
        known = await self._look(tx, rows)
        checker = RowChecker(known, lambda: str(uuid.uuid4()))
        before = dict(known.listings)
        decisions = [checker.decide(row) for row in rows]
        if self._planned is None:
            await self._write(tx, checker, before)
        else:
            self._planned.keep(checker)
        return decisions

    async def _look(self, tx: Transaction, rows: Sequence[ImportRow]) -> KnownKeys:
        """Read what is known about the keys of a batch; lock what may be changed."""
        readable = [row for row in rows if row.is_readable]
        imports = await bulk_store.list_imports(
            tx, self._seller_id, list({row.key for row in readable})
        )
        if self._planned is not None:
            imports |= self._planned.imports_of(readable)
        known = KnownKeys(imports=imports)
        fresh = [row for row in readable if _is_news(row, imports.get(row.key))]
        if fresh:
            await self._look_at(tx, known, fresh)
        return known

    async def _look_at(self, tx: Transaction, known: KnownKeys, fresh: Sequence[ImportRow]) -> None:
        paths = list({row.category_path for row in fresh if row.category_path is not None})
        known.paths = await bulk_store.list_paths(tx, paths)
        given = {row.category_id for row in fresh if row.category_id is not None}
        known.categories = await bulk_store.lock_categories(tx, {*given, *known.paths.values()})
        known.paths = {path: each for path, each in known.paths.items() if each in known.categories}
        skus = {row.seller_sku for row in fresh if row.seller_sku is not None}
        known.skus = await bulk_store.list_of_skus(tx, self._seller_id, list(skus))
        named = {row.listing_id for row in fresh if row.listing_id is not None}
        await self._look_at_listings(tx, known, {*named, *known.skus.values()})
        # A listing that was removed before it was locked has no seller_sku any more.
        known.skus = {sku: each for sku, each in known.skus.items() if each in known.listings}
        if self._planned is not None:
            self._planned.lay_over(known, skus)

    async def _look_at_listings(self, tx: Transaction, known: KnownKeys, ids: set[str]) -> None:
        if not ids:
            return
        if self._planned is None:
            states = await store.lock_own(tx, self._seller_id, sorted(ids))
        else:
            states = await store.list_own_states(tx, self._seller_id, sorted(ids))
        known.listings = {listing_id: state.fields for listing_id, state in states.items()}
        known.held = {listing_id for listing_id, state in states.items() if state.has_bids}

    async def _write(
        self, tx: Transaction, checker: RowChecker, before: dict[str, ListingFields]
    ) -> None:
        if checker.updated:
            await bulk_store.update_listings(tx, before, checker.updated)
        if checker.created:
            await bulk_store.insert_listings(tx, self._seller_id, checker.created)
        if checker.imports:
            await bulk_store.upsert_imports(tx, self._seller_id, checker.imports)
        touched = {fields.category_id for fields in checker.created.values()}
        for listing_id, fields in checker.updated.items():
            touched |= {fields.category_id, before[listing_id].category_id}
        if touched:
            self._pages.retire_later(tx, await bulk_store.list_lineages(tx, touched))

    def _verdict(self, judgement: RowDecision) -> BulkVerdict:
        row, outcome, listing_id, errors = judgement
        is_planned = self._planned is not None and listing_id in self._planned.created
        return BulkVerdict(
            row=row.number,
            outcome=outcome,
            listing_id=None if is_planned else listing_id,
            seller_sku=row.seller_sku,
            errors=[FieldError(field=name, message=message) for name, message in errors],
        )


def _is_news(row: ImportRow, known: Import | None) -> bool:
    return bool(row.errors) or known is None or known.digest != row.digest
