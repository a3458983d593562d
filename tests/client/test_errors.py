"""The client's tree of errors is the server's, and a problem becomes the class of its code."""

from __future__ import annotations

import pytest

from instasell_client import errors
from instasell_client.errors.from_problem import error_from_problem, tree
from instasell_client.models.problems import FieldError, Problem
from instasell_server import errors as server
from instasell_server.http.problems import problem_of, status_of

OWN = {
    "transport_error",
    "connection_failed",
    "timeout",
    "protocol_error",
    "not_an_insta_sell_server",
}


def _own_classes() -> dict[str, type[errors.InstaSellError]]:
    """The tree without what other modules derive for themselves."""
    return {c: k for c, k in tree().items() if k.__module__.startswith(f"{errors.__name__}.")}


def test_codes_are_the_same() -> None:
    assert set(_own_classes()) - OWN == set(server.tree())


@pytest.mark.parametrize("code", sorted(server.tree()))
def test_class_is_the_twin_of_the_servers(code: str) -> None:
    theirs, ours = server.tree()[code], _own_classes()[code]
    assert [kind.__name__ for kind in ours.__mro__] == [kind.__name__ for kind in theirs.__mro__]
    assert (ours.title, ours.retryable) == (theirs.title, theirs.retryable)
    assert ours.status == status_of(theirs)


@pytest.mark.parametrize("kind", _own_classes().values())
def test_every_class_is_drawn_in_the_tree(kind: type[errors.InstaSellError]) -> None:
    assert kind.__name__ in (errors.__doc__ or "")
    assert kind.__doc__


@pytest.mark.parametrize(
    ("raised", "name", "value"),
    [
        (server.BidTooLow(minimum=1300), "minimum", 1300),
        (server.AlreadyLeading(minimum=5), "minimum", 5),
        (server.BuyNowUnavailable(buy_now=900), "buy_now", 900),
        (server.RateLimited(retry_after_seconds=2.5), "retry_after_seconds", 2.5),
        (server.TooLarge(limit_bytes=10), "limit_bytes", 10),
        (server.ScopeMissing(scope="bid"), "scope", "bid"),
        (server.MethodNotAllowed(allowed=["GET"]), "allowed", ["GET"]),
        (server.AuctionNotOpen(auction_status="ended"), "auction_status", "ended"),
        (server.ListingHasAuction(auction_id="a"), "auction_id", "a"),
        (server.Invalid.one("amount", "too small"), "errors",
         (FieldError(field="amount", message="too small"),)),
    ],
)  # fmt: skip
def test_data_survives_the_wire(raised: server.InstaSellError, name: str, value: object) -> None:
    sent = problem_of(raised, "r-1").model_dump_json(exclude_none=True)
    error = error_from_problem(Problem.model_validate_json(sent))
    assert type(error).__name__ == type(raised).__name__
    assert getattr(error, name) == value
    assert error.request_id == "r-1"


def test_data_of_another_type_is_no_data() -> None:
    problem = Problem.model_validate(
        {"title": "", "status": 409, "code": "bid_too_low", "minimum": "1300"}
    )
    error = error_from_problem(problem)
    assert isinstance(error, errors.BidTooLow)
    assert error.minimum is None
    assert error.data == {"minimum": "1300"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.Malformed),
        (401, errors.Unauthenticated),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (422, errors.Invalid),
        (429, errors.RateLimited),
        (502, errors.Unavailable),
        (503, errors.Unavailable),
        (418, errors.InstaSellError),
        (500, errors.InstaSellError),
    ],
)
def test_unknown_code_falls_back_by_status(status: int, kind: type) -> None:
    error = error_from_problem(Problem(title="New", status=status, code="brand_new"))
    assert type(error) is kind
    assert (error.code, error.status, error.title, str(error)) == (
        "brand_new",
        status,
        "New",
        "New",
    )


def test_invalid_reads_as_a_sentence() -> None:
    error = errors.Invalid([FieldError(field="amount", message="give 1 or more")])
    assert str(error) == "amount: give 1 or more"
