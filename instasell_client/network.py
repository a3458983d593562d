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
    """Describe the connection under a socket."""

    def abort(self) -> None:
        """End it without a closing handshake."""
        ...


class Socket(Protocol):
    """Describe an open live socket; iterating yields the frames that come in, to its end."""

    @property
    def transport(self) -> Abortable:
        """Return the connection under it."""
        ...

    async def send(self, message: str, /) -> None:
        """Send one frame."""
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
    """Replace the network: every call and every socket of the client goes through it."""

    http: httpx.AsyncBaseTransport
    dial: Dial


class Observer:
    """Receive what a client receives; an observer cannot change it, and must not raise."""

    def on_reply(self, method: str, path: str, query: Mapping[str, str], content: bytes) -> None:
        """Notice that a call was answered with success."""

    def on_joined(self, data: JsonObject) -> None:
        """Notice that a join was answered with its snapshot."""

    def on_change(self, receipt: JsonObject) -> None:
        """Notice that a bid was accepted."""

    def on_notice(self, event: str, data: JsonObject) -> None:
        """Notice an event of the live socket."""

    def on_state(self, *, live: bool) -> None:
        """Notice that the live socket is open, or lost."""
