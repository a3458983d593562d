"""Limit what one connection, and one address, may ask over the WebSocket.

Each server counts for itself: what is protected are its own processor and connections.
"""

from __future__ import annotations

import math
import time
from typing import NamedTuple

from instasell_client.models.errors import RateLimited
from instasell_server.http.client_address import limited_as

FRAMES = 300
FRAMES_PER_SECOND = 60
ADDRESS_FRAMES = 1200
ADDRESS_FRAMES_PER_SECOND = 300

BOARD_COST = 10
"""The board counts as so many joins: it is the largest answer by far."""

SECONDS_AT_ONCE = 20
"""So many seconds' worth of joins may come at once, as they do after a lost connection."""

BUCKETS_MAX = 4096


class Rate(NamedTuple):
    """Hold what a bucket holds when it is full, and how fast it fills up."""

    size: float
    per_second: float


class TokenBucket:
    """Turns that are used up and come back with time."""

    __slots__ = ("_at", "_turns")

    def __init__(self, rate: Rate) -> None:
        self._turns = rate.size
        self._at = time.monotonic()

    def refill(self, rate: Rate) -> float:
        """Return the turns that are there now; below zero they are owed."""
        now = time.monotonic()
        self._turns = min(rate.size, self._turns + (now - self._at) * rate.per_second)
        self._at = now
        return self._turns

    def wait_seconds(self, rate: Rate, cost: float) -> float:
        """Return how long it takes until `cost` turns are there; 0 when they are."""
        return max(0.0, (min(cost, rate.size) - self.refill(rate)) / rate.per_second)

    def take(self, cost: float) -> None:
        """Use turns up, also those that are not there yet."""
        self._turns -= cost


class AddressBuckets:
    """One bucket for each address. It stays until it is full, whatever becomes of the sockets."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._buckets: dict[str, TokenBucket] = {}
        self._crowd = BUCKETS_MAX

    def of(self, address: str) -> TokenBucket:
        """Return the bucket of an address; an IPv6 customer's /64 is one."""
        name = limited_as(address)
        bucket = self._buckets.get(name)
        if bucket is None:
            if len(self._buckets) >= self._crowd:
                self._forget_full_ones()
            bucket = self._buckets[name] = TokenBucket(self._rate)
        return bucket

    def _forget_full_ones(self) -> None:
        rate = self._rate
        self._buckets = {
            name: bucket
            for name, bucket in self._buckets.items()
            if bucket.refill(rate) < rate.size
        }
        # So that a crowd that is all busy is not looked through with each newcomer.
        self._crowd = max(BUCKETS_MAX, 2 * len(self._buckets))


class JoinLimits:
    """Joins and sign-ins of a connection and of an address, each of which reads the database."""

    def __init__(self, *, per_minute: int, address_per_minute: int) -> None:
        self._own = _joins(per_minute)
        self._shared = _joins(address_per_minute)
        self._addresses = AddressBuckets(self._shared) if address_per_minute else None

    def count(self, bucket: TokenBucket | None, address: str, cost: int = 1) -> TokenBucket | None:
        """Count a join against both limits. Raises RateLimited, and has counted nothing then.

        `bucket` is the connection's, None before its first join; returns the one to keep.
        """
        waits = [0.0]
        shared = self._addresses.of(address) if self._addresses is not None else None
        if self._own.size:
            bucket = bucket or TokenBucket(self._own)
            waits.append(bucket.wait_seconds(self._own, cost))
        if shared is not None:
            waits.append(shared.wait_seconds(self._shared, cost))
        if wait := max(waits):
            seconds = max(1, math.ceil(wait))
            raise RateLimited(
                f"too many joins from this {'connection' if wait == waits[1] else 'address'};"
                f" come back in {seconds} s",
                retry_after_seconds=seconds,
            )
        for each in (bucket, shared):
            if each is not None:
                each.take(cost)
        return bucket


def _joins(per_minute: int) -> Rate:
    per_second = per_minute / 60
    return Rate(max(BOARD_COST, per_second * SECONDS_AT_ONCE) if per_minute else 0.0, per_second)
