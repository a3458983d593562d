"""Turn the problem that a server answers into the error of its code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from instasell_client.models.errors import (
    Conflict,
    Forbidden,
    InstaSellError,
    Invalid,
    Malformed,
    MethodNotAllowed,
    NotFound,
    RateLimited,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
    server_errors,
)

if TYPE_CHECKING:
    from instasell_client.models.problems import Problem


_BY_STATUS: Mapping[int, type[InstaSellError]] = {
    **{kind.status: kind for kind in (Malformed, Unauthenticated, Forbidden, NotFound)},
    **{kind.status: kind for kind in (MethodNotAllowed, Conflict, TooLarge, Unsupported)},
    **{kind.status: kind for kind in (Invalid, RateLimited, Unavailable)},
    **dict.fromkeys((502, 504), Unavailable),
}


def class_for(code: str, status: int) -> type[InstaSellError]:
    """Return the class of a code; for a code of a newer server the nearest class by its status."""
    return server_errors().get(code) or _BY_STATUS.get(status, InstaSellError)


def error_from_problem(problem: Problem) -> InstaSellError:
    """Return the error that a problem body describes, with every member that the body has."""
    kind = class_for(problem.code, problem.status)
    data = dict(problem.model_extra or {})
    error: InstaSellError
    if issubclass(kind, Invalid):
        entries = [(entry.field, entry.message) for entry in problem.errors or ()]
        error = kind(entries, problem.detail, request_id=problem.request_id)
    else:
        error = kind(problem.detail, request_id=problem.request_id)
    error.data = data
    error.code, error.title, error.status = problem.code, problem.title, problem.status
    return error
