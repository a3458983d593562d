"""Files of categories: a path in each line, or CSV, JSON and YAML with paths or trees."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import PurePath

from instasell_cli.exit_codes import UsageProblem
from instasell_cli.input.category_paths import SEPARATOR

CHARACTERS_MAX = 1024 * 1024
PATHS_MAX = 10_000
DEPTH_MAX = 50
"""How deep a tree in a file is read; the market refuses paths far shorter than that."""

PATH_COLUMN = "path"


class CategoryFormat(StrEnum):
    """Name the ways in which a file has its categories."""

    LINES = "lines"
    CSV = "csv"
    JSON = "json"
    YAML = "yaml"


_BY_ENDING = {
    ".csv": CategoryFormat.CSV,
    ".json": CategoryFormat.JSON,
    ".yaml": CategoryFormat.YAML,
    ".yml": CategoryFormat.YAML,
}


def format_of(name: str) -> CategoryFormat:
    """Return the format that a file's ending says; without one it has a path in each line."""
    return _BY_ENDING.get(PurePath(name).suffix.lower(), CategoryFormat.LINES)


def read_paths(text: str, form: CategoryFormat, name: str) -> list[str]:
    """Return the paths of a file in their order. Raises UsageProblem for what is no such file."""
    if len(text) > CHARACTERS_MAX:
        raise UsageProblem(f"{name}: it is too long; give {CHARACTERS_MAX:,} characters at most")
    try:
        found = [*_READERS[form](text)]
    except (ValueError, RecursionError, csv.Error) as error:
        raise UsageProblem(f"{name}: {error}") from error
    if len(found) > PATHS_MAX:
        raise UsageProblem(f"{name}: there are {len(found):,} paths; give {PATHS_MAX:,} at most")
    return found


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()


def _csv(text: str) -> Iterator[str]:
    """Read the column `path`; or else each row's cells are the names from wide to narrow."""
    rows = csv.reader(io.StringIO(text), strict=True)
    header = [cell.strip() for cell in next(rows, [])]
    lowered = [cell.lower() for cell in header]
    if PATH_COLUMN not in lowered:
        raise ValueError(f"it has no column {PATH_COLUMN!r}; the first line names the columns")
    place = lowered.index(PATH_COLUMN)
    for row in rows:
        if any(cell.strip() for cell in row):
            yield row[place].strip() if len(row) > place else ""


def _json(text: str) -> Iterator[str]:
    return _items(json.loads(text), (), 0)


def _yaml(text: str) -> Iterator[str]:
    import yaml

    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error).replace("\n", " ")) from error
    return _items(document, (), 0)


def _items(value: object, above: tuple[str, ...], depth: int) -> Iterator[str]:
    """Read a list of paths, of objects with `path` or with `name` and `children`, or a mapping."""
    if depth > DEPTH_MAX:
        raise ValueError(f"it is nested deeper than {DEPTH_MAX}")
    if isinstance(value, list):
        for item in value:
            yield from _items(item, above, depth + 1)
    elif isinstance(value, dict) and (PATH_COLUMN in value or "name" in value):
        if PATH_COLUMN in value:
            path = (*above, str(value[PATH_COLUMN]))
        else:
            path = (*above, str(value["name"]))
        yield SEPARATOR.join(path)
        yield from _items(value.get("children") or [], path, depth + 1)
    elif isinstance(value, dict):
        for name, below in value.items():
            path = (*above, str(name))
            yield SEPARATOR.join(path)
            yield from _items([] if below is None else below, path, depth + 1)
    elif isinstance(value, str):
        yield SEPARATOR.join((*above, value))
    else:
        raise ValueError("give a list of paths, or a tree of names and children")


_READERS = {
    CategoryFormat.LINES: _lines,
    CategoryFormat.CSV: _csv,
    CategoryFormat.JSON: _json,
    CategoryFormat.YAML: _yaml,
}
