"""The progress through a file of rows, on a terminal only."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Protocol

from instasell_cli.input.rows.files.row_file import RowFile


class Progress(Protocol):
    """Told of every stretch of rows: how many have a verdict, and where in the file that is."""

    def __call__(self, rows: int, position: int) -> None:
        """Show it."""


@contextlib.contextmanager
def shown_progress(file: RowFile) -> Iterator[Progress]:
    """Show a bar on stderr with rows, their rate and the time left; elsewhere nothing at all.

    The time left is that of the rows since the first report, so that rows which were skipped make
    no promise of speed.
    """
    if not sys.stderr.isatty():
        yield lambda rows, position: None
        return
    from rich import progress as bars
    from rich.console import Console

    console = Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR")))
    columns = (
        bars.BarColumn(bar_width=24),
        bars.TextColumn("{task.percentage:>3.0f}%"),
        bars.TextColumn("{task.fields[rows]:,} rows"),
        bars.TextColumn("{task.fields[rate]:,.0f} rows/s"),
        bars.TimeRemainingColumn(),
        bars.TextColumn("left"),
    )
    with bars.Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=file.total or None, rows=0, rate=0.0)

        def report(rows: int, position: int) -> None:
            if rows == 0:
                progress.reset(task, completed=position)
                return
            elapsed = max(progress.tasks[0].elapsed or 0.0, 0.001)
            progress.update(task, completed=position, rows=rows, rate=rows / elapsed)

        yield report
