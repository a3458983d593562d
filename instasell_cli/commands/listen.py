"""`instasell listen`: events of the user as they happen, on the screen or as HTTP requests."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.context import Invocation, invocation
from instasell_cli.exit_codes import UsageProblem
from instasell_cli.live.task_failures import first_of
from instasell_cli.options import command
from instasell_cli.output.amounts import shown_amount
from instasell_cli.output.notification_text import notification_sentence
from instasell_cli.output.writer import OutputWriter

if TYPE_CHECKING:
    from instasell_cli.live.event_stream import StreamedEvent
    from instasell_cli.live.webhook_forwarder import WebhookForwarder, WebhookTarget
    from instasell_client.live import ConnectionState

SECRET_VARIABLE = "INSTASELL_LISTEN_SECRET"


@dataclass(frozen=True)
class ListenOptions:
    """Hold the names of the events to print (none: all), and the address that also gets them."""

    names: frozenset[str] = frozenset()
    as_json_lines: bool = False
    target: WebhookTarget | None = None


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    command(
        app,
        "listen",
        "Print your events as they happen, until Ctrl-C. They are notifications, messages, and"
        " changes of your wallet. After a lost connection what was missed comes late, and nothing"
        " comes twice. With --forward-to each event is also sent as JSON in a POST, in order, with"
        " the header InstaSell-Signature: t=SECONDS,v1=HEX, where HEX is HMAC-SHA256 over SECONDS,"
        " a full stop and the body. The secret is INSTASELL_LISTEN_SECRET, or else a new one that"
        " is printed on stderr. A request that fails is tried again four times; redirects are"
        " not followed.",
        "listen",
        "listen --events outbid,won --jsonl",
        "listen --forward-to http://127.0.0.1:8000/hook",
    )(listen)


def listen(
    ctx: typer.Context,
    events: Annotated[
        str | None,
        typer.Option(
            "--events",
            help="Only these: notification, new_message, wallet_changed, or kinds of"
            " notifications as outbid, won, paid.",
            metavar="A,B",
        ),
    ] = None,
    forward_to: Annotated[
        str | None, typer.Option("--forward-to", help="An http(s) address.", metavar="URL")
    ] = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="The same as -o jsonl.")] = False,
) -> None:
    """Read the options, and print events until Ctrl-C."""
    import asyncio

    call = invocation(ctx)
    options = ListenOptions(
        _names(events),
        call.as_event_lines(jsonl),
        None if forward_to is None else _target(call.output, forward_to),
    )
    asyncio.run(run_listen(call, options))


async def run_listen(call: Invocation, options: ListenOptions) -> None:
    """Print events until it is cancelled. Raises Unauthenticated, and what ends the session."""
    import asyncio

    from instasell_cli.live.event_stream import EventStream
    from instasell_cli.live.webhook_forwarder import WebhookForwarder

    output = call.output
    forwarder = None if options.target is None else WebhookForwarder(options.target, output.note)

    def overflowed() -> None:
        output.note("more was missed than comes late; see instasell notifications list")

    async with call.async_client() as client:
        person = await client.auth.me()
        happenings = EventStream(client, _teller(output, options, forwarder), overflowed)
        await happenings.begin()

        def on_state(state: ConnectionState) -> None:
            happenings.on_state(state)
            if state.value == "reconnecting":
                output.note("connection: reconnecting")

        try:
            async with client.live(on_state=on_state) as live, asyncio.TaskGroup() as group:
                output.note(f"listening for the events of {person.email}; Ctrl-C ends it")
                sending = group.create_task(forwarder.run()) if forwarder else None
                await happenings.watch(live)
                if sending is not None:
                    sending.cancel()
        except BaseExceptionGroup as failures:
            raise first_of(failures) from None
        finally:
            if forwarder is not None and forwarder.waiting:
                output.note(f"{forwarder.waiting} events were not forwarded")


def _teller(
    output: OutputWriter, options: ListenOptions, forwarder: WebhookForwarder | None
) -> Callable[[StreamedEvent], None]:
    def tell(happening: StreamedEvent) -> None:
        if options.names and not options.names & happening.names:
            return
        record = happening.record()
        if options.as_json_lines:
            output.event(record)
        else:
            output.text(_line_of(happening))
        if forwarder is not None:
            forwarder.add(f"{_name_of(happening)} {happening.id}", record)

    return tell


def _name_of(happening: StreamedEvent) -> str:
    notification = happening.notice.notification
    return happening.notice.event if notification is None else notification.kind


def _line_of(happening: StreamedEvent) -> str:
    notice = happening.notice
    said = ""
    if notice.notification is not None:
        said = notification_sentence(notice.notification)
    elif notice.message is not None:
        message = notice.message
        said = f"{message.conversation.title}: {message.message.author_name}: "
        said += message.message.text
    elif notice.wallet is not None:
        wallet = notice.wallet
        said = f"balance {shown_amount(wallet.balance, wallet.currency)} {wallet.currency}"
        said += f", gas {wallet.gas_balance}"
    return f"{happening.at.astimezone():%H:%M:%S}  {_name_of(happening)}  {said}"


def _names(given: str | None) -> frozenset[str]:
    from instasell_client.models.notifications import NotificationKind

    known = ("notification", "new_message", "wallet_changed", *map(str, NotificationKind))
    names = frozenset(filter(None, (name.strip() for name in (given or "").split(","))))
    unknown = sorted(names.difference(known))
    if unknown or (given is not None and not names):
        raise UsageProblem(
            f"--events: there is no {unknown[0] if unknown else given!r};"
            f" there are: {', '.join(known)}"
        )
    return names


def _target(output: OutputWriter, url: str) -> WebhookTarget:
    from instasell_cli.live.webhook_forwarder import WebhookTarget, checked_target

    url = checked_target(url)
    secret = os.environ.get(SECRET_VARIABLE)
    if not secret:
        secret = secrets.token_urlsafe(32)
        output.note(f"the secret of the signatures is {secret}")
    return WebhookTarget(url, secret)
