"""People who speak plain HTTP to a server, so that tests see every byte of the wire."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import aiohttp

PASSWORD = "correct horse battery"

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Answer:
    """A status, the headers and the JSON of a reply."""

    status: int
    headers: Any
    body: Any

    @property
    def code(self) -> str:
        """The code of a problem."""
        return str(self.body["code"])

    @property
    def fields(self) -> list[str]:
        """The bad fields of a 422."""
        return [each["field"] for each in self.body["errors"]]


@dataclass(frozen=True)
class Person:
    """A user with a token."""

    http: aiohttp.ClientSession
    id: str
    email: str
    token: str

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """A request of this person."""
        return await ask(self.http, method, path, body, token=self.token, **options)


async def ask(
    http: aiohttp.ClientSession,
    method: str,
    path: str,
    body: Any = None,
    *,
    token: str | None = None,
    headers: dict[str, str] | None = None,
    **options: Any,
) -> Answer:
    """A request; `body` is sent as JSON unless it is bytes."""
    sent = dict(headers or {})
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    if isinstance(body, bytes):
        options["data"] = body
        sent.setdefault("Content-Type", "application/json")
    elif body is not None:
        options["json"] = body
    async with http.request(method, path, headers=sent, **options) as response:
        is_json = response.content_type.endswith("json") and response.status != 204
        return Answer(response.status, response.headers, await response.json() if is_json else None)


async def sign_up(http: aiohttp.ClientSession, role: str = "buyer", **fields: Any) -> Person:
    """A new account, signed in."""
    email = fields.pop("email", f"user-{next(_numbers)}@example.org")
    wanted = {"email": email, "password": PASSWORD, "role": role, **fields}
    answer = await ask(http, "POST", "/auth/signup", wanted)
    assert answer.status == 201, answer.body
    return Person(http, answer.body["user"]["id"], email, answer.body["token"])


async def log_in(http: aiohttp.ClientSession, email: str, password: str = PASSWORD) -> Answer:
    """An attempt to sign in."""
    return await ask(http, "POST", "/auth/login", {"email": email, "password": password})
