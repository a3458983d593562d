"""Every URL of the server, in one table.

The router, the authorisation, the OpenAPI document, `docs/api.md` and the tests are fed by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from instasell_client.models import operations as operations_models
from instasell_server.domains.operations import handlers as operations
from instasell_server.http.route import PUBLIC, Handler, Policy, Route
from instasell_server.settings import Part


def _get(path: str, handler: Handler, policy: Policy, summary: str, **more: Any) -> Route:
    return Route("GET", path, handler, policy, summary, **more)


def _operations() -> Iterable[Route]:
    always: dict[str, Any] = {"tag": "operations", "part": None}
    yield _get(
        "/healthz", operations.health, PUBLIC, "The process runs.",
        reply=operations_models.Health, cache_control="no-store", **always,
    )  # fmt: skip
    yield _get(
        "/readyz", operations.readiness, PUBLIC, "PostgreSQL answers and is migrated.",
        reply=operations_models.Readiness, cache_control="no-store", **always,
    )  # fmt: skip
    yield _get(
        "/metrics", operations.show_metrics, PUBLIC, "Metrics in the text format of Prometheus.",
        content="text/plain", cache_control="no-store", **always,
    )  # fmt: skip
    yield _get(
        "/openapi.json", operations.openapi, PUBLIC, "This API as an OpenAPI 3.1 document.", **always
    )
    yield _get(
        "/docs", operations.docs, PUBLIC, "This API as a page.", content="text/html", **always
    )


TABLE: tuple[Route, ...] = tuple(_operations())


def routes_of(parts: Iterable[Part]) -> list[Route]:
    """The rows that a process with these parts serves."""
    wanted = set(parts)
    return [route for route in TABLE if route.part is None or route.part in wanted]
