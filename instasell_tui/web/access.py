"""Guard the screen in the browser: one link, valid once and for a minute, and a cookie.

The server listens on loopback, where other people and other programs of the same computer are,
and where any page in the browser can send requests to. So everything lies under a path that
nobody can guess, and needs a cookie that only the link gives; the cookie is sent to that path
alone, for cookies are shared by all ports of a host. A `Host` of another name is a page that had
its name turned to this address, and a socket must come from our own page.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from time import monotonic

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

LINK_SECONDS = 60.0
COOKIE = "instasell_screen"
SECRET_BYTES = 32

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
        " font-src 'self'; img-src 'self' data:; connect-src 'self' {socket};"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_ENTERED = (
    '<!doctype html><meta http-equiv="refresh" content="0; url={base}/">'
    '<title>InstaSell</title><a href="{base}/">Open the screen</a>'
)


class WebAccess:
    """Admit only requests with the link. `place` is host and port, as in a URL."""

    def __init__(self, place: str, *, clock: Callable[[], float] = monotonic) -> None:
        self.base = f"/{secrets.token_urlsafe(SECRET_BYTES)}"
        self._place = place
        self._clock = clock
        self._pass = secrets.token_urlsafe(SECRET_BYTES)
        self._link: tuple[str, float] | None = None
        self._headers = {
            name: value.format(socket=f"ws://{place}") for name, value in _HEADERS.items()
        }

    def new_link(self) -> str:
        """Return an address that admits one browser, once. The one before is no longer valid."""
        key = secrets.token_urlsafe(SECRET_BYTES)
        self._link = key, self._clock() + LINK_SECONDS
        return f"http://{self._place}{self.base}/enter/{key}"

    async def enter(self, request: web.Request) -> web.StreamResponse:
        """Exchange the link for the cookie.

        The page goes on by itself: a redirect that began on another page would not take a
        SameSite=Strict cookie along.
        """
        if not self._redeem(request.match_info["key"]):
            raise web.HTTPForbidden(text="This link was used, or is too old. Ask for another one.")
        response = web.Response(text=_ENTERED.format(base=self.base), content_type="text/html")
        response.set_cookie(
            COOKIE, self._pass, path=f"{self.base}/", httponly=True, samesite="Strict"
        )
        return response

    def _redeem(self, key: str) -> bool:
        link = self._link
        if link is None or not hmac.compare_digest(link[0].encode(), key.encode()):
            return False
        self._link = None
        return self._clock() < link[1]

    @property
    def guard(self) -> Middleware:
        """Return the middleware that everything passes."""

        @web.middleware
        async def pass_by(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._check(request)
            return await handler(request)

        return pass_by

    async def set_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Put on every answer, refusals and downloads too, what browsers are to keep to."""
        response.headers.update(self._headers)

    def _check(self, request: web.Request) -> None:
        """Raise HTTPForbidden for everybody who did not come by the link, and for their pages."""
        hosts = request.headers.getall("Host", [])
        if hosts != [self._place]:
            raise web.HTTPForbidden(text="This address answers to another name.")
        if request.match_info.handler == self.enter:
            return
        origins = request.headers.getall("Origin", [])
        is_socket = request.headers.get("Upgrade", "").lower() == "websocket"
        if origins != [f"http://{self._place}"] and (origins or is_socket):
            raise web.HTTPForbidden(text="Another page asks.")
        shown = request.cookies.get(COOKIE, "")
        if not hmac.compare_digest(shown.encode(), self._pass.encode()):
            raise web.HTTPForbidden(text="Open the link that the terminal shows.")
