"""Turns a row of the route table into a handler of aiohttp.

In order: the policy, the ids of the path, the query, the body, the handler, the reply.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, get_args

from aiohttp import web
from pydantic import AliasChoices, BaseModel, TypeAdapter, ValidationError
from yarl import URL

from instasell_client.models.base import IdempotencyKey
from instasell_client.models.errors import (
    InstaSellError,
    Invalid,
    NotFound,
    server_errors,
)
from instasell_server.db.idempotency import RequestKey
from instasell_server.db.transaction import GUARD
from instasell_server.http.admission import admit
from instasell_server.http.body import hash_of, read_json, read_query
from instasell_server.http.encoded_page import EncodedPage, PageSource, page_response
from instasell_server.http.request_context import PASSAGE
from instasell_server.http.rights import RIGHTS, RequestGuard
from instasell_server.http.route import Call, Policy, Route
from instasell_server.http.validation import invalid_of
from instasell_server.ports.principal import Principal

Endpoint = Callable[[web.Request], Awaitable[web.StreamResponse]]

IDEMPOTENCY_HEADER = "Idempotency-Key"
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_WHOLE_NUMBER = re.compile(r"-?[0-9]+", re.ASCII)
_NAMES = re.compile(r"\{(\w+)\}")
_KEY: TypeAdapter[str] = TypeAdapter(IdempotencyKey)


def endpoint_of(route: Route) -> Endpoint:
    """Return the handler that aiohttp calls for a route."""
    ids = [name for name in _NAMES.findall(route.path) if name.endswith("id")]
    not_found = {name: not_found_of(name) for name in ids}
    read_query = query_reader_of(route)
    public_cache = route.cache_control or "no-cache"
    guards = route.method in WRITES

    async def endpoint(request: web.Request) -> web.StreamResponse:
        principal = admit(route.policy, request[PASSAGE].principal)
        # The context outlives the request: the next one on the connection has it, too.
        GUARD.set(_guard(request, route.policy, principal) if guards else None)
        path = _path(request.match_info, not_found) if ids else request.match_info
        query = read_query(request.rel_url)
        if route.page is not None and principal is None:
            return await _public_page(route.page, request, path, query, public_cache)
        body, content = await _body(route, request) if route.body else (None, None)
        key = _request_key(route, request, principal, content)
        call = Call(request, principal, body, query, path, key)
        reply = await route.handler(call)
        if isinstance(reply, web.StreamResponse):
            if not reply.prepared and "Cache-Control" not in reply.headers:
                reply.headers["Cache-Control"] = public_cache if principal is None else "no-store"
            return reply
        return _respond(route, reply, public_cache if principal is None else "no-store")

    return endpoint


async def _public_page(
    source: PageSource,
    request: web.Request,
    path: Mapping[str, str],
    query: BaseModel | None,
    cache_control: str,
) -> web.Response:
    found = source(request.app, path, query)
    page = found if isinstance(found, EncodedPage) else await found
    if isinstance(page, InstaSellError):
        # One refusal is raised for all who waited, and would gather the frames of each.
        raise page.with_traceback(None)
    return page_response(request, page, cache_control)


def _guard(
    request: web.Request, policy: Policy, principal: Principal | None
) -> RequestGuard | None:
    rights = request.app.get(RIGHTS)
    if rights is None or principal is None:
        return None
    return RequestGuard(rights, policy, principal)


def _all_optional(route: Route) -> bool:
    return route.query is not None and not any(
        field.is_required() for field in route.query.model_fields.values()
    )


@functools.cache
def not_found_of(name: str) -> type[NotFound]:
    """Return the error of a path id: `auction_id` that is no UUID is an AuctionNotFound."""
    kind = server_errors().get(f"{name.removesuffix('_id')}_not_found", NotFound)
    return kind if issubclass(kind, NotFound) else NotFound


def _path(given: Mapping[str, str], ids: Mapping[str, type[NotFound]]) -> Mapping[str, str]:
    path = dict(given)
    for name, error in ids.items():
        if _UUID.fullmatch(path[name]) is None:
            raise error
        path[name] = path[name].lower()
    return path


def whole_number_parameters(model: type[BaseModel]) -> frozenset[str]:
    """Return the names of a query's parameters that are whole numbers, in all their spellings."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        if _names_int(field.annotation):
            alias = field.validation_alias
            found.add(name)
            if isinstance(alias, AliasChoices):
                found.update(each for each in alias.choices if isinstance(each, str))
            elif isinstance(alias, str):
                found.add(alias)
    return frozenset(found)


def _names_int(annotation: Any) -> bool:
    return annotation is int or any(_names_int(each) for each in get_args(annotation))


def query_reader_of(route: Route) -> Callable[[URL], BaseModel | None]:
    """Return what reads the query of a route's requests. It raises Invalid."""
    model = route.query
    whole_numbers = whole_number_parameters(model) if model else frozenset()
    empty = model.model_validate({}) if model and _all_optional(route) else None

    def read(url: URL) -> BaseModel | None:
        if empty is not None and not url.raw_query_string:
            return empty
        given = read_query(url)
        # Pydantic reads numbers as Python does: 1_000, +5, and with spaces around them.
        odd = [
            name
            for name, value in given.items()
            if name in whole_numbers and _WHOLE_NUMBER.fullmatch(value) is None
        ]
        if odd:
            raise Invalid([(name, "send a whole number, in digits alone") for name in odd])
        if model is None:
            if given:
                raise Invalid(
                    [(name, "remove this parameter; it is not known here") for name in given]
                )
            return None
        try:
            return model.model_validate(given)
        except ValidationError as error:
            raise invalid_of(error, "query") from None

    return read


async def _body(route: Route, request: web.Request) -> tuple[BaseModel | None, Any]:
    assert route.body is not None
    if route.streams:
        return None, None
    content: Any = {}
    if request.can_read_body or not route.body_optional:
        content = await read_json(request)
    try:
        return route.body.model_validate(content), content
    except ValidationError as error:
        raise invalid_of(error, "body") from None


def _request_key(
    route: Route, request: web.Request, principal: Principal | None, content: Any
) -> RequestKey | None:
    key = request.headers.get(IDEMPOTENCY_HEADER)
    if key is None or principal is None or not route.idempotent or route.method not in WRITES:
        return None
    try:
        _KEY.validate_python(key)
    except ValidationError:
        raise Invalid.one(
            IDEMPOTENCY_HEADER, "send 1 to 128 printable ASCII characters without spaces"
        ) from None
    return RequestKey(principal.user_id, route.method, request.path, key, hash_of(content))


def _respond(route: Route, reply: BaseModel | None, cache_control: str) -> web.Response:
    if reply is None:
        return web.Response(status=204, headers={"Cache-Control": cache_control})
    return web.Response(
        body=reply.__pydantic_serializer__.to_json(reply),
        status=202 if route.pending and isinstance(reply, route.pending) else route.status,
        headers={"Cache-Control": cache_control, "Content-Type": "application/json"},
    )
