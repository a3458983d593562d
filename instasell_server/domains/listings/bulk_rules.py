"""Decide the rows of a bulk upload: pure rules over what is known of their keys.

A row equal to the last one imported for its key changes nothing, so that sales and edits since
then stay. Otherwise stock moves by the difference from that import. Rows are decided in order, and
each sees what the ones before it did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from instasell_client.models.listings import BulkOutcome, ListingType
from instasell_server.domains.listings import rules
from instasell_server.domains.listings.rules import FieldErrors, ListingFields

_UNDECIDED = ListingFields("", "", "", "", "", None, 1, 0, None)
NO_CATEGORY = "there is no such category; GET /categories lists them"


class ImportRow(NamedTuple):
    """Hold one row as it was read: the columns that it gives, and what is wrong with the others.

    `values` has the columns of a listing but for the category, which is apart.
    """

    number: int
    key: str
    digest: str
    values: Mapping[str, Any]
    category_id: str | None
    category_path: str | None
    listing_id: str | None
    exported_stock: int | None
    errors: FieldErrors
    is_readable: bool

    @property
    def seller_sku(self) -> str | None:
        """Return the seller's own name for the item."""
        sku: str | None = self.values.get("seller_sku")
        return sku


class Import(NamedTuple):
    """Hold the last row imported for a key. `stock` is what it, or one before it, gave."""

    listing_id: str
    digest: str
    stock: int | None


class RowDecision(NamedTuple):
    """Hold what becomes of a row."""

    row: ImportRow
    outcome: BulkOutcome
    listing_id: str | None
    errors: FieldErrors


@dataclass(slots=True)
class KnownKeys:
    """Hold what the database, and the rows before, say about the keys of a batch.

    `listings` are the seller's active ones, `held` those with bids; `skus` leads from a
    seller_sku to its listing; `paths` from a path as it was typed to its category.
    """

    imports: dict[str, Import] = field(default_factory=dict)
    listings: dict[str, ListingFields] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    skus: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    categories: set[str] = field(default_factory=set)


class RowChecker:
    """Decide rows in order, and keep what has to be written for them."""

    def __init__(self, known: KnownKeys, new_id: Callable[[], str]) -> None:
        self._known = known
        self._new_id = new_id
        self.created: dict[str, ListingFields] = {}
        self.updated: dict[str, ListingFields] = {}
        self.imports: dict[str, Import] = {}

    def decide(self, row: ImportRow) -> RowDecision:
        """Decide a row."""
        known = self._known.imports.get(row.key)
        if known is not None and known.digest == row.digest and not row.errors:
            return RowDecision(row, BulkOutcome.UNCHANGED, known.listing_id, [])
        errors = list(row.errors)
        if not row.is_readable:
            return RowDecision(row, BulkOutcome.REJECTED, None, errors)
        changes = dict(row.values)
        category_id = self._category_of(row, errors)
        if category_id is not None:
            changes["category_id"] = category_id
        target = self._target_of(row, errors)
        if target is None:
            return self._create(row, changes, errors)
        return self._update(row, target, changes, errors)

    def _category_of(self, row: ImportRow, errors: FieldErrors) -> str | None:
        if row.category_id is not None:
            if row.category_id not in self._known.categories:
                errors.append(("category_id", NO_CATEGORY))
            return row.category_id
        if row.category_path is None:
            return None
        found = self._known.paths.get(row.category_path)
        if found is None:
            errors.append(("category", NO_CATEGORY))
        return found

    def _target_of(self, row: ImportRow, errors: FieldErrors) -> str | None:
        """Return the listing that a row is about, or None for a new one."""
        by_sku = None if row.seller_sku is None else self._known.skus.get(row.seller_sku)
        if row.listing_id is None:
            return by_sku
        if row.listing_id not in self._known.listings:
            errors.append(("listing_id", "no active listing of yours has it; leave it out"))
        elif by_sku not in (None, row.listing_id):
            errors.append(("seller_sku", "another of your listings has it; choose another"))
        return row.listing_id

    def _create(self, row: ImportRow, changes: dict[str, Any], errors: FieldErrors) -> RowDecision:
        named = {name for name, _ in errors}
        for name in rules.REQUIRED:
            if name not in changes and name not in named:
                errors.append((name, "give this column; a new listing needs it"))
        if "category_id" not in changes and not named & {"category", "category_id"}:
            errors.append(("category", "give a category; a new listing needs it"))
        fields = _UNDECIDED._replace(**changes)
        if fields.type in set(ListingType):
            errors.extend(each for each in rules.find_problems(fields) if each[0] not in named)
        if errors:
            return RowDecision(row, BulkOutcome.REJECTED, None, errors)
        listing_id = self._new_id()
        self.created[listing_id] = fields
        self._remember(row, listing_id, fields, fields.stock)
        return RowDecision(row, BulkOutcome.CREATED, listing_id, [])

    def _update(
        self, row: ImportRow, listing_id: str, changes: dict[str, Any], errors: FieldErrors
    ) -> RowDecision:
        before = self._known.listings.get(listing_id)
        if before is None:
            return RowDecision(row, BulkOutcome.REJECTED, None, errors)
        last = self._known.imports.get(row.key)
        base = last.stock if last is not None and last.listing_id == listing_id else None
        given = changes.get("stock")
        if given is not None:
            known_stock = base if row.exported_stock is None else row.exported_stock
            if known_stock is None and before.type == ListingType.AUCTION:
                known_stock = 1
            changes["stock"] = rules.moved_stock(before.stock, given, known_stock)
        if changes.pop("type", before.type) != before.type:
            errors.append(("type", f"send {before.type}; the type of a listing never changes"))
        named = {name for name, _ in errors}
        complaints = rules.find_change_problems(before, changes)
        errors.extend(each for each in complaints if each[0] not in named)
        fields = before._replace(**changes)
        if listing_id in self._known.held and rules.is_held_by_bids(before, fields):
            changed = sorted(rules.changed_fields(before, fields))
            hint = "its auction has bids: only the description may be added to"
            errors.extend((name, hint) for name in changed)
        if errors:
            return RowDecision(row, BulkOutcome.REJECTED, listing_id, errors)
        self._remember(row, listing_id, fields, base if given is None else given)
        if fields == before:
            return RowDecision(row, BulkOutcome.UNCHANGED, listing_id, [])
        written = self.created if listing_id in self.created else self.updated
        written[listing_id] = fields
        return RowDecision(row, BulkOutcome.UPDATED, listing_id, [])

    def _remember(
        self, row: ImportRow, listing_id: str, fields: ListingFields, stock: int | None
    ) -> None:
        old = self._known.listings.get(listing_id)
        if old is not None and old.seller_sku is not None and old.seller_sku != fields.seller_sku:
            self._known.skus.pop(old.seller_sku, None)
        self._known.listings[listing_id] = fields
        if fields.seller_sku is not None:
            self._known.skus[fields.seller_sku] = listing_id
        record = Import(listing_id, row.digest, stock)
        self._known.imports[row.key] = self.imports[row.key] = record
