"""From the problem that a server answers to the class of its code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from instasell_client.errors import (
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
)

if TYPE_CHECKING:
    from instasell_client.models.problems import Problem


def tree() -> dict[str, type[InstaSellError]]:
    """Every error class by its code."""
    found: dict[str, type[InstaSellError]] = {}
    waiting: list[type[InstaSellError]] = [InstaSellError]
    while waiting:
        kind = waiting.pop()
        found[kind.code] = kind
        waiting.extend(kind.__subclasses__())
    return found


_BY_STATUS: Mapping[int, type[InstaSellError]] = {
    **{kind.status: kind for kind in (Malformed, Unauthenticated, Forbidden, NotFound)},
    **{kind.status: kind for kind in (MethodNotAllowed, Conflict, TooLarge, Unsupported)},
    **{kind.status: kind for kind in (Invalid, RateLimited, Unavailable)},
    **dict.fromkeys((502, 504), Unavailable),
}


def class_for(code: str, status: int) -> type[InstaSellError]:
    """The class of a code; for a code of a newer server the nearest class by its status."""
    return tree().get(code) or _BY_STATUS.get(status, InstaSellError)


def error_from_problem(problem: Problem) -> InstaSellError:
    """The error that a problem body describes, with every member that the body has."""
    kind = class_for(problem.code, problem.status)
    data = dict(problem.model_extra or {})
    error: InstaSellError
    if issubclass(kind, Invalid):
        error = kind(problem.errors or (), problem.detail)
    else:
        error = kind(problem.detail)
    error.data = data
    error.code, error.title, error.status = problem.code, problem.title, problem.status
    error.request_id = problem.request_id
    return error
