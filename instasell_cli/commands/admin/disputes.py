"""`instasell admin disputes`: everybody's disputes, and who gets the money."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.commands.admin.users import Reason
from instasell_cli.commands.disputes.app import DisputeId, DisputeStatusFilter, print_disputes
from instasell_cli.commands.disputes.records import print_dispute
from instasell_cli.context import open_client
from instasell_cli.exit_codes import CliError, UsageProblem
from instasell_cli.input.amounts import typed_amount
from instasell_cli.input.prompts import confirm
from instasell_cli.options import Key, Limit, Yes, command, group, page_size
from instasell_cli.output.amounts import shown_amount
from instasell_cli.output.schemas import DISPUTE, DISPUTE_VIEW
from instasell_cli.output.writer import clean

if TYPE_CHECKING:
    from instasell_client.models.disputes import Dispute

app = group(
    "Review and decide disputes of all users.",
    "admin disputes list --status open",
    'admin disputes resolve ID --refund 12.50 --reason "The parcel was lost"',
)


@command(
    app,
    "list",
    "List disputes, those that have waited longest first.",
    "admin disputes list --status open",
    "admin disputes list -o csv --fields id,reason,held_amount,buyer_name,seller_name",
    records=DISPUTE,
)
def list_disputes(
    ctx: typer.Context,
    status: Annotated[
        DisputeStatusFilter | None,
        typer.Option("--status", help="Filter by status: open or resolved."),
    ] = None,
    limit: Limit = 50,
) -> None:
    """Print the disputes of all users."""
    with open_client(ctx) as (client, output):
        found = client.admin.disputes(
            status=status.value if status else None, page_size=page_size(limit)
        )
        print_disputes(output, itertools.islice(found, limit or None))


@command(
    app,
    "show",
    "Show a dispute and what both sides said. The order's history and money are in"
    " instasell admin orders show.",
    "admin disputes show ID",
    "admin disputes show ID -o json --fields text,messages,order_id",
    records=DISPUTE_VIEW,
)
def show(ctx: typer.Context, dispute_id: DisputeId) -> None:
    """Print a dispute, with its evidence as whole addresses."""
    with open_client(ctx) as (client, output):
        print_dispute(output, client.disputes.get(dispute_id), client.base_url)


@command(
    app,
    "resolve",
    "Decide a dispute. The refund goes to the buyer's wallet, the rest of what is held is the"
    " seller's. This cannot be undone.",
    'admin disputes resolve ID --refund 12.50 --reason "The parcel was lost"',
    'admin disputes resolve ID --refund 0 --reason "It was delivered" --yes',
    records=DISPUTE_VIEW,
)
def resolve(
    ctx: typer.Context,
    dispute_id: DisputeId,
    refund: Annotated[
        str,
        typer.Option(
            "--refund", help="Amount that the buyer gets back, as 12.50.", metavar="AMOUNT"
        ),
    ],
    reason: Reason,
    key: Key = None,
    yes: Yes = False,
) -> None:
    """Ask while the dispute is open, resolve it, and print it."""
    with open_client(ctx) as (client, output):
        dispute = client.disputes.get(dispute_id).dispute
        amount = typed_amount(refund, "--refund", dispute.currency)
        # One that is resolved is final: no money moves, and the server answers with what was.
        if dispute.status.value == "open" and not confirm(
            _question(dispute, amount), assume_yes=yes
        ):
            raise CliError("nothing was decided")
        done = client.admin.resolve_dispute(dispute_id, amount, reason, idempotency_key=key)
        print_dispute(output, done, client.base_url)


def _question(dispute: Dispute, refund: int) -> str:
    held, currency = dispute.held_amount, dispute.currency
    if refund > held:
        most = shown_amount(held, currency)
        raise UsageProblem(f"--refund: {most} {currency} is held; no more can go back")
    back, rest = shown_amount(refund, currency), shown_amount(held - refund, currency)
    return (
        f'Decide on "{clean(dispute.title)}": {back} {currency} to the buyer'
        f" {clean(dispute.buyer_name)}, {rest} {currency} to the seller"
        f" {clean(dispute.seller_name)}?"
    )
