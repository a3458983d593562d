"""`instasell categories`: the tree that admins keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.context import open_client
from instasell_cli.exit_codes import ExitCode, UsageProblem, message_of
from instasell_cli.input.category_files import (
    CHARACTERS_MAX,
    CategoryFormat,
    format_of,
    read_paths,
)
from instasell_cli.input.category_paths import CategoryMaker, flatten_tree
from instasell_cli.input.files import opened_text
from instasell_cli.options import command, group
from instasell_cli.output.schemas import CATEGORY, CATEGORY_IMPORT, record_of

if TYPE_CHECKING:
    from instasell_cli.output.writer import OutputWriter
    from instasell_client import InstaSell

app = group(
    "List categories; for admins: create them.",
    "categories list",
    'categories create "Toys > Trains"',
)


@command(
    app,
    "list",
    "List every category with its number of listings.",
    "categories list",
    records=CATEGORY,
)
def list_(ctx: typer.Context) -> None:
    """Fetch the tree of categories, and print it."""
    with open_client(ctx) as (client, output):
        run_list(client, output)


def run_list(client: InstaSell, output: OutputWriter) -> None:
    """Print the tree, in order of name."""
    nodes = flatten_tree(client.categories.tree().items)
    records = (record_of(node) for node in nodes)
    output.many(CATEGORY, ({name: each[name] for name in CATEGORY.fields} for each in records))


@command(
    app,
    "create",
    "For admins: create a category, with those above it that are missing.",
    'categories create "Toys > Trains"',
    records=CATEGORY_IMPORT,
)
def create(
    ctx: typer.Context,
    path: Annotated[str, typer.Argument(help='From wide to narrow: "Toys > Trains".')],
) -> None:
    """Create the last category of a path and those that are missing above it."""
    with open_client(ctx) as (client, output):
        found, made = CategoryMaker(client).make(path)
        record = {"path": path, "id": found, "outcome": "created" if made else "unchanged"}
        output.many(CATEGORY_IMPORT, [{"row": 1, **record, "message": None}])


@command(
    app,
    "import",
    "For admins: create the categories of a file that are missing. Run again it creates nothing."
    " A text has a path in each line, CSV a column `path`; JSON and YAML have a list of paths, or"
    " a tree. Each path gets a verdict; exit 7 when some were rejected.",
    "categories import categories.txt",
    "categories import categories.yaml -o jsonl",
    "$ printf 'Toys > Trains\\n' | instasell categories import -",
    "$ instasell categories list -o csv --fields path | instasell categories import - --format csv",
    records=CATEGORY_IMPORT,
)
def import_(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(help="A file, or - for stdin.")],
    form: Annotated[
        CategoryFormat | None,
        typer.Option(
            "--format", help="Set the format (default: by the file's ending, else lines)."
        ),
    ] = None,
) -> None:
    """Create the categories of a file; end with PARTLY when some were rejected."""
    with open_client(ctx) as (client, output):
        with opened_text(file) as source:
            text = source.read(CHARACTERS_MAX + 1)
        paths = read_paths(text, form or format_of(file), "stdin" if file == "-" else file)
        if run_import(client, output, paths):
            raise typer.Exit(ExitCode.PARTLY)


def run_import(client: InstaSell, output: OutputWriter, paths: Sequence[str]) -> int:
    """Create what is missing, print a verdict for each path, and return how many were rejected.

    Raises Forbidden for all but admins.
    """
    maker = CategoryMaker(client)
    rejected = 0

    def verdicts() -> Iterator[Mapping[str, object]]:
        nonlocal rejected
        for row, path in enumerate(paths, 1):
            record = {"row": row, "path": path, **_verdict(maker, path)}
            rejected += record["outcome"] == "rejected"
            yield record

    output.many(CATEGORY_IMPORT, verdicts())
    if rejected:
        output.note(f"{rejected:,} of {len(paths):,} paths were rejected")
    return rejected


def _verdict(maker: CategoryMaker, path: str) -> Mapping[str, object]:
    from instasell_client import Conflict, Invalid

    try:
        found, made = maker.make(path)
    except (UsageProblem, Conflict, Invalid) as error:
        return {"id": None, "outcome": "rejected", "message": message_of(error)}
    return {"id": found, "outcome": "created" if made else "unchanged", "message": None}
