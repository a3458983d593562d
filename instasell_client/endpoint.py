"""One definition per endpoint: descriptors that a sync and an async client read differently.

A resource is written once, with methods that build what is to be sent. On `Auctions[Sync]` the
method `bid` is `(...) -> BidReceipt`; on `Auctions[Async]` it is `(...) -> Coroutine[BidReceipt]`.
A type checker sees the same, with the parameters of the definition.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from functools import wraps
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

from instasell_client.http.codec import Wiring
from instasell_client.operation import Chain, Lines, Operation, Steps

P = ParamSpec("P")
T = TypeVar("T")


class Sync:
    """Marks a resource whose calls answer at once."""


class Async:
    """Marks a resource whose calls are awaited."""


Way = TypeVar("Way", covariant=True)
"""Sync or Async."""


class Carrier(Protocol):
    """What runs an operation: the sync or the async transport."""

    token: str | None

    @property
    def wiring(self) -> Wiring:
        """Where the market is."""
        ...

    def run(self, operation: Operation[Any]) -> Any:
        """The reply, or a coroutine of it."""
        ...

    def chain(self, chain: Chain[Any]) -> Any:
        """The result, or a coroutine of it."""
        ...

    def each(self, steps: Steps[Any]) -> Any:
        """A generator, or an async generator, of the items of every reply."""
        ...

    def lines(self, lines: Lines[Any]) -> Any:
        """A generator, or an async generator, of the lines of one reply."""
        ...


class Resource(Generic[Way]):
    """A noun of the interface, bound to a transport."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier


class Endpoint(Generic[P, T]):
    """A call with one reply."""

    def __init__(self, build: Callable[Concatenate[Any, P], Operation[T]]) -> None:
        @wraps(build)
        def call(resource: Resource[Any], *args: P.args, **kwargs: P.kwargs) -> Any:
            return resource._carrier.run(build(resource, *args, **kwargs))

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


class Course(Generic[P, T]):
    """A call that takes several requests and has one result."""

    def __init__(self, build: Callable[Concatenate[Any, P], Chain[T]]) -> None:
        @wraps(build)
        def call(resource: Resource[Any], *args: P.args, **kwargs: P.kwargs) -> Any:
            return resource._carrier.chain(build(resource, *args, **kwargs))

        self._call = call

    @overload
    def __get__(self, resource: None, owner: type[object]) -> Course[P, T]: ...
    @overload
    def __get__(self, resource: Resource[Sync], owner: type[object]) -> Callable[P, T]: ...
    @overload
    def __get__(
        self, resource: Resource[Async], owner: type[object]
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, resource: Resource[Any] | None, owner: type[object]) -> Any:
        return self if resource is None else MethodType(self._call, resource)


class Series(Generic[P, T]):
    """A call that iterates over items and fetches as it goes."""

    def __init__(self, build: Callable[Concatenate[Any, P], Steps[T] | Lines[T]]) -> None:
        @wraps(build)
        def call(resource: Resource[Any], *args: P.args, **kwargs: P.kwargs) -> Any:
            built, carrier = build(resource, *args, **kwargs), resource._carrier
            return carrier.lines(built) if isinstance(built, Lines) else carrier.each(built)

        self._call = call

    @overload
    def __get__(self, resource: None, owner: type[object]) -> Series[P, T]: ...
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


def endpoint(build: Callable[Concatenate[Any, P], Operation[T]]) -> Endpoint[P, T]:
    """Decorates a method that builds one operation."""
    return Endpoint(build)


def course(build: Callable[Concatenate[Any, P], Chain[T]]) -> Course[P, T]:
    """Decorates a method that builds a chain of operations with one result."""
    return Course(build)


def series(build: Callable[Concatenate[Any, P], Steps[T]]) -> Series[P, T]:
    """Decorates a method that builds a run of operations, each of which brings items."""
    return Series(build)


def streamed(build: Callable[Concatenate[Any, P], Lines[T]]) -> Series[P, T]:
    """Decorates a method that builds an operation whose answer is read line by line."""
    return Series(build)
