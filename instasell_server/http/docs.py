"""The OpenAPI document as one page that asks no other host for anything."""

from __future__ import annotations

import json
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from instasell_client.models.errors import InstaSellError, server_errors

Json = dict[str, Any]


def render_page(document: bytes) -> bytes:
    """Render the page of an OpenAPI document."""
    loaded: Json = json.loads(document)
    environment = Environment(
        loader=PackageLoader("instasell_server.http", "."),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["kind"] = kind_of
    operations = [
        {"method": method.upper(), "path": path, **operation}
        for path, methods in loaded["paths"].items()
        for method, operation in methods.items()
    ]
    page = environment.get_template("docs.html").render(
        info=loaded["info"],
        tags=loaded["tags"],
        operations=operations,
        schemas=dict(sorted(loaded["components"]["schemas"].items())),
        problems=sorted(
            (
                {"code": kind.code, "title": kind.title, "status": kind.status}
                for kind in server_errors().values()
                if kind is not InstaSellError
            ),
            key=lambda each: (each["status"], each["code"]),
        ),
    )
    return page.encode()


def kind_of(schema: Json) -> str:
    """Describe a schema in a few words: `integer 1..100`, `list of Bid`, `"new" | "used"`."""
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[1])
    for joiner in ("anyOf", "oneOf", "allOf"):
        if joiner in schema:
            return " | ".join(dict.fromkeys(kind_of(each) for each in schema[joiner]))
    if "enum" in schema:
        return " | ".join(json.dumps(each) for each in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        return _kind_of_list(schema)
    return kind + _limits(schema)


def _kind_of_list(schema: Json) -> str:
    if "prefixItems" in schema:
        return "[" + ", ".join(kind_of(each) for each in schema["prefixItems"]) + "]"
    return "list of " + kind_of(schema.get("items", {}))


def _limits(schema: Json) -> str:
    if "minimum" in schema or "maximum" in schema:
        return f" {schema.get('minimum', '')}..{schema.get('maximum', '')}"
    if "format" in schema:
        return f" ({schema['format']})"
    if "maxLength" in schema:
        return f", {schema.get('minLength', 0)} to {schema['maxLength']} characters"
    return ""
