"""Counts open connections, by address and in all, before a byte of them is read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from aiohttp import web

from instasell_client.models.errors import InstaSellError, RateLimited, Unavailable
from instasell_server import metrics
from instasell_server.http.client_address import Network, is_proxy, limited_as

RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Limit what callers may hold open, and how slow they may be.

    `per_address` of 0 is off; addresses of `proxies` are counted by those who stand behind them.
    """

    total: int = 256
    per_address: int = 0
    proxies: tuple[Network, ...] = ()
    head_seconds: float = 15.0
    stall_seconds: float = 20.0
    bytes_per_second: int = 1024


class OpenConnections:
    """Count the connections of one process. WebSockets count like any other."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.total = 0
        self._of_address: Counter[str] = Counter()

    def open(self, peer: str | None) -> None:
        """Count a new connection. Raises Unavailable or RateLimited, and counts nothing then."""
        if self.total >= self.limits.total:
            raise _busy()
        if peer is not None and not self._is_proxy(peer):
            self._hold(peer)
        self.total += 1
        metrics.OPEN_CONNECTIONS.inc()

    def close(self, peer: str | None) -> None:
        """Take back what `open` counted."""
        self.total -= 1
        metrics.OPEN_CONNECTIONS.dec()
        if peer is not None and not self._is_proxy(peer):
            self._release(peer)

    def begin_request(self, peer: str | None, address: str) -> bool:
        """Count a request that came through a proxy as a connection of its client.

        Return whether it was counted, and `end_request` has to be called. Raises RateLimited.
        """
        if peer is None or peer == address or not self._is_proxy(peer):
            return False
        self._hold(address)
        return True

    def end_request(self, address: str) -> None:
        """Take back what `begin_request` counted."""
        self._release(address)

    def _is_proxy(self, peer: str) -> bool:
        return bool(self.limits.proxies) and is_proxy(peer, self.limits.proxies)

    def _hold(self, address: str) -> None:
        limit = self.limits.per_address
        if not limit:
            return
        name = limited_as(address)
        if self._of_address[name] >= limit:
            raise RateLimited(
                f"Too many connections from your address: the limit is {limit:,} at once. Close"
                " some, then try again.",
                retry_after_seconds=RETRY_SECONDS,
                limit=limit,
            )
        self._of_address[name] += 1

    def _release(self, address: str) -> None:
        if not self.limits.per_address:
            return
        name = limited_as(address)
        self._of_address[name] -= 1
        if self._of_address[name] <= 0:
            del self._of_address[name]


CONNECTIONS: web.AppKey[OpenConnections] = web.AppKey("connections", OpenConnections)


def _busy() -> InstaSellError:
    return Unavailable(
        "The server has as many connections open as it takes: try again in a few seconds.",
        retry_after_seconds=RETRY_SECONDS,
    )
