"""An aiohttp application out of rows of the route table."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from instasell_client.models.errors import MethodNotAllowed
from instasell_server.config.settings import Settings
from instasell_server.http.body import BODY_BYTES_MAX
from instasell_server.http.client_address import networks_of
from instasell_server.http.connections import CONNECTIONS, OpenConnections
from instasell_server.http.cross_origin import CrossOrigin
from instasell_server.http.dispatch import Endpoint, endpoint_of
from instasell_server.http.middleware import Authenticate, RequestMiddleware
from instasell_server.http.page_lane import LANE, PageLane
from instasell_server.http.ratelimit import RateLimits
from instasell_server.http.route import Route

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def make_application(
    routes: Iterable[Route],
    settings: Settings,
    limits: RateLimits,
    authenticate: Authenticate | None,
    connections: OpenConnections,
) -> web.Application:
    """Make the application that serves `routes`, with everything around them."""
    endpoints: dict[Endpoint, Route] = {}
    proxies = networks_of(settings.trusted_proxies)
    edge = RequestMiddleware(
        routes=endpoints,
        authenticate=authenticate,
        limits=limits,
        proxies=proxies,
        connections=connections,
        cross_origin=CrossOrigin(settings.cors_origins),
    )

    app = web.Application(middlewares=[edge.handle], client_max_size=BODY_BYTES_MAX)
    app[CONNECTIONS] = connections
    routes = list(routes)
    app[LANE] = PageLane(
        app,
        routes,
        limits=limits,
        connections=connections,
        proxies=proxies,
        varies_by_origin=bool(settings.cors_origins),
    )
    app.on_response_prepare.append(edge.add_headers)
    for route in routes:
        endpoint = endpoint_of(route)
        endpoints[endpoint] = route
        app.router.add_route(
            route.method, route.path, endpoint, expect_handler=_leave_to_middleware
        )
        if route.method == "GET" and not route.streams:
            app.router.add_route("HEAD", route.path, endpoint)
    _refuse_other_methods(app, endpoints.values())
    return app


async def _leave_to_middleware(request: web.Request) -> None:
    """Do not ask for the body yet: nobody has looked at who sends it."""


def _refuse_other_methods(app: web.Application, routes: Iterable[Route]) -> None:
    """Answer 405 where a path without ids does not take a method.

    `GET /listings/bulk` would otherwise be looked for as the listing with the id `bulk`.
    """
    taken: dict[str, set[str]] = {}
    for route in routes:
        if "{" not in route.path:
            methods = taken.setdefault(route.path, set())
            methods.update((route.method, "HEAD") if route.method == "GET" else (route.method,))
    for path, methods in taken.items():
        refuse = _refusal_of(sorted(methods))
        for method in METHODS - methods:
            app.router.add_route(method, path, refuse)


def _refusal_of(allowed: list[str]) -> Endpoint:
    async def refuse(request: web.Request) -> web.StreamResponse:
        raise MethodNotAllowed(f"the path takes {', '.join(allowed)}", allowed=allowed)

    return refuse
