"""One call of the interface as plain data, said once for the sync and the async client.

Nothing here sends anything: `transport.py` does, and `endpoint.py` joins the two.
"""

from __future__ import annotations

import enum
import secrets
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import to_json, to_jsonable_python

from instasell_client.errors import Invalid, ProtocolError
from instasell_client.models.base import Request
from instasell_client.models.validation import field_errors

T = TypeVar("T")
Answer = TypeVar("Answer", covariant=True)
Item = TypeVar("Item", covariant=True)
Model = TypeVar("Model", bound=BaseModel)
Sent = TypeVar("Sent", bound=Request)

JSON = "application/json"
NDJSON = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Operation(Generic[Answer]):
    """Describe a request, and how to read its answer.

    `key` is the idempotency key: a write that has one is retried safely. `new_token` reads from
    the reply which token the client uses from then on. `identified` says whether the token goes
    along; signing in must work while the old token no longer does. A `path` may be a whole address
    of another server, which must not get the token. `owned` says that the `{}` of
    the path is the id of the token's account, which the transport finds out. Of an answer that is
    longer than `bytes_max` no more is read, and it counts for nothing.
    """

    method: str
    path: str
    parse: Callable[[bytes], Answer]
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = JSON
    accept: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None
    identified: bool = True
    retried: bool = True
    owned: bool = False
    new_token: Callable[[Any], str | None] | None = None
    bytes_max: int | None = None


def _no_following(_: object) -> None:
    return None


@dataclass(frozen=True, slots=True)
class StreamedLines(Generic[Answer]):
    """Describe a request whose answer is read line by line while it comes.

    `following` builds the request that goes on behind a line when the answer is cut off after it,
    as the server does with a reader that pauses; None where that is not possible.
    """

    operation: Operation[None]
    parse: Callable[[bytes], Answer]
    following: Callable[[Answer], Operation[None] | None] = _no_following

    def after(self, line: Answer | None) -> StreamedLines[Answer] | None:
        """Return what goes on behind the last line that came, or None where nothing does."""
        operation = None if line is None else self.following(line)
        return None if operation is None else replace(self, operation=operation)


class PageItems(Protocol[Item]):
    """Describe a reply that carries items; every page of a list is one."""

    @property
    def items(self) -> Sequence[Item]:
        """Return what the reply carries."""
        ...

    @property
    def next(self) -> str | int | None:
        """Return where the following page begins, or None after the last."""
        ...


Pages = Generator[Operation[PageItems[T]], PageItems[T], None]
"""Requests of which each may depend on the reply to the one before."""

CallChain = Generator[Operation[Any], Any, T]
"""The same, for what takes several requests and has one result."""


def pages(ask: Callable[[Any], Operation[PageItems[T]]]) -> Pages[T]:
    """Follow `next` from page to page; `ask(None)` builds the request of the first one."""
    page = yield ask(None)
    while page.next is not None:
        following = page.next
        page = yield ask(following)
        if page.next == following:
            raise ProtocolError(f"the page at {following!r} has itself as the following page")


def path(template: str, *values: str) -> str:
    """Fill the `{}` of a path. Raises Invalid for a value that would name another path."""
    for value in values:
        if not value or value.strip(".") == "":
            raise Invalid.one("id", f"{value!r} is not an id; give one")
    return template.format(*(quote(value, safe="") for value in values))


def new_key() -> str:
    """Return a new idempotency key; each intended effect has one."""
    return secrets.token_urlsafe(18)


def request(model: type[Sent], /, **values: Any) -> Sent:
    """Return the request model of these values, without those that are None.

    Raises Invalid, with one entry for each bad field, as the server would answer.
    """
    try:
        return model(**{name: value for name, value in values.items() if value is not None})
    except ValidationError as error:
        raise Invalid(field_errors(error, "body")) from error


def json_body(model: Request, nulls: Iterable[str] = ()) -> bytes:
    """Return a request model as JSON; passwords are spelled out here and nowhere else.

    What is None stays away, but for the `nulls`, which take something away at the server.
    """
    values = to_jsonable_python(_spelled_out(model), exclude_none=True)
    return to_json({**values, **dict.fromkeys(nulls)})


def _spelled_out(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, BaseModel):
        return {name: _spelled_out(item) for name, item in value if item is not None}
    if isinstance(value, list):
        return [_spelled_out(item) for item in value]
    return value


def query_of(model: Request) -> Mapping[str, str]:
    """Return a query model as the parameters of a URL, without what was not given."""
    values = {name: getattr(model, name) for name in sorted(model.model_fields_set)}
    return {name: query_text(value) for name, value in values.items() if value is not None}


def query_text(value: object) -> str:
    """Return one value as it is written in a URL."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, enum.Enum):
        return str(value.value)
    return value.isoformat() if isinstance(value, datetime) else str(value)


def reads(model: type[Model]) -> Callable[[bytes], Model]:
    """Return a parser into `model`; it raises ValidationError for other answers."""
    return model.model_validate_json


def read_nothing(_: bytes) -> None:
    """Ignore an answer that says only that it was done."""


def get(at: str, model: type[Model], query: Request | None = None) -> Operation[Model]:
    """Return a call that reads."""
    return Operation("GET", at, reads(model), query=query_of(query) if query else {})


def post(
    at: str, parse: Callable[[bytes], T], body: Request | None = None, *, key: str | None = None
) -> Operation[T]:
    """Return a call that writes, with a new idempotency key unless one is given."""
    return Operation("POST", at, parse, body=_given(body), key=key or new_key())


def post_once(at: str, parse: Callable[[bytes], T], body: Request | None = None) -> Operation[T]:
    """Return a write for which the server keeps no key, and which is therefore never repeated."""
    return Operation("POST", at, parse, body=_given(body))


def put(at: str, parse: Callable[[bytes], T], body: Request | None = None) -> Operation[T]:
    """Return a call that sets something. Its key keeps a late repeat from undoing later changes."""
    return Operation("PUT", at, parse, body=_given(body), key=new_key())


def _given(body: Request | None) -> bytes | None:
    return None if body is None else json_body(body)


def delete(at: str) -> Operation[None]:
    """Return a call that deletes something. Its key keeps a repeat from failing with NotFound."""
    return Operation("DELETE", at, read_nothing, key=new_key())


def json_value(data: Mapping[str, object] | Sequence[object]) -> bytes:
    """Return plain data as JSON. Raises Invalid for what JSON cannot hold."""
    try:
        return to_json(data)
    except ValueError as error:
        raise Invalid.one("body", f"JSON cannot hold it: {error}") from error
