"""Columns of a file, and the cells in them, as the fields of a bulk row.

Whatever a cell holds that cannot become its field is told in the shape of the server's verdicts,
so that a person reads one kind of complaint wherever it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from instasell_cli.exits import UsageProblem

FIELDS = (
    *("type", "title", "description", "category", "category_id", "condition", "price", "stock"),
    *("shipping_amount", "seller_sku", "listing_id", "exported_stock"),
)
AMOUNTS = frozenset({"price", "shipping_amount"})
COUNTS = frozenset({"stock", "exported_stock"})
_WORDS = frozenset({"type", "condition"})
_ALIASES = {
    "sku": "seller_sku",
    "quantity": "stock",
    "shipping": "shipping_amount",
    "id": "listing_id",
}
OF_REJECTS = frozenset({"row", "field", "message"})
"""What a file of rejects has beside the row; it is imported again once it is mended."""

_COUNT = re.compile(r"\d{1,12}(?:\.0+)?", re.ASCII)


@dataclass(frozen=True)
class Converted:
    """A row of the wire, or what is wrong with it: pairs of field and message."""

    values: Mapping[str, object]
    errors: tuple[tuple[str, str], ...] = ()


@dataclass
class Columns:
    """How the columns of a file are called here; `mapping` has theirs=ours.

    `defaults` fill what a row leaves empty. `ignored` gathers the columns that nothing is known of.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    currency: str = "USD"
    ignored: set[str] = field(default_factory=set)

    def convert(self, cells: Mapping[str, object]) -> Converted:
        """The row of these cells. Empty cells are absent: they change nothing."""
        found: dict[str, object] = {**self.defaults}
        for theirs, value in cells.items():
            ours = self._name(theirs)
            if ours is not None and value is not None and value != "":
                found[ours] = value
        values: dict[str, object] = {}
        errors: list[tuple[str, str]] = []
        for name, value in found.items():
            try:
                values[name] = self._value(name, value)
            except ValueError as error:
                errors.append((name, str(error)))
        return Converted(values, tuple(errors))

    def _name(self, theirs: str) -> str | None:
        if theirs in self.mapping:
            return self.mapping[theirs]
        plain = re.sub(r"[\s-]+", "_", theirs.strip().lower())
        ours = _ALIASES.get(plain, plain)
        if ours in FIELDS:
            return ours
        if plain not in OF_REJECTS:
            self.ignored.add(theirs)
        return None

    def _value(self, name: str, value: object) -> object:
        if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
            raise ValueError("it is not valid Unicode; save the file as UTF-8")
        if name in AMOUNTS:
            return _amount(value, self.currency)
        if name in COUNTS:
            return _count(value)
        if not isinstance(value, str):
            raise ValueError("write text here")
        return value.strip().lower() if name in _WORDS else value


def parse_pairs(pairs: Iterable[str], option: str, *, value_is_field: bool) -> dict[str, str]:
    """`a=b` as typed for --map (b is one of our fields) or --set (a is). Raises UsageProblem."""
    found: dict[str, str] = {}
    for pair in pairs:
        left, sign, right = pair.partition("=")
        ours = right if value_is_field else left
        if not sign or not left or not right:
            raise UsageProblem(f"{option}: {pair!r} is not a pair; write it as a=b")
        if ours not in FIELDS:
            raise UsageProblem(f"{option}: there is no field {ours!r}; there are: {_names()}")
        found[left] = right
    return found


def _names() -> str:
    return ", ".join(FIELDS)


def _amount(value: object, currency: str) -> int:
    """Text is an amount as people write it; a JSON integer is in minor units, as on the wire."""
    from instasell_client.models.money import format_amount, parse_amount

    if isinstance(value, str):
        return parse_amount(value, currency)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = format_amount(1250, currency)
    raise ValueError(f'{value!r} is not an amount; write it as text, "{text}"')


def _count(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _COUNT.fullmatch(value.strip()):
        return int(value.strip().partition(".")[0])
    raise ValueError(f"{value!r} is not a number of pieces; write digits")
