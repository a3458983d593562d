"""Figures, against numbers that were counted by hand from rows with given instants."""

from __future__ import annotations

from typing import Any

import pytest

from instasell_client.models.accounts import Role
from tests.server.accounts_support import Person
from tests.server.admin.conftest import Sql
from tests.support.databases import MarketClock
from tests.support.market import Market

COUNTS = (
    *("registrations", "listings", "auctions_started", "active_auctions", "bids", "orders"),
    *("orders_paid", "gross_amount", "payments_succeeded", "payments_failed", "refunds"),
    *("refunded_amount", "orders_delivered"),
)
RATES = ("bids_per_auction", "payment_success_rate", "fulfilment_seconds_median")


class Rows:
    """Writes rows with the instants that a test gives, straight into the database."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self.seller, self.buyer = self.user("2025-01-01"), self.user("2025-01-01")
        [(category,)] = sql(
            "INSERT INTO categories (name, path, lineage, id) SELECT 'C', 'C', ARRAY[id], id"
            " FROM gen_random_uuid() AS id RETURNING id"
        )
        self._category = category
        self._seq = 0

    def user(self, at: str) -> str:
        return self._one(
            "INSERT INTO users (email, password_hash, display_name, role, created_at)"
            " VALUES (gen_random_uuid() || '@example.org', '', 'X', 'buyer', %s) RETURNING id",
            at,
        )

    def listing(self, at: str) -> str:
        return self._one(
            "INSERT INTO listings (seller_id, title, category_id, type, condition, stock,"
            " created_at) VALUES (%s, 'X', %s, 'auction', 'new', 1, %s) RETURNING id",
            self.seller, self._category, at,
        )  # fmt: skip

    def auction(self, start: str, end: str, status: str, closed: str | None = None) -> str:
        return self._one(
            "INSERT INTO auctions (listing_id, seller_id, status, start_at, end_at,"
            " planned_end_at, min_bid, closed_at, created_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, 1, %s, '2025-01-01') RETURNING id",
            self.listing("2025-01-01"), self.seller, status, start, end, end, closed,
        )  # fmt: skip

    def bid(self, auction_id: str, at: str) -> None:
        self._seq += 1
        self._sql(
            "INSERT INTO bids (auction_id, seq, bidder_id, bidder_no, kind, max_amount, amount,"
            " price_after, leader_after, leader_no_after, idempotency_key, auction_version,"
            " created_at) VALUES (%s, %s, %s, 1, 'bid', 5, 5, 5, %s, 1, %s, 2, %s)",
            auction_id, self._seq, self.buyer, self.buyer, str(self._seq), at,
        )  # fmt: skip

    def order(
        self, at: str, total: int, *, paid: str | None = None, delivered: str | None = None
    ) -> str:
        status = "delivered" if delivered else "processing" if paid else "pending"
        return self._one(
            "INSERT INTO orders (buyer_id, seller_id, listing_id, quantity, unit_amount,"
            " shipping_amount, total_amount, status, payment_due_at, created_at, paid_at,"
            " payment_method, delivered_at) VALUES (%s, %s, %s, 1, %s, 0, %s, %s,"
            " '2030-01-01', %s, %s, %s, %s) RETURNING id",
            self.buyer, self.seller, self.listing("2025-01-01"), total, total, status, at, paid,
            "wallet" if paid else None, delivered,
        )  # fmt: skip

    def payment(self, at: str, status: str) -> None:
        self._sql(
            "INSERT INTO payments (user_id, purpose, amount, currency, status, session_id,"
            " leased_until, created_at, updated_at) VALUES (%s, 'balance', 5, 'USD', %s,"
            " gen_random_uuid()::text, '2030-01-01', %s, %s)",
            self.buyer, status, at, at,
        )  # fmt: skip

    def refund(self, at: str, order_id: str, amount: int) -> None:
        self._sql(
            "INSERT INTO transactions (transfer_id, account, order_id, amount, type, posting_key,"
            " created_at) SELECT t, account, %s, amount, 'refund', gen_random_uuid()::text, %s"
            " FROM gen_random_uuid() AS t, (VALUES ('escrow', %s), ('suspense', %s))"
            " AS side(account, amount)",
            order_id, at, -amount, amount,
        )  # fmt: skip

    def _one(self, statement: str, *values: object) -> str:
        [(found,)] = self._sql(statement, *values)
        return str(found)


@pytest.fixture
def rows(sql: Sql, market_clock: MarketClock) -> Rows:
    """A week of March 2026 of which every row is known; the clock is stopped at its Friday noon."""
    market_clock.freeze("2026-03-06T12:00:00Z")
    rows = Rows(sql)
    for at in ("2026-03-01T23:59:59.999999Z", "2026-03-02T00:00:00Z", "2026-03-02T23:59:59.999Z"):
        rows.user(at)
    rows.listing("2026-03-02T10:00:00Z")
    two_days = ("2026-03-02T10:00:00Z", "2026-03-04T10:00:00Z")
    first = rows.auction(*two_days, "ended", "2026-03-04T10:00:00.2Z")
    # Cancelled six hours after its start.
    second = rows.auction(
        "2026-03-02T12:00:00Z", "2026-03-05T12:00:00Z", "cancelled", "2026-03-02T18:00:00Z"
    )
    # Open until the very end of the first day.
    rows.auction("2026-03-01T09:00:00Z", "2026-03-03T00:00:00Z", "ended", "2026-03-03T00:00:01Z")
    # Cancelled before its start, so that it never ran.
    rows.auction("2026-03-03T10:00Z", "2026-03-09T10:00Z", "cancelled", "2026-03-02T09:00Z")
    rows.auction("2026-03-03T23:00:00Z", "2030-01-01T00:00:00Z", "live")
    rows.auction("2029-01-01T00:00:00Z", "2030-01-01T00:00:00Z", "pending")
    for at in ("10:00:00", "11:00:00", "23:59:59"):
        rows.bid(first, f"2026-03-02T{at}Z")
    rows.bid(second, "2026-03-02T13:00:00Z")
    rows.bid(first, "2026-03-03T00:00:00Z")
    one = rows.order(
        "2026-03-02T10:00Z", 1250, paid="2026-03-02T11:00Z", delivered="2026-03-04T11:00Z"
    )
    rows.order("2026-03-02T12:00Z", 1000, paid="2026-03-03T00:00Z", delivered="2026-03-04T00:00Z")
    rows.order("2026-03-03T12:00Z", 700)
    for at, status in (
        ("2026-03-02T11:00Z", "succeeded"), ("2026-03-02T12:00Z", "succeeded"),
        ("2026-03-02T13:00Z", "failed"), ("2026-03-03T13:00Z", "open"),
        ("2026-03-04T13:00Z", "failed"),
    ):  # fmt: skip
        rows.payment(at, status)
    rows.refund("2026-03-03T08:00Z", one, 250)
    rows.refund("2026-03-03T09:00Z", one, 100)
    return rows


async def figures(admin: Person, **query: str) -> list[dict[str, Any]]:
    """The items of an answer."""
    answer = await admin.ask("GET", "/admin/analytics", params=query)
    assert answer.status == 200, answer.body
    items: list[dict[str, Any]] = answer.body["items"]
    assert answer.body["from_at"] == items[0]["start_at"]
    assert answer.body["to_at"] == items[-1]["end_at"]
    return items


def counts(item: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(item[name] for name in COUNTS)


def rates(item: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(item[name] for name in RATES)


@pytest.mark.usefixtures("rows")
async def test_days(admin: Person) -> None:
    items = await figures(admin, **{"from": "2026-03-02T00:00Z", "to": "2026-03-06T00:00Z"})
    assert [each["start_at"] for each in items] == [
        f"2026-03-0{day}T00:00:00Z" for day in (2, 3, 4, 5)
    ]
    assert [counts(each) for each in items] == [
        (2, 1, 2, 2, 4, 2, 1, 1250, 2, 1, 0, 0, 0),
        (0, 0, 1, 2, 1, 1, 1, 1000, 0, 0, 2, 350, 0),
        (0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 2),
        (0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ]
    assert [rates(each) for each in items] == [
        (2.0, 0.6667, None),
        (1.0, None, None),
        (None, 0.0, 129_600.0),
        (None, None, None),
    ]


@pytest.mark.usefixtures("rows")
async def test_hours(admin: Person) -> None:
    """The span is widened to whole hours, also where it is given in another zone."""
    items = await figures(
        admin, bucket="hour", **{"from": "2026-03-02T11:30+01:00", "to_at": "2026-03-02T11:01Z"}
    )
    assert [(each["start_at"], each["end_at"]) for each in items] == [
        ("2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z"),
        ("2026-03-02T11:00:00Z", "2026-03-02T12:00:00Z"),
    ]
    assert [counts(each) for each in items] == [
        (0, 1, 1, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0),
        (0, 0, 0, 2, 1, 0, 1, 1250, 1, 0, 0, 0, 0),
    ]


@pytest.mark.usefixtures("rows")
async def test_weeks_begin_on_monday(admin: Person) -> None:
    answer = await admin.ask("GET", "/admin/analytics?bucket=week&from=2026-03-01T00:00Z")
    before, week = answer.body["items"]
    assert (before["start_at"], before["end_at"]) == (
        "2026-02-23T00:00:00Z", "2026-03-02T00:00:00Z",
    )  # fmt: skip
    assert counts(before) == (1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    # The admin has signed up while the clock stood still.
    assert counts(week) == (3, 1, 3, 1, 5, 3, 2, 2250, 2, 2, 2, 350, 2)
    assert rates(week) == (2.5, 0.5, 129_600.0)
    assert (answer.body["bucket"], answer.body["currency"]) == ("week", "USD")


@pytest.mark.usefixtures("rows")
async def test_what_is_to_come_has_not_happened(admin: Person) -> None:
    items = await figures(admin, **{"from": "2026-03-05T00:00Z", "to": "2031-01-01T00:00Z"})
    assert [each["start_at"][:10] for each in items] == ["2026-03-05", "2026-03-06"]
    assert [each["active_auctions"] for each in items] == [1, 1]
    refused = await admin.ask("GET", "/admin/analytics?from=2026-03-06T12:00:01Z")
    assert (refused.status, refused.fields) == (422, ["from"])


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(("bucket", "count"), [("hour", 24), ("day", 31), ("week", 27)])
async def test_a_span_that_is_not_given(admin: Person, bucket: str, count: int) -> None:
    items = await figures(admin, bucket=bucket)
    assert len(items) == count
    assert items[-1]["start_at"] <= "2026-03-06T12:00:00Z" <= items[-1]["end_at"]
    assert sum(each["bids"] for each in items) == (0 if bucket == "hour" else 5)


@pytest.mark.usefixtures("rows")
async def test_at_most_400_buckets(admin: Person) -> None:
    assert len(await figures(admin, **{"from": "2025-01-31T00:00Z"})) == 400
    for query in (
        "from=2025-01-30T00:00Z", "bucket=hour&from=2026-02-01T00:00Z",
        "bucket=week&from=0001-01-01T00:00Z", "bucket=week&from=0001-01-01T00:00%2B10:00",
    ):  # fmt: skip
        answer = await admin.ask("GET", f"/admin/analytics?{query}")
        assert answer.status == 422, query
    assert answer.fields == ["from"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-03-02T00:00:00", "from"),
        ("from=yesterday", "from"),
        ("to=NaN", "to"),
        ("bucket=minute", "bucket"),
        ("from=2026-03-02T00:00Z&to=2026-03-02T00:00Z", "from"),
        ("from=2026-03-03T00:00Z&to=2026-03-02T00:00Z", "from"),
        ("to=0001-01-01T00:00Z", "from"),
    ],
)
async def test_a_span_that_is_none_is_refused(admin: Person, query: str, field: str) -> None:
    answer = await admin.ask("GET", f"/admin/analytics?{query}")
    assert (answer.status, answer.fields) == (422, [field])


async def test_an_empty_market_has_zeros(market: Market, sql: Sql) -> None:
    desk = await market.person(Role.ADMIN)
    sql("UPDATE users SET created_at = '2025-01-01'")
    found = await desk.admin.analytics(bucket="hour")
    # An hour that is not over yet may begin between the two ends.
    assert len(found.items) in (24, 25)
    for each in found.items:
        assert counts(each.model_dump()) == (0,) * len(COUNTS)
        assert rates(each.model_dump()) == (None, None, None)
