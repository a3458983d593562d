"""The import of listings: one verdict for each row, from the server or because it is unreadable.

Rows stream in bodies of bounded size, several of them at once. What is in memory are the bodies
that wait for the server's answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from instasell_cli.input.rows.duplicates import Duplicates, PreparedRow, repeated
from instasell_cli.input.rows.files.row_file import RawRow, RowFile
from instasell_cli.input.rows.row_results import DUPLICATE, REJECTED, RowResult
from instasell_cli.input.rows.worker_pool import Job, WorkerPool

if TYPE_CHECKING:
    from instasell_cli.input.rows.images.uploader import Uploader
    from instasell_client.models.listings import BulkVerdict

BODY_ROWS_MAX = 500
BODY_CHARACTERS_MAX = 400_000
"""Near what the client sends in one request; of what is more it makes several."""


@dataclass
class ImportResult:
    """Rows with their verdicts, in the order of the file; `position` is where reading stood."""

    pairs: Sequence[tuple[RowResult, RawRow]]
    position: int


@dataclass
class _UploadBody:
    """Rows that go to the server together, and among them those that were refused here."""

    rows: list[tuple[PreparedRow, RowResult | None]] = field(default_factory=list)
    sent: list[Mapping[str, object]] = field(default_factory=list)
    characters: int = 0
    position: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= BODY_ROWS_MAX or self.characters >= BODY_CHARACTERS_MAX

    def add(self, prepared: PreparedRow, policy: Duplicates) -> None:
        verdict = _local_verdict(prepared, policy)
        self.rows.append((prepared, verdict))
        if verdict is not None:
            return
        self.sent.append(prepared.values)
        self.characters += sum(
            len(value) for value in prepared.values.values() if isinstance(value, str)
        )

    def job(self) -> Job[_UploadBody]:
        """Return the job. Rows of one seller_sku stay in order; a listing_id may be of any row."""
        skus = (row["seller_sku"] for row in self.sent if "seller_sku" in row)
        alone = any("listing_id" in row for row in self.sent)
        return Job(self, frozenset(str(sku).strip() for sku in skus), alone)


def judged_rows(
    crew: WorkerPool,
    file: RowFile,
    rows: Iterable[PreparedRow],
    policy: Duplicates = Duplicates.REFUSE,
    uploader: Uploader | None = None,
    *,
    dry_run: bool,
) -> Iterator[ImportResult]:
    """Send the rows, then their pictures, and yield the verdicts, in the order of the file.

    Raises what the server refuses the whole upload with. Rows that have a verdict by then stay.
    """

    async def send(body: _UploadBody) -> list[RowResult]:
        answers = crew.client.listings.bulk(body.sent, dry_run=dry_run) if body.sent else None
        told = iter([each async for each in answers] if answers is not None else [])
        verdicts = [refused or _verdict(each.row, next(told)) for each, refused in body.rows]
        prepared = [each for each, _ in body.rows]
        return verdicts if uploader is None else await _illustrated(uploader, prepared, verdicts)

    jobs = (body.job() for body in _bodies(file, rows, policy))
    for body, verdicts in crew.in_order(jobs, send):
        raw = (each.row for each, _ in body.rows)
        yield ImportResult([*zip(verdicts, raw, strict=True)], body.position)


async def _illustrated(
    uploader: Uploader, rows: Sequence[PreparedRow], verdicts: Sequence[RowResult]
) -> list[RowResult]:
    """Return the results with those of the pictures; a rejected row has none."""
    import asyncio

    async def pictures_of(row: PreparedRow, verdict: RowResult) -> RowResult:
        if not row.pictures or verdict.outcome in (REJECTED, DUPLICATE):
            return verdict
        found = await uploader.upload(
            verdict.ids["listing_id"], row.pictures, is_new=verdict.outcome == "created"
        )
        bad = [(each.field, each.message) for each in found if each.message is not None]
        return replace(verdict, errors=[*verdict.errors, *bad], pictures=found)

    pairs = zip(rows, verdicts, strict=True)
    return await asyncio.gather(*(pictures_of(row, verdict) for row, verdict in pairs))


def _bodies(
    file: RowFile, rows: Iterable[PreparedRow], policy: Duplicates
) -> Iterator[_UploadBody]:
    body = _UploadBody()
    for prepared in rows:
        body.add(prepared, policy)
        if body.is_full:
            body.position = file.progress()
            yield body
            body = _UploadBody()
    if body.rows:
        body.position = file.progress()
        yield body


def _verdict(row: RawRow, answer: BulkVerdict) -> RowResult:
    # The server counts the rows of a body, and people count the rows of their file.
    ids = {"listing_id": answer.listing_id, "seller_sku": answer.seller_sku}
    errors = [(error.field, error.message) for error in answer.errors]
    return RowResult(row.number, answer.outcome.value, ids, errors, ())


def _local_verdict(prepared: PreparedRow, policy: Duplicates) -> RowResult | None:
    """Return the result of a row that is not sent."""
    errors, outcome = [*prepared.errors], REJECTED
    if prepared.counted is not None:
        errors.append(repeated(prepared, policy))
        outcome = REJECTED if policy is Duplicates.REFUSE else DUPLICATE
    if not errors:
        return None
    sku = prepared.values.get("seller_sku")
    ids = {"listing_id": None, "seller_sku": sku if isinstance(sku, str) else None}
    return RowResult(prepared.row.number, outcome, ids, errors, ())
