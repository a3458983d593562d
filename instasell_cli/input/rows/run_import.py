"""Import a file of listings, from its first row or from where an import was cut off."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from instasell_cli.exit_codes import UsageProblem
from instasell_cli.input.files import STDIN
from instasell_cli.input.rows import run_rows as bulk
from instasell_cli.input.rows.checkpoint import (
    Checkpoint,
    CheckpointEntry,
    journal_path,
    journals_folder,
)
from instasell_cli.input.rows.duplicates import Duplicates, RowIndex
from instasell_cli.input.rows.files.reader import opened_rows
from instasell_cli.input.rows.files.row_file import RowFile
from instasell_cli.input.rows.listing_import import ImportResult, judged_rows
from instasell_cli.input.rows.row_results import ResultTotals, RowResult
from instasell_cli.input.rows.worker_pool import WorkerPool
from instasell_cli.output.amounts import market_currency
from instasell_cli.output.schemas import VERDICT
from instasell_cli.output.writer import OutputWriter

if TYPE_CHECKING:
    from instasell_cli.input.rows.images.upload_log import PictureLog
    from instasell_client import InstaSell


@dataclass(frozen=True)
class ImportOptions(bulk.BulkOptions):
    """An import as typed. One that `keeps` a journal can go on where it was cut off."""

    resume: bool = False
    keeps: bool = False
    duplicates: Duplicates = Duplicates.REFUSE
    images_from: str | None = None

    @property
    def images_folder(self) -> Path:
        """Return where the pictures of the rows are: beside the file, unless a folder was named."""
        if self.images_from is not None:
            return Path(self.images_from)
        return Path() if self.file == STDIN else Path(self.file).parent


def run_import(client: InstaSell, output: OutputWriter, options: ImportOptions) -> ResultTotals:
    """Import a file, print verdicts and the summary. Raises UsageProblem for an unusable file."""
    if options.resume and not options.keeps:
        raise UsageProblem("--resume: name a file, and leave --dry-run out")
    if options.duplicates is Duplicates.LAST and not os.path.isfile(options.file):
        raise UsageProblem("--duplicates last: name a file; a pipe cannot be read twice")
    from instasell_cli.input.rows.images.uploader import Uploader
    from instasell_client import AsyncInstaSell

    columns, tally = options.columns(market_currency(client)), ResultTotals()
    with ExitStack() as stack:
        journal, mark = _journal(stack, client, output, options, columns.notation.currency)
        index = stack.enter_context(RowIndex(options.duplicates))
        if options.duplicates is Duplicates.LAST:
            with opened_rows(options.file, options.form) as ahead:
                index.read_ahead(ahead.rows, columns)
        tally.before = mark.done - len(mark.rejected)
        crew = stack.enter_context(
            WorkerPool(
                AsyncInstaSell(client.base_url, client.token), options.concurrency, output.note
            )
        )
        uploader = Uploader(
            crew,
            options.images_folder,
            lambda: _picture_log(client),
            dry_run=options.dry_run,
        )
        stack.callback(lambda: crew.run(uploader.aclose()))

        def judge(file: RowFile) -> Iterator[ImportResult]:
            # Rows that are done count as well: those behind them may be about the same listing.
            prepared = (index.prepare(row, columns) for row in file.rows)
            rows = (each for each in prepared if mark.wants(each.row.number))
            return judged_rows(crew, file, rows, index.policy, uploader, dry_run=options.dry_run)

        def after(verdicts: Sequence[RowResult]) -> None:
            if journal is not None:
                rejected = (each.row for each in verdicts if each.needs_mending)
                journal.add(verdicts[-1].row, rejected)

        try:
            bulk.run_rows(output, options, columns, VERDICT, bulk.RowWork(judge, after, tally))
        except BaseException as error:
            if not options.dry_run and (tally.rows or isinstance(error, KeyboardInterrupt)):
                again = "with --resume goes on there" if journal else "again changes nothing twice"
                output.note(f"what is done stays; the same command {again}")
            raise
        if journal is not None:
            journal.remove()
    return tally


def _journal(
    stack: ExitStack, client: InstaSell, output: OutputWriter, options: ImportOptions, currency: str
) -> tuple[Checkpoint | None, CheckpointEntry]:
    """Return the checkpoint of this import, begun, and what an earlier one has left to do."""
    if not options.keeps:
        return None, CheckpointEntry()
    meaning = (
        *(client.base_url, _account(client), str(options.form), currency),
        *(str(options.decimal_mark), options.duplicates),
        *(*sorted(options.maps), "", *sorted(options.sets)),
    )
    try:
        journal = Checkpoint(journal_path(journals_folder(), options.file, meaning), output.note)
    except OSError as error:
        raise UsageProblem(f"{options.file}: {error.strerror}") from error
    stack.callback(journal.close)
    found = journal.read()
    mark = CheckpointEntry()
    if options.resume and found is not None:
        mark = found
    elif options.resume:
        output.note("no import of this file was cut off; it begins at the first row")
    elif found is not None and found.done:
        output.note(f"an import of this file was cut off after row {found.done}; --resume goes on")
    journal.begin(mark)
    return journal, mark


def _picture_log(client: InstaSell) -> PictureLog:
    from instasell_cli.input.rows.images.upload_log import PictureLog

    account = f"{client.base_url} {_account(client)}"
    try:
        return PictureLog(journals_folder() / "pictures.sqlite", account)
    except OSError as error:
        raise UsageProblem(f"{error}; without it, pictures would be added twice") from error


def _account(client: InstaSell) -> str:
    from instasell_client import Forbidden

    try:
        return client.auth.me().id
    except Forbidden:
        # A token that may create listings need not be one that may read the account.
        return hashlib.sha256(str(client.token).encode()).hexdigest()
