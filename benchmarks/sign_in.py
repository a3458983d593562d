"""sign-in: POST /auth/login at bcrypt cost 10, beside what bcrypt alone does."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import bcrypt

from benchmarks.market import PASSWORD, MeasuredMarket, measured_market
from benchmarks.measuring import Benchmark, Limit, Sample, Sides, percentile
from benchmarks.processes import Cpu, own_seconds
from benchmarks.requests import load, request_bytes

CONNECTIONS = 16
ROUNDS = 10


def _sign_in(market: MeasuredMarket, emails: list[str], seconds: float) -> Sample:
    requests = []
    for email in emails:
        body = json.dumps({"email": email, "password": PASSWORD}).encode()
        requests.append(request_bytes("POST", "/auth/login", market.host, market.port, body))
    before = market.cpu()
    took, latencies = load(market.host, market.port, requests, seconds)
    used = market.cpu() - before
    details = {
        "p50 ms": percentile(latencies, 0.5) * 1000,
        "p99 ms": percentile(latencies, 0.99) * 1000,
    }
    return Sample(len(latencies) / took, used, details)


def _bcrypt_alone(seconds: float) -> Sample:
    """Run as many threads as CPUs, which is all that bcrypt can use."""
    password = PASSWORD.encode()
    stored = bcrypt.hashpw(password, bcrypt.gensalt(ROUNDS))
    threads = os.cpu_count() or 1
    before, started = own_seconds(), time.perf_counter()

    def check() -> int:
        count = 0
        while time.perf_counter() - started < seconds:
            assert bcrypt.checkpw(password, stored)
            count += 1
        return count

    with ThreadPoolExecutor(threads) as pool:
        count = sum(each.result() for each in [pool.submit(check) for _ in range(threads)])
    took = time.perf_counter() - started
    return Sample(count / took, Cpu(0.0, 0.0, 0.0, own_seconds() - before))


@contextlib.contextmanager
def _sides(seconds: float) -> Iterator[Sides]:
    with measured_market(INSTASELL_BCRYPT_ROUNDS=str(ROUNDS)) as market:
        emails = [each["user"]["email"] for each in market.users(CONNECTIONS)]
        yield {
            "POST /auth/login, 16 connections": lambda: _sign_in(market, emails, seconds),
            "bcrypt.checkpw in threads": lambda: _bcrypt_alone(seconds),
        }


SIGN_IN = Benchmark("sign-in", "sign-ins/s", _sides, {"bcrypt.checkpw in threads": Limit(0.8)})
