"""Between operations and HTTP: headers out, models and typed errors in. Sends nothing itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from importlib import metadata
from time import time
from typing import Any, NoReturn, TypeVar

import httpx
from httpx_retries import Retry
from pydantic import ValidationError

from instasell_client.address import DEFAULT_URL, checked_url
from instasell_client.errors import (
    ConnectionFailed,
    InstaSellError,
    Invalid,
    NotAnInstaSellServer,
    ProtocolError,
    RateLimited,
    Timeout,
    TransportError,
)
from instasell_client.errors.from_problem import class_for, error_from_problem
from instasell_client.models.problems import Problem
from instasell_client.models.validation import describe_error
from instasell_client.operation import JSON, Operation

T = TypeVar("T")

CONNECT_TIMEOUT_SECONDS = 5.0
"""A server that is there accepts at once; a wrong address is to be reported soon."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_TRANSIENT = (429, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class TransportConfig:
    """Hold the address of the market, and how long the client waits for it.

    `timeout_seconds` is for each try; it is longer than the 10 s for which the server holds a
    repeated request back until the first is answered. `max_wait_seconds` is the longest
    Retry-After that is waited for; a longer one raises at once.
    """

    base_url: str = DEFAULT_URL
    timeout_seconds: float = 20.0
    max_retries: int = 4
    max_wait_seconds: float = 30.0
    backoff_seconds: float = 0.1

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "base_url", checked_url(self.base_url))
        except ValueError as error:
            raise Invalid.one("base_url", str(error)) from error

    def timeout(self) -> httpx.Timeout:
        """Return the limits of one try."""
        connect = min(CONNECT_TIMEOUT_SECONDS, self.timeout_seconds)
        return httpx.Timeout(self.timeout_seconds, connect=connect)

    def retry(self, operation: Operation[Any]) -> Retry:
        """Return the retries of an operation: none for a write without an idempotency key."""
        safe = operation.method in _SAFE or operation.key is not None
        return Retry(
            total=self.max_retries if safe and operation.retried else 0,
            allowed_methods=[operation.method],
            status_forcelist=_TRANSIENT,
            backoff_factor=self.backoff_seconds,
            max_backoff_wait=self.max_wait_seconds,
        )

    def url(self, operation: Operation[Any]) -> str:
        """Return the whole address of an operation."""
        if operation.path.startswith("/"):
            return self.base_url + operation.path
        return operation.path

    def place(self, operation: Operation[Any]) -> str:
        """Return the host, for messages; other addresses may carry a permission."""
        if operation.path.startswith("/"):
            return self.base_url
        return "/".join(operation.path.split("/", 3)[:3])


def user_agent() -> str:
    """Return the name and version of the client, for the server's log."""
    try:
        version = metadata.version("instasell")
    except metadata.PackageNotFoundError:
        version = "0"
    return f"instasell-client/{version}"


def headers_of(operation: Operation[Any], token: str | None) -> dict[str, str]:
    """Return the headers of an operation."""
    headers = {"Accept": f"{operation.accept}, application/problem+json"}
    if operation.body is not None:
        headers["Content-Type"] = operation.content_type
    headers.update(operation.headers)
    if operation.key is not None:
        headers["Idempotency-Key"] = operation.key
    if token is not None and operation.identified:
        headers["Authorization"] = f"Bearer {token}"
    return headers


def decode_reply(operation: Operation[T], response: httpx.Response) -> T:
    """Return the reply of an answer that was read whole. Raises the error that it reports."""
    if not response.is_success:
        raise error_from_response(response)
    try:
        return operation.parse(response.content)
    except (ValidationError, ValueError) as error:
        protocol_error(response, error)


class ReplySizeLimit:
    """Collect an answer as it comes, and raise ProtocolError as soon as it is too long."""

    def __init__(self, operation: Operation[Any], response: httpx.Response) -> None:
        self._most = operation.bytes_max or 0
        self._response = response
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, part: bytes) -> None:
        """Add the next bytes."""
        self._size += len(part)
        if self._size > self._most:
            raise ProtocolError(f"The answer is longer than the limit of {self._most:,} bytes")
        self._parts.append(part)

    def whole(self) -> httpx.Response:
        """Return the answer, read to its end."""
        response = self._response
        headers = {"content-type": response.headers.get("content-type", "")}
        return httpx.Response(
            response.status_code,
            headers=headers,
            content=b"".join(self._parts),
            request=response.request,
        )


PLAIN = {"Accept-Encoding": "identity"}
"""For an answer of bounded length: a packed one would be longer than what came of it."""


def protocol_error(response: httpx.Response, error: Exception) -> NoReturn:
    """Raise for a 2xx answer that does not fit its model."""
    where = f"{response.request.method} {response.request.url.path}"
    media = response.headers.get("content-type", "nothing")
    if not media.startswith((JSON, "application/x-ndjson")):
        raise NotAnInstaSellServer(
            f"{where} was answered with {media}; check the address"
        ) from error
    detail = f"The answer to {where} does not fit this client: {_first_line(error)}"
    raise ProtocolError(detail) from error


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return describe_error(error)
    return str(error).partition("\n")[0]


def error_from_response(response: httpx.Response) -> InstaSellError:
    """Return the error that an answer with another status than 2xx reports."""
    return error_from_body(
        response.status_code, response.headers, response.content, str(response.request.url)
    )


def error_from_body(
    status: int, headers: Mapping[str, str], content: bytes, url: str
) -> InstaSellError:
    """Return the same from its parts, for answers that do not come through httpx."""
    error = _error_of_problem(content) or _error_without_problem(status, headers, url)
    if isinstance(error, RateLimited) and "retry_after_seconds" not in error.data:
        seconds = retry_after_seconds(headers)
        if seconds is not None:
            error.data = {**error.data, "retry_after_seconds": seconds}
    error.request_id = error.request_id or headers.get("x-request-id")
    return error


def _error_of_problem(content: bytes) -> InstaSellError | None:
    try:
        return error_from_problem(Problem.model_validate_json(content))
    except ValidationError:
        return None


def _error_without_problem(status: int, headers: Mapping[str, str], url: str) -> InstaSellError:
    """Return the error for an answer without a problem body: of a proxy, or of another server."""
    url = url.partition("?")[0]
    if status == RateLimited.status or status in _TRANSIENT:
        error = class_for("", status)(f"{url} answered {status}")
        error.status = status
        return error
    media = headers.get("content-type", "nothing")
    return NotAnInstaSellServer(f"{url} answered {status} with {media}; check the address")


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of Retry-After, given as seconds or as a date."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except ValueError:
        return None


def asks_too_much(config: TransportConfig, response: httpx.Response) -> bool:
    """Return True when a transient refusal asks for a longer wait than the client accepts."""
    if response.status_code not in _TRANSIENT:
        return False
    seconds = retry_after_seconds(response.headers)
    return seconds is not None and seconds > config.max_wait_seconds


def transport_error(
    error: httpx.HTTPError | httpx.InvalidURL, config: TransportConfig, place: str | None = None
) -> TransportError:
    """Return the error for a failed connection to `place`, or to the server."""
    place = place or config.base_url
    if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
        return Timeout(f"{place} did not answer in {config.timeout_seconds:g} s; try again")
    reason = str(error).partition("\n")[0] or type(error).__name__
    return ConnectionFailed(f"{place} cannot be reached ({reason}); is it running?")


def json_answer(answer: bytes) -> Any:
    """Return an answer of any shape; None where there is no body."""
    return json.loads(answer) if answer.strip() else None
