"""`instasell messages`: questions about listings, and messages between buyer and seller."""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.context import open_client
from instasell_cli.exit_codes import CliError, ExitCode, UsageProblem
from instasell_cli.options import Key, Limit, command, group, page_size
from instasell_cli.output.schemas import CONVERSATION, MESSAGE, record_of

if TYPE_CHECKING:
    from instasell_client import InstaSell
    from instasell_client.models.messages import NewMessage

TEXT_CHARACTERS_MAX = 16_384

app = group(
    "Ask sellers, and write to the other side of an order.",
    "messages list",
    'messages send --listing LISTING "Does it keep time?"',
    "messages show ID",
)

ConversationOption = Annotated[
    str | None, typer.Option("--conversation", help="The id of a conversation.", metavar="ID")
]
Listing = Annotated[str | None, typer.Option("--listing", help="About this listing.", metavar="ID")]
Order = Annotated[str | None, typer.Option("--order", help="About this order.", metavar="ID")]


@dataclass(frozen=True)
class MessageSubject:
    """Hold the subject of a conversation, as typed: one of the three."""

    conversation_id: str | None = None
    listing_id: str | None = None
    order_id: str | None = None

    def __post_init__(self) -> None:
        given = (self.conversation_id, self.listing_id, self.order_id)
        if sum(each is not None for each in given) != 1:
            raise UsageProblem("give a conversation, or --listing ID, or --order ID")


@command(
    app,
    "list",
    "List your conversations, those with the newest messages first.",
    "messages list",
    "messages list -o csv --fields id,title,unread_count",
    records=CONVERSATION,
)
def list_conversations(
    ctx: typer.Context,
    listing: Listing = None,
    order: Order = None,
    limit: Limit = 50,
) -> None:
    """Print the conversations of the account."""
    with open_client(ctx) as (client, output):
        found = client.messages.conversations(
            listing_id=listing, order_id=order, page_size=page_size(limit)
        )
        output.many(CONVERSATION, map(record_of, itertools.islice(found, limit or None)))


@command(
    app,
    "show",
    "Show the messages of a conversation, the oldest first, and mark them as read.",
    "messages show ID",
    "messages show --order ID",
    "messages show --listing ID --keep-unread -o jsonl",
    records=MESSAGE,
)
def show(
    ctx: typer.Context,
    conversation: Annotated[
        str | None, typer.Argument(help="The id of the conversation.", metavar="ID")
    ] = None,
    listing: Listing = None,
    order: Order = None,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="Show this many of the newest; 0 is all.")
    ] = 50,
    keep_unread: Annotated[
        bool, typer.Option("--keep-unread", help="Do not mark them as read.")
    ] = False,
) -> None:
    """Print the newest messages in order of time, and mark them as read."""
    subject = MessageSubject(conversation, listing, order)
    with open_client(ctx) as (client, output):
        conversation_id = _found(client, subject)
        newest = client.messages.list(conversation_id, page_size=page_size(limit))
        said = [*itertools.islice(newest, limit or None)]
        output.many(MESSAGE, map(record_of, reversed(said)))
        if said and not keep_unread:
            client.messages.mark_read(conversation_id, said[0].seq)


def _found(client: InstaSell, subject: MessageSubject) -> str:
    """Return the id of the one conversation about a subject."""
    if subject.conversation_id is not None:
        return subject.conversation_id
    found = [
        *itertools.islice(
            client.messages.conversations(listing_id=subject.listing_id, order_id=subject.order_id),
            2,
        )
    ]
    if not found:
        raise CliError("nothing was said about it yet", ExitCode.NOT_FOUND)
    if len(found) > 1:
        raise UsageProblem(
            "several people ask about it; choose one of instasell messages list --listing"
            f" {subject.listing_id}"
        )
    return found[0].id


@command(
    app,
    "send",
    "Send a message in a conversation, to a listing's seller, or about an order. - reads"
    " the text from stdin. Exit 5 if what it is about does not exist.",
    'messages send --listing ID "Is it new?"',
    'messages send --order ID "It is on its way."',
    "messages send --conversation ID - < answer.txt",
    records=MESSAGE,
)
def send(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(help="What to say, or -.", metavar="TEXT")],
    conversation: ConversationOption = None,
    listing: Listing = None,
    order: Order = None,
    key: Key = None,
) -> None:
    """Send the text to the one conversation that the options name."""
    subject = MessageSubject(conversation, listing, order)
    said = sys.stdin.read(TEXT_CHARACTERS_MAX) if text == "-" else text
    with open_client(ctx) as (client, output):
        sent = _send(client, subject, said, key)
        output.one(MESSAGE, record_of(sent.message))


def _send(client: InstaSell, subject: MessageSubject, text: str, key: str | None) -> NewMessage:
    if subject.listing_id is not None:
        return client.messages.ask(subject.listing_id, text, idempotency_key=key)
    if subject.order_id is not None:
        return client.messages.write(subject.order_id, text, idempotency_key=key)
    assert subject.conversation_id is not None
    return client.messages.send(subject.conversation_id, text, idempotency_key=key)
