"""live-list: GET /auctions/live, beside a bare handler that sends the same bytes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import httpx

from benchmarks.bare import HOST, bare_server
from benchmarks.market import measured_market
from benchmarks.measuring import Benchmark, Limit, Sample, Sides, percentile
from benchmarks.processes import Cpu
from benchmarks.requests import load, request_bytes

CONNECTIONS = 32
AUCTIONS = 200


def _run(port: int, path: str, cpu: Callable[[], Cpu], seconds: float) -> Sample:
    request = request_bytes("GET", path, HOST, port)
    before = cpu()
    took, latencies = load(HOST, port, [request] * CONNECTIONS, seconds)
    used = cpu() - before
    count = len(latencies)
    details = {
        "p50 ms": percentile(latencies, 0.5) * 1000,
        "p99 ms": percentile(latencies, 0.99) * 1000,
        "server us/request": used.server / count * 1e6,
    }
    return Sample(count / took, used, details)


@contextlib.contextmanager
def _live_list(seconds: float) -> Iterator[Sides]:
    with measured_market() as market:
        market.auctions(AUCTIONS)
        payload = httpx.get(f"{market.base_url}/auctions/live", timeout=30).raise_for_status()
        with bare_server(payload.content) as bare:
            yield {
                "GET /auctions/live, 50 of 200": lambda: _run(
                    market.port, "/auctions/live", market.cpu, seconds
                ),
                "bare handler, same bytes": lambda: _run(bare.port, "/bytes", bare.cpu, seconds),
            }


LIVE_LIST = Benchmark(
    "live-list", "requests/s", _live_list, {"bare handler, same bytes": Limit(1 / 3)}
)
