"""The OpenAPI 3.1 document, made from the table of routes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from instasell_client.models import errors
from instasell_client.models.problems import Problem
from instasell_server.http.dispatch import IDEMPOTENCY_HEADER, WRITES, not_found_of
from instasell_server.http.problems import CONTENT_TYPE
from instasell_server.http.route import EVERYBODY, Route

REF = "#/components/schemas/{model}"
DESCRIPTION = (
    "Amounts are integer minor units of the market's one currency. Instants are RFC 3339 with a"
    " zone. Lists are paged by `cursor` and `limit`. Every error is `application/problem+json`"
    " (RFC 9457) with a stable `code`. Send `Idempotency-Key` with writes that may be repeated."
    " Live events come over the WebSocket at `/ws`."
)
TAGS = {
    "auth": "Accounts, sign-in and the tokens of scripts.",
    "lookups": "Find ids by their beginning, by SKU or by title.",
    "categories": "The tree that listings are sorted into.",
    "listings": "Items for sale.",
    "media": "Pictures of listings, and evidence in disputes.",
    "auctions": "Auctions and bids.",
    "orders": "From a purchase or a won auction to the payout of the seller.",
    "disputes": "Complaints of buyers about orders whose money is held.",
    "wallet": "Balance and gas, and every movement of both.",
    "payments": "Webhooks and pages of the payment provider.",
    "messages": "Conversations between buyers and sellers.",
    "notifications": "News about your bids, orders and listings, and what you follow.",
    "admin": "Running the market: users, disputes, alerts and figures.",
    "live": "The WebSocket.",
    "operations": "Probes, metrics and this document.",
}

_NAMES = re.compile(r"\{(\w+)\}")
_UNLIMITED = frozenset({"/healthz", "/readyz", "/metrics", "/webhooks/stripe", "/media/{token}"})

Json = dict[str, Any]
Mode = Literal["validation", "serialization"]


def render_document(table: Iterable[Route]) -> bytes:
    """Render the document as JSON."""
    return json.dumps(make_document(table), ensure_ascii=False, separators=(",", ":")).encode()


def make_document(table: Iterable[Route]) -> Json:
    """Make the document as Python values."""
    routes = list(table)
    refs, definitions = _schemas(routes)
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, refs)
    used = [tag for tag in TAGS if any(route.tag == tag for route in routes)]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "InstaSell",
            "version": _version(),
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag, "description": TAGS[tag]} for tag in used],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The `token` of POST /auth/login, or of POST /auth/tokens.",
                }
            },
            "headers": _HEADERS,
        },
    }


def _version() -> str:
    try:
        return version("instasell")
    except PackageNotFoundError:
        return "0"


def _schemas(routes: Iterable[Route]) -> tuple[dict[tuple[type, str], Json], Json]:
    wanted: dict[tuple[type[BaseModel], Mode], None] = {(Problem, "serialization"): None}
    for route in routes:
        if route.body is not None:
            wanted[route.body, "validation"] = None
        if route.reply is not None:
            wanted[route.reply, "serialization"] = None
        if route.pending is not None:
            wanted[route.pending, "serialization"] = None
    found, schema = models_json_schema(list(wanted), by_alias=False, ref_template=REF)
    refs: dict[tuple[type, str], Json] = {(kind, mode): ref for (kind, mode), ref in found.items()}
    return refs, schema.get("$defs", {})


def _operation(route: Route, refs: Mapping[tuple[type, str], Json]) -> Json:
    operation: Json = {
        "operationId": f"{route.tag}_{route.handler.__name__}",
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_headers(route)],
        "responses": {**_success(route, refs), **_failures(route)},
        "security": _security(route),
        "x-roles": sorted(role.value for role in route.policy.roles),
        "x-suspended-allowed": route.policy.suspended,
    }
    if route.notes:
        operation["description"] = "\n\n".join(route.notes.values())
    if not route.policy.anonymous:
        operation["x-scope"] = route.policy.scope.value if route.policy.scope else None
    if route.body is not None:
        kind = "application/x-ndjson" if route.streams else "application/json"
        schema = refs[route.body, "validation"]
        operation["requestBody"] = {
            "required": not route.body_optional,
            "content": {kind: {"schema": schema}},
        }
    return operation


def _path_parameters(route: Route) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        | ({"schema": {"type": "string", "format": "uuid"}} if name.endswith("id") else {})
        for name in _NAMES.findall(route.path)
    ]


def _query_parameters(route: Route) -> list[Json]:
    if route.query is None:
        return []
    schema = _inlined(route.query.model_json_schema(by_alias=False))
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": field}
        for name, field in schema.get("properties", {}).items()
    ]


def _inlined(schema: Json) -> Json:
    """Return a schema with its references replaced; queries are never nested."""
    definitions = schema.pop("$defs", {})

    def resolve(value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                name = value["$ref"].rsplit("/", 1)[1]
                rest = {key: child for key, child in value.items() if key != "$ref"}
                return resolve({**definitions[name], **rest})
            return {key: resolve(child) for key, child in value.items()}
        return [resolve(child) for child in value] if isinstance(value, list) else value

    resolved: Json = resolve(schema)
    return resolved


def _headers(route: Route) -> list[Json]:
    if not takes_key(route):
        return []
    return [
        {
            "name": IDEMPOTENCY_HEADER,
            "in": "header",
            "required": False,
            "description": "One for each intended effect; a repeat gets the first reply.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 128},
        }
    ]


def takes_key(route: Route) -> bool:
    """Return whether an Idempotency-Key can identify a repeat of the request."""
    return route.method in WRITES and route.idempotent and not route.policy.anonymous


def _security(route: Route) -> list[Json]:
    bearer: Json = {"bearer": []}
    return [{}, bearer] if route.policy.anonymous else [bearer]


def _success(route: Route, refs: Mapping[tuple[type, str], Json]) -> Json:
    reply: Json = {
        "description": HTTPStatus(route.status).phrase,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS},
    }
    if route.reply is not None:
        kind = "application/x-ndjson" if route.streams else route.content
        reply["content"] = {kind: {"schema": refs[route.reply, "serialization"]}}
    elif route.status == 200:
        schema = {"type": "object" if route.content == "application/json" else "string"}
        reply["content"] = {route.content: {"schema": schema}}
    if route.pending is None:
        return {str(route.status): reply}
    schema = refs[route.pending, "serialization"]
    accepted = {
        **reply,
        "description": HTTPStatus.ACCEPTED.phrase,
        "content": {route.content: {"schema": schema}},
    }
    return {str(route.status): reply, "202": accepted}


def _failures(route: Route) -> Json:
    by_status: dict[int, list[type[errors.InstaSellError]]] = {}
    for kind in errors_of(route):
        by_status.setdefault(kind.status, []).append(kind)
    return {
        str(status): {
            "description": "; ".join(f"{kind.title} (`{kind.code}`)" for kind in kinds),
            "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, kinds in sorted(by_status.items())
    }


def errors_of(route: Route) -> list[type[errors.InstaSellError]]:
    """Return every error that a route answers with: its own, and those of the way to it."""
    found: dict[type[errors.InstaSellError], None] = {}
    if route.path not in _UNLIMITED:
        found |= {errors.Unauthenticated: None, errors.RateLimited: None}
    if not route.policy.anonymous:
        found[errors.ScopeMissing] = None
        if route.policy.roles != EVERYBODY:
            found[errors.Forbidden] = None
        if not route.policy.suspended:
            found[errors.AccountSuspended] = None
    # A parameter that a route does not know is refused, so any route may answer so.
    found[errors.Invalid] = None
    if route.body is not None:
        found |= {errors.Malformed: None, errors.TooLarge: None, errors.Unsupported: None}
    if takes_key(route):
        found |= {errors.IdempotencyKeyReused: None, errors.StillRunning: None}
        found[errors.OutcomeUnknown] = None
    for name in _NAMES.findall(route.path):
        if name.endswith("id"):
            found[not_found_of(name)] = None
    for kind in route.errors:
        if issubclass(kind, errors.InstaSellError):
            found[kind] = None
    if route.path != "/healthz":
        found[errors.Unavailable] = None
    return list(found)


_HEADERS: Json = {
    "X-Request-Id": {
        "description": "Names the request in the server's log; a sane one of yours is kept.",
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": "What is left: `r` requests for `t` seconds.",
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": "What is allowed: `q` requests in `w` seconds.",
        "schema": {"type": "string"},
    },
}
