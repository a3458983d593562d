"""`instasell disputes evidence`: files for both sides of a dispute and the admins."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.commands.listings.images import whole
from instasell_cli.context import open_client
from instasell_cli.exit_codes import UsageProblem
from instasell_cli.options import command
from instasell_cli.output.schemas import EVIDENCE, EVIDENCE_FILE, record_of
from instasell_cli.output.writer import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from instasell_cli.output.writer import OutputWriter
    from instasell_client import InstaSell
    from instasell_client.models.media import Evidence

NAME_CHARACTERS_MAX = 100


def add_to(app: typer.Typer) -> None:
    """Declare the command in the group of disputes."""
    command(
        app,
        "evidence",
        "Send files to an open dispute. Pictures, PDFs and texts in UTF-8, ten for each side; the"
        " other side and the admins see them, and nobody takes one back.",
        "disputes evidence DISPUTE broken.jpg invoice.pdf",
        records=EVIDENCE,
    )(evidence)
    command(
        app,
        "evidence download",
        "Download the files of a dispute, as its buyer, its seller or an admin. What is there"
        " already is left alone. Open what others sent with care.",
        "disputes evidence download DISPUTE",
        "disputes evidence download DISPUTE --dir evidence",
        records=EVIDENCE_FILE,
    )(download)


def evidence(
    ctx: typer.Context,
    dispute_id: Annotated[str, typer.Argument(help="The id of the dispute.", metavar="DISPUTE")],
    files: Annotated[list[Path], typer.Argument(help="The files.", metavar="FILE...")],
) -> None:
    """Send the files, and print what the server has of each."""
    with open_client(ctx) as (client, output):
        run_evidence(client, output, dispute_id, files)


def download(
    ctx: typer.Context,
    dispute_id: Annotated[str, typer.Argument(help="The id of the dispute.", metavar="DISPUTE")],
    folder: Annotated[
        Path,
        typer.Option(
            "--dir", help="Folder for the files; created if it is missing.", metavar="DIR"
        ),
    ] = Path(),
) -> None:
    """Save the files in a folder that is created when it is missing."""
    with open_client(ctx) as (client, output):
        run_download(client, output, dispute_id, folder)


def run_download(client: InstaSell, output: OutputWriter, dispute_id: str, folder: Path) -> None:
    """Write the files of a dispute into a folder, and print where they are.

    Raises DisputeNotFound, UsageProblem for a folder that cannot be written to.
    """
    files = client.disputes.get(dispute_id).evidence
    try:
        folder.mkdir(parents=True, exist_ok=True)
        records = [
            {**record_of(file), **_written(client, file, folder / safe_name(file))}
            for file in files
        ]
    except OSError as error:
        raise UsageProblem(f"--dir: {error}") from error
    output.many(EVIDENCE_FILE, records)


def _written(client: InstaSell, file: Evidence, path: Path) -> dict[str, str]:
    found = {"path": str(path), "outcome": "exists"}
    if path.exists():
        return found
    data = client.media.fetch(whole(client, file.url), bytes_max=file.size_bytes)
    # Whole or not at all, and never over a file, or through a link, that was there before.
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
        try:
            part.write(data)
            part.flush()
            os.link(part.name, path)
            found["outcome"] = "downloaded"
        finally:
            os.unlink(part.name)
    return found


def safe_name(file: Evidence) -> str:
    """Return a name for a file: its own is other people's, and must not lead out of the folder."""
    last = file.file_name.replace("\\", "/").rpartition("/")[2]
    name = re.sub(r"[^\w.-]+", "_", last, flags=re.ASCII)
    return f"{file.author}-{file.id[:8]}-{name[-NAME_CHARACTERS_MAX:].lstrip('.') or 'file'}"


def run_evidence(
    client: InstaSell, output: OutputWriter, dispute_id: str, files: Sequence[Path]
) -> None:
    """Send one after the other; the first refusal ends it, and name the file."""
    records = []
    try:
        for file in files:
            sent = client.media.add_evidence(dispute_id, file)
            records.append({**record_of(sent), "url": whole(client, sent.url)})
    except Exception:
        output.note(f"{clean(str(file))} was not sent")
        if records:
            output.many(EVIDENCE, records)
        raise
    output.many(EVIDENCE, records)
