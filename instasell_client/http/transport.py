"""Sends operations with httpx, and retries what is safe to retry with httpx-retries.

Safe are GET, PUT and DELETE, and writes that carry an idempotency key: after a lost connection, a
time-out, 429 and 503 (502 and 504 of a proxy), with jitter, and as late as Retry-After asks.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing
from functools import cache
from typing import Any, TypeVar

import httpx
from httpx_retries import aretry_request, retry_request
from pydantic import ValidationError

from instasell_client.errors import Forbidden, InstaSellError
from instasell_client.http.codec import (
    PLAIN,
    ReplySizeLimit,
    TransportConfig,
    asks_too_much,
    decode_reply,
    error_from_response,
    headers_of,
    protocol_error,
    transport_error,
    user_agent,
)
from instasell_client.http.token_owner import WHO_AM_I, TokenOwner, with_user_id
from instasell_client.network import Observer
from instasell_client.operation import CallChain, Operation, PageItems, Pages, StreamedLines

T = TypeVar("T")

READS_ONLY = "this client is read-only; open it without read_only to change something"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_SIGNING = frozenset({"/auth/login", "/auth/logout"})


@cache
def _trust() -> ssl.SSLContext:
    """Load the trusted certificates once for a process; that takes longer than a call."""
    return httpx.create_ssl_context()


class SyncTransport:
    """Hold the connections of a sync client. `token` may change while they are open."""

    def __init__(self, config: TransportConfig, token: str | None) -> None:
        self.config = config
        self.token = token
        self._owner = TokenOwner()
        self._http = httpx.Client(
            timeout=config.timeout(),
            verify=_trust(),
            headers={"User-Agent": user_agent()},
            event_hooks={"response": [self._refuse_long_waits]},
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def run(self, operation: Operation[T]) -> T:
        """Send one operation, and return its reply."""
        if operation.owned:
            operation = with_user_id(operation, self._own_id())
        try:
            response = (
                self._gather(operation)
                if operation.bytes_max
                else retry_request(
                    self._http,
                    operation.method,
                    self.config.url(operation),
                    retry=self.config.retry(operation),
                    params=operation.query or None,
                    content=operation.body,
                    headers=headers_of(operation, self.token),
                )
            )
        except httpx.HTTPError as error:
            raise transport_error(error, self.config, self.config.place(operation)) from error
        reply = decode_reply(operation, response)
        if operation.new_token is not None:
            self.token = operation.new_token(reply)
        return reply

    def _gather(self, operation: Operation[Any]) -> httpx.Response:
        """Return an answer of bounded length, requested once."""
        headers = {**headers_of(operation, self.token), **PLAIN}
        url = self.config.url(operation)
        with self._http.stream(operation.method, url, headers=headers) as response:
            within = ReplySizeLimit(operation, response)
            for part in response.iter_raw():
                within.add(part)
            return within.whole()

    def run_chain(self, chain: CallChain[T]) -> T:
        """Send operation after operation, and return their result."""
        try:
            operation = next(chain)
            while True:
                operation = chain.send(self.run(operation))
        except StopIteration as end:
            result: T = end.value
            return result

    def iterate(self, steps: Pages[T]) -> Generator[T, None, None]:
        """Send operation after operation, and yield the items of every reply."""
        operation = next(steps, None)
        while operation is not None:
            batch = self.run(operation)
            yield from batch.items
            operation = _following(steps, batch)

    def stream_lines(self, lines: StreamedLines[T]) -> Generator[T, None, None]:
        """Send an operation and yield the lines of its answer while they come.

        An answer that is cut off is asked for again behind the last line, as long as lines come.
        """
        remaining: StreamedLines[T] | None = lines
        while remaining is not None:
            last: T | None = None
            try:
                for last in self._stream(remaining):
                    yield last
                return
            except httpx.HTTPError as error:
                remaining = remaining.after(last)
                if remaining is None:
                    raise transport_error(error, self.config) from error

    def _stream(self, lines: StreamedLines[T]) -> Generator[T, None, None]:
        operation = lines.operation
        with self._http.stream(
            operation.method,
            self.config.url(operation),
            params=operation.query or None,
            headers=headers_of(operation, self.token),
        ) as response:
            if not response.is_success:
                response.read()
                raise error_from_response(response)
            for line in response.iter_lines():
                if line.strip():
                    yield _read(lines, line, response)

    def _own_id(self) -> str:
        token = self.token
        return self._owner.find(token) or self._owner.keep(token, self.run(WHO_AM_I))

    def _refuse_long_waits(self, response: httpx.Response) -> None:
        if asks_too_much(self.config, response):
            response.read()
            raise error_from_response(response)


class AsyncTransport:
    """Hold the connections of an async client. `token` may change while they are open."""

    def __init__(
        self,
        config: TransportConfig,
        token: str | None,
        http: httpx.AsyncBaseTransport | None = None,
        observer: Observer | None = None,
        *,
        read_only: bool = False,
    ) -> None:
        self.config = config
        self.token = token
        self._owner = TokenOwner()
        self._observer = observer
        self._read_only = read_only
        self._http = httpx.AsyncClient(
            transport=http,
            timeout=config.timeout(),
            verify=_trust(),
            headers={"User-Agent": user_agent()},
            event_hooks={"response": [self._refuse_long_waits]},
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def run(self, operation: Operation[T]) -> T:
        """Send one operation, and return its reply."""
        self._check(operation)
        if operation.owned:
            operation = with_user_id(operation, await self._own_id())
        try:
            response = (
                await self._gather(operation)
                if operation.bytes_max
                else await aretry_request(
                    self._http,
                    operation.method,
                    self.config.url(operation),
                    retry=self.config.retry(operation),
                    params=operation.query or None,
                    content=operation.body,
                    headers=headers_of(operation, self.token),
                )
            )
        except httpx.HTTPError as error:
            raise transport_error(error, self.config, self.config.place(operation)) from error
        reply = decode_reply(operation, response)
        if operation.new_token is not None:
            self.token = operation.new_token(reply)
        if self._observer is not None:
            self._observer.on_reply(
                operation.method, operation.path, operation.query, response.content
            )
        return reply

    async def _gather(self, operation: Operation[Any]) -> httpx.Response:
        """Return an answer of bounded length, requested once."""
        headers = {**headers_of(operation, self.token), **PLAIN}
        url = self.config.url(operation)
        async with self._http.stream(operation.method, url, headers=headers) as response:
            within = ReplySizeLimit(operation, response)
            async for part in response.aiter_raw():
                within.add(part)
            return within.whole()

    async def run_chain(self, chain: CallChain[T]) -> T:
        """Send operation after operation, and return their result."""
        try:
            operation = next(chain)
            while True:
                operation = chain.send(await self.run(operation))
        except StopIteration as end:
            result: T = end.value
            return result

    async def iterate(self, steps: Pages[T]) -> AsyncGenerator[T, None]:
        """Send operation after operation, and yield the items of every reply."""
        operation = next(steps, None)
        while operation is not None:
            batch = await self.run(operation)
            for item in batch.items:
                yield item
            operation = _following(steps, batch)

    async def stream_lines(self, lines: StreamedLines[T]) -> AsyncGenerator[T, None]:
        """Send an operation and yield the lines of its answer while they come.

        An answer that is cut off is asked for again behind the last line, as long as lines come.
        """
        remaining: StreamedLines[T] | None = lines
        while remaining is not None:
            last: T | None = None
            try:
                async with aclosing(self._stream(remaining)) as stream:
                    async for last in stream:
                        yield last
                return
            except httpx.HTTPError as error:
                remaining = remaining.after(last)
                if remaining is None:
                    raise transport_error(error, self.config) from error

    async def _stream(self, lines: StreamedLines[T]) -> AsyncGenerator[T, None]:
        operation = lines.operation
        self._check(operation)
        async with self._http.stream(
            operation.method,
            self.config.url(operation),
            params=operation.query or None,
            headers=headers_of(operation, self.token),
        ) as response:
            if not response.is_success:
                await response.aread()
                raise error_from_response(response)
            async for line in response.aiter_lines():
                if line.strip():
                    yield _read(lines, line, response)

    def _check(self, operation: Operation[Any]) -> None:
        """Raise Forbidden for what a client that only reads does not send."""
        harmless = operation.method in _READING or operation.path in _SIGNING
        if self._read_only and not harmless:
            raise Forbidden(READS_ONLY)

    async def _own_id(self) -> str:
        token = self.token
        return self._owner.find(token) or self._owner.keep(token, await self.run(WHO_AM_I))

    async def _refuse_long_waits(self, response: httpx.Response) -> None:
        if asks_too_much(self.config, response):
            await response.aread()
            raise error_from_response(response)


def _following(steps: Pages[T], batch: PageItems[T]) -> Operation[PageItems[T]] | None:
    try:
        return steps.send(batch)
    except StopIteration:
        return None


def _read(lines: StreamedLines[T], line: str, response: httpx.Response) -> T:
    try:
        return lines.parse(line.encode())
    except InstaSellError:
        raise
    except (ValidationError, ValueError) as error:
        protocol_error(response, error)
