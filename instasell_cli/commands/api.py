"""`instasell api`: any call of the interface."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from instasell_cli.context import invocation
from instasell_cli.exit_codes import UsageProblem
from instasell_cli.input.files import opened_text
from instasell_cli.options import command
from instasell_cli.output.writer import Format, OutputWriter

if TYPE_CHECKING:
    from instasell_client import InstaSell

BODY_CHARACTERS_MAX = 1024 * 1024
READING = ("GET", "HEAD", "OPTIONS", "DELETE")


@dataclass(frozen=True)
class ApiOptions:
    """A call as typed. `fields` are read as JSON where they are JSON, `texts` never."""

    method: str
    path: str
    fields: Sequence[str] = ()
    texts: Sequence[str] = ()
    body: str | None = None
    paginate: bool = False


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    command(
        app,
        "api",
        "Call any API path with your token and print the JSON. Fields go"
        " into the query of a GET or DELETE, and into the body of anything else.",
        "api GET /auctions/live -f limit=5",
        "api POST /auctions/ID/bid -f amount=1250",
        "api GET /listings --paginate -o jsonl",
        "api GET /listings --jq '.items[].title'",
        "api POST /listings --input listing.json",
    )(api)


def api(
    ctx: typer.Context,
    method: Annotated[str, typer.Argument(help="GET, POST, PUT, PATCH or DELETE.")],
    path: Annotated[str, typer.Argument(help="As /auctions/live.")],
    fields: Annotated[
        list[str] | None,
        typer.Option(
            "-f", "--field", help="A value: numbers, true and null as such.", metavar="K=V"
        ),
    ] = None,
    texts: Annotated[
        list[str] | None,
        typer.Option("-F", "--raw-field", help="A value that is text.", metavar="K=V"),
    ] = None,
    body: Annotated[
        str | None, typer.Option("--input", help="A file with the JSON body, or -.", metavar="FILE")
    ] = None,
    paginate: Annotated[bool, typer.Option("--paginate", help="Follow a list to its end.")] = False,
) -> None:
    """Read the options of a call, and make it."""
    options = ApiOptions(method.upper(), path, fields or (), texts or (), body, paginate)
    call = invocation(ctx)
    with call.client() as client:
        run_api(client, call.output, options)


def run_api(client: InstaSell, output: OutputWriter, options: ApiOptions) -> None:
    """Make the call, and print the answer. Raises what the server answers."""
    if output.form in (Format.CSV, Format.NAME, Format.WIDE) or output.fields:
        raise UsageProblem("api prints JSON; use -o json, jsonl or yaml, and --jq for fields")
    given = {**_pairs(options.fields, "-f", typed=True), **_pairs(options.texts, "-F", typed=False)}
    reading = options.method in READING
    body = _body(options.body)
    if not reading and given:
        if body is not None:
            raise UsageProblem("give fields or --input, not both")
        body = given
    query = dict(given) if reading else {}
    while True:
        answer = client.api(options.method, options.path, query=query, body=body)
        _print(output, answer)
        following = answer.get("next") if isinstance(answer, dict) else None
        if not (options.paginate and reading and following is not None):
            return
        cursor = "after_seq" if isinstance(following, int) else "cursor"
        query = {**query, cursor: following}


def _print(output: OutputWriter, answer: Any) -> None:
    if answer is None:
        return
    if output.form is Format.JSONL:
        items = answer.get("items") if isinstance(answer, dict) else None
        for item in items if isinstance(items, list) else [answer]:
            output.document(item)
        return
    output.document(answer)


def _pairs(pairs: Sequence[str], option: str, *, typed: bool) -> Mapping[str, object]:
    found: dict[str, object] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise UsageProblem(f"{option}: {pair!r} is not a pair; write it as key=value")
        found[name] = _typed(value) if typed else value
    return found


def _typed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _body(name: str | None) -> Any:
    if name is None:
        return None
    with opened_text(name) as file:
        text = file.read(BODY_CHARACTERS_MAX + 1)
    try:
        found = json.loads(text) if len(text) <= BODY_CHARACTERS_MAX else None
    except (ValueError, RecursionError) as error:
        raise UsageProblem(f"{name}: it is not JSON: {error}") from error
    if not isinstance(found, dict | list):
        raise UsageProblem(f"{name}: give a JSON object or array of 1 MiB at most")
    return found
