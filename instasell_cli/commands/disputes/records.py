"""A dispute as one record: what it is about, what was said, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from instasell_cli.output.schemas import DISPUTE_VIEW, record_of
from instasell_cli.output.times import local_text
from instasell_cli.output.writer import clean

if TYPE_CHECKING:
    from instasell_cli.output.writer import OutputWriter
    from instasell_client.models.disputes import DisputeView


def print_dispute(output: OutputWriter, view: DisputeView, base_url: str) -> None:
    """Print a dispute with what was said in it, and where its files are for five minutes."""
    record: Mapping[str, object] = {
        **record_of(view.dispute),
        "messages": [record_of(message) for message in view.messages],
        "evidence": [
            {**record_of(file), "url": urljoin(base_url, file.url)} for file in view.evidence
        ],
    }
    if output.for_people:
        lines = "\n".join(_messages(view)) or None
        files = "\n".join(_files(view, base_url)) or None
        record = {**record, "messages": lines, "evidence": files}
    output.one(DISPUTE_VIEW, record, view.dispute.currency)


def _messages(view: DisputeView) -> Iterator[str]:
    # What people wrote is on one line each: a line break in it would pass for another speaker.
    for message in view.messages:
        at = local_text(message.created_at.isoformat())
        said = clean(" ".join(message.text.split()))
        yield f"{at}  {clean(message.author_name)} ({message.author}): {said}"


def _files(view: DisputeView, base_url: str) -> Iterator[str]:
    for file in view.evidence:
        yield f"{clean(file.file_name)} ({file.author}): {urljoin(base_url, file.url)}"
