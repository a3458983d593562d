"""Stripe's form notation: `line_items[0][price_data][currency]=eur` is a tree."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from instasell_server.sandbox.errors import InvalidRequest

Tree = dict[str, Any]
"""Text, or trees again. A list is a tree whose keys are numbers."""

FIELDS_MAX = 1000
DEPTH_MAX = 8

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


def parse_form(encoded: str | bytes) -> Tree:
    """Parse a body or a query into a tree; raises `InvalidRequest`."""
    try:
        text = encoded if isinstance(encoded, str) else encoded.decode("utf-8")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError as error:
        raise InvalidRequest("Invalid request: the parameters cannot be decoded.") from error
    return _plant(pairs)


def _plant(pairs: Iterable[tuple[str, str]]) -> Tree:
    root: Tree = {}
    for key, value in pairs:
        *inner, last = _path(key)
        branch = root
        for name in inner:
            branch = branch.setdefault(name or str(len(branch)), {})
            if not isinstance(branch, dict):
                raise InvalidRequest(f"Invalid request: {key} is given in two ways.", param=key)
        if isinstance(branch.get(last), dict):
            raise InvalidRequest(f"Invalid request: {key} is given in two ways.", param=key)
        branch[last or str(len(branch))] = value
    return root


def _path(key: str) -> list[str]:
    match = _KEY.fullmatch(key)
    if match is None:
        raise InvalidRequest(f"Invalid request: unreadable parameter {key[:100]}", param=key[:100])
    path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
    if len(path) > DEPTH_MAX:
        raise InvalidRequest(f"Invalid request: {key[:100]} is nested too deep.", param=key[:100])
    return path
