"""The steps between prices, at their very bounds, and tables that make no sense."""

import pytest

from instasell_client.models.money import MAX_AMOUNT as WIRE_MAX_AMOUNT
from instasell_server.domains.auctions.formats.increments import (
    EBAY,
    MAX_AMOUNT,
    MAX_ROWS,
    NONE,
    increment_at,
    next_price,
    parse_increments,
)


@pytest.mark.parametrize(
    ("price", "increment"),
    [
        (0, 5),
        (99, 5),
        (100, 25),
        (499, 25),
        (500, 50),
        (2_499, 50),
        (2_500, 100),
        (9_999, 100),
        (10_000, 250),
        (24_999, 250),
        (25_000, 500),
        (49_999, 500),
        (50_000, 1_000),
        (99_999, 1_000),
        (100_000, 2_500),
        (249_999, 2_500),
        (250_000, 5_000),
        (499_999, 5_000),
        (500_000, 10_000),
        (10**12, 10_000),
    ],
)
def test_the_ebay_preset_at_its_bounds(price: int, increment: int) -> None:
    assert increment_at(EBAY, price) == increment
    assert next_price(EBAY, price) == price + increment


@pytest.mark.parametrize("price", [0, 1, 99, 10**12])
def test_without_increments_one_minor_unit_is_enough(price: int) -> None:
    assert next_price(NONE, price) == price + 1


def test_an_increment_as_large_as_can_be_does_not_hide_its_own_row() -> None:
    table = parse_increments([[0, MAX_AMOUNT], [500, MAX_AMOUNT]])
    assert increment_at(table, 500) == MAX_AMOUNT


@pytest.mark.parametrize(
    ("value", "table"),
    [
        ("ebay", EBAY),
        ("none", NONE),
        ([[0, 10]], ((0, 10),)),
        ([(0, 10), (1_000, 5)], ((0, 10), (1_000, 5))),
        (((0, 1), (1, 2)), ((0, 1), (1, 2))),
    ],
)
def test_reads_presets_and_tables(value: object, table: object) -> None:
    assert parse_increments(value) == table


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("eBay", '"eBay" is no preset'),
        (b"ebay", "a list of"),
        (None, "a list of"),
        (5, "a list of"),
        ({"0": 5}, "a list of"),
        ([], "1 to 50 rows, this one 0"),
        ([[n, 1] for n in range(MAX_ROWS + 1)], "this one 51"),
        ([[1, 5]], "row 1 must start at 0"),
        ([[0, 5], [100, 5], [100, 6]], r"row 3 must start above row 2 \(100\)"),
        ([[0, 5], [100, 5], [99, 6]], "row 3 must start above row 2"),
        ([[0, 0]], "row 1 must raise the price by 1 to"),
        ([[0, 5], [10, -1]], "row 2 must raise the price by 1 to"),
        ([[0, 10**12 + 1]], "row 1 must raise the price by 1 to"),
        ([[0, 5], [10**12 + 1, 5]], "row 2 must start at 0 to"),
        ([[-1, 5]], "row 1 must start at 0 to"),
        ([[0, True]], "row 1 must hold two whole numbers"),
        ([[False, 1]], "row 1 must hold two whole numbers"),
        ([[0, 1.5]], "row 1 must hold two whole numbers"),
        ([[0, "5"]], "row 1 must hold two whole numbers"),
        ([[0, 5, 6]], r"row 1 must be \[lower bound, increment\]"),
        ([5], "row 1 must be"),
        (["05"], "row 1 must be"),
    ],
)
def test_refuses_what_is_no_table_and_names_the_row(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_increments(value)


def test_the_limit_is_the_one_of_the_wire() -> None:
    assert MAX_AMOUNT == WIRE_MAX_AMOUNT
