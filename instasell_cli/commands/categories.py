"""`instasell categories`: the tree that admins keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from instasell_cli.categories_tree import CategoryMaker, flattened
from instasell_cli.context import opened
from instasell_cli.exits import UsageProblem
from instasell_cli.options import command, group
from instasell_cli.rows.opening import opened_text
from instasell_cli.shapes import CATEGORY, CATEGORY_IMPORT, record_of

if TYPE_CHECKING:
    from instasell_cli.output import Output
    from instasell_client import InstaSell

app = group(
    "The tree of categories.",
    "categories list",
    'categories create "Toys > Trains"',
)

LINE_CHARACTERS_MAX = 2000


@command(app, "list", "Every category, and how much is in it.", "categories list")
def list_(ctx: typer.Context) -> None:
    """`categories list`."""
    with opened(ctx) as (client, output):
        run_list(client, output)


def run_list(client: InstaSell, output: Output) -> None:
    """Prints the tree, in order of name."""
    nodes = flattened(client.categories.tree().items)
    records = (record_of(node) for node in nodes)
    output.many(CATEGORY, ({name: each[name] for name in CATEGORY.fields} for each in records))


@command(
    app,
    "create",
    "For admins: create a category, with those above it that are missing.",
    'categories create "Toys > Trains"',
)
def create(
    ctx: typer.Context,
    path: Annotated[str, typer.Argument(help='From wide to narrow: "Toys > Trains".')],
) -> None:
    """`categories create`."""
    with opened(ctx) as (client, output):
        run_import(client, output, [path])


@command(
    app,
    "import",
    "For admins: create the categories of a file that are missing. It has a path in each line.",
    "categories import categories.txt",
    "$ printf 'Toys > Trains\\n' | instasell categories import -",
)
def import_(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(help="A file, or - for stdin.")],
) -> None:
    """`categories import`."""
    with opened(ctx) as (client, output), opened_text(file) as lines:
        run_import(client, output, _paths(lines))


def run_import(client: InstaSell, output: Output, paths: Iterable[str]) -> None:
    """Creates what is missing; the same paths again create nothing."""
    maker = CategoryMaker(client)
    output.many(CATEGORY_IMPORT, _made(maker, paths))


def _made(maker: CategoryMaker, paths: Iterable[str]) -> Iterator[Mapping[str, object]]:
    for path in paths:
        found, made = maker.make(path)
        yield {"path": path, "id": found, "outcome": "created" if made else "unchanged"}


def _paths(lines: TextIO) -> Iterator[str]:
    for number, line in enumerate(iter(lambda: lines.readline(LINE_CHARACTERS_MAX), ""), 1):
        if len(line) >= LINE_CHARACTERS_MAX:
            raise UsageProblem(f"line {number} is too long to be the path of a category")
        if line.strip() and not line.startswith("#"):
            yield line.strip()
