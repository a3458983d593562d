"""Rows of YAML as `export -o yaml` writes it: a list of mappings, read entry by entry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TextIO

from instasell_cli.input.rows.files.encodings import bounded_lines
from instasell_cli.input.rows.files.row_file import (
    PROBLEM_CHARACTERS_KEPT,
    ROW_CHARACTERS_MAX,
    RawRow,
)

_NOT_ROWS = "it is not an entry of a list; write `- title: ...` for each row"


def entry_rows(text: TextIO) -> Iterator[RawRow]:
    """Yield the rows of a list; an entry begins with a dash at the start of a line."""
    number = 0
    for entry in _entries(text):
        if not entry.strip() or entry.strip() in ("[]", "---", "..."):
            continue
        number += 1
        yield _row(number, entry)


def _entries(text: TextIO) -> Iterator[str]:
    parts: list[str] = []
    size = 0
    for line in bounded_lines(text):
        if line.text.startswith(("-", "#", "...")) and parts:
            yield "".join(parts)
            parts, size = [], 0
        # One character more than a row may have is enough to see that it has too many.
        if size <= ROW_CHARACTERS_MAX:
            parts.append(line.text if not line.is_cut else "x" * (ROW_CHARACTERS_MAX + 1))
        size += len(parts[-1])
    yield "".join(parts)


def _row(number: int, entry: str) -> RawRow:
    if len(entry) > ROW_CHARACTERS_MAX:
        problem = f"it is longer than {ROW_CHARACTERS_MAX} characters"
        return RawRow(number, {}, line=entry[:PROBLEM_CHARACTERS_KEPT], problem=problem)
    try:
        found = _load(entry)
    except (ValueError, RecursionError) as error:
        return RawRow(number, {}, line=entry, problem=f"it is not YAML: {error}")
    if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], dict):
        return RawRow(number, {}, line=entry, problem=_NOT_ROWS)
    return RawRow(number, {str(key): value for key, value in found[0].items()}, line=entry)


def _load(entry: str) -> Any:
    """Read the value of an entry. Raises ValueError, also for references: they can explode."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if "*" in entry and any(
            isinstance(event, yaml.AliasEvent) for event in yaml.parse(entry, Loader=loader)
        ):
            raise ValueError("references (*name) are not taken here")
        return yaml.load(entry, Loader=loader)
    except yaml.YAMLError as error:
        raise ValueError(str(error).partition("\n")[0]) from error
