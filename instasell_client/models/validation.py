"""Say in plain sentences what pydantic finds wrong: the field, the limit, what to send instead.

The client uses them before it sends, and the server in its 422 answers, so that people read one
kind of sentence. Nothing of pydantic's own wording passes: a test provokes every error that a
model can make.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from instasell_client.models.base import UUID_PATTERN
from instasell_client.models.text import clean

ERRORS_MAX = 100
KEY_SHOWN_MAX = 64
_MEMBER = re.compile(r"<\w+\.\w+: ('[^']*')>")
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")
_BRANCHES = frozenset(
    {"int", "float", "str", "bool", "bytes", "none", "date", "datetime", "list", "tuple", "dict"}
)

Remedy = str | Callable[[Mapping[str, Any]], str]

_INSTANT = "send an instant with its zone, as 2030-01-31T18:00:00Z"
_DATE = "send a date, as 2030-01-31"
_OTHER = "send another value; this one cannot be used here"

_FORMS: Mapping[str, str] = {
    UUID_PATTERN: "send an id, as 0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11",
    r"^[^@\s]+@[^@\s]+\.[^@\s.]+$": "send an e-mail address, as name@example.com",
    r"^[\x21-\x7e]+$": "send printable ASCII characters without spaces",
    r"^[a-z_]{1,60}$": "send the name of an action, as resolve_dispute",
    r"^[A-Z]{2}$": "send the two capital letters of a country, as DE",
    r"^[A-Z]{3}$": "send the three capital letters of a currency, as USD",
}
"""The patterns of the models; a regular expression says nothing to most people."""


def _count(number: object, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _entries(number: object) -> str:
    return "1 entry" if number == 1 else f"{number} entries"


def _form(context: Mapping[str, Any]) -> str:
    pattern = str(context.get("pattern"))
    return _FORMS.get(pattern, f"send text of the form {pattern}")


def _reason(context: Mapping[str, Any]) -> str:
    return str(context.get("error", _OTHER))


REMEDIES: Mapping[str, Remedy] = {
    "missing": "give this field",
    "extra_forbidden": "remove this field; it is not one that can be set here",
    "frozen_field": "leave this field out; it cannot be changed",
    "none_required": "leave this field out",
    "string_type": "send text",
    "string_sub_type": "send text",
    "string_too_short": lambda c: f"send at least {_count(c['min_length'], 'character')}",
    "string_too_long": lambda c: f"send at most {_count(c['max_length'], 'character')}",
    "string_pattern_mismatch": _form,
    "string_unicode": "send valid Unicode",
    "bytes_type": "send text",
    "int_type": "send a whole number, without quotes or decimals",
    "int_parsing": "send a whole number",
    "int_parsing_size": "send a smaller number",
    "int_from_float": "send a whole number, without decimals",
    "float_type": "send a number",
    "float_parsing": "send a number",
    "finite_number": "send a finite number",
    "bool_type": "send true or false",
    "bool_parsing": "send true or false",
    "greater_than": lambda c: f"send more than {c['gt']}",
    "greater_than_equal": lambda c: f"send {c['ge']} or more",
    "less_than": lambda c: f"send less than {c['lt']}",
    "less_than_equal": lambda c: f"send {c['le']} or less",
    "multiple_of": lambda c: f"send a multiple of {c['multiple_of']}",
    "enum": lambda c: f"send {c['expected']}",
    "literal_error": lambda c: "send " + _MEMBER.sub(r"\1", c["expected"]),
    "list_type": "send a list",
    "tuple_type": "send a list",
    "set_type": "send a list",
    "frozen_set_type": "send a list",
    "dict_type": "send an object",
    "mapping_type": "send an object",
    "model_type": "send a JSON object",
    "model_attributes_type": "send a JSON object",
    "dataclass_type": "send a JSON object",
    "json_invalid": "send valid JSON",
    "json_type": "send valid JSON",
    "invalid_key": "use text as the name of each field",
    "too_short": lambda c: f"send at least {_entries(c['min_length'])}",
    "too_long": lambda c: f"send at most {_entries(c['max_length'])}",
    "datetime_type": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "datetime_object_invalid": _INSTANT,
    "timezone_aware": "add the time zone, as 2030-01-31T18:00:00Z",
    "timezone_offset": "add the time zone, as 2030-01-31T18:00:00Z",
    "datetime_past": "send an instant in the past",
    "datetime_future": "send an instant in the future",
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "url_type": "send an address, as https://example.com",
    "url_parsing": "send an address, as https://example.com",
    "url_scheme": "send an address that begins with http:// or https://",
    "url_too_long": lambda c: f"send at most {_count(c['max_length'], 'character')}",
    "union_tag_invalid": lambda c: f"send one of {c['expected_tags']}",
    "union_tag_not_found": "give the field that says what kind it is",
    "value_error": _reason,
    "assertion_error": _reason,
}


def field_errors(error: ValidationError, where: str) -> list[tuple[str, str]]:
    """Return every bad field with a sentence about it, each pair once.

    Args:
        error: What a model found wrong.
        where: The field for what breaks a rule of the whole, as "body".
    """
    entries: dict[tuple[str, str], None] = {}
    for problem in error.errors(include_url=False)[:ERRORS_MAX]:
        field = field_name(problem["loc"], problem["type"]) or where
        kind = problem["type"]
        if isinstance(problem["input"], str) and kind in ("too_short", "too_long"):
            # A text whose type has checks of its own is measured as any other collection.
            kind = f"string_{kind}"
        entries[field, sentence(kind, problem.get("ctx", {}))] = None
    return list(entries)


def describe_error(error: ValidationError) -> str:
    """Return what is wrong with an answer or a file that should have fitted, in one sentence."""
    [first, *_] = error.errors(include_url=False, include_input=False)
    field = field_name(first["loc"], first["type"])
    if first["type"] == "json_invalid":
        return "it is not JSON"
    if first["type"] == "missing":
        return f"the field {field} is missing"
    return f"the field {field} is not as expected" if field else "it is not as expected"


def sentence(kind: str, context: Mapping[str, Any]) -> str:
    """Return the sentence for a type of pydantic's errors and its data."""
    remedy = REMEDIES.get(kind, _OTHER)
    return remedy if isinstance(remedy, str) else remedy(context)


def field_name(location: tuple[int | str, ...], kind: str) -> str:
    """Return the path of a field in the names of the wire.

    Only an unknown key stays as it was sent, cut and without what could steer a terminal.
    """
    last = len(location) - 1
    names = []
    for index, part in enumerate(location):
        if isinstance(part, int):
            names.append(str(part))
        elif index == last and kind == "extra_forbidden":
            names.append(clean(part[:KEY_SHOWN_MAX]))
        elif not _is_branch(part):
            names.append(_CAPITAL.sub("_", part).lower())
    return ".".join(names)


def _is_branch(part: str) -> bool:
    """Return whether pydantic means a branch of a union: `literal['ebay','none']`."""
    return "[" in part or part in _BRANCHES or part.startswith("constrained-")
