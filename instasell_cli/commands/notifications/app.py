"""`instasell notifications`: what happened, what was seen, and by which ways one wants to hear."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.context import open_client
from instasell_cli.exit_codes import UsageProblem
from instasell_cli.options import Limit, command, group, page_size
from instasell_cli.output.notification_text import notification_sentence
from instasell_cli.output.schemas import NOTIFICATION, PREFERENCE, READ, record_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from instasell_client.models.notifications import Notification

app = group(
    "Read notifications, and choose their channels.",
    "notifications list --unread",
    "notifications read --all",
)


@command(
    app,
    "list",
    "List your notifications, the newest first.",
    "notifications list",
    "notifications list --unread",
    "notifications list -o jsonl --fields kind,payload",
    records=NOTIFICATION,
)
def list_notifications(
    ctx: typer.Context,
    unread: Annotated[bool, typer.Option("--unread", help="Show only unread ones.")] = False,
    limit: Limit = 50,
) -> None:
    """Print notifications, each with its sentence."""
    with open_client(ctx) as (client, output):
        found = client.notifications.list(
            unread=True if unread else None, page_size=page_size(limit)
        )
        output.many(NOTIFICATION, map(_record, itertools.islice(found, limit or None)))


def _record(notice: Notification) -> Mapping[str, object]:
    return {**record_of(notice), "text": notification_sentence(notice)}


@command(
    app,
    "read",
    "Mark notifications as read: some, one and all older ones, or all.",
    "notifications read ID",
    "notifications read --up-to ID",
    "notifications read --all",
    records=READ,
)
def mark_read(
    ctx: typer.Context,
    ids: Annotated[
        list[str] | None, typer.Argument(help="The ids of notifications.", metavar="ID...")
    ] = None,
    up_to: Annotated[
        str | None, typer.Option("--up-to", help="Mark this one and all older ones.", metavar="ID")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Mark all of them.")] = False,
) -> None:
    """Mark what exactly one of the three options names."""
    if [bool(ids), up_to is not None, everything].count(True) != 1:
        raise UsageProblem("give ids, or --up-to, or --all")
    with open_client(ctx) as (client, output):
        done = client.notifications.mark_read(ids or None, up_to=up_to, everything=everything)
        output.one(READ, record_of(done))


@command(
    app,
    "preferences",
    "Show the channels of each kind of notification, or change one kind.",
    "notifications preferences",
    "notifications preferences outbid --email",
    "notifications preferences ending_soon --no-in-app --no-email",
    records=PREFERENCE,
)
def preferences(
    ctx: typer.Context,
    kind: Annotated[str | None, typer.Argument(help="The kind to change.", metavar="KIND")] = None,
    in_app: Annotated[
        bool | None, typer.Option("--in-app/--no-in-app", help="Show this kind in the app, or not.")
    ] = None,
    email: Annotated[
        bool | None, typer.Option("--email/--no-email", help="Send this kind by e-mail, or not.")
    ] = None,
) -> None:
    """Print all preferences, or change one and print it."""
    changes = in_app is not None or email is not None
    if changes != (kind is not None):
        raise UsageProblem("to change a kind, give it with --[no-]in-app or --[no-]email")
    with open_client(ctx) as (client, output):
        if kind is None:
            found = client.notifications.preferences()
        else:
            # A name that is not known is refused by the client with the names that are.
            found = client.notifications.set_preference(kind, in_app=in_app, email=email)  # type: ignore[arg-type]
        shown = (each for each in found.items if kind in (None, each.kind))
        output.many(PREFERENCE, map(record_of, shown))
