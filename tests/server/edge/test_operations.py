"""The probes, and what every reply has."""

from __future__ import annotations

import aiohttp
import pytest

from tests.support.servers import RunningServer


async def test_health_answers(http: aiohttp.ClientSession) -> None:
    async with http.get("/healthz") as response:
        assert response.status == 200
        assert await response.json() == {"status": "ok"}
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_ready_with_both_engines(http: aiohttp.ClientSession) -> None:
    async with http.get("/readyz") as response:
        assert response.status == 200
        found = await response.json()
    # A server that is given to the tests may have one role only.
    assert found.pop("warnings") in ([], ["database_role"])
    assert found == {"status": "ok", "database": "ok", "redis": "ok"}


async def test_unready_without_a_migration(http: aiohttp.ClientSession, sql) -> None:
    sql("DELETE FROM schema_migrations")
    async with http.get("/readyz") as response:
        problem = await response.json()
    assert response.status == 503
    assert problem["code"] == "unavailable"
    assert "0001_market.sql" in problem["detail"]
    assert response.headers["Retry-After"] == "1"


async def test_redis_away_is_degraded_and_not_unready(start_server) -> None:
    server = await start_server(redis_url="redis://127.0.0.1:1/0")
    async with (
        aiohttp.ClientSession(server.base_url) as http,
        http.get("/readyz") as response,
    ):
        assert response.status == 200
        assert (await response.json())["redis"] == "degraded"


async def test_metrics_have_the_five_of_the_market(http: aiohttp.ClientSession) -> None:
    async with http.get("/metrics") as response:
        text = await response.text()
    for name in (
        "active_auctions", "bids_accepted_total", "payments_succeeded_total",
        "payments_failed_total", "order_fulfilment_seconds_count", "bids_refused_total",
        "user_registrations_total", "batch_bids_count", "event_loop_lag_seconds_count",
        "lock_misses_total", "frames_dropped_total", "open_sockets",
    ):  # fmt: skip
        assert f"instasell_{name}" in text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/nowhere", 404, "not_found"), ("POST", "/healthz", 405, "method_not_allowed")],
)
async def test_the_router_refuses_with_problems(
    http: aiohttp.ClientSession, method: str, path: str, status: int, code: str
) -> None:
    async with http.request(method, path) as response:
        problem = await response.json(content_type="application/problem+json")
    assert (response.status, problem["status"], problem["code"]) == (status, status, code)
    assert problem["request_id"] == response.headers["X-Request-Id"]
    if status == 405:
        assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD"}


async def test_a_sane_request_id_is_kept_and_another_replaced(http: aiohttp.ClientSession) -> None:
    async with http.get("/healthz", headers={"X-Request-Id": "a-1.b_2"}) as response:
        assert response.headers["X-Request-Id"] == "a-1.b_2"
    async with http.get("/healthz", headers={"X-Request-Id": "x" * 65}) as response:
        assert len(response.headers["X-Request-Id"]) == 32


async def test_what_is_no_http_is_a_problem_too(server: RunningServer) -> None:
    import asyncio

    port = int(server.base_url.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GARBAGE\r\n\r\n")
    reply = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert b"400 Bad Request" in reply
    assert b"application/problem+json" in reply
    assert b'"code":"malformed"' in reply
