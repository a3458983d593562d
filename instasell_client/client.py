"""The two clients of the market: `InstaSell`, and `AsyncInstaSell` for asyncio."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any

from instasell_client.address import DEFAULT_URL
from instasell_client.endpoint import Async, Mode, Resource, Sync, endpoint
from instasell_client.errors import Invalid
from instasell_client.http.codec import TransportConfig, json_answer
from instasell_client.http.transport import AsyncTransport, SyncTransport
from instasell_client.operation import Operation, json_value, new_key, query_text

if TYPE_CHECKING:
    from typing import Self

    from instasell_client.live import LiveSession, StateCallback
    from instasell_client.network import Network, Observer
    from instasell_client.resources.admin import Admin
    from instasell_client.resources.auctions import Auctions
    from instasell_client.resources.auth import Auth
    from instasell_client.resources.categories import Categories
    from instasell_client.resources.disputes import Disputes
    from instasell_client.resources.listings import Listings
    from instasell_client.resources.lookups import Lookups
    from instasell_client.resources.media import Media
    from instasell_client.resources.messages import Messages
    from instasell_client.resources.notifications import Notifications, Subscriptions
    from instasell_client.resources.operations import Operations
    from instasell_client.resources.orders import Orders
    from instasell_client.resources.wallets import WalletResource


_NOUNS = {
    "auth": ("auth", "Auth"),
    "categories": ("categories", "Categories"),
    "listings": ("listings", "Listings"),
    "media": ("media", "Media"),
    "auctions": ("auctions", "Auctions"),
    "orders": ("orders", "Orders"),
    "disputes": ("disputes", "Disputes"),
    "wallet": ("wallets", "WalletResource"),
    "messages": ("messages", "Messages"),
    "notifications": ("notifications", "Notifications"),
    "subscriptions": ("notifications", "Subscriptions"),
    "lookups": ("lookups", "Lookups"),
    "admin": ("admin", "Admin"),
    "operations": ("operations", "Operations"),
}
"""The attributes of a client: the module of `instasell_client.resources`, and the class in it."""


class _Market(Resource[Mode]):
    """Hold what both clients share: one attribute for each noun, and `api` for any path."""

    auth: Auth[Mode]
    categories: Categories[Mode]
    listings: Listings[Mode]
    media: Media[Mode]
    auctions: Auctions[Mode]
    orders: Orders[Mode]
    disputes: Disputes[Mode]
    wallet: WalletResource[Mode]
    messages: Messages[Mode]
    notifications: Notifications[Mode]
    subscriptions: Subscriptions[Mode]
    lookups: Lookups[Mode]
    admin: Admin[Mode]
    operations: Operations[Mode]

    def __getattr__(self, name: str) -> Any:
        # A noun is loaded when it is first spoken of: the models of all of them take as long to
        # load as everything else together, and a script has to do with two or three.
        try:
            module, kind = _NOUNS[name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no {name!r}") from None
        noun = getattr(import_module(f"instasell_client.resources.{module}"), kind)(self._transport)
        setattr(self, name, noun)
        return noun

    def __dir__(self) -> Iterable[str]:
        return {*super().__dir__(), *_NOUNS}

    @property
    def base_url(self) -> str:
        """Return the address of the server."""
        return self._transport.config.base_url

    @property
    def token(self) -> str | None:
        """Return the token that calls carry; setting it signs in or, with None, out."""
        return self._transport.token

    @token.setter
    def token(self, token: str | None) -> None:
        self._transport.token = token

    @endpoint
    def api(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Mapping[str, object] | Sequence[object] | None = None,
        idempotency_key: str | None = None,
    ) -> Operation[Any]:
        """Call any path of the API by method and path.

        Args:
            method: HTTP method.
            path: Path below the base address, such as `/auctions/live`.
            query: Parameters of the URL.
            body: JSON body.
            idempotency_key: Key that makes a retry of a write safe; one is made by default.

        Returns:
            The decoded JSON, or None for an empty reply.

        Raises:
            Invalid for a bad path or body; otherwise the errors in docs/api.md#problems.

        Example:
            page = client.api("GET", "/auctions/live", query={"limit": 20})

        See docs/api.md#problems.
        """
        if not path.startswith("/") or path.startswith("//"):
            raise Invalid.one("path", f"{path!r} is not a path; write it as /auctions/live")
        verb = method.upper()
        write = verb not in ("GET", "HEAD", "OPTIONS")
        return Operation(
            verb,
            path,
            json_answer,
            query={name: query_text(value) for name, value in (query or {}).items()},
            body=None if body is None else json_value(body),
            key=idempotency_key or (new_key() if write else None),
        )


class InstaSell(_Market[Sync]):
    """Call the market from scripts: every call returns its result. Close it, or use `with`.

    `token` is a session's or a script's; `client.auth.login` sets it as well. Raises the classes
    of `instasell_client.errors`. One client may serve several threads.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        token: str | None = None,
        *,
        timeout_seconds: float = 20.0,
        max_retries: int = 4,
        max_wait_seconds: float = 30.0,
    ) -> None:
        config = TransportConfig(base_url, timeout_seconds, max_retries, max_wait_seconds)
        self._connections = SyncTransport(config, token)
        super().__init__(self._connections)

    def close(self) -> None:
        """Close the connections.

        Example:
            client = InstaSell(token=token)
            client.close()
        """
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AsyncInstaSell(_Market[Async]):
    """Call the market from asyncio: the same calls, awaited, and the live session.

    Close it with `aclose`, or use `async with`. `network` replaces the network, and `observer` is
    notified of all that the client receives. With `read_only` each call that would change something
    raises Forbidden before it is sent; signing in and out stay possible.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        token: str | None = None,
        *,
        timeout_seconds: float = 20.0,
        max_retries: int = 4,
        max_wait_seconds: float = 30.0,
        network: Network | None = None,
        observer: Observer | None = None,
        read_only: bool = False,
    ) -> None:
        config = TransportConfig(base_url, timeout_seconds, max_retries, max_wait_seconds)
        self._network, self._observer, self._read_only = network, observer, read_only
        http = None if network is None else network.http
        self._connections = AsyncTransport(config, token, http, observer, read_only=read_only)
        super().__init__(self._connections)

    def live(
        self, *, on_state: StateCallback | None = None, wait_for_server: bool = False
    ) -> LiveSession:
        """Return a live session for `async with`.

        Args:
            on_state: Called with each new state of the connection.
            wait_for_server: Keep trying to connect instead of raising at once.

        Returns:
            A session that connects when it is entered.

        Example:
            async with client.live() as live:
                async for event in live.auction(auction_id):
                    print(event)

        See docs/api.md#live.
        """
        from instasell_client.live import LiveSession

        return LiveSession(
            self.base_url,
            self.token,
            on_state=on_state,
            wait_for_server=wait_for_server,
            dial=None if self._network is None else self._network.dial,
            observer=self._observer,
            read_only=self._read_only,
        )

    async def aclose(self) -> None:
        """Close the connections.

        Example:
            client = AsyncInstaSell(token=token)
            await client.aclose()
        """
        await self._connections.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
