"""The bulk upload: rows become NDJSON bodies of bounded size, and answers become verdicts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from instasell_client.errors import Invalid, ProtocolError
from instasell_client.errors.from_problem import error_from_problem
from instasell_client.models.base import JsonObject
from instasell_client.models.listings import BulkListing, BulkVerdict
from instasell_client.models.problems import Problem
from instasell_client.operation import (
    NDJSON,
    Operation,
    Pages,
    json_value,
    new_key,
)

ROWS_MAX = 500
BODY_BYTES_MAX = 512 * 1024

Row = BulkListing | Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RowResults:
    """Read the results of one body."""

    items: Sequence[BulkVerdict]
    next: None = None


def upload(rows: Iterable[Row], *, dry_run: bool) -> Pages[BulkVerdict]:
    """Yield one request for each body of rows.

    HTTP/1.1 clients send a whole body before they read the answer, so a single endless body would
    have both sides wait for each other; bodies of bounded size also can be sent again.
    """
    before = 0
    for lines in _bodies(rows):
        yield Operation(
            "POST",
            "/listings/bulk",
            partial(_verdicts, before=before, expected=len(lines)),
            query={"dry_run": "true"} if dry_run else {},
            body=b"".join(lines),
            content_type=NDJSON,
            accept=NDJSON,
            # The rows have keys of their own, which is what makes the retry safe; the server
            # keeps none for the upload.
            key=new_key(),
        )
        before += len(lines)


def _bodies(rows: Iterable[Row]) -> Iterator[Sequence[bytes]]:
    lines: list[bytes] = []
    size = 0
    for number, row in enumerate(rows, 1):
        line = _line(row, number)
        if lines and (len(lines) >= ROWS_MAX or size + len(line) > BODY_BYTES_MAX):
            yield lines
            lines, size = [], 0
        lines.append(line)
        size += len(line)
    if lines:
        yield lines


def _line(row: Row, number: int) -> bytes:
    if isinstance(row, BulkListing):
        return row.model_dump_json(exclude_unset=True).encode() + b"\n"
    if not isinstance(row, Mapping):
        raise Invalid.one(f"rows.{number}", "give a mapping of columns, or a BulkListing")
    return json_value(row) + b"\n"


def _verdicts(answer: bytes, *, before: int, expected: int) -> RowResults:
    results = [BulkVerdict.model_validate_json(line) for line in answer.splitlines() if line]
    if results and results[-1].problem is not None:
        raise error_from_problem(results[-1].problem)
    if [result.row for result in results] != list(range(1, expected + 1)):
        raise ProtocolError(f"{expected} rows were sent, and {len(results)} results came back")
    return RowResults([_shifted(result, before) for result in results])


def _shifted(result: BulkVerdict, before: int) -> BulkVerdict:
    return result.model_copy(update={"row": result.row + before}) if before else result


def read_row(line: bytes) -> JsonObject:
    """Return one line of an export."""
    row = json.loads(line)
    if not isinstance(row, dict):
        raise ProtocolError("a line of the export is not an object")
    if row.keys() == {"problem"}:
        # The export could not go on, as when the session ended meanwhile.
        raise error_from_problem(Problem.model_validate(row["problem"]))
    return row
