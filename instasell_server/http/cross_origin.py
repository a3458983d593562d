"""Lets pages of configured origins call from a browser (the CORS protocol of the Fetch standard).

Written here because libraries set the headers by the route that was matched: a refusal before one,
such as 404, 405 or 429, came without them, and no page could read what was wrong.
"""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import hdrs, web

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, X-Request-Id"
EXPOSED_HEADERS = (
    "X-Request-Id, RateLimit, RateLimit-Policy, Retry-After, Allow, Content-Disposition"
)
PREFLIGHT_SECONDS = 600
ANY = "*"


class CrossOrigin:
    """Decide which origins may call; none by default."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origins)

    def is_preflight(self, request: web.BaseRequest) -> bool:
        """Tell whether a browser asks if a page may send a request."""
        return (
            request.method == hdrs.METH_OPTIONS
            and bool(self._origins)
            and hdrs.ORIGIN in request.headers
            and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
        )

    def allows(self, request: web.BaseRequest) -> bool:
        """Tell whether a request comes from a page that may call."""
        origin = request.headers.get(hdrs.ORIGIN)
        return origin is not None and (origin in self._origins or ANY in self._origins)

    def answer_preflight(self) -> web.Response:
        """Say what such a page may send; which paths there are, the request itself will show."""
        return web.Response(
            status=204,
            headers={
                hdrs.ACCESS_CONTROL_ALLOW_METHODS: METHODS,
                hdrs.ACCESS_CONTROL_ALLOW_HEADERS: ALLOWED_HEADERS,
                hdrs.ACCESS_CONTROL_MAX_AGE: str(PREFLIGHT_SECONDS),
            },
        )

    def add_headers(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        """Let the page read an answer, whatever it says."""
        if not self._origins:
            return
        response.headers.add(hdrs.VARY, hdrs.ORIGIN)
        if self.allows(request):
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = request.headers[hdrs.ORIGIN]
            response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = EXPOSED_HEADERS
