"""Conditions of items, in the words of the market and of others."""

from __future__ import annotations

import pytest

from instasell_client.models.listings import CONDITION_ALIASES, Condition, parse_condition


@pytest.mark.parametrize("condition", Condition)
def test_each_is_read_however_it_is_spelt(condition: Condition) -> None:
    value = condition.value
    for text in (value, value.upper(), value.replace("-", " "), f"  {value.replace('-', '_')} "):
        assert parse_condition(text) is condition


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("Used - Like New", Condition.USED_LIKE_NEW),
        ("Certified Refurbished", Condition.REFURBISHED),
        ("For parts or not working", Condition.FOR_PARTS),
        ("Very Good", Condition.USED_GOOD),
        ("Used/Acceptable", Condition.USED_FAIR),
    ],
)
def test_words_of_other_markets_are_understood(text: str, condition: Condition) -> None:
    assert parse_condition(text) is condition


@pytest.mark.parametrize("text", ["", "used", "Used", "newish", "x" * 100, "\x1b[31m"])
def test_what_says_too_little_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="write new, refurbished, used-like-new, used-good"):
        parse_condition(text)


def test_no_alias_hides_a_condition() -> None:
    assert not {each.value.replace("-", " ") for each in Condition} & set(CONDITION_ALIASES)
