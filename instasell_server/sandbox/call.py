"""One call of the API on its way through, what lists have in common, and `expand`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from instasell_server.sandbox.errors import InvalidRequest, Json
from instasell_server.sandbox.params import Params
from instasell_server.sandbox.records import Range, SandboxRecords
from instasell_server.sandbox.settings import Faults, SandboxSettings

LIMIT = 10
LIMIT_MAX = 100

_FIRST, _LAST = 0, 2**53


@dataclass(frozen=True, slots=True)
class SandboxCall:
    """Hold what an operation gets: it runs in the transaction, and returns the reply's body.

    `account` is the connected account that the caller acts for, or the platform. `base_url` is
    where pages of the sandbox are reached.
    """

    records: SandboxRecords
    params: Params
    account: str
    settings: SandboxSettings
    faults: Faults
    base_url: str
    path: str
    ids: Mapping[str, str] = field(default_factory=dict)


def list_page(call: SandboxCall, kind: str, fields: Mapping[str, list[str] | str | None]) -> Json:
    """Return a page of a list, newest first; fields whose value is None are not looked at."""
    params = call.params
    limit = params.find_integer("limit", 1, LIMIT_MAX) or LIMIT
    before = params.find_text("starting_after")
    after = params.find_text("ending_before")
    if before is not None and after is not None:
        raise InvalidRequest(
            "Give starting_after or ending_before, not both.", param="ending_before"
        )
    wanted = {
        name: [value] if isinstance(value, str) else value
        for name, value in fields.items()
        if value
    }
    found = call.records.list_objects(
        kind,
        call.account,
        wanted,
        _created(params),
        before=before,
        after=after,
        limit=limit + 1,
    )
    has_more = len(found) > limit
    if has_more:
        # The one too many is at the end that the page goes on from.
        found = found[1:] if after is not None else found[:-1]
    return {"object": "list", "data": found, "has_more": has_more, "url": call.path}


def _created(params: Params) -> Range:
    if not params.has_branch("created"):
        exact = params.find_integer("created", _FIRST)
        return Range(_FIRST, _LAST) if exact is None else Range(exact, exact)
    branch = params.find_branch("created")
    assert branch is not None
    first, last = _FIRST, _LAST
    for key, step in (("gte", 0), ("gt", 1)):
        bound = branch.find_integer(key)
        if bound is not None:
            first = max(first, bound + step)
    for key, step in (("lte", 0), ("lt", -1)):
        bound = branch.find_integer(key)
        if bound is not None:
            last = min(last, bound + step)
    return Range(first, last)


def expand(call: SandboxCall, body: Json, paths: list[str]) -> Json:
    """Put objects in the place of their ids: `latest_charge.balance_transaction`."""
    for path in paths:
        names = path.split(".")
        if body.get("object") == "list" and names[0] == "data":
            for each in body["data"]:
                _expand(call, each, names[1:], path)
        else:
            _expand(call, body, names, path)
    return body


def _expand(call: SandboxCall, body: Json, names: list[str], path: str) -> None:
    if not names:
        return
    name, *rest = names
    if name not in body:
        raise InvalidRequest(f"This property cannot be expanded ({path}).", param="expand[0]")
    value: Any = body[name]
    if isinstance(value, str):
        found = call.records.find_any(value, call.account)
        if found is None:
            raise InvalidRequest(f"This property cannot be expanded ({path}).", param="expand[0]")
        body[name] = value = found
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict):
            _expand(call, each, rest, path)
