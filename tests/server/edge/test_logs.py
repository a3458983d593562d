"""Logs: one event one line, and no secret in any of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
import structlog

from instasell_server import logs
from tests.server.accounts_support import ask

CANARY = "canary-5f2c9e"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize(
    "fields",
    [
        {"token": CANARY},
        {"new_password": CANARY},
        {"Authorization": f"Bearer {CANARY}"},
        {"max_amount": 987654321},
        {"email": f"{CANARY}@example.org"},
        {"note": f"sent to {CANARY}@example.org"},
        {"note": f"authorization: bearer {CANARY}"},
        {"note": JWT},
        {"data": {"deep": [{"api_secret": CANARY}]}},
        {"url": f"postgresql://market:{CANARY}@db/market"},
        {"error": ValueError(f"Key (email)=({CANARY}) already exists.")},
    ],
)
def test_a_secret_is_taken_out(
    written: Callable[..., Any], log_format: str, fields: dict[str, Any]
) -> None:
    lines = written(log_format=log_format)
    structlog.get_logger().info("happened", kept="yes", **fields)
    text = "\n".join(lines())
    assert "happened" in text
    assert "yes" in text
    for secret in (CANARY, "987654321", JWT):
        assert secret not in text


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("break_", ["\n", "\r\n", "\x85", "\u2028", "\x1b[2K", "\x0b"])
def test_no_value_begins_a_line(written: Callable[..., Any], log_format: str, break_: str) -> None:
    lines = written(log_format=log_format)
    forged = f"a{break_}forged"
    structlog.get_logger().warning("happened", path=forged)
    text = "\n".join(lines())
    assert len(text.splitlines()) == 2
    assert "\x1b[2K" not in text


def test_an_error_has_its_stack(written: Callable[..., Any]) -> None:
    lines = written(log_format="json")
    try:
        raise RuntimeError("deep inside")
    except RuntimeError:
        structlog.get_logger().exception("failed")
    event = json.loads(lines()[0])
    assert event["event"] == "failed"
    assert "deep inside" in event["exception"]
    assert "Traceback" in event["exception"]


async def test_a_request_is_one_line_with_its_id(
    http: aiohttp.ClientSession, written: Callable[..., Any]
) -> None:
    lines = written(log_format="json")
    path = f"/nowhere/{JWT}/%0Aforged%22"
    answer = await ask(http, "GET", path, headers={"X-Request-Id": "mine-1"})
    assert answer.status == 404
    await asyncio.sleep(0)
    events = [json.loads(line) for line in lines()]
    (event,) = [each for each in events if each["event"] == "request"]
    assert event["request_id"] == "mine-1"
    assert (event["method"], event["route"], event["status"]) == ("GET", "unknown", 404)
    assert event["path"] == f'/nowhere/{logs.HIDDEN}/\nforged"'
    assert event["address"] == "127.0.0.1"


async def test_sql_in_development_has_its_time_and_no_values(
    http: aiohttp.ClientSession, written: Callable[..., Any]
) -> None:
    lines = written(log_format="json")
    body = {"email": f"{CANARY}@example.org", "password": f"{CANARY}-password"}
    assert (await ask(http, "POST", "/auth/signup", body)).status == 201
    assert (await ask(http, "POST", "/auth/login", body)).status == 200
    written_lines = lines()
    statements = [each for each in map(json.loads, written_lines) if each["event"] == "sql"]
    assert any("INSERT INTO users" in each["statement"] for each in statements)
    assert all(each["ms"] >= 0 for each in statements)
    assert CANARY not in "\n".join(written_lines)


async def test_a_failure_inside_tells_the_log_and_not_the_caller(
    http: aiohttp.ClientSession,
    written: Callable[..., Any],
    sql: Callable[..., Any],
) -> None:
    lines = written(log_format="json")
    sql("ALTER TABLE categories RENAME TO gone")
    answer = await ask(http, "GET", "/categories")
    assert (answer.status, answer.code) == (500, "insta_sell_error")
    assert set(answer.body) == {"type", "title", "status", "code", "request_id"}
    failed = [each for each in map(json.loads, lines()) if each["event"] == "request_failed"]
    assert failed[0]["request_id"] == answer.body["request_id"]
    assert "categories" in failed[0]["exception"]
