"""Every error that a model can make, in plain sentences."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model

from instasell_client.errors import Invalid
from instasell_client.models import (
    accounts,
    admin,
    auctions,
    disputes,
    listings,
    live,
    media,
    messages,
    notifications,
    orders,
    wallets,
)
from instasell_client.models import bids as bidding
from instasell_client.models import seller_auctions as selling
from instasell_client.models.auctions import CreateAuction
from instasell_client.models.base import Request
from instasell_client.models.listings import CreateListing
from instasell_client.models.validation import REMEDIES, describe_error, field_errors, sentence
from instasell_client.operation import request

MODULES = (
    *(accounts, admin, auctions, bidding, disputes, listings, live),
    *(media, messages, notifications, orders, selling, wallets),
)
ID = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
FOREIGN = re.compile(
    r"constrained|Input should|should be|greater than or|less than or|Value error|valid \w+ type"
    r"|function-|literal\[|pydantic|\^\[|unable to",
    re.IGNORECASE,
)
BAD: tuple[Any, ...] = (
    *(None, True, -1, 0, 2**70, 10**13, 1.5, float("nan"), float("inf"), "", "  ", "x" * 30_000),
    *("5", "\x00", "\ud800", "\u202e", b"\xff", [], [1], [[1]], [[0, -1]], ["x"] * 200, {}),
    *({"x": 1}, [{}], object(), "2030-01-31", "2030-13-41T99:00:00Z", datetime(2030, 1, 31)),
)


def _requests() -> list[type[BaseModel]]:
    assert all(module.__name__.startswith("instasell_client.models") for module in MODULES)
    found, waiting = [], [Request]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if kind.__module__.startswith("instasell_client") and kind is not Request:
            found.append(kind)
    return sorted(found, key=lambda each: each.__name__)


@pytest.mark.parametrize("model", _requests(), ids=lambda model: model.__name__)
def test_no_error_of_a_request_speaks_pydantic(model: type[BaseModel]) -> None:
    fields = {*model.model_fields, "no_such_field"}
    for name in fields:
        for value in BAD:
            try:
                model.model_validate({name: value})
            except ValidationError as error:
                kinds = {each["type"] for each in error.errors(include_url=False)}
                assert kinds <= REMEDIES.keys(), f"{name}={value!r}: no sentence for {kinds}"
                told = field_errors(error, "body")
            else:
                continue
            for field, message in told:
                assert not FOREIGN.search(f"{field}: {message}"), (field, message)
                assert field.partition(".")[0] in {*fields, "body"}, field
                assert message


KINDS: tuple[tuple[Any, Any], ...] = (
    (Annotated[int, Field(gt=3)], 1),
    (Annotated[int, Field(lt=3)], 7),
    (Annotated[int, Field(multiple_of=5)], 7),
    (Annotated[float, Field(allow_inf_nan=False)], float("nan")),
    (Literal["a", "b"], "c"),
    (set[int], 3),
    (frozenset[int], 3),
    (dict[str, int], 3),
    (tuple[int, int], [1]),
    (Annotated[list[int], Field(max_length=1)], [1, 2]),
    (None, 3),
    (bytes, 3),
    (datetime, "soon"),
    (int | list[int], "x"),
)


@pytest.mark.parametrize(("kind", "value"), KINDS, ids=lambda each: str(each)[:40])
def test_what_models_may_come_to_use_has_its_sentence(kind: Any, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    for field, message in field_errors(caught.value, "it"):
        assert not FOREIGN.search(message), message
        assert (field, message) != ("it", sentence("no_such_type", {})), caught.value


def test_an_unknown_type_of_error_has_a_sentence_too() -> None:
    assert sentence("invented_tomorrow", {}) == "send another value; this one cannot be used here"


def test_the_client_says_the_same_before_it_sends() -> None:
    with pytest.raises(Invalid) as caught:
        request(CreateListing, type="direct", title="", category_id="x", condition="new", price=0)
    assert {each.field: each.message for each in caught.value.errors} == {
        "title": "send at least 1 character",
        "category_id": "send an id, as 0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11",
        "price": "send 1 or more",
    }
    with pytest.raises(Invalid) as caught:
        request(CreateAuction, listing_id=ID, min_bid=1, duration_seconds=5, increments="often")
    assert {each.field for each in caught.value.errors} == {"increments"}


def test_an_answer_that_breaks_the_contract_names_its_field() -> None:
    model = create_model("Answer", __config__=ConfigDict(), items=(list[int], ...))
    for sent, said in [
        ({}, "the field items is missing"),
        ({"items": ["x"]}, "the field items.0 is not as expected"),
        (3, "it is not as expected"),
    ]:
        with pytest.raises(ValidationError) as caught:
            model.model_validate(sent)
        assert describe_error(caught.value) == said
