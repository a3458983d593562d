"""Every route is called by every kind of caller, and answers as its policy says.

The matrix says it a second time, so that a policy that is loosened by mistake shows. A caller who
is let in is told of the unknown parameter, which is looked at after the policy and before anything
is done; so nothing here has an effect.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from instasell_server.routes import TABLE
from tests.server.accounts_support import PASSWORD, ask, sign_up

Run = Callable[..., list[tuple[Any, ...]]]

ALL = "anonymous buyer seller admin suspended token"
SIGNED_IN = "buyer seller admin"
READING = "buyer seller admin suspended"

MATRIX = {
    "POST /auth/signup": ALL,
    "POST /auth/login": ALL,
    "POST /auth/logout": READING,
    "POST /auth/password": SIGNED_IN,
    "POST /auth/verify": ALL,
    "POST /auth/forgot": ALL,
    "POST /auth/reset": ALL,
    "POST /auth/become-seller": "buyer seller",
    "GET /auth/me": READING,
    "PATCH /auth/me": SIGNED_IN,
    "GET /auth/tokens": READING,
    "POST /auth/tokens": SIGNED_IN,
    "DELETE /auth/tokens/{token_id}": READING,
    "POST /auth/sessions": READING,
    "GET /categories": ALL,
    "POST /categories": "admin",
    "PUT /categories/{category_id}": "admin",
    "DELETE /categories/{category_id}": "admin",
    "GET /listings": ALL,
    "GET /listings/{listing_id}": ALL,
    "GET /listings/export": "seller suspended",
    "POST /listings": "seller",
    "POST /listings/bulk": "seller",
    "PUT /listings/{listing_id}": "seller",
    "DELETE /listings/{listing_id}": "seller",
    "GET /listings/{listing_id}/images": ALL,
    "POST /listings/{listing_id}/images": "seller",
    "PUT /listings/{listing_id}/images": "seller",
    "DELETE /listings/{listing_id}/images/{image_id}": "seller",
    "POST /listings/{listing_id}/images/{image_id}/complete": "seller",
    "POST /disputes/{dispute_id}/evidence": "buyer seller token",
    "POST /disputes/{dispute_id}/evidence/{evidence_id}/complete": "buyer seller token",
    "PUT /media/{token}": ALL,
    "GET /media/{token}": ALL,
    "GET /auctions": ALL,
    "GET /auctions/live": ALL,
    "GET /auctions/watched": READING,
    "GET /auctions/bidding": READING,
    "GET /auctions/selling": "seller suspended",
    "GET /auctions/{auction_id}": ALL,
    "GET /auctions/{auction_id}/status": ALL,
    "GET /auctions/{auction_id}/bids": ALL,
    "POST /auctions": "seller",
    "POST /auctions/check": "seller",
    "PUT /auctions/{auction_id}": "seller",
    "POST /auctions/{auction_id}/bid": "buyer seller",
    "POST /auctions/{auction_id}/buy-now": "buyer seller",
    "POST /auctions/{auction_id}/cancel": "seller admin",
    "POST /auctions/{auction_id}/offer-runner-up": "seller",
    "POST /auctions/{auction_id}/relist": "seller",
    "PUT /auctions/{auction_id}/watch": "buyer seller",
    "DELETE /auctions/{auction_id}/watch": "buyer seller",
    "POST /orders": "buyer seller token",
    "GET /orders": READING,
    "GET /orders/{order_id}": READING,
    "PUT /orders/{order_id}/address": "buyer seller token",
    "POST /orders/{order_id}/pay": "buyer seller token",
    "POST /orders/{order_id}/confirm-payment": "buyer seller admin suspended token",
    "POST /orders/{order_id}/ship": "buyer seller admin",
    "POST /orders/{order_id}/confirm-delivery": "buyer seller token",
    "POST /orders/{order_id}/cancel": "buyer seller admin token",
    "POST /orders/{order_id}/refund": "buyer seller admin",
    "POST /orders/{order_id}/dispute": "buyer seller token",
    "GET /disputes": READING,
    "GET /disputes/{dispute_id}": READING,
    "POST /disputes/{dispute_id}/reply": "buyer seller token",
    "GET /admin/disputes": "admin",
    "POST /admin/disputes/{dispute_id}/resolve": "admin",
    "GET /wallet/{user_id}": "buyer seller suspended",
    "GET /wallet/{user_id}/transactions": "buyer seller suspended",
    "POST /wallet/{user_id}/topup": "buyer seller token",
    "POST /wallet/{user_id}/use-gas": "seller",
    "POST /wallet/{user_id}/payout-account": "buyer seller",
    "POST /wallet/{user_id}/withdraw": "buyer seller",
    "GET /wallet/{user_id}/withdrawals": "buyer seller suspended",
    "GET /conversations": READING,
    "POST /conversations": "buyer seller token",
    "GET /conversations/{conversation_id}/messages": READING,
    "POST /conversations/{conversation_id}/messages": "buyer seller token",
    "POST /conversations/{conversation_id}/read": SIGNED_IN,
    "GET /notifications": READING,
    "POST /notifications/read": SIGNED_IN,
    "GET /notifications/preferences": READING,
    "PUT /notifications/preferences": SIGNED_IN,
    "GET /subscriptions": READING,
    "PUT /subscriptions/{kind}/{subject_id}": "buyer seller",
    "DELETE /subscriptions/{kind}/{subject_id}": "buyer seller",
    "POST /webhooks/stripe": ALL,
    "GET /payments/return": ALL,
    "GET /admin/users": "admin",
    "POST /admin/users/bulk": "admin",
    "POST /admin/users/{user_id}/suspend": "admin",
    "POST /admin/users/{user_id}/unsuspend": "admin",
    "POST /admin/users/{user_id}/role": "admin",
    "POST /admin/users/{user_id}/verify": "admin",
    "POST /admin/users/{user_id}/allow-payouts": "admin",
    "GET /admin/audit-log": "admin",
    "GET /admin/alerts": "admin",
    "POST /admin/alerts/{alert_id}/close": "admin",
    "POST /admin/alerts/{alert_id}/refund": "admin",
    "POST /admin/alerts/{alert_id}/charge": "admin",
    "POST /admin/alerts/{alert_id}/correct": "admin",
    "POST /admin/auctions/{auction_id}/cancel": "admin",
    "POST /admin/listings/{listing_id}/remove": "admin",
    "GET /admin/orders": "admin",
    "GET /admin/orders/{order_id}": "admin",
    "GET /lookup": ALL,
    "GET /lookup/own": READING,
    "GET /admin/analytics": "admin",
    "GET /ws": ALL,
    "GET /healthz": ALL,
    "GET /readyz": ALL,
    "GET /metrics": ALL,
    "GET /openapi.json": ALL,
    "GET /docs": ALL,
}
SOMEBODY = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"


@pytest.fixture
async def callers(http: aiohttp.ClientSession, sql: Run) -> dict[str, str | None]:
    """A token for each kind of caller; `suspended` is a seller, `token` has the scope pay only."""
    tokens: dict[str, str | None] = {"anonymous": None}
    for name in ("buyer", "seller", "admin", "suspended"):
        person = await sign_up(http, "buyer" if name == "buyer" else "seller")
        if name == "admin":
            sql("UPDATE users SET role = 'admin' WHERE id = %s", person.id)
        elif name == "suspended":
            sql("UPDATE users SET status = 'suspended' WHERE id = %s", person.id)
        wanted = {"email": person.email, "password": PASSWORD}
        tokens[name] = (await ask(http, "POST", "/auth/login", wanted)).body["token"]
    wish = {"name": "script", "scopes": ["pay"]}
    made = await ask(http, "POST", "/auth/tokens", wish, token=tokens["seller"])
    assert made.status == 201, made.body
    tokens["token"] = made.body["token"]
    return tokens


@pytest.fixture
def probe(http: aiohttp.ClientSession, callers: dict[str, str | None]) -> Callable[..., Any]:
    async def ask_as(name: str, method: str, path: str) -> Any:
        shown = "/".join(SOMEBODY if part.startswith("{") else part for part in path.split("/"))
        return await ask(http, method, f"{shown}?no_such_parameter=1", token=callers[name])

    return ask_as


def test_every_route_is_in_the_matrix_and_has_a_policy() -> None:
    assert {f"{route.method} {route.path}" for route in TABLE} == set(MATRIX)
    for route in TABLE:
        assert route.policy is not None, route.path
        assert route.policy.roles, route.path


async def test_every_route_for_every_kind_of_caller(probe: Callable[..., Any]) -> None:
    wrong = []
    for route in TABLE:
        key = f"{route.method} {route.path}"
        for name in ALL.split():
            answer = await probe(name, route.method, route.path)
            expected = _expected(name, name in MATRIX[key].split())
            if (answer.status, answer.code) not in expected:
                wrong.append((key, name, answer.status, answer.code))
    assert not wrong


def _expected(name: str, allowed: bool) -> set[tuple[int, str]]:
    if allowed:
        return {(422, "invalid")}
    if name == "anonymous":
        return {(401, "unauthenticated")}
    if name == "token":
        return {(403, "scope_missing")}
    if name == "suspended":
        return {(403, "account_suspended"), (403, "forbidden")}
    return {(403, "forbidden")}
