"""Write errors as the problem bodies of RFC 9457; WebSocket refusals carry the same body."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from instasell_client.models import errors
from instasell_client.models.problems import FieldError, Problem

CONTENT_TYPE = "application/problem+json"
RETRY_SECONDS = 1
ERRORS_SHOWN_MAX = 100
CLOSING: Mapping[str, str] = {"Connection": "close"}


def problem_of(error: errors.InstaSellError, request_id: str | None = None) -> Problem:
    """Return the body that describes an error. A 500 says nothing but that it happened."""
    kind = type(error)
    if kind.status == 500:
        return Problem(
            type="about:blank",
            title=errors.InstaSellError.title,
            status=500,
            code=errors.InstaSellError.code,
            request_id=request_id,
        )
    fields = None
    if isinstance(error, errors.Invalid):
        fields = [
            FieldError(field=field, message=message)
            for field, message in error.errors[:ERRORS_SHOWN_MAX]
        ]
    members = {
        "type": f"/docs#{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": error.detail,
        "code": kind.code,
        "request_id": request_id,
        "errors": fields,
    }
    return Problem.model_validate({**error.data, **members})


def problem_response(error: errors.InstaSellError, request_id: str | None) -> web.Response:
    """Return the reply to a request that failed."""
    problem = problem_of(error, request_id)
    body = problem.model_dump_json(exclude_none=True).encode()
    response = web.Response(body=body, status=problem.status, content_type=CONTENT_TYPE)
    response.headers["Cache-Control"] = "no-store"
    _add_headers(response, error)
    return response


def _add_headers(response: web.Response, error: errors.InstaSellError) -> None:
    if isinstance(error, errors.Unauthenticated):
        response.headers["WWW-Authenticate"] = 'Bearer realm="instasell"'
    elif isinstance(error, errors.MethodNotAllowed):
        response.headers["Allow"] = ", ".join(error.data.get("allowed", ()))
    elif error.retryable:
        seconds = float(error.data.get("retry_after_seconds", RETRY_SECONDS))
        response.headers["Retry-After"] = str(max(1, math.ceil(seconds)))


def problem_bytes(
    error: errors.InstaSellError, request_id: str, more: Mapping[str, str] = CLOSING
) -> bytes:
    """Return a whole answer as bytes, with `more` headers; without them it ends the connection."""
    response = problem_response(error, request_id)
    assert isinstance(response.body, bytes)
    headers = {
        **response.headers,
        "Content-Length": str(len(response.body)),
        "X-Request-Id": request_id,
        "X-Content-Type-Options": "nosniff",
        "Server": "InstaSell",
        **more,
    }
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + response.body


def error_of(failure: web.HTTPException) -> errors.InstaSellError:
    """Return the market's error for one that aiohttp raised before or around a handler."""
    if isinstance(failure, web.HTTPMethodNotAllowed):
        allowed = sorted(failure.allowed_methods)
        return errors.MethodNotAllowed(f"the path takes {', '.join(allowed)}", allowed=allowed)
    if isinstance(failure, web.HTTPRequestEntityTooLarge):
        return errors.TooLarge()
    if failure.status == 404:
        return errors.NotFound("there is no such path; /docs lists them")
    if failure.status < 500:
        return errors.Malformed("the request is not valid HTTP")
    return errors.InstaSellError()
