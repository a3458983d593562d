"""An aiohttp application out of rows of the route table."""

from __future__ import annotations

from collections.abc import Iterable

import aiohttp_cors
from aiohttp import web

from instasell_server.http.body import BODY_BYTES_MAX
from instasell_server.http.connections import CONNECTIONS, OpenConnections
from instasell_server.http.dispatch import Endpoint, endpoint_of
from instasell_server.http.middleware import Authenticate, Edge, add_headers
from instasell_server.http.ratelimit import RateLimits
from instasell_server.http.route import Route
from instasell_server.settings import Settings

ALLOWED_HEADERS = ("Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id")
EXPOSED_HEADERS = ("X-Request-Id", "RateLimit", "RateLimit-Policy", "Retry-After")
PREFLIGHT_SECONDS = 600


def make_application(
    routes: Iterable[Route],
    settings: Settings,
    limits: RateLimits,
    authenticate: Authenticate | None,
    connections: OpenConnections,
) -> web.Application:
    """The application that serves `routes`, with everything around them."""
    endpoints: dict[Endpoint, Route] = {}
    edge = Edge(
        routes=endpoints,
        authenticate=authenticate,
        limits=limits,
        trusted_proxies=settings.trusted_proxies,
        connections=connections,
    )

    app = web.Application(middlewares=[edge.handle], client_max_size=BODY_BYTES_MAX)
    app[CONNECTIONS] = connections
    app.on_response_prepare.append(add_headers)
    for route in routes:
        endpoint = endpoint_of(route)
        endpoints[endpoint] = route
        app.router.add_route(
            route.method, route.path, endpoint, expect_handler=_leave_to_middleware
        )
        if route.method == "GET" and not route.streams:
            app.router.add_route("HEAD", route.path, endpoint)
    if settings.cors_origins:
        _allow_origins(app, settings.cors_origins)
    return app


async def _leave_to_middleware(request: web.Request) -> None:
    """Do not ask for the body yet: nobody has looked at who sends it."""


def _allow_origins(app: web.Application, origins: Iterable[str]) -> None:
    options = aiohttp_cors.ResourceOptions(  # type: ignore[no-untyped-call]
        allow_credentials=False,
        allow_headers=ALLOWED_HEADERS,
        expose_headers=EXPOSED_HEADERS,
        max_age=PREFLIGHT_SECONDS,
    )
    cors = aiohttp_cors.setup(app, defaults=dict.fromkeys(origins, options))
    for route in list(app.router.routes()):
        if route.method != "HEAD":
            cors.add(route)
