"""The pages people see: where a customer pays, and where a seller is onboarded.

They work without JavaScript and ask no other host for anything. What is posted with
`Accept: application/json` is answered in JSON.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from instasell_server.sandbox import checkout, connect
from instasell_server.sandbox.api import Handler
from instasell_server.sandbox.body import read_body
from instasell_server.sandbox.checkout import LineItem
from instasell_server.sandbox.errors import (
    ApiError,
    BodyRefused,
    Declined,
    InvalidRequest,
    Json,
    Missing,
)
from instasell_server.sandbox.form import parse_form
from instasell_server.sandbox.money import format_amount
from instasell_server.sandbox.payments import DECLINED_CARD, GOOD_CARD
from instasell_server.sandbox.records import SandboxRecords
from instasell_server.sandbox.settings import SandboxSettings
from instasell_server.sandbox.store import Store

PAY, DECLINE, CANCEL = "pay", "decline", "cancel"
CARDS = {PAY: GOOD_CARD, DECLINE: DECLINED_CARD}
JSON = "application/json"
GONE = 410
CANCELLED = "Nothing was paid. You can still pay here, or close this page."


class _Shown(NamedTuple):
    session: Json
    items: list[LineItem]
    error: ApiError | None = None


class Pages:
    """Serves the pages."""

    def __init__(self, store: Store, settings: SandboxSettings) -> None:
        self._store = store
        self._settings = settings
        self._environment = Environment(
            loader=PackageLoader("instasell_server.sandbox", "."),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["money"] = format_amount

    def add_routes(self, app: web.Application) -> None:
        """Put the pages into the application's router."""
        app.router.add_route("GET", "/pay/{id}", self._in_html(self.show_payment))
        app.router.add_route("POST", "/pay/{id}", self._in_html(self.pay))
        app.router.add_route("GET", "/onboard/{id}", self._in_html(self.show_onboarding))
        app.router.add_route("POST", "/onboard/{id}", self._in_html(self.onboard))

    async def show_payment(self, request: web.Request) -> web.StreamResponse:
        """Show what is to be paid, and the buttons."""
        shown = await self._look(request)
        return self._payment(request, shown, "")

    async def pay(self, request: web.Request) -> web.StreamResponse:
        """Do what the button says. Paying what is paid already changes nothing."""
        action = await _action(request)
        if action == CANCEL:
            shown = await self._look(request)
            url = shown.session["cancel_url"]
            if url is None or shown.session["status"] != "open" or _wants_json(request):
                return self._payment(request, shown, CANCELLED)
            raise web.HTTPSeeOther(url)
        session_id = request.match_info["id"]
        shown = await self._store.transact(lambda records: self._pay(records, session_id, action))
        url = checkout.success_url(shown.session)
        if shown.session["status"] == "complete" and url and not _wants_json(request):
            raise web.HTTPSeeOther(url)
        return self._payment(request, shown, "")

    async def show_onboarding(self, request: web.Request) -> web.StreamResponse:
        """Show whose account it is, and the button."""
        link_id = request.match_info["id"]
        link, account, over = await self._store.transact(lambda records: _link(records, link_id))
        if over:
            raise web.HTTPSeeOther(link["refresh_url"])
        return self._page("onboard", 200, {"account": account}, link["return_url"])

    async def onboard(self, request: web.Request) -> web.StreamResponse:
        """Onboard the account, and send its owner back."""
        link_id = request.match_info["id"]

        def work(records: SandboxRecords) -> tuple[Json, Json, bool]:
            link, account, over = _link(records, link_id)
            if not over:
                account = connect.onboard(records, account["id"])
            return link, account, over

        link, account, over = await self._store.transact(work)
        if _wants_json(request):
            if over:
                raise InvalidRequest("This account link has expired.", status=GONE)
            return web.json_response(account)
        raise web.HTTPSeeOther(link["refresh_url"] if over else link["return_url"])

    async def _look(self, request: web.Request) -> _Shown:
        session_id = request.match_info["id"]
        return await self._store.transact(lambda records: _shown(records, session_id))

    def _pay(self, records: SandboxRecords, session_id: str, action: str) -> _Shown:
        shown = _shown(records, session_id)
        if shown.session["status"] != "open":
            return shown
        try:
            checkout.pay(records, self._settings, shown.session, CARDS[action])
        except Declined as declined:
            return shown._replace(error=declined)
        return shown

    def _payment(self, request: web.Request, shown: _Shown, note: str) -> web.Response:
        session, error = shown.session, shown.error
        if _wants_json(request):
            if error is not None:
                raise error
            if session["status"] == "expired":
                raise InvalidRequest("This Checkout Session has expired.", status=GONE)
            redirect = checkout.success_url(session) if session["status"] == "complete" else None
            return web.json_response({"session": session, "redirect": redirect})
        status = GONE if session["status"] == "expired" else 200
        values = {
            "session": session,
            "items": shown.items,
            "note": note,
            "error": error.error["message"] if error else "",
            "back": checkout.success_url(session),
        }
        status = error.status if error is not None else status
        return self._page("pay", status, values, session["success_url"], session["cancel_url"])

    def _page(
        self, kind: str, status: int, values: dict[str, Any], *targets: str | None
    ) -> web.Response:
        text = self._environment.get_template("page.html").render(page=kind, **values)
        # Browsers hold the redirect after a form to form-action, so its targets are there, too.
        hosts = ["'self'", *sorted({_origin(each) for each in targets if each is not None})]
        policy = (
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
            f" frame-ancestors 'none'; form-action {' '.join(hosts)}"
        )
        return web.Response(
            status=status,
            text=text,
            content_type="text/html",
            headers={
                "Content-Security-Policy": policy,
                "Cache-Control": "no-store",
                "Referrer-Policy": "no-referrer",
                "X-Content-Type-Options": "nosniff",
            },
        )

    def _in_html(self, handler: Handler) -> Handler:
        """Show errors as a page to those who did not ask for JSON."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except ApiError as error:
                if _wants_json(request) or isinstance(error, BodyRefused):
                    raise
                return self._page("error", error.status, {"error": error.error["message"]})

        return handle


def _shown(records: SandboxRecords, session_id: str) -> _Shown:
    session = checkout.find_session(records, session_id)
    if session is None:
        raise Missing("checkout.session", session_id)
    return _Shown(session, checkout.line_items(records, session_id))


def _link(records: SandboxRecords, link_id: str) -> tuple[Json, Json, bool]:
    link = connect.find_link(records, link_id)
    if link is None:
        raise Missing("account_link", link_id)
    return link, records.get("account", link["account"]), connect.is_over(records, link)


async def _action(request: web.Request) -> str:
    body = await read_body(request)
    given: Any = {}
    if request.content_type == JSON and body:
        try:
            given = json.loads(body)
        except ValueError as error:
            raise InvalidRequest("The body is not valid JSON.") from error
    elif body:
        given = parse_form(body)
    action = given.get("action", PAY) if isinstance(given, dict) else None
    if action not in (PAY, DECLINE, CANCEL):
        raise InvalidRequest("Invalid action: must be one of pay, decline, cancel", param="action")
    return str(action)


def _wants_json(request: web.Request) -> bool:
    return JSON in request.headers.get("Accept", "")


def _origin(url: str) -> str:
    address = urlsplit(url)
    return f"{address.scheme}://{address.netloc.rpartition('@')[2]}"
