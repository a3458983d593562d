"""Attacks by number: sign-ins, sign-ups, searches and pages at the default limits."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from typing import Any

import aiohttp

from tests.attack.target import Report, Target

_ADDRESSES = 5
_PAUSE_SECONDS = 0.01


async def _flood(target: Target, report: Report, requests: list[tuple[str, str, Any]]) -> None:
    ends_at = time.monotonic() + target.seconds
    numbers = itertools.count()

    async def attack(address: str) -> None:
        connector = aiohttp.TCPConnector(local_addr=(address, 0))
        async with aiohttp.ClientSession(target.base_url, connector=connector) as session:
            while time.monotonic() < ends_at:
                method, path, body = requests[next(numbers) % len(requests)]
                if callable(body):
                    body = body()
                with contextlib.suppress(aiohttp.ClientError, ConnectionError):
                    async with session.request(method, path, json=body) as answer:
                        await answer.read()
                        report.add(str(answer.status))
                await asyncio.sleep(_PAUSE_SECONDS)

    addresses = target.addresses()
    await asyncio.gather(*(attack(next(addresses)) for _ in range(_ADDRESSES)))


async def sign_ins(target: Target, report: Report) -> None:
    """Guess passwords and make accounts from several addresses, as fast as they are answered."""
    numbers = itertools.count()
    wrong = {"email": "bidder-0@example.org", "password": "not the password of anyone"}

    def new_account() -> dict[str, str]:
        email = f"flood-{next(numbers)}@example.org"
        return {"email": email, "password": "a long password of nobody", "display_name": "Flood"}

    await _flood(
        target,
        report,
        [("POST", "/auth/login", wrong), ("POST", "/auth/signup", new_account)],
    )


async def searches(target: Target, report: Report) -> None:
    """Ask for the searches and pages that cost most."""
    many_words = "+or+".join(f"word{number}" for number in range(25))
    paths = (
        f"/listings?q={many_words}",
        "/listings?q=" + "%25" * 60,
        "/listings?q=a+b+c+d+e+f+g+h+i+j&sort=price&limit=100",
        "/auctions/live?limit=100",
        "/categories",
        f"/auctions/{target.crowded_auction_id}/bids?limit=100",
    )
    await _flood(target, report, [("GET", path, None) for path in paths])
