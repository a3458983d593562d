"""`instasell disputes evidence`: files for both sides of a dispute and the admins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.commands.images import whole
from instasell_cli.context import opened
from instasell_cli.options import command
from instasell_cli.output import cleaned
from instasell_cli.shapes import EVIDENCE, record_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from instasell_cli.output import Output
    from instasell_client import InstaSell


def add_to(app: typer.Typer) -> None:
    """Declares the command in the group of disputes."""
    command(
        app,
        "evidence",
        "Send files to an open dispute. Pictures, PDFs and texts in UTF-8, ten for each side; the"
        " other side and the admins see them, and nobody takes one back.",
        "disputes evidence DISPUTE broken.jpg invoice.pdf",
    )(evidence)


def evidence(
    ctx: typer.Context,
    dispute_id: Annotated[str, typer.Argument(help="The id of the dispute.", metavar="DISPUTE")],
    files: Annotated[list[Path], typer.Argument(help="The files.", metavar="FILE...")],
) -> None:
    """`disputes evidence`."""
    with opened(ctx) as (client, output):
        run_evidence(client, output, dispute_id, files)


def run_evidence(client: InstaSell, output: Output, dispute_id: str, files: Sequence[Path]) -> None:
    """Sends one after the other; the first refusal ends it, and names the file."""
    records = []
    try:
        for file in files:
            sent = client.media.add_evidence(dispute_id, file)
            records.append({**record_of(sent), "url": whole(client, sent.url)})
    except Exception:
        output.note(f"{cleaned(str(file))} was not sent")
        if records:
            output.many(EVIDENCE, records)
        raise
    output.many(EVIDENCE, records)
