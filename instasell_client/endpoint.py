"""One definition per endpoint: descriptors that a sync and an async client read differently.

A resource is written once, with methods that build what is to be sent. On `Auctions[Sync]` the
method `bid` is `(...) -> BidReceipt`; on `Auctions[Async]` it is `(...) -> Coroutine[BidReceipt]`.
A type checker sees the same, with the parameters of the definition.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping
from functools import wraps
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

from instasell_client.errors import Invalid
from instasell_client.http.codec import TransportConfig
from instasell_client.operation import CallChain, Operation, Pages, StreamedLines

P = ParamSpec("P")
T = TypeVar("T")


class Sync:
    """Mark a resource whose calls return their result."""


class Async:
    """Mark a resource whose calls are awaited."""


Mode = TypeVar("Mode", covariant=True)
"""Sync or Async."""


class Transport(Protocol):
    """Run operations: the sync or the async transport."""

    token: str | None

    @property
    def config(self) -> TransportConfig:
        """Return the address of the market and the limits of waiting."""
        ...

    def run(self, operation: Operation[Any]) -> Any:
        """Return the reply, or a coroutine of it."""
        ...

    def run_chain(self, chain: CallChain[Any]) -> Any:
        """Return the result, or a coroutine of it."""
        ...

    def iterate(self, steps: Pages[Any]) -> Any:
        """Return a generator, or an async generator, of the items of every reply."""
        ...

    def stream_lines(self, lines: StreamedLines[Any]) -> Any:
        """Return a generator, or an async generator, of the lines of one reply."""
        ...


class Resource(Generic[Mode]):
    """Group the calls about one noun, bound to a transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport


class Endpoint(Generic[P, T]):
    """Describe a call with one reply."""

    def __init__(self, build: Callable[Concatenate[Any, P], Operation[T]]) -> None:
        @wraps(build)
        def call(resource: Resource[Any], *args: P.args, **kwargs: P.kwargs) -> Any:
            return resource._transport.run(build(resource, *args, **kwargs))

        self._call = call

    @overload
    def __get__(self, resource: None, owner: type[object]) -> Endpoint[P, T]: ...
    @overload
    def __get__(self, resource: Resource[Sync], owner: type[object]) -> Callable[P, T]: ...
    @overload
    def __get__(
        self, resource: Resource[Async], owner: type[object]
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, resource: Resource[Any] | None, owner: type[object]) -> Any:
        return self if resource is None else MethodType(self._call, resource)


class MultiStepCall(Generic[P, T]):
    """Describe a call that takes several requests and has one result."""

    def __init__(self, build: Callable[Concatenate[Any, P], CallChain[T]]) -> None:
        @wraps(build)
        def call(resource: Resource[Any], *args: P.args, **kwargs: P.kwargs) -> Any:
            return resource._transport.run_chain(build(resource, *args, **kwargs))

        self._call = call

    @overload
    def __get__(self, resource: None, owner: type[object]) -> MultiStepCall[P, T]: ...
    @overload
    def __get__(self, resource: Resource[Sync], owner: type[object]) -> Callable[P, T]: ...
    @overload
    def __get__(
        self, resource: Resource[Async], owner: type[object]
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, resource: Resource[Any] | None, owner: type[object]) -> Any:
        return self if resource is None else MethodType(self._call, resource)


class PagedCall(Generic[P, T]):
    """Describe a call that iterates over items, and requests them as it is read."""

    def __init__(self, build: Callable[Concatenate[Any, P], Pages[T] | StreamedLines[T]]) -> None:
        @wraps(build)
        def call(resource: Resource[Any], *args: P.args, **kwargs: P.kwargs) -> Any:
            _refuse_page_arguments(resource, build, kwargs)
            built, transport = build(resource, *args, **kwargs), resource._transport
            return (
                transport.stream_lines(built)
                if isinstance(built, StreamedLines)
                else transport.iterate(built)
            )

        self._call = call

    @overload
    def __get__(self, resource: None, owner: type[object]) -> PagedCall[P, T]: ...
    @overload
    def __get__(
        self, resource: Resource[Sync], owner: type[object]
    ) -> Callable[P, Generator[T, None, None]]: ...
    @overload
    def __get__(
        self, resource: Resource[Async], owner: type[object]
    ) -> Callable[P, AsyncGenerator[T, None]]: ...
    def __get__(self, resource: Resource[Any] | None, owner: type[object]) -> Any:
        return self if resource is None else MethodType(self._call, resource)


def _refuse_page_arguments(
    resource: Resource[Any], build: Callable[..., object], arguments: Mapping[str, object]
) -> None:
    """Refuse what only the call for a single page takes: the iteration sets both by itself.

    Raises Invalid.
    """
    name = build.__name__
    page = f"{name}_page" if hasattr(resource, f"{name}_page") else "page"
    reasons = {"cursor": "follows the pages by itself", "limit": "takes page_size instead"}
    refused = {each: reason for each, reason in reasons.items() if each in arguments}
    if refused:
        single = f"for a single page, call {page}()"
        raise Invalid((each, f"{name}() {reason}; {single}") for each, reason in refused.items())


def endpoint(build: Callable[Concatenate[Any, P], Operation[T]]) -> Endpoint[P, T]:
    """Decorate a method that builds one operation."""
    return Endpoint(build)


def multi_step(build: Callable[Concatenate[Any, P], CallChain[T]]) -> MultiStepCall[P, T]:
    """Decorate a method that builds a chain of operations with one result."""
    return MultiStepCall(build)


def paged(build: Callable[Concatenate[Any, P], Pages[T]]) -> PagedCall[P, T]:
    """Decorate a method that builds a run of operations, each of which brings items."""
    return PagedCall(build)


def streamed(build: Callable[Concatenate[Any, P], StreamedLines[T]]) -> PagedCall[P, T]:
    """Decorate a method that builds an operation whose answer is read line by line."""
    return PagedCall(build)
