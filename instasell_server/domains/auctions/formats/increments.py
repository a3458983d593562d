"""Calculate how far above the shown price the next bid must be."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, TypeAlias

Increments: TypeAlias = tuple[tuple[int, int], ...]
"""Rows of (lower bound of the current price, inclusive; increment), ascending, in minor units."""

MAX_AMOUNT: Final = 10**12
"""The largest amount in minor units that the market takes anywhere."""

MAX_ROWS: Final = 50

EBAY: Final[Increments] = (
    (0, 5),
    (100, 25),
    (500, 50),
    (2_500, 100),
    (10_000, 250),
    (25_000, 500),
    (50_000, 1_000),
    (100_000, 2_500),
    (250_000, 5_000),
    (500_000, 10_000),
)
NONE: Final[Increments] = ((0, 1),)

_PRESETS: Final = {"ebay": EBAY, "none": NONE}
# Above every increment, so that a row with the very price as its bound sorts below the needle.
_ABOVE_ALL: Final = MAX_AMOUNT + 1


def increment_at(increments: Increments, price: int) -> int:
    """Return the increment in minor units while the market shows `price` (zero or more)."""
    return increments[bisect_right(increments, (price, _ABOVE_ALL)) - 1][1]


def next_price(increments: Increments, price: int) -> int:
    """Return the smallest offer above `price`, in minor units."""
    return price + increments[bisect_right(increments, (price, _ABOVE_ALL)) - 1][1]


def parse_increments(value: object) -> Increments:
    """Read what a seller typed or a row holds: "ebay", "none", or a list of [bound, increment].

    Raises ValueError, with the row and the remedy, when the table does not start at 0, is not
    strictly ascending, or holds anything but whole minor units within the market's limit.
    """
    if isinstance(value, str):
        if value in _PRESETS:
            return _PRESETS[value]
        raise ValueError(f'increments: "{value[:40]}" is no preset; use "ebay", "none" or a table')
    if not isinstance(value, Sequence) or isinstance(value, bytes):
        raise ValueError('increments: use "ebay", "none" or a list of [lower bound, increment]')
    if not 1 <= len(value) <= MAX_ROWS:
        raise ValueError(f"increments: a table has 1 to {MAX_ROWS} rows, this one {len(value)}")
    table = tuple(_parse_row(number, row) for number, row in enumerate(value, 1))
    if table[0][0] != 0:
        raise ValueError("increments: row 1 must start at 0, so that every price has an increment")
    for number, (before, row) in enumerate(pairwise(table), 2):
        if row[0] <= before[0]:
            raise ValueError(
                f"increments: row {number} must start above row {number - 1} ({before[0]})"
            )
    return table


def _parse_row(number: int, row: object) -> tuple[int, int]:
    if isinstance(row, str | bytes) or not isinstance(row, Sequence) or len(row) != 2:
        raise ValueError(f"increments: row {number} must be [lower bound, increment]")
    bound, increment = row
    # bool is an int to Python, and `true` in JSON is no amount.
    if type(bound) is not int or type(increment) is not int:
        raise ValueError(f"increments: row {number} must hold two whole numbers of minor units")
    if not 0 <= bound <= MAX_AMOUNT:
        raise ValueError(f"increments: row {number} must start at 0 to {MAX_AMOUNT}")
    if not 1 <= increment <= MAX_AMOUNT:
        raise ValueError(f"increments: row {number} must raise the price by 1 to {MAX_AMOUNT}")
    return bound, increment
