"""POST /listings/bulk: a verdict over each row, once for all, whatever the rows are."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from instasell_server.domains.listings import bulk_stream, handlers
from tests.server.accounts_support import Person, ask, sign_up
from tests.server.listings.conftest import Shop, Sql
from tests.support.waiting import until

NDJSON = {"Content-Type": "application/x-ndjson"}
KETTLE = {
    "type": "direct",
    "title": "A kettle",
    "category": "Home > Kitchen",
    "condition": "new",
    "price": 1500,
    "stock": 10,
}


def kettle(sku: str | None = None, **changes: Any) -> dict[str, Any]:
    """A row; None takes a column out."""
    row = {**KETTLE, "seller_sku": sku, **changes}
    return {name: value for name, value in row.items() if value is not None}


def encoded(rows: list[Any]) -> bytes:
    return b"".join(
        (row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows
    )


async def upload(person: Person, body: Any, *, dry_run: bool = False) -> list[dict[str, Any]]:
    """The verdicts over a body, or over rows."""
    data = encoded(body) if isinstance(body, list) else body
    headers = {**NDJSON, "Authorization": f"Bearer {person.token}"}
    params = {"dry_run": "true"} if dry_run else {}
    async with person.http.post(
        "/listings/bulk", data=io.BytesIO(data), headers=headers, params=params
    ) as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "application/x-ndjson"
        return [json.loads(line) for line in (await response.read()).splitlines()]


def outcomes(verdicts: list[dict[str, Any]]) -> list[str]:
    assert [each["row"] for each in verdicts] == list(range(1, len(verdicts) + 1))
    return [each["outcome"] for each in verdicts]


def fields(verdict: dict[str, Any]) -> list[str]:
    assert all(each["message"] for each in verdict["errors"])
    return sorted(each["field"] for each in verdict["errors"])


async def test_the_same_upload_again_changes_nothing(shop: Shop, sql: Sql) -> None:
    rows = [kettle("K-1"), kettle("K-2", price=1600), kettle(title="Without a sku")]
    first = await upload(shop.seller, rows)
    assert outcomes(first) == ["created"] * 3
    assert [each["seller_sku"] for each in first] == ["K-1", "K-2", None]
    before = sql("SELECT id, version, updated_at FROM listings ORDER BY id")
    second = await upload(shop.seller, rows)
    assert outcomes(second) == ["unchanged"] * 3
    assert [each["listing_id"] for each in second] == [each["listing_id"] for each in first]
    assert sql("SELECT id, version, updated_at FROM listings ORDER BY id") == before


async def test_stock_moves_by_the_difference_so_that_sales_stay(shop: Shop, sql: Sql) -> None:
    [made] = await upload(shop.seller, [kettle("K-1", stock=10)])
    listing_id = made["listing_id"]
    sql("UPDATE listings SET stock = 7 WHERE id = %s", listing_id)
    assert outcomes(await upload(shop.seller, [kettle("K-1", stock=10)])) == ["unchanged"]
    assert await shop.stock_of(listing_id) == 7
    assert outcomes(await upload(shop.seller, [kettle("K-1", stock=15)])) == ["updated"]
    assert await shop.stock_of(listing_id) == 12
    # Another price alone leaves the stock where sales took it.
    assert outcomes(await upload(shop.seller, [kettle("K-1", stock=15, price=1)])) == ["updated"]
    assert await shop.stock_of(listing_id) == 12
    assert outcomes(await upload(shop.seller, [kettle("K-1", stock=None, price=2)])) == ["updated"]
    assert await shop.stock_of(listing_id) == 12
    assert outcomes(await upload(shop.seller, [kettle("K-1", stock=0)])) == ["updated"]
    assert await shop.stock_of(listing_id) == 0
    assert outcomes(await upload(shop.seller, [kettle("K-1", stock=2)])) == ["updated"]
    assert await shop.stock_of(listing_id) == 2


async def test_edits_since_the_import_are_not_undone(shop: Shop) -> None:
    [made] = await upload(shop.seller, [kettle("K-1")])
    await shop.seller.ask("PUT", f"/listings/{made['listing_id']}", {"title": "By hand"})
    assert outcomes(await upload(shop.seller, [kettle("K-1")])) == ["unchanged"]
    await shop.seller.ask("DELETE", f"/listings/{made['listing_id']}")
    assert outcomes(await upload(shop.seller, [kettle("K-1")])) == ["unchanged"]
    [again] = await upload(shop.seller, [kettle("K-1", price=1)])
    assert again["outcome"] == "created"
    assert again["listing_id"] != made["listing_id"]


async def test_an_absent_column_never_changes_a_value(shop: Shop) -> None:
    rows = [kettle("K-1", description="Boils.", shipping_amount=300)]
    [made] = await upload(shop.seller, rows)
    changed = await upload(shop.seller, [{"seller_sku": "K-1", "price": 99, "title": None}])
    assert outcomes(changed) == ["updated"]
    listing = (await shop.seller.ask("GET", f"/listings/{made['listing_id']}")).body
    assert (listing["price"], listing["description"]) == (99, "Boils.")
    assert (listing["title"], listing["stock"]) == ("A kettle", 10)
    assert (listing["shipping_amount"], listing["category_id"]) == (300, shop.kitchen)


async def test_a_row_names_what_was_listed_by_hand(shop: Shop) -> None:
    listing = await shop.list(seller_sku="K-1", stock=3)
    [verdict] = await upload(shop.seller, [{"seller_sku": "K-1", "stock": 5}])
    assert (verdict["outcome"], verdict["listing_id"]) == ("updated", listing["id"])
    assert await shop.stock_of(listing["id"]) == 5


async def test_rows_are_judged_in_order(shop: Shop, sql: Sql) -> None:
    rows = [
        kettle("K-1", stock=5),
        kettle("K-1", stock=5),
        kettle("K-1", stock=9, title="Second"),
        {"seller_sku": "K-1", "stock": 8},
        kettle("K-2"),
    ]
    verdicts = await upload(shop.seller, rows)
    assert outcomes(verdicts) == ["created", "unchanged", "updated", "updated", "created"]
    assert len({each["listing_id"] for each in verdicts[:4]}) == 1
    assert sql("SELECT title, stock FROM listings ORDER BY seller_sku") == [
        ("Second", 8),
        ("A kettle", 10),
    ]


async def test_two_listings_may_trade_their_names(shop: Shop, sql: Sql) -> None:
    made = await upload(shop.seller, [kettle("A", title="first"), kettle("B", title="second")])
    first, second = (each["listing_id"] for each in made)
    rows = [
        {"listing_id": first, "seller_sku": "C"},
        {"listing_id": second, "seller_sku": "A"},
        {"listing_id": first, "seller_sku": "B"},
    ]
    assert outcomes(await upload(shop.seller, rows)) == ["updated"] * 3
    assert sql("SELECT seller_sku, title FROM listings ORDER BY 1") == [
        ("A", "second"),
        ("B", "first"),
    ]
    [taken] = await upload(shop.seller, [{"listing_id": first, "seller_sku": "A"}])
    assert (taken["outcome"], fields(taken)) == ("rejected", ["seller_sku"])


async def test_categories_go_by_path_in_any_case_or_by_id(shop: Shop) -> None:
    rows = [
        kettle("K-1", category="home>KITCHEN"),
        kettle("K-2", category=None, category_id=shop.kitchen),
        kettle("K-3", category="  Home  >  Kitchen "),
    ]
    verdicts = await upload(shop.seller, rows)
    assert outcomes(verdicts) == ["created"] * 3
    for each in verdicts:
        listing = (await shop.seller.ask("GET", f"/listings/{each['listing_id']}")).body
        assert listing["category_path"] == "Home > Kitchen"
    assert outcomes(await upload(shop.seller, [kettle("K-1")])) == ["unchanged"]


@pytest.mark.parametrize(
    ("row", "bad"),
    [
        ({}, ["category", "condition", "title", "type"]),
        (kettle(price=None), ["price"]),
        (kettle(type="auction"), ["price", "stock"]),
        (kettle(title="", price=-1, category="Nowhere"), ["category", "price", "title"]),
        (kettle(category_id="0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"), ["category_id"]),
        (kettle(colour="red"), ["colour"]),
        (kettle(title="\x1b[2J"), ["title"]),
        (kettle(title="\ud800"), ["title"]),
        (kettle(description="a\x00b"), ["description"]),
        (kettle(price=10**12 + 1), ["price"]),
        (kettle(price="15.00"), ["price"]),
        (kettle(price=True), ["price"]),
        (kettle(stock=1.5), ["stock"]),
        (kettle(sku="x" * 101), ["seller_sku"]),
        (kettle(listing_id="0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"), ["listing_id"]),
        (b'{"title": "cut off', ["row"]),
        (b'{"title": "a", "title": "b"}', ["title"]),
        (b'{"price": NaN}', ["price"]),
        (b'{"price": ' + b"9" * 5000 + b"}", ["row"]),
        (b"[" * 100_000, ["row"]),
        (b"[1, 2]", ["row"]),
        (b"null", ["row"]),
        (b'"text"', ["row"]),
        (b"\xff\xfe", ["row"]),
        (b'{"title": "' + b"x" * 300_000 + b'"}', ["row"]),
    ],
)
async def test_a_bad_row_names_every_bad_field_and_the_others_go_on(
    shop: Shop, sql: Sql, row: Any, bad: list[str]
) -> None:
    verdicts = await upload(shop.seller, [kettle("K-1"), row, kettle("K-2")])
    expected = ["category", *bad] if row == {} and "category" not in bad else bad
    assert outcomes(verdicts) == ["created", "rejected", "created"]
    found = fields(verdicts[1])
    if isinstance(row, bytes) and bad != ["row"]:
        assert set(bad) <= set(found)
    else:
        assert found == expected
    assert sql("SELECT count(*) FROM listings") == [(2,)]


async def test_two_hundred_bad_rows_among_many(shop: Shop, sql: Sql) -> None:
    rows: list[Any] = []
    for number in range(2000):
        if number % 10 == 5:
            rows.append(kettle(f"K-{number}", price=0, category="Nowhere"))
        else:
            rows.append(kettle(f"K-{number}"))
    verdicts = await upload(shop.seller, rows)
    assert Counter(outcomes(verdicts)) == {"created": 1800, "rejected": 200}
    for number, verdict in enumerate(verdicts):
        assert verdict["seller_sku"] == f"K-{number}"
        assert fields(verdict) == (["category", "price"] if number % 10 == 5 else [])
    assert sql("SELECT count(*) FROM listings") == [(1800,)]
    assert sql("SELECT count(*) FROM listing_imports") == [(1800,)]


async def test_a_dry_run_judges_alike_and_writes_nothing(shop: Shop, sql: Sql) -> None:
    await upload(shop.seller, [kettle("K-1"), kettle("K-2")])
    before = sql("SELECT id, version FROM listings ORDER BY id")
    rows = [
        kettle("K-1"),
        kettle("K-2", price=1),
        kettle("K-3"),
        kettle("K-3"),
        kettle("K-4", price=0),
        {"seller_sku": "K-3", "price": 2},
        *(kettle(f"N-{number}") for number in range(600)),
        {"seller_sku": "K-3", "price": 3},
        {"seller_sku": "N-0", "price": 3},
    ]
    imagined = await upload(shop.seller, rows, dry_run=True)
    assert sql("SELECT id, version FROM listings ORDER BY id") == before
    assert sql("SELECT count(*) FROM listing_imports") == [(2,)]
    real = await upload(shop.seller, rows)
    assert outcomes(imagined) == outcomes(real)
    assert [each["errors"] for each in imagined] == [each["errors"] for each in real]
    assert imagined[1]["listing_id"] == real[1]["listing_id"]
    assert imagined[2]["listing_id"] is None


async def test_an_export_comes_back_unchanged(shop: Shop, sql: Sql) -> None:
    await upload(
        shop.seller,
        [
            kettle("K-1", description="Two\nlines & <b>more</b> \N{SNOWMAN}", shipping_amount=5),
            kettle(title="Without a sku"),
            kettle("A-1", type="auction", price=None, stock=None),
        ],
    )
    gone = await shop.list()
    await shop.seller.ask("DELETE", f"/listings/{gone['id']}")
    sql("UPDATE listings SET stock = stock - 1 WHERE status = 'active'")
    before = sql("SELECT id, version, stock FROM listings ORDER BY id")

    exported = await export(shop.seller)
    assert [row["title"] for row in map(json.loads, exported.splitlines())] == [
        "A kettle",
        "Without a sku",
        "A kettle",
    ]
    assert outcomes(await upload(shop.seller, exported)) == ["unchanged"] * 3
    assert outcomes(await upload(shop.seller, exported)) == ["unchanged"] * 3
    assert sql("SELECT id, version, stock FROM listings ORDER BY id") == before


async def test_a_sale_after_the_export_is_not_undone(shop: Shop, sql: Sql) -> None:
    await upload(shop.seller, [kettle(title="Without a sku", stock=10)])
    row = json.loads(await export(shop.seller))
    sql("UPDATE listings SET stock = 8")
    row["stock"] += 5
    row["title"] = "Renamed"
    assert outcomes(await upload(shop.seller, [row])) == ["updated"]
    assert sql("SELECT title, stock FROM listings") == [("Renamed", 13)]


async def export(person: Person) -> bytes:
    headers = {"Authorization": f"Bearer {person.token}"}
    async with person.http.get("/listings/export", headers=headers) as response:
        assert response.status == 200
        assert response.content_type == "application/x-ndjson"
        return await response.read()


async def test_an_export_of_many_is_whole_and_ones_own(
    http: aiohttp.ClientSession, shop: Shop
) -> None:
    other = await sign_up(http, "seller")
    await upload(other, [kettle("K-1")])
    await upload(shop.seller, [kettle(f"K-{number}") for number in range(1203)])
    skus = [json.loads(line)["seller_sku"] for line in (await export(shop.seller)).splitlines()]
    assert Counter(skus) == Counter(f"K-{number}" for number in range(1203))


async def test_a_listing_whose_auction_has_bids_takes_added_text_only(
    http: aiohttp.ClientSession, shop: Shop
) -> None:
    row = kettle("A-1", type="auction", price=None, stock=None, description="Works.")
    [made] = await upload(shop.seller, [row])
    terms = {"listing_id": made["listing_id"], "min_bid": 100, "duration_seconds": 3600}
    auction_id = (await shop.seller.ask("POST", "/auctions", terms)).body["state"]["auction_id"]
    bidder = await sign_up(http)
    assert outcomes(await upload(shop.seller, [{**row, "title": "Better"}])) == ["updated"]
    bid = await bidder.ask(
        "POST",
        f"/auctions/{auction_id}/bid",
        {"amount": 100},
        headers={"Idempotency-Key": "bid"},
    )
    assert bid.status == 201
    [refused] = await upload(shop.seller, [{**row, "title": "Worse", "condition": "refurbished"}])
    assert (refused["outcome"], fields(refused)) == ("rejected", ["condition", "title"])
    added = {"seller_sku": "A-1", "description": "Works. Well."}
    assert outcomes(await upload(shop.seller, [added])) == ["updated"]


async def test_other_sellers_are_not_touched(http: aiohttp.ClientSession, shop: Shop) -> None:
    other = await sign_up(http, "seller")
    [mine] = await upload(shop.seller, [kettle("K-1")])
    [theirs] = await upload(other, [kettle("K-1", price=1)])
    assert theirs["outcome"] == "created"
    [refused] = await upload(other, [{"listing_id": mine["listing_id"], "price": 1}])
    assert (refused["outcome"], fields(refused)) == ("rejected", ["listing_id"])
    assert (await ask(http, "GET", f"/listings/{mine['listing_id']}")).body["price"] == 1500


async def test_verdicts_come_while_rows_are_sent(shop: Shop) -> None:
    answered = asyncio.Event()

    async def rows() -> AsyncIterator[bytes]:
        yield encoded([kettle("K-1"), kettle("K-2")])
        # Without the verdicts over these two, the third would never be sent.
        await answered.wait()
        yield encoded([kettle("K-3")])

    headers = {**NDJSON, "Authorization": f"Bearer {shop.seller.token}"}
    async with (
        asyncio.timeout(60),
        shop.seller.http.post("/listings/bulk", data=rows(), headers=headers) as response,
    ):
        first = [json.loads(await response.content.readline()) for _ in range(2)]
        answered.set()
        last = [json.loads(line) for line in (await response.content.read()).splitlines()]
    assert outcomes(first + last) == ["created"] * 3


async def test_rows_wait_while_verdicts_are_unread(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bulk_stream.WAITING_BYTES_MAX <= 16 * 1024 * 1024
    limit, count = 64 * 1024, 10_000
    outlets: list[bulk_stream.ResultStream] = []

    class Outlet(bulk_stream.ResultStream):
        def __init__(self, response: web.StreamResponse) -> None:
            super().__init__(response)
            outlets.append(self)

    monkeypatch.setattr(bulk_stream, "ResultStream", Outlet)
    monkeypatch.setattr(bulk_stream, "WAITING_BYTES_MAX", limit)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    url = shop.seller.http._base_url
    assert url is not None
    await asyncio.get_running_loop().sock_connect(client, (url.host, url.port))
    head = (
        "POST /listings/bulk HTTP/1.1\r\nHost: market\r\nContent-Type: application/x-ndjson\r\n"
        f"Authorization: Bearer {shop.seller.token}\r\nContent-Length: {3 * count}\r\n\r\n"
    )
    # Two bytes each, whose verdicts come to 4 MB, more than the kernel holds.
    await asyncio.get_running_loop().sock_sendall(client, head.encode() + b"{}\n" * count)
    await until(lambda: bool(outlets) and outlets[0]._waiting >= limit)
    most = outlets[0]._waiting
    reader, writer = await asyncio.open_connection(sock=client)
    verdicts = 0
    async with asyncio.timeout(60):
        while verdicts < count:
            verdicts += b'"outcome":"rejected"' in await reader.readline()
            most = max(most, outlets[0]._waiting)
    writer.close()
    # What waits is the limit and the verdicts over one batch.
    assert most < limit + 500 * 1024


async def test_a_client_that_goes_away_loses_nothing(
    shop: Shop, sql: Sql, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [kettle(f"K-{number}") for number in range(700)]
    body = encoded(rows)
    host, port = str(shop.seller.http._base_url).removeprefix("http://").rstrip("/").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /listings/bulk HTTP/1.1\r\nHost: market\r\nContent-Type: application/x-ndjson\r\n"
        + f"Authorization: Bearer {shop.seller.token}\r\n".encode()
        + f"Content-Length: {len(body)}\r\n\r\n".encode()
        # The last line is cut in the middle.
        + body[:-40]
    )
    verdicts = 0
    async with asyncio.timeout(60):
        while verdicts < 600:
            verdicts += b'"outcome":"created"' in await reader.readline()
    # A reset, as from a process that was killed.
    writer.get_extra_info("socket").setsockopt(1, 13, struct.pack("ii", 1, 0))
    writer.close()
    [(written,)] = sql("SELECT count(*) FROM listings")
    assert 600 <= written <= 699
    again = await upload(shop.seller, rows)
    assert set(outcomes(again)[:600]) == {"unchanged"}
    assert sql("SELECT count(*) FROM listings") == [(700,)]
    assert {each["outcome"] for each in await upload(shop.seller, rows)} == {"unchanged"}
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == []


async def test_two_uploads_of_the_same_rows_at_once_list_once(shop: Shop, sql: Sql) -> None:
    rows = [kettle(f"K-{number}") for number in range(300)]
    several = await asyncio.gather(*(upload(shop.seller, rows) for _ in range(4)))
    counted = Counter(outcome for verdicts in several for outcome in outcomes(verdicts))
    assert counted == {"created": 300, "unchanged": 900}
    assert sql("SELECT count(*), count(DISTINCT seller_sku) FROM listings") == [(300, 300)]


async def test_uploads_and_single_writes_of_one_name_at_once_list_once(
    shop: Shop, sql: Sql
) -> None:
    rows = [kettle(f"K-{number}") for number in range(120)]
    singles = [
        shop.seller.ask("POST", "/listings", shop.kettle(seller_sku=f"K-{number}"))
        for number in range(0, 120, 10)
    ]
    verdicts, *answers = await asyncio.gather(upload(shop.seller, rows), *singles)
    assert set(outcomes(verdicts)) <= {"created", "updated"}
    assert {each.status for each in answers} <= {201, 409}
    made = outcomes(verdicts).count("created") + sum(each.status == 201 for each in answers)
    assert made == 120
    assert sql("SELECT count(*), count(DISTINCT seller_sku) FROM listings") == [(120, 120)]


async def test_a_category_deleted_meanwhile_is_one_bad_row(shop: Shop, admin: Person) -> None:
    async def delete() -> None:
        await admin.ask("DELETE", f"/categories/{shop.toys}")

    rows = [kettle(f"K-{number}", category="Toys") for number in range(50)]
    verdicts, _ = await asyncio.gather(upload(shop.seller, rows), delete())
    assert set(outcomes(verdicts)) in ({"created"}, {"rejected"})


async def test_who_may_upload_and_what(http: aiohttp.ClientSession, shop: Shop) -> None:
    buyer = await sign_up(http)
    body = encoded([kettle("K-1")])
    assert (await buyer.ask("POST", "/listings/bulk", body, headers=NDJSON)).status == 403
    assert (await ask(http, "POST", "/listings/bulk", body, headers=NDJSON)).status == 401
    wrong = await shop.seller.ask("POST", "/listings/bulk", body)
    assert (wrong.status, wrong.code) == (415, "unsupported")
    assert await upload(shop.seller, b"") == []
    assert await upload(shop.seller, b"\n \r\n\n") == []
    assert outcomes(await upload(shop.seller, b"\xef\xbb\xbf" + body.rstrip())) == ["created"]


async def test_pages_of_the_categories_show_what_was_uploaded(
    http: aiohttp.ClientSession, shop: Shop
) -> None:
    async def shown() -> list[str]:
        found = await ask(http, "GET", "/listings", params={"category": shop.home})
        return [each["title"] for each in found.body["items"]]

    assert await shown() == []
    await upload(shop.seller, [kettle("K-1", title="one"), kettle("K-2", title="two")])
    assert await shown() == ["two", "one"]
    await upload(shop.seller, [kettle("K-1", title="new")])
    assert await shown() == ["two", "new"]


@pytest.mark.parametrize(("method", "path"), [("POST", "bulk"), ("GET", "export")])
async def test_a_caller_who_is_gone_before_the_answer_is_no_failure(
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
) -> None:
    asked, ended = asyncio.Event(), asyncio.Event()
    stream = handlers._stream

    async def after_they_left(request: web.Request) -> web.StreamResponse:
        asked.set()
        await until(lambda: request.transport is None)
        try:
            return await stream(request)
        finally:
            ended.set()

    monkeypatch.setattr(handlers, "_stream", after_they_left)
    base = str(shop.seller.http._base_url).removeprefix("http://").rstrip("/")
    host, _, port = base.partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = [
        f"{method} /listings/{path} HTTP/1.1",
        f"Host: {host}",
        f"Authorization: Bearer {shop.seller.token}",
        *(("Content-Type: application/x-ndjson", "Content-Length: 0") * (method == "POST")),
    ]
    writer.write(("\r\n".join(head) + "\r\n\r\n").encode())
    await asked.wait()
    writer.close()
    await ended.wait()
    # What else becomes of the request takes turns of the loop, as this does.
    assert (await ask(shop.seller.http, "GET", "/healthz")).status == 200
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == []
