"""A row of the route table, and the policy that says who may call it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel

from instasell_client.models.accounts import Role, Scope
from instasell_client.models.errors import Unauthenticated
from instasell_server.config.settings import ServerPart
from instasell_server.db.idempotency import RequestKey
from instasell_server.http.encoded_page import PageSource
from instasell_server.ports.principal import Principal

Body = TypeVar("Body")
Query = TypeVar("Query")
ServiceType = TypeVar("ServiceType")

EVERYBODY = frozenset(Role)
TRADERS = frozenset({Role.BUYER, Role.SELLER})
SELLERS = frozenset({Role.SELLER})
ADMINS = frozenset({Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Policy:
    """Say who may call a route. A test checks every route against it.

    `scope` is what a script's token needs; None closes the route to scripts. `suspended` lets a
    suspended account in, which is for reading and for leaving.
    """

    anonymous: bool
    roles: frozenset[Role] = EVERYBODY
    scope: Scope | None = Scope.READ
    suspended: bool = True


PUBLIC = Policy(anonymous=True)


def signed_in(
    scope: Scope | None,
    *,
    roles: frozenset[Role] = EVERYBODY,
    suspended: bool = False,
) -> Policy:
    """Return a policy for those who are signed in."""
    return Policy(anonymous=False, roles=roles, scope=scope, suspended=suspended)


@dataclass(frozen=True, slots=True)
class Call(Generic[Body, Query]):
    """Hold one request after authentication, policy and validation.

    Handlers take a Call and return a reply model, or a `web.StreamResponse` of their own.
    """

    request: web.Request
    principal: Principal | None
    body: Body
    query: Query
    path: Mapping[str, str]
    idempotency_key: RequestKey | None

    def service(self, key: web.AppKey[ServiceType]) -> ServiceType:
        """Return a domain's service out of the application."""
        return self.request.app[key]

    @property
    def user(self) -> Principal:
        """Return the signed-in caller; the policy of the route has seen to it that there is one."""
        if self.principal is None:
            raise Unauthenticated
        return self.principal


Handler = Callable[[Call[Any, Any]], Awaitable[BaseModel | web.StreamResponse | None]]


@dataclass(frozen=True, slots=True)
class Route:
    """Declare one method and path, for the router, OpenAPI and the tests.

    Every `{name}` in `path` that ends in `id` takes a UUID; another text is a 404. `reply` is the
    model of a 2xx body, None for 204; `pending` is that of a 202, which a handler may return
    instead. `content` names the media type where it is not JSON. `page` finds the bytes for those
    who are not signed in; the handler is then for those who are. `part` is the part of a server
    that serves it; None for all of them.
    """

    method: str
    path: str
    handler: Handler
    policy: Policy
    summary: str
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    reply: type[BaseModel] | None = None
    status: int = 200
    pending: type[BaseModel] | None = None
    tag: str = ""
    errors: tuple[type[Exception], ...] = ()
    content: str = "application/json"
    streams: bool = False
    idempotent: bool = True
    body_optional: bool = False
    cache_control: str | None = None
    page: PageSource | None = None
    part: ServerPart | None = ServerPart.API
    notes: Mapping[str, str] = field(default_factory=dict)
