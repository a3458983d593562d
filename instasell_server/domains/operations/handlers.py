"""GET /healthz, /readyz, /metrics, /openapi.json and /docs."""

from __future__ import annotations

from aiohttp import web

from instasell_client.models.errors import Unavailable
from instasell_client.models.operations import Health, Readiness
from instasell_server import metrics
from instasell_server.domains.operations.service import OperationsService
from instasell_server.http.route import PUBLIC, Call, Route

SERVICE: web.AppKey[OperationsService] = web.AppKey("operations", OperationsService)

PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
    " img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


async def health(call: Call[None, None]) -> Health:
    """Reply that the process runs."""
    return Health()


async def readiness(call: Call[None, None]) -> Readiness:
    """Reply whether the process can serve."""
    return await call.service(SERVICE).readiness()


async def show_metrics(call: Call[None, None]) -> web.Response:
    """Return the text format of Prometheus."""
    body = await call.service(SERVICE).metrics()
    return web.Response(body=body, headers={"Content-Type": metrics.CONTENT_TYPE})


async def openapi(call: Call[None, None]) -> web.Response:
    """Return the OpenAPI document, made from the table of routes."""
    return web.Response(body=call.service(SERVICE).document(), content_type="application/json")


async def docs(call: Call[None, None]) -> web.Response:
    """Show the API's documentation, on one page that asks no other host for anything."""
    return web.Response(
        body=call.service(SERVICE).page(),
        content_type="text/html",
        charset="utf-8",
        headers={"Content-Security-Policy": PAGE_POLICY, "Referrer-Policy": "no-referrer"},
    )


ROUTES: list[Route] = [
    Route(
        "GET", "/healthz", health, PUBLIC, "Tell whether the process runs",
        reply=Health, cache_control="no-store", part=None, tag="operations",
    ),
    Route(
        "GET", "/readyz", readiness, PUBLIC, "Tell whether PostgreSQL answers and is migrated",
        reply=Readiness, cache_control="no-store", part=None, tag="operations",
        errors=(Unavailable,),
    ),
    Route(
        "GET", "/metrics", show_metrics, PUBLIC, "Export metrics in the text format of Prometheus",
        content="text/plain", cache_control="no-store", part=None, tag="operations",
    ),
    Route(
        "GET", "/openapi.json", openapi, PUBLIC, "Describe this API as an OpenAPI 3.1 document",
        part=None, tag="operations",
    ),
    Route(
        "GET", "/docs", docs, PUBLIC, "Show this API as a page",
        content="text/html", part=None, tag="operations",
    ),
]  # fmt: skip
