"""Read what the token of a script may do, as options have it."""

from __future__ import annotations

from enum import StrEnum


class ScopeName(StrEnum):
    """The scopes of the market; a test holds them equal to those of the wire."""

    READ = "read"
    LIST = "list"
    BID = "bid"
    SELL = "sell"
    PAY = "pay"
    ADMIN = "admin"
