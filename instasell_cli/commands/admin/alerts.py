"""`instasell admin alerts` and `audit-log`: what has to be looked at, and what admins did."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Annotated

import typer

from instasell_cli.commands.admin.users import Reason, found_user
from instasell_cli.context import open_client
from instasell_cli.exit_codes import CliError
from instasell_cli.input.prompts import confirm
from instasell_cli.options import Limit, Yes, command, group, page_size
from instasell_cli.output.schemas import ADMIN_ACTION, ALERT, record_of

AlertId = Annotated[str, typer.Argument(help="The id of the alert.", metavar="ID")]

app = group(
    "Review alerts. They are what the market found that a person has to look at.",
    "admin alerts list --open",
    'admin alerts close ID --reason "Refunded by hand"',
)


@command(
    app,
    "list",
    "List alerts, the open ones first.",
    "admin alerts list",
    "admin alerts list --open -o json --fields id,kind,subject,details",
    records=ALERT,
)
def list_alerts(
    ctx: typer.Context,
    is_open: Annotated[
        bool | None, typer.Option("--open/--closed", help="Filter by state (default: both).")
    ] = None,
    limit: Limit = 50,
) -> None:
    """Print alerts; then, on stderr, what to do about each kind that is open."""
    with open_client(ctx) as (client, output):
        closed = None if is_open is None else not is_open
        found = client.admin.alerts(closed=closed, page_size=page_size(limit))
        remedies: dict[str, str] = {}

        def records() -> Iterator[Mapping[str, object]]:
            for alert in itertools.islice(found, limit or None):
                if alert.remedy and alert.closed_at is None:
                    remedies[alert.kind] = alert.remedy
                yield record_of(alert)

        output.many(ALERT, records())
        for kind, remedy in remedies.items():
            output.note(f"{kind}: {remedy}")


@command(
    app,
    "refund",
    "Send back the money that an alert is about. It is money that nothing waits for: a payment that"
    " the market never asked for, or one that could not be sent back. Exit 6 when none is left.",
    'admin alerts refund ID --reason "Paid by mistake" --yes',
    records=ALERT,
)
def refund(ctx: typer.Context, alert_id: AlertId, reason: Reason, yes: Yes = False) -> None:
    """Ask, then send back the money of an alert and print the alert."""
    with open_client(ctx) as (client, output):
        question = "Send the money of this payment back?"
        if not confirm(question, assume_yes=yes):
            raise CliError("nothing was sent")
        output.one(ALERT, record_of(client.admin.refund_alert(alert_id, reason)))


@command(
    app,
    "charge",
    "Have the seller pay for a refund that was made at the payment provider. It is taken from the"
    " seller's wallet, now or as soon as there is something in it. Exit 6 when nothing is left.",
    'admin alerts charge ID --reason "The seller agreed" --yes',
    records=ALERT,
)
def charge(ctx: typer.Context, alert_id: AlertId, reason: Reason, yes: Yes = False) -> None:
    """Ask, then charge the seller for a refund and print the alert."""
    with open_client(ctx) as (client, output):
        if not confirm("Have the seller pay for this refund?", assume_yes=yes):
            raise CliError("nobody was charged")
        output.one(ALERT, record_of(client.admin.charge_alert(alert_id, reason)))


@command(
    app,
    "correct",
    "Book the amount of a chargeback that the payment provider says now. More is taken as another"
    " chargeback of that payment would take it, after the verdict from the payer; less goes back to"
    " where it was taken from, the seller first. Exit 6 when nothing is left.",
    'admin alerts correct ID --reason "Looked up at the provider" --yes',
    records=ALERT,
)
def correct(ctx: typer.Context, alert_id: AlertId, reason: Reason, yes: Yes = False) -> None:
    """Ask, then book the amount of the provider and print the alert."""
    with open_client(ctx) as (client, output):
        if not confirm("Book the amount that the provider says now?", assume_yes=yes):
            raise CliError("nothing was booked")
        output.one(ALERT, record_of(client.admin.correct_alert(alert_id, reason)))


@command(
    app,
    "close",
    "Close an alert that is dealt with. Of a payment that nothing waits for, a refund that you made"
    " at the payment provider is booked.",
    'admin alerts close ID --reason "Refunded by hand at the provider"',
    records=ALERT,
)
def close(
    ctx: typer.Context,
    alert_id: AlertId,
    reason: Reason,
) -> None:
    """Close an alert without a question, and print it."""
    with open_client(ctx) as (client, output):
        output.one(ALERT, record_of(client.admin.close_alert(alert_id, reason)))


def audit_log(
    ctx: typer.Context,
    admin: Annotated[
        str | None, typer.Option("--admin", help="Of one admin: id or e-mail.", metavar="ID")
    ] = None,
    action: Annotated[
        str | None, typer.Option("--action", help="As suspend_user.", metavar="NAME")
    ] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", help="On one thing or account.", metavar="ID")
    ] = None,
    limit: Limit = 50,
) -> None:
    """Print the actions of admins that match the filters."""
    with open_client(ctx) as (client, output):
        found = client.admin.audit_log(
            admin=found_user(client, admin) if admin is not None else None,
            action=action,
            subject=found_user(client, subject) if subject and "@" in subject else subject,
            page_size=page_size(limit),
        )
        output.many(ADMIN_ACTION, map(record_of, itertools.islice(found, limit or None)))


def add_log_to(desk: typer.Typer) -> None:
    """Declare the command."""
    command(
        desk,
        "audit-log",
        "List what admins did, the newest first.",
        "admin audit-log",
        "admin audit-log --action suspend_user --admin ada@example.com",
        "admin audit-log --subject ID -o jsonl --limit 0",
        records=ADMIN_ACTION,
    )(audit_log)
