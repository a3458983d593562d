"""A dispute as one record: what it is about, what was said, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from instasell_cli.instants import local_text
from instasell_cli.output import Format, cleaned
from instasell_cli.shapes import DISPUTE_VIEW, record_of

if TYPE_CHECKING:
    from instasell_cli.output import Output
    from instasell_client.models.disputes import DisputeView


def print_dispute(output: Output, view: DisputeView) -> None:
    """Prints a dispute with what was said in it."""
    record: Mapping[str, object] = {
        **record_of(view.dispute),
        "messages": [record_of(message) for message in view.messages],
    }
    if output.form is Format.TABLE:
        record = {**record, "messages": "\n".join(_lines(view)) or None}
    output.one(DISPUTE_VIEW, record, view.dispute.currency)


def _lines(view: DisputeView) -> Iterator[str]:
    # What people wrote is on one line each: a line break in it would pass for another speaker.
    for message in view.messages:
        at = local_text(message.created_at.isoformat())
        said = cleaned(" ".join(message.text.split()))
        yield f"{at}  {cleaned(message.author_name)} ({message.author}): {said}"
