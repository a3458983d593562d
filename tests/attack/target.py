"""Describe what an attack is given and what it reports; both travel as JSON between processes."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LOOPBACK_NETWORK = "127.0"
"""Attacks leave this machine never: every address that they use is in 127.0.0.0/16."""


@dataclass(frozen=True)
class Target:
    """The server under attack and what the attacker knows of it."""

    base_url: str
    seconds: float
    crowded_auction_id: str
    """An auction with 500 bids, which are what a new watcher is sent."""
    attacker_token: str
    """The token of a signed-in seller who is the attacker."""
    listing_id: str
    """A listing of that seller."""
    first_address: int = 2
    """The number of the first address, so that attacks on one server have different ones."""

    def __post_init__(self) -> None:
        if not (self.host.startswith("127.") or self.host in ("localhost", "::1")):
            raise ValueError(f"{self.host} is not on loopback: attacks are for your own machine")

    @property
    def host(self) -> str:
        """The host to connect to."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def port(self) -> int:
        """The port to connect to."""
        return urlsplit(self.base_url).port or 80

    def addresses(self) -> Iterator[str]:
        """Yield addresses of this machine's loopback network that no other caller has used.

        Linux answers on all of 127.0.0.0/8, so that one machine can be many callers.
        """
        for number in itertools.count(self.first_address):
            yield f"{LOOPBACK_NETWORK}.{number // 250 + 1}.{number % 250 + 1}"

    def to_json(self) -> str:
        """Return the target as one line of JSON."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Target:
        """Read what `to_json` wrote."""
        return cls(**json.loads(text))


@dataclass
class Report:
    """Counts of what happened, by name: answers by status, connections that the server closed."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, number: int = 1) -> None:
        """Count something."""
        self.counts[name] += number

    def __getitem__(self, name: str) -> int:
        return self.counts[name]

    def to_json(self) -> str:
        """Return the counts as one line of JSON."""
        return json.dumps(self.counts)

    @classmethod
    def from_json(cls, text: str) -> Report:
        """Read what `to_json` wrote."""
        return cls(Counter(json.loads(text)))


async def connect(
    target: Target, address: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection from an address. Raises OSError when the server refuses it."""
    return await asyncio.open_connection(target.host, target.port, local_addr=(address, 0))


def request_head(method: str, path: str, **headers: str) -> bytes:
    """Return the head of an HTTP/1.1 request; `content_length` becomes `Content-Length`."""
    lines = [f"{method} {path} HTTP/1.1", "Host: market"]
    lines += [f"{name.replace('_', '-').title()}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def read_status(reader: asyncio.StreamReader) -> str:
    """Return the status of the next answer, or `closed` when the server ends the connection."""
    try:
        line = await reader.readline()
    except (OSError, ValueError):
        return "closed"
    parts = line.split(b" ", 2)
    return parts[1].decode() if len(parts) > 1 else "closed"
