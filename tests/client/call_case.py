"""A row of the table of calls."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.client.conftest import Call


class Case(NamedTuple):
    """A call, the request that it should make, and the answer to give.

    A call that is `owned` asks first whose the token is, as its path names the account.
    """

    call: Call
    method: str
    path: str
    reply: Any
    becomes: type | None
    body: Any = None
    query: dict[str, str] | None = None
    keyed: bool = False
    owned: bool = False
