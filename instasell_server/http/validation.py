"""What pydantic found wrong, in sentences that name the remedy."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from instasell_client.models.base import UUID_PATTERN
from instasell_server.errors import Invalid
from instasell_server.http.body import shown_key

ERRORS_MAX = 100
_MEMBER = re.compile(r"<\w+\.\w+: ('[^']*')>")
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")

Remedy = str | Callable[[Mapping[str, Any]], str]

_INSTANT = "send an instant with its zone, as 2030-01-31T18:00:00Z"


def _pattern(context: Mapping[str, Any]) -> str:
    if context.get("pattern") == UUID_PATTERN:
        return "send an id, as 0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
    return f"send text of the form {context.get('pattern')}"


def _value(context: Mapping[str, Any]) -> str:
    return str(context.get("error", "send another value"))


REMEDIES: Mapping[str, Remedy] = {
    "missing": "give this field",
    "extra_forbidden": "remove this field; it is not one that can be set here",
    "string_type": "send text",
    "string_too_short": lambda c: f"send at least {c['min_length']} characters",
    "string_too_long": lambda c: f"send at most {c['max_length']} characters",
    "string_pattern_mismatch": _pattern,
    "int_type": "send a whole number, without quotes or decimals",
    "int_parsing": "send a whole number",
    "int_parsing_size": "send a smaller number",
    "int_from_float": "send a whole number, without decimals",
    "float_type": "send a number",
    "float_parsing": "send a number",
    "bool_type": "send true or false",
    "bool_parsing": "send true or false",
    "greater_than": lambda c: f"send more than {c['gt']}",
    "greater_than_equal": lambda c: f"send {c['ge']} or more",
    "less_than": lambda c: f"send less than {c['lt']}",
    "less_than_equal": lambda c: f"send {c['le']} or less",
    "enum": lambda c: f"send {c['expected']}",
    "literal_error": lambda c: "send " + _MEMBER.sub(r"\1", c["expected"]),
    "list_type": "send a list",
    "tuple_type": "send a list",
    "dict_type": "send an object",
    "model_type": "send a JSON object",
    "model_attributes_type": "send a JSON object",
    "too_short": lambda c: f"send at least {c['min_length']} entries",
    "too_long": lambda c: f"send at most {c['max_length']} entries",
    "datetime_type": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "datetime_object_invalid": _INSTANT,
    "timezone_aware": "add the time zone, as 2030-01-31T18:00:00Z",
    "string_unicode": "send valid Unicode",
    "value_error": _value,
}


def invalid_of(error: ValidationError, where: str) -> Invalid:
    """Every bad field of a body or query; `where` names what breaks a rule as a whole."""
    found: dict[tuple[str, str], None] = {}
    for each in error.errors(include_url=False, include_input=False)[:ERRORS_MAX]:
        field = _field(each["loc"], each["type"]) or where
        found[field, _message(each["type"], each.get("ctx", {}), each["msg"])] = None
    return Invalid(list(found))


def _message(kind: str, context: Mapping[str, Any], fallback: str) -> str:
    remedy = REMEDIES.get(kind, fallback)
    return remedy if isinstance(remedy, str) else remedy(context)


def _field(location: tuple[int | str, ...], kind: str) -> str:
    """The path of a field in the names of the wire; only an unknown key stays as it was sent."""
    last = len(location) - 1
    names = []
    for index, part in enumerate(location):
        if isinstance(part, int):
            names.append(str(part))
        elif index == last and kind == "extra_forbidden":
            names.append(shown_key(part))
        elif not _is_branch(part):
            names.append(_CAPITAL.sub("_", part).lower())
    return ".".join(names)


def _is_branch(part: str) -> bool:
    """Whether pydantic means a branch of a union and not a field: `literal['ebay','none']`."""
    return "[" in part or part in ("int", "str", "constrained-str", "constrained-int")
