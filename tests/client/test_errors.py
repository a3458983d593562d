"""Hold each code to its status, and turn a problem into the class of its code again."""

from __future__ import annotations

import pytest

from instasell_client import errors
from instasell_client.errors.from_problem import error_from_problem
from instasell_client.models import errors as server
from instasell_client.models.problems import FieldError, Problem
from instasell_server.http.problems import problem_of

CODES = {
    400: "bad_signature malformed",
    401: "bad_credentials unauthenticated",
    402: "payment_failed",
    403: (
        "account_suspended forbidden not_verified scope_missing seller_cannot_bid seller_cannot_buy"
    ),
    404: (
        "alert_not_found auction_not_found category_not_found conversation_not_found "
        "dispute_not_found evidence_not_found image_not_found listing_not_found not_found "
        "order_not_found token_not_found user_not_found"
    ),
    405: "method_not_allowed",
    408: "too_slow",
    409: (
        "already_leading auction_has_bids auction_has_order auction_not_open "
        "auction_still_open bid_too_low buy_now_unavailable category_exists category_in_use "
        "chargeback_open conflict dispute_closed email_taken funds_held insufficient_funds "
        "insufficient_gas last_admin listing_has_auction listing_in_use no_payout_account "
        "no_runner_up nothing_to_book order_not_ready out_of_stock payouts_stopped sku_taken "
        "still_running too_many_files upload_missing"
    ),
    413: "too_large",
    415: "unsupported",
    422: "idempotency_key_reused invalid",
    429: "rate_limited",
    431: "head_too_large",
    500: "insta_sell_error",
    503: "outcome_unknown unavailable",
}
"""The codes that a server answers with, by status. Programs rely on them: none ever changes."""

OWN = {
    "transport_error",
    "connection_failed",
    "timeout",
    "protocol_error",
    "not_an_insta_sell_server",
}


def test_each_code_has_its_status() -> None:
    expected = {code: status for status, codes in CODES.items() for code in codes.split()}
    assert {code: kind.status for code, kind in server.server_errors().items()} == expected
    assert {code: errors.errors_by_code()[code].status for code in OWN} == dict.fromkeys(OWN, 0)
    assert set(errors.errors_by_code()) == set(expected) | OWN


@pytest.mark.parametrize("kind", errors.errors_by_code().values())
def test_every_class_is_public_and_drawn_in_the_tree(kind: type[errors.InstaSellError]) -> None:
    assert getattr(errors, kind.__name__) is kind
    assert kind.__name__ in errors.__all__
    assert kind.__name__ in f"{server.__doc__} {errors.__doc__}"
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
         (("amount", "too small"),)),
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
    error = errors.Invalid.one("amount", "give 1 or more")
    assert str(error) == "amount: give 1 or more"


@pytest.mark.parametrize("entry", [FieldError(field="amount", message="low"), "ab", ("amount",)])
def test_invalid_takes_pairs_of_texts_only(entry: object) -> None:
    with pytest.raises(TypeError, match="pairs of a field and a message"):
        errors.Invalid([entry])  # type: ignore[list-item]
    assert errors.Invalid([("amount", "low")]).errors == (server.BadField("amount", "low"),)
