"""`instasell subscriptions`: the auctions, categories and sellers that one follows."""

from __future__ import annotations

import itertools
from enum import StrEnum
from typing import Annotated

import typer

from instasell_cli.context import open_client
from instasell_cli.input.category_paths import category_id
from instasell_cli.options import Limit, command, group
from instasell_cli.output.schemas import SUBSCRIPTION, record_of

app = group(
    "Follow auctions, categories and sellers.",
    "subscriptions list",
    "subscriptions add seller ID",
)


class SubscriptionKindOption(StrEnum):
    """Name the kinds of records that a user can follow."""

    AUCTION = "auction"
    CATEGORY = "category"
    SELLER = "seller"


What = Annotated[
    SubscriptionKindOption, typer.Argument(help="auction, category or seller.", metavar="KIND")
]
SubjectId = Annotated[str, typer.Argument(help="Its id; or the path of a category.", metavar="ID")]


@command(
    app,
    "list",
    "List what you follow, the newest first.",
    "subscriptions list",
    "subscriptions list -o csv --fields kind,subject_id",
    records=SUBSCRIPTION,
)
def list_subscriptions(
    ctx: typer.Context,
    limit: Limit = 0,
) -> None:
    """Print what the account follows."""
    with open_client(ctx) as (client, output):
        found = client.subscriptions.list()
        output.many(SUBSCRIPTION, map(record_of, itertools.islice(found, limit or None)))


@command(
    app,
    "add",
    "Follow an auction, a category with those below it, or a seller. You are notified when it"
    " ends soon, or of new listings.",
    "subscriptions add auction ID",
    'subscriptions add category "Toys > Trains"',
    "subscriptions add seller ID",
)
def add(ctx: typer.Context, kind: What, subject_id: SubjectId) -> None:
    """Follow one subject; a category may be given by its path."""
    with open_client(ctx) as (client, output):
        if kind is SubscriptionKindOption.CATEGORY:
            subject_id = category_id(client, subject_id)
        client.subscriptions.add(kind.value, subject_id)
        output.note(f"you follow the {kind.value}")


@command(
    app,
    "remove",
    "Stop following an auction, a category or a seller.",
    "subscriptions remove seller ID",
)
def remove(ctx: typer.Context, kind: What, subject_id: SubjectId) -> None:
    """Unfollow one subject."""
    with open_client(ctx) as (client, output):
        client.subscriptions.remove(kind.value, subject_id)
        output.note(f"you do not follow the {kind.value}")
