"""Minor units on the wire, decimals where people type and read."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from instasell_client.models.money import (
    MAX_AMOUNT,
    AmbiguousAmountError,
    Amount,
    AmountError,
    AmountOrZero,
    DecimalMark,
    decimals_of,
    format_amount,
    parse_amount,
)

AMOUNT = TypeAdapter(Amount)
OR_ZERO = TypeAdapter(AmountOrZero)
CURRENCIES = st.sampled_from(["USD", "JPY", "KWD", "EUR"])


@given(st.integers(0, MAX_AMOUNT), CURRENCIES, st.booleans())
def test_what_is_shown_is_what_is_read(amount: int, currency: str, grouping: bool) -> None:
    shown = format_amount(amount, currency, grouping=grouping)
    assert parse_amount(shown, currency) == amount
    assert Decimal(shown.replace(",", "")).scaleb(decimals_of(currency)) == amount


@given(st.text(max_size=30))
def test_any_text_is_an_exact_amount_or_refused_with_a_remedy(text: str) -> None:
    amount, told = 0, "write it as 12.50"
    try:
        amount = parse_amount(text)
    except ValueError as error:
        told = str(error)
    assert 0 <= amount <= MAX_AMOUNT
    assert "write it as 12.50" in told or "is more than" in told or "in two ways; write" in told


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12.50", 1250),
        ("12.5", 1250),
        ("12", 1200),
        (" 12.50 ", 1250),
        ("$1,234.00", 123400),
        ("$ 7.10", 710),
        ("US$7.10", 710),
        ("12 USD", 1200),
        ("USD 12", 1200),
        ("usd12.5", 1250),
        ("$12 USD", 1200),
        ("1,234,567", 123456700),
        ("0.250", 25),
        ("1250.000", 125000),
        ("0.01", 1),
        ("12.5000", 1250),
        ("10,000,000,000.00", MAX_AMOUNT),
    ],
)
def test_typed_amounts(text: str, amount: int) -> None:
    assert parse_amount(text) == amount


@pytest.mark.parametrize(
    "text",
    [
        *("", "-1", "+1", "1e3", "0x10", "1_000", "12.505", "1,23", "1,2345", ".5", "5.", "NaN"),
        *("Infinity", "１２", "1 000", "$-5", "-$5", "12.50.1", "10000000000.01", "9" * 500),
    ],
)
def test_what_is_no_exact_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_amount(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\N{EURO SIGN}12", "is in EUR"),
        ("12 \N{EURO SIGN}", "is in EUR"),
        ("CHF 5", "is in CHF"),
        ("5 chf", "is in CHF"),
        ("Fr. 5", "is in CHF"),
        ("\N{YEN SIGN}100", "is in another currency"),
        ("100 kr", "is in another currency"),
        ("CA$5", "is in CAD"),
        ("$5 CAD", "is in CAD"),
    ],
)
def test_another_currency_is_refused_with_the_market_s(text: str, said: str) -> None:
    with pytest.raises(AmountError, match=f"{said}, and amounts of this market are in USD") as told:
        parse_amount(text)
    assert "convert it" in str(told.value)
    assert told.value.reason == "is in another currency; amounts of this market are in USD"


@pytest.mark.parametrize(
    ("text", "currency", "ways"),
    [
        ("1.250", "USD", "1250 or 1.25"),
        ("1,250", "USD", "1250 or 1.25"),
        ("$1,250", "USD", "1250 or 1.25"),
        ("999.999", "EUR", "999999 or 999.99"),
        ("1.250", "JPY", "1250 or 1"),
        ("1,250", "KWD", "1250 or 1.250"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(text: str, currency: str, ways: str) -> None:
    with pytest.raises(AmbiguousAmountError, match=f"two ways; write {ways}$"):
        parse_amount(text, currency)
    if currency == "KWD":
        assert parse_amount(text, currency, DecimalMark.POINT) == 1_250_000
        assert parse_amount(text, currency, DecimalMark.COMMA) == 1_250


@pytest.mark.parametrize(
    ("text", "mark", "amount"),
    [
        ("1.250", DecimalMark.COMMA, 125_000),
        ("1.250", DecimalMark.POINT, 125),
        ("1,250", DecimalMark.POINT, 125_000),
        ("1.234,56", DecimalMark.COMMA, 123_456),
        ("12,5", DecimalMark.COMMA, 1_250),
        ("$12,50", DecimalMark.COMMA, 1_250),
    ],
)
def test_the_decimal_mark_decides(text: str, mark: DecimalMark, amount: int) -> None:
    assert parse_amount(text, "USD", mark) == amount


@pytest.mark.parametrize(
    ("text", "mark", "said"),
    [
        ("12,50", None, "has a decimal comma; write it as 12.50"),
        ("12,50", DecimalMark.POINT, "has a decimal comma; write it as 12.50"),
        ("1,234.5", DecimalMark.COMMA, "has a decimal point; write it as 12,50"),
    ],
)
def test_the_other_decimal_mark_is_refused(text: str, mark: DecimalMark | None, said: str) -> None:
    with pytest.raises(AmountError, match=said):
        parse_amount(text, "USD", mark)


@given(st.integers(0, MAX_AMOUNT), CURRENCIES)
def test_a_decimal_comma_is_the_mirror_of_the_point(amount: int, currency: str) -> None:
    shown = format_amount(amount, currency, grouping=True)
    mirrored = shown.translate(str.maketrans(".,", ",."))
    assert parse_amount(mirrored, currency, DecimalMark.COMMA) == amount


def test_a_long_text_is_not_repeated_as_a_whole() -> None:
    with pytest.raises(AmountError) as told:
        parse_amount("x" * 100_000)
    assert len(str(told.value)) < 200


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (1250, "USD", "12.50"),
        (5, "USD", "0.05"),
        (0, "USD", "0.00"),
        (-1250, "USD", "-12.50"),
        (1250, "JPY", "1250"),
        (1250, "KWD", "1.250"),
    ],
)
def test_shown_amounts(amount: int, currency: str, shown: str) -> None:
    assert format_amount(amount, currency) == shown


def test_grouping() -> None:
    assert format_amount(123456789, grouping=True) == "1,234,567.89"
    assert format_amount(-123456, grouping=True) == "-1,234.56"


BAD_JSON = [
    *("-1", "0.5", "1.0", "1e3", "NaN", "Infinity", "1e400", "true", "false", "null"),
    *('"5"', '"1_000"', '"１"', str(2**63), str(MAX_AMOUNT + 1), "[]", "{}"),
]


@pytest.mark.parametrize("text", [*BAD_JSON, "0"])
def test_amount_takes_whole_positive_minor_units_only(text: str) -> None:
    with pytest.raises(ValidationError):
        AMOUNT.validate_json(text)


@pytest.mark.parametrize("text", BAD_JSON)
def test_zero_is_all_that_amount_or_zero_adds(text: str) -> None:
    with pytest.raises(ValidationError):
        OR_ZERO.validate_json(text)
    assert OR_ZERO.validate_json("0") == 0


@pytest.mark.parametrize("amount", [1, MAX_AMOUNT])
def test_bounds_are_taken(amount: int) -> None:
    assert AMOUNT.validate_json(str(amount)) == amount
