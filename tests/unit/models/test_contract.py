"""Refuse bad requests, forgive unknown fields of replies, and understand names in camelCase."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from instasell_client.models import accounts, auctions, base, listings, live, problems
from instasell_client.models.base import Reply, Request

ID = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
PASSWORD = "long enough"


def _below(kind: type[BaseModel]) -> list[type[BaseModel]]:
    found = [each for direct in kind.__subclasses__() for each in (direct, *_below(direct))]
    return [each for each in found if each.__module__.startswith("instasell_client")]


@pytest.mark.parametrize("model", _below(Request), ids=lambda model: model.__name__)
def test_requests_refuse_fields_that_they_do_not_know(model: type[BaseModel]) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate({"role_of_the_moon": 1})
    kinds = {error["type"] for error in caught.value.errors() if error["loc"]}
    assert "extra_forbidden" in kinds
    assert model.model_config["frozen"] is True


@pytest.mark.parametrize("model", _below(Reply), ids=lambda model: model.__name__)
def test_replies_forgive_fields_of_a_newer_server(model: type[BaseModel]) -> None:
    kinds: set[str] = set()
    try:
        model.model_validate({"role_of_the_moon": 1})
    except ValidationError as error:
        kinds = {found["type"] for found in error.errors()}
    assert kinds <= {"missing"}


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        (auctions.PlaceBid, {"maxAmount": 5}),
        (auctions.CreateAuction, {"listingId": ID, "minBid": 1, "durationSeconds": 9}),
        (live.JoinAuction, {"auctionId": ID, "afterSeq": 3}),
        (live.LiveBid, {"auctionId": ID, "amount": 5, "idempotencyKey": "k"}),
        (live.LeaveAuction, {"auctionId": "*"}),
        (listings.CreateCategory, {"name": "a", "parentId": ID}),
    ],
)
def test_camel_case_is_understood_and_snake_case_is_sent(
    model: type[BaseModel], sent: dict[str, Any]
) -> None:
    found = model.model_validate(sent)
    again = found.model_dump(mode="json", exclude_unset=True)
    assert model.model_validate(again) == found
    assert all(name == name.lower() for name in again)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"amount": 5, "max_amount": 4},
        {"amount": 0},
        {"amount": True},
        {"amount": "5"},
        {"amount": 1.0},
        {"max_amount": 10**12 + 1},
        {"amount": 5, "idempotency_key": "two words"},
        {"amount": 5, "idempotency_key": ""},
        {"amount": 5, "idempotency_key": "x" * 129},
    ],
)
def test_bids_that_are_none_are_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        auctions.PlaceBid.model_validate(body)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"duration_seconds": 60, "end_at": "2026-03-01T12:00:00Z"},
        {"duration_seconds": 0},
        {"duration_seconds": 90 * 86400 + 1},
        {"end_at": "2026-03-01T12:00:00"},
        {"end_at": "infinity"},
        {"duration_seconds": 60, "increments": []},
        {"duration_seconds": 60, "increments": [[0, 0]]},
        {"duration_seconds": 60, "increments": "amazon"},
        {"duration_seconds": 60, "extension_seconds": -1},
        {"duration_seconds": 60, "seller_id": ID},
    ],
)
def test_auctions_that_cannot_be_are_refused(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        auctions.CreateAuction.model_validate({"listing_id": ID, "min_bid": 100, **more})


@pytest.mark.parametrize(
    ("password", "is_good"),
    [
        ("x" * 7, False),
        ("x" * 8, True),
        ("x" * 72, True),
        ("x" * 73, False),
        ("é" * 36, True),
        ("é" * 37, False),
        ("1234567\x00", False),
        ("1234567\ud800", False),
    ],
)
def test_passwords(password: str, is_good: bool) -> None:
    wanted = {"email": "a@b.org", "password": password}
    if is_good:
        assert password not in repr(accounts.Signup.model_validate(wanted))
    else:
        with pytest.raises(ValidationError):
            accounts.Signup.model_validate(wanted)


@pytest.mark.parametrize("more", [{"role": "admin"}, {"balance": 5}, {"id": ID}])
def test_nobody_signs_up_with_more_than_is_offered(more: dict[str, Any]) -> None:
    wanted = {"email": "a@b.org", "password": PASSWORD, **more}
    with pytest.raises(ValidationError):
        accounts.Signup.model_validate(wanted)


@pytest.mark.parametrize("email", ["", "a", "a@b", "a b@c.org", "@b.org", "a@.", "a@b.org\n.x"])
def test_addresses_that_are_none_are_refused(email: str) -> None:
    with pytest.raises(ValidationError):
        accounts.Signup.model_validate({"email": email, "password": PASSWORD})


@pytest.mark.parametrize("limit", [-1, 0, 101, 10**9])
def test_pages_have_bounds(limit: int) -> None:
    with pytest.raises(ValidationError):
        base.Paging.model_validate({"limit": limit})


@pytest.mark.parametrize("wanted", [{"sort": "colour"}, {"price_min": -1}, {"type": "rent"}])
def test_filters_are_known_ones(wanted: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        listings.ListingQuery.model_validate(wanted)


@pytest.mark.parametrize("text", ["x", ID.upper(), ID[:-1], f" {ID}", f"{ID}\n"])
def test_ids_have_one_form(text: str) -> None:
    with pytest.raises(ValidationError):
        live.LeaveAuction.model_validate({"auction_id": text})


def test_problem_keeps_the_data_of_the_refusal() -> None:
    body = b'{"title":"t","status":409,"code":"bid_too_low","minimum":5,"errors":null}'
    problem = problems.Problem.model_validate_json(body)
    assert problem.model_extra == {"minimum": 5}
