"""Hold what the server knows about a request while it is handled."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass

from aiohttp import web

from instasell_server.http.ratelimit import RateLimitResult
from instasell_server.ports.principal import Principal

CALLER_GONE = 499
"""The status in logs and metrics of a request whose caller went away; nobody gets it."""

_PROCESS = secrets.token_hex(8)
_numbers = itertools.count(1)


@dataclass(slots=True)
class RequestContext:
    """Hold all of it in one object, because each look into the request costs a microsecond."""

    request_id: str
    address: str
    principal: Principal | None = None
    counted: RateLimitResult | None = None


PASSAGE: web.RequestKey[RequestContext] = web.RequestKey("passage", RequestContext)


def new_request_id() -> str:
    """Return an id that no other request has, on this server or another."""
    return f"{_PROCESS}{next(_numbers):016x}"
