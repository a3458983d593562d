"""Count in a registry of the server's. Any part of the server may count here.

One process is one server, so these are the module's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from instasell_client.models.auctions import BidReceipt
from instasell_client.models.errors import InstaSellError

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LAG_INTERVAL_SECONDS = 0.5

REGISTRY = CollectorRegistry()

_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_DAYS = tuple(86400 * days for days in (0.25, 1, 2, 3, 5, 7, 10, 14, 21, 28))
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(f"instasell_{name}", text, labels, registry=REGISTRY)


def _gauge(name: str, text: str) -> Gauge:
    return Gauge(f"instasell_{name}", text, registry=REGISTRY)


def _histogram(
    name: str, text: str, buckets: tuple[float, ...], labels: tuple[str, ...] = ()
) -> Histogram:
    return Histogram(f"instasell_{name}", text, labels, buckets=buckets, registry=REGISTRY)


# The five of the market.
ACTIVE_AUCTIONS = _gauge("active_auctions", "Auctions that take bids.")
BIDS_ACCEPTED = _counter("bids_accepted", "Bids that were committed.")
BIDS_REFUSED = _counter("bids_refused", "Bids that were refused.", "code")
PAYMENTS_SUCCEEDED = _counter("payments_succeeded", "Payments that went through.")
PAYMENTS_FAILED = _counter(
    "payments_failed", "Payments that were declined, cancelled or that expired."
)
ORDER_FULFILMENT_SECONDS = _histogram(
    "order_fulfilment_seconds", "From the payment of an order to its delivery.", _DAYS
)
USER_REGISTRATIONS = _counter("user_registrations", "Accounts that signed up.", "role")

# The engine's own.
BATCH_SIZE = _histogram("batch_bids", "Bids that shared one transaction.", _SIZES)
LOCK_MISSES = _counter("lock_misses", "Redis locks that were not got.")
CLOSING_LATENESS_SECONDS = _histogram(
    "closing_lateness_seconds", "From the end of an auction to the commit of its closing.", _FAST
)
FRAMES_DROPPED = _counter("frames_dropped", "Frames that slow readers were spared.")
OPEN_SOCKETS = _gauge("open_sockets", "WebSockets that are open.")
OPEN_CONNECTIONS = _gauge("open_connections", "Connections that are open, WebSockets among them.")
CONNECTIONS_REFUSED = _counter("connections_refused", "Connections over a limit.", "code")
SLOW_CALLERS = _counter("slow_callers", "Callers that were cut off as too slow.", "kind")
LOOP_LAG_SECONDS = _histogram("event_loop_lag_seconds", "How late the loop ran a timer.", _FAST)
DATABASE_CONNECTIONS_IN_USE = _gauge(
    "database_connections_in_use", "Connections to PostgreSQL that are lent out."
)
REQUEST_SECONDS = _histogram(
    "request_seconds", "Duration of requests.", _FAST, ("method", "route", "status")
)

_requests: dict[tuple[str, str, int], Histogram] = {}


def count_answers(answers: Iterable[BidReceipt | InstaSellError]) -> None:
    """Count the verdicts of a batch; a repeat of an answered bid is no new one."""
    accepted = 0
    for answer in answers:
        if isinstance(answer, InstaSellError):
            BIDS_REFUSED.labels(answer.code).inc()
        elif not answer.repeated:
            accepted += 1
    if accepted:
        BIDS_ACCEPTED.inc(accepted)


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one request by the template of its route, so that ids make no series."""
    known = method if method in _METHODS else "OTHER"
    child = _requests.get((known, route, status))
    if child is None:
        child = REQUEST_SECONDS.labels(known, route, str(status))
        _requests[known, route, status] = child
    child.observe(seconds)


def render() -> bytes:
    """Render the text format of Prometheus."""
    return generate_latest(REGISTRY)


async def watch_loop() -> None:
    """Measure how late the event loop is, until it is cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LAG_INTERVAL_SECONDS
        await asyncio.sleep(LAG_INTERVAL_SECONDS)
        LOOP_LAG_SECONDS.observe(max(0.0, loop.time() - due))
