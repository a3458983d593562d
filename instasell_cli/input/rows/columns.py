"""Read the columns of a file, and the cells in them, as the fields of a row.

A cell that cannot become its field is reported in the form of the server's errors, so that users
read one kind of complaint wherever it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from instasell_cli.exit_codes import UsageProblem
from instasell_cli.input.rows import cell_readers

Reader = Callable[[object, cell_readers.Notation], object]
"""Makes a value of a cell. Raises ValueError with what to write instead."""


@dataclass(frozen=True)
class Schema:
    """The fields of a row: how each is read, and what else a column may be called.

    A row that gives a field has its rivals of `rivals` not filled with a default.
    """

    readers: Mapping[str, Reader]
    aliases: Mapping[str, str]
    rivals: Mapping[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the names of the fields."""
        return tuple(self.readers)

    def field_of(self, column: str) -> str | None:
        """Return the field that a column means by its own name."""
        plain = plain_name(column)
        ours = self.aliases.get(plain, plain)
        return ours if ours in self.readers else None


IMAGES_MAX = 12
"""Pictures of one listing; the same as the market's limit."""

LISTINGS = Schema(
    {
        "type": cell_readers.word,
        "title": cell_readers.text,
        "description": cell_readers.text,
        "category": cell_readers.text,
        "category_id": cell_readers.text,
        "condition": cell_readers.condition,
        "price": cell_readers.price,
        "stock": cell_readers.count,
        "shipping_amount": cell_readers.amount,
        "seller_sku": cell_readers.text,
        "listing_id": cell_readers.text,
        "exported_stock": cell_readers.count,
        **{f"image_{number}": cell_readers.text for number in range(1, IMAGES_MAX + 1)},
    },
    {
        "sku": "seller_sku",
        "quantity": "stock",
        "shipping": "shipping_amount",
        "id": "listing_id",
        "image": "image_1",
        "image_url": "image_1",
    },
)
MONEY = frozenset({cell_readers.amount, cell_readers.price})
PICTURES = tuple(name for name in LISTINGS.fields if name.startswith("image_"))
FIELDS = tuple(name for name in LISTINGS.fields if name not in PICTURES)
"""What an export has: the addresses of pictures hold for minutes only."""

AMOUNTS = frozenset({"price", "shipping_amount"})

OF_REJECTS = frozenset({"row", "field", "message"})
"""What a file of rejects has beside the row; it is imported again once it is mended."""

RECORD = "record"
"""The column of a file of rejects that holds a whole line of JSON which no columns can hold."""

NAMES_KEPT_MAX = 10_000


@dataclass(frozen=True)
class Converted:
    """A row of the wire, or what is wrong with it: pairs of field and message."""

    values: Mapping[str, object]
    errors: tuple[tuple[str, str], ...] = ()


@dataclass
class RowColumns:
    """Map the columns of a file to our fields; `mapping` has theirs=ours.

    `defaults` fill what a row leaves empty. `ignored` gathers the columns that nothing is known of.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    notation: cell_readers.Notation = field(default_factory=cell_readers.Notation)
    schema: Schema = LISTINGS
    ignored: set[str] = field(default_factory=set)
    _names: dict[str, str | None] = field(default_factory=dict)

    def convert(self, cells: Mapping[str, object]) -> Converted:
        """Return the row of these cells. Empty cells are absent: they change nothing."""
        found: dict[str, object] = {}
        for theirs, value in cells.items():
            ours = self.field_of(theirs)
            if ours is not None and value is not None and value != "":
                found[ours] = value
        values: dict[str, object] = {}
        errors: list[tuple[str, str]] = []
        for name, value in {**self._defaults(found), **found}.items():
            try:
                values[name] = self._value(name, value)
            except ValueError as error:
                errors.append((name, str(error)))
        return Converted(values, tuple(errors))

    def field_of(self, theirs: str) -> str | None:
        """Return the field that a column of the file means, or None."""
        if theirs in self._names:
            return self._names[theirs]
        found = self.mapping.get(theirs) or self.schema.field_of(theirs)
        if len(self._names) < NAMES_KEPT_MAX:
            self._names[theirs] = found
            if found is None and plain_name(theirs) not in OF_REJECTS | {RECORD}:
                self.ignored.add(theirs)
        return found

    def cell_of(self, theirs: str, value: str | int) -> str:
        """Return a value of JSON as the cell of a table that means the same."""
        ours = self.field_of(theirs)
        if isinstance(value, int) and self.schema.readers.get(ours or "") in MONEY:
            return self._shown(value)
        return str(value)

    def _shown(self, amount: int) -> str:
        from instasell_client.models.money import DecimalMark, format_amount

        shown = format_amount(amount, self.notation.currency)
        has_comma = self.notation.decimal_mark is DecimalMark.COMMA
        return shown.replace(".", ",") if has_comma else shown

    def _defaults(self, found: Mapping[str, object]) -> Mapping[str, str]:
        rivals = self.schema.rivals
        return {
            name: value for name, value in self.defaults.items() if rivals.get(name) not in found
        }

    def _value(self, name: str, value: object) -> object:
        if isinstance(value, str) and not value.isascii() and has_surrogates(value):
            raise ValueError(
                "it is not valid Unicode; save the file as UTF-8, or name its encoding, as"
                " --encoding cp1252"
            )
        if isinstance(value, str) and "\0" in value:
            raise ValueError("it has a NUL character; remove that, or name the --encoding")
        return self.schema.readers[name](value, self.notation)


def plain_name(column: str) -> str:
    """Return the name of a column as a field: "Seller SKU" is seller_sku."""
    return re.sub(r"[\s-]+", "_", column.strip().lower())


def has_surrogates(text: str) -> bool:
    """Return whether a text has half characters, which no file in UTF-8 holds."""
    return any("\ud800" <= char <= "\udfff" for char in text)


def parse_pairs(
    pairs: Iterable[str], option: str, *, value_is_field: bool, schema: Schema = LISTINGS
) -> dict[str, str]:
    """Read `a=b` as typed for --map (b is our field) or --set (a is). Raises UsageProblem."""
    found: dict[str, str] = {}
    for pair in pairs:
        left, sign, right = pair.partition("=")
        ours = right if value_is_field else left
        if not sign or not left or not right:
            raise UsageProblem(f"{option}: {pair!r} is not a pair; write it as a=b")
        if ours not in schema.readers:
            names = ", ".join(schema.fields)
            raise UsageProblem(f"{option}: there is no field {ours!r}; there are: {names}")
        found[left] = right
    return found
