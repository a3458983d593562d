"""The progress of an import, on a terminal only."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator

from instasell_cli.rows.reading import RowFile

Report = Callable[[int], None]


@contextlib.contextmanager
def shown_progress(file: RowFile) -> Iterator[Report]:
    """A bar on stderr with rows, their rate and the time left; elsewhere nothing at all."""
    if not sys.stderr.isatty():
        yield lambda rows: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR")))
    columns = (
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[rows]:,} rows"),
        TextColumn("{task.fields[rate]:,.0f} rows/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=file.total or None, rows=0, rate=0.0)

        def report(rows: int) -> None:
            elapsed = progress.tasks[0].elapsed or 1.0
            done = file.progress()
            progress.update(task, completed=done, rows=rows, rate=rows / max(elapsed, 0.001))

        yield report
