"""Define the network of a client, for observers and for replacements in tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from instasell_client.models.base import JsonObject

if TYPE_CHECKING:
    from typing import Self

    import httpx


class Abortable(Protocol):
    """The connection under a socket."""

    def abort(self) -> None:
        """Ends it without a farewell."""
        ...


class Socket(Protocol):
    """An open live socket; iterating yields the frames that come in, to its end."""

    @property
    def transport(self) -> Abortable:
        """The connection under it."""
        ...

    async def send(self, message: str, /) -> None:
        """Sends one frame."""
        ...

    def __aiter__(self) -> AsyncIterator[str | bytes]: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


Dial = Callable[[str, str | None], Awaitable[Socket]]
"""Opens the live socket of the server at an address, with a token or without."""


@dataclass(frozen=True, slots=True)
class Network:
    """Takes the place of the network: no call and no socket of the client goes past it."""

    http: httpx.AsyncBaseTransport
    dial: Dial


class Observer:
    """Receive what a client receives; an observer cannot change it, and must not raise."""

    def on_reply(self, method: str, path: str, query: Mapping[str, str], content: bytes) -> None:
        """A call was answered with success."""

    def on_joined(self, data: JsonObject) -> None:
        """The join of a room was answered with its snapshot."""

    def on_change(self, receipt: JsonObject) -> None:
        """A bid was taken."""

    def on_notice(self, event: str, data: JsonObject) -> None:
        """An event came by the live socket."""

    def on_state(self, *, live: bool) -> None:
        """The live socket is open, or lost."""
