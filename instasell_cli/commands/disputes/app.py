"""`instasell disputes`: what a buyer complains of, and what the seller answers."""

from __future__ import annotations

import itertools
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.commands.disputes import evidence
from instasell_cli.commands.disputes.records import print_dispute
from instasell_cli.context import open_client
from instasell_cli.exit_codes import UsageProblem
from instasell_cli.input.prompts import ask
from instasell_cli.options import Key, Limit, command, group, page_size
from instasell_cli.output.amounts import shown_amount
from instasell_cli.output.schemas import DISPUTE, DISPUTE_VIEW, record_of

if TYPE_CHECKING:
    from instasell_cli.output.writer import OutputWriter
    from instasell_client.models.disputes import Dispute

TEXT_CHARACTERS_MAX = 2000

app = group(
    "Open and answer disputes. An admin decides who gets the money.",
    "disputes list",
    "disputes open ORDER --reason not_received",
    'disputes reply ID --text "It came broken"',
    "disputes evidence ID photo.jpg",
)

OrderId = Annotated[str, typer.Argument(help="The id of the order.", metavar="ORDER")]
DisputeId = Annotated[str, typer.Argument(help="The id of the dispute.", metavar="ID")]
Text = Annotated[
    str | None,
    typer.Option("--text", help="What happened, or - to read it from stdin.", metavar="TEXT"),
]


class DisputeReasonOption(StrEnum):
    """Name the reasons for which a buyer can open a dispute."""

    NOT_RECEIVED = "not_received"
    NOT_AS_DESCRIBED = "not_as_described"
    DAMAGED = "damaged"
    OTHER = "other"


class DisputeStatusFilter(StrEnum):
    """Select disputes by their status."""

    OPEN = "open"
    RESOLVED = "resolved"


Reason = Annotated[DisputeReasonOption, typer.Option("--reason", help="Reason of the dispute.")]

_OPEN_HELP = (
    "Open a dispute about a paid order. Its money stays held until an admin has decided."
    " Exit 6 if the money is no longer held, or a dispute is open already."
)


@command(
    app,
    "open",
    _OPEN_HELP,
    'disputes open ORDER --reason damaged --text "It came in two parts."',
    "disputes open ORDER --reason not_received --text - < complaint.txt",
    records=DISPUTE_VIEW,
)
def open_dispute(
    ctx: typer.Context,
    order_id: OrderId,
    reason: Reason,
    text: Text = None,
    key: Key = None,
) -> None:
    """Open a dispute, print it, and say how much stays held."""
    with open_client(ctx) as (client, output):
        made = client.disputes.open(order_id, reason.value, _said(text), idempotency_key=key)
        print_dispute(output, made, client.base_url)
        held = shown_amount(made.dispute.held_amount, made.dispute.currency)
        output.note(f"{held} {made.dispute.currency} stays held until an admin has decided")


@command(
    app,
    "list",
    "List your disputes as buyer and seller, the newest first.",
    "disputes list",
    "disputes list --status open -o csv --fields id,title,held_amount",
    records=DISPUTE,
)
def list_disputes(
    ctx: typer.Context,
    status: Annotated[
        DisputeStatusFilter | None,
        typer.Option("--status", help="Filter by status: open or resolved."),
    ] = None,
    order: Annotated[
        str | None, typer.Option("--order", help="Filter by order.", metavar="ORDER")
    ] = None,
    limit: Limit = 50,
) -> None:
    """Print the disputes that match the filters."""
    with open_client(ctx) as (client, output):
        found = client.disputes.list(
            status=status.value if status else None,
            order_id=order,
            page_size=page_size(limit),
        )
        print_disputes(output, itertools.islice(found, limit or None))


def print_disputes(output: OutputWriter, disputes: itertools.islice[Dispute]) -> None:
    """Print disputes as they come."""
    # A market has one currency, and the first dispute tells it.
    first = [*itertools.islice(disputes, 1)]
    currency = first[0].currency if first else None
    shown = itertools.chain(first, disputes)
    output.many(DISPUTE, (record_of(each) for each in shown), currency)


@command(
    app,
    "show",
    "Show a dispute: what it is about, what both sides said, and how it ended.",
    "disputes show ID",
    "disputes show ID -o json --fields status,messages",
    records=DISPUTE_VIEW,
)
def show(ctx: typer.Context, dispute_id: DisputeId) -> None:
    """Print a dispute, with its evidence as whole addresses."""
    with open_client(ctx) as (client, output):
        print_dispute(output, client.disputes.get(dispute_id), client.base_url)


@command(
    app,
    "reply",
    "Reply in an open dispute. Both sides and the admins read it; it stays.",
    'disputes reply ID --text "It left here whole, as the photograph shows."',
    "disputes reply ID --text - < answer.txt",
    records=DISPUTE_VIEW,
)
def reply(ctx: typer.Context, dispute_id: DisputeId, text: Text = None, key: Key = None) -> None:
    """Send a reply, and print the dispute with it."""
    with open_client(ctx) as (client, output):
        said = _said(text)
        answered = client.disputes.reply(dispute_id, said, idempotency_key=key)
        print_dispute(output, answered, client.base_url)


def _said(text: str | None) -> str:
    """Return the text as typed, as asked for on a terminal, or from stdin. Raises UsageProblem if
    empty.
    """
    if text is None:
        return ask("What happened", option="--text")
    if text == "-":
        # One character more than fits is read, so that the server says that it is too long.
        text = sys.stdin.read(TEXT_CHARACTERS_MAX + 1).strip()
    if not text:
        raise UsageProblem("say what happened with --text; nothing came")
    return text


evidence.add_to(app)


def add_to_orders(orders: typer.Typer) -> None:
    """Declare `orders dispute`, where a buyer looks for it."""
    command(
        orders,
        "dispute",
        _OPEN_HELP,
        'orders dispute ORDER --reason damaged --text "It came in two parts."',
        records=DISPUTE_VIEW,
    )(open_dispute)
